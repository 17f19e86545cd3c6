"""The trace of one weapon: its chain of transfer over all records that one may read (docs/vocabulary.md, 7).

Events stand in the order of time, with the precision that their dates have; a stretch of which nothing may be read is
a gap and is said to be one; where the weapon left lawful hands is bracketed between the last event inside and the first
outside of them. Nothing is inferred beyond that, and nothing that is withheld leaves a trace of its contents.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import combinations, pairwise

from ledger.custody import FINAL, TRANSFERS, Custody, custody_of
from ledger.dates import DaySpan, EventDate, Point, Precision, certainly_before, days_between, order_key, parse_date
from ledger.errors import MalformedError
from ledger.jsontext import JsonValue
from ledger.sightings import Sighting


class Outcome(IntEnum):
    """How far a trace has come: the ladder from nothing to the point where the weapon became illicit."""

    NONE = 0
    MAKER = 1
    EXPORT = 2
    HOLDER = 3
    RETAIL_BUYER = 4
    DIVERSION = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a chain: who recorded it, what it was, when and where as far as shown, and what it says of custody."""

    sighting: Sighting
    kind: str | None
    when: EventDate | None
    country: str | None
    custody: Custody

    @property
    def agency(self) -> str:
        """Return the agency that recorded it."""
        return self.sighting.name.iss

    @property
    def is_withheld(self) -> bool:
        """Say whether this reader may see no more of the event than that there is one."""
        return "event" in self.sighting.withheld


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch between two dated events of which no record may be read; `days` tells how long it lasted."""

    before: Event
    after: Event
    days: DaySpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversion:
    """The point of diversion, bracketed: the last lawful event (None if there is none) and the first one outside.

    `is_recorded` says that `first` itself records the loss; otherwise it happened at a time unknown, in between.
    """

    last: Event | None
    first: Event
    is_recorded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Two events that cannot both be true of one weapon: tell both originators."""

    what: str
    one: Event
    other: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The chain of transfer of one weapon as one reader may see it."""

    events: tuple[Event, ...]
    undated: tuple[Event, ...] = ()
    gaps: tuple[Gap, ...] = ()
    diversions: tuple[Diversion, ...] = ()
    alerts: tuple[Alert, ...] = ()
    outcome: Outcome = Outcome.NONE
    time_to_crime: DaySpan | None = None
    since_lawful: DaySpan | None = None


def trace_of(sightings: Iterable[Sighting]) -> Trace:
    """Return the trace over the records of one weapon."""
    listed = list(sightings)
    found = [_event(one) for one in listed]
    events = _in_store(sorted((one for one in found if one.when is not None), key=_order))
    diversions = tuple(_diversions(events))
    recovery = next((one for one in events if one.custody is Custody.TAKEN_BACK), None)
    return Trace(
        events=events,
        undated=tuple(one for one in found if one.when is None),
        gaps=tuple(_gaps(events)),
        diversions=diversions,
        alerts=tuple(_alerts(events)),
        outcome=_outcome(found, diversions),
        time_to_crime=_time_to_crime(events, recovery),
        since_lawful=_since_lawful(diversions, recovery),
    )


def _event(sighting: Sighting) -> Event:
    fields = sighting.fields
    kind, country = fields.get("event.kind"), fields.get("event.country")
    return Event(
        sighting=sighting,
        kind=kind if isinstance(kind, str) else None,
        when=_date(fields.get("event.date")),
        country=country if isinstance(country, str) else None,
        custody=custody_of(fields),
    )


def _in_store(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return the events with one correction: who took a weapon back looks at it again, and that is no new diversion.

    Half of one agency's repeats were its own exhibits examined anew, still recorded as illicit.
    """
    kept: list[Event] = []
    store: str | None = None
    for event in events:
        again = event.kind == "observation" and store is not None and event.country == store
        kept.append(replace(event, custody=Custody.UNSAID) if again else event)
        if kept[-1].custody is not Custody.UNSAID:
            store = event.country if event.custody is Custody.TAKEN_BACK else None
    return tuple(kept)


def _date(value: JsonValue) -> EventDate | None:
    try:
        return None if value is None else parse_date(value)
    except MalformedError:
        return None


# Within one day a life has an order that its dates do not tell: made before sold, lost before found.
_WITHIN_A_DAY = {custody: place for place, custody in enumerate(Custody)}


def _order(event: Event) -> tuple[object, ...]:
    when = event.when
    bounds = order_key(when) if when is not None else ()
    return (*bounds, event.kind != "manufacture", _WITHIN_A_DAY[event.custody], event.sighting.index)


def _gaps(events: Sequence[Event]) -> Iterator[Gap]:
    for before, after in pairwise(events):
        if before.when is None or after.when is None or _is_continuous(before, after):
            continue
        days = days_between(before.when, after.when)
        if days.most is None or days.most > 0:
            yield Gap(before=before, after=after, days=days)


def _is_continuous(before: Event, after: Event) -> bool:
    """Return whether custody is accounted for between two events: lawful at both ends, and handed over if it moved.

    Taken back counts as lawful from then on: between a recovery and a destruction the finder's store held the weapon.
    """
    moved = before.country is None or after.country is None or before.country != after.country
    if Custody.UNSAID in (before.custody, after.custody):
        return not moved
    inside = before.custody in (Custody.LAWFUL, Custody.TAKEN_BACK)
    stays = after.custody in (Custody.LAWFUL, Custody.LEFT, Custody.ENDED)
    handed_over = before.kind in TRANSFERS or after.kind in TRANSFERS
    return inside and stays and (not moved or handed_over)


def _diversions(events: Sequence[Event]) -> Iterator[Diversion]:
    """Yield a bracket for every time the weapon is first seen to be outside lawful hands; recovery ends such a time."""
    last: Event | None = None
    outside = False
    for event in events:
        match event.custody:
            case Custody.LAWFUL | Custody.ENDED:
                last, outside = event, False
            case Custody.LEFT | Custody.OUTSIDE | Custody.TAKEN_BACK if event.kind != "buyback":
                if not outside:
                    yield Diversion(last=last, first=event, is_recorded=event.custody is Custody.LEFT)
                outside = event.custody is not Custody.TAKEN_BACK
                last = None if outside else event
            case Custody.TAKEN_BACK:
                last, outside = event, False
            case _:
                pass


def _alerts(events: Sequence[Event]) -> Iterator[Alert]:
    for one, other in combinations(events, 2):
        if one.when is None or other.when is None:
            continue
        if one.kind in FINAL and _is_met(other) and certainly_before(one.when, other.when):
            yield Alert(what=f"seen again after {one.kind}", one=one, other=other)
        elif _elsewhere_the_same_day(one, other):
            yield Alert(what="in two places on one day", one=one, other=other)


def _is_met(event: Event) -> bool:
    """Return whether somebody had the weapon in view: a link of old bullets says nothing of where it is."""
    return event.kind is not None and event.kind not in FINAL and event.kind != "ballistic_link"


def _elsewhere_the_same_day(one: Event, other: Event) -> bool:
    if one.country is None or other.country is None or one.country == other.country:
        return False
    return one.when == other.when and _is_day(one.when) and not ({one.kind, other.kind} & TRANSFERS)


def _is_day(when: EventDate | None) -> bool:
    return isinstance(when, Point) and when.precision is Precision.DAY and not when.qualifier.value


def _outcome(events: Iterable[Event], diversions: Sequence[Diversion]) -> Outcome:
    reached = [_reached(event) for event in events]
    if any(one.is_recorded for one in diversions):
        reached.append(Outcome.DIVERSION)
    return max(reached, default=Outcome.NONE)


def _reached(event: Event) -> Outcome:
    fields = event.sighting.fields
    if event.kind == "sale" and fields.get("event.sale") == "first_retail" and "case.buyer" in fields:
        return Outcome.RETAIL_BUYER
    if event.kind in ("issue_to_force", "return", "stockpile_inventory", "receipt", "sale"):
        return Outcome.HOLDER
    if event.kind in ("export", "import", "transit"):
        return Outcome.EXPORT
    named = "item.make_text" in fields or fields.get("item.make", "ZZZ") != "ZZZ"
    return Outcome.MAKER if named or event.kind == "manufacture" else Outcome.NONE


def _time_to_crime(events: Iterable[Event], recovery: Event | None) -> DaySpan | None:
    """Return the days from the retail sale to the recovery; without a retail sale there is no such number."""
    sold = next((one.when for one in events if one.sighting.fields.get("event.sale") == "first_retail"), None)
    if sold is None or recovery is None or recovery.when is None:
        return None
    return days_between(sold, recovery.when)


def _since_lawful(diversions: Sequence[Diversion], recovery: Event | None) -> DaySpan | None:
    """Return the days from the last lawful event to the recovery."""
    last = diversions[0].last if diversions else None
    if last is None or last.when is None or recovery is None or recovery.when is None:
        return None
    return days_between(last.when, recovery.when)
