"""The program that reads a workbook: in a process of its own, with bounds on memory and time, and no key in reach.

A workbook is the most complicated thing an agency's officer is ever handed by a stranger. So whatever takes it apart
can do nothing but answer: rows as JSON Lines on standard output, then what is merged, or one refusal. It opens no
other file, and `clients/lists/workbooks.py`, which started it, believes the answer's shape no more than a file's.
"""

import datetime as dt
import json
import resource
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, BinaryIO, TextIO

from openpyxl import load_workbook  # type: ignore[import-untyped]  # the library comes without types
from openpyxl.styles.numbers import (  # type: ignore[import-untyped]  # as above
    BUILTIN_FORMATS,
    BUILTIN_FORMATS_MAX_SIZE,
    is_date_format,
)
from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]  # as above
from openpyxl.utils.datetime import from_excel  # type: ignore[import-untyped]  # as above
from openpyxl.worksheet._read_only import ReadOnlyWorksheet  # type: ignore[import-untyped]  # as above
from openpyxl.worksheet._reader import WorkSheetParser  # type: ignore[import-untyped]  # as above

from clients.lists.emptyrows import WithoutEmptyRows
from clients.lists.numberformats import (
    RoundedError,
    UnshowableError,
    YearlessError,
    shown_date,
    shown_number,
    shown_text,
)
from clients.lists.zipbounds import ZipRefusedError, check_kind, check_zip

MEMORY_BYTES = 256 * 1024 * 1024
SECONDS = 240
MAX_WORKBOOK_COLUMNS = 200
MAX_FORMAT_CHARACTERS = 255
MAX_MERGED = 10_000
_PLAIN = frozenset({"General", "0", "#"})
_COMMENTS = ("xl/comments", "xl/threadedComments")
_BREAKS = str.maketrans({"\r": "\n"})


class RefusedError(Exception):
    """A workbook that is not read: the reason, one of `workbooks.REASONS`, where, and which of its sheets may be named."""

    def __init__(self, reason: str, at: str = "") -> None:
        """Hold reason and place; the sheets are added where they are known."""
        super().__init__(reason)
        self.reason = reason
        self.at = at
        self.sheets: Sequence[str] = ()


def main(sheet: str | None) -> None:
    """Read the workbook on standard input under the bounds, and answer on standard output."""
    bound()
    warnings.simplefilter("ignore")
    answer(sys.stdin.buffer, sheet, sys.stdout)


def bound() -> None:
    """Give up, for good, what reading a list does not take: memory, time, files to write, core dumps."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(file: BinaryIO, sheet: str | None, out: TextIO) -> None:
    """Write the rows of a workbook's sheet as they are read, then the end; or a refusal in place of it."""
    refusal: dict[str, object]
    try:
        check_zip(file)
        check_kind(file)
        out.writelines(json.dumps(line) + "\n" for line in _lines(file, sheet))
    except RefusedError as error:
        refusal = {"refused": error.reason, "at": error.at, "sheets": [*error.sheets]}
    except ZipRefusedError as error:
        refusal = {"refused": str(error), "at": ""}
    except MemoryError:
        refusal = {"refused": "memory", "at": ""}
    except Exception:  # noqa: BLE001 - a hostile file raises anything in a library made for friendly ones
        refusal = {"refused": "damaged", "at": ""}
    else:
        return
    out.write(json.dumps(refusal) + "\n")


def _lines(file: BinaryIO, sheet: str | None) -> Iterator[object]:
    book = load_workbook(file, read_only=True, keep_links=False)
    try:
        chosen, unread = _choose(book, sheet)
        with chosen._get_source() as source:  # noqa: SLF001 - see _Sheet
            read = _Sheet(book, chosen, source)
            yield from read.lines()
    except RefusedError as error:
        error.sheets = _visible(book)
        raise
    parts = book._archive.namelist()  # noqa: SLF001 - the library keeps comments from whoever reads rows alone
    yield {
        "sheet": chosen.title,
        "sheets": _visible(book),
        "merged": read.merged(),
        "unread": [one.title for one in unread],
        "comments": any(part.startswith(_COMMENTS) for part in parts),
    }


def _sheets(book: Any) -> list[Any]:
    return [one for one in book.worksheets if isinstance(one, ReadOnlyWorksheet)]


def _visible(book: Any) -> list[str]:
    """Return the names that somebody could choose between: none, where there is no other sheet at all."""
    sheets = _sheets(book)
    return [one.title for one in sheets if len(sheets) > 1 and one.sheet_state == "visible"]


def _choose(book: Any, name: str | None) -> tuple[Any, list[Any]]:
    """Return the sheet to read, and those that hold something and are not read where nobody chose between them.

    It is the one that was named, or the first that holds anything where none is hidden.
    """
    sheets = _sheets(book)
    hidden = [one.title for one in sheets if one.sheet_state != "visible"]
    if name is None:
        if hidden:
            raise RefusedError("hidden sheet", hidden[0])
        if not sheets:
            raise RefusedError("no sheet")
        filled = [one for one in sheets if len(sheets) == 1 or _is_filled(book, one)] or sheets
        return filled[0], filled[1:]
    found = next((one for one in sheets if one.title == name), None)
    if found is None:
        raise RefusedError("no such sheet", name)
    if name in hidden:
        raise RefusedError("hidden sheet", name)
    return found, []


def _is_filled(book: Any, sheet: Any) -> bool:
    with sheet._get_source() as source:  # noqa: SLF001 - see _Sheet
        parser = _Parser(WithoutEmptyRows(source), sheet._shared_strings, data_only=False, epoch=book.epoch)  # noqa: SLF001 - as above
        return any(cell["value"] is not None for _, cells in parser.parse() for cell in cells)


class _Parser(WorkSheetParser):  # type: ignore[misc]  # as above
    """The library's parser, but for the cells that hold nothing: a million formatted rows are passed over quickly."""

    def parse_row(self, row: Any) -> Any:
        """Return a row's number and its cells; one that is only formatted is none, where each says its own place."""
        if not any(map(len, row)) and all("r" in cell.attrib for cell in row):
            del row[:]
        found = super().parse_row(row)
        if not found[1]:
            self.row_dimensions.clear()  # it would keep one for every row that has a height
        return found


class _Sheet:
    """One sheet, row by row. The library's own parser is driven: its worksheet hides what is hidden and merged."""

    def __init__(self, book: Any, sheet: Any, source: Any) -> None:
        self._book = book
        self._title = sheet.title
        self._parser = _Parser(WithoutEmptyRows(source), sheet._shared_strings, data_only=False, epoch=book.epoch)  # noqa: SLF001 - as the worksheet itself starts it
        self._hidden_columns: list[range] | None = None
        self._struck: dict[int, bool] = {}

    def lines(self) -> Iterator[object]:
        """Yield [row, cells, columns of plain numbers] for every row that holds anything."""
        last = 0
        for number, cells in self._parser.parse():
            if number <= last:
                raise RefusedError("damaged")
            last = number
            texts, numbers = self._texts(number, cells)
            if texts:
                yield [number, texts, numbers]

    def merged(self) -> list[list[int]]:
        """Return the merged ranges, which stand behind the last row."""
        ranges = self._parser.merged_cells.mergeCell if self._parser.merged_cells is not None else []
        if len(ranges) > MAX_MERGED:
            raise RefusedError("merged", self._title)
        return [[one.min_row, one.min_col, one.max_row, one.max_col] for one in ranges]

    def _texts(self, row: int, cells: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[int]]:
        found: dict[int, str] = {}
        numbers: list[int] = []
        for cell in cells:
            text = self._text(cell)
            if text:
                self._check_seen(cell, row)
                found[cell["column"]] = text
                if self._is_plain(cell):
                    numbers.append(cell["column"])
        self._parser.row_dimensions.clear()  # it would keep one for every row that has a height
        return [found.get(column, "") for column in range(1, max(found, default=0) + 1)], numbers

    def _text(self, cell: Mapping[str, Any]) -> str:
        value = cell["value"]
        if cell["data_type"] == "f":
            raise RefusedError("formula", self._address(cell))
        if cell["data_type"] == "e":
            raise RefusedError("error", self._address(cell))
        if value is None:
            return ""
        try:
            return self._shown(value, self._format(cell["style_id"]))
        except YearlessError as error:
            raise RefusedError("no year", self._address(cell)) from error
        except UnshowableError as error:
            raise RefusedError("format", self._address(cell)) from error
        except RoundedError as error:
            raise RefusedError("rounded", self._address(cell)) from error
        except (ValueError, OverflowError) as error:
            raise RefusedError("date", self._address(cell)) from error

    def _shown(self, value: object, code: str) -> str:
        match value:
            case bool():
                return "TRUE" if value else "FALSE"
            case str():
                return shown_text(value.replace("_x000D_", "\r").replace("\r\n", "\n").translate(_BREAKS), code)
            case int() | float() if not code:
                raise UnshowableError
            case int() | float() if _is_date(code):
                return shown_date(_date(value, self._book.epoch), code)
            case int() | float():
                return shown_number(value, code)
            case dt.datetime():
                return shown_date(value, code if _is_date(code) else "yyyy-mm-dd")
            case _:
                raise UnshowableError

    def _format(self, style: int) -> str:
        """Return a cell's number format; "" for those that only some countries' programs know by number."""
        number = self._book._cell_styles[style].numFmtId  # noqa: SLF001 - as a cell of the library looks it up
        if number >= BUILTIN_FORMATS_MAX_SIZE:
            code = str(self._book._number_formats[number - BUILTIN_FORMATS_MAX_SIZE])  # noqa: SLF001 - as above
        else:
            code = BUILTIN_FORMATS.get(number, "")
        if len(code) > MAX_FORMAT_CHARACTERS:
            raise UnshowableError
        return code

    def _is_plain(self, cell: Mapping[str, Any]) -> bool:
        """Say whether a cell is a whole number, shown with no more zeros in front than the file keeps: none."""
        return cell["data_type"] == "n" and type(cell["value"]) is int and self._format(cell["style_id"]) in _PLAIN

    def _check_seen(self, cell: Mapping[str, Any], row: int) -> None:
        """Raise RefusedError for a filled cell that the officer does not see, has struck out, or beyond a list's end."""
        column, at = cell["column"], self._address(cell)
        if self._is_struck(cell["style_id"]):
            raise RefusedError("struck", at)
        if column > MAX_WORKBOOK_COLUMNS:
            raise RefusedError("columns", at)
        if _is_hidden(self._parser.row_dimensions.get(str(row), {})):
            raise RefusedError("hidden row", at)
        if self._hidden_columns is None:  # the columns' own elements stand before the first row
            dimensions = self._parser.column_dimensions.values()
            self._hidden_columns = [
                range(int(one["min"]), int(one["max"]) + 1) for one in dimensions if _is_hidden(one)
            ]
        if any(column in columns for columns in self._hidden_columns):
            raise RefusedError("hidden column", at)

    def _is_struck(self, style: int) -> bool:
        if style not in self._struck:
            self._struck[style] = bool(self._book._fonts[self._book._cell_styles[style].fontId].strike)  # noqa: SLF001 - as a cell of the library looks it up
        return self._struck[style]

    def _address(self, cell: Mapping[str, Any]) -> str:
        return f"{get_column_letter(cell['column'])}{cell['row']}"


def _date(value: float, epoch: dt.datetime) -> dt.datetime:
    """Return the moment that a number means; a number below one is a time of day, without a date."""
    if value < 0:
        raise ValueError("before the first day")
    found = from_excel(value, epoch)
    if isinstance(found, dt.time):
        return dt.datetime.combine(epoch.date(), found)
    if not isinstance(found, dt.datetime):
        raise UnshowableError
    return found


@lru_cache(maxsize=256)
def _is_date(code: str) -> bool:
    return bool(is_date_format(code))


def _is_hidden(attributes: Mapping[str, str]) -> bool:
    return attributes.get("hidden") in {"1", "true"}
