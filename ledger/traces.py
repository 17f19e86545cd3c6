"""The trace of one weapon: its chain of transfer over all records that one may read (docs/vocabulary.md, 7).

Events stand in the order of time, with the precision that their dates have; a stretch of which nothing may be read is
a gap and is said to be one; where the weapon left lawful hands is bracketed between the last event inside and the first
outside of them. Nothing is inferred beyond that, and nothing that is withheld leaves a trace of its contents.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import combinations, pairwise

from ledger.custody import FINAL, TRANSFERS, Custody
from ledger.dates import DaySpan, EventDate, Point, Precision, certainly_before, days_between
from ledger.lifeevents import Event, chain_of, event_of
from ledger.sightings import Sighting

_SEEN_IN_STORE = frozenset({"observation", "stockpile_inventory"})


class Outcome(IntEnum):
    """How far a trace has come: the ladder from nothing to the point where the weapon became illicit."""

    NONE = 0
    MAKER = 1
    EXPORT = 2
    HOLDER = 3
    RETAIL_BUYER = 4
    DIVERSION = 5


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
    found = [event_of(one) for one in sightings]
    events = chain_of(found)
    undated = tuple(one for one in found if one.when is None)
    diversions = tuple(_diversions(events))
    return Trace(
        events=events,
        undated=undated,
        gaps=tuple(_gaps(events)),
        diversions=diversions,
        alerts=tuple(_alerts(events)),
        outcome=_outcome(events, undated, diversions),
        time_to_crime=_time_to_crime(events),
        since_lawful=_since_lawful(events, diversions),
    )


def _gaps(events: Sequence[Event]) -> Iterator[Gap]:
    for before, after in pairwise(events):
        days = None if _is_continuous(before, after) else _days(before, after)
        if days is not None and (days.most is None or days.most > 0):
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
    return (inside and stays and (not moved or handed_over)) or _is_one_recovery(before, after)


def _is_one_recovery(one: Event, other: Event) -> bool:
    """Return whether two records may tell of one recovery: as police and customs of a State that had it in hand do."""
    if one.when is None or other.when is None or one.country != other.country:
        return False
    both = one.custody is Custody.TAKEN_BACK and other.custody is Custody.TAKEN_BACK
    return both and not (certainly_before(one.when, other.when) or certainly_before(other.when, one.when))


def _diversions(events: Sequence[Event]) -> Iterator[Diversion]:
    """Yield a bracket for every time the weapon is first seen to be outside lawful hands; recovery ends such a time."""
    last: Event | None = None
    outside = False
    for event in events:
        match event.custody:
            case Custody.LEFT | Custody.OUTSIDE | Custody.TAKEN_BACK:
                if not (outside or event.kind == "buyback" or (last is not None and _is_one_recovery(last, event))):
                    yield Diversion(last=last, first=event, is_recorded=event.custody is Custody.LEFT)
                outside = event.custody is not Custody.TAKEN_BACK
                last = None if outside else event
            case Custody.LAWFUL | Custody.ENDED:
                last, outside = event, False
            case Custody.UNSAID:
                pass


def _alerts(events: Sequence[Event]) -> Iterator[Alert]:
    for one, other in combinations(events, 2):
        if one.when is None or other.when is None:
            continue
        if _is_the_end_before(one, other) and certainly_before(one.when, other.when):
            yield Alert(what=f"seen again after {one.kind}", one=one, other=other)
        elif _elsewhere_the_same_day(one, other):
            yield Alert(what="in two places on one day", one=one, other=other)


def _is_the_end_before(one: Event, other: Event) -> bool:
    """Return whether an event should have been the last, but for what may follow it.

    What was deactivated or handed in may still be destroyed, and what was handed in lies in its State's store.
    """
    if one.kind not in FINAL or not _is_met(other):
        return False
    in_store = one.kind == "buyback" and other.kind in _SEEN_IN_STORE and one.country == other.country
    return one.kind == "destruction" or not (other.kind in FINAL or in_store)


def _is_met(event: Event) -> bool:
    """Return whether somebody had the weapon in view: a link of old bullets says nothing of where it is."""
    return event.kind is not None and event.kind != "ballistic_link"


def _elsewhere_the_same_day(one: Event, other: Event) -> bool:
    if one.country is None or other.country is None or one.country == other.country:
        return False
    in_hand = all(_is_met(event) and event.sighting.fields.get("event.offer") != "online" for event in (one, other))
    return in_hand and one.when == other.when and _is_day(one.when) and not ({one.kind, other.kind} & TRANSFERS)


def _is_day(when: EventDate | None) -> bool:
    return isinstance(when, Point) and when.precision is Precision.DAY and not when.qualifier.value


def _outcome(events: Sequence[Event], undated: Sequence[Event], diversions: Sequence[Diversion]) -> Outcome:
    """Return the highest step that a record proves.

    Who holds a weapon after it was last outside is its finder, and not the holder that it was taken from.
    """
    if any(one.is_recorded for one in diversions):
        return Outcome.DIVERSION
    end = events.index(diversions[-1].first) + 1 if diversions else len(events)
    held = [_reached(event) for event in (*events[:end], *undated)]
    return max([*held, *(_made(event) for event in events)], default=Outcome.NONE)


def _reached(event: Event) -> Outcome:
    fields = event.sighting.fields
    if event.kind == "sale" and fields.get("event.sale") == "first_retail" and "case.buyer" in fields:
        return Outcome.RETAIL_BUYER
    if event.kind in ("issue_to_force", "return", "stockpile_inventory", "receipt", "sale"):
        return Outcome.HOLDER
    if event.kind in ("export", "import", "transit"):
        return Outcome.EXPORT
    return _made(event)


def _made(event: Event) -> Outcome:
    fields = event.sighting.fields
    named = "item.make_text" in fields or fields.get("item.make", "ZZZ") != "ZZZ"
    return Outcome.MAKER if named or event.kind == "manufacture" else Outcome.NONE


def _time_to_crime(events: Sequence[Event]) -> DaySpan | None:
    """Return the days from the retail sale to the next recovery; without a retail sale there is no such number.

    A buyback is no crime: it ends nothing here.
    """
    return next((_to_recovery(events, one) for one in events if _is_retail(one)), None)


def _is_retail(event: Event) -> bool:
    return event.sighting.fields.get("event.sale") == "first_retail"


def _since_lawful(events: Sequence[Event], diversions: Sequence[Diversion]) -> DaySpan | None:
    """Return the days from the last lawful event to the recovery, of the first diversion of which both are known."""
    spans = (_to_recovery(events, found.last) for found in diversions if found.last is not None)
    return next((span for span in spans if span is not None), None)


def _to_recovery(events: Sequence[Event], start: Event) -> DaySpan | None:
    """Return the days from an event to the first recovery behind it."""
    behind = events[events.index(start) + 1 :]
    recovered = (one for one in behind if one.custody is Custody.TAKEN_BACK and one.kind != "buyback")
    return next((_days(start, one) for one in recovered), None)


def _days(before: Event, after: Event) -> DaySpan | None:
    """Return the days between two events of a chain, none of them less than none: their order is decided."""
    if before.when is None or after.when is None:
        return None
    days = days_between(before.when, after.when)
    return replace(days, least=None if days.least is None else max(days.least, 0))
