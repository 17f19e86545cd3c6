"""Names in the log: agencies, key ids, statement ids (docs/protocol.md, Notation and 2)."""

import re
from secrets import token_bytes
from typing import NamedTuple

from crypto.encoding import b64u, unb64u
from crypto.errors import EncodingError
from ledger.errors import MalformedError

JTI_BYTES = 16
LOG_ID = "log"

_AGENCY = re.compile(r"[a-z]{3}-[a-z0-9]{2,24}")
_ORIGIN = re.compile(r"[A-Za-z0-9._~:/-]{1,255}")
_NUMBER = re.compile(r"[1-9][0-9]{0,6}")


class KeyId(NamedTuple):
    """A key id `<agency>#<n>`; n is unique over all roles of an agency and never used again."""

    agency: str
    number: int

    def __str__(self) -> str:
        """Return the one spelling."""
        return f"{self.agency}#{self.number}"


class StatementName(NamedTuple):
    """The name of a statement: its issuer and its jti (16 bytes, shown as base64url)."""

    iss: str
    jti: bytes

    def __str__(self) -> str:
        """Return `iss/jti` as commands and pages show it."""
        return f"{self.iss}/{b64u(self.jti)}"


def agency_id(text: object) -> str:
    """Return `text` if it is an agency id (`xar-arms`): ISO 3166-1 alpha-3 in small letters and the body.

    Raises MalformedError for any other text.
    """
    if not isinstance(text, str) or not _AGENCY.fullmatch(text):
        raise MalformedError("not an agency id like xar-arms")
    return text


def key_id(text: object) -> KeyId:
    """Return the key id that `text` spells: of an agency, or of the log (`log#1`); raise MalformedError."""
    agency, hash_sign, number = text.partition("#") if isinstance(text, str) else ("", "", "")
    if not hash_sign or not _NUMBER.fullmatch(number):
        raise MalformedError("not a key id like xar-arms#4")
    return KeyId(agency if agency == LOG_ID else agency_id(agency), int(number))


def origin_name(text: object) -> str:
    """Return `text` if it can name a log: a schema-less URL without space or plus (C2SP tlog-checkpoint).

    Raises MalformedError for any other text.
    """
    if not isinstance(text, str) or not _ORIGIN.fullmatch(text):
        raise MalformedError("not an origin like log.example.org/weapons")
    return text


def access_origin(origin: str) -> str:
    """Return the name of the access log of a log."""
    return f"{origin}/access"


def draw_jti() -> bytes:
    """Return a fresh statement id for a statement that derives no key from it."""
    return token_bytes(JTI_BYTES)


def hash_of(text: object) -> bytes:
    """Return the 32 bytes that base64url `text` spells."""
    return _raw(text, size=32)


def jti_of(text: object) -> bytes:
    """Return the 16 bytes of a statement id."""
    return _raw(text, size=JTI_BYTES)


def statement_name(text: str) -> StatementName:
    """Return the name that `iss/jti` spells; raise MalformedError."""
    iss, _, jti = text.partition("/")
    try:
        return StatementName(agency_id(iss), jti_of(jti))
    except MalformedError as error:
        raise MalformedError("not a name like xar-arms/5tQxAAAAAAAAAAAAAAAA9w") from error


def _raw(text: object, *, size: int) -> bytes:
    try:
        return unb64u(text, size=size) if isinstance(text, str) else unb64u("!")
    except EncodingError as error:
        raise MalformedError(f"not {size} bytes in base64url") from error
