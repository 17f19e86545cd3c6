"""CSV as spreadsheets write it: bytes in, rows of texts out.

Officers send what their spreadsheet made: with or without a byte order mark, in UTF-8, UTF-16 or Windows-1252,
divided by commas, semicolons or tabs, under a title line or two, with line breaks inside quoted cells. What is
guessed is told in the report, and a map can say it instead.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from clients.errors import ListError
from clients.lists.formulas import unguard
from clients.lists.headers import FIELD_BY_HEADER, fold
from clients.lists.tables import (
    Format,
    Row,
    Table,
    capped,
    chosen_columns,
    fitted,
    header_names,
    header_position,
    named_columns,
)

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp1252", "cp1251", "cp1256")
DELIMITERS = (",", ";", "\t", "|")

_ONE_BYTE = ("cp1252", "cp1251", "cp1256")
_CELL_ENDS = re.compile(r'[,;\t|"\r\n]+')
_HEADER_BYTES = 8_192
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def read_csv(raw: bytes, *, form: Format, columns: Sequence[str]) -> Table:
    """Return the table of a CSV file; raise ListError with the line, the cause and the fix."""
    text, encoding = decode(raw, form.encoding)
    delimiter = form.delimiter or _delimiter(text)
    rows = list(capped(_rows(text, delimiter)))
    at = header_position(rows, form.header_line, columns)
    places = named_columns(rows[at], rows[at + 1 :])
    header = header_names(next(chosen_columns([rows[at]], places)))
    return Table(
        header=header,
        header_line=rows[at].line,
        rows=fitted(chosen_columns(rows[at + 1 :], places), len(header)),
        source=f"CSV in {encoding}",
        encoding=encoding,
        delimiter=delimiter,
    )


def decode(raw: bytes, encoding: str | None) -> tuple[str, str]:
    """Return the text of a file and the encoding it was read in."""
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
        return max(_ONE_BYTE, key=lambda encoding: _known_names(raw, encoding))
    return "utf-8"


def _known_names(raw: bytes, encoding: str) -> int:
    """Return how many names of columns that we know the first lines hold in an encoding.

    Every one-byte text reads in each of these encodings, and in all but one as nonsense: what the columns are called
    tells which. Letters are not counted for it: a guess at words would have to know the language.
    """
    cells = _CELL_ENDS.split(raw[:_HEADER_BYTES].decode(encoding, errors="replace"))
    return sum(fold(cell) in FIELD_BY_HEADER for cell in cells)


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
    line = 1
    try:
        for cells in reader:
            yield Row(line=line, cells=tuple(unguard(cell) for cell in cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ListError(
            f"the row that begins on line {line} cannot be taken apart: its quotation marks do not pair up",
            next_step='close every opened " and write a " inside quoted text twice',
        ) from error
