"""Capacity: what the preview says fits is exactly what sealing packs."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.capacity import disclosure_bytes, free_bytes
from ledger.disclosures import spell_value
from ledger.errors import LabelError
from ledger.jsontext import JsonValue
from ledger.labels import Label, Level, Purpose
from ledger.portions import pack
from ledger.recordform import SIZES
from tests.support.fields import PARTNERS, PISTOL, label
from tests.support.records import make_disclosure

SALT = bytes(16)
LABEL = label(Level.RESTRICTED, *PARTNERS).to_json()
SPELLED = spell_value("label", LABEL)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=300)


def _disclosures(portion: str, fields: dict[str, JsonValue]) -> list[tuple[str, bytes]]:
    named: dict[str, JsonValue] = {f"{portion}.label": LABEL, **fields}
    return [(name, make_disclosure(salt=SALT, name=name, value=value).encode()) for name, value in named.items()]


def _refusal(act: Callable[[], object]) -> str | None:
    try:
        act()
    except LabelError as error:
        return str(error)
    return None


@given(TEXTS | st.booleans() | st.integers(0, 2**53 - 1) | st.lists(TEXTS, max_size=3))
def test_a_disclosures_length_is_known_without_its_salt(value: JsonValue) -> None:
    """The length counted is the length of the disclosure that sealing makes."""
    made = make_disclosure(salt=SALT, name="item.description", value=value)

    assert len(made) == disclosure_bytes("item.description", value)


@given(st.dictionaries(st.sampled_from([f"case.f{number}" for number in range(9)]), TEXTS))
def test_what_fits_is_what_packs(fields: dict[str, JsonValue]) -> None:
    """Preview and sealing agree to the byte on whether a portion's fields fit, and on which field does not."""
    for portion in ("item", "case"):
        packed = _refusal(lambda name=portion: pack(name, _disclosures(name, fields)))
        counted = _refusal(lambda name=portion: free_bytes(name, label=SPELLED, fields=fields))

        assert packed == counted


def test_free_bytes_are_exactly_what_stays_free() -> None:
    """A field that fills the portion to the last byte fits, and one byte more does not."""
    fields = {name: value for name, value in PISTOL.items() if name.startswith("item.")}
    free = free_bytes("item", label=SPELLED, fields=fields)
    room = max(size for size in range(free) if disclosure_bytes("item.description", "x" * size) + 1 <= free)

    assert free_bytes("item", label=SPELLED, fields=fields | {"item.description": "x" * room}) in range(4)
    with pytest.raises(LabelError) as refusal:
        free_bytes("item", label=SPELLED, fields=fields | {"item.description": "x" * (room + 4)})
    assert str(refusal.value).startswith("item.description: no room left")


def test_an_ordinary_record_leaves_half_of_each_portion_free() -> None:
    """The limits of texts are such that a usual record fits with room to spare."""
    for portion, size in SIZES.items():
        fields = {name: value for name, value in PISTOL.items() if name.startswith(portion)}

        assert free_bytes(portion, label=SPELLED, fields=fields) > size / 3


def test_a_label_that_is_too_much_is_named() -> None:
    """A label with every reader and caveat at its longest is refused by name, not with a negative rest."""
    longest = Label(
        level=Level.CONFIDENTIAL,
        rel=tuple(f"xaa-{'a' * 22}{number:02}" for number in range(20)),
        purp=frozenset(Purpose),
        cav=tuple(f"H3:{number}{'x' * 118}" for number in range(8)),
    )

    with pytest.raises(LabelError) as refusal:
        free_bytes("item", label=spell_value("label", longest.to_json()), fields={})
    assert str(refusal.value).startswith("item.label: ")


def test_a_lone_surrogate_is_counted_not_choked_on() -> None:
    """A text that JSON cannot carry is refused elsewhere; counting it raises nothing foreign."""
    assert disclosure_bytes("item.model", "\ud800") == disclosure_bytes("item.model", "€")
