"""A list to ask about: what its columns say of each item, and nothing of what happened to it. Its columns need no map."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from clients.errors import ListError
from clients.lists.headers import FIELD_BY_HEADER, fold
from clients.lists.maps import ListMap, parse_map
from clients.lists.proposing import propose_map
from clients.lists.rows import map_rows
from clients.lists.tables import Table
from clients.lists.values import Tables
from ledger.jsontext import JsonValue

SERIALS = "item.serials"
_ITEM = "item."
_DELIMITERS = ("\t", ";", ",", "|")
_COLUMNS = ("make", "serial", "calibre", "type")


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """The items of a list, which columns told of them by field, and the lines that could not be read."""

    items: tuple[Mapping[str, JsonValue], ...] = field(repr=False)
    columns: Mapping[str, str]
    unread: tuple[int, ...]


def read_items(table: Table, *, tables: Tables, today: dt.date, text: str = "") -> Items:
    """Return the items of a list by a map, else by the names of its columns; raise ListError without a number's column."""
    found = _item_map(parse_map(text or propose_map(table)))
    fields = found.records[0].fields
    if SERIALS not in fields:
        raise ListError("no column holds serial numbers", next_step="name one `serial`, and another `make`")
    items: list[Mapping[str, JsonValue]] = []
    unread: list[int] = []
    for row, (mapped, _problems) in zip(table.rows, map_rows(found, table, tables, today=today), strict=True):
        if mapped is None:
            unread.append(row.line)
        else:
            items += [
                {name: value for name, value in one.fields.items() if name.startswith(_ITEM)} for one in mapped.drafts
            ]
    columns = {name: column for name, sources in fields.items() for source in sources for column in source.columns}
    return Items(items=tuple(items), columns=columns, unread=tuple(unread))


def pasted(text: str) -> bytes:
    """Return pasted lines as a list: with their own header where they have one, else as make, number, calibre, type."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((one for one in _DELIMITERS if one in first), None)
    if delimiter is None:
        raise ListError(
            "the lines have one column", next_step="write make and number with a semicolon or a tab between them"
        )
    names = [name.strip() for name in first.split(delimiter)]
    if any(FIELD_BY_HEADER.get(fold(name)) == SERIALS for name in names):
        return text.encode()
    if len(names) > len(_COLUMNS):
        raise ListError("the lines have no header", next_step="begin with a line that names the columns")
    return f"{delimiter.join(_COLUMNS[: len(names)])}\n{text}".encode()


def _item_map(found: ListMap) -> ListMap:
    """Return a map without what it says of events and cases: a bad date is no reason not to ask about a number."""
    rules = tuple(
        replace(rule, fields={name: sources for name, sources in rule.fields.items() if name.startswith(_ITEM)})
        for rule in found.records
    )
    return replace(found, records=rules)
