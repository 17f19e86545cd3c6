"""Match slips: what the matching service alone sees (docs/protocol.md, 6)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u, unb64u
from ledger import jsontext
from ledger.errors import LabelError, LedgerError, MalformedError, TooLargeError
from ledger.slips import TOKENS, Hit, Slip, SlipDraft, build_slip, parse_hit_policy, parse_slip

JTI = bytes(range(16))
TOKEN = st.binary(min_size=16, max_size=16)
GIVEN = st.lists(st.none() | TOKEN, min_size=TOKENS, max_size=TOKENS).map(tuple)
OFF = SlipDraft(hit=Hit.OFF)
RAW = build_slip(SlipDraft(hit=Hit.SILENT, token_epoch=7), of=JTI)


@given(hit=st.sampled_from([Hit.OPEN, Hit.SILENT]), epoch=st.integers(1, 2**53 - 1), tokens=GIVEN, jti=TOKEN)
def test_a_slip_is_read_back_as_it_was_drafted(
    hit: Hit, epoch: int, tokens: tuple[bytes | None, ...], jti: bytes
) -> None:
    """HitPolicy, epoch, record and the tokens given come back; a token not given is filled."""
    raw = build_slip(SlipDraft(hit=hit, token_epoch=epoch, tokens=tokens), of=jti)

    slip = parse_slip(raw)

    assert (jti, epoch, hit) == (slip.of, slip.ep, slip.hit)
    assert (b64u(jti).encode(), epoch, hit) == parse_hit_policy(raw)
    assert all(given in (None, token) for given, token in zip(tokens, slip.tokens, strict=True))
    assert raw == jsontext.dump(json.loads(raw))


def test_a_slip_is_what_the_protocol_spells() -> None:
    """Members, their order and their sizes."""
    value = json.loads(build_slip(OFF, of=JTI))

    assert list(value) == ["s", "of", "ep", "hit", "tok"]
    assert (b64u(JTI), 0, "off") == (value["of"], value["ep"], value["hit"])
    assert len(unb64u(value["s"])) == 32
    assert [len(unb64u(token)) for token in value["tok"]] == [16] * 8


def test_tokens_that_are_missing_cannot_be_told_from_others() -> None:
    """A filled token is 16 random bytes: no two slips share one, and none stands out by its form."""
    drawn = [token for _ in range(50) for token in parse_slip(build_slip(OFF, of=JTI)).tokens]

    assert len(set(drawn)) == len(drawn) == 400


def test_a_slip_is_salted() -> None:
    """Two slips of one record and policy differ, so that a leaf's hash confirms no guess."""
    tokens = (bytes(16),) * TOKENS
    draft = SlipDraft(hit=Hit.OPEN, token_epoch=1, tokens=tokens)

    assert build_slip(draft, of=JTI) != build_slip(draft, of=JTI)


@pytest.mark.parametrize(
    "draft",
    [
        pytest.param(SlipDraft(hit=Hit.OPEN), id="open without a token epoch"),
        pytest.param(SlipDraft(hit=Hit.SILENT), id="silent without a token epoch"),
        pytest.param(SlipDraft(hit=Hit.OFF, token_epoch=1, tokens=(bytes(16),) * 8), id="off with tokens"),
        pytest.param(SlipDraft(hit=Hit.OPEN, token_epoch=1, tokens=(bytes(16),) * 7), id="seven tokens"),
        pytest.param(SlipDraft(hit=Hit.OPEN, token_epoch=1, tokens=(bytes(16),) * 9), id="nine tokens"),
        pytest.param(SlipDraft(hit=Hit.OPEN, token_epoch=1, tokens=()), id="an empty list"),
        pytest.param(SlipDraft(hit=Hit.OPEN, token_epoch=1, tokens=(*[None] * 7, b"")), id="an empty token"),
        pytest.param(SlipDraft(hit=Hit.OPEN, token_epoch=1, tokens=(*[None] * 7, bytes(15))), id="a short token"),
    ],
)
def test_a_slip_that_cannot_be_is_not_built(draft: SlipDraft) -> None:
    """A draft against the rules is refused where the person can still change it."""
    with pytest.raises(LabelError, match=r"^slip: "):
        build_slip(draft, of=JTI)


@pytest.mark.parametrize("epoch", [-1, 2**53])
def test_an_epoch_out_of_bounds_is_not_written(epoch: int) -> None:
    """What could not be read back is not written."""
    with pytest.raises(MalformedError):
        build_slip(SlipDraft(hit=Hit.OPEN, token_epoch=epoch), of=JTI)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("s", b64u(bytes(31))),
        ("s", None),
        ("of", b64u(bytes(15))),
        ("of", ""),
        ("ep", -1),
        ("ep", 0),
        ("ep", "1"),
        ("ep", True),
        ("hit", "OPEN"),
        ("hit", "maybe"),
        ("hit", None),
        ("hit", ["open"]),
        ("tok", []),
        ("tok", [b64u(bytes(16))] * 7),
        ("tok", [b64u(bytes(16))] * 9),
        ("tok", [b64u(bytes(15))] * 8),
        ("tok", [None] * 8),
        ("tok", "A" * 22),
        ("more", 1),
    ],
)
def test_another_slip_is_refused(member: str, value: Any) -> None:
    """Every member has its form; a slip that matches has a token epoch; there is no further member."""
    changed = json.dumps({**json.loads(RAW), member: value}, separators=(",", ":")).encode()

    for parse in (parse_slip, parse_hit_policy):
        with pytest.raises(MalformedError):
            parse(changed)


def test_a_slip_larger_than_any_is_refused() -> None:
    """The limit comes before the parser."""
    for parse in (parse_slip, parse_hit_policy):
        with pytest.raises(TooLargeError):
            parse(RAW + b" " * 512)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_our_error(raw: bytes) -> None:
    """What is no slip is refused by our own error."""
    for parse in (parse_slip, parse_hit_policy):
        with pytest.raises(LedgerError):
            parse(raw)


@given(at=st.integers(0, len(RAW) - 1), byte=st.integers(0, 255))
def test_a_policy_is_read_as_strictly_as_the_whole(at: int, byte: int) -> None:
    """Whatever makes a slip unreadable makes its policy unreadable: no byte of a slip is passed over."""
    changed = RAW[:at] + bytes([byte]) + RAW[at + 1 :]
    try:
        slip = parse_slip(changed)
    except LedgerError:
        with pytest.raises(LedgerError):
            parse_hit_policy(changed)
    else:
        assert parse_hit_policy(changed) == (b64u(slip.of).encode(), slip.ep, slip.hit)


def test_a_slip_does_not_show_its_tokens_by_accident() -> None:
    """The repr, which ends in logs, holds no token."""
    token = b"a token of 16 by"
    draft = SlipDraft(hit=Hit.OPEN, token_epoch=1, tokens=(token,) * 8)
    slip: Slip = parse_slip(build_slip(draft, of=JTI))

    assert token.decode() not in repr(draft) + repr(slip)
