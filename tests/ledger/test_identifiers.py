"""Names in the log have one spelling each (docs/protocol.md, Notation and 2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u
from ledger.errors import LedgerError, MalformedError
from ledger.identifiers import (
    KeyId,
    StatementName,
    agency_id,
    draw_jti,
    hash_of,
    jti_of,
    key_id,
    origin_name,
    statement_name,
)

AGENCIES = st.from_regex(r"[a-z]{3}-[a-z0-9]{2,24}", fullmatch=True)


@given(AGENCIES)
def test_an_agency_id_is_taken_as_it_is(text: str) -> None:
    """Every text of the form is an agency id."""
    assert text == agency_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "xar",
        "xar-",
        "xar-a",
        "xa-arms",
        "xarx-arms",
        "XAR-arms",
        "xar-Arms",
        "xar_arms",
        "xar-arms ",
        "xar-arms\n",
        "xar-" + "a" * 25,
        "xar-arms-",
        "xar-àrms",
        "xar-٣٣",
        None,
        1,
        b"xar-arms",
        ["xar-arms"],
    ],
)
def test_what_is_no_agency_id_is_refused(text: object) -> None:
    """Other letters, lengths, digits of other scripts and other types are malformed."""
    with pytest.raises(MalformedError):
        agency_id(text)


@given(agency=AGENCIES | st.just("log"), number=st.integers(1, 9_999_999))
def test_a_key_id_is_read_back_as_it_is_written(agency: str, number: int) -> None:
    """A key id of an agency or of the log survives the round trip."""
    kid = KeyId(agency, number)

    assert kid == key_id(str(kid))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "xar-arms",
        "xar-arms#",
        "xar-arms#0",
        "xar-arms#01",
        "xar-arms#+1",
        "xar-arms#1_0",
        "xar-arms#٣",
        "#1",
        "lo#1",
        "xar-arms#10000000",
        "xar-arms#1#1",
        "xar-arms #1",
        "log#",
        "LOG#1",
        None,
        4,
    ],
)
def test_what_is_no_key_id_is_refused(text: object) -> None:
    """A number with another spelling, or no agency, is malformed."""
    with pytest.raises(MalformedError):
        key_id(text)


@given(iss=AGENCIES, jti=st.binary(min_size=16, max_size=16))
def test_a_statement_name_is_read_back_as_it_is_shown(iss: str, jti: bytes) -> None:
    """iss/jti survives the round trip."""
    name = StatementName(iss, jti)

    assert name == statement_name(str(name))


@given(st.text(max_size=40))
def test_arbitrary_text_as_a_statement_name_raises_only_our_error(text: str) -> None:
    """A name typed by a person is refused by our own error."""
    with pytest.raises(LedgerError):
        statement_name(text)


@given(st.binary(min_size=32, max_size=32))
def test_a_hash_is_read_back_as_it_is_written(raw: bytes) -> None:
    """32 bytes survive base64url."""
    assert raw == hash_of(b64u(raw))


@pytest.mark.parametrize("size", [0, 15, 17, 31, 33])
def test_a_hash_or_id_of_another_length_is_refused(size: int) -> None:
    """32 bytes are a hash and 16 an id, nothing else."""
    with pytest.raises(MalformedError):
        hash_of(b64u(bytes(size)))
    with pytest.raises(MalformedError):
        jti_of(b64u(bytes(size)))


@pytest.mark.parametrize("text", ["A" * 42 + "B", "A" * 43 + "=", "A" * 42 + " ", None, 7, "é" * 43])
def test_another_spelling_of_a_hash_is_refused(text: object) -> None:
    """Stray bits, padding, spaces and what is no text are malformed."""
    with pytest.raises(MalformedError):
        hash_of(text)


def test_an_id_is_never_drawn_twice() -> None:
    """Drawn ids have 16 bytes and differ."""
    drawn = {draw_jti() for _ in range(200)}

    assert len(drawn) == 200
    assert {len(one) for one in drawn} == {16}


@pytest.mark.parametrize("text", ["log.example.org/weapons", "127.0.0.1:8470/log", "a", "~x_-" * 60])
def test_an_origin_is_taken_as_it_is(text: str) -> None:
    """A schema-less URL names a log."""
    assert text == origin_name(text)


@pytest.mark.parametrize("text", ["", "a b", "a+b", "a\n", "a\u2003b", "é", "a" * 256, '"', "a\\b", None, 5])
def test_what_cannot_stand_in_a_note_names_no_log(text: object) -> None:
    """Spaces of any script, plus, control characters and quotes are refused."""
    with pytest.raises(MalformedError):
        origin_name(text)
