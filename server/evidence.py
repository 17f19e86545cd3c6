"""What others hold of this log: checkpoints, and folders of tiles. It tells a restored service how far it had signed.

Nothing here is believed but the log's own signatures: a checkpoint that the log's keys have signed binds the service
whoever brings it, and what they have not signed binds nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ledger.charterpayload import Charter
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.errors import LedgerError, NotFoundError, TooLargeError
from ledger.notes import VerifierKey
from ledger.tiles import MAX_ENTRY_BUNDLE_BYTES, TilePath
from ledger.wire import limits, paths
from server.errors import StartError

KeyPair: TypeAlias = tuple[VerifierKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A checkpoint that the log has signed, byte for byte, and where it was found."""

    source: str
    raw: bytes
    checkpoint: Checkpoint


class Mirror:
    """The open files of a log below a folder: `checkpoint`, `tile/…`, `v1/charters/N` (docs/protocol.md, 10)."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self._folder = folder

    def checkpoint(self) -> bytes:
        """Return the checkpoint."""
        return self._read(paths.CHECKPOINT, limits.MAX_JSON_BYTES)

    def tile(self, path: TilePath) -> bytes:
        """Return a tile or a bundle; raise NotFoundError."""
        return self._read(f"/{path.format()}", MAX_ENTRY_BUNDLE_BYTES)

    def charter(self, ver: int) -> bytes:
        """Return a charter file; raise NotFoundError."""
        return self._read(paths.charter(ver), limits.MAX_CHARTER_BYTES)

    def handover(self, index: int) -> bytes:
        """Return the first checkpoint that held the charter at `index`; raise NotFoundError."""
        return self._read(paths.handover_file(index), limits.MAX_JSON_BYTES)

    def _read(self, path: str, limit: int) -> bytes:
        try:
            with (self._folder / path.lstrip("/")).open("rb") as file:
                raw = file.read(limit + 1)
        except OSError as error:
            raise NotFoundError(f"{self._folder}{path} cannot be read") from error
        if len(raw) > limit:
            raise TooLargeError(f"{self._folder}{path} has more than {limit:,} bytes")
        return raw


def open_evidence(raw: bytes, *, source: str, origin: str, keys: Sequence[KeyPair]) -> Evidence:
    """Return a checkpoint that one generation of the log's keys has signed; raise StartError for any other."""
    refusal: LedgerError | None = None
    for pair in keys:
        try:
            checkpoint = open_checkpoint(raw, origin=origin, vkeys=pair)
        except LedgerError as error:
            refusal = error
        else:
            return Evidence(source=source, raw=raw, checkpoint=checkpoint)
    raise StartError(f"{source} is not a checkpoint that this log's keys have signed: {refusal}")


def generations(own: KeyPair, charters: Sequence[Charter]) -> tuple[KeyPair, ...]:
    """Return every pair of keys that this log has signed with: today's, and those that earlier charters name."""
    return tuple(dict.fromkeys([own, *(charter.log.vkeys for charter in charters)]))


def highest_of(found: Sequence[Evidence]) -> Evidence:
    """Return the evidence of the largest tree; raise StartError if two of one size are of different trees."""
    by_size: dict[int, Evidence] = {}
    for evidence in found:
        other = by_size.setdefault(evidence.checkpoint.size, evidence)
        if other.checkpoint.root != evidence.checkpoint.root:
            raise StartError(
                f"the log has forked already: {other.source} and {evidence.source} are signed for "
                f"{evidence.checkpoint.size:,} entries each and differ. Stop, keep both, tell the members"
            )
    return by_size[max(by_size)]
