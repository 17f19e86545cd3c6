"""What all statements share: a compact JWS by one agency's `sign` key (docs/protocol.md, 3)."""

from dataclasses import dataclass
from typing import NamedTuple

from crypto.digests import sha256
from crypto.signing import Algorithm, Signer
from ledger import jsontext, jws
from ledger.errors import MalformedError, TooLargeError
from ledger.identifiers import KeyId, StatementName, jti_of
from ledger.kinds import Typ

SUITE = "sealtrace-suite-1"

# Looked up once, not with each statement: an enumeration computes its properties.
_ALGORITHM = Algorithm.ED25519.value
_SIGNATURE_BYTES = Algorithm.ED25519.signature_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedStatement:
    """A statement ready for a batch: the entry, its name, and its blobs in the order they are uploaded."""

    entry: bytes
    name: StatementName
    blobs: tuple[bytes, ...]


class SignedPayload(NamedTuple):
    """An entry taken apart by its form; the signature is not verified here."""

    kid: KeyId
    payload: bytes


def sign_statement(*, signer: Signer, kid: KeyId, typ: Typ, payload: bytes) -> bytes:
    """Return the entry that carries `payload` under the agency's `sign` key; raise MalformedError or TooLargeError."""
    if signer.public_key.algorithm is not Algorithm.ED25519:
        raise MalformedError("a statement is signed with an Ed25519 key")
    signed = jws.signing_input(jws.protected_header(alg=_ALGORITHM, kid=kid, typ=typ), payload)
    entry = jws.format_compact(signed, signer.sign(signed))
    if len(entry) > jsontext.MAX_ENTRY_BYTES:
        raise TooLargeError(f"a statement of more than {jsontext.MAX_ENTRY_BYTES} bytes")
    return entry


def parse_signed(entry: bytes, typ: Typ) -> SignedPayload:
    """Return the key id and payload of a statement of kind `typ`; raise for any other form. Verifies no signature."""
    item, signed = jws.split_compact(entry)
    header = jws.parse_header(item.protected)
    if header.typ is not typ or header.alg != _ALGORITHM:
        raise MalformedError(f"not a statement of kind {typ.value}")
    if len(item.signature) != _SIGNATURE_BYTES:
        raise MalformedError("a signature of the wrong length")
    return SignedPayload(kid=header.kid, payload=jws.payload_of(item, signed))


def name_of(kid: KeyId, *, iss: jsontext.JsonValue, jti: jsontext.JsonValue) -> StatementName:
    """Return (iss, jti) if the issuer is the agency whose key signed; raise MalformedError."""
    if iss != kid.agency:
        raise MalformedError("the issuer is not the agency of the key that signed")
    return StatementName(kid.agency, jti_of(jti))


def check_blob(data: bytes, *, digest: bytes, place: str, size: int | None = None) -> bytes:
    """Return a blob if it is the one its statement names: its SHA-256 and, where it is constant, its size.

    Raises MalformedError for any other.
    """
    if size is not None and len(data) != size:
        raise MalformedError(f"the blob {place} has not the size that all have")
    if sha256(data) != digest:
        raise MalformedError(f"the blob {place} is not the one the statement names")
    return data
