"""A trace as text of 80 columns and as JSON: what happened, what is withheld, what nobody may read, where it left."""

from collections.abc import Iterator

from clients.plaintext import visible, wrap
from clients.show import BAR, WIDTH, banner, event_title, serials, summary
from clients.tracing.gathering import Traced
from ledger.counting import counted
from ledger.countries import country_name
from ledger.dates import DaySpan, years_and_months
from ledger.jsontext import JsonValue
from ledger.lifeevents import Event
from ledger.makes import MakeTable
from ledger.markings import Marking
from ledger.sightings import Sighting
from ledger.traces import Alert, Diversion, Outcome, Trace

_TITLE_WIDTH = 12
_DATE_WIDTH = 12
_TEXT_AT = 17
_HATCH = "░" * 20
_OUTCOMES = {
    Outcome.NONE: "nothing is established yet",
    Outcome.MAKER: "the maker is identified",
    Outcome.EXPORT: "the last lawful export or import",
    Outcome.HOLDER: "the last lawful holder",
    Outcome.RETAIL_BUYER: "the first retail buyer",
    Outcome.DIVERSION: "the point where it became illicit",
}


def render(traced: Traced, *, makes: MakeTable) -> str:
    """Return the trace as it is printed."""
    marks = list(wrap(page_banner(traced.marking), width=WIDTH, indent="  "))
    lines = [*marks, *_head(traced, makes), "", *_chain(traced.trace), "", *_findings(traced, makes)]
    return "\n".join([*lines, "", *_records(traced), *marks])


def page_banner(marking: Marking | None) -> str:
    """Return the banner of a page that shows records of several originators."""
    return "NOTHING SHOWN" if marking is None else banner(marking, ", ".join(sorted(marking.originators)))


def duration(days: DaySpan) -> str:
    """Return a number of days in words: `3 y 2 m`, `12 d`, `2 y to 3 y 2 m`, `at least 1 y`."""
    if days.least is None or days.most is None:
        return "an unknown time" if days.least is None else f"at least {_length(max(days.least, 0))}"
    least, most = _length(max(days.least, 0)), _length(max(days.most, 0))
    return most if least == most else f"{least} to {most}"


def place(event: Event) -> str:
    """Return where an event was, as far as it is shown."""
    named = event.sighting.fields.get("event.place")
    parts = [country_name(event.country) if event.country else "", str(named or "")]
    return visible(", ".join(part for part in parts if part))


def title(event: Event) -> str:
    """Return what an event was, in words."""
    return event_title(event.sighting.fields) or "event not recorded"


def when(event: Event) -> str:
    """Return an event's date as recorded."""
    return str(event.when) if event.when is not None else "no date"


def outcome_words(outcome: Outcome) -> str:
    """Return what a step of the ladder means."""
    return f"{outcome.value} of {max(Outcome).value} · {_OUTCOMES[outcome]}"


def bracket_words(found: Diversion) -> str:
    """Return where a weapon left lawful hands, in words."""
    first = _named(found.first)
    if found.last is None:
        return f"it was outside lawful hands by {first}; no lawful event before that may be read"
    last = _named(found.last)
    if found.is_recorded:
        return f"it left lawful hands with {first}, after {last}"
    return f"it left lawful hands between {last} and {first}"


def alert_words(alert: Alert) -> str:
    """Return what two events say that cannot both be true of one weapon, in words."""
    return f"{alert.what}: {_named(alert.one)} and {_named(alert.other)}. Both originators should be told."


def time_words(trace: Trace) -> str:
    """Return how long it took to the recovery, from the retail sale or else from the last lawful custody, if either is known."""
    if trace.time_to_crime is not None:
        return f"time-to-crime: {_days(trace.time_to_crime)} from the retail sale to the recovery"
    if trace.since_lawful is not None:
        return f"{_days(trace.since_lawful)} from the last lawful custody to the recovery"
    return ""


def to_json(traced: Traced) -> dict[str, JsonValue]:
    """Return the trace for machines."""
    trace = traced.trace
    return {
        "banner": page_banner(traced.marking),
        "outcome": {"step": trace.outcome.value, "name": trace.outcome.name.lower()},
        "time_to_crime": _days_json(trace.time_to_crime),
        "since_lawful": _days_json(trace.since_lawful),
        "events": [_event_json(event) for event in (*trace.events, *trace.undated)],
        "gaps": [
            {"after": str(gap.before.sighting.name), "before": str(gap.after.sighting.name), **_span(gap.days)}
            for gap in trace.gaps
        ],
        "diversions": [
            {
                "last_lawful": str(found.last.sighting.name) if found.last else None,
                "first_outside": str(found.first.sighting.name),
                "recorded": found.is_recorded,
            }
            for found in trace.diversions
        ],
        "alerts": [
            {"what": alert.what, "records": [str(one.sighting.name) for one in (alert.one, alert.other)]}
            for alert in trace.alerts
        ],
        "possible": [str(one.name) for one in traced.weapon.possible],
        "contradicting": [str(one.name) for one in traced.weapon.contradicting],
    }


def _named(event: Event) -> str:
    return f"{title(event)}, {when(event)} ({event.agency})"


def _head(traced: Traced, makes: MakeTable) -> Iterator[str]:
    items = [one for one in traced.weapon.same if "item" not in one.withheld]
    told = dict.fromkeys(filter(None, (summary(one.fields, makes) for one in items)))
    for number, text in enumerate(told or ["nothing recorded" if items else "no item of this weapon is shown to you"]):
        yield from _entry("trace" if number == 0 else "recorded as", text)
    for marked in sorted({number for one in items for number, _ in serials(one.fields)}):
        yield from _entry("", f"serial  {marked}")


def _chain(trace: Trace) -> Iterator[str]:
    gaps = {gap.before.sighting.name: gap for gap in trace.gaps}
    outside = {found.first.sighting.name: found for found in trace.diversions}
    last = {found.last.sighting.name for found in trace.diversions if found.last is not None}
    if trace.events and trace.events[0].kind != "manufacture":
        yield f"{'':<{_TITLE_WIDTH}}{_HATCH}  no record you may read before this"
    for number, event in enumerate(trace.events, start=1):
        found = outside.get(event.sighting.name)
        if found is not None:
            yield f"{'':<{_TITLE_WIDTH}}└─ {'left' if found.is_recorded else 'met outside'} lawful hands"
        yield from _line(number, event)
        if event.sighting.name in last:
            yield f"{'':<{_TITLE_WIDTH}}┌─ last lawful custody that you may read"
        gap = gaps.get(event.sighting.name)
        if gap is not None:
            yield f"{'':<{_TITLE_WIDTH}}{_HATCH}  no record you may read · {duration(gap.days)}"
    for number, event in enumerate(trace.undated, start=len(trace.events) + 1):
        yield from _line(number, event)


def _line(number: int, event: Event) -> Iterator[str]:
    if event.is_withheld:
        yield f"{number:>3} {BAR}  withheld · ask {event.agency}"
        return
    where = place(event)
    parts = [title(event), where, event.agency]
    head = f"{number:>3} {when(event):<{_DATE_WIDTH}} "
    if len(head) > _TEXT_AT:
        # From one date to another takes more than its column.
        yield head.rstrip()
        head = ""
    for line in wrap(" · ".join(filter(None, parts)), width=WIDTH - _TEXT_AT, indent=""):
        yield f"{head:<{_TEXT_AT}}{line}"
        head = ""


def _findings(traced: Traced, makes: MakeTable) -> Iterator[str]:
    trace = traced.trace
    yield from _entry("outcome", outcome_words(trace.outcome))
    for found in trace.diversions:
        yield from _entry("diverted", bracket_words(found))
    if time := time_words(trace):
        yield from _entry("", time)
    for alert in trace.alerts:
        yield from _entry("✗ alert", alert_words(alert))
    for one in traced.weapon.possible:
        yield from _entry("○ possible", f"{_other(one, makes)}: compare number, make and model on the frame first")
    for one in traced.weapon.contradicting:
        yield from _entry("✗ apart", f"{_other(one, makes)}: the same number under another make")


def _records(traced: Traced) -> Iterator[str]:
    for number, event in enumerate((*traced.trace.events, *traced.trace.undated), start=1):
        yield f"{number:>3} {event.sighting.name}"


def _other(one: Sighting, makes: MakeTable) -> str:
    return f"{one.name} · {summary(one.fields, makes) or 'item withheld'}"


def _entry(name: str, text: str) -> Iterator[str]:
    for number, line in enumerate(wrap(text, width=WIDTH - _TITLE_WIDTH, indent="")):
        yield f"{name if number == 0 else '':<{_TITLE_WIDTH}}{line}".rstrip()


def _days(days: DaySpan) -> str:
    if days.exact is not None:
        return counted(days.exact, "day")
    if days.least is None or days.most is None:
        return duration(days)
    return f"{days.least:,} to {counted(days.most, 'day')}"


def _length(days: int) -> str:
    years, months = years_and_months(days)
    parts = [f"{years:,} y" if years else "", f"{months} m" if months else ""]
    return " ".join(part for part in parts if part) or f"{days} d"


def _event_json(event: Event) -> JsonValue:
    return {
        "record": str(event.sighting.name),
        "index": event.sighting.index,
        "withheld": event.is_withheld,
        "kind": event.kind,
        "date": None if event.when is None else str(event.when),
        "country": event.country,
        "custody": event.custody.name.lower(),
    }


def _days_json(days: DaySpan | None) -> JsonValue:
    return None if days is None else _span(days)


def _span(days: DaySpan) -> dict[str, JsonValue]:
    return {"least": days.least, "most": days.most, "certain": days.certain}
