"""Merged cells: understood in a header, refused below it (docs/maps.md).

A heading over several columns, a name that reaches over two lines, a name spread over two columns: officers build
headers so, and each column has one name all the same. One value over several rows is another thing: whether it is
meant for each of them, only the officer knows.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from clients.errors import ListError
from clients.lists.tables import Row


@dataclass(frozen=True, slots=True)
class Merged:
    """A range of cells merged into one; rows and columns count from 1, both ends belong to it."""

    top: int
    left: int
    bottom: int
    right: int

    def covers(self, row: int, column: int) -> bool:
        """Say whether a cell is in the range."""
        return self.top <= row <= self.bottom and self.left <= column <= self.right


def last_header_row(rows: Sequence[Row], at: int, merged: Sequence[Merged]) -> int:
    """Return which of `rows` ends the header that was found at `at`: a name that reaches over two lines ends it lower."""
    line = rows[at].line
    bottom = max((one.bottom for one in merged if one.top <= line <= one.bottom), default=line)
    return max(place for place, row in enumerate(rows) if row.line <= bottom)


def merged_header(rows: Sequence[Row], merged: Sequence[Merged]) -> Row:
    """Return the last of `rows`, the header, with the names that merged cells give its columns.

    A heading over several columns is put before their names only where these would not be told apart without it.
    """
    header = rows[-1]
    width = max(len(header.cells), max((one.right for one in merged if one.covers(header.line, one.left)), default=0))
    columns = range(1, width + 1)
    names = [_name(rows, merged, column) for column in columns]
    counts = Counter(name.casefold() for name in names)
    groups = [_group(rows, merged, column) for column in columns]
    told = [
        f"{group} {name}" if group and name and counts[name.casefold()] > 1 else name
        for name, group in zip(names, groups, strict=True)
    ]
    return Row(line=header.line, cells=tuple(told))


def unmerged_rows(rows: Sequence[Row], merged: Sequence[Merged], *, header_line: int, width: int) -> tuple[Row, ...]:
    """Return the rows below the header; raise ListError naming a merged range among their cells."""
    filled = {row.line for row in rows}
    for one in merged:
        if one.bottom > header_line and one.left <= width and not filled.isdisjoint(range(one.top, one.bottom + 1)):
            raise ListError(
                f"the cells {_address(one.top, one.left)}:{_address(one.bottom, one.right)} are merged below the header",
                next_step="unmerge them, and write into each row what it says",
            )
    return tuple(rows)


def _name(rows: Sequence[Row], merged: Sequence[Merged], column: int) -> str:
    """Return a column's own name: the header's cell, or the one a merge spreads over it; from the second on numbered."""
    line = rows[-1].line
    over = next((one for one in merged if one.covers(line, column)), None)
    if over is None:
        return _cell(rows, line, column)
    name, place = _cell(rows, over.top, over.left), column - over.left
    return f"{name} {place + 1}" if place and name else name


def _group(rows: Sequence[Row], merged: Sequence[Merged], column: int) -> str:
    """Return the heading right above a column that spans several, "" if there is none."""
    line = rows[-1].line - 1
    over = next((one for one in merged if one.bottom == line and one.covers(line, column)), None)
    return "" if over is None or over.left == over.right else _cell(rows, over.top, over.left)


def _cell(rows: Sequence[Row], line: int, column: int) -> str:
    cells = next((row.cells for row in rows if row.line == line), ())
    return cells[column - 1].strip() if column <= len(cells) else ""


def _address(row: int, column: int) -> str:
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}"
