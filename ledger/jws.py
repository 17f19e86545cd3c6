"""JSON Web Signatures in the two spellings the log knows: compact and JSON General (docs/protocol.md, 1 and 3).

A protected header never chooses how a signature is verified: a verifier writes down the exact header bytes it
expects of every key in force and looks the received bytes up. So there is no algorithm to confuse and no member to
smuggle in. `parse_header` only says which key an entry names, in the one spelling `protected_header` writes.
"""

from dataclasses import dataclass
from functools import lru_cache

from crypto.encoding import b64u, b64u_ascii, unb64u
from crypto.errors import EncodingError
from ledger import jsontext
from ledger.errors import MalformedError, TooLargeError
from ledger.identifiers import KeyId, key_id
from ledger.kinds import Typ

_MAX_HEADER_BYTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a protected header says of itself; nothing to verify by."""

    alg: str
    kid: KeyId
    typ: Typ


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature: the protected header as received (base64url text in ASCII) and the raw signature."""

    protected: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Compact:
    """A compact JWS taken apart; `signing_input` is the bytes that were signed, as received."""

    protected: bytes
    payload: bytes
    signature: bytes
    signing_input: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class General:
    """A JSON General JWS taken apart; `encoded` is the payload's base64url text as received."""

    encoded: bytes
    payload: bytes
    signatures: tuple[Signature, ...]

    def signing_input(self, signature: Signature) -> bytes:
        """Return the bytes that `signature` signs (RFC 7515, 5.1)."""
        return signature.protected + b"." + self.encoded


@lru_cache(maxsize=4096)
def protected_header(*, alg: str, kid: KeyId, typ: Typ) -> bytes:
    """Return the one protected header, `{"alg":…,"kid":…,"typ":…}` in base64url, that this key writes for `typ`."""
    return b64u_ascii(jsontext.dump({"alg": alg, "kid": str(kid), "typ": typ.value}))


def parse_header(protected: bytes) -> Header:
    """Return what a protected header says, if `protected_header` writes exactly these bytes for it.

    Raises MalformedError for any other spelling.
    """
    if len(protected) > _MAX_HEADER_BYTES:
        raise MalformedError("a protected header that is too long")
    return _header(protected)


@lru_cache(maxsize=4096)
def _header(protected: bytes) -> Header:
    alg, kid, typ = jsontext.members(jsontext.load(_decode(protected)), "alg", "kid", "typ")
    try:
        kind = Typ(typ)
    except ValueError as error:
        raise MalformedError("a protected header of no kind we know") from error
    return Header(alg=jsontext.text(alg), kid=key_id(kid), typ=kind)


def signing_input(protected: bytes, payload: bytes) -> bytes:
    """Return `protected "." base64url(payload)`: what a signer signs."""
    return protected + b"." + b64u_ascii(payload)


def format_compact(signed: bytes, signature: bytes) -> bytes:
    """Return the compact spelling of a signing input and its signature."""
    return signed + b"." + b64u_ascii(signature)


def parse_compact(entry: bytes) -> Compact:
    """Return the parts of a compact JWS; raise MalformedError for any other spelling. Verifies nothing."""
    item, signed = split_compact(entry)
    return Compact(
        protected=item.protected, payload=payload_of(item, signed), signature=item.signature, signing_input=signed
    )


def split_compact(entry: bytes) -> tuple[Signature, bytes]:
    """Return the signature of a compact JWS and the bytes it signs; raise TooLargeError or MalformedError.

    To verify it the payload need not be read.
    """
    if len(entry) > jsontext.MAX_ENTRY_BYTES:
        raise TooLargeError(f"an entry of more than {jsontext.MAX_ENTRY_BYTES} bytes")
    first = entry.find(b".")
    second = entry.find(b".", first + 1)
    if second < 0:
        raise MalformedError("not a compact JWS of three parts")
    # A third dot would be in what is read as base64url here, which has none.
    return Signature(protected=entry[:first], signature=_decode(entry[second + 1 :])), entry[:second]


def payload_of(item: Signature, signed: bytes) -> bytes:
    """Return the payload among the bytes that the signature of a compact JWS signs."""
    return _decode(signed[len(item.protected) + 1 :])


def format_general(payload: bytes, signatures: tuple[Signature, ...]) -> bytes:
    """Return `{"payload":…,"signatures":[{"protected":…,"signature":…},…]}` to the byte."""
    rows = ",".join(
        f'{{"protected":"{item.protected.decode("ascii")}","signature":"{b64u(item.signature)}"}}'
        for item in signatures
    )
    return f'{{"payload":"{b64u(payload)}","signatures":[{rows}]}}'.encode()


def parse_general(raw: bytes, *, limit: int = jsontext.MAX_ENTRY_BYTES, signatures: int = 2) -> General:
    """Return the parts of a JSON General JWS of 1 to `signatures` signatures and at most `limit` bytes.

    Those of the last few entries are remembered: who asks an entry for its kind takes it apart next.
    """
    if len(raw) > jsontext.MAX_ENTRY_BYTES:
        return _general(raw, limit, signatures)
    return _general_entry(raw, limit, signatures)


def _general(raw: bytes, limit: int, signatures: int) -> General:
    encoded, rows = jsontext.members(jsontext.load(raw, limit=limit), "payload", "signatures")
    payload = jsontext.text(encoded, limit=limit).encode()
    return General(
        encoded=payload,
        payload=_decode(payload),
        signatures=tuple(_signature(row) for row in jsontext.array(rows, low=1, high=signatures)),
    )


_general_entry = lru_cache(maxsize=4)(_general)


def _signature(row: jsontext.JsonValue) -> Signature:
    protected, signature = (jsontext.text(item) for item in jsontext.members(row, "protected", "signature"))
    return Signature(protected=protected.encode(), signature=_decode(signature.encode()))


def _decode(encoded: bytes) -> bytes:
    try:
        return unb64u(encoded)
    except EncodingError as error:
        raise MalformedError("a JWS part is not base64url in its one spelling") from error
