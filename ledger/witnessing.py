"""What a witness answers, as decisions over what it holds (C2SP tlog-witness; docs/protocol.md, 9).

Nothing is signed or stored here. `judge_add` says whether a checkpoint may be cosigned; whoever acts on an `Accept`
stores it by compare-and-swap with `held` before anything signed leaves, else two requests could pass each other and
the witness would go back. Statuses are the specification's, in its order: what a caller learns is no more than that.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

from crypto.encoding import HASH_BYTES, b64, unb64
from crypto.errors import EncodingError
from ledger.charterpayload import Charter
from ledger.checkpoints import Checkpoint, CosignedCheckpoint, open_any, open_cosigned
from ledger.errors import LedgerError, MalformedError, ProofError, TooLargeError
from ledger.merkle import EMPTY_ROOT, MAX_HASHES, MAX_SIZE, check_subtree, verify_consistency, verify_subtree
from ledger.notes import NoteSignature, SignatureType, VerifierKey
from ledger.witnesses import LogName

MAX_BODY_BYTES = 2**17
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"

_COUNT = "(0|[1-9][0-9]{0,18})"
_OLD = re.compile(f"old {_COUNT}")
_SUBTREE = re.compile(f"subtree {_COUNT} {_COUNT}")


class Status(IntEnum):
    """The answers of tlog-witness."""

    OK = 200
    BAD_REQUEST = 400
    FORBIDDEN = 403
    NOT_FOUND = 404
    CONFLICT = 409
    UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """The body of add-checkpoint: the size last cosigned, the consistency proof from there, the checkpoint."""

    old: int
    proof: tuple[bytes, ...] = ()
    checkpoint: bytes

    def format(self) -> bytes:
        """Return the body."""
        return _format(f"old {self.old}", self.proof, self.checkpoint)

    @classmethod
    def parse(cls, raw: bytes) -> "AddCheckpoint":
        """Return what `raw` spells; raise TooLargeError or MalformedError. The checkpoint is verified elsewhere."""
        first, proof, checkpoint = _parse(raw, most=MAX_HASHES)
        match = _OLD.fullmatch(first)
        if match is None or int(match[1]) > MAX_SIZE:
            raise MalformedError("the first line is not `old` and a size")
        return cls(old=int(match[1]), proof=proof, checkpoint=checkpoint)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignSubtree:
    """The body of sign-subtree: leaves [start, end), their root, the proof, a checkpoint that this witness cosigned."""

    start: int
    end: int
    node: bytes
    proof: tuple[bytes, ...] = ()
    checkpoint: bytes

    def format(self) -> bytes:
        """Return the body."""
        return _format(f"subtree {self.start} {self.end}", (self.node, *self.proof), self.checkpoint)

    @classmethod
    def parse(cls, raw: bytes) -> "SignSubtree":
        """Return what `raw` spells; raise TooLargeError or MalformedError. The checkpoint is verified elsewhere."""
        first, hashes, checkpoint = _parse(raw, most=1 + MAX_HASHES)
        match = _SUBTREE.fullmatch(first)
        if match is None or max(int(match[1]), int(match[2])) > MAX_SIZE or not hashes:
            raise MalformedError("the first lines are not `subtree`, two sizes, and a hash")
        return cls(start=int(match[1]), end=int(match[2]), node=hashes[0], proof=hashes[1:], checkpoint=checkpoint)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLog:
    """A log and who signs for it: each pair of keys from the index of the charter that names it on."""

    origin: str
    generations: tuple[tuple[int, tuple[VerifierKey, ...]], ...]

    def vkeys(self, size: int) -> tuple[VerifierKey, ...]:
        """Return the keys that sign a checkpoint of `size`: those of the last charter in its tree."""
        held = [keys for index, keys in self.generations if index < size]
        return held[-1] if held else self.generations[0][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessState:
    """What a witness knows of the world: its logs, its own keys for each, and the last checkpoint it cosigned."""

    logs: Mapping[str, KnownLog]
    own: Mapping[str, tuple[VerifierKey, ...]] = field(default_factory=dict)
    held: Mapping[str, Checkpoint] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """A checkpoint to cosign, and the log's lines under it, if what is stored still is `held` (None: nothing yet)."""

    checkpoint: Checkpoint
    lines: tuple[NoteSignature, ...]
    held: Checkpoint | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptSubtree:
    """A subtree to cosign with time 0."""

    origin: str
    start: int
    end: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """An answer without a signature. `evidence`: the log has signed what may not be, or what was not proved."""

    status: Status
    text: str
    content_type: str = TEXT_TYPE
    evidence: bool = False

    @property
    def body(self) -> bytes:
        """Return the body of the answer."""
        return f"{self.text}\n".encode()


def known_logs(charters: Sequence[tuple[int, Charter]]) -> Mapping[str, KnownLog]:
    """Return both logs of a service by their origins, from its charters and the indices of their entries.

    The access log holds no charter that could say where its keys change: its newest keys are its keys.
    """
    if not charters:
        return MappingProxyType({})
    newest = charters[-1][1]
    main = KnownLog(origin=newest.origin, generations=tuple((index, charter.log.vkeys) for index, charter in charters))
    access = KnownLog(origin=LogName.ACCESS.origin(newest), generations=((-1, newest.log.access),))
    return MappingProxyType({main.origin: main, access.origin: access})


def judge_add(body: bytes, state: WitnessState) -> Accept | Refuse:
    """Return whether the checkpoint in an add-checkpoint body may be cosigned, or the answer that says why not."""
    try:
        request = AddCheckpoint.parse(body)
        claimed = _claimed(request.checkpoint)
    except LedgerError as error:
        return Refuse(status=Status.BAD_REQUEST, text=f"malformed: {error}")
    log = state.logs.get(claimed.origin)
    if log is None:
        return Refuse(status=Status.NOT_FOUND, text="unknown log")
    try:
        opened = open_cosigned(request.checkpoint, origin=log.origin, vkeys=log.vkeys(claimed.size), witnesses=())
    except LedgerError as error:
        return Refuse(status=Status.FORBIDDEN, text=f"invalid signature: {error}")
    return _judge_tree(request, opened, state.held.get(log.origin))


def judge_subtree(body: bytes, state: WitnessState) -> AcceptSubtree | Refuse:
    """Return whether the subtree in a sign-subtree body may be cosigned, or the answer that says why not."""
    try:
        request = SignSubtree.parse(body)
        claimed = _claimed(request.checkpoint)
    except LedgerError as error:
        return Refuse(status=Status.BAD_REQUEST, text=f"malformed: {error}")
    if claimed.origin not in state.logs:
        return Refuse(status=Status.NOT_FOUND, text="unknown log")
    try:
        _require_own(request.checkpoint, state.own.get(claimed.origin, ()))
    except LedgerError as error:
        return Refuse(status=Status.FORBIDDEN, text=f"not a checkpoint that this witness cosigned: {error}")
    return _judge_subtree(request, claimed)


def _judge_tree(request: AddCheckpoint, opened: CosignedCheckpoint, held: Checkpoint | None) -> Accept | Refuse:
    """Judge a checkpoint whose log's signatures are good."""
    checkpoint = opened.checkpoint
    last = held.size if held else 0
    if request.old > checkpoint.size:
        return Refuse(status=Status.BAD_REQUEST, text="the old size is larger than the checkpoint's")
    if request.old != last:
        return Refuse(status=Status.CONFLICT, text=str(last), content_type=SIZE_TYPE)
    try:
        _verify_growth(request, checkpoint, held)
    except ProofError as error:
        return Refuse(status=Status.UNPROCESSABLE, text=f"consistency proof: {error}", evidence=True)
    return Accept(checkpoint=checkpoint, lines=opened.lines, held=held)


def _verify_growth(request: AddCheckpoint, checkpoint: Checkpoint, held: Checkpoint | None) -> None:
    """Raise ProofError unless the checkpoint's tree begins with the one that is stored; no root is taken on trust."""
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise ProofError("the empty tree has another root")
    if held is None or held.size == 0:
        if request.proof:
            raise ProofError("from nothing there is nothing to prove")
        return
    verify_consistency(
        size1=held.size, size2=checkpoint.size, root1=held.root, root2=checkpoint.root, proof=request.proof
    )


def _judge_subtree(request: SignSubtree, checkpoint: Checkpoint) -> AcceptSubtree | Refuse:
    start, end, node = request.start, request.end, request.node
    try:
        check_subtree(start=start, end=end, size=checkpoint.size)
    except ProofError as error:
        return Refuse(status=Status.BAD_REQUEST, text=str(error))
    try:
        verify_subtree(start=start, end=end, size=checkpoint.size, node=node, root=checkpoint.root, proof=request.proof)
    except ProofError as error:
        return Refuse(status=Status.UNPROCESSABLE, text=str(error))
    return AcceptSubtree(origin=checkpoint.origin, start=start, end=end, root=node)


def _require_own(note: bytes, own: Sequence[VerifierKey]) -> None:
    """Raise unless an ML-DSA-44 key of this witness has cosigned `note`: the answer is signed with no other."""
    open_any(note, keys=[key for key in own if key.type is SignatureType.ML_DSA_44_COSIGNATURE])


def _claimed(note: bytes) -> Checkpoint:
    """Return what the text of a note claims. Whatever is wrong below its empty line is a signature that is not good."""
    text, empty_line, _ = note.rpartition(b"\n\n")
    try:
        if not empty_line:
            raise MalformedError("a checkpoint ends in an empty line and signatures")
        return Checkpoint.parse(f"{text.decode()}\n")
    except UnicodeDecodeError as error:
        raise MalformedError("a checkpoint is UTF-8") from error


def _format(first: str, hashes: Sequence[bytes], checkpoint: bytes) -> bytes:
    return "\n".join([first, *map(b64, hashes), "\n"]).encode() + checkpoint


def _parse(raw: bytes, *, most: int) -> tuple[str, tuple[bytes, ...], bytes]:
    """Return the first line, the hashes below it and what follows the empty line."""
    if len(raw) > MAX_BODY_BYTES:
        raise TooLargeError(f"a body of more than {MAX_BODY_BYTES} bytes")
    head, empty_line, checkpoint = raw.partition(b"\n\n")
    try:
        first, *hashes = head.decode("ascii").split("\n")
        if not empty_line or len(hashes) > most:
            raise MalformedError(f"a line, at most {most} hashes, an empty line and a checkpoint were expected")
        return first, tuple(unb64(line, size=HASH_BYTES) for line in hashes), checkpoint
    except (EncodingError, UnicodeDecodeError) as error:
        raise MalformedError("a hash is 32 bytes in base64") from error
