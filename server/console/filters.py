"""How the pages spell numbers, times and sizes: the same everywhere, and never for a machine to parse."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

_STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def number(value: int) -> str:
    """Return a number with thousands separators."""
    return f"{value:,}"


def moment(seconds: int) -> str:
    """Return a POSIX time as ISO date and time in UTC, to the minute."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def age(seconds: int) -> str:
    """Return a span of time in its largest unit: `3 hours`."""
    for step, unit in _STEPS:
        if seconds >= step:
            count = seconds // step
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


def size(count: int) -> str:
    """Return a number of bytes in the unit that leaves at most three digits before the point."""
    value = float(count)
    for unit in _UNITS:
        if value < 1_000 or unit == _UNITS[-1]:
            return f"{value:,.0f} {unit}" if unit == _UNITS[0] else f"{value:,.1f} {unit}"
        value /= 1_000
    raise AssertionError


FILTERS: dict[str, Callable[[Any], str]] = {"number": number, "moment": moment, "age": age, "size": size}
