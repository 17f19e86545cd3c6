"""A conversation in the reader's language: its kinds, what each message says, what is owed, why something counts for nothing."""

from collections.abc import Mapping

from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from flask_babel import lazy_gettext as _l

from clients.desk.fieldwords import field_word
from clients.desk.vocabulary import portion_word, term
from clients.talk.telling import value_text
from crypto.encoding import b64u
from ledger.jsontext import JsonValue
from ledger.labels import Terms
from ledger.messages import Kind
from ledger.talk.answers import Acknowledgement, Decision, Question, Referral, Refusal, Reply, Response
from ledger.talk.bodies import Body
from ledger.talk.clocks import Task
from ledger.talk.notices import Opened, Recall, Receipt
from ledger.talk.releases import Release
from ledger.talk.requests import DisclosureRequest, TraceRequest, What
from ledger.talk.state import Fault

KIND_WORDS: Mapping[str, str] = {
    Kind.TRACE_REQUEST.value: _l("asks to trace a weapon"),
    Kind.DISCLOSURE_REQUEST.value: _l("asks to be shown what is withheld"),
    Kind.ACKNOWLEDGEMENT.value: _l("has received it"),
    Kind.MORE_INFORMATION.value: _l("asks back, or answers"),
    Kind.REFERRAL.value: _l("refers to another"),
    Kind.RESPONSE.value: _l("says what came of it"),
    Kind.REFUSAL.value: _l("refuses"),
    Kind.DISCLOSURE_DECISION.value: _l("grants"),
    Kind.RELEASE.value: _l("releases"),
    Kind.RECEIPT.value: _l("confirms receipt"),
    Kind.OPENED.value: _l("has opened it"),
    Kind.RECALL.value: _l("recalls a release"),
}
TASK_WORDS: Mapping[Task, str] = {
    Task.ACKNOWLEDGE: _l("acknowledge"),
    Task.DECIDE: _l("decide"),
    Task.ANSWER: _l("answer a question"),
}
FAULT_WORDS: Mapping[Fault, str] = {
    Fault.UNKNOWN: _l("it answers no message of this thread"),
    Fault.WRONG_AGENCY: _l("it answers a request that was put to another agency"),
    Fault.NOT_THE_ASKER: _l("it answers another agency than the one that asked"),
    Fault.WRONG_KIND: _l("a message of this kind does not answer that one"),
    Fault.NOT_THEIR_RECORD: _l("it asks for a record that is not the recipient's"),
    Fault.DECIDED: _l("the request was decided before"),
    Fault.ACKNOWLEDGED: _l("the request was acknowledged before"),
    Fault.QUESTION_OPEN: _l("an earlier question is not answered yet"),
    Fault.ANSWERED: _l("the question was answered before"),
    Fault.ASKS_OR_ANSWERS: _l("it answers a question where none was asked, or asks instead of answering"),
    Fault.NOT_FINAL: _l("an asker tells how its trace ended once, after the answer"),
    Fault.BEYOND_ASKED: _l("it grants more than was asked for"),
    Fault.UNDECIDED: _l("nothing was decided that this release carries out"),
    Fault.BEYOND_DECIDED: _l("it releases more than was decided, or under other terms"),
    Fault.REFUSED: _l("the request was refused"),
    Fault.RECALLED: _l("the release was recalled"),
    Fault.OPENED: _l("it was opened before"),
    Fault.NOT_RECEIVED: _l("it confirms what was not sent to it, or confirms it again"),
}
OUTCOME_WORDS = (
    _l("not traced"),
    _l("maker identified"),
    _l("last lawful export or import"),
    _l("last lawful holder"),
    _l("first retail buyer"),
    _l("where it became illicit"),
)


def facts(body: Body) -> list[tuple[str, str]]:
    """Return what a message says, each with its title; what was left open is left out."""
    return [(title, text) for title, text in _facts(body) if text]


def what_text(what: What) -> str:
    """Return what of a record is asked for or granted."""
    if what.history:
        return str(_("every closed epoch"))
    return ", ".join((*map(portion_word, what.portions), *map(field_word, what.fields)))


def release_text(release: Release) -> str:
    """Return what a release shows."""
    parts = [
        _("%(portion)s of %(record)s", portion=portion_word(one.portion), record=b64u(one.of))
        for one in release.portions
    ]
    parts += [
        _("%(fields)s of %(record)s", fields=", ".join(map(field_word, one.names)), record=b64u(one.of))
        for one in release.disclosures
    ]
    parts += [_("epoch %(number)s", number=one.ep) for one in release.epochs]
    return "; ".join(parts)


def terms_words(terms: Terms) -> str:
    """Return terms as a marking: level, compartments, purposes, caveats; their codes are the same in every language."""
    purposes = ", ".join(sorted(one.value for one in terms.purp))
    parts = (terms.level.value, *sorted(one.value for one in terms.comp), f"{_('for')} {purposes}", *terms.cav)
    return " · ".join(parts)


def _facts(body: Body) -> list[tuple[str, str | None]]:  # noqa: C901, PLR0911, PLR0912 - a case for each kind of message
    match body:
        case TraceRequest():
            return [*_fields(body.weapon), *_fields(body.found or {}), (_("Circumstances"), body.circumstances)]
        case DisclosureRequest():
            return [(_("Asks for"), what_text(body.what))]
        case Acknowledgement():
            return [(_("Reference"), body.reference), (_("Note"), body.note)]
        case Question():
            return [(_("Asks"), body.asks)]
        case Reply():
            return [(_("Answers"), body.answers), *_fields(body.weapon or {})]
        case Referral():
            return [
                (_("Ask"), body.agency or body.country),
                (_("Contact"), body.contact),
                (_("Note"), body.note),
            ]
        case Response():
            return _response(body)
        case Refusal():
            return [
                (_("How far"), f"{body.kind.value} · {term(body.kind.value)}"),
                (_("Until"), body.until.isoformat() if body.until else None),
                (_("Ground"), f"{body.ground.value} · {term(body.ground.value)}"),
                (_("Reason"), body.reason),
            ]
        case Decision():
            return [(_("Grants"), what_text(body.what)), (_("As"), terms_words(body.terms)), (_("Reason"), body.reason)]
        case Release():
            return [(_("Shows"), release_text(body)), (_("As"), terms_words(body.terms))]
        case Receipt():
            return [(_("Messages"), str(len(body.of)))]
        case Opened():
            return [(_("For"), body.purpose.value)]
        case Recall():
            return [(_("Why"), term(body.why.value)), (_("Reason"), body.reason)]


def _response(body: Response) -> list[tuple[str, str | None]]:
    return [
        (_("Outcome"), f"{body.outcome}/5 · {OUTCOME_WORDS[body.outcome]}"),
        (_("More"), None if body.final else _("more will follow")),
        (_("Last lawful custodian"), body.custodian),
        (_("Date"), body.date),
        (_("Reason"), body.reason),
        (_("Note"), body.note),
        (_("Records"), ", ".join(map(str, body.records))),
    ]


def _fields(values: Mapping[str, JsonValue]) -> list[tuple[str, str | None]]:
    return [(field_word(name), value_text(value)) for name, value in values.items()]
