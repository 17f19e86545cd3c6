"""A witness at work: judge, sign, store by compare-and-swap, answer. In this order, and nothing signed leaves before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from clients.witness.evidence import Evidence
from clients.witness.state import Held, WitnessFiles
from crypto.signing import Algorithm, Signer
from ledger import notes
from ledger.charter import Charter
from ledger.checkpoints import Checkpoint, cosign, cosign_subtree, cosigner_vkey
from ledger.errors import ConflictError
from ledger.keys import Key, of_role
from ledger.kinds import Role
from ledger.notes import NoteSignature, VerifierKey
from ledger.terms import witness_name
from ledger.witnessing import (
    TEXT_TYPE,
    Accept,
    KnownLog,
    Refuse,
    Status,
    WitnessState,
    judge_add,
    judge_subtree,
    known_logs,
)

UNAVAILABLE = 503
MAX_BACK_SECONDS = 60
_TRIES = 8


class Log(Protocol):
    """Where events go: structlog's loggers are such."""

    def info(self, event: str, **values: object) -> object:
        """Note what happened."""

    def warning(self, event: str, **values: object) -> object:
        """Note what somebody should look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to whoever asked, over whichever way."""

    status: int
    body: bytes
    content_type: str = TEXT_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """One of this witness's keys and the name it cosigns under."""

    vkey: VerifierKey
    signer: Signer = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What the charters ask of this witness: which logs it knows, and with which keys it cosigns."""

    logs: Mapping[str, KnownLog] = field(default_factory=dict)
    keys: tuple[OwnKey, ...] = ()


def own_keys(origin: str, agency: str, signers: Sequence[Signer]) -> tuple[OwnKey, ...]:
    """Return every key of a witness, those of earlier charters too, under the name it has for a log."""
    name = witness_name(origin, agency)
    return tuple(OwnKey(vkey=cosigner_vkey(name, signer.public_key), signer=signer) for signer in signers)


def assignment(charters: Sequence[tuple[int, Charter]], *, agency: str, keys: Sequence[OwnKey]) -> Assignment:
    """Return what the charters ask of `agency`; nothing while neither of the last two names it a witness.

    The first checkpoint with a new charter has to satisfy the one before too, so its keys go on signing until the
    next charter: a cosignature by an ended key is nothing to anybody.
    """
    named = {key.public_key for _, charter in charters[-2:] for key in _listed(charter, agency)}
    held = tuple(key for key in keys if key.vkey.public_key.raw in named)
    return Assignment(logs=known_logs(charters) if held else {}, keys=held)


class Cosigner:
    """One witness: its assignment may be replaced while it runs."""

    def __init__(
        self, files: WitnessFiles, evidence: Evidence, *, clock: Callable[[], int], log: Log, given: Assignment
    ) -> None:
        """Take the state, the folder of evidence, a clock (POSIX seconds), where events go and what there is to do.

        `doubt` is called when a log or its keys are not known: a charter may have come that says otherwise.
        """
        self.doubt: Callable[[], None] = _certain
        self._files = files
        self._evidence = evidence
        self._clock = clock
        self._log = log
        self.given = given

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer add-checkpoint: the cosignatures of both keys, or the specification's refusal."""
        given = self.given
        origin = _origin(body)
        for _ in range(_TRIES):
            held = self._files.held(origin) if origin in given.logs else None
            decision = judge_add(body, _state(given, held))
            if isinstance(decision, Refuse):
                return self._refused(decision, body)
            answer = self._cosign(decision, held, given)
            if answer is not None:
                return answer
        return _unavailable("too many requests at once")

    def sign_subtree(self, body: bytes) -> Answer:
        """Answer sign-subtree: the cosignature of the ML-DSA-44 key with time 0."""
        given = self.given
        decision = judge_subtree(body, _state(given, None))
        if isinstance(decision, Refuse):
            return _answer(decision)
        lines = [
            cosign_subtree(
                origin=decision.origin,
                start=decision.start,
                end=decision.end,
                root=decision.root,
                name=key.vkey.name,
                signer=key.signer,
            )
            for key in given.keys
            if key.vkey.public_key.algorithm is Algorithm.ML_DSA_44
        ]
        return _signed(lines)

    def monitor(self, digest: str) -> Answer:
        """Answer the monitoring GET: the last checkpoint cosigned of the log whose origin hashes to `digest`."""
        note = self._files.shown(digest)
        if note is None:
            return Answer(status=Status.NOT_FOUND, body=b"no checkpoint of such a log\n")
        return Answer(status=Status.OK, body=note)

    def size(self, origin: str) -> int:
        """Return the size last cosigned of a log, 0 if none was."""
        held = self._files.held(origin)
        return held.checkpoint.size if held else 0

    def _cosign(self, decision: Accept, held: Held | None, given: Assignment) -> Answer | None:
        """Sign, store, answer; return None if another request was faster: then this one is judged anew."""
        checkpoint = decision.checkpoint
        time = self._time(held)
        if time is None:
            self._log.warning("clock went back", origin=checkpoint.origin)
            return _unavailable("the clock of this witness went back: it signs again once the time has come")
        lines = [cosign(checkpoint, name=key.vkey.name, signer=key.signer, timestamp=time) for key in given.keys]
        # Strangers' lines were not verified: what is kept has the log's and ours.
        note = notes.Note(text=checkpoint.format(), signatures=(*decision.lines, *lines)).format()
        try:
            self._files.swap(held, Held(note=note, checkpoint=checkpoint, time=time))
        except ConflictError:
            return None
        self._log.info("cosigned", origin=checkpoint.origin, size=checkpoint.size, time=time)
        return _signed(lines)

    def _time(self, held: Held | None) -> int | None:
        """Return the time to sign, never below an earlier one; None if the clock is behind by more than it may be.

        A second or two back are a clock being set, and the earlier time is signed again. A clock that is hours back
        was wrong then or is now: a time that may be false is signed for nobody.
        """
        now = self._clock()
        last = held.time if held else 0
        if now < 1 or now < last - MAX_BACK_SECONDS:
            return None
        return max(now, last)

    def _refused(self, refusal: Refuse, body: bytes) -> Answer:
        if refusal.evidence:
            self._keep(body)
        if refusal.status in {Status.NOT_FOUND, Status.FORBIDDEN}:
            self.doubt()
        self._log.info("refused", status=int(refusal.status))
        return _answer(refusal)

    def _keep(self, body: bytes) -> None:
        _, _, note = body.partition(b"\n\n")
        text = note.rpartition(b"\n\n")[0].decode() + "\n"
        checkpoint = Checkpoint.parse(text)
        held = self._files.held(checkpoint.origin)
        path = self._evidence.keep(text=text, request=body, held=held.note if held else None)
        if path is not None:
            self._log.warning("evidence kept", origin=checkpoint.origin, size=checkpoint.size, file=path.name)


def _origin(body: bytes) -> str:
    """Return the origin that an add-checkpoint body claims: which log's state it is judged by, and no more."""
    _, _, checkpoint = body.partition(b"\n\n")
    return checkpoint.partition(b"\n")[0].decode("utf-8", "replace")


def _state(given: Assignment, held: Held | None) -> WitnessState:
    own = tuple(key.vkey for key in given.keys)
    known = {} if held is None else {held.checkpoint.origin: held.checkpoint}
    return WitnessState(logs=given.logs, own=dict.fromkeys(given.logs, own), held=known)


def _certain() -> None:
    """Do nothing: whoever runs a witness that follows its charters puts its own in this place."""


def _listed(charter: Charter, agency: str) -> tuple[Key, ...]:
    member = charter.agency(agency)
    return of_role(member.keys, Role.WITNESS) if member is not None and agency in charter.witness.agencies else ()


def _signed(lines: Sequence[NoteSignature]) -> Answer:
    return Answer(status=Status.OK, body="".join(line.format() for line in lines).encode())


def _answer(refusal: Refuse) -> Answer:
    return Answer(status=int(refusal.status), body=refusal.body, content_type=refusal.content_type)


def _unavailable(text: str) -> Answer:
    return Answer(status=UNAVAILABLE, body=f"{text}\n".encode())
