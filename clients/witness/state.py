"""What a witness has cosigned, one file for each log, and how far that went, in a file of its own (docs/adr/0045).

A log's file holds its last checkpoint under the log's signatures and our own: what a monitor is shown is what the next
request is judged by. It is replaced under a lock, if it is still what the decision was made on. The second file says only
which size, root and time were reached of each log. It is raised after the first, and before the answer leaves: so it can
be behind after a crash and never ahead, unless the first file is an old one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clients.durable import make_folder
from clients.errors import HomeError
from clients.witness import slots
from clients.witness.slots import STOP, unbelieved
from crypto.digests import sha256
from crypto.encoding import b64
from ledger.checkpoints import Checkpoint, CosignedCheckpoint, open_any
from ledger.errors import ConflictError, LedgerError, MalformedError
from ledger.notes import VerifierKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The last checkpoint cosigned of one log, as its file has it, and the latest time under it."""

    note: bytes
    checkpoint: Checkpoint
    time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far a witness has gone with one log."""

    checkpoint: Checkpoint
    time: int

    def format(self) -> str:
        """Return the line of the second file: time, size, root, origin."""
        one = self.checkpoint
        return f"{self.time} {one.size} {b64(one.root)} {one.origin}\n"

    @classmethod
    def parse(cls, line: str) -> "Reached":
        """Return what a line spells, given with its line feed; raise MalformedError."""
        time, _, rest = line.removesuffix("\n").partition(" ")
        size, _, rest = rest.partition(" ")
        root, _, origin = rest.partition(" ")
        if not time.isascii() or not time.isdigit():
            raise MalformedError("a line of the witness's second file begins with a time")
        found = cls(checkpoint=Checkpoint.parse(f"{origin}\n{size}\n{root}\n"), time=int(time))
        if found.format() != line:
            raise MalformedError("a line of the witness's second file in another spelling")
        return found


class WitnessFiles:
    """Both files of one witness; safe between threads and between programs."""

    def __init__(self, folder: Path, *, highest: Path, own: Sequence[VerifierKey]) -> None:
        """Take the folder, the place of the second file, and every key this witness ever cosigned with."""
        make_folder(folder)
        self._folder = folder
        self._highest = highest
        self._own = tuple(own)
        self._last: dict[str, Held] = {}  # what was opened before need not be verified again
        self._paths: dict[str, Path] = {}

    def require_reached(self) -> None:
        """Raise HomeError, so that nothing is cosigned, unless every log stands where it stood at the last answer."""
        for reached in self._reached().values():
            held = self.held(reached.checkpoint.origin)
            size = held.checkpoint.size if held else 0
            if held is None or size < reached.checkpoint.size or held.time < reached.time:
                raise HomeError(
                    f"this witness cosigned {reached.checkpoint.size:,} entries of {reached.checkpoint.origin} "
                    f"and its state says {size:,}: an older state was put back",
                    next_step=STOP,
                )
            if size == reached.checkpoint.size and held.checkpoint.root != reached.checkpoint.root:
                raise HomeError(f"the state of {reached.checkpoint.origin} is of another tree", next_step=STOP)

    def require_unseen(self, note: bytes) -> None:
        """Raise HomeError if the note, as the log shows it, has a cosignature of ours beyond what our state says."""
        try:
            shown = open_any(note, keys=self._own)
        except LedgerError:
            return  # nothing of ours is in it
        held = self.held(shown.checkpoint.origin)
        size = held.checkpoint.size if held else 0
        if shown.checkpoint.size > size:
            raise HomeError(
                f"the log shows our own cosignature of {shown.checkpoint.size:,} entries and our state says {size:,}: "
                "an older state was put back",
                next_step=STOP,
            )

    def held(self, origin: str) -> Held | None:
        """Return what was last cosigned of a log; raise HomeError for a file that is none of ours."""
        path = self.path(origin)
        raw = slots.read(path)
        known = self._last.get(origin)
        if raw is not None and (known is None or known.note != raw):
            known = self._last[origin] = self._open(path, raw, origin)
        return None if raw is None else known

    def swap(self, held: Held | None, new: Held) -> None:
        """Put `new` in the place of `held` durably, in both files; raise ConflictError if another request was faster."""

        def swapped(raw: bytes | None) -> bytes:
            if raw != (held.note if held else None):
                raise ConflictError("another checkpoint was cosigned meanwhile")
            return new.note

        slots.update(self.path(new.checkpoint.origin), swapped)
        self._last[new.checkpoint.origin] = new
        self._raise(Reached(checkpoint=new.checkpoint, time=new.time))

    def shown(self, digest: str) -> bytes | None:
        """Return what was last cosigned of the log whose origin hashes to `digest` (hex), if it is one."""
        return slots.read(self._folder / f"{digest}.checkpoint") if len(digest) == 64 and digest.isalnum() else None

    def path(self, origin: str) -> Path:
        """Return the file of a log."""
        if origin not in self._paths:
            self._paths[origin] = self._folder / f"{sha256(origin.encode()).hex()}.checkpoint"
        return self._paths[origin]

    def _open(self, path: Path, raw: bytes, origin: str) -> Held:
        """Return the file's content once our own signature under it is good: what we did not write decides nothing."""
        try:
            opened = open_any(raw, keys=self._own)
            if opened.checkpoint.origin != origin:
                raise MalformedError("it is of another log")
        except LedgerError as error:
            raise HomeError(f"{path} is not what this witness wrote: {error}", next_step=STOP) from error
        return Held(note=raw, checkpoint=opened.checkpoint, time=_latest(opened))

    def _raise(self, reached: Reached) -> None:
        """Write down, durably, how far this log has been cosigned: never less than whoever came second has written."""

        def raised(raw: bytes | None) -> bytes:
            lines = {**self._parsed(raw)}
            origin = reached.checkpoint.origin
            lines[origin] = max(lines.get(origin, reached), reached, key=_how_far)
            return "".join(lines[name].format() for name in sorted(lines)).encode()

        slots.update(self._highest, raised)

    def _reached(self) -> Mapping[str, Reached]:
        """Return how far each log had been cosigned at the last answer."""
        return self._parsed(slots.read(self._highest))

    def _parsed(self, raw: bytes | None) -> Mapping[str, Reached]:
        try:
            found = [Reached.parse(line) for line in (raw or b"").decode().splitlines(keepends=True)]
        except (LedgerError, UnicodeDecodeError) as error:
            raise unbelieved(self._highest, str(error)) from error
        return {one.checkpoint.origin: one for one in found}


def _how_far(reached: Reached) -> tuple[int, int]:
    return reached.checkpoint.size, reached.time


def _latest(opened: CosignedCheckpoint) -> int:
    return max(item.timestamp for item in opened.cosignatures)
