"""Reads an official code list: a CSV with a code and a description in each row. Text in, rows and problems out."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ledger.errors import MalformedError, TooLargeError

MAX_CHARACTERS = 4_000_000
MAX_LINES = 50_000

_CODE = re.compile(r"[A-Z0-9]{1,5}")
_CODE_HEADERS = frozenset({"code", "cod", "codigo", "código", "mak", "cal"})
_TEXT_HEADERS = frozenset(
    {"description", "descricao", "descrição", "descripcion", "descripción", "name", "text", "meaning"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """One code and what it stands for."""

    line: int
    code: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeProblem:
    """A line that was not taken, and why."""

    line: int
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeList:
    """The rows of a list that can be used, and the lines that cannot."""

    rows: tuple[CodeRow, ...]
    problems: tuple[CodeProblem, ...]


def parse_code_list(text: str) -> CodeList:
    """Return the code list that a CSV text holds; raise MalformedError where it is no such list at all."""
    if len(text) > MAX_CHARACTERS:
        raise TooLargeError(f"a code list of more than {MAX_CHARACTERS} characters")
    rows: dict[str, CodeRow] = {}
    problems: list[CodeProblem] = []
    for line, cells in _cells(_lines(text)):
        taken = _row(line, cells, rows)
        if isinstance(taken, CodeRow):
            rows[taken.code] = taken
        else:
            problems.append(taken)
    return CodeList(rows=tuple(rows.values()), problems=tuple(problems))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of a CSV text; quotes within a cell stand for themselves, as the official lists write them."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=_delimiter(text))
    try:
        for cells in reader:
            if reader.line_num > MAX_LINES:
                raise TooLargeError(f"a code list of more than {MAX_LINES} lines")
            yield reader.line_num, cells
    except csv.Error as error:
        raise MalformedError(f"line {reader.line_num} is not CSV") from error


def _cells(lines: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, tuple[str, str] | None]]:
    _, header = next(lines, (1, []))
    code_at, text_at = _columns(header)
    for line, cells in lines:
        if any(cell.strip() for cell in cells):
            whole = len(cells) > max(code_at, text_at)
            yield line, (cells[code_at].strip().upper(), cells[text_at].strip()) if whole else None


def _columns(header: list[str]) -> tuple[int, int]:
    names = [name.strip().casefold() for name in header]
    code = next((index for index, name in enumerate(names) if name in _CODE_HEADERS), None)
    text = next((index for index, name in enumerate(names) if name in _TEXT_HEADERS), None)
    if code is None or text is None:
        raise MalformedError("line 1 names no column `code` and no column `description`")
    return code, text


def _row(line: int, cells: tuple[str, str] | None, known: dict[str, CodeRow]) -> CodeRow | CodeProblem:
    if cells is None:
        return CodeProblem(line=line, cause="fewer columns than the first line")
    code, description = cells
    if not _CODE.fullmatch(code):
        return CodeProblem(line=line, cause="the code is not one to five letters A-Z and digits")
    if not description:
        return CodeProblem(line=line, cause="no description")
    if code in known:
        return CodeProblem(line=line, cause=f"the code is given a second time (first on line {known[code].line})")
    return CodeRow(line=line, code=code, description=description)


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)
