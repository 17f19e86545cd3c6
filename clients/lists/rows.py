"""From the rows of a list to drafts of records, with a problem for whatever a person must look at.

A row gives several records where its map says so. Nothing here knows a label or a key: `ledger/plan.py` decides
who will read what.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from clients.errors import ListError
from clients.lists.cells import CellError
from clients.lists.maps import ListMap, RecordRule, Source
from clients.lists.proposing import DATE_FIELDS
from clients.lists.report import Problem, Weight
from clients.lists.spoiled import spoiled
from clients.lists.tables import Row, Table
from clients.lists.totals import is_total
from clients.lists.values import Fields, Reading, Tables, place, read_cell, shape_of
from ledger.dates import parse_date
from ledger.eventfields import KINDS
from ledger.jsontext import JsonValue
from ledger.labels import Compartment


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One record to be: its event kind, its fields by full name, its compartments; `columns` says whence each came."""

    event: str
    fields: Mapping[str, JsonValue] = field(repr=False)
    compartments: frozenset[Compartment]
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRow:
    """A row with the drafts it gives, and the cells that tell it from others where the map names them."""

    row: Row
    drafts: tuple[Draft, ...]
    key: tuple[str, ...]


def check_map(list_map: ListMap, table: Table) -> None:
    """Raise ListError, naming it, for a column or field that map and list do not agree on."""
    missing, unknown = list_map.missing_columns(table.header), list_map.unknown_columns(table.header)
    if missing:
        raise ListError(
            f"the header on line {table.header_line} lacks the column {missing[0]!r} that the map reads",
            next_step="rename the column in the list, or correct the map",
        )
    if unknown:
        raise ListError(
            f"the header on line {table.header_line} has the column {unknown[0]!r} that the map does not know",
            next_step="map it to a field, or name it under ignore in the map",
        )
    for rule in list_map.records:
        _check_rule(rule)


def map_rows(
    list_map: ListMap, table: Table, tables: Tables, *, today: dt.date
) -> Iterator[tuple[MappedRow | None, tuple[Problem, ...]]]:
    """Yield every row as drafts (None where it cannot be read) with its problems, in the list's order."""
    reading = Reading(dates=list_map.dates, tables=tables)
    for row in table.rows:
        yield _map_row(list_map, table.header, row, reading, today)


def _check_rule(rule: RecordRule) -> None:
    if not rule.event.columns and rule.event.value not in KINDS:
        raise ListError(f"the map has the event {rule.event.value!r}, which is no kind", next_step="see docs/maps.md")
    for name in rule.fields:
        if shape_of(name) is None or name == "event.kind":
            raise ListError(f"the map fills {name!r}, which is no field it can fill", next_step="see docs/maps.md")


def _map_row(
    list_map: ListMap, header: Sequence[str], row: Row, reading: Reading, today: dt.date
) -> tuple[MappedRow | None, tuple[Problem, ...]]:
    if len(row.cells) > len(header):
        return None, (_row_problem(row, "more cells than the header has columns", "check the delimiter and quotes"),)
    if is_total(row.cells):
        return None, (_row_problem(row, "a row that sums up the list, and no weapon", "delete the row"),)
    cells = dict(zip(header, row.cells, strict=True))
    drafts: list[Draft] = []
    problems: list[Problem] = []
    for rule in list_map.records:
        if all(condition.holds(cells) for condition in rule.when):
            draft, found = _draft(rule, cells, row, reading)
            drafts.append(draft)
            problems += found
            problems += _future(draft, row, today)
    if not drafts:
        problems.append(_row_problem(row, "no record rule of the map takes this row", "add a [[record]] for it"))
    unique = tuple(dict.fromkeys(problems))
    if any(problem.weight is Weight.ERROR for problem in unique):
        return None, unique
    return MappedRow(row=row, drafts=tuple(drafts), key=tuple(cells[name] for name in list_map.key)), unique


def _draft(rule: RecordRule, cells: Mapping[str, str], row: Row, reading: Reading) -> tuple[Draft, list[Problem]]:
    fields: Fields = {}
    columns: dict[str, str] = {}
    problems: list[Problem] = []
    for name, sources in {"event.kind": (rule.event,), **rule.fields}.items():
        column = next((source.columns[0] for source in sources if source.columns), "")
        try:
            found = _value(name, sources, cells, reading)
        except CellError as error:
            problems.append(Problem(line=row.line, column=column, cause=error.cause, fix=error.fix))
            continue
        if name == "item.serials":
            problems += spoiled(_clean(cells.get(column, "")), line=row.line, column=column)
        if found:
            place(fields, found)
            columns |= dict.fromkeys(found, column)
    ordered = {name: fields[name] for name in sorted(fields)}
    event = str(fields.get("event.kind", ""))
    return Draft(event=event, fields=ordered, compartments=rule.compartments, columns=columns), problems


def _value(name: str, sources: Sequence[Source], cells: Mapping[str, str], reading: Reading) -> Fields:
    """Return what the first source that says anything says."""
    for source in sources:
        if not all(condition.holds(cells) for condition in source.when):
            continue
        if not source.columns:
            return {name: source.value}
        text = source.join.join(part for column in source.columns if (part := _clean(cells[column])))
        found = _looked_up(name, source, text) if source.table is not None else None
        if found is not None:
            return found
        if source.table is None and text:
            return read_cell(name, text, reading)
    return read_cell(name, "", reading) if name == "item.serials" else {}


def _looked_up(name: str, source: Source, text: str) -> Fields | None:
    """Return the value that the map's table gives for `text`, None for an empty cell the table does not name."""
    table = source.table or {}
    value = table.get(text.casefold(), source.otherwise)
    if value is None and text:
        raise CellError("a value that the map's table does not name", "add it to the table, or give `otherwise`")
    return None if value is None or value == "" else {name: value}


def _clean(cell: str) -> str:
    """Return a cell without blanks around it, line ends as LF, other control characters as blanks."""
    if cell.isprintable():
        return cell.strip()
    lines = cell.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one if one.isprintable() or one in "\n\t" else " " for one in lines).strip()


def _future(draft: Draft, row: Row, today: dt.date) -> Iterator[Problem]:
    for name in DATE_FIELDS:
        value = draft.fields.get(name)
        if isinstance(value, str) and _begins_after(value, today):
            yield Problem(
                line=row.line,
                column=draft.columns.get(name, ""),
                cause="the date lies in the future",
                fix="check it; the row goes in as written",
                weight=Weight.WARNING,
            )


def _begins_after(text: str, today: dt.date) -> bool:
    return parse_date(text).earliest > today


def _row_problem(row: Row, cause: str, fix: str) -> Problem:
    return Problem(line=row.line, column="", cause=cause, fix=fix)
