"""Read a CSV list whatever program wrote it: bytes in, a table of texts out.

Officers send what their spreadsheet made: with or without a byte order mark, in UTF-8, UTF-16 or Windows-1252,
divided by commas, semicolons or tabs, under a title line or two, with line breaks inside quoted cells. What is
guessed is told in the report, and a map can say it instead.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clients.errors import ListError

MAX_LIST_BYTES = 64 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_CELL_CHARACTERS = 8_192
HEADER_SEARCH_ROWS = 20

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp1252", "cp1251", "cp1256")
DELIMITERS = (",", ";", "\t", "|")

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_RISKY = re.compile(r"'*[=+\-@\t\r]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: the line of the file it begins on, and its cells in the header's order."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A list as read: the header, where it stood, the rows below it, and what was guessed on the way."""

    header: tuple[str, ...]
    header_line: int
    rows: tuple[Row, ...]
    encoding: str
    delimiter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What a map says about the file; None means: find out."""

    encoding: str | None = None
    delimiter: str | None = None
    header_line: int | None = None


def read_table(raw: bytes, *, form: Format | None = None, columns: Sequence[str] = ()) -> Table:
    """Return the table that `raw` holds; `columns` are names that the header row is known to have.

    Raises ListError with the line, the cause and the fix when the file as a whole cannot be read.
    """
    form = form or Format()
    text, encoding = _decode(raw, form.encoding)
    delimiter = form.delimiter or _delimiter(text)
    rows = list(_rows(text, delimiter))
    at = _header_position(rows, form.header_line, columns)
    header = _header(rows[at])
    body = tuple(_fit(row, len(header)) for row in rows[at + 1 :])
    return Table(header=header, header_line=rows[at].line, rows=body, encoding=encoding, delimiter=delimiter)


def guard(cell: str) -> str:
    """Return `cell` so that no spreadsheet takes it for a formula; `read_table` takes the guard off again."""
    return "'" + cell if _RISKY.match(cell) else cell


def _decode(raw: bytes, encoding: str | None) -> tuple[str, str]:
    if len(raw) > MAX_LIST_BYTES:
        raise ListError(f"the list is larger than {MAX_LIST_BYTES:,} bytes", next_step="split it into several files")
    if raw.startswith(_WORKBOOKS):
        raise ListError("the list is a spreadsheet workbook, not a CSV file", next_step="save it as CSV UTF-8")
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return _strict(raw[len(mark) :], name), name
    name = encoding or _guess(raw)
    return _strict(raw, name), name


def _guess(raw: bytes) -> str:
    start = raw[:1024]
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le"
    if start[::2].count(0) > len(start) // 4:
        return "utf-16-be"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _strict(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ListError(
            f"line {line} is not text in {encoding}", next_step="save the list as CSV UTF-8, or name its encoding"
        ) from error


def _delimiter(text: str) -> str:
    """Return the delimiter that cuts the most of the first rows into the same number of cells."""
    lines = [line for line in text[:65_536].splitlines()[:50] if line.strip()]

    def weight(delimiter: str) -> tuple[int, int]:
        counts = [line.count(delimiter) for line in lines]
        usual = max(set(counts), key=lambda count: (count > 0) * counts.count(count), default=0)
        return (counts.count(usual) if usual else 0, usual)

    return max(DELIMITERS, key=weight)


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line, count = 1, 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                count += 1
                yield _checked(Row(line=line, cells=tuple(_unguard(cell) for cell in cells)), count)
            line = reader.line_num + 1
    except csv.Error as error:
        raise ListError(
            f"the row that begins on line {line} cannot be taken apart: its quotation marks do not pair up",
            next_step='close every opened " and write a " inside quoted text twice',
        ) from error


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


def _unguard(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell


def _header_position(rows: Sequence[Row], line: int | None, columns: Sequence[str]) -> int:
    if not rows:
        raise ListError("the list is empty", next_step="check that the right file was given")
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


def _filled(row: Row) -> int:
    return sum(1 for cell in row.cells if cell.strip())


def _header(row: Row) -> tuple[str, ...]:
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


def _fit(row: Row, width: int) -> Row:
    """Return `row` with `width` cells; spare empty cells fall away, spare filled ones stay for the report to name."""
    cells = row.cells
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return Row(line=row.line, cells=cells + ("",) * (width - len(cells)))
