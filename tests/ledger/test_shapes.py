"""Shapes: what a value may look like, and that a refusal names place and rule but never the value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LabelError
from ledger.jsontext import JsonValue
from ledger.shapes import (
    Group,
    Leaf,
    Many,
    Shape,
    check,
    code,
    country,
    edtf,
    flag,
    instant,
    integer,
    locode,
    mgrs,
    pattern,
    postal_item,
    sha256,
    text,
)
from tests.support.fields import json_values

MARK = Group(required={"as_marked": text(8)}, optional={"where": code("frame", "slide")})
LEAVES: list[Leaf] = [
    text(8),
    code("a", "b"),
    pattern(r"[0-9]{2}", "two digits"),
    integer(1, 9),
    flag(),
    country(),
    locode(),
    mgrs(finest_metres=1_000),
    edtf(),
    instant(),
    sha256(),
    postal_item(),
]


def _fits(shape: Shape, value: JsonValue) -> bool:
    try:
        check(shape, value, where="item.x")
    except LabelError:
        return False
    return True


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (text(8), "x"),
        (text(8), "éééé"),
        (text(8), " a\n\tb "),
        (code("a", "b"), "b"),
        (pattern(r"[0-9]{2}", "two digits"), "07"),
        (integer(1, 9), 1),
        (integer(1, 9), 9),
        (flag(), False),
        (country(), "SUN"),
        (locode(), "BRRIO"),
        (mgrs(finest_metres=1_000), "23KPQ87"),
        (mgrs(finest_metres=1_000), "4QFJ1234"),
        (mgrs(finest_metres=1), "23KPQ8765412345"),
        (edtf(), "2021-03~"),
        (instant(), "2021-03-14T22:05Z"),
        (sha256(), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"),
        (postal_item(), "RR473124829XA"),
        (Many(item=text(8), high=2), ["a", "b"]),
        (MARK, {"as_marked": "A1"}),
        (MARK, {"where": "slide", "as_marked": "A1"}),
        (Group(optional={"a": flag()}), {"a": True}),
    ],
)
def test_a_value_of_the_shape_passes(shape: Shape, value: JsonValue) -> None:
    """What the table allows is taken."""
    assert _fits(shape, value)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (text(8), ""),
        (text(8), " \n"),
        (text(8), "ééééé"),
        (text(8), "a\x00"),
        (text(8), "a\r"),
        (text(8), "a\x7f"),
        (text(8), "a\x85"),
        (text(8), "a\ud800"),
        (text(8), 7),
        (code("a", "b"), "c"),
        (code("a", "b"), ["a"]),
        (pattern(r"[0-9]{2}", "two digits"), "07\n"),
        (pattern(r"[0-9]{2}", "two digits"), 17),
        (integer(1, 9), 0),
        (integer(1, 9), 10),
        (integer(1, 9), True),
        (integer(1, 9), "1"),
        (flag(), 1),
        (flag(), "true"),
        (country(), "br"),
        (country(), None),
        (locode(), "BR RIO"),
        (locode(), 5),
        (mgrs(finest_metres=1_000), "23KPQ"),
        (mgrs(finest_metres=1_000), "23KPQ876"),
        (mgrs(finest_metres=1_000), "23KPQ876543"),
        (mgrs(finest_metres=1), "23KPQ876541234567"),
        (mgrs(finest_metres=1), "61KPQ87"),
        (mgrs(finest_metres=1), "04QFJ12"),
        (mgrs(finest_metres=1), "23IPQ87"),
        (mgrs(finest_metres=1), 23),
        (edtf(), "14.03.2021"),
        (instant(), "2021-03-14"),
        (sha256(), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV"),
        (sha256(), "ab"),
        (postal_item(), "RR473124820XA"),
        (postal_item(), "RR47312482XA"),
        (postal_item(), None),
        (Many(item=text(8), high=2), []),
        (Many(item=text(8), high=2), ["a", "b", "c"]),
        (Many(item=text(8), high=2), ["a", 1]),
        (Many(item=text(8), high=2), "ab"),
        (MARK, {}),
        (MARK, {"where": "slide"}),
        (MARK, {"as_marked": "A1", "note": "x"}),
        (MARK, {"as_marked": "A1", "where": "stock"}),
        (MARK, ["as_marked"]),
        (Group(optional={"a": flag()}), {}),
    ],
)
def test_a_value_of_another_shape_is_refused(shape: Shape, value: JsonValue) -> None:
    """What the table does not allow is refused."""
    assert not _fits(shape, value)


@pytest.mark.parametrize(
    ("item", "digit"), [("00000000", "5"), ("00000010", "2"), ("47312482", "9"), ("00000008", "0")]
)
def test_the_check_digit_of_a_postal_item_is_upus(item: str, digit: str) -> None:
    """S10 weights 8 6 4 2 3 5 9 7, modulo 11; a remainder of 10 is written 0 and one of 11 is written 5."""
    right = [one for one in "0123456789" if _fits(postal_item(), f"EE{item}{one}XA")]

    assert [digit] == right


@given(st.sampled_from(LEAVES), json_values())
def test_no_value_makes_a_shape_fail_otherwise(shape: Leaf, value: JsonValue) -> None:
    """Any JSON value fits or is refused with LabelError; no shape trips over a type it did not expect."""
    assert _fits(shape, value) in {True, False}
    assert _fits(Many(item=shape, high=3), [value]) == _fits(shape, value)
    assert _fits(Group(optional={"a": shape}), {"a": value}) == _fits(shape, value)


def test_a_refusal_names_place_and_rule() -> None:
    """The person learns which member of which entry of the list, and what was expected."""
    marks: list[JsonValue] = [{"as_marked": "A1"}, {"as_marked": "A2", "where": "stock"}]

    with pytest.raises(LabelError) as refusal:
        check(Many(item=MARK, high=4), marks, where="item.serials")

    assert str(refusal.value) == "item.serials[1].where: expected one of frame, slide"


def test_a_refusal_never_quotes_the_value() -> None:
    """A serial number or name that is refused does not end up in a log."""
    for shape in LEAVES:
        with pytest.raises(LabelError) as refusal:
            check(shape, "NIGHTJAR\x00", where="item.x")

        assert "NIGHTJAR" not in str(refusal.value)


def test_shapes_say_their_rule() -> None:
    """The documentation and a refusal use the same words."""
    assert MARK.rule == "object {as_marked: text of at most 8 bytes; where?: one of frame, slide}"
    assert Many(item=flag(), high=3).rule == "list of 1 to 3: true or false"
    assert integer(1, 1_000).rule == "integer from 1 to 1,000"


def test_a_shape_of_an_unknown_kind_stops_the_program() -> None:
    """A new kind of shape is decided about before it lets a value through."""
    with pytest.raises(AssertionError):
        check("text", "x", where="item.x")  # type: ignore[arg-type]  # the mistake
