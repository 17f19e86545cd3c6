"""The columns of a list as a form: what it shows of each, and what was chosen. The same for lists to log and to ask about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from werkzeug.datastructures import MultiDict

from clients import shippedmaps
from clients.errors import ListError
from clients.intake.columns import EVENT, Choices, choices_of, fillable
from clients.lists.csvtext import DELIMITERS, ENCODINGS
from clients.lists.maps import DATE_EXAMPLES, ListMap, parse_map
from clients.lists.proposing import date_patterns
from clients.lists.tables import Format, Table
from ledger.eventfields import KINDS as EVENTS
from ledger.itemfields import KINDS as ITEMS
from ledger.labels import Compartment
from ledger.recordform import PORTIONS
from ledger.vocabulary import portion_of

MAX_SOURCE = 120
ITEM_ALONE = PORTIONS[:1]
OUT = ""

_SAMPLES = 3
_SAMPLE_CHARACTERS = 60
_MOST_LINE_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRow:
    """One column as shown: its number in the form, its name, the first things in it, the field it fills."""

    number: int
    name: str
    samples: tuple[str, ...] = field(repr=False)
    chosen: str
    is_key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list whose columns are to be chosen: as read, by which map it is read now, which were used for such lists before.

    `portions` are those that its columns can fill: what is asked about is an item, and nothing that happened to it.
    """

    table: Table
    form: Format
    map: str
    remembered: Sequence[tuple[str, str]]
    portions: Sequence[str] = PORTIONS


def column_rows(table: Table, choices: Choices) -> tuple[ColumnRow, ...]:
    """Return the columns of a list with what is chosen for each."""
    return tuple(
        ColumnRow(
            number=number,
            name=name,
            samples=_samples(table, number),
            chosen=choices.columns.get(name, OUT),
            is_key=name in choices.key,
        )
        for number, name in enumerate(table.header)
        if name in choices.columns
    )


def chosen(table: Table, form: MultiDict[str, str]) -> Choices:
    """Return what a form says; what it could not have offered is left for `map_of` to refuse."""
    said = {name: form.get(f"column-{number}") for number, name in enumerate(table.header)}
    columns = {name: one for name, one in said.items() if one is not None}
    compartments = form.getlist("compartments")
    return Choices(
        columns=columns,
        event="" if EVENT in columns.values() else form.get("event", ""),
        item="" if "item.kind" in columns.values() else form.get("item", ""),
        dates=tuple(form.getlist("dates")) or ("YYYY-MM-DD",),
        key=tuple(name for number, name in enumerate(table.header) if f"key-{number}" in form),
        compartments=frozenset(one for one in Compartment if one.value in compartments),
    )


def chosen_format() -> Format:
    """Return how the form says that a list is to be read anew: another sheet, encoding, delimiter or header."""
    form = request.form
    line = form.get("header_line", "").strip()
    if line and not (line.isascii() and line.isdigit() and len(line) <= _MOST_LINE_DIGITS):
        raise ListError(_("the line of the header is no number"), next_step=_("write digits alone"))
    encoding, delimiter = form.get("encoding") or None, form.get("delimiter") or None
    return Format(
        encoding=encoding if encoding in ENCODINGS else None,
        delimiter=delimiter if delimiter in DELIMITERS else None,
        header_line=int(line) if line and int(line) else None,
        sheet=form.get("sheet") or None,
    )


def chosen_source() -> str:
    """Return under which name the columns are to be remembered; empty for not at all."""
    return " ".join(request.form.get("source", "").split())[:MAX_SOURCE]


def chosen_text() -> str:
    """Return the map that was written as text."""
    return request.form.get("map", "").replace("\r\n", "\n")


def rereading(form: Format, sheets: Sequence[str], *, is_text: bool, is_read: bool = True) -> dict[str, Any]:
    """Return what the form shows by which a list is read another way: of a workbook its sheets, of a text its encoding.

    A list that could not be read needs its sheet said; of one that was read it may be found out again.
    """
    return {
        "form": form,
        "sheets": sheets,
        "must_choose": not is_read,
        "is_text": is_text,
        "encodings": ENCODINGS,
        "delimiters": {",": ",", ";": ";", "\t": _("tab"), "|": "|"},
    }


def mapping(listed: Listed, *, choices: Choices | None, text: str | None) -> dict[str, Any]:
    """Return what the form of columns shows: as sent before, as another map says, or as the list is read now."""
    table = listed.table
    maps = offered(table, listed.remembered, listed.map)
    base = maps.get(request.args.get("like", "current"), maps["current"])[1] if text is None else text
    found = choices or (shown_as_form(base, table) if text is None else None)
    return {
        "rows": column_rows(table, found) if found is not None else (),
        "choices": found,
        "text": base,
        "offered": {name: title for name, (title, _text) in maps.items()},
        "fields": _fields(listed.portions),
        "is_item_alone": listed.portions == ITEM_ALONE,
        "events": tuple(EVENTS),
        "things": ITEMS,
        "dates": DATE_EXAMPLES,
        "unclear": _unclear(table, found),
        "compartments": tuple(Compartment),
        "table": {"source": table.source, "rows": len(table.rows), "header_line": table.header_line},
        "source": request.form.get("source", ""),
        "rereading": rereading(listed.form, table.sheets, is_text=table.encoding is not None),
    }


def offered(table: Table, remembered: Sequence[tuple[str, str]], current: str) -> dict[str, tuple[str, str]]:
    """Return the maps that a list may be read by: what is proposed, what was used before, what is shipped and fits."""
    found = {"current": (_("as it is now"), current)}
    found |= {f"source:{name}": (_("as lists from %(name)s", name=name), text) for name, text in remembered}
    found |= {
        f"shipped:{name}": (_("the shipped map %(name)s", name=name), shippedmaps.text(name))
        for name in shippedmaps.fitting(table)
    }
    return found


def shown_as_form(text: str, table: Table) -> Choices | None:
    """Return a map as the form shows it, None for one that only its text can show."""
    found: ListMap = parse_map(text)
    return choices_of(found, table.header)


def _fields(portions: Sequence[str]) -> Mapping[str, list[str]]:
    return {portion: [name for name in fillable() if portion_of(name) == portion] for portion in portions}


def _unclear(table: Table, choices: Choices | None) -> Sequence[str]:
    """Return the ways between which the dates of a list do not tell, until one of them is chosen."""
    _fitting, unclear = date_patterns(table)
    return () if choices is None or set(unclear) & set(choices.dates) else unclear


def _samples(table: Table, column: int) -> tuple[str, ...]:
    cells = (row.cells[column] for row in table.rows if row.cells[column].strip())
    return tuple(cell[:_SAMPLE_CHARACTERS] for _, cell in zip(range(_SAMPLES), cells, strict=False))
