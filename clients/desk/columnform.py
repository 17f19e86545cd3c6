"""The columns of a list as a form: what it shows of each, and what was chosen."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from werkzeug.datastructures import MultiDict

from clients import shippedmaps
from clients.intake.columns import EVENT, Choices, choices_of
from clients.lists.maps import ListMap, parse_map
from clients.lists.tables import Table
from ledger.labels import Compartment

_SAMPLES = 3
_SAMPLE_CHARACTERS = 60
OUT = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRow:
    """One column as shown: its number in the form, its name, the first things in it, the field it fills."""

    number: int
    name: str
    samples: tuple[str, ...] = field(repr=False)
    chosen: str
    is_key: bool


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


def _samples(table: Table, column: int) -> tuple[str, ...]:
    cells = (row.cells[column] for row in table.rows if row.cells[column].strip())
    return tuple(cell[:_SAMPLE_CHARACTERS] for _, cell in zip(range(_SAMPLES), cells, strict=False))
