"""A trace as the desk's page tells it: a list in the order of time, with what is not known said where it is not known."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from flask_babel import get_translations, ngettext  # type: ignore[import-untyped]  # it has no types
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from clients.desk.recordlines import Number, apart, event_words, item_words, numbers, place_words
from clients.desk.vocabulary import alert_words
from clients.plaintext import visible
from clients.tracing.drawing import Words
from clients.tracing.gathering import Traced
from ledger.custody import Custody
from ledger.dates import DaySpan, years_and_months
from ledger.lifeevents import Event
from ledger.makes import MakeTable
from ledger.sightings import Sighting
from ledger.traces import Alert, Diversion, Outcome, Trace

OUTCOME_WORDS = {
    Outcome.NONE: _l("nothing is established yet"),
    Outcome.MAKER: _l("the maker is identified"),
    Outcome.EXPORT: _l("the last lawful export or import"),
    Outcome.HOLDER: _l("the last lawful holder"),
    Outcome.RETAIL_BUYER: _l("the first retail buyer"),
    Outcome.DIVERSION: _l("the point where it became illicit"),
}
CUSTODY_WORDS = {
    Custody.LAWFUL: _l("in lawful hands"),
    Custody.LEFT: _l("left lawful hands"),
    Custody.OUTSIDE: _l("outside lawful hands"),
    Custody.TAKEN_BACK: _l("taken back"),
    Custody.ENDED: _l("destroyed, deactivated or handed in"),
    Custody.UNSAID: _l("custody not said"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event of a chain, and what stands before and behind it: brackets and a gap in words, or nothing."""

    number: int
    name: str
    agency: str
    title: str
    date: str
    place: str
    custody: str
    withheld: bool
    outside: str = ""
    last_lawful: bool = False
    gap: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A record that is kept apart: it may be of the weapon, or cannot."""

    name: str
    item: str = field(repr=False)
    numbers: tuple[Number, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A whole trace in words."""

    items: tuple[str, ...] = field(repr=False)
    numbers: tuple[Number, ...] = field(repr=False)
    events: tuple[Step, ...]
    starts_unknown: bool
    step: Outcome
    ladder: tuple[tuple[Outcome, str], ...]
    diversions: tuple[str, ...]
    time: str
    alerts: tuple[tuple[str, tuple[str, str]], ...]
    possible: tuple[Other, ...] = field(repr=False)
    contradicting: tuple[Other, ...] = field(repr=False)


def told(traced: Traced, *, makes: MakeTable) -> Chain:
    """Return a trace in words."""
    trace, items = traced.trace, [one for one in traced.weapon.same if "item" not in one.withheld]
    marks = {number.marked: number for one in items for number in numbers(one.fields)}
    return Chain(
        items=tuple(dict.fromkeys(item_words(one.fields, makes) for one in items)),
        numbers=tuple(marks[marked] for marked in sorted(marks)),
        events=tuple(_steps(traced)),
        starts_unknown=bool(trace.events) and trace.events[0].kind != "manufacture",
        step=trace.outcome,
        ladder=tuple((one, str(OUTCOME_WORDS[one])) for one in Outcome if one is not Outcome.NONE),
        diversions=tuple(_diversion(one) for one in trace.diversions),
        time=_time(trace),
        alerts=tuple((_alert(one), (str(one.one.sighting.name), str(one.other.sighting.name))) for one in trace.alerts),
        possible=tuple(_other(one, makes) for one in traced.weapon.possible),
        contradicting=tuple(_other(one, makes) for one in traced.weapon.contradicting),
    )


def picture_words() -> Words:
    """Return what a picture of a trace says, in the language of whoever looks at it: the words of the list above it."""
    return Words(
        about=lambda events: str(
            ngettext(
                "The chain of transfer of one weapon: %(num)s event",
                "The chain of transfer of one weapon: %(num)s events",
                events,
            )
        ),
        item=item_words,
        no_item=lambda: str(_("No item of this weapon is shown to you.")),
        event=_title,
        place=lambda event: place_words(event.sighting.fields),
        date=_when,
        withheld=lambda agency: str(_("withheld · ask %(agency)s", agency=apart(agency))),
        gap=lambda days: str(_("no record you may read · %(span)s", span=span_words(days))),
        bracket=_diversion,
        outcome=_outcome,
        time=_time,
        alert=lambda found: f"{_alert(found)}. {_('Both originators should be told.')}",
        possible=lambda: str(_("Possible, and kept apart")),
        contradicting=lambda: str(_("The same number under another make")),
    )


def span_words(days: DaySpan) -> str:
    """Return how long something lasted, as exactly as its dates tell."""
    if days.least is None or days.most is None:
        if days.least is None:
            return str(_("an unknown time"))
        return str(_("at least %(span)s", span=_length(max(days.least, 0))))
    least, most = _length(max(days.least, 0)), _length(max(days.most, 0))
    return most if least == most else str(_("%(least)s to %(most)s", least=least, most=most))


def _outcome(step: Outcome) -> str:
    reached = [f"{step.value} {_('of 5')}"] if step.value else []
    return f"{_('How far the trace has come:')} {' · '.join([*reached, str(OUTCOME_WORDS[step])])}"


def _steps(traced: Traced) -> Iterator[Step]:
    trace = traced.trace
    gaps = {one.before.sighting.name: span_words(one.days) for one in trace.gaps}
    outside = {one.first.sighting.name: one for one in trace.diversions}
    last = {one.last.sighting.name for one in trace.diversions if one.last is not None}
    for number, event in enumerate((*trace.events, *trace.undated), start=1):
        name, found = event.sighting.name, outside.get(event.sighting.name)
        yield Step(
            number=number,
            name=str(name),
            agency=event.agency,
            title=_title(event),
            date=_when(event),
            place=place_words(event.sighting.fields),
            custody=str(CUSTODY_WORDS[event.custody]),
            withheld=event.is_withheld,
            outside=""
            if found is None
            else str(_("left lawful hands") if found.is_recorded else _("met outside lawful hands")),
            last_lawful=name in last,
            gap=gaps.get(name, ""),
        )


def _title(event: Event) -> str:
    return event_words(event.sighting.fields) or str(_("event not recorded"))


def _when(event: Event) -> str:
    return visible(str(event.when)) if event.when is not None else str(_("no date"))


def _named(event: Event) -> str:
    return f"{_title(event)}, {apart(_when(event))} ({apart(event.agency)})"


def _diversion(found: Diversion) -> str:
    first = _named(found.first)
    if found.last is None:
        return str(_("it was outside lawful hands by %(first)s; no lawful event before that may be read", first=first))
    if found.is_recorded:
        return str(_("it left lawful hands with %(first)s, after %(last)s", first=first, last=_named(found.last)))
    return str(_("it left lawful hands between %(last)s and %(first)s", first=first, last=_named(found.last)))


def _time(trace: Trace) -> str:
    if trace.time_to_crime is not None:
        return str(_("time-to-crime, from the retail sale to the recovery: %(days)s", days=_days(trace.time_to_crime)))
    if trace.since_lawful is not None:
        return str(_("from the last lawful custody to the recovery: %(days)s", days=_days(trace.since_lawful)))
    return ""


def _alert(found: Alert) -> str:
    return f"{alert_words(found.what)}: {_named(found.one)} · {_named(found.other)}"


def _other(one: Sighting, makes: MakeTable) -> Other:
    return Other(name=str(one.name), item=item_words(one.fields, makes), numbers=numbers(one.fields))


def _days(days: DaySpan) -> str:
    if days.exact is not None:
        words: str = get_translations().ngettext("%(num)s day", "%(num)s days", days.exact)
        return words % {"num": f"{days.exact:,}"}
    return span_words(days)


def _length(days: int) -> str:
    """Return a number of days as years and months, or as days where it is less than a month."""
    years, months = years_and_months(days)
    in_years = str(ngettext("%(num)s year", "%(num)s years", years)) if years else ""
    in_months = str(ngettext("%(num)s month", "%(num)s months", months)) if months else ""
    if years and months:
        return str(_("%(years)s, %(months)s", years=in_years, months=in_months))
    return in_years or in_months or str(ngettext("%(num)s day", "%(num)s days", days))
