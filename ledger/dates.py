"""Dates as the field knows them: EDTF, with as much precision as there is (docs/vocabulary.md, 3).

A subset of ISO 8601-2:2019, level 1: `2021`, `2021-03`, `2021-03-14`, each with `?` (uncertain), `~` (approximate)
or `%` (both), and intervals `2019/2021-03`, `../2014`, `2014/..`. A date is never made more precise than it was told.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import TypeAlias

from ledger.errors import MalformedError

_POINT = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?([?~%]?)")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2})?(Z|[+-](?!00:00)[0-9]{2}:[0-9]{2})"
)
_OPEN = ".."


class Precision(Enum):
    """The smallest unit that is known."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"


class Qualifier(Enum):
    """How far the date itself is to be believed; the value is the sign EDTF writes behind it."""

    PLAIN = ""
    UNCERTAIN = "?"
    APPROXIMATE = "~"
    BOTH = "%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A year, a month or a day."""

    year: int
    month: int | None = None
    day: int | None = None
    qualifier: Qualifier = Qualifier.PLAIN

    def __post_init__(self) -> None:
        """Raise MalformedError for a day that no calendar has."""
        if self.day is not None and self.month is None:
            raise MalformedError("a date with a day needs a month")
        try:
            date(self.year, 1 if self.month is None else self.month, 1 if self.day is None else self.day)
        except ValueError as error:
            raise MalformedError("a date that is in no calendar") from error

    @property
    def precision(self) -> Precision:
        """Return the smallest unit known."""
        if self.day is not None:
            return Precision.DAY
        return Precision.YEAR if self.month is None else Precision.MONTH

    @property
    def earliest(self) -> date:
        """Return the first day it can mean, taken at its word."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def latest(self) -> date:
        """Return the last day it can mean, taken at its word."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def __str__(self) -> str:
        """Return the one spelling."""
        numbers = (f"{number:02}" for number in (self.month, self.day) if number is not None)
        return "-".join((f"{self.year:04}", *numbers)) + self.qualifier.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """From one date to another; an end that is None is open."""

    start: Point | None
    end: Point | None

    def __post_init__(self) -> None:
        """Raise MalformedError for an interval without ends, or one that ends before it starts."""
        if self.start is None and self.end is None:
            raise MalformedError("an interval needs a start or an end")
        if self.start and self.end and self.start.earliest > self.end.latest:
            raise MalformedError("an interval that ends before it starts")

    @property
    def earliest(self) -> date:
        """Return the first day it can mean; an open start reaches back to the beginning of the calendar."""
        return self.start.earliest if self.start else date.min

    @property
    def latest(self) -> date:
        """Return the last day it can mean; an open end reaches to the end of the calendar."""
        return self.end.latest if self.end else date.max

    def __str__(self) -> str:
        """Return the one spelling."""
        return "/".join(_OPEN if point is None else str(point) for point in (self.start, self.end))


EventDate: TypeAlias = Point | Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySpan:
    """A number of days known to lie between `least` and `most`; None where an interval is open."""

    least: int | None
    most: int | None
    certain: bool

    @property
    def exact(self) -> int | None:
        """Return the number of days if both dates were plain days, else None."""
        return self.least if self.certain and self.least == self.most else None


def parse_date(text: object) -> EventDate:
    """Return the date or interval that `text` spells; raise MalformedError for any other spelling."""
    if not isinstance(text, str):
        raise MalformedError("a date is a text")
    start, slash, end = text.partition("/")
    return Interval(start=_end(start), end=_end(end)) if slash else _point(start)


def order_key(when: EventDate) -> tuple[date, date]:
    """Return what sorts events in time: by the first day possible, then by the last."""
    return when.earliest, when.latest


def certainly_before(one: EventDate, other: EventDate) -> bool:
    """Say whether `one` ended before `other` can have begun, both taken at their word."""
    return one.latest < other.earliest


def days_between(start: EventDate, end: EventDate) -> DaySpan:
    """Return the days from `start` to `end`: from a retail sale to a crime or recovery, the time-to-crime.

    It is negative where the end came first: a contradiction to be shown, not hidden.
    """
    return DaySpan(
        least=_days(start.latest, end.earliest),
        most=_days(start.earliest, end.latest),
        certain=_is_plain(start) and _is_plain(end),
    )


def years_and_months(days: int) -> tuple[int, int]:
    """Return a number of days as years and months: never twelve of these, which would be a year that is not over."""
    years, rest = divmod(days, 365)
    return years, min(rest // 30, 11)


def moment(text: object) -> datetime:
    """Return the instant that `2021-03-14T22:05Z` or `2021-03-14T22:05:30-03:00` spells; raise MalformedError. Seconds may be absent."""
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        raise MalformedError("not a date and time with its offset from UTC")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedError("a date and time that is in no calendar") from error


def _end(text: str) -> Point | None:
    return None if text == _OPEN else _point(text)


def _point(text: str) -> Point:
    match = _POINT.fullmatch(text)
    if not match:
        raise MalformedError("not a date like 2021, 2021-03, 2021-03-14~ or 2019/2021")
    year, month, day, sign = match.groups()
    return Point(
        year=int(year),
        month=None if month is None else int(month),
        day=None if day is None else int(day),
        qualifier=Qualifier(sign),
    )


def _is_plain(when: EventDate) -> bool:
    return isinstance(when, Point) and when.qualifier is Qualifier.PLAIN


def _days(start: date, end: date) -> int | None:
    return None if start in _BOUNDLESS or end in _BOUNDLESS else (end - start).days


_BOUNDLESS = (date.min, date.max)
