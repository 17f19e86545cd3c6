"""What all statements share (docs/protocol.md, 3.1 and 3.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.digests import sha256
from crypto.encoding import b64u
from ledger import jws
from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.identifiers import StatementName
from ledger.kinds import STATEMENTS, Typ
from ledger.statements import check_blob, name_of, parse_signed, sign_statement
from tests.support.records import BATCH_SIGNER, ISS, KID, SIGNER


@pytest.mark.parametrize("typ", STATEMENTS)
def test_a_statement_is_read_back_as_it_was_signed(typ: Typ) -> None:
    """Key id and payload come back, and the signature verifies over the bytes as they stand."""
    entry = sign_statement(signer=SIGNER, kid=KID, typ=typ, payload=b"{}")

    signed = parse_signed(entry, typ)

    assert (signed.kid, signed.payload) == (KID, b"{}")
    parts = jws.parse_compact(entry)
    SIGNER.public_key.verify(message=parts.signing_input, signature=parts.signature)


@pytest.mark.parametrize("typ", STATEMENTS)
def test_one_kind_does_not_pass_for_another(typ: Typ) -> None:
    """A statement is read as the kind its header names and as no other."""
    entry = sign_statement(signer=SIGNER, kid=KID, typ=typ, payload=b"{}")

    for other in set(Typ) - {typ}:
        with pytest.raises(MalformedError):
            parse_signed(entry, other)


def test_a_post_quantum_key_signs_no_statement() -> None:
    """Statements have one algorithm; the batch carries the other."""
    with pytest.raises(MalformedError):
        sign_statement(signer=BATCH_SIGNER, kid=KID, typ=Typ.GRANT, payload=b"{}")


def test_a_statement_of_the_largest_size_is_signed_and_one_byte_more_is_not() -> None:
    """65,535 bytes are the most an entry has, both ways."""
    rest = len(sign_statement(signer=SIGNER, kid=KID, typ=Typ.GRANT, payload=b""))
    most = (65_535 - rest) * 3 // 4

    entry = sign_statement(signer=SIGNER, kid=KID, typ=Typ.GRANT, payload=b"x" * most)

    assert len(entry) <= 65_535
    assert len(parse_signed(entry, Typ.GRANT).payload) == most
    with pytest.raises(TooLargeError):
        sign_statement(signer=SIGNER, kid=KID, typ=Typ.GRANT, payload=b"x" * (most + 1))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_our_error(raw: bytes) -> None:
    """What is no statement is refused by our own error."""
    with pytest.raises(LedgerError):
        parse_signed(raw, Typ.GRANT)


def test_the_issuer_is_the_agency_of_the_key() -> None:
    """A name is the agency of the key and 16 bytes."""
    assert StatementName(ISS, bytes(16)) == name_of(KID, iss=ISS, jti=b64u(bytes(16)))
    for iss in ("xbe-cib", None, 1):
        with pytest.raises(MalformedError):
            name_of(KID, iss=iss, jti=b64u(bytes(16)))
    with pytest.raises(MalformedError):
        name_of(KID, iss=ISS, jti=b64u(bytes(15)))


def test_a_blob_is_the_one_its_statement_names() -> None:
    """Hash and, where it is constant, size; the error names the place and nothing else."""
    assert check_blob(b"canary", digest=sha256(b"canary"), place="item") == b"canary"
    assert check_blob(b"canary", digest=sha256(b"canary"), place="item", size=6) == b"canary"
    with pytest.raises(MalformedError, match=r"^the blob item (?!.*canary)"):
        check_blob(b"canary", digest=bytes(32), place="item")
    with pytest.raises(MalformedError, match=r"^the blob item (?!.*canary)"):
        check_blob(b"canary", digest=sha256(b"canary"), place="item", size=7)
