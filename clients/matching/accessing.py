"""The access log as an agency reads it: its entries, under a tree that only grows (docs/protocol.md, 6.12).

The largest tree that was verified is remembered; a later one must begin with it.
"""

from clients.durable import write_file
from clients.entries import fetch_bundle
from clients.errors import TrustError
from clients.session import Standing
from ledger.accesslog import AccessEntry, parse_access_entry
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.errors import LedgerError, ProofError
from ledger.identifiers import access_origin
from ledger.merkle import leaf_hash
from ledger.tiles import TILE_WIDTH
from ledger.verifiedtree import VerifiedTree


class AccessLog:
    """One verified state of the access log."""

    def __init__(self, standing: Standing) -> None:
        """Read its checkpoint; raise TrustError for one that does not follow from what was verified before."""
        self._standing = standing
        self._service = standing.session.service
        note = self._service.access_checkpoint()
        self._size, self._tree = self._open(note)
        kept = standing.session.home.access_checkpoint
        if kept.exists():
            self._check_follows(kept.read_bytes())
        write_file(kept, note)

    def entry(self, index: int) -> AccessEntry:
        """Return the entry at `index`; raise ProofError for one that is not in the tree."""
        if index >= self._size:
            raise ProofError("the access log does not hold the entry that was named")
        bundle = index // TILE_WIDTH
        entries = fetch_bundle(self._service.access_tile, index=bundle, size=self._size)
        entry = entries[index - bundle * TILE_WIDTH]
        if self._tree.leaf_hashes(index, index + 1) != (leaf_hash(entry),):
            raise ProofError("an entry of the access log is not the one in its tree")
        return parse_access_entry(entry)

    def _open(self, note: bytes) -> tuple[int, VerifiedTree]:
        checkpoint = self._checkpoint(note)
        tree = VerifiedTree(size=checkpoint.size, root=checkpoint.root, read=self._service.access_tile)
        return checkpoint.size, tree

    def _checkpoint(self, note: bytes) -> Checkpoint:
        """Return a checkpoint under the access keys of the newest charter that signed it."""
        refusal: LedgerError = ProofError("the access log has no checkpoint that the charter's keys signed")
        for logged in reversed(self._standing.view.charters):
            charter = logged.charter
            try:
                return open_checkpoint(note, origin=access_origin(charter.origin), vkeys=charter.log.access)
            except LedgerError as error:
                refusal = error
        raise refusal

    def _check_follows(self, note: bytes) -> None:
        before = self._checkpoint(note)
        if before.size > self._size or (before.size and self._tree.root_at(before.size) != before.root):
            raise TrustError(
                "the access log is not a continuation of what was verified before",
                next_step="keep `trusted/access-checkpoint` and what the service shows now: both are signed",
            )
