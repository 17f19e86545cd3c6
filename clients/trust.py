"""What this home believes: the pinned charter, the charters that followed, the last verified checkpoint.

The state machine of python-tuf's ngclient, for a log: nothing is believed before the pin; what is believed only
grows; what contradicts it is kept as evidence and stops the program (docs/protocol.md, 8 and 9).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from clients.durable import make_folder, write_file
from clients.errors import HomeError, TrustError
from crypto.digests import sha256
from crypto.encoding import b64u
from ledger import fingerprints
from ledger.charter import Charter, charter_entry, parse_charter, verify_first_charter, verify_next_charter
from ledger.checkpoints import Checkpoint, claimed_size, open_checkpoint
from ledger.errors import LedgerError, NotFoundError, ProofError
from ledger.handover import judge_of, needs_handover, verify_handover
from ledger.merkle import leaf_hash
from ledger.tiles import TilePath
from ledger.verifiedtree import VerifiedTree
from ledger.wire.schemas import CharterList


class LogReader(Protocol):
    """Where a log is read from: a service, a mirror, a folder."""

    def checkpoint(self) -> bytes:
        """Return the newest checkpoint."""

    def tile(self, path: TilePath) -> bytes:
        """Return a tile or bundle; raise NotFoundError."""

    def charters(self) -> CharterList:
        """Return which charters there are, and where their entries stand."""

    def charter(self, ver: int) -> bytes:
        """Return a charter file; raise NotFoundError."""

    def handover(self, index: int) -> bytes:
        """Return the first checkpoint that held the charter at `index`; raise NotFoundError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCharter:
    """A verified charter, its file, and the index of its entry."""

    charter: Charter
    file: bytes
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One verified state of the log: its charters up to now, its checkpoint, and its tree, read with suspicion."""

    charters: tuple[LoggedCharter, ...]
    checkpoint: Checkpoint
    note: bytes
    tree: VerifiedTree

    @property
    def charter(self) -> Charter:
        """Return the charter in force."""
        return self.charters[-1].charter


class Trust:
    """The folder `trusted` of a home: written only after verification, compared before every belief."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self._folder = folder

    def pin(self, fingerprint: bytes) -> None:
        """Pin the fingerprint of charter 1; another one later is refused."""
        anchor = self._folder / "anchor"
        if anchor.exists() and self.anchor() != fingerprint:
            raise TrustError("this home has another charter pinned", next_step="use a new home for another log")
        make_folder(self._folder)
        write_file(anchor, fingerprints.to_text(fingerprint).encode())

    def anchor(self) -> bytes:
        """Return the pinned fingerprint; raise HomeError before `join`."""
        try:
            return fingerprints.parse((self._folder / "anchor").read_text(encoding="ascii"))
        except (OSError, UnicodeDecodeError, LedgerError) as error:
            raise HomeError(
                "no charter is pinned in this home", next_step="run `sealtrace join URL --charter FINGERPRINT`"
            ) from error

    def charters(self) -> tuple[Charter, ...]:
        """Return the charters verified so far, in order; raise HomeError before `join`."""
        found = tuple(parse_charter(file) for file in self.charter_files())
        if not found:
            raise HomeError("no charter was verified yet", next_step="run `sealtrace join URL --charter FINGERPRINT`")
        return found

    def charter_files(self) -> tuple[bytes, ...]:
        """Return the files of the charters verified so far, in order."""
        found: list[bytes] = []
        while (file := self._kept(len(found) + 1)) is not None:
            found.append(file)
        return tuple(found)

    def note(self) -> bytes | None:
        """Return the last verified checkpoint, if there is one."""
        path = self._folder / "checkpoint"
        return path.read_bytes() if path.exists() else None

    def refresh(self, reader: LogReader) -> View:
        """Return the newest state of the log once it follows from what was believed before, and remember it.

        Raises TrustError, with the evidence kept, for a log that was rolled back, forked or rewritten.
        """
        # The checkpoint first: a charter that is logged in between is then one too many, which is left for later.
        note = reader.checkpoint()
        size = claimed_size(note)
        charters = tuple(logged for logged in self._charters(reader) if logged.index < size)
        judge = judge_of([(logged.index, logged.charter) for logged in charters], size)
        checkpoint = open_checkpoint(note, origin=judge.origin, vkeys=judge.log.vkeys)
        old = self._trusted_checkpoint(charters)
        if old is not None and checkpoint.size < old.size:
            raise self._contradiction(note, f"the log had {old.size:,} entries and now shows {checkpoint.size:,}")
        tree = VerifiedTree(size=checkpoint.size, root=checkpoint.root, read=reader.tile)
        if old is not None and tree.root_at(old.size) != old.root:
            raise self._contradiction(note, f"the first {old.size:,} entries are no longer those verified before")
        for logged in charters:
            _check_logged(logged, tree)
        for before, logged in pairwise(charters):
            if self._kept(logged.charter.ver) is None:
                _check_handover(before, logged, reader, tree)
        self._remember(charters, note)
        return View(charters=charters, checkpoint=checkpoint, note=note, tree=tree)

    def _charters(self, reader: LogReader) -> Iterator[LoggedCharter]:
        """Yield every charter in order, each verified by the one before; what is kept is not fetched again."""
        before: LoggedCharter | None = None
        for listed in reader.charters().charters:
            file = self._kept(listed.ver) or reader.charter(listed.ver)
            charter = self._verified(file, before)
            if fingerprints.of_file(file) != listed.h:
                raise TrustError(f"the service names another charter {listed.ver} than was verified")
            if charter.ver != listed.ver or (before is not None and listed.index <= before.index):
                raise ProofError("the service lists charters out of order")
            before = LoggedCharter(charter=charter, file=file, index=listed.index)
            yield before
        if before is None:
            raise NotFoundError("the service has no charter yet")
        if self._kept(before.charter.ver + 1) is not None:
            raise TrustError("the service no longer shows a charter that was verified before")

    def _verified(self, file: bytes, before: LoggedCharter | None) -> Charter:
        if before is None:
            return verify_first_charter(file, fingerprint=self.anchor())
        return verify_next_charter(file, previous=before.charter, previous_hash=fingerprints.of_file(before.file))

    def _trusted_checkpoint(self, charters: tuple[LoggedCharter, ...]) -> Checkpoint | None:
        note = self.note()
        if note is None:
            return None
        for logged in reversed(charters):
            try:
                return open_checkpoint(note, origin=logged.charter.origin, vkeys=logged.charter.log.vkeys)
            except LedgerError:
                continue
        raise TrustError("the last checkpoint of this home fits no charter", next_step="restore it from a backup")

    def _contradiction(self, note: bytes, text: str) -> TrustError:
        evidence = self._folder / f"evidence-{b64u(sha256(note))[:16]}"
        write_file(evidence, note)
        return TrustError(
            text, next_step=f"keep {evidence.name} and the checkpoint beside it: both signed, they convict the log"
        )

    def _remember(self, charters: tuple[LoggedCharter, ...], note: bytes) -> None:
        for logged in charters:
            if self._kept(logged.charter.ver) is None:
                path = self._path(logged.charter.ver)
                make_folder(path.parent)
                write_file(path, logged.file)
        write_file(self._folder / "checkpoint", note)

    def _kept(self, ver: int) -> bytes | None:
        path = self._path(ver)
        return path.read_bytes() if path.exists() else None

    def _path(self, ver: int) -> Path:
        return self._folder / "v1" / "charters" / str(ver)


def _check_handover(before: LoggedCharter, logged: LoggedCharter, reader: LogReader, tree: VerifiedTree) -> None:
    """Raise TrustError unless the log's old keys vouched for the tree in which the members name new ones."""
    if not needs_handover(logged.charter, before.charter):
        return
    try:
        note = reader.handover(logged.index)
        verify_handover(note, index=logged.index, charter=logged.charter, previous=before.charter, tree=tree)
    except LedgerError as error:
        raise TrustError(
            f"charter {logged.charter.ver} names new keys of the log, and the old ones did not sign its handover",
            next_step="ask other members whether they agreed to new keys; nothing of this state was taken over",
        ) from error


def _check_logged(logged: LoggedCharter, tree: VerifiedTree) -> None:
    expected = leaf_hash(charter_entry(logged.file))
    if tree.leaf_hashes(logged.index, logged.index + 1) != (expected,):
        raise ProofError(f"charter {logged.charter.ver} is not where the service says it is logged")
    if logged.charter.ver == 1 and logged.index != 0:
        raise ProofError("the first charter is not entry 0")
