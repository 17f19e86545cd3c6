"""What stands inside a portion, and its constant size (docs/protocol.md, 4.3)."""

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LabelError, LedgerError, MalformedError
from ledger.jsontext import JsonValue
from ledger.portions import check_place, pack, unpack
from ledger.recordform import PORTIONS, SIZES
from tests.support.records import make_disclosure

SALT = bytes(16)


def listed(*fields: tuple[str, JsonValue]) -> list[tuple[str, bytes]]:
    """Return (name, disclosure) for each field."""
    return [(name, make_disclosure(salt=SALT, name=name, value=value).encode()) for name, value in fields]


def filled(body: bytes, *, size: int = 2_048, claimed: int | None = None) -> bytes:
    """Return a plaintext with any body, any claimed length and any size."""
    return (struct.pack(">I", len(body) if claimed is None else claimed) + body).ljust(size, b"\0")


LABEL = listed(("item.label", {"level": "SECRET"}))
MAKE = listed(("item.make", "TAU"))


def body(*lists: Sequence[tuple[str, bytes]]) -> bytes:
    """Return the disclosures of several lists as they stand in a portion."""
    return b"~".join(text for one in lists for _, text in one)


@pytest.mark.parametrize("portion", PORTIONS)
@given(values=st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=60), max_size=6))
def test_every_portion_has_its_constant_size_and_is_read_back(portion: str, values: list[str]) -> None:
    """However much a portion holds, its size is the same, and all of it comes back in order."""
    fields = listed((f"{portion}.label", {}), *((f"{portion}.f{at}", value) for at, value in enumerate(values)))

    plaintext = pack(portion, fields)

    assert SIZES[portion] == len(plaintext)
    assert fields == [(one.name, one.text.encode()) for one in unpack(portion, plaintext)]


def test_the_sizes_are_the_protocols() -> None:
    """2,048 bytes for item and event, 4,096 for the case."""
    assert dict(SIZES) == {"item": 2_048, "event": 2_048, "case": 4_096}


def test_the_layout_is_length_disclosures_zeros() -> None:
    """uint32 n, then n bytes of disclosures joined by a tilde, then zeros."""
    assert filled(body(LABEL, MAKE)) == pack("item", LABEL + MAKE)


@pytest.mark.parametrize("portion", PORTIONS)
def test_a_portion_can_be_filled_to_its_last_byte(portion: str) -> None:
    """The last byte can be used, one byte more is refused with the field named."""
    label = listed((f"{portion}.label", {}))
    room = SIZES[portion] - 4 - len(label[0][1]) - 1
    exact = [(f"{portion}.note", b"A" * room)]

    assert pack(portion, label + exact)[-1:] == b"A"
    with pytest.raises(LabelError, match=rf"^{portion}\.note: no room left"):
        pack(portion, [*label, (f"{portion}.note", b"A" * (room + 1))])


def test_the_first_field_that_does_not_fit_is_named() -> None:
    """Not the largest, not the last: the one at which the room ran out."""
    fields = listed(("item.label", {}), ("item.a", "x" * 600), ("item.b", "x" * 900), ("item.c", "x" * 900))

    with pytest.raises(LabelError, match=r"^item\.b: "):
        pack("item", fields)


@pytest.mark.parametrize(
    "plaintext",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(filled(body(LABEL), size=2_047), id="a byte short"),
        pytest.param(filled(body(LABEL), size=2_049), id="a byte long"),
        pytest.param(filled(body(LABEL))[:-1] + b"\x01", id="the last byte is not zero"),
        pytest.param(filled(body(LABEL), claimed=len(body(LABEL)) - 1), id="a length that leaves a letter outside"),
        pytest.param(filled(body(LABEL), claimed=len(body(LABEL)) + 1), id="a length that takes a zero in"),
        pytest.param(filled(body(LABEL), claimed=2_045), id="a length past the end"),
        pytest.param(filled(body(LABEL), claimed=2**32 - 1), id="the largest length"),
        pytest.param(filled(b""), id="no label"),
        pytest.param(filled(body(MAKE)), id="a field and no label"),
        pytest.param(filled(body(MAKE, LABEL)), id="the label second"),
        pytest.param(filled(body(LABEL, LABEL)), id="two labels"),
        pytest.param(filled(body(LABEL) + b"~"), id="a tilde at the end"),
        pytest.param(filled(b"~" + body(LABEL)), id="a tilde at the start"),
        pytest.param(filled(body(LABEL) + b"~~" + body(MAKE)), id="two tildes"),
        pytest.param(filled(body(LABEL, MAKE, MAKE)), id="one disclosure twice"),
        pytest.param(filled(body(LABEL, listed(("event.kind", "loss")))), id="another portion's field"),
        pytest.param(filled(body(LABEL, listed(("case.note", "x")))), id="a case field in the item"),
        pytest.param(filled(body(listed(("event.label", {})))), id="another portion's label"),
        pytest.param(filled("é".encode()), id="no ASCII"),
    ],
)
def test_another_plaintext_is_refused(plaintext: bytes) -> None:
    """Size, length, zeros, order and places are all checked after opening."""
    with pytest.raises(LedgerError):
        unpack("item", plaintext)


@given(st.binary(max_size=200))
def test_arbitrary_plaintext_raises_only_our_error(raw: bytes) -> None:
    """Whatever a hostile issuer sealed, only our error comes out."""
    with pytest.raises(LedgerError):
        unpack("item", filled(raw))
    with pytest.raises(LedgerError):
        unpack("item", raw)


@pytest.mark.parametrize("name", ["item.make", "event.kind", "case.note"])
def test_the_case_may_hold_any_field(name: str) -> None:
    """A field too sensitive for its portion moves to the case under its own name."""
    check_place("case", name)


@pytest.mark.parametrize(
    ("portion", "name"),
    [("item", "event.kind"), ("event", "case.note"), ("case", "case.label"), ("case", "item.label"), ("item", "make")],
)
def test_a_field_in_a_place_it_may_not_have_is_refused(portion: str, name: str) -> None:
    """Item and event hold their own fields; a label is nobody's field."""
    with pytest.raises(MalformedError):
        check_place(portion, name)
