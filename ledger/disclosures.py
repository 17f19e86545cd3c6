"""Disclosures: one salted field each, as RFC 9901 hashes and shows them (docs/protocol.md, 4)."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from crypto.digests import sha256
from crypto.encoding import b64u_ascii, unb64u
from crypto.errors import EncodingError
from ledger import jsontext
from ledger.b64lists import SPELLED_16
from ledger.errors import LabelError, MalformedError, TooLargeError
from ledger.jsontext import JsonValue

SALT_BYTES = 16
MAX_DISCLOSURE_BYTES = 4_096

_FIELD = r"(?:item|event|case)\.[a-z][a-z0-9_]{0,63}"
_NAME = re.compile(_FIELD)
# Salt, name and a bare text by one pattern, any other value by a parser: a portion is opened for each of its fields.
_DISCLOSURE = re.compile(
    rb'\["%b","(%b)",(?:%b|(.*))\]' % (SPELLED_16.encode(), _FIELD.encode(), jsontext.BARE_TEXT), re.DOTALL
)
_LABEL = b".label"
# RFC 9901, 4.1: `_sd` and `...` would make a verifier look for digests inside a value. In the one spelling a
# quote inside a text is escaped, so these bytes can only be a member's name.
_RESERVED = re.compile(rb'[{,]"(?:_sd|\.\.\.)":')


class Disclosure(NamedTuple):
    """One field of a record: its text as signed for, the name it shows and the value."""

    text: str
    name: str
    value: JsonValue

    def __repr__(self) -> str:
        """Return the name alone: the value is for readers, and the text shows it."""
        return f"Disclosure(name={self.name!r})"


def field_name(text: object) -> str:
    """Return `text` if it is `<portion>.<name>`, a name of at most 64 of a-z, 0-9 and _; raise MalformedError."""
    if not isinstance(text, str) or not _NAME.fullmatch(text):
        raise MalformedError("not a field name like item.make")
    return text


def spell_value(name: str, value: JsonValue) -> bytes:
    """Return the one spelling of a field's value; raise LabelError naming the field if no record can carry it."""
    try:
        # The disclosure's own array counts as a level of nesting.
        spelled = jsontext.dump(value, levels=jsontext.MAX_DEPTH - 1)
    except MalformedError as error:
        raise LabelError(f"{name}: {error}") from error
    # A text alone has no members.
    if type(value) is not str and _RESERVED.search(spelled):
        raise LabelError(f"{name}: a member named _sd or ... is reserved (RFC 9901)")
    return spelled


@lru_cache(maxsize=256)
def check_spelled(spelled: bytes) -> None:
    """Raise MalformedError unless `spell_value` returns these bytes for something.

    Remembered: the few labels of a list come back with each of its records.
    """
    jsontext.array(jsontext.load(b"[%b]" % spelled), low=1, high=1)
    if _RESERVED.search(spelled):
        raise MalformedError("a member named _sd or ... is reserved (RFC 9901)")


def join_disclosure(*, salt: bytes, name: str, spelled: bytes) -> bytes:
    """Return the disclosure of one field from its salt in base64url and what `spell_value` returned for its value."""
    return b64u_ascii(b'["%b","%b",%b]' % (salt, name.encode(), spelled))


def parse_disclosure(text: str) -> Disclosure:
    """Return the field that a disclosure shows; raise MalformedError for any other spelling."""
    try:
        raw = unb64u(text)
    except EncodingError as error:
        raise MalformedError("a disclosure is not base64url in its one spelling") from error
    if len(raw) > MAX_DISCLOSURE_BYTES:
        raise TooLargeError(f"a disclosure of more than {MAX_DISCLOSURE_BYTES} bytes")
    found = _DISCLOSURE.fullmatch(raw)
    if found is None:
        raise MalformedError("not a salt of 16 bytes, a field's name and a value")
    name, bare, spelled = found.groups()
    return Disclosure(text, name.decode(), _read(name, spelled) if bare is None else jsontext.bare_text(bare))


def _read(name: bytes, spelled: bytes) -> JsonValue:
    return _read_label(spelled) if name.endswith(_LABEL) else _read_value(spelled)


def _read_value(spelled: bytes) -> JsonValue:
    # The disclosure's own array counts as a level of nesting.
    value = jsontext.load(spelled, levels=jsontext.MAX_DEPTH - 1)
    # A text alone has no members.
    if type(value) is not str and _RESERVED.search(spelled):
        raise MalformedError("a disclosure with a member named _sd or ... (RFC 9901)")
    return value


def _read_label(spelled: bytes) -> JsonValue:
    """Return what `_read_value` does: that a label's spelling is the one is remembered, what it says is read anew."""
    check_spelled(spelled)
    return jsontext.load_checked(spelled)


def parse_disclosures(texts: Iterable[str]) -> tuple[Disclosure, ...]:
    """Return the fields of several disclosures; raise MalformedError if two show the same name."""
    found = tuple([parse_disclosure(text) for text in texts])
    if len({item.name for item in found}) != len(found):
        raise MalformedError("two disclosures of one name")
    return found


def digest(text: str) -> bytes:
    """Return the digest of a disclosure, SHA-256 over its ASCII; a record lists it in base64url (RFC 9901, 4.2.3)."""
    return sha256(text.encode("ascii"))
