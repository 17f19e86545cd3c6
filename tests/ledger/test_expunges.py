"""Expungements (docs/protocol.md, 3.3)."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u
from ledger import jws
from ledger.errors import LedgerError, MalformedError
from ledger.expunges import Expunge, Why, build_expunge, parse_expunge
from ledger.kinds import Typ
from ledger.statements import sign_statement
from tests.support.records import IAT, ISS, KID, PARTNER, SIGNER

OF = bytes(range(16))
SEALED = build_expunge(signer=SIGNER, kid=KID, iat=IAT, of=OF, why=Why.LAW)
PAYLOAD = json.loads(jws.parse_compact(SEALED.entry).payload)


@given(iat=st.integers(0, 2**53 - 1), of=st.binary(min_size=16, max_size=16), why=st.sampled_from(Why))
def test_an_expungement_is_read_back_as_it_was_built(iat: int, of: bytes, why: Why) -> None:
    """Name, record and ground come back, and there is nothing beside it."""
    sealed = build_expunge(signer=SIGNER, kid=KID, iat=iat, of=of, why=why)

    assert Expunge(name=sealed.name, kid=KID, iat=iat, of=of, why=why) == parse_expunge(sealed.entry)
    assert sealed.blobs == ()


def test_an_expungement_is_what_the_protocol_spells() -> None:
    """Members, their order and the words for the grounds."""
    assert list(PAYLOAD) == ["iss", "iat", "jti", "of", "why"]
    assert (ISS, b64u(OF), "law") == (PAYLOAD["iss"], PAYLOAD["of"], PAYLOAD["why"])
    assert {why.value for why in Why} == {"error", "law", "safety"}


def signed(payload: bytes, *, typ: Typ = Typ.EXPUNGE) -> bytes:
    """Return any payload, properly signed."""
    return sign_statement(signer=SIGNER, kid=KID, typ=typ, payload=payload)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": PARTNER},
        {"iat": -1},
        {"jti": ""},
        {"of": ""},
        {"of": b64u(bytes(32))},
        {"why": "because"},
        {"why": None},
        {"more": 1},
    ],
)
def test_another_expungement_is_refused(changes: Mapping[str, Any]) -> None:
    """A properly signed payload of any other form deletes nothing."""
    with pytest.raises(MalformedError):
        parse_expunge(signed(json.dumps({**PAYLOAD, **changes}, separators=(",", ":")).encode()))


def test_an_expungement_under_another_kind_is_refused() -> None:
    """The kind in the header decides how an entry is read."""
    payload = jws.parse_compact(SEALED.entry).payload

    assert parse_expunge(signed(payload)).of == OF
    with pytest.raises(MalformedError):
        parse_expunge(signed(payload, typ=Typ.GRANT))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_our_error(raw: bytes) -> None:
    """Garbage is refused by our own error, as an entry and as a payload."""
    with pytest.raises(LedgerError):
        parse_expunge(raw)
    with pytest.raises(LedgerError):
        parse_expunge(signed(raw))
