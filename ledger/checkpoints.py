"""Checkpoints: what a log says it is, signed by its two keys and cosigned by witnesses (C2SP tlog-checkpoint).

Extension lines are refused: the ML-DSA-44 signature does not cover them, so one could be changed unseen.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crypto.encoding import HASH_BYTES, b64, unb64
from crypto.errors import EncodingError
from crypto.signing import Algorithm, PublicKey, Signer
from ledger import notes
from ledger.cosignatures import checkpoint_message, join_timestamp, split_timestamp, subtree_message
from ledger.errors import BadSignatureError, MalformedError, ProofError
from ledger.merkle import MAX_SIZE
from ledger.notes import NoteSignature, SignatureType, VerifierKey, check_name

_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([^\n]+)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The root of the first `size` leaves of the log that calls itself `origin`."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what cannot be written down."""
        check_name(self.origin)
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_BYTES:
            raise MalformedError("not the size or the root of a tree")

    def format(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Return the checkpoint that `text` spells; raise MalformedError for an extension line or a second spelling."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise MalformedError("not a checkpoint of exactly three lines")
        try:
            root = unb64(match[3], size=HASH_BYTES)
        except EncodingError as error:
            raise MalformedError("the root of a checkpoint is 32 bytes in base64") from error
        return cls(origin=match[1], size=int(match[2]), root=root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """A verified cosignature: by which key, at what time (0: no claim to have seen no larger tree)."""

    key: VerifierKey
    timestamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignedCheckpoint:
    """A checkpoint that all keys of its log have signed, the known witnesses that have cosigned it, and the lines of both."""

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]
    lines: tuple[NoteSignature, ...]


def vkey(origin: str, public_key: PublicKey) -> VerifierKey:
    """Return the verifier key of a log: type 0x01 for Ed25519, 0x06 for ML-DSA-44."""
    ed25519 = public_key.algorithm is Algorithm.ED25519
    kind = SignatureType.ED25519 if ed25519 else SignatureType.ML_DSA_44_COSIGNATURE
    return VerifierKey(name=origin, type=kind, public_key=public_key)


def cosigner_vkey(name: str, public_key: PublicKey) -> VerifierKey:
    """Return the verifier key of a witness: type 0x04 for Ed25519, 0x06 for ML-DSA-44."""
    ed25519 = public_key.algorithm is Algorithm.ED25519
    kind = SignatureType.ED25519_COSIGNATURE if ed25519 else SignatureType.ML_DSA_44_COSIGNATURE
    return VerifierKey(name=name, type=kind, public_key=public_key)


def sign_checkpoint(checkpoint: Checkpoint, *, ed25519: Signer, ml_dsa_44: Signer, timestamp: int = 0) -> bytes:
    """Return the checkpoint signed by its log: the plain Ed25519 line, then the ML-DSA-44 line."""
    text, origin = checkpoint.format(), checkpoint.origin
    # The type is named, not taken from the signer: with two Ed25519 signers there would be no post-quantum line.
    kind = SignatureType.ML_DSA_44_COSIGNATURE
    key = VerifierKey(name=origin, type=kind, public_key=ml_dsa_44.public_key)
    classical = notes.sign_note(text, name=origin, signer=ed25519)
    return notes.format_note(text, [classical, _cosign(checkpoint, key, signer=ml_dsa_44, timestamp=timestamp)])


def cosigned(checkpoint: bytes, other: bytes) -> bytes:
    """Return `checkpoint` with the signature lines of `other` added; raise ProofError if that is of another tree.

    A key signs once.
    """
    first, second = notes.parse_note(checkpoint), notes.parse_note(other)
    if first.text != second.text:
        raise ProofError("two checkpoints of different trees")
    lines = {(line.name, line.key_id): line for line in (*second.signatures, *first.signatures)}
    order = dict.fromkeys((line.name, line.key_id) for line in (*first.signatures, *second.signatures))
    return notes.format_note(first.text, [lines[key] for key in order])


def claimed_size(raw: bytes) -> int:
    """Return the size a checkpoint speaks of, believing nothing: it says which charter has to judge it."""
    return Checkpoint.parse(notes.parse_note(raw).text).size


def cosign(checkpoint: Checkpoint, *, name: str, signer: Signer, timestamp: int) -> NoteSignature:
    """Return the cosignature line of `name` under `checkpoint`, of the type that the signer's algorithm has."""
    return _cosign(checkpoint, cosigner_vkey(name, signer.public_key), signer=signer, timestamp=timestamp)


def cosign_subtree(  # noqa: PLR0913 - the members of the specification's structure, all by name
    *, origin: str, start: int, end: int, root: bytes, name: str, signer: Signer
) -> NoteSignature:
    """Return the ML-DSA-44 cosignature line of `name` for leaves [start, end), with time 0 (C2SP tlog-cosignature)."""
    key = VerifierKey(name=name, type=SignatureType.ML_DSA_44_COSIGNATURE, public_key=signer.public_key)
    message = subtree_message(cosigner=name, timestamp=0, origin=origin, start=start, end=end, root=root)
    signature = join_timestamp(timestamp=0, signature=signer.sign(message))
    return NoteSignature(name=name, key_id=key.key_id, signature=signature)


def open_any(raw: bytes, *, keys: Sequence[VerifierKey]) -> CosignedCheckpoint:
    """Return the checkpoint that any one of these keys has signed, of whatever log: for what a cosigner signed itself."""
    opened = notes.open_note(raw, keys=keys, signed=_signed)
    return CosignedCheckpoint(
        checkpoint=Checkpoint.parse(opened.text), cosignatures=_cosignatures(opened, keys), lines=opened.lines
    )


def open_checkpoint(raw: bytes, *, origin: str, vkeys: Sequence[VerifierKey]) -> Checkpoint:
    """Return the checkpoint of `origin` that every one of the log's keys has signed, or raise."""
    return open_cosigned(raw, origin=origin, vkeys=vkeys, witnesses=()).checkpoint


def open_cosigned(
    raw: bytes, *, origin: str, vkeys: Sequence[VerifierKey], witnesses: Sequence[VerifierKey]
) -> CosignedCheckpoint:
    """Return the checkpoint of `origin` that every one of the log's keys has signed, with its cosignatures.

    Each of the log's keys is asked for: one good signature of two would leave the log as strong as its weaker
    algorithm. How many witnesses are enough is for the caller's policy.
    Raises BadSignatureError unless each has signed, ProofError for another log, MalformedError for no checkpoint.
    """
    opened = notes.open_note(raw, keys=[*vkeys, *witnesses], signed=_signed)
    if not vkeys or not set(vkeys).issubset(opened.verified):
        raise BadSignatureError("a key of the log has not signed this checkpoint")
    checkpoint = Checkpoint.parse(opened.text)
    if checkpoint.origin != origin or any(key.name != origin for key in vkeys):
        raise ProofError("a checkpoint of another log")
    return CosignedCheckpoint(checkpoint=checkpoint, cosignatures=_cosignatures(opened, witnesses), lines=opened.lines)


def _cosignatures(opened: notes.OpenedNote, witnesses: Sequence[VerifierKey]) -> tuple[Cosignature, ...]:
    return tuple(
        Cosignature(key=key, timestamp=split_timestamp(signature)[0])
        for key, signature in opened.signatures
        if key in witnesses
    )


def _cosign(checkpoint: Checkpoint, key: VerifierKey, *, signer: Signer, timestamp: int) -> NoteSignature:
    message = _message(checkpoint.format(), key, timestamp=timestamp)
    signature = join_timestamp(timestamp=timestamp, signature=signer.sign(message))
    return NoteSignature(name=key.name, key_id=key.key_id, signature=signature)


def _signed(text: str, key: VerifierKey, signature: bytes) -> tuple[bytes, bytes]:
    if key.type is SignatureType.ED25519:
        return notes.plain(text, key, signature)
    timestamp, bare = split_timestamp(signature)
    return _message(text, key, timestamp=timestamp), bare


def _message(text: str, key: VerifierKey, *, timestamp: int) -> bytes:
    if key.type is SignatureType.ED25519_COSIGNATURE:
        return checkpoint_message(text, timestamp=timestamp)
    checkpoint = Checkpoint.parse(text)
    return subtree_message(
        cosigner=key.name,
        timestamp=timestamp,
        origin=checkpoint.origin,
        start=0,
        end=checkpoint.size,
        root=checkpoint.root,
    )
