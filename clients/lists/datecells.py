"""Dates as officers write them, to the EDTF that a record holds (docs/maps.md).

A map says which patterns a list uses. Nothing is guessed between day and month: 03/04/2021 is read as the map
says, and a list that mixes both spellings needs two lists.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence

from clients.lists.cells import CellError
from clients.lists.headers import fold
from clients.lists.monthnames import MONTH_BY_NAME
from ledger.dates import parse_date
from ledger.errors import LedgerError

FIRST_YEAR = 1800
LAST_YEAR = 2200

_PATTERNS = {
    "YYYY-MM-DD": r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})",
    "DD.MM.YYYY": r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})",
    "DD/MM/YYYY": r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})",
    "DD-MM-YYYY": r"(?P<d>\d{1,2})-(?P<m>\d{1,2})-(?P<y>\d{4})",
    "MM/DD/YYYY": r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})",
    "YYYY/MM/DD": r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})",
    "YYYYMMDD": r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
}
# The word for a year that stands behind it in Russian and Ukrainian, short and long, as escapes: its letters look Latin.
_YEAR = "\u0433(?:\u043e\u0434\u0430)?|\u0440(?:\u043e\u043a\u0443)?"
# With the month as a word neither can be taken for the other; they are compared as names of columns are.
_NAMED = {
    "D MONTH YYYY": rf"((?P<d>\d{{1,2}})(st|nd|rd|th|er|o)? ((of|de|d) )?)?(?P<month>[^\d]+?)( (de|del))? (?P<y>\d{{4}})(?: (?:{_YEAR}))?",
    "MONTH D YYYY": r"(?P<month>[^\d]+) ((?P<d>\d{1,2})(st|nd|rd|th)? )?(?P<y>\d{4})",
}
# What says more than a date, such as the ? of an uncertain one, must not fall away with the points and dashes.
_NAMED_SIGNS = re.compile(r"[\w\s.,\-\u0300-\u036f\u060c\u064b-\u0655\u2019']+")
_COMPILED = {name: re.compile(pattern, re.ASCII) for name, pattern in (*_PATTERNS.items(), *_NAMED.items())}
# What can mean one thing alone is read whatever the map says: a year, a month of a year, a date year first.
_PLAIN = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)
# How a spreadsheet counts days inside: what stands in a cell that lost its format of a date.
_SERIAL = re.compile(r"\d{5}(\.\d+)?", re.ASCII)
# The same figures, two days.
TURNED = frozenset({"DD/MM/YYYY", "MM/DD/YYYY"})
_MIDNIGHT = re.compile(r"(?:T|,? +)\d{1,2}[:h]\d{2}(:\d{2}(\.\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?Z?$", re.ASCII)
_TIME_ALONE = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?", re.ASCII)
_TWO_DIGITS = re.compile(r"(\d{1,2}[./-]\d{1,2}|\d{1,2}[ -][^\W\d_]+\.?)[./ -]\d{2}")
# What officers write around a date, and what says nothing: blanks at its points and strokes, a last point, the word for year.
# More than any date takes. What is looked for around one would take seconds in the blanks that a cell can hold.
_MOST_CHARACTERS = 100
_AROUND = re.compile(r"\s*([./-])\s*")
_BEHIND = re.compile(rf"(?<=\d\d\d\d)(?:\.| ?(?:{_YEAR})\.?)$")


def read_date(text: str, patterns: Sequence[str]) -> str:
    """Return the EDTF spelling of the date in `text`; a time of day is left out, 2021 and 2021-03 are dates too."""
    told = text.strip()
    if len(told) > _MOST_CHARACTERS:
        raise _not_spelled(told[:_MOST_CHARACTERS], patterns)
    cleaned = _MIDNIGHT.sub("", _ascii_digits(told))
    for pattern in patterns:
        found = _named(pattern, cleaned) if pattern in _NAMED else _numbered(pattern, cleaned)
        if found is not None:
            return found
    if "EDTF" in patterns or _PLAIN.fullmatch(cleaned):
        return _edtf(cleaned, patterns)
    raise _not_spelled(cleaned, patterns)


def fitting_patterns(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns by which every one of `cells` reads, so that a proposal offers only what works.

    More than one means that the cells do not tell which, and a person must. Cells that need no pattern fit the first.
    """
    told = [cell for cell in cells if not _fits(cell)]
    if not told:
        return tuple(_PATTERNS)[:1] if cells else ()
    return tuple(pattern for pattern in (*_PATTERNS, *_NAMED) if all(_fits(cell, pattern) for cell in told))


def mostly_fitting(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns by which most of `cells` read, where one or another is mistyped.

    One cell that has day and month the other way round is no such mistake: then nothing is told.
    """
    told = [cell for cell in cells if not _fits(cell)]
    fitting = {name: {cell for cell in told if _fits(cell, name)} for name in (*_PATTERNS, *_NAMED)}
    counted = {name: sum(cell in found for cell in told) for name, found in fitting.items()}
    most = max(counted.values())
    best = tuple(name for name, count in counted.items() if count == most)
    if 2 * most <= len(told) or (TURNED.intersection(best) and _contradict(fitting)):
        return fitting_patterns(cells)
    return best


def unfitting(cells: Sequence[str], patterns: Sequence[str]) -> tuple[int, ...]:
    """Return the places of the cells that none of `patterns` reads; an empty cell is none."""
    return tuple(place for place, cell in enumerate(cells) if cell.strip() and not _fits(cell, *patterns))


def _contradict(fitting: Mapping[str, set[str]]) -> bool:
    one, other = (fitting[name] for name in sorted(TURNED))
    return bool(one - other) and bool(other - one)


def _numbered(pattern: str, text: str) -> str | None:
    plain = _BEHIND.sub("", _AROUND.sub(r"\1", text))
    found = _COMPILED[pattern].fullmatch(plain) if pattern in _COMPILED else None
    return None if found is None else _checked(int(found["y"]), int(found["m"]), int(found["d"]))


def _named(pattern: str, text: str) -> str | None:
    """Return the date whose month is a word, or the month of a year; None where the word is no month's name."""
    found = _COMPILED[pattern].fullmatch(fold(text)) if _NAMED_SIGNS.fullmatch(text) else None
    month = MONTH_BY_NAME.get(found["month"]) if found is not None else None
    if found is None or month is None:
        return None
    day = _checked(int(found["y"]), month, int(found["d"] or 1))
    return day if found["d"] else day[:7]


def _fits(cell: str, *patterns: str) -> bool:
    try:
        read_date(cell, patterns)
    except CellError:
        return False
    return True


def _is_spelled(text: str, pattern: str) -> bool:
    try:
        return (_named if pattern in _NAMED else _numbered)(pattern, text) is not None
    except CellError:
        return False


def _checked(year: int, month: int, day: int) -> str:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise CellError(
            f"the year is not between {FIRST_YEAR} and {LAST_YEAR}",
            "write the year of the Gregorian calendar with four digits",
        )
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError as error:
        raise CellError("no such day in the calendar", "check day and month, and the order the map names") from error


def _edtf(text: str, patterns: Sequence[str]) -> str:
    try:
        parse_date(text)
    except LedgerError as error:
        raise _not_spelled(text, patterns) from error
    return text


def _not_spelled(text: str, patterns: Sequence[str]) -> CellError:
    if _SERIAL.fullmatch(text):
        return CellError(
            "this looks like a spreadsheet's own number for a day",
            "format the column as a date in the spreadsheet, and save the list again",
        )
    if _TIME_ALONE.fullmatch(text):
        return CellError("a time of day, and no date", "write the date too, or name its own column in the map")
    if _TWO_DIGITS.fullmatch(text):
        return CellError(
            "a year of two digits may be of either century",
            "write it with four; in a spreadsheet, format the column as yyyy-mm-dd and save the list again",
        )
    ways = [name for name in _COMPILED if name not in patterns and _is_spelled(text, name)]
    # Where a date is typed by itself there is no map that could name another way.
    if ways and "EDTF" not in patterns:
        return CellError(
            "a date in a spelling that the map does not name", f"name {' or '.join(ways)} under dates, as it is meant"
        )
    return CellError(
        "no date is spelled so",
        f"write it as {' or '.join(patterns)}, or as a year alone; or name its spelling in the map",
    )


def _ascii_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(character)) if character.isdecimal() else character for character in text)
