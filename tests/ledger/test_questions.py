"""Questions: one weapon, one spelling, no more (docs/protocol.md, 6.7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.digests import sha256
from crypto.encoding import b64u
from ledger import jsontext
from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.questions import (
    BEFORE_ALL,
    CLASSES,
    AskedToken,
    Asking,
    Question,
    build_question,
    draw_purpose,
    parse_question,
    question_hash,
)

RECORD = bytes(16)
TOKENS = st.builds(AskedToken, ep=st.just(3), c=st.sampled_from(CLASSES), t=st.binary(min_size=16, max_size=16))


def asked(*tokens: AskedToken, **changes: object) -> bytes:
    """Return a question for some tokens, T0 of epoch 1 if none are given."""
    parts: dict[str, object] = {
        "held": 9,
        "asking": Asking.LOOKUP,
        "purpose": bytes(32),
        "tokens": tokens or (AskedToken(ep=1, c="T0", t=bytes(16)),),
    }
    return build_question(**{**parts, **changes})  # type: ignore[arg-type]  # members by name


def changed(body: bytes, **members: jsontext.JsonValue) -> bytes:
    """Return a question with some members changed, in the same order."""
    value = jsontext.load(body)
    if not isinstance(value, dict):
        raise TypeError("not a question")
    return jsontext.dump({**value, **members})


@given(
    tokens=st.lists(TOKENS, min_size=1, max_size=8, unique_by=lambda token: (token.c, token.t[0] % 2)),
    after=st.integers(min_value=BEFORE_ALL, max_value=2**40),
    asking=st.sampled_from([Asking.LOOKUP, Asking.WATCH]),
)
def test_a_question_reads_as_it_was_built(tokens: list[AskedToken], after: int, asking: Asking) -> None:
    """What is built is read back, its tokens in order whatever order they were given in."""
    body = asked(*tokens, after=after, asking=asking)

    assert parse_question(body) == Question(
        held=9, asking=asking, own=None, purpose=bytes(32), after=after, tokens=tuple(sorted(set(tokens)))
    )


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused(body: bytes) -> None:
    """Whatever is sent, only an error of ours comes out."""
    with pytest.raises(LedgerError):
        parse_question(body)


def test_two_equal_questions_differ() -> None:
    """A question asked twice has two hashes: nobody can look a question up by its hash."""
    assert question_hash(asked()) != question_hash(asked())


def test_the_hash_is_over_the_body() -> None:
    """The name of a question is H(body), as docs/protocol.md, 6.7 says."""
    body = asked()

    assert question_hash(body) == sha256(body)


def test_only_a_question_about_ones_own_names_a_record() -> None:
    """`own` stands exactly where `for` is own, so that a charge cannot be chosen."""
    with pytest.raises(MalformedError, match="record of its own"):
        asked(own=RECORD)
    with pytest.raises(MalformedError, match="record of its own"):
        asked(asking=Asking.OWN)

    assert parse_question(asked(asking=Asking.OWN, own=RECORD)).own == RECORD


def test_enumeration_by_many_marks() -> None:
    """A question that costs one weapon asks for no three."""
    three = [AskedToken(ep=1, c="T0", t=bytes([number]) * 16) for number in range(3)]

    with pytest.raises(MalformedError, match="one weapon"):
        asked(*three)


def test_a_question_spans_two_epochs_and_no_third() -> None:
    """Old and new slips stand beside each other, never three generations."""
    tokens = [AskedToken(ep=ep, c="T0", t=bytes(16)) for ep in (1, 2, 3)]

    assert len(parse_question(asked(*tokens[:2])).tokens) == 2
    with pytest.raises(MalformedError, match="two token epochs"):
        asked(*tokens)


@pytest.mark.parametrize(
    "members",
    [
        {"s": b64u(bytes(31))},
        {"m": 0},
        {"m": True},
        {"for": "enumeration"},
        {"own": b64u(bytes(15))},
        {"p": None},
        {"after": -2},
        {"tok": []},
        {"tok": [{"c": "T0", "ep": 1, "t": b64u(bytes(16))}] * 2},
        {"tok": [{"c": "T0", "ep": 1, "t": b64u(bytes([2]) * 16)}, {"c": "T0", "ep": 1, "t": b64u(bytes(16))}]},
        {"tok": [{"c": "T4", "ep": 1, "t": b64u(bytes(16))}]},
        {"tok": [{"c": "T0", "ep": 0, "t": b64u(bytes(16))}]},
        {"tok": [{"c": "T0", "ep": 1, "t": b64u(bytes(17))}]},
        {"tok": [{"c": "T0", "ep": 1, "t": 5}]},
        {"tok": [{"ep": 1, "c": "T0", "t": b64u(bytes(16))}]},
        {"more": 1},
    ],
)
def test_other_forms_are_refused(members: dict[str, jsontext.JsonValue]) -> None:
    """A value outside its bounds, a token twice or out of order, an unknown member: each is refused."""
    with pytest.raises(MalformedError):
        parse_question(changed(asked(), **members))


def test_an_oversized_question_is_refused_unread() -> None:
    """The limit comes before the parser."""
    with pytest.raises(TooLargeError):
        parse_question(b" " * 2_049)


def test_a_token_of_the_wrong_length_is_not_even_built() -> None:
    """The builder reads what it wrote: nothing leaves that the service would refuse."""
    with pytest.raises(MalformedError):
        asked(AskedToken(ep=1, c="T0", t=b"short"))


def test_a_purpose_is_committed_to_under_a_salt() -> None:
    """Equal purposes cannot be told apart or together by their commitments."""
    first, second = draw_purpose("case 7"), draw_purpose("case 7")

    assert first.commitment == sha256(first.salt + b"case 7")
    assert first.commitment != second.commitment
    assert "case 7" not in repr(first)


def test_tokens_are_in_no_representation() -> None:
    """A token that is printed by mistake shows nothing of itself."""
    assert "\\xab" not in repr(parse_question(asked(AskedToken(ep=1, c="T0", t=b"\xab" * 16))))
