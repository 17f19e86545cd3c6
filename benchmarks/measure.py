"""How a figure is taken: the work and its limit in turn, several times, and the median of each (docs/performance.md).

A shared machine is never the same for two minutes. So the limit is measured beside the work, and it is the ratio of
the two, taken run by run, that says how good the program is.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Clock = Callable[[], float]
REPEATS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What the machine itself allows, by the part of the work that cannot be left out."""

    name: str
    median: float
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table: a median with the lowest and highest run, what was aimed at, and the limit.

    `why` says what a miss comes from and what it would take; it is shown with a miss alone.
    """

    what: str
    unit: str
    median: float
    low: float
    high: float
    target: str
    met: bool | None = None
    limit: Limit | None = None
    why: str = ""


def rate(work: Callable[[], int], *, clock: Clock = time.process_time) -> float:
    """Return items per second of `work`, which returns how many it did.

    The processor's time by default: on a shared machine it is what one core takes, whoever else is running.
    """
    started = clock()
    done = work()
    return done / (clock() - started)


def paired(
    work: Callable[[], int], limit: Callable[[], int], *, clock: Clock = time.process_time, repeats: int = REPEATS
) -> tuple[list[float], list[float]]:
    """Return the rates of `work` and of its limit, run in turn after one run of each that does not count."""
    work()
    limit()
    pairs = [(rate(work, clock=clock), rate(limit, clock=clock)) for _ in range(repeats)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def against(  # noqa: PLR0913  what a line of the table says, all by name
    *,
    what: str,
    unit: str,
    rates: Sequence[float],
    limits: Sequence[float],
    limit: str,
    at_least: float | None = None,
    ratio_at_least: float | None = None,
    why: str = "",
) -> Figure:
    """Return the figure of rates that should be high, beside the limit measured with them."""
    ratio = statistics.median(one / other for one, other in zip(rates, limits, strict=True))
    median = statistics.median(rates)
    wanted = [f"≥ {at_least:,.0f}"] if at_least is not None else []
    wanted += [f"ratio ≥ {ratio_at_least:g}"] if ratio_at_least is not None else []
    is_met = (at_least is None or median >= at_least) and (ratio_at_least is None or ratio >= ratio_at_least)
    return Figure(
        what=what,
        unit=unit,
        median=median,
        low=min(rates),
        high=max(rates),
        target=", ".join(wanted),
        met=is_met if wanted else None,
        limit=Limit(name=limit, median=statistics.median(limits), ratio=ratio),
        why=why,
    )


def at_most(*, what: str, unit: str, values: Sequence[float], most: float | None = None) -> Figure:
    """Return the figure of values that should be low: times, bytes, memory."""
    median = statistics.median(values)
    return Figure(
        what=what,
        unit=unit,
        median=median,
        low=min(values),
        high=max(values),
        target="" if most is None else f"≤ {most:,.0f}",
        met=None if most is None else median <= most,
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that `percent` of all are not above."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def shown(value: float) -> str:
    """Return a number as the table shows it."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
