"""XLSX workbooks: taken apart by a child process that has no key and few rights, put together here (docs/maps.md).

What is shown goes in, and nothing else: a formula, a hidden cell, a number that the spreadsheet has rounded is refused
with its address, since nobody could say afterwards what the officer had seen.
"""

import json
import os
import subprocess
import sys
import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from clients.errors import ListError
from clients.lists.merges import Merged, last_header_row, merged_header, unmerged_rows
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

WORKBOOK = b"PK\x03\x04"
WALL_SECONDS = 480.0
MAX_LINE_BYTES = 8 * 1024 * 1024
MAX_ANSWER_BYTES = 512 * 1024 * 1024

_MOST_SHEETS = 1_000
_SHEET_CHARACTERS = 64
# The last row that a sheet can have.
_LAST_ROW = 1_048_576
_ROOT = Path(__file__).resolve().parents[2]
# Isolated (-I): neither the environment nor the folder one stands in can put other code in the place of ours.
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from clients.lists import workbookchild as child; child.main(*sys.argv[2:] or [None])"

REASONS = {
    "damaged": ("the workbook is damaged, or no workbook", "open it in the spreadsheet program and save it anew"),
    "members": ("the workbook has more parts than a list needs", "copy the list into a new workbook"),
    "password": ("the workbook has a password", "save it without one"),
    "unpacked": ("the workbook is too large once unpacked", "split it, or save the sheet as CSV UTF-8"),
    "ratio": ("the workbook is packed tighter than any list", "copy the list into a new workbook"),
    "memory": ("the workbook takes more memory or time than a list may", "split it, or save the sheet as CSV UTF-8"),
    "no sheet": ("the workbook has no sheet with cells", "check that the right file was given"),
    "no such sheet": ("the workbook has no sheet {at!r}", "give --sheet the name as it stands on the tab"),
    "hidden sheet": ("the sheet {at!r} is hidden", "show or delete it, or name the sheet to read with --sheet"),
    "struck": ("the cell {at} is struck through", "delete the row, or take the line through it away"),
    "no year": ("the cell {at} is a date that shows no year, which a spreadsheet makes of a number like 3-4",
                "format the column as text and enter it again, or show the year"),
    "opendocument": ("the file is an OpenDocument one (.ods)", "save it as .xlsx, or as CSV UTF-8"),
    "binary": ("the workbook is a binary one (.xlsb)", "save it as .xlsx, or as CSV UTF-8"),
    "other": ("the file is a ZIP, and no workbook is in it", "unpack it, or save the list as .xlsx or as CSV UTF-8"),
    "hidden row": ("the cell {at} is in a hidden row", "show the row (clear the filter), or delete it"),
    "hidden column": ("the cell {at} is in a hidden column", "show the column, or delete it"),
    "formula": ("the cell {at} is a formula", "copy the sheet and paste its values alone"),
    "error": ("the cell {at} shows an error", "correct or empty the cell"),
    "format": ("the cell {at} has a number format that is not read here", "format it as a number, a date or text"),
    "rounded": ("the cell {at} has a number of more than 15 digits, which the spreadsheet rounds",
                "format the column as text and enter the number again"),
    "date": ("the cell {at} holds a date that no calendar has", "enter the date again"),
    "columns": ("the cell {at} is beyond the last column that a list may have", "delete what is not the list"),
    "merged": ("the sheet {at!r} has too many merged cells", "unmerge them"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What the child said: the rows, the sheet's name and all visible ones', what is merged, what it left, lines of numbers."""

    rows: tuple[Row, ...]
    sheet: str
    sheets: tuple[str, ...]
    merged: tuple[Merged, ...]
    unread: tuple[str, ...]
    comments: bool
    numbers: Mapping[int, Sequence[int]]


def read_workbook(raw: bytes, *, form: Format, columns: Sequence[str]) -> Table:
    """Return the table on a workbook's sheet; raise ListError naming the cell that stands in the way.

    The error has the names of the visible sheets where the workbook has more than one.
    """
    found = _ask(raw, form.sheet)
    try:
        return _table(found, form, columns)
    except ListError as error:
        error.sheets = found.sheets
        raise


def _table(found: _Answer, form: Format, columns: Sequence[str]) -> Table:
    at = last_header_row(found.rows, header_position(found.rows, form.header_line, columns), found.merged)
    line = found.rows[at].line
    named = merged_header(found.rows[: at + 1], found.merged)
    places = named_columns(named, found.rows[at + 1 :])
    header = header_names(next(chosen_columns([named], places)))
    below = unmerged_rows(found.rows[at + 1 :], found.merged, header_line=line, width=places[-1] + 1 if places else 0)
    rows = chosen_columns(below, places)
    return Table(
        header=header,
        header_line=line,
        rows=fitted(rows, len(header)),
        source=f"sheet {found.sheet!r} of a workbook",
        delimiter=form.delimiter or ",",
        unread=found.unread,
        sheets=found.sheets,
        comments=found.comments,
        numbers=dict(_numbers(found.numbers, [place + 1 for place in places], header, line)),
    )


def _numbers(
    found: Mapping[int, Sequence[int]], columns: Sequence[int], header: Sequence[str], line: int
) -> Iterator[tuple[str, tuple[int, int]]]:
    for column, name in zip(columns, header, strict=True):
        below = [one for one in found.get(column, ()) if one > line]
        if below:
            yield name, (len(below), below[0])


def _ask(raw: bytes, sheet: str | None) -> _Answer:
    with _child(raw, sheet) as output:
        lines = _lines(output)
        end: dict[str, Any] = {}
        numbers: dict[int, array[int]] = {}

        def rows() -> Iterator[Row]:
            for line in lines:
                if isinstance(line, dict):
                    end.update(line)
                    return
                row, columns = _row(line)
                for column in columns:
                    numbers.setdefault(column, array("L")).append(row.line)
                yield row

        found = tuple(capped(rows()))
    if "refused" in end:
        raise _refusal(end)
    match end:
        case {"sheet": str() as title, "merged": list() as merged, "unread": list() as unread, "comments": comments}:
            return _Answer(
                rows=found,
                sheet=title,
                sheets=_titles(end.get("sheets")),
                merged=tuple(Merged(*_integers(one)) for one in merged),
                unread=_titles(unread),
                comments=bool(comments),
                numbers=numbers,
            )
        case _:
            raise _refused("memory")  # it was ended by a bound, or by the system for lack of memory


@contextmanager
def _child(raw: bytes, sheet: str | None) -> Iterator[IO[bytes]]:
    """Give the output of a child that reads `raw` from memory: a list is never written to a disk for it."""
    descriptor = os.memfd_create("list")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(raw)
        os.lseek(descriptor, 0, os.SEEK_SET)
        command = [sys.executable, "-I", "-c", _PROGRAM, str(_ROOT), *([] if sheet is None else [sheet])]
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=descriptor, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
        )
    finally:
        os.close(descriptor)
    timer = threading.Timer(WALL_SECONDS, process.kill)
    timer.start()
    with process:
        try:
            yield _pipe(process)
        finally:
            timer.cancel()
            process.kill()


def _pipe(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdout is None:  # as asked for above
        raise _refused("damaged")
    return process.stdout


def _lines(output: IO[bytes]) -> Iterator[Any]:
    """Yield what the child says, line by line; raise ListError for more than a list can be, or no JSON."""
    left = MAX_ANSWER_BYTES
    while line := output.readline(MAX_LINE_BYTES):
        left -= len(line)
        if left < 0 or not line.endswith(b"\n"):
            raise _refused("memory")
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _refused("damaged") from error


def _row(line: Any) -> tuple[Row, list[int]]:
    """Return a row, and which of its columns are plain numbers, if the child said one."""
    match line:
        case [int() as number, list() as cells, list() as numbers] if (
            0 < number <= _LAST_ROW
            and all(isinstance(cell, str) for cell in cells)
            and all(isinstance(column, int) and 0 < column <= len(cells) for column in numbers)
        ):
            return Row(line=number, cells=tuple(cells)), numbers
        case _:
            raise _refused("damaged")


def _integers(values: Any) -> tuple[int, int, int, int]:
    match values:
        case [int() as top, int() as left, int() as bottom, int() as right]:
            return top, left, bottom, right
        case _:
            raise _refused("damaged")


def _titles(said: Any) -> tuple[str, ...]:
    return tuple(str(one)[:_SHEET_CHARACTERS] for one in said[:_MOST_SHEETS]) if isinstance(said, list) else ()


def _refusal(end: dict[str, Any]) -> ListError:
    error = _refused(str(end["refused"]), str(end.get("at", ""))[:_SHEET_CHARACTERS])
    error.sheets = _titles(end.get("sheets"))
    return error


def _refused(reason: str, at: str = "") -> ListError:
    cause, fix = REASONS.get(reason, REASONS["damaged"])
    return ListError(cause.format(at=at), next_step=fix)
