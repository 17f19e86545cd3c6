"""Witnesses in the same process: honest ones that judge as `ledger/witnessing.py` says, and others."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ledger.charter import Charter
from ledger.checkpoints import Checkpoint
from ledger.notes import NoteSignature, format_note, parse_note
from ledger.witnessing import Accept, Refuse, WitnessState, judge_add, known_logs
from server.errors import WitnessError
from server.publishing.link import Answer
from tests.support.witnessing import cosignatures_of

TEXT = "text/plain; charset=utf-8"


@dataclass
class Cosigner:
    """An honest witness: it remembers what it cosigned, and cosigns what grows from there."""

    agency: str
    charters: list[tuple[int, Charter]]
    clock: Callable[[], int]
    held: dict[str, Checkpoint] = field(default_factory=dict)
    notes: dict[str, bytes] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    down: bool = False

    def __post_init__(self) -> None:
        """Begin with nobody asking."""
        self._lock = threading.Lock()
        self.most_at_once = 0
        self._at_once = 0

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer as a witness does."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return self._answer(body)
        finally:
            with self._lock:
                self._at_once -= 1

    def latest(self, origin: str) -> Answer:
        """Return the last checkpoint cosigned."""
        if self.down:
            raise WitnessError("no answer (it is down)")
        if origin not in self.notes:
            return Answer(status=404, content_type=TEXT, body=b"")
        return Answer(status=200, content_type=TEXT, body=self.notes[origin])

    def size(self, origin: str) -> int:
        """Return the size that was cosigned last, 0 if none was: whoever is the slowest may not have been reached yet."""
        return self.held[origin].size if origin in self.held else 0

    def close(self) -> None:
        """Close nothing."""

    def lines(self, checkpoint: Checkpoint) -> bytes:
        """Return the cosignatures of this witness now."""
        charter = self.charters[-1][1]
        found = cosignatures_of(checkpoint, charter, {self.agency: self.clock()})
        return "".join(line.format() for line in found).encode()

    def _answer(self, body: bytes) -> Answer:
        if self.down:
            raise WitnessError("no answer (it is down)")
        self.bodies.append(body)
        verdict = judge_add(body, WitnessState(logs=known_logs(self.charters), held=self.held))
        if isinstance(verdict, Refuse):
            return Answer(status=verdict.status, content_type=verdict.content_type, body=verdict.body)
        return Answer(status=200, content_type=TEXT, body=self._cosign(verdict))

    def _cosign(self, verdict: Accept) -> bytes:
        lines = self.lines(verdict.checkpoint)
        origin = verdict.checkpoint.origin
        self.held[origin] = verdict.checkpoint
        self.notes[origin] = format_note(verdict.checkpoint.format(), [*verdict.lines, *_parsed(lines)])
        return lines


@dataclass
class Twisted(Cosigner):
    """A witness whose answers somebody has changed on the way."""

    twist: Callable[[Answer], Answer] = lambda answer: answer

    def _answer(self, body: bytes) -> Answer:
        return self.twist(super()._answer(body))


def with_body(body: bytes) -> Callable[[Answer], Answer]:
    """Return what puts another body into an answer."""
    return lambda answer: replace(answer, body=body)


def connected(cosigners: Mapping[str, Cosigner]) -> Callable[[str], Cosigner]:
    """Return the way to cosigners whose addresses end in their names."""
    return lambda url: cosigners[url.rpartition("/")[2]]


def witnesses_toml(cosigners: Mapping[str, Cosigner], *, lost: tuple[int, ...] = ()) -> str:
    """Return what the operator writes down."""
    lines = [f'{name} = "http://127.0.0.1/{name}"' for name in cosigners]
    return "\n".join([f"lost = {list(lost)}", "[witness]", *lines, ""])


def _parsed(lines: bytes) -> tuple[NoteSignature, ...]:
    return parse_note(b"x\n\n" + lines).signatures
