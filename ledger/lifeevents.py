"""The events of one weapon's life as a reader may see them, and the order in which they stand (docs/vocabulary.md, 7).

Where dates decide, they decide: nothing stands before what certainly came before it. Where they leave it open ("stolen
in 2010", issued in May of that year) events stand in the order in which one life can have been: lost after it was held,
taken back after it was lost. The alternative, to sort by the first day that a date can mean, has a weapon stolen before
it was issued, and tells of a second loss that nobody recorded.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ledger.custody import Custody, custody_of
from ledger.dates import EventDate, Interval, order_key, parse_date
from ledger.errors import MalformedError
from ledger.jsontext import JsonValue
from ledger.sightings import Sighting


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


def event_of(sighting: Sighting) -> Event:
    """Return the event that a record tells of."""
    fields = sighting.fields
    kind, country = fields.get("event.kind"), fields.get("event.country")
    return Event(
        sighting=sighting,
        kind=kind if isinstance(kind, str) else None,
        when=_date(fields.get("event.date")),
        country=country if isinstance(country, str) else None,
        custody=custody_of(fields),
    )


def chain_of(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return the events that have a date, in the order of one life."""
    return _in_store(_in_order([(one, one.when) for one in events if one.when is not None]))


def _date(value: JsonValue) -> EventDate | None:
    try:
        return None if value is None else parse_date(value)
    except MalformedError:
        return None


# What may follow first where dates leave it open, by what was said of custody last.
_LAWFULLY_HELD = (Custody.LAWFUL, Custody.LEFT, Custody.OUTSIDE, Custody.TAKEN_BACK, Custody.ENDED)
_OUTSIDE = (Custody.LEFT, Custody.OUTSIDE, Custody.TAKEN_BACK, Custody.LAWFUL, Custody.ENDED)
# Two agencies may have recorded one recovery.
_TAKEN_BACK = (Custody.TAKEN_BACK, Custody.LAWFUL, Custody.LEFT, Custody.OUTSIDE, Custody.ENDED)


def _in_order(dated: list[tuple[Event, EventDate]]) -> list[Event]:
    """Return the events in order; what comes next is chosen among those that nothing left certainly came before."""
    left = sorted(dated, key=lambda one: _place(*one))
    chosen: list[Event] = []
    follows: tuple[Custody, ...] = _LAWFULLY_HELD
    while left:
        end = min(when.latest for _, when in left)
        here = _next([event for event, when in left if when.earliest <= end], follows)
        left = [one for one in left if one[0] is not here]
        chosen.append(here)
        follows = _after(here.custody, follows)
    return chosen


def _next(listed: Sequence[Event], follows: tuple[Custody, ...]) -> Event:
    """Return which of the events that may come next does; one that says nothing of custody stands at its date."""
    if listed[0].custody is Custody.UNSAID:
        return listed[0]
    telling = [event for event in listed if event.custody is not Custody.UNSAID]
    return min(telling, key=lambda event: (follows.index(event.custody), event.kind != "manufacture"))


def _place(event: Event, when: EventDate) -> tuple[object, ...]:
    """Return where an event stands among others of its sort; of an open beginning only the end is known."""
    is_open = isinstance(when, Interval) and when.start is None
    bounds = (when.latest, when.latest) if is_open else order_key(when)
    return (*bounds, event.sighting.index)


def _after(custody: Custody, follows: tuple[Custody, ...]) -> tuple[Custody, ...]:
    match custody:
        case Custody.LEFT | Custody.OUTSIDE:
            return _OUTSIDE
        case Custody.TAKEN_BACK:
            return _TAKEN_BACK
        case Custody.LAWFUL | Custody.ENDED:
            return _LAWFULLY_HELD
        case Custody.UNSAID:
            return follows


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
