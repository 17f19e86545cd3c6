"""Signed notes: a text and the signature lines below it (C2SP signed-note).

A note says nothing until a key that the reader already trusts has verified: `open_note` is the only way to a text
that may be believed. What a signature covers depends on its type; this module knows the plain Ed25519 one, and
`ledger/checkpoints.py` the cosignatures, which cover a checkpoint in a form of their own.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from crypto.digests import sha256
from crypto.encoding import b64, unb64
from crypto.errors import EncodingError, KeyRefusedError, SignatureError
from crypto.signing import Algorithm, PublicKey, Signer
from ledger.errors import BadSignatureError, MalformedError, TooLargeError

MAX_NOTE_BYTES = 2**20
MAX_NAME_BYTES = 255
KEY_ID_BYTES = 4

_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_LINE = re.compile("— ([^ ]+) ([^ ]+)")
_NO_NAME = re.compile(r"[\s+\x00-\x1f]")
_VKEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+(.+)")


class SignatureType(Enum):
    """The signature type bytes in use here; ECDSA (0x02) and RFC 6962 tree heads (0x05) are not."""

    ED25519 = 0x01
    ED25519_COSIGNATURE = 0x04
    ML_DSA_44_COSIGNATURE = 0x06

    @property
    def algorithm(self) -> Algorithm:
        """Return the algorithm of keys of this type."""
        return Algorithm.ML_DSA_44 if self is SignatureType.ML_DSA_44_COSIGNATURE else Algorithm.ED25519


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key by the name and the type that it signs notes with: a vkey."""

    name: str
    type: SignatureType
    public_key: PublicKey
    key_id: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a name that no signature line can carry, and a key of another algorithm; work the key id out, once.

        It is H(name ‖ 0x0A ‖ type ‖ public key)[:4]: which key a line is by, and no proof of it.
        """
        check_name(self.name)
        if self.public_key.algorithm is not self.type.algorithm:
            raise MalformedError("this signature type needs a key of another algorithm")
        named = sha256(self.name.encode() + b"\n" + self._typed_key())[:KEY_ID_BYTES]
        object.__setattr__(self, "key_id", named)

    def format(self) -> str:
        """Return `name+hex(key id)+base64(type ‖ public key)`."""
        return f"{self.name}+{self.key_id.hex()}+{b64(self._typed_key())}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Return the key that a vkey spells; raise MalformedError for a wrong key id, type or key."""
        match = _VKEY.fullmatch(text)
        if match is None:
            raise MalformedError("not a verifier key")
        try:
            raw = unb64(match[3])
            kind = SignatureType(raw[0])
            public_key = PublicKey(algorithm=kind.algorithm, raw=raw[1:])
        except (EncodingError, KeyRefusedError, ValueError) as error:
            raise MalformedError("a verifier key of an unknown type or with a key that is refused") from error
        key = cls(name=match[1], type=kind, public_key=public_key)
        if key.format() != text:
            raise MalformedError("a verifier key whose key id is not its own")
        return key

    def _typed_key(self) -> bytes:
        return bytes([self.type.value]) + self.public_key.raw


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line: by whom it claims to be, and the bytes after the key id."""

    name: str
    key_id: bytes
    signature: bytes

    def format(self) -> str:
        """Return the line with its line feed."""
        return f"— {self.name} {b64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note taken apart; nothing of it is verified."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def format(self) -> bytes:
        """Return text, empty line, signature lines."""
        return "".join([self.text, "\n", *(line.format() for line in self.signatures)]).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedNote:
    """A text with the known keys that verified under it, in the order of their lines, and their signatures."""

    text: str
    signatures: tuple[tuple[VerifierKey, bytes], ...]

    @property
    def verified(self) -> tuple[VerifierKey, ...]:
        """Return the keys alone."""
        return tuple(key for key, _ in self.signatures)

    @property
    def lines(self) -> tuple[NoteSignature, ...]:
        """Return the lines that verified."""
        return tuple(
            NoteSignature(name=key.name, key_id=key.key_id, signature=signature) for key, signature in self.signatures
        )


Signed: TypeAlias = Callable[[str, VerifierKey, bytes], tuple[bytes, bytes]]
"""Given a note's text, a key and the bytes of its line: the message that was signed and the bare signature."""


def parse_note(raw: bytes, *, limit: int = MAX_NOTE_BYTES) -> Note:
    """Return the parts of a note; raise TooLargeError above `limit` bytes, else MalformedError."""
    if len(raw) > limit:
        raise TooLargeError(f"a note of more than {limit} bytes")
    if _CONTROL.search(raw):
        raise MalformedError("a note holds no control character but the line feed")
    try:
        whole = raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("a note is UTF-8") from error
    text, empty_line, lines = whole.rpartition("\n\n")
    if not empty_line or not lines.endswith("\n"):
        raise MalformedError("a note is a text, an empty line and signature lines")
    return Note(text=text + "\n", signatures=tuple(parse_signature(line) for line in lines[:-1].split("\n")))


def parse_signature(line: str) -> NoteSignature:
    """Return the signature that a line spells, given without its line feed; raise MalformedError."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise MalformedError("not a signature line")
    try:
        raw = unb64(match[2])
    except EncodingError as error:
        raise MalformedError("a signature line is not in base64") from error
    if len(raw) <= KEY_ID_BYTES:
        raise MalformedError("a signature line without a signature")
    return NoteSignature(name=check_name(match[1]), key_id=raw[:KEY_ID_BYTES], signature=raw[KEY_ID_BYTES:])


def plain(text: str, key: VerifierKey, signature: bytes) -> tuple[bytes, bytes]:
    """Return what a plain signature covers, the text; raise MalformedError for a key of another type: it signs no text."""
    if key.type is not SignatureType.ED25519:
        raise MalformedError("a cosigning key signs checkpoints only")
    return text.encode(), signature


def open_note(
    raw: bytes, *, keys: Sequence[VerifierKey], signed: Signed = plain, limit: int = MAX_NOTE_BYTES
) -> OpenedNote:
    """Return the text that `keys` signed, or raise.

    Lines by unknown keys are ignored. A line by a known key that does not verify refuses the whole note, and so
    does a second one: a note that is half good is by somebody who should not be listened to.
    """
    known = {(key.name, key.key_id): key for key in keys}
    if len(known) != len(keys):
        raise MalformedError("two verifier keys have one name and one key id")
    note = parse_note(raw, limit=limit)
    found = [(known.get((line.name, line.key_id)), line.signature) for line in note.signatures]
    claimed = tuple((key, signature) for key, signature in found if key is not None)
    if not claimed:
        raise BadSignatureError("no known key has signed this note")
    if len(dict(claimed)) != len(claimed):
        raise BadSignatureError("one key has signed a note twice")
    for key, signature in claimed:
        _verify(note.text, key, signature, signed=signed)
    return OpenedNote(text=note.text, signatures=claimed)


def sign_note(text: str, *, name: str, signer: Signer) -> NoteSignature:
    """Return the plain Ed25519 signature line of `name` over `text`."""
    key = VerifierKey(name=name, type=SignatureType.ED25519, public_key=signer.public_key)
    return NoteSignature(name=name, key_id=key.key_id, signature=signer.sign(text.encode()))


def format_note(text: str, signatures: Iterable[NoteSignature]) -> bytes:
    """Return the note, or raise MalformedError if nobody could read it back."""
    raw = Note(text=text, signatures=tuple(signatures)).format()
    if parse_note(raw, limit=len(raw)).text != text:
        raise MalformedError("a text that would be read back as another")
    return raw


def keep_lines(raw: bytes, *, keys: Iterable[VerifierKey]) -> bytes:
    """Return a note with the signature lines that are by `keys`, and no others; verifies nothing."""
    note = parse_note(raw)
    known = {(key.name, key.key_id) for key in keys}
    return format_note(note.text, [line for line in note.signatures if (line.name, line.key_id) in known])


def check_name(name: str) -> str:
    """Return `name` if a signature line, a vkey and a cosigned message can carry it; raise MalformedError."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError as error:
        raise MalformedError("a key name is UTF-8") from error
    if not 1 <= length <= MAX_NAME_BYTES or _NO_NAME.search(name):
        raise MalformedError("a key name has 1 to 255 bytes, no space, plus or control character")
    return name


def _verify(text: str, key: VerifierKey, signature: bytes, *, signed: Signed) -> None:
    message, bare = signed(text, key, signature)
    try:
        key.public_key.verify(message=message, signature=bare)
    except SignatureError as error:
        raise BadSignatureError("a known key's signature does not verify") from error
