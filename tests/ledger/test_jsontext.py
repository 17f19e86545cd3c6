"""The one JSON spelling: what is written, and everything that is refused (docs/protocol.md, 1)."""

import json
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import jsontext
from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.jsontext import MAX_DEPTH, MAX_INTEGER, JsonValue

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\n\t"))
INTEGERS = st.integers(-MAX_INTEGER, MAX_INTEGER)
LEAVES = st.none() | st.booleans() | INTEGERS | TEXTS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=8
)


def nested(levels: int) -> JsonValue:
    """Return empty lists inside one another."""
    value: JsonValue = []
    for _ in range(levels - 1):
        value = [value]
    return value


@given(VALUES)
def test_a_value_is_read_back_as_it_was_written(value: JsonValue) -> None:
    """Whatever is written is read back equal, and is spelled as Python's json spells it."""
    raw = jsontext.dump(value)

    assert value == jsontext.load(raw)
    assert json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() == raw


@given(st.binary(max_size=80))
def test_arbitrary_bytes_raise_only_our_error_or_are_the_one_spelling(raw: bytes) -> None:
    """Bytes are either refused by our own error or are exactly what dump writes."""
    try:
        value = jsontext.load(raw)
    except LedgerError:
        return

    assert raw == jsontext.dump(value)


@given(st.text(alphabet='{}[]",:\\untf0123456789.-eE \n\t\x00\x7f\x80é', max_size=40))
def test_near_json_raises_only_our_error_or_is_the_one_spelling(text: str) -> None:
    """Text made of JSON's own characters is refused or is exactly what dump writes."""
    try:
        value = jsontext.load(text.encode())
    except LedgerError:
        return

    assert text.encode() == jsontext.dump(value)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b" 1", id="space before"),
        pytest.param(b"1\n", id="line feed after"),
        pytest.param(b'{"a": 1}', id="space inside"),
        pytest.param(b'{"a":1,"a":1}', id="duplicate member"),
        pytest.param(b'{"a":1,"a":2}', id="duplicate member, other value"),
        pytest.param(b'{"a":1,}', id="trailing comma"),
        pytest.param(b"{'a':1}", id="single quotes"),
        pytest.param(b"1.0", id="float"),
        pytest.param(b"1e3", id="exponent"),
        pytest.param(b"-0", id="minus zero"),
        pytest.param(b"01", id="leading zero"),
        pytest.param(b"+1", id="plus sign"),
        pytest.param(b"NaN", id="NaN"),
        pytest.param(b"Infinity", id="Infinity"),
        pytest.param(b"-Infinity", id="minus Infinity"),
        pytest.param(b"9007199254740992", id="2 to the 53"),
        pytest.param(b"-9007199254740992", id="minus 2 to the 53"),
        pytest.param(b"9" * 5000, id="more digits than Python converts"),
        pytest.param(b'"\\u0041"', id="an escape nobody needs"),
        pytest.param(b'"\\/"', id="escaped slash"),
        pytest.param(b'"\\r"', id="escaped carriage return"),
        pytest.param(b'"\\b"', id="escaped backspace"),
        pytest.param(b'"\\u0000"', id="escaped NUL"),
        pytest.param(b'"\\u001f"', id="escaped C0"),
        pytest.param(b'"\x00"', id="raw NUL"),
        pytest.param(b'"\n"', id="raw line feed"),
        pytest.param(b'"\x7f"', id="DEL"),
        pytest.param(b'"\xc2\x80"', id="first C1"),
        pytest.param(b'"\xc2\x9f"', id="last C1"),
        pytest.param(b'{"\xc2\x85":1}', id="C1 in a name"),
        pytest.param(b'"\\ud800"', id="lone surrogate, escaped"),
        pytest.param(b'"\xed\xa0\x80"', id="lone surrogate, raw"),
        pytest.param(b'"\\ud83d\\ude00"', id="surrogate pair, escaped"),
        pytest.param(b'"\xff"', id="not UTF-8"),
        pytest.param(b'"\xc0\x80"', id="overlong UTF-8"),
        pytest.param(b"\xef\xbb\xbf1", id="byte order mark"),
        pytest.param(b"1 2", id="two values"),
        pytest.param(b'"a', id="unfinished text"),
        pytest.param(b"[1", id="unfinished array"),
        pytest.param(b"true,", id="comma after"),
        pytest.param(b"True", id="Python's spelling"),
    ],
)
def test_another_spelling_is_refused(raw: bytes) -> None:
    """Every text that json would read but not write the same way is malformed."""
    with pytest.raises(MalformedError):
        jsontext.load(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"9007199254740991", MAX_INTEGER),
        (b"-9007199254740991", -MAX_INTEGER),
        (b'"\\"\\\\\\n\\t"', '"\\\n\t'),
        ('"\u00a0\u2028é😀"'.encode(), "\u00a0\u2028é😀"),
        (b'{"b":1,"a":[true,false,null,{}]}', {"b": 1, "a": [True, False, None, {}]}),
    ],
)
def test_the_one_spelling_is_read(raw: bytes, value: JsonValue) -> None:
    """The edges of what is allowed are read, and written the same."""
    assert value == jsontext.load(raw)
    assert raw == jsontext.dump(value)


class Number(IntEnum):
    """What json would write as a number and never read back."""

    ONE = 1


@pytest.mark.parametrize(
    "value",
    [
        pytest.param((1, 2), id="tuple"),
        pytest.param(1.0, id="float"),
        pytest.param(float("nan"), id="NaN"),
        pytest.param({1: 2}, id="a name that is a number"),
        pytest.param({None: 2}, id="a name that is null"),
        pytest.param({"a": {1: 2}}, id="a name that is a number, deeper"),
        pytest.param(Number.ONE, id="enumeration"),
        pytest.param(b"raw", id="bytes"),
        pytest.param(object(), id="object"),
        pytest.param(MAX_INTEGER + 1, id="integer too large"),
        pytest.param([-MAX_INTEGER - 1], id="integer too small"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param({"\ud800": 1}, id="lone surrogate in a name"),
        pytest.param("\x00", id="NUL"),
        pytest.param("\r", id="carriage return"),
        pytest.param("\x7f", id="DEL"),
        pytest.param("\x85", id="C1"),
        pytest.param({"a\x1f": 1}, id="control character in a name"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(value: Any) -> None:
    """A value of another type, or a text with control characters, is refused when it is written."""
    with pytest.raises(MalformedError):
        jsontext.dump(value)


def test_nesting_stops_at_eight() -> None:
    """Eight levels are written and read, nine are refused both ways."""
    assert nested(MAX_DEPTH) == jsontext.load(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(MalformedError):
        jsontext.load(b"[" * 9 + b"]" * 9)
    with pytest.raises(MalformedError):
        jsontext.dump(nested(9))
    with pytest.raises(MalformedError):
        jsontext.load(b'{"a":' * 9 + b"1" + b"}" * 9)


@pytest.mark.parametrize("levels", [100, 400, 600, 990, 30_000])
def test_a_bomb_of_brackets_exhausts_nothing(levels: int) -> None:
    """Depth that Python's parser survives but a recursive check would not is refused by our error."""
    with pytest.raises(MalformedError):
        jsontext.load(b"[" * levels + b"]" * levels)
    with pytest.raises(MalformedError):
        jsontext.load(b'{"a":' * levels + b"1" + b"}" * levels, limit=MAX_INTEGER)


def test_a_value_that_holds_itself_is_not_written() -> None:
    """A list inside itself is refused instead of running for ever."""
    value: list[JsonValue] = []
    value.append(value)

    with pytest.raises(MalformedError):
        jsontext.dump(value)


def test_a_caller_may_allow_fewer_levels() -> None:
    """What becomes part of a larger text leaves room for the levels around it."""
    assert jsontext.dump([[]], levels=2) == b"[[]]"
    with pytest.raises(MalformedError):
        jsontext.dump([[]], levels=1)


def test_a_reader_may_allow_fewer_levels() -> None:
    """A part of a larger text has the levels around it counted; brackets inside texts are none."""
    assert jsontext.load(b"[[]]", levels=2) == [[]]
    assert jsontext.load(b'["[[[[[[[[[[{{{{"]', levels=1) == ["[[[[[[[[[[{{{{"]
    assert jsontext.load(b"[[],[],[],[]]", levels=2) == [[], [], [], []]
    with pytest.raises(MalformedError):
        jsontext.load(b"[[]]", levels=1)
    with pytest.raises(MalformedError):
        jsontext.load(b'[{"a":[]}]', levels=2)


@given(TEXTS)
def test_a_text_is_read_alike_with_and_without_the_short_way(value: str) -> None:
    """A bare text is read by its bytes, the same text in a list by the parser."""
    assert [jsontext.load(jsontext.dump(value))] == jsontext.load(jsontext.dump([value]))


def test_the_limit_comes_before_the_parser() -> None:
    """A text of the limit is read; one byte more is too large, even where it is no JSON at all."""
    assert jsontext.load(b'"aa"', limit=4) == "aa"
    with pytest.raises(TooLargeError):
        jsontext.load(b'"aa"', limit=3)
    with pytest.raises(TooLargeError):
        jsontext.load(b"\xff" * (jsontext.MAX_ENTRY_BYTES + 1))


def test_a_long_hostile_text_is_refused_in_one_pass() -> None:
    """A megabyte that fails at its last character costs no backtracking."""
    with pytest.raises(MalformedError):
        jsontext.load(b'"' + b"a\\n" * 350_000 + b'\xc2\x80"', limit=2_000_000)


def test_members_are_read_by_name_and_order() -> None:
    """Exactly the members named, in their order; an optional one may be absent."""
    assert jsontext.members({"a": 1, "b": 2}, "a", "b") == (1, 2)
    assert jsontext.members({"a": 1}, "a", "b?") == (1, None)
    assert jsontext.members({"a": 1, "b": 2}, "a", "b?") == (1, 2)


def test_an_optional_member_has_one_spelling_of_absence() -> None:
    """It is left out; null says the same in other bytes. Where null is a value, the member is no optional one."""
    assert jsontext.members({"a": None}, "a") == (None,)
    with pytest.raises(MalformedError):
        jsontext.members({"a": 1, "b": None}, "a", "b?")


@pytest.mark.parametrize(
    "value", [{"b": 2, "a": 1}, {"a": 1}, {"a": 1, "b": 2, "c": 3}, {}, [], None, "a", {"a": 1, "b?": 2}]
)
def test_members_in_any_other_way_are_refused(value: JsonValue) -> None:
    """A missing, further or misplaced member is malformed, and so is what is no object."""
    with pytest.raises(MalformedError):
        jsontext.members(value, "a", "b")


@pytest.mark.parametrize("value", ["\ud800", "a\udfff", "\udc80b"])
def test_half_a_surrogate_pair_is_no_text(value: str) -> None:
    """Where another reader than ours made the value, it is refused by our own error too."""
    with pytest.raises(MalformedError, match="half a surrogate pair"):
        jsontext.text(value)


def test_a_text_is_counted_in_bytes() -> None:
    """A limit on a text is one on its UTF-8."""
    assert jsontext.text("éé", limit=4) == "éé"
    with pytest.raises(MalformedError):
        jsontext.text("ééé", limit=5)
    with pytest.raises(MalformedError):
        jsontext.text(1)


@pytest.mark.parametrize("value", [True, "1", None, 4, 0])
def test_an_integer_is_an_integer_within_its_bounds(value: JsonValue) -> None:
    """True is not 1, and bounds are kept."""
    with pytest.raises(MalformedError):
        jsontext.integer(value, low=1, high=3)


def test_integers_at_their_bounds_are_taken() -> None:
    """Both bounds belong to what is allowed."""
    assert jsontext.integer(1, low=1, high=3) == 1
    assert jsontext.integer(3, low=1, high=3) == 3


@pytest.mark.parametrize("value", [[], [1, 2, 3], {}, "ab", None])
def test_an_array_has_as_many_items_as_allowed(value: JsonValue) -> None:
    """Too few, too many, or no array at all are malformed."""
    with pytest.raises(MalformedError):
        jsontext.array(value, low=1, high=2)


def test_arrays_at_their_bounds_are_taken() -> None:
    """Both bounds belong to what is allowed."""
    assert jsontext.array([1], low=1, high=2) == [1]
    assert jsontext.array([1, 2], low=1, high=2) == [1, 2]
