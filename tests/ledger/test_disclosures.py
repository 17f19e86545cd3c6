"""One salted field: its spelling, its digest, and what no record can carry (docs/protocol.md, 4.2)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u, unb64u
from ledger import jsontext
from ledger.disclosures import Disclosure, digest, field_name, parse_disclosure, parse_disclosures
from ledger.errors import LabelError, LedgerError, MalformedError
from ledger.jsontext import JsonValue
from tests.support.records import make_disclosure
from tests.support.reference import vector_json

RAW_SALT = bytes(range(16))
SALT = b64u(RAW_SALT)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS.filter(lambda name: name != "..."), inner),
    max_leaves=5,
)

NAMES = st.from_regex(r"(item|event|case)\.[a-z][a-z0-9_]{0,63}", fullmatch=True)


def spelled(*parts: Any) -> str:
    """Return base64url of a JSON array, as an issuer of no discipline might write it."""
    return b64u(json.dumps(list(parts), ensure_ascii=False, separators=(",", ":")).encode())


@given(name=NAMES, value=VALUES)
def test_a_disclosure_is_read_back_as_it_was_made(name: str, value: JsonValue) -> None:
    """Name and value survive, and the text is the array [salt, name, value]."""
    text = make_disclosure(salt=RAW_SALT, name=name, value=value)

    assert Disclosure(text=text, name=name, value=value) == parse_disclosure(text)
    assert [SALT, name, value] == json.loads(unb64u(text))


@given(st.text(max_size=60) | st.binary(max_size=60).map(b64u))
def test_arbitrary_text_raises_only_our_error(text: str) -> None:
    """What is no disclosure is refused by our own error."""
    with pytest.raises(LedgerError):
        parse_disclosure(text)


@pytest.mark.parametrize("place", range(10))
def test_the_digests_of_rfc_9901_section_5_1_are_ours(place: int) -> None:
    """Every disclosure of the RFC's example hashes to a digest that its issuer signed."""
    vector = vector_json("crypto/rfc9901/section5.1.json")
    payload = json.loads(unb64u(vector["issuer_signed_jwt"].split(".")[1]))
    signed = {*payload["_sd"], *(item["..."] for item in payload["nationalities"])}

    assert len(vector["disclosures"]) == 10
    assert b64u(digest(vector["disclosures"][place])) in signed


def test_the_digest_of_rfc_9901_section_4_2_3_is_ours() -> None:
    """The RFC's own worked digest, typed in, so that a bare checkout proves it too."""
    disclosure = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"

    assert b64u(digest(disclosure)) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(spelled(SALT, "item.make"), id="no value"),
        pytest.param(spelled(SALT, "item.make", "TAU", 1), id="four parts"),
        pytest.param(spelled(SALT[:-2], "item.make", "TAU"), id="a shorter salt"),
        pytest.param(spelled(SALT + "AA", "item.make", "TAU"), id="a longer salt"),
        pytest.param(spelled(SALT[:-1] + "x", "item.make", "TAU"), id="stray bits in the salt"),
        pytest.param(spelled(1, "item.make", "TAU"), id="a salt that is no text"),
        pytest.param(spelled(SALT, "make", "TAU"), id="a name without its portion"),
        pytest.param(spelled(SALT, "other.make", "TAU"), id="another portion"),
        pytest.param(spelled(SALT, "item.", "TAU"), id="no name"),
        pytest.param(spelled(SALT, "item.Make", "TAU"), id="a capital in a name"),
        pytest.param(spelled(SALT, "item.make\u202e", "TAU"), id="a name that turns the line around"),
        pytest.param(spelled(SALT, "item." + "a" * 65, "TAU"), id="a name that is too long"),
        pytest.param(spelled(SALT, 1, "TAU"), id="a name that is no text"),
        pytest.param(spelled(SALT, "_sd", ["x"]), id="the name _sd"),
        pytest.param(spelled(SALT, "item.make", 1.5), id="a float"),
        pytest.param(spelled(SALT, "item.make", {"_sd": ["x"]}), id="a member _sd"),
        pytest.param(spelled(SALT, "item.make", [{"...": "x"}]), id="a member ..."),
        pytest.param(spelled(SALT, "item.make", {"a": 1, "_sd": 2}), id="a member _sd in second place"),
        pytest.param(spelled(SALT, "item.make", "x" * 5_000), id="longer than any portion"),
        pytest.param(b64u(b'{"a":1}'), id="no array"),
        pytest.param(spelled(SALT, "item.make", "TAU") + "=", id="padding"),
        pytest.param("", id="nothing"),
    ],
)
def test_another_disclosure_is_refused(text: str) -> None:
    """Salt, name, value and spelling are exact; a value cannot ask a verifier to look for digests inside it."""
    with pytest.raises(LedgerError):
        parse_disclosure(text)


def test_json_with_spaces_is_refused() -> None:
    """The RFC allows any spelling of the array; a record has one."""
    with pytest.raises(MalformedError):
        parse_disclosure(b64u(f'["{SALT}", "item.make", "TAU"]'.encode()))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"_sd": []}, id="_sd"),
        pytest.param([{"...": "x"}], id="..."),
        pytest.param({"a": {"b": 1, "...": 2}}, id="deeper"),
        pytest.param(1.5, id="float"),
        pytest.param("a\x00b", id="control character"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param(2**53, id="integer out of bounds"),
        pytest.param([[[[[[[[]]]]]]]], id="nested eight deep, nine with the disclosure itself"),
    ],
)
def test_a_value_no_record_can_carry_is_refused_with_the_field_named(value: Any) -> None:
    """The error names the field and the rule and never quotes the value."""
    with pytest.raises(LabelError, match=r"^case\.note: ") as refused:
        make_disclosure(salt=RAW_SALT, name="case.note", value=value)

    assert str(value) not in str(refused.value)


@pytest.mark.parametrize("value", ['{"_sd":1}', ['x,"_sd":', "..."], {"x_sd": 1, "a_sd": 2, "....": 3}, '"...":'])
def test_words_that_only_look_like_reserved_members_are_carried(value: JsonValue) -> None:
    """Reserved are members' names, not texts that quote them."""
    assert parse_disclosure(make_disclosure(salt=RAW_SALT, name="case.note", value=value)).value == value


def test_seven_levels_of_value_fit() -> None:
    """The deepest value that is sealed is also opened."""
    value: JsonValue = [[[[[[[]]]]]]]

    assert parse_disclosure(make_disclosure(salt=RAW_SALT, name="case.note", value=value)).value == value


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param('["%s","item.make",[[[[[[[[]]]]]]]]]', id="a value of eight levels"),
        pytest.param('["%s","item.make","a","b"]', id="two values"),
        pytest.param('["%s","item.make",]', id="an empty value"),
        pytest.param('["%s","item.make","a"],[]', id="something behind"),
        pytest.param('["%s","item.make","a"] ', id="a space behind"),
        pytest.param('["%s","item.make","a]', id="an unfinished text"),
        pytest.param('["%s","item.make",{"a":1,"a":1}]', id="a member twice"),
        pytest.param('["%s","item.make","\u0085"]', id="a control character"),
        pytest.param('["%s","item.make\\n","a"]', id="an escape in the name"),
    ],
)
def test_what_stands_beside_salt_and_name_is_one_value(raw: str) -> None:
    """The pattern leaves the value to the one parser, and the parser takes one value and nothing else."""
    with pytest.raises(MalformedError):
        parse_disclosure(b64u((raw % SALT).encode()))


@pytest.mark.parametrize("value", [b'"\xff"', b'"\xc3"', b'"\xed\xa0\x80"', b'"\xc0\x80"'])
def test_a_bare_text_that_is_no_utf_8_is_refused(value: bytes) -> None:
    """A text without escapes is read by the pattern alone, and is as strict about its characters as the parser."""
    with pytest.raises(MalformedError):
        parse_disclosure(b64u(b'["%b","item.make",%b]' % (SALT.encode(), value)))


@given(value=st.text())
def test_a_bare_text_is_read_as_the_parser_reads_it(value: str) -> None:
    """By the pattern or by the parser: the same value, or refused by both."""
    spelled = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    raw = b'["%b","item.make",%b]' % (SALT.encode(), spelled)
    try:
        expected = jsontext.load(spelled)
    except LedgerError:
        with pytest.raises(LedgerError):
            parse_disclosure(b64u(raw))
    else:
        assert expected == parse_disclosure(b64u(raw)).value


def test_two_disclosures_of_one_name_are_refused() -> None:
    """A name stands once, even with one value and two salts."""
    first = make_disclosure(salt=RAW_SALT, name="item.make", value="TAU")
    second = make_disclosure(salt=bytes(16), name="item.make", value="TAU")

    with pytest.raises(MalformedError):
        parse_disclosures([first, second])


def test_the_member_order_of_a_value_is_free() -> None:
    """Inside a value, members may stand in any order and come back in it."""
    values: tuple[dict[str, JsonValue], ...] = ({"a": 1, "b": 2}, {"b": 2, "a": 1})
    for value in values:
        found = parse_disclosure(make_disclosure(salt=RAW_SALT, name="item.note", value=value)).value

        assert json.dumps(value) == json.dumps(found)


def test_a_disclosure_does_not_show_its_value_by_accident() -> None:
    """The repr, which ends in logs, holds no value."""
    one = parse_disclosure(make_disclosure(salt=RAW_SALT, name="item.make", value="canary"))

    assert "canary" not in repr(one)
    assert one.text not in repr(one)


@pytest.mark.parametrize("name", ["item.make", "case.note_2", "event.a", "item." + "a" * 64])
def test_a_field_name_is_taken_as_it_is(name: str) -> None:
    """A name of the form is a field's name, known or not."""
    assert name == field_name(name)


def test_a_disclosure_shows_neither_text_nor_value_when_printed() -> None:
    """A traceback or a log that prints one tells the field's name, and nothing of what was sealed."""
    shown = repr(parse_disclosure(make_disclosure(salt=RAW_SALT, name="item.make", value="TAURUS")))

    assert shown == "Disclosure(name='item.make')"


@pytest.mark.parametrize(
    "value", ['{"level": "SECRET"}', '{"level":"SECRET","level":"SECRET"}', "1,2", "", "[", "[1],[2]", '{"_sd":[]}']
)
def test_a_label_in_another_spelling_is_refused_however_often_it_comes(value: str) -> None:
    """That a label's spelling was found good is remembered, that one was found bad is not turned into good."""
    text = b64u(f'["{SALT}","item.label",{value}]'.encode())

    for _ in range(2):
        with pytest.raises(LedgerError):
            parse_disclosure(text)


@given(value=VALUES)
def test_a_label_is_read_like_any_field(value: JsonValue) -> None:
    """The way by which labels are read faster takes what the other takes, the first time and the second."""
    label = make_disclosure(salt=RAW_SALT, name="item.label", value=value)

    assert [parse_disclosure(label).value for _ in range(2)] == [value, value]


def test_two_readings_of_a_label_share_nothing() -> None:
    """Whoever changes what it read changes it for nobody else."""
    text = make_disclosure(salt=RAW_SALT, name="item.label", value={"rel": ["xbe-cib"]})
    first, second = parse_disclosure(text).value, parse_disclosure(text).value
    assert isinstance(first, dict)
    first["rel"] = []

    assert second == {"rel": ["xbe-cib"]}
