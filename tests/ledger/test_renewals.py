"""Slip renewals: new slips for a whole batch under one root (docs/protocol.md, 3.3)."""

import json
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u, lp
from ledger import jws
from ledger.errors import LedgerError, MalformedError
from ledger.kinds import Typ
from ledger.merkle import leaf_hash, root_of
from ledger.renewals import MAX_SLIPS, build_renewal, check_blobs, parse_renewal
from ledger.slips import Hit, SlipDraft, build_slip
from ledger.statements import SealedStatement, sign_statement
from tests.support.records import IAT, ISS, KID, PARTNER, SIGNER

SLIPS = [build_slip(SlipDraft(hit=Hit.OPEN, token_epoch=2), of=bytes([number] * 16)) for number in range(5)]


def renewal(slips: list[bytes] = SLIPS, *, batch: int = 17) -> SealedStatement:
    """Return new slips for the records of one batch."""
    return build_renewal(signer=SIGNER, kid=KID, iat=IAT, batch=batch, slips=slips)


SEALED = renewal()
RENEWAL = parse_renewal(SEALED.entry)
PAYLOAD = json.loads(jws.parse_compact(SEALED.entry).payload)


def test_a_renewal_is_what_the_protocol_spells() -> None:
    """Members, their order, and the root over the slips in order."""
    assert list(PAYLOAD) == ["iss", "iat", "jti", "batch", "n", "root"]
    assert (PAYLOAD["iss"], PAYLOAD["iat"], PAYLOAD["batch"], PAYLOAD["n"]) == (ISS, IAT, 17, 5)
    assert b64u(root_of([leaf_hash(slip) for slip in SLIPS])) == PAYLOAD["root"]
    assert (lp(*SLIPS),) == SEALED.blobs


def test_a_renewal_is_read_back_as_it_was_built() -> None:
    """Name, batch and every slip come back in order."""
    slips = check_blobs(RENEWAL, SEALED.blobs)

    assert (SEALED.name, KID, IAT, 17, 5) == (RENEWAL.name, RENEWAL.kid, RENEWAL.iat, RENEWAL.batch, RENEWAL.n)
    assert [bytes([number] * 16) for number in range(5)] == [slip.of for slip in slips]


def test_as_many_slips_as_a_batch_has_records_fit() -> None:
    """A thousand slips are renewed at once, one more is refused."""
    sealed = renewal(SLIPS[:1] * MAX_SLIPS)

    assert len(check_blobs(parse_renewal(sealed.entry), sealed.blobs)) == MAX_SLIPS
    with pytest.raises(MalformedError):
        renewal(SLIPS[:1] * (MAX_SLIPS + 1))


@pytest.mark.parametrize(
    "blobs",
    [
        pytest.param([], id="none"),
        pytest.param([lp(*SLIPS), b""], id="two"),
        pytest.param([b""], id="empty"),
        pytest.param([lp(*SLIPS[:4])], id="one slip missing"),
        pytest.param([lp(*SLIPS, SLIPS[0])], id="one slip too many"),
        pytest.param([lp(*SLIPS[::-1])], id="in another order"),
        pytest.param([lp(*SLIPS[:4], SLIPS[3])], id="one exchanged"),
        pytest.param([lp(*SLIPS)[:-1]], id="cut short"),
        pytest.param([lp(*SLIPS) + b"\0"], id="a byte after"),
        pytest.param([lp(*SLIPS) + bytes(4)], id="an empty frame after"),
        pytest.param([b"\xff" * 8], id="a frame past the end"),
    ],
)
def test_slips_the_statement_does_not_name_are_refused(blobs: list[bytes]) -> None:
    """Exactly the slips under the root, in their order."""
    with pytest.raises(MalformedError):
        check_blobs(RENEWAL, blobs)


def test_attack_a_blob_of_millions_of_empty_slips() -> None:
    """As many frames are read as there may be slips, and one more: 32 MiB of nothing take no time and no memory."""
    blob = bytes(32 * 2**20)
    tracemalloc.start()
    try:
        with pytest.raises(MalformedError, match="not as many as the statement says"):
            check_blobs(RENEWAL, [blob])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 2**20


def test_what_is_no_slip_is_refused_even_under_a_signed_root() -> None:
    """Each slip is parsed: one bad slip refuses the statement."""
    found = replace(RENEWAL, n=1, root=root_of([leaf_hash(b"no slip")]))

    with pytest.raises(MalformedError):
        check_blobs(found, [lp(b"no slip")])


@pytest.mark.parametrize("slips", [[], [b"no slip"], [*SLIPS, b""]])
def test_a_renewal_nobody_could_take_is_not_built(slips: list[bytes]) -> None:
    """What the service would refuse is refused before it is sent."""
    with pytest.raises(LedgerError):
        renewal(slips)


def test_batches_count_from_one() -> None:
    """There is no batch 0 to renew."""
    with pytest.raises(MalformedError):
        renewal(batch=0)


def signed(payload: bytes) -> bytes:
    """Return any payload, properly signed as a slips statement."""
    return sign_statement(signer=SIGNER, kid=KID, typ=Typ.SLIPS, payload=payload)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": PARTNER},
        {"iat": "1"},
        {"jti": ""},
        {"batch": 0},
        {"batch": None},
        {"n": 0},
        {"n": MAX_SLIPS + 1},
        {"root": ""},
        {"more": 1},
    ],
)
def test_another_renewal_is_refused(changes: Mapping[str, Any]) -> None:
    """A properly signed payload of any other form is no slips statement."""
    with pytest.raises(MalformedError):
        parse_renewal(signed(json.dumps({**PAYLOAD, **changes}, separators=(",", ":")).encode()))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_our_error(raw: bytes) -> None:
    """Garbage is refused by our own error, as an entry, as a payload and as a blob."""
    with pytest.raises(LedgerError):
        parse_renewal(raw)
    with pytest.raises(LedgerError):
        parse_renewal(signed(raw))
    with pytest.raises(LedgerError):
        check_blobs(RENEWAL, [raw])
