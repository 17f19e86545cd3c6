"""What a spreadsheet makes of a serial number, as far as what it left shows it: named, never undone.

1.2345E+11 was a number of twelve digits, and seven of them are gone; 3-Apr was 3-4 or 4-3; a zero in front of a number is
dropped as it is typed. None of it can be put back from the file: the weapon and the papers have it.
"""

import re
from collections.abc import Iterable, Iterator

from clients.lists.maps import RecordRule
from clients.lists.report import Problem, Weight
from clients.lists.tables import Table
from ledger.spreadsheet import is_damaged_number

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DAY = re.compile(
    rf"\d{{1,2}}-(?:{_MONTHS})|(?:{_MONTHS})-\d{{2}}|\d{{4}}-\d{{2}}-\d{{2}}( \d\d:\d\d(:\d\d)?)?", re.IGNORECASE
)
_FIX = "take it from the weapon or the papers, and enter it in a column formatted as text"


def spoiled(text: str, *, line: int, column: str) -> Iterator[Problem]:
    """Yield a warning where the cell of a serial number is not what was typed; the row goes in as it is written."""
    cause = ""
    if is_damaged_number(text):
        cause = "the spreadsheet shortened this number to a power of ten: its last digits are lost"
    elif _DAY.fullmatch(text.strip()):
        cause = "this looks like a date, which a spreadsheet makes of a number such as 3-4"
    if cause:
        yield Problem(line=line, column=column, cause=cause, fix=_FIX, weight=Weight.WARNING)


def zeros_lost(table: Table, rules: Iterable[RecordRule]) -> Iterator[Problem]:
    """Yield a warning, once for each column of serials, where cells of a workbook are numbers: they have no zeros in front."""
    sources = (source for rule in rules for source in rule.fields.get("item.serials", ()))
    for column in dict.fromkeys(column for source in sources for column in source.columns):
        if column in table.numbers:
            count, first = table.numbers[column]
            yield Problem(
                line=first,
                column=column,
                cause=f"from here on {count:,} of these cells are numbers: a spreadsheet drops zeros in front of those",
                fix="compare them with the weapons or the papers; format the column as text to enter a zero in front",
                weight=Weight.WARNING,
            )
