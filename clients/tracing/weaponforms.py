"""What identifies a weapon among the records one may read: the forms that its tokens would be made from."""

from collections.abc import Iterator

from clients.lists.values import Reading, Tables, read_cell
from ledger.forms import Form, weapon_forms
from ledger.serials import Condition, number_of
from ledger.sightings import Fields
from ledger.weapontypes import by_code, find


def forms_of(fields: Fields, tables: Tables) -> frozenset[Form]:
    """Return the forms of every mark of a record's item; none where the item is withheld or bears no telling number."""
    group, family, type_class = _group(fields, tables), _family(fields, tables), _type_class(fields)
    found = [
        weapon_forms(number, condition=condition, make_group=group, calibre_family=family, type_class=type_class)
        for number, condition in _marks(fields)
    ]
    return frozenset(form for forms in found for form in forms)


def described(*, make: str, serial: str, tables: Tables) -> Fields:
    """Return the item fields that a make and a number come to when a list is read."""
    reading = Reading(dates=(), tables=tables)
    return {**read_cell("item.make", make, reading), **read_cell("item.serials", serial, reading)}


def _marks(fields: Fields) -> Iterator[tuple[str, Condition]]:
    serials = fields.get("item.serials")
    for one in serials if isinstance(serials, list) else []:
        if isinstance(one, dict) and isinstance(one.get("as_marked"), str):
            yield number_of(str(one["as_marked"])), Condition(one.get("condition", Condition.NOT_RECORDED.value))


def _group(fields: Fields, tables: Tables) -> str | None:
    code, text = fields.get("item.make"), fields.get("item.make_text")
    return tables.makes.group_of(code=code, text=str(text or "")) if isinstance(code, str) else None


def _family(fields: Fields, tables: Tables) -> str | None:
    text = fields.get("item.calibre")
    found = tables.calibres.find(text) if isinstance(text, str) else None
    return found.family if found else None


def _type_class(fields: Fields) -> str | None:
    code, text = fields.get("item.type"), fields.get("item.type_text")
    found = by_code(code) if isinstance(code, str) else find(text) if isinstance(text, str) else None
    return found.type_class.value if found else None
