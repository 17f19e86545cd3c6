"""Propose a map for a list that came without one: a draft for a person to read, correct and keep."""

import json
from collections.abc import Iterator, Sequence

from clients.lists.datecells import TURNED, fitting_patterns, mostly_fitting, unfitting
from clients.lists.headers import FIELD_BY_HEADER, fold
from clients.lists.tables import OWN_COLUMNS, Table

DATE_FIELDS = ("event.date", "event.ship_date")
_SAMPLE_ROWS = 500
_USUAL = "YYYY-MM-DD"
_NAMED_LINES = 10


def propose_map(table: Table) -> str:
    """Return a MAP.toml for `table`, with every column either read or left out, and every guess said in a comment."""
    return "\n".join(_lines(table)) + "\n"


def _lines(table: Table) -> Iterator[str]:
    fields, unknown = _assign(table.header)
    yield "# Proposed by `sealtrace submit`. Read every line: nothing is submitted before you pass this file with --map."
    yield 'title = ""  # what this list is'
    yield f"ignore = {_quoted_list(unknown)}  # columns left out: not recognised, or needed twice"
    yield '# key = [""]  # columns by which a row stays the same row when it is corrected: else it goes in anew, beside the old'
    if not fields:
        yield f"# No column is recognised: if line {table.header_line} is not the header, add header_line below; if its names"
        yield "# are unreadable here, correct encoding; else name for each column the field that it fills."
    yield from ("", "[format]")
    if table.encoding is not None:
        yield f"encoding = {_quoted(table.encoding)}"
        yield f"delimiter = {_quoted(table.delimiter)}"
    patterns, unclear = date_patterns(table)
    yield f"dates = {_quoted_list(patterns)}{_told(unclear)}"
    if not unclear:
        yield from _strays(table, patterns)
    yield from ("", "[[record]]")
    yield 'event = "recovery"  # what happened to the weapon: one of the event kinds of docs/vocabulary.md'
    yield from ("", "[record.fields]")
    if "item.kind" not in fields:
        yield '"item.kind" = { value = "small_arm" }  # a guess: say what these things are'
    for field, column in fields.items():
        yield f"{_quoted(field)} = {{ column = {_quoted(column)} }}"


def _assign(header: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return the first column that means each field, and the columns that are left."""
    fields: dict[str, str] = {}
    unknown: list[str] = []
    for column in (name for name in header if name not in OWN_COLUMNS):
        field = FIELD_BY_HEADER.get(fold(column))
        if field is None or field in fields:
            unknown.append(column)
        else:
            fields[field] = column
    return fields, unknown


def date_patterns(table: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the patterns that most cells of the columns of dates fit, and those between which the cells do not tell.

    Where no column is recognised as one of dates, it may be any that nobody recognises and that reads as dates throughout.
    """
    found: dict[str, None] = {}
    unclear: dict[str, None] = {}
    known, unknown = _date_columns(table)
    for fitting in (
        *(mostly_fitting(_cells(table, column)) for column in known),
        *(fitting_patterns(_cells(table, column)) for column in unknown),
    ):
        (found if len(fitting) == 1 else unclear).update(dict.fromkeys(fitting))
    if len(TURNED & found.keys()) > 1:  # a map reads all its columns alike
        unclear |= dict.fromkeys(one for one in found if one in TURNED)
    return tuple(one for one in found if one not in unclear) or (_USUAL,), tuple(unclear)


def _date_columns(table: Table) -> tuple[list[str], list[str]]:
    """Return the columns of dates, or where none is recognised those that may be."""
    fields, unknown = _assign(table.header)
    known = [column for field, column in fields.items() if field in DATE_FIELDS]
    return known, [] if known else unknown


def _cells(table: Table, column: str) -> list[str]:
    at = table.header.index(column)
    return [row.cells[at] for row in table.rows[:_SAMPLE_ROWS] if row.cells[at].strip()]


def _strays(table: Table, patterns: Sequence[str]) -> Iterator[str]:
    """Name the cells of the columns of dates that no pattern reads, by line and never by what they say."""
    known, _ = _date_columns(table)
    for column in known:
        at = table.header.index(column)
        lines = [str(table.rows[place].line) for place in unfitting([row.cells[at] for row in table.rows], patterns)]
        if lines:
            more = f" and {len(lines) - _NAMED_LINES:,} more" if len(lines) > _NAMED_LINES else ""
            yield f"# No such date stands in column {_quoted(column)} of {'line' if len(lines) == 1 else 'lines'} {', '.join(lines[:_NAMED_LINES])}{more}: correct it."


def _told(unclear: Sequence[str]) -> str:
    return f"  # {' or '.join(unclear)}? The cells fit each of them: say which." if unclear else ""


def _quoted(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)
    return escaped.replace("\x7f", "\\u007F")


def _quoted_list(texts: Sequence[str]) -> str:
    return "[" + ", ".join(_quoted(text) for text in texts) + "]"
