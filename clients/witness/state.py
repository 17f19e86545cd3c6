"""What a witness has cosigned, one file for each log, and how far that went, in a file of its own (docs/adr/0045).

A log's file is its last checkpoint under the log's signatures and our own: what a monitor is shown is what the next
request is judged by. It is replaced as a whole under a lock, if it is still what the decision was made on. The second
file says only which size, root and time were reached. It is raised after the first, and before the answer leaves: so
it can be behind after a crash and never ahead, unless the first file is an old one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clients.durable import append, make_folder
from clients.errors import HomeError
from crypto import privatefile
from crypto.digests import sha256
from crypto.encoding import b64
from crypto.errors import KeystoreError
from ledger.checkpoints import Checkpoint, CosignedCheckpoint, open_any
from ledger.errors import ConflictError, LedgerError, MalformedError
from ledger.notes import VerifierKey
from ledger.witnessing import MAX_BODY_BYTES

MAX_FILE_BYTES = 2 * MAX_BODY_BYTES
_COMPACT_BYTES = 2**16
_STOP = "do not start it on this folder: the charter can name new witness keys for this agency"


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

    def require_reached(self) -> None:
        """Raise HomeError, so that nothing is cosigned, unless every log stands where it stood at the last answer."""
        for reached in self._reached().values():
            held = self.held(reached.checkpoint.origin)
            size = held.checkpoint.size if held else 0
            if held is None or size < reached.checkpoint.size or held.time < reached.time:
                raise HomeError(
                    f"this witness cosigned {reached.checkpoint.size:,} entries of {reached.checkpoint.origin} "
                    f"and its state says {size:,}: an older state was put back",
                    next_step=_STOP,
                )
            if size == reached.checkpoint.size and held.checkpoint.root != reached.checkpoint.root:
                raise HomeError(f"the state of {reached.checkpoint.origin} is of another tree", next_step=_STOP)

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
                next_step=_STOP,
            )

    def held(self, origin: str) -> Held | None:
        """Return what was last cosigned of a log; raise HomeError for a file that is none of ours."""
        path = self.path(origin)
        try:
            raw = privatefile.read(path, limit=MAX_FILE_BYTES)
        except FileNotFoundError:
            return None
        except KeystoreError as error:
            raise HomeError(f"{path} cannot be believed: {error}", next_step=_STOP) from error
        known = self._last.get(origin)
        if known is None or known.note != raw:
            known = self._open(path, raw, origin)
            self._last[origin] = known
        return known

    def swap(self, held: Held | None, new: Held) -> None:
        """Put `new` in the place of `held` durably, in both files; raise ConflictError if another request was faster."""
        path = self.path(new.checkpoint.origin)
        with privatefile.locked(path):
            if self.held(new.checkpoint.origin) != held:
                raise ConflictError("another checkpoint was cosigned meanwhile")
            privatefile.replace(path, new.note)
            self._last[new.checkpoint.origin] = new
            self._raise(Reached(checkpoint=new.checkpoint, time=new.time))

    def shown(self, digest: str) -> bytes | None:
        """Return the file of the log whose origin hashes to `digest` (hex), if it is one."""
        path = self._folder / f"{digest}.checkpoint"
        return path.read_bytes() if len(digest) == 64 and digest.isalnum() and path.exists() else None

    def path(self, origin: str) -> Path:
        """Return the file of a log."""
        return self._folder / f"{sha256(origin.encode()).hex()}.checkpoint"

    def _open(self, path: Path, raw: bytes, origin: str) -> Held:
        """Return the file's content once our own signature under it is good: what we did not write decides nothing."""
        try:
            opened = open_any(raw, keys=self._own)
            if opened.checkpoint.origin != origin:
                raise MalformedError("it is of another log")
        except LedgerError as error:
            raise HomeError(f"{path} is not what this witness wrote: {error}", next_step=_STOP) from error
        return Held(note=raw, checkpoint=opened.checkpoint, time=_latest(opened))

    def _raise(self, reached: Reached) -> None:
        """Add a line, durably: the last one of each log counts. Once in a while the earlier ones go."""
        with privatefile.locked(self._highest):
            if _takes_a_line(self._highest):
                append(self._highest, reached.format().encode())
                return
            lines = {**self._reached(), reached.checkpoint.origin: reached}
            privatefile.replace(self._highest, "".join(lines[name].format() for name in sorted(lines)).encode())

    def _reached(self) -> dict[str, Reached]:
        """Return the last line of each log. What a crash cut off at the end was never answered, and says nothing."""
        try:
            whole, _, _ = privatefile.read(self._highest, limit=MAX_FILE_BYTES).rpartition(b"\n")
            found = [Reached.parse(f"{line}\n") for line in whole.decode().split("\n") if whole]
        except FileNotFoundError:
            return {}
        except (KeystoreError, LedgerError, UnicodeDecodeError) as error:
            raise HomeError(f"{self._highest} cannot be believed: {error}", next_step=_STOP) from error
        return {one.checkpoint.origin: one for one in found}


def _takes_a_line(path: Path) -> bool:
    """Say whether the second file is there, not too long, and ends where a line does: a crash may have cut one off."""
    if not path.exists() or not 0 < path.stat().st_size < _COMPACT_BYTES:
        return False
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"


def _latest(opened: CosignedCheckpoint) -> int:
    return max(item.timestamp for item in opened.cosignatures)
