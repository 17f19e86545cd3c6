"""From the text of a cell to the fields of a record (docs/maps.md).

How a field's cell is read follows from the field, so a map says only where a value comes from. A bad serial, an
unknown make or calibre is no error: it goes in as it was written. What cannot be read at all raises CellError.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pycountry

from clients.lists.cells import CellError
from clients.lists.datecells import read_date
from ledger import weapontypes
from ledger.calibres import CalibreTable
from ledger.countries import is_country
from ledger.itemfields import MAKE_IN_TEXT
from ledger.jsontext import JsonValue
from ledger.makes import MakeTable
from ledger.serials import Condition, read_marks
from ledger.shapes import Group, Leaf, Shape
from ledger.vocabulary import FIELDS

Fields: TypeAlias = dict[str, JsonValue]

_TRUE = frozenset({"true", "yes", "y", "1", "x", "sim", "sí", "si", "oui", "да", "так", "نعم"})
_FALSE = frozenset({"false", "no", "n", "0", "nao", "não", "non", "нет", "ні", "لا"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The code tables in use: the built-in small ones, or the official lists once imported."""

    makes: MakeTable
    calibres: CalibreTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading a cell needs besides its text: the date patterns of the list and the code tables."""

    dates: Sequence[str]
    tables: Tables


def shape_of(name: str) -> Shape | None:
    """Return the shape of a field, or of a member of one (`event.price.amount`); None for an unknown name."""
    if name in FIELDS:
        return FIELDS[name]
    parent, _, member = name.rpartition(".")
    group = FIELDS.get(parent)
    if not isinstance(group, Group):
        return None
    return {**group.required, **group.optional}.get(member)


def read_cell(name: str, text: str, reading: Reading) -> Fields:
    """Return the fields that `text` gives for the field `name`; raise CellError for what cannot be read."""
    special = _SPECIAL.get(name)
    if special is not None:
        return special(text, reading)
    return {name: _by_shape(shape_of(name), text, reading)}


def place(fields: Fields, found: Mapping[str, JsonValue]) -> None:
    """Put `found` into `fields`, members of a group into their object."""
    for name, value in found.items():
        if name in FIELDS:
            fields[name] = value
            continue
        parent, _, member = name.rpartition(".")
        group = fields.setdefault(parent, {})
        if isinstance(group, dict):
            group[member] = value


def _by_shape(shape: Shape | None, text: str, reading: Reading) -> JsonValue:
    if not isinstance(shape, Leaf):
        raise CellError("this field cannot be read from a cell", "give it a fixed value in the map, or leave it out")
    if shape.codes:
        return _code(text, shape.codes)
    if shape.rule.startswith("EDTF"):
        return read_date(text, reading.dates)
    if shape.rule.startswith("integer"):
        return _integer(text)
    if shape.rule.startswith("true"):
        return _flag(text)
    if shape.rule.startswith("ISO 3166"):
        return _country(text)
    return text


def _serials(text: str, _reading: Reading) -> Fields:
    marks = read_marks(text)
    condition = marks[0].condition if marks else Condition.NOT_RECORDED
    fields: Fields = {"item.condition": condition.value}
    if marks:
        fields["item.serials"] = [dict(mark.to_json()) for mark in marks]
    return fields


def _make(text: str, reading: Reading) -> Fields:
    found = reading.tables.makes.find(text)
    if found is None or found.code == MAKE_IN_TEXT:
        return {"item.make": MAKE_IN_TEXT, "item.make_text": text}
    return {"item.make": found.code}


def _calibre(text: str, reading: Reading) -> Fields:
    found = reading.tables.calibres.find(text)
    if found is None:
        return {"item.calibre": text}
    fields: Fields = {"item.calibre": found.name}
    if found.ncic:
        fields["item.calibre_code"] = found.ncic
    return fields


def _type(text: str, _reading: Reading) -> Fields:
    found = weapontypes.find(text)
    return {"item.type_text": text} if found is None else {"item.type": found.code}


def _code(text: str, codes: Sequence[str]) -> str:
    folded = text.casefold().replace(" ", "_").replace("-", "_")
    for code in codes:
        if code.casefold() == folded or code == text:
            return code
    raise CellError(
        "not one of the codes of this field", f"use {', '.join(codes[:6])} …, or give the column a table in the map"
    )


def _integer(text: str) -> int:
    digits = text.replace(" ", "").replace(" ", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 12:
        raise CellError("not a whole number", "write digits alone")
    return int(digits)


def _flag(text: str) -> bool:
    folded = text.casefold()
    if folded not in _TRUE | _FALSE:
        raise CellError("neither yes nor no", "write yes or no")
    return folded in _TRUE


def _country(text: str) -> str:
    if is_country(text.upper()):
        return text.upper()
    try:
        return str(pycountry.countries.lookup(text).alpha_3)
    except LookupError:
        raise CellError(
            "no country has this name or code", "write the ISO 3166-1 alpha-3 code, ZZZ for unknown"
        ) from None


_SPECIAL: Mapping[str, Callable[[str, Reading], Fields]] = {
    "item.serials": _serials,
    "item.make": _make,
    "item.calibre": _calibre,
    "item.type": _type,
}
