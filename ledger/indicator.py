"""SDG indicator 16.4.2: of the arms seized, found and surrendered, how many have an illicit origin that was established.

Computed from what one reader may read, weapon by weapon. A number from 1 to 4 could point at a case, so no figure is
given from which one could be computed: neither the number itself, nor its complement, nor a sum that it is the rest of.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ledger.lifeevents import Event
from ledger.traces import Outcome, Trace

LEAST = 5
HOW = ("seized", "found", "surrendered")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Weapons recovered in one way, and how many of them were traced to the point where they became illicit."""

    recovered: int = 0
    traced: int = 0

    @property
    def is_safe(self) -> bool:
        """Say whether the count may be shown: none of its parts is from 1 to 4."""
        parts = (self.recovered, self.traced, self.recovered - self.traced)
        return all(part == 0 or part >= LEAST for part in parts)

    def __add__(self, other: "Count") -> "Count":
        """Return both together."""
        return Count(recovered=self.recovered + other.recovered, traced=self.traced + other.traced)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """The counts that may be shown, by the way of recovery; None stands where one is suppressed."""

    by_how: Mapping[str, Count | None]
    total: Count | None

    @property
    def proportion(self) -> float | None:
        """Return traced / recovered over all, if it may be shown and there is any."""
        return self.total.traced / self.total.recovered if self.total and self.total.recovered else None


def indicator(traces: Iterable[Trace], *, year: int | None = None) -> Indicator:
    """Return the indicator over the weapons of `traces`, of one year of recovery or of all."""
    recovered: Counter[str] = Counter()
    traced: Counter[str] = Counter()
    for trace in traces:
        found = next(_recoveries(trace, year), None)
        if found is not None:
            how, is_traced = found
            recovered[how] += 1
            traced[how] += is_traced
    return suppressed({how: Count(recovered=recovered[how], traced=traced[how]) for how in HOW})


def suppressed(counts: Mapping[str, Count]) -> Indicator:
    """Return what of `counts` may be shown so that nothing hidden can be computed from the rest.

    The hidden rows together are the total less the shown ones: where that remainder is not safe, or is a single row,
    the total is hidden too.
    """
    shown = {how: count if count.is_safe else None for how, count in counts.items()}
    hidden = [counts[how] for how, count in shown.items() if count is None]
    total = sum(counts.values(), Count())
    rest = sum(hidden, Count())
    tells_nothing = not hidden or (len(hidden) > 1 and rest.is_safe)
    return Indicator(by_how=shown, total=total if total.is_safe and tells_nothing else None)


def _recoveries(trace: Trace, year: int | None) -> Iterator[tuple[str, bool]]:
    """Yield each recovery that counts, by how it came about, and whether the loss before it is on record."""
    for event in (*trace.events, *trace.undated):
        how = event.sighting.fields.get("event.recovery")
        if event.kind == "recovery" and isinstance(how, str) and (year is None or _in(event, year)):
            yield how, _is_traced(trace, event)


def _is_traced(trace: Trace, recovery: Event) -> bool:
    """Return whether the diversion that a recovery ended is recorded: one of another time says nothing of this one."""
    if recovery not in trace.events:
        return trace.outcome is Outcome.DIVERSION
    before = trace.events[: trace.events.index(recovery) + 1]
    begun = [found.is_recorded for found in trace.diversions if found.first in before]
    return bool(begun) and begun[-1]


def _in(event: Event, year: int) -> bool:
    return event.when is not None and event.when.earliest.year == year == event.when.latest.year
