"""What a spreadsheet's cell shows: a number or date under its number format, as text (ECMA-376 part 1, 18.8.31).

A file holds 573 and the format 00000; the officer sees 00573, and that is what goes in. Two things that the file
does not hold are settled here: digits are grouped by no separator and cut by a point, whatever the officer's country
writes, and a date is written year first, as far as the cell shows it (docs/maps.md).
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import pairwise

MAX_DIGITS = 15
"""A spreadsheet keeps no more: a longer number was rounded when it was typed, and its last digits are zeros."""


class UnshowableError(Exception):
    """A number format that is not read here: a fraction, a power of ten, an elapsed time, a condition."""


class RoundedError(Exception):
    """A number of more digits than a spreadsheet keeps."""


class YearlessError(UnshowableError):
    """A date of which the day is shown and no year: a spreadsheet makes one of 3-4, and no record can hold one."""


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of a format: a literal text (kind "text"), or a code, by its kind and how it is written."""

    kind: str
    text: str


_PIECES = (
    ("text", r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[\$(?P<symbol>[^\]-]*)(?:-[^\]]*)?\]'),
    ("nothing", r"_.|\*.|\[(?:black|blue|cyan|green|magenta|red|white|yellow|color ?\d+)\]"),
    ("general", r"general"),
    ("clock", r"am/pm|a/p"),
    ("refused", r"\[[^\]]*\]|e[+-]|[?#0] ?/ ?[?#0\d]"),
    ("digit", r"[0#?]"),
    ("point", r"\."),
    ("group", r","),
    ("percent", r"%"),
    ("value", r"@"),
    ("date", r"y+|m+|d+|h+|s+(?:\.0+)?"),
    ("text", r"(?P<plain>.)"),
)
_TOKEN = re.compile(
    "|".join(f"(?P<{kind}{at}>{piece})" for at, (kind, piece) in enumerate(_PIECES)), re.IGNORECASE | re.DOTALL
)


def shown_number(value: float, code: str) -> str:
    """Return a number as a cell of the format `code` shows it."""
    number = _exact(value)
    sections = _sections(code)
    if any(token.kind == "value" for token in sections[0]):
        return _join(sections[0], _general(number))
    section, is_bare = _choose(sections, number)
    if any(token.kind in {"refused", "date", "clock"} for token in section):
        raise UnshowableError
    if any(token.kind == "general" for token in section):
        return _join(section, _general(number if is_bare else abs(number)))
    return ("-" if is_bare and number < 0 else "") + _digits(section, abs(number))


def shown_text(value: str, code: str) -> str:
    """Return a text as a cell of the format `code` shows it: mostly as it is, sometimes between other words."""
    sections = _sections(code)
    section = sections[3] if len(sections) > 3 else sections[0]
    return _join(section, value) if any(token.kind == "value" for token in section) else value


def shown_date(value: dt.datetime, code: str) -> str:
    """Return as much of a date as a cell of the format `code` shows, in the one spelling that no country misreads.

    3/4/2021 is what one officer sees and another reads as April; the file knows that it is the fourth of March, and
    a format that shows the year alone says that no more is known.
    """
    section = _sections(code)[0]
    if any(token.kind == "refused" for token in section):
        raise UnshowableError
    codes = set(_date_codes(section))
    if "d" in codes and "y" not in codes:
        raise YearlessError
    shown = {"y": f"{value.year:04}", "m": f"{value.month:02}", "d": f"{value.day:02}" if "m" in codes else ""}
    date = "-".join(text for letter, text in shown.items() if letter in codes and text)
    time = f"{value.hour:02}:{value.minute:02}" if codes & {"h", "n", "s"} else ""
    return f"{date} {time}".strip()


def _exact(value: float) -> Decimal:
    if abs(value) >= 10**MAX_DIGITS:
        raise RoundedError
    return Decimal(value) if isinstance(value, int) else Decimal(format(value, f".{MAX_DIGITS}g"))


def _general(number: Decimal) -> str:
    return format(number.normalize() if number else Decimal(0), "f")


@lru_cache(maxsize=256)
def _sections(code: str) -> Sequence[Sequence[_Token]]:
    sections: list[list[_Token]] = [[]]
    for token in _tokens(code):
        if token == _Token("text", ";") and len(sections) < 4:
            sections.append([])
        else:
            sections[-1].append(token)
    return sections


def _tokens(code: str) -> Iterator[_Token]:
    """Yield the pieces of a format. A quoted semicolon is a text of its own, told from the one between sections."""
    for found in _TOKEN.finditer(code):
        literal = next((text for name in ("quoted", "escaped", "symbol") if (text := found[name]) is not None), None)
        if literal is not None:
            yield _Token("literal", literal)
        else:
            kind = next(name for name, text in found.groupdict().items() if text is not None)
            yield _Token(kind.rstrip("0123456789"), found[0])


def _choose(sections: Sequence[Sequence[_Token]], number: Decimal) -> tuple[Sequence[_Token], bool]:
    """Return the section a number falls under, and whether it still needs its own minus sign."""
    if number < 0 and len(sections) > 1:
        return sections[1], False
    if number == 0 and len(sections) > 2:
        return sections[2], False
    return sections[0], True


def _join(section: Sequence[_Token], value: str) -> str:
    return "".join(
        value if token.kind in {"value", "general"} else token.text if token.kind in {"text", "literal"} else ""
        for token in section
    ).strip()


def _digits(section: Sequence[_Token], number: Decimal) -> str:
    """Return a number laid into the places of a section, from the right; literal texts stay where they stand."""
    places = [token for token in section if token.kind in {"digit", "point"}]
    if _is_scaled(section):
        raise UnshowableError
    point = next((at for at, token in enumerate(places) if token.kind == "point"), len(places))
    decimals = len(places) - point - 1 if point < len(places) else 0
    percent = sum(token.kind == "percent" for token in section)
    rounded = (number * 100**percent).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    whole, _, fraction = format(rounded, "f").partition(".")
    return _laid(section, whole.lstrip("0"), fraction, before=sum(one.kind == "digit" for one in places[:point]))


def _is_scaled(section: Sequence[_Token]) -> bool:
    """Say whether a comma stands behind the last digit, which shows thousands; between digits it only groups."""
    kinds = [token.kind for token in section if token.kind in {"digit", "group", "point"}]
    return any(one == "group" and "digit" not in kinds[at:] for at, one in enumerate(kinds)) or any(
        pair == ("group", "point") for pair in pairwise(kinds)
    )


def _laid(section: Sequence[_Token], whole: str, fraction: str, *, before: int) -> str:
    """Return the text of a section: `before` places take the digits of `whole`, those behind them of `fraction`."""
    shown: list[str] = []
    left, is_fraction, is_first = before, False, True
    for token in section:
        if token.kind in {"text", "literal"}:
            shown.append(token.text)
        elif token.kind == "percent":
            shown.append("%")
        elif token.kind == "point":
            is_fraction = True
            shown.append("." if _has_digits(section, fraction) else "")
        elif token.kind == "digit" and is_fraction:
            shown.append(_place(token, fraction[:1], is_needed=bool(fraction.strip("0"))))
            fraction = fraction[1:]
        elif token.kind == "digit":
            spare = max(len(whole) - left + 1, 0) if is_first else int(len(whole) >= left)
            shown.append(whole[:spare] or _place(token, "", is_needed=False))
            whole, left, is_first = whole[spare:], left - 1, False
    return "".join(shown).strip()


def _place(token: _Token, digit: str, *, is_needed: bool) -> str:
    if digit and (is_needed or token.text == "0"):
        return digit
    return "0" if token.text == "0" else ""


def _has_digits(section: Sequence[_Token], fraction: str) -> bool:
    behind = [token for token in section if token.kind in {"digit", "point"}]
    behind = behind[next(at for at, token in enumerate(behind) if token.kind == "point") :]
    return bool(fraction.strip("0")) or any(token.text == "0" for token in behind)


def _date_codes(section: Sequence[_Token]) -> Iterator[str]:
    """Yield the letters of a section's date codes, "n" for an "m" that means minutes: behind h, or before s."""
    letters = [token.text[0].lower() for token in section if token.kind == "date"]
    for before, letter, after in zip(["", *letters], letters, [*letters[1:], ""], strict=False):
        yield "n" if letter == "m" and (before == "h" or after == "s") else letter
