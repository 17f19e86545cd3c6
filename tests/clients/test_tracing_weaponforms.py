"""What joins the records of a trace: exactly what a token is made from."""

import pytest

from clients.lists.values import Tables
from clients.tracing.weaponforms import described, forms_of
from ledger import calibres, makes
from ledger.forms import TokenClass
from ledger.jsontext import JsonValue
from ledger.tokens import inputs_of

TABLES = Tables(makes=makes.BUILT_IN, calibres=calibres.BUILT_IN)
SERIALS: list[JsonValue] = [{"as_marked": "KD 4480571", "condition": "legible"}]


@pytest.mark.parametrize(
    "fields",
    [
        {"item.kind": "small_arm", "item.make": "ZZZ", "item.make_text": "Taurus", "item.serials": SERIALS},
        {"item.kind": "vehicle", "item.serials": [{"as_marked": "1M8GDM9AXKP042788", "condition": "legible"}]},
        {"item.kind": "uas", "item.make": "ZZZ", "item.make_text": "Taurus", "item.serials": SERIALS},
        {"item.kind": "explosive", "item.make": "ZZZ", "item.make_text": "Taurus", "item.lot": "lot KD-4480"},
    ],
    ids=["weapon", "vehicle", "drone", "explosive"],
)
def test_a_trace_joins_by_what_a_match_would_ask_for(fields: dict[str, JsonValue]) -> None:
    """Whatever the item is, the forms are those of its tokens: two rules would one day say two things."""
    rows = inputs_of(fields, makes=TABLES.makes, calibres=TABLES.calibres)

    assert forms_of(fields, TABLES) == {form for row in rows for form in row if form is not None}
    assert TokenClass.T0 in {form.token_class for form in forms_of(fields, TABLES)}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"item.kind": "small_arm"},
        {"item.kind": "small_arm", "item.serials": "no list"},
        {"item.kind": "small_arm", "item.serials": [{"as_marked": "KD 4480571", "condition": "polished"}]},
        {"item.kind": "small_arm", "item.serials": [{"as_marked": 7}, "text", {"as_marked": "obliterated"}]},
    ],
)
def test_what_bears_no_telling_number_joins_nothing(fields: dict[str, JsonValue]) -> None:
    """A withheld item, a wording, and forms of fields that another agency's program wrote differently: no form, no error."""
    assert forms_of(fields, TABLES) == frozenset()


def test_what_is_typed_meets_what_was_listed() -> None:
    """A make and number on the command line come to the forms of the same weapon in a list."""
    listed = {"item.kind": "small_arm", "item.make": "ZZZ", "item.make_text": "TAURUS", "item.serials": SERIALS}
    typed = forms_of(described(make="Taurus", serial="kd4480571", tables=TABLES), TABLES)

    assert typed & forms_of(listed, TABLES)
