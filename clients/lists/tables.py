"""What every list is read into, whatever file it came in: a header, rows of texts, and where each row stood.

How the header is found is the same for CSV and workbooks, and so are the limits.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from clients.errors import ListError

MAX_LIST_BYTES = 64 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_CELL_CHARACTERS = 8_192
HEADER_SEARCH_ROWS = 20

OTHER_SHEET = "name the sheet to read with --sheet"

CAUSE = "sealtrace cause"
FIX = "sealtrace fix"
COPY = "sealtrace copy"
OWN_COLUMNS = frozenset({CAUSE, FIX, COPY})
"""The columns that a rejected list carries; every map ignores them when the mended list comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: the line of the file it begins on, and its cells in the header's order."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A list as read: the header, where it stood, the rows below it, what it was read from; of a CSV its encoding.

    Of a workbook of several sheets also the names of the visible ones, what was not read (`unread` sheets that hold
    something where none was named, `comments` on cells), and of each column that has cells of plain numbers how many, and
    the line of the first: there no zero stands in front of a number.
    """

    header: tuple[str, ...]
    header_line: int
    rows: tuple[Row, ...]
    source: str
    encoding: str | None = None
    delimiter: str = ","
    unread: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    comments: bool = False
    numbers: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What a map, or the person, says about the file; None means: find out."""

    encoding: str | None = None
    delimiter: str | None = None
    header_line: int | None = None
    sheet: str | None = None


def check_size(raw: bytes) -> None:
    """Raise ListError for a list that is larger than any we read."""
    if len(raw) > MAX_LIST_BYTES:
        raise ListError(f"the list is larger than {MAX_LIST_BYTES:,} bytes", next_step="split it into several files")


def capped(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows that are not blank; raise ListError at the first that exceeds a limit."""
    count = 0
    for row in rows:
        if any(cell.strip() for cell in row.cells):
            count += 1
            yield _checked(row, count)


def header_position(rows: Sequence[Row], line: int | None, columns: Sequence[str]) -> int:
    """Return which of `rows` is the header: the one a map names, the one with its columns, or the first wide one."""
    if not rows:
        raise ListError("the list is empty", next_step="check that the right file was given")
    if {CAUSE, FIX} <= set(rows[0].cells):
        return 0  # a list that we wrote ourselves has no title above, whatever the map says of the list it is from
    if line is not None:
        for position, row in enumerate(rows):
            if row.line == line:
                return position
        raise ListError(f"there is no header on line {line}", next_step="correct header_line in the map")
    found = range(min(HEADER_SEARCH_ROWS, len(rows)))
    wanted = {column.strip().casefold() for column in columns}
    if wanted:
        return max(found, key=lambda at: (len(wanted & {cell.strip().casefold() for cell in rows[at].cells}), -at))
    widest = max(_filled(rows[at]) for at in found)
    return next(at for at in found if 2 * _filled(rows[at]) > widest)


def header_names(row: Row) -> tuple[str, ...]:
    """Return the columns' names; raise ListError where one has none, or two have the same."""
    names = tuple(cell.strip() for cell in row.cells)
    while names and not names[-1]:
        names = names[:-1]
    for number, name in enumerate(names, 1):
        if not name:
            raise ListError(
                f"the header on line {row.line} has no name for column {number}", next_step="name the column"
            )
    folded = [name.casefold() for name in names]
    for number, name in enumerate(folded, 1):
        if name in folded[: number - 1]:
            raise ListError(
                f"the header on line {row.line} names column {number} like an earlier one",
                next_step="give every column a name of its own",
            )
    return names


def named_columns(header: Row, rows: Sequence[Row]) -> tuple[int, ...]:
    """Return the places of the columns that have a name; raise ListError where one without has cells all the same.

    A column left empty to keep others apart is none of the list's.
    """
    names = [cell.strip() for cell in header.cells]
    for place, name in enumerate(names):
        first = next((row.line for row in rows if _has(row, place)), None) if not name else None
        if first is not None and any(names[place:]):
            raise ListError(
                f"the header on line {header.line} has no name for column {place + 1}, and line {first} fills it",
                next_step="name the column",
            )
    return tuple(place for place, name in enumerate(names) if name)


def chosen_columns(rows: Iterable[Row], places: Sequence[int]) -> Iterator[Row]:
    """Yield rows with the cells at `places` alone, and those beyond the last of them, for `fitted` to judge."""
    end = places[-1] + 1 if places else 0
    if len(places) == end:
        yield from rows
        return
    for row in rows:
        cells = tuple(row.cells[place] if place < len(row.cells) else "" for place in places)
        yield replace(row, cells=cells + row.cells[end:])


def check_filled(table: Table) -> None:
    """Raise ListError for a list of which nothing was found but its header."""
    if not table.rows:
        raise ListError(
            f"there is no row below the header on line {table.header_line}",
            next_step=OTHER_SHEET if table.unread else "check that the right file was given",
        )


def fitted(rows: Iterable[Row], width: int) -> tuple[Row, ...]:
    """Return rows of `width` cells; spare empty cells fall away, spare filled ones stay for the report to name."""
    return tuple(_fit(row, width) for row in rows)


def _checked(row: Row, count: int) -> Row:
    if count > MAX_ROWS + HEADER_SEARCH_ROWS:
        raise ListError(f"the list has more than {MAX_ROWS:,} rows", next_step="split it into several files")
    if len(row.cells) > MAX_COLUMNS:
        raise ListError(f"line {row.line} has more than {MAX_COLUMNS} columns", next_step="check the delimiter")
    for number, cell in enumerate(row.cells, 1):
        if len(cell) > MAX_CELL_CHARACTERS:
            raise ListError(
                f"line {row.line}, column {number} holds more than {MAX_CELL_CHARACTERS:,} characters",
                next_step="shorten the cell, or check for an unclosed quotation mark",
            )
    return row


def _has(row: Row, place: int) -> bool:
    return place < len(row.cells) and bool(row.cells[place].strip())


def _filled(row: Row) -> int:
    return sum(1 for cell in row.cells if cell.strip())


def _fit(row: Row, width: int) -> Row:
    cells = row.cells
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return replace(row, cells=cells + ("",) * (width - len(cells)))
