"""Threads and releases in words and as JSON: what was said, what counts, who owes what by when."""

import datetime as dt
from collections.abc import Iterator, Sequence

from clients.plaintext import visible, wrap
from clients.talk.releasing import Offer
from clients.talk.threads import FIRST_SEEN, WITNESSED, Talk, spelled
from crypto.encoding import b64u
from ledger.charter import Charter
from ledger.counting import counted
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.labels import Terms
from ledger.messages import Kind
from ledger.talk.answers import OUTCOMES, Acknowledgement, Decision, Question, Referral, Refusal, Reply, Response
from ledger.talk.bodies import Body
from ledger.talk.clocks import Duty
from ledger.talk.notices import Opened, Recall, Receipt
from ledger.talk.releases import Release
from ledger.talk.requests import Declared, DisclosureRequest, TraceRequest, What
from ledger.talk.state import Heard
from ledger.talk.thread import next_steps

WIDTH = 80
_TITLE_WIDTH = 13


def entry(title: str, text: str) -> Iterator[str]:
    """Yield a titled entry, its text in one column."""
    for number, line in enumerate(wrap(visible(text), width=WIDTH - _TITLE_WIDTH, indent="")):
        yield f"{title if number == 0 else '':<{_TITLE_WIDTH}}{line}".rstrip()


def summary(talk: Talk, me: str, *, now: int) -> list[str]:
    """Return a thread in a line or three, as the inbox lists it."""
    heard = talk.thread.heard
    others = ", ".join(sorted(talk.others - {me}))
    first = heard[0].said.kind.value.replace("_", " ") if heard else "damaged"
    lines = [f"{spelled(talk.id)}  {first} · {others} · {counted(len(heard), 'message')}"]
    lines += [f"  {line}" for duty in talk.duties for line in entry("", duty_text(duty, now=now))]
    return lines


def tell(talk: Talk, charter: Charter, me: str, *, now: int) -> list[str]:
    """Return a whole thread."""
    lines = [f"thread {spelled(talk.id)}", ""]
    for one in talk.thread.heard:
        lines += _message(talk, one, charter)
    for damaged in talk.damaged:
        lines += entry("✗ damaged", f"{damaged.name} from {damaged.name.iss}: {damaged.damage}")
    for duty in talk.duties:
        lines += entry("owed", duty_text(duty, now=now))
    for other in sorted(talk.others - {me}):
        steps = sorted(
            {kind.value.replace("_", " ") for kind, re in next_steps(talk.thread, me, other) if re is not None}
        )
        if steps:
            lines += entry("next", f"to {other}: {', '.join(steps)}")
    return [*lines, *entry("", times_text([talk]))]


def times_text(shown: Sequence[Talk]) -> str:
    """Return whose word the times of these threads are."""
    return WITNESSED if all(talk.witnessed for talk in shown) else FIRST_SEEN


def duty_text(duty: Duty, *, now: int) -> str:
    """Return what is owed, and the time left or overdue, in words."""
    if duty.due is None:
        left = "no time yet"
    elif duty.is_overdue(now):
        left = f"overdue by {_span(now - duty.due)}"
    else:
        left = f"{_span(duty.due - now)} left"
    return f"{duty.who} is to {duty.task.value}: {duty.about} · {left}"


def duty_json(duty: Duty, *, now: int) -> JsonValue:
    """Return the same for machines."""
    return {
        "task": duty.task.name.lower(),
        "who": duty.who,
        "to": duty.to,
        "about": str(duty.about),
        "due": duty.due,
        "overdue": duty.is_overdue(now),
    }


def talk_json(talk: Talk, *, now: int) -> dict[str, JsonValue]:
    """Return a thread for machines; keys and ciphertexts of releases are left out."""
    return {
        "thread": spelled(talk.id),
        "messages": [_message_json(talk, one) for one in talk.thread.heard],
        "damaged": [{"message": str(one.name), "why": one.damage} for one in talk.damaged],
        "duties": [duty_json(duty, now=now) for duty in talk.duties],
        "times": "witnessed" if talk.witnessed else "first_verified",
    }


def declared_lines(declared: Declared, charter: Charter, asker: str) -> list[str]:
    """Return what an asker declared, and what its law may make of an answer: shown before anybody decides."""
    lines = list(entry("declared", f"{declared.purpose.value} · {declared.use}"))
    if declared.onward:
        lines += entry("onward", f"may have to go on to: {', '.join(one.value for one in declared.onward)}")
    if declared.reply_by:
        lines += entry("reply by", declared.reply_by.isoformat())
    agency = charter.agency(asker)
    for law in agency.law if agency else ():
        lines += entry("its law", f"{law.code}: {law.text}" if law.text else law.code)
    return lines


def offer_lines(offer: Offer, charter: Charter, declared: Declared | None) -> list[str]:
    """Return what a release would do, before anybody confirms it."""
    to, release = offer.address.to, offer.release
    lines = list(entry("release to", to))
    lines += declared_lines(declared, charter, to) if declared else _law(charter, to)
    lines += entry("as", terms_text(release.terms))
    for one in release.portions:
        lines += entry("portion", f"{one.portion} of {b64u(one.of)}: all of it, and its label with it")
    for shown in release.disclosures:
        lines += entry("fields", f"{', '.join(shown.names)} of {b64u(shown.of)}: without the label")
    if release.epochs:
        numbers = sorted({one.ep for one in release.epochs})
        keys = len(release.epochs)
        lines += entry(
            "epochs",
            f"{numbers[0]:,} to {numbers[-1]:,} by {counted(keys, 'key')}: opens {counted(offer.records, 'record')}",
        )
    for name in offer.corrected:
        lines += entry("✗ corrected", f"what this shows was corrected since: the record that stands is {name}")
    for reason in offer.reasons:
        lines += entry("two officers", reason)
    return [
        *lines,
        *entry("for ever", "a disclosure cannot be taken back, and can be proved to be your words to anyone"),
    ]


def offer_json(offer: Offer) -> dict[str, JsonValue]:
    """Return the same for machines."""
    release = offer.release
    return {
        "to": offer.address.to,
        "as": release.terms.to_json(),
        "portions": [{"of": b64u(one.of), "portion": one.portion} for one in release.portions],
        "fields": [{"of": b64u(one.of), "names": [*one.names]} for one in release.disclosures],
        "epochs": [one.ep for one in release.epochs],
        "records": offer.records,
        "corrected": [str(name) for name in offer.corrected],
        "two_officers": [*offer.reasons],
    }


def terms_text(terms: Terms) -> str:
    """Return terms as a marking: level, compartments, purposes, caveats."""
    parts = [terms.level.value, *sorted(one.value for one in terms.comp)]
    parts += [f"for {', '.join(sorted(one.value for one in terms.purp))}", *terms.cav]
    return " · ".join(parts)


def _law(charter: Charter, to: str) -> list[str]:
    agency = charter.agency(to)
    return [line for law in (agency.law if agency else ()) for line in entry("its law", f"{law.code}: {law.text}")]


def _message(talk: Talk, one: Heard, charter: Charter) -> Iterator[str]:
    said = one.said
    when = talk.times.get(said.index)
    stamp = "" if when is None else dt.datetime.fromtimestamp(when, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield f"{said.name.iss} → {said.to}  {said.kind.value.replace('_', ' ')}  {stamp}".rstrip()
    yield f"  {said.name}"
    if one.fault is not None:
        yield from entry("✗ no effect", one.fault.value)
    yield from _told(said.body)
    if isinstance(said.body, TraceRequest | DisclosureRequest):
        yield from declared_lines(said.body.declared, charter, said.name.iss)
    yield from _state(talk, said.name, said.kind)
    yield ""


def _state(talk: Talk, name: StatementName, kind: Kind) -> Iterator[str]:
    released = talk.thread.releases.get(name)
    if released is not None and released.opened is not None:
        yield from entry("✓ opened", f"entry {released.opened:,}")
    if released is not None and released.recalled is not None:
        yield from entry("✗ recalled", "no longer shown; what was read or copied cannot be taken back")
    if kind is not Kind.RECEIPT:
        confirmed = talk.thread.confirmed.get(name)
        yield from entry("", "not confirmed" if confirmed is None else f"confirmed by receipt, entry {confirmed:,}")


def _told(body: Body) -> Iterator[str]:
    for title, text in _facts(body):
        if text:
            yield from entry(title, text)


def _facts(body: Body) -> list[tuple[str, str | None]]:  # noqa: C901, PLR0911, PLR0912 - a case for each kind of message
    match body:
        case TraceRequest():
            weapon = "; ".join(f"{name.partition('.')[2]} {value_text(value)}" for name, value in body.weapon.items())
            return [("weapon", weapon), ("found", body.circumstances), ("priority", body.declared.priority.value)]
        case DisclosureRequest():
            return [("asks for", _what(body.what)), ("priority", body.declared.priority.value)]
        case Acknowledgement():
            return [("reference", body.reference), ("note", body.note)]
        case Question():
            return [("asks", body.asks)]
        case Reply():
            return [("answers", body.answers)]
        case Referral():
            return [("ask", body.agency or body.country), ("contact", body.contact), ("note", body.note)]
        case Response():
            final = "" if body.final else " · more will follow"
            found = f"{body.outcome} of 5: {OUTCOMES[body.outcome]}{final}"
            custody = [("custodian", body.custodian), ("date", body.date), ("reason", body.reason), ("note", body.note)]
            return [("outcome", found), *custody, ("records", ", ".join(map(str, body.records)))]
        case Refusal():
            until = f" until {body.until.isoformat()}" if body.until else ""
            return [("refuses", f"{body.kind.value}{until} · {body.ground.value}"), ("reason", body.reason)]
        case Decision():
            return [("grants", _what(body.what)), ("as", terms_text(body.terms)), ("reason", body.reason)]
        case Release():
            return [("shows", _released(body)), ("as", terms_text(body.terms))]
        case Receipt():
            return [("confirms", counted(len(body.of), "message"))]
        case Opened():
            return [("for", body.purpose.value)]
        case Recall():
            return [("why", body.why.value), ("reason", body.reason)]


def _what(what: What) -> str:
    return "every closed epoch" if what.history else ", ".join((*what.portions, *what.fields))


def _released(release: Release) -> str:
    parts = [f"{one.portion} of {b64u(one.of)}" for one in release.portions]
    parts += [f"{', '.join(one.names)} of {b64u(one.of)}" for one in release.disclosures]
    parts += [f"epoch {one.ep}" for one in release.epochs]
    return "; ".join(parts)


def _message_json(talk: Talk, one: Heard) -> JsonValue:
    said = one.said
    released = talk.thread.releases.get(said.name)
    told: JsonValue = _released_json(said.body) if isinstance(said.body, Release) else said.body.to_json()
    return {
        "message": str(said.name),
        "index": said.index,
        "time": talk.times.get(said.index),
        "from": said.name.iss,
        "to": said.to,
        "kind": said.kind.value,
        "re": None if said.re is None else str(said.re),
        "body": told,
        "fault": one.fault.value if one.fault else None,
        "confirmed": said.name in talk.thread.confirmed,
        "opened": released is not None and released.opened is not None,
        "recalled": released is not None and released.recalled is not None,
    }


def _released_json(release: Release) -> JsonValue:
    return {"as": release.terms.to_json(), "shows": _released(release)}


def value_text(value: JsonValue) -> str:
    """Return a field's value in words: of a serial number what was marked."""
    if isinstance(value, list):
        return ", ".join(map(value_text, value))
    if isinstance(value, dict):
        return str(value.get("as_marked", " ".join(map(value_text, value.values()))))
    return str(value)


def _span(seconds: int) -> str:
    parts: Sequence[tuple[str, int]] = (("day", 86_400), ("hour", 3_600), ("minute", 60))
    for unit, length in parts:
        count = seconds // length
        if count:
            return f"{count:,} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"
