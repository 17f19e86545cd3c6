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
from clients.errors import HomeError, TrustError, UnseenError
from clients.forks import fork_files
from crypto.digests import sha256
from crypto.encoding import b64u
from ledger import fingerprints
from ledger.charter import (
    Charter,
    charter_entry,
    parse_charter,
    signed_by_all_kept,
    verify_first_charter,
    verify_next_charter,
)
from ledger.checkpoints import Checkpoint, claimed_size, open_checkpoint
from ledger.errors import BadSignatureError, LedgerError, NotFoundError, ProofError
from ledger.handover import is_judged_anew, judge_of, verify_succession
from ledger.merkle import leaf_hash
from ledger.tiles import ReadTile, TilePath
from ledger.verifiedtree import VerifiedTree
from ledger.wire.schemas import CharterList
from ledger.witnesses import Cosigned, freshness, open_published


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
    """One verified state of the log: its charters up to now, its checkpoint, and its tree, read with suspicion.

    `witnessed` holds who has cosigned it and when, `fresh` as of when it is known to be the newest one; without
    witnesses nobody knows.
    """

    charters: tuple[LoggedCharter, ...]
    checkpoint: Checkpoint
    note: bytes
    tree: VerifiedTree
    witnessed: Cosigned

    @property
    def fresh(self) -> int | None:
        """Return the time up to which the witnesses vouch for this checkpoint; None without witnesses."""
        return freshness(self.witnessed, f=self.charter.witness.f) if self.charter.is_witnessed else None

    @property
    def charter(self) -> Charter:
        """Return the charter in force."""
        return self.charters[-1].charter


class Trust:
    """The folder `trusted` of a home: written only after verification, compared before every belief."""

    def __init__(self, folder: Path, *, witness: str | None = None) -> None:
        """Take the folder; with `witness`, an agency, its own cosignature is wanted wherever the charter names it."""
        self._folder = folder
        self._witness = witness

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
        witnessed = open_published(note, charter=judge)
        checkpoint = witnessed.checkpoint
        old = self._trusted_checkpoint(charters)
        if old is not None and checkpoint.size < old.size:
            text = f"the log had {old.size:,} entries and now shows {checkpoint.size:,}"
            raise self._contradiction(note, text, charters, reader.tile)
        tree = VerifiedTree(size=checkpoint.size, root=checkpoint.root, read=reader.tile)
        if old is not None and tree.root_at(old.size) != old.root:
            text = f"the first {old.size:,} entries are no longer those verified before"
            raise self._contradiction(note, text, charters, reader.tile)
        for logged in charters:
            _check_logged(logged, tree)
        for before, logged in pairwise(charters):
            if self._kept(logged.charter.ver) is None:
                self._check_succession(before, logged, reader, tree)
        self._require_own(judge, witnessed)
        self._remember(charters, note)
        return View(charters=charters, checkpoint=checkpoint, note=note, tree=tree, witnessed=witnessed)

    def confirmed(self) -> frozenset[bytes]:
        """Return the fingerprints that `confirm` remembers."""
        folder = self._folder / "confirmed"
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        return frozenset(fingerprints.parse(name) for name in names)

    def confirm(self, fingerprint: bytes) -> None:
        """Remember that a person has compared the fingerprint of a charter that does without the old witnesses."""
        make_folder(self._folder / "confirmed")
        write_file(self._folder / "confirmed" / fingerprints.to_text(fingerprint), b"")

    def _require_own(self, judge: Charter, witnessed: Cosigned) -> None:
        """Raise UnseenError unless our own witness is among those who cosigned: its word is worth most to us."""
        own = self._witness
        if own is not None and own in judge.witness.agencies and own not in witnessed.times:
            raise UnseenError(
                "this agency's own witness has not cosigned the published checkpoint",
                next_step="see that `sealtrace witness serve` runs and answers, then try again",
            )

    def _check_succession(
        self, before: LoggedCharter, logged: LoggedCharter, reader: LogReader, tree: VerifiedTree
    ) -> None:
        """Raise TrustError unless old keys and old witnesses vouched for the tree in which the members name new ones."""
        charter, previous = logged.charter, before.charter
        if not is_judged_anew(charter, previous):
            return
        lost = signed_by_all_kept(logged.file, previous)
        is_confirmed = fingerprints.of_file(logged.file) in self.confirmed()
        try:
            note = reader.handover(logged.index)
            try:
                _succeed(note, logged, previous, tree, old_quorum_lost=lost and is_confirmed)
            except BadSignatureError as error:
                if lost and not is_confirmed:
                    _succeed(note, logged, previous, tree, old_quorum_lost=True)
                    raise _unconfirmed(logged) from error
                raise
        except LedgerError as error:
            raise TrustError(
                f"charter {charter.ver} names new keys of the log or new witnesses, and the old ones did not vouch for "
                "its handover",
                next_step="ask other members whether they agreed to this; nothing of this state was taken over",
            ) from error

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

    def contradicted(self, note: bytes, text: str, *, view: View, read: ReadTile) -> TrustError:
        """Return the error for a signed checkpoint that the view contradicts, with the evidence kept."""
        return self._contradiction(note, text, view.charters, read)

    def _contradiction(self, note: bytes, text: str, charters: tuple[LoggedCharter, ...], read: ReadTile) -> TrustError:
        """Keep what convicts the log: its note, and the proof of a fork where the tiles that it serves make one."""
        name = b64u(sha256(note))[:16]
        write_file(self._folder / f"evidence-{name}", note)
        files = [logged.file for logged in charters]
        proofs = fork_files(self.note() or b"", note, charters=files, read=read)
        if not proofs:
            return TrustError(
                text, next_step=f"keep evidence-{name} and the checkpoint beside it: both signed, they convict the log"
            )
        for number, proof in enumerate(proofs, start=1):
            write_file(self._folder / f"fraud-{name}-{number}.json", proof)
        return TrustError(
            text, next_step=f"show fraud-{name}-1.json to the members: `sealtrace fraud verify` tells whom it convicts"
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


def _succeed(
    note: bytes, logged: LoggedCharter, previous: Charter, tree: VerifiedTree, *, old_quorum_lost: bool
) -> None:
    verify_succession(
        note,
        index=logged.index,
        charter=logged.charter,
        previous=previous,
        tree=tree,
        old_quorum_lost=old_quorum_lost,
    )


def _unconfirmed(logged: LoggedCharter) -> TrustError:
    words = fingerprints.to_words(fingerprints.of_file(logged.file))
    return TrustError(
        f"charter {logged.charter.ver} replaces witnesses that did not vouch for it, as only lost ones may be replaced",
        next_step="compare its fingerprint with other members by telephone, then run "
        f"`sealtrace charter confirm {words}`",
    )


def _check_logged(logged: LoggedCharter, tree: VerifiedTree) -> None:
    expected = leaf_hash(charter_entry(logged.file))
    if tree.leaf_hashes(logged.index, logged.index + 1) != (expected,):
        raise ProofError(f"charter {logged.charter.ver} is not where the service says it is logged")
    if logged.charter.ver == 1 and logged.index != 0:
        raise ProofError("the first charter is not entry 0")
