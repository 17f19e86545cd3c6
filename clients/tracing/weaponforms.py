"""What identifies a weapon among the records one may read: the forms that its tokens are made from, by the same rules.

So a trace joins what a blind match would have found, and nothing else.
"""

from clients.lists.values import Reading, Tables, read_cell
from ledger.forms import Form
from ledger.sightings import Fields
from ledger.tokens import inputs_of


def forms_of(fields: Fields, tables: Tables) -> frozenset[Form]:
    """Return the forms of a record's item; none where the item is withheld or bears no telling number."""
    rows = inputs_of(fields, makes=tables.makes, calibres=tables.calibres)
    return frozenset(form for row in rows for form in row if form is not None)


def described(*, make: str, serial: str, tables: Tables) -> Fields:
    """Return the item fields that a firearm's make and number come to when a list is read."""
    reading = Reading(dates=(), tables=tables)
    described = {**read_cell("item.make", make, reading), **read_cell("item.serials", serial, reading)}
    return {"item.kind": "small_arm", **described}
