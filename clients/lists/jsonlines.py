"""JSON Lines as other systems export them: one object a line, its members the columns (docs/maps.md).

Texts are taken as they are and numbers as they are spelled, so that 007 in quotes and 12.50 without keep their zeros.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import NoReturn

from clients.errors import ListError
from clients.lists.csvtext import decode
from clients.lists.tables import MAX_COLUMNS, Format, Row, Table, capped, fitted, header_names

_BEGINS = re.compile(r"\s*(?:\{|\[\s*[\[{\]])")
_BEGIN_BYTES = 256
_ONE_A_LINE = "write one object a line, with no brackets around all of them and no commas between them"
_FIX = "write one object a line, each member once, its value a text, a number, true, false or null"


def looks_like_json_lines(raw: bytes) -> bool:
    """Say whether a file begins as JSON Lines do; no spreadsheet names its first column with a brace."""
    begin = decode(raw[:2], None)[1] if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    return _BEGINS.match(raw[:_BEGIN_BYTES].decode(begin, errors="replace").lstrip("\ufeff")) is not None


def read_json_lines(raw: bytes, *, form: Format) -> Table:
    """Return the table of a JSON Lines file: a column for every member, in the order they first occur."""
    text, _ = decode(raw, form.encoding or "utf-8")
    columns: dict[str, int] = {}
    rows = [Row(line=line, cells=_cells(found, columns)) for line, found in _objects(text, columns)]
    if not columns:
        raise ListError("the list is empty", next_step="check that the right file was given")
    header = header_names(Row(line=1, cells=tuple(columns)))
    return Table(
        header=header,
        header_line=1,
        rows=fitted(capped(rows), len(header)),
        source="JSON Lines",
        delimiter=form.delimiter or ",",
    )


def _objects(text: str, columns: dict[str, int]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = _DECODER.decode(line.strip())
        except (ValueError, RecursionError) as error:
            raise _refused(number, line.strip()) from error
        if not isinstance(found, dict):
            raise ListError(f"line {number} is no JSON object", next_step=_FIX)
        for name in found:
            columns.setdefault(name, len(columns))
        if len(columns) > MAX_COLUMNS:
            raise ListError(f"line {number} brings the columns to more than {MAX_COLUMNS}", next_step=_FIX)
        yield number, found


def _refused(number: int, line: str) -> ListError:
    """Return what is wrong with a line that is no object: most are whole JSON files, which other programs write."""
    if line.startswith("["):
        return ListError(f"line {number} begins a list of objects", next_step=_ONE_A_LINE)
    if line.endswith("},"):
        return ListError(f"line {number} ends with a comma", next_step=_ONE_A_LINE)
    if line.startswith("{") and not line.endswith("}"):
        return ListError(f"the object that line {number} begins goes on below it", next_step=_ONE_A_LINE)
    return ListError(f"line {number} is no JSON object of texts and numbers", next_step=_FIX)


def _cells(found: dict[str, str], columns: dict[str, int]) -> tuple[str, ...]:
    cells = [""] * len(columns)
    for name, value in found.items():
        cells[columns[name]] = value
    return tuple(cells)


def _members(pairs: Sequence[tuple[str, object]]) -> dict[str, str]:
    """Return an object's members as texts; raise ValueError for a repeated or nameless one, or a value that is no cell."""
    found = {_text(name): _text(value) for name, value in pairs}
    if len(found) != len(pairs) or not all(name.strip() for name in found):
        raise ValueError("a member twice, or without a name")
    return found


def _text(value: object) -> str:
    match value:
        case str():
            value.encode()  # a lone surrogate is no text
            return value
        case bool():
            return "true" if value else "false"
        case None:
            return ""
        case _:
            raise ValueError("a list or object where a text was expected")


def _never(_text: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no numbers")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_int=str, parse_float=str, parse_constant=_never)
