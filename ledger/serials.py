"""Reads the serial box of a list: several numbers, wordings, labels, spreadsheet damage (docs/vocabulary.md, 2).

A bad serial is no error: every box gives marks, each with the text as it was marked, kept for ever, and the condition
that decides whether a token is made from it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ledger import conditions, spreadsheet
from ledger.canonical import TABLE_VERSION, canonical, has_digit, script_of
from ledger.forms import Form, weapon_forms
from ledger.headings import Headed, Kind, Location, headed, without_label
from ledger.wordings import CONJUNCTIONS, Condition

__all__ = ["TABLE_VERSION", "Condition", "Form", "Kind", "Location", "Mark", "canonical", "read_marks", "weapon_forms"]

# A separator that numbers contain too ("12345/67", "1,234,567") splits only where both sides are long enough to be
# numbers of their own, or read as a wording; with spaces around it a shorter side is believed.
_MIN_TIGHT = 5
_MIN_LOOSE = 4

_HARD_SEPARATORS = re.compile(r"[;\r\n|؛]+")
_SOFT_SEPARATORS = re.compile(
    rf"(?P<loose>,\s+|،\s*|(?<!\s)\s+[/&+]\s+|(?<!\s)\s+(?:{'|'.join(one.strip() for one in CONJUNCTIONS.split(';'))})\s+)|[,/]",
    re.IGNORECASE,
)
# A record holds at most this many (docs/vocabulary.md, 2); what else is in the box stays together in the last one.
MAX_MARKS = 8
MAX_MARK_BYTES = 200
# Beyond this a box is a text. It is not read number by number: what a cell may hold, 32,767 characters, would take hours.
MAX_BOX_CHARACTERS = 1_000

# Control characters, which no record may hold, and halves of characters, which no file can.
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_UNREADABLE = re.compile(r"[?*_…]|\.{2,}|(?<=\w)#(?=\w)")
_EDGE = " \t,.:=/-\u2013\u2014()[]\"'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One marking: the text as found (what no record can hold shown as U+FFFD), and what was read from it. No repr shows either."""

    as_marked: str
    number: str
    script: str
    location: Location
    kind: Kind
    condition: Condition

    def __repr__(self) -> str:
        """Show what is known about the mark without its text."""
        return f"Mark({self.location.value}, {self.kind.value}, {self.condition.value})"

    def to_json(self) -> dict[str, str]:
        """Return the entry of `item.serials`."""
        return {
            "as_marked": self.as_marked,
            "script": self.script,
            "location": self.location.value,
            "kind": self.kind.value,
            "condition": self.condition.value,
        }


def read_marks(box: str) -> tuple[Mark, ...]:
    """Return the marks of one serial box in their order; none for an empty box."""
    text = spreadsheet.unwrap(box)
    if not text:
        return ()
    if spreadsheet.is_formula(text):
        return (_mark(text, "", Headed(text=text), Condition.NOT_RECORDED),)
    if spreadsheet.is_damaged_number(text):
        return (_mark(text, "", Headed(text=text), Condition.PARTIAL),)
    end = len(text) if len(text) <= MAX_BOX_CHARACTERS else _last_division(text)
    marks = (*_marks(text[:end]), *_unread(text[end:]))
    return marks if len(marks) <= MAX_MARKS else (*marks[: MAX_MARKS - 1], _rest(marks[MAX_MARKS - 1 :]))


def _last_division(text: str) -> int:
    """Return where to stop reading a box that is too long: behind a whole number, since half of one would be another."""
    return max((found.end() for found in _HARD_SEPARATORS.finditer(text, 0, MAX_BOX_CHARACTERS)), default=0)


def _unread(text: str) -> Iterator[Mark]:
    """Yield what is left of a box that is too long, as one mark that makes no token."""
    if text.strip():
        yield _mark(text, "", Headed(text=text), Condition.PARTIAL)


def _rest(marks: Sequence[Mark]) -> Mark:
    """Return several marks as one that makes no token."""
    text = "; ".join(mark.as_marked for mark in marks)
    return _mark(text, "", Headed(text=text), Condition.PARTIAL)


def _marks(text: str) -> Iterator[Mark]:
    for piece in _HARD_SEPARATORS.split(text):
        if not piece.strip():
            continue
        stretches = [one for one in headed(piece) if one.text.strip()]
        if conditions.read(piece).rest == "":
            place = stretches[0] if len(stretches) == 1 else Headed(text=piece)
            yield _read(replace(place, text=piece.strip()), piece)
            continue
        for stretch in stretches:
            parts = list(_split(stretch.text))
            whole = piece if len(stretches) == len(parts) == 1 else None
            for part in parts:
                yield _read(Headed(text=part, location=stretch.location, kind=stretch.kind), whole or part)


def _split(text: str) -> Iterator[str]:
    """Yield the numbers of one stretch; a soft separator that does not divide two numbers stays inside one."""
    start = 0
    for match in _SOFT_SEPARATORS.finditer(text):
        left, right = text[start : match.start()], _next_part(text, match.end())
        least = _MIN_LOOSE if match["loose"] else _MIN_TIGHT
        # The right side first: it is short, and where it is none the left side grows, which would be read anew each time.
        if _stands_alone(right, least) and _stands_alone(left, least):
            yield left.strip()
            start = match.end()
    yield text[start:].strip()


def _next_part(text: str, start: int) -> str:
    match = _SOFT_SEPARATORS.search(text, start)
    return text[start : match.start() if match else len(text)]


def _stands_alone(text: str, least: int) -> bool:
    if conditions.read(text).rest == "":
        return any(one.isalpha() for one in text)
    return has_digit(text) and len(canonical(without_label(text.strip()))) >= least


def _read(stretch: Headed, as_marked: str) -> Mark:
    reading = conditions.read(stretch.text)
    number = without_label(reading.rest).strip(_EDGE) if reading.rest else ""
    if reading.rest and conditions.read(number).rest == "":
        return _mark(as_marked, "", stretch, Condition.NOT_RECORDED)
    condition = reading.condition or Condition.LEGIBLE
    if number and _UNREADABLE.search(number):
        condition = Condition.PARTIAL
    return _mark(as_marked, number, stretch, condition)


def _mark(as_marked: str, number: str, stretch: Headed, condition: Condition) -> Mark:
    written = _UNWRITABLE.sub("\ufffd", as_marked.strip())
    if len(written.encode()) > MAX_MARK_BYTES:
        written, number, condition = _cut(written), "", Condition.PARTIAL if number else condition
    kind = stretch.kind or (Kind.RESTORED if condition is Condition.RESTORED else Kind.MAKER)
    return Mark(
        as_marked=written,
        number=number,
        script=script_of(number or written),
        location=stretch.location or Location.OTHER,
        kind=kind,
        condition=condition,
    )


def _cut(text: str) -> str:
    """Return the beginning of a text too long for a mark; nobody marks that much, so it makes no token."""
    return text.encode()[: MAX_MARK_BYTES - len("…".encode())].decode(errors="ignore") + "…"
