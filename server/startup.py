"""What is checked before the service signs anything: the whole tree, by a second path (docs/protocol.md, 9)."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from ledger.checkpoints import open_checkpoint
from ledger.errors import LedgerError
from ledger.log import Head
from ledger.merkle import leaf_hashes, root_after
from ledger.notes import VerifierKey
from ledger.tiles import TilePath
from ledger.treestate import TreeState
from server.errors import StartError

_AT_ONCE = 1_024


class LoggedTree(Protocol):
    """Entries, tiles and head of a log: of this one, or of its access log."""

    def head(self) -> Head:
        """Return the head."""

    def entries(self, start: int, end: int) -> Sequence[bytes]:
        """Return the entries in [start, end)."""

    def tile(self, path: TilePath) -> bytes:
        """Return a hash tile."""


def verify_store(store: LoggedTree, *, origin: str, vkeys: tuple[VerifierKey, ...]) -> None:
    """Raise StartError unless entries, tiles, right edge and checkpoint of the database are one tree.

    The root comes from code that knows no tiles, the tiles and the right edge from growing the tree anew.
    """
    head = store.head()
    tree = _Regrown(store)
    root = root_after(peaks=(), size=0, leaves=tree.leaves(head.size))
    if tree.state != head.tree or root != head.tree.root():
        raise StartError("the entries in the database do not give the tree that its head names")
    if head.size:
        _verify_checkpoint(head, origin=origin, vkeys=vkeys)


class _Regrown:
    def __init__(self, store: LoggedTree) -> None:
        self.state = TreeState.empty()
        self._store = store

    def leaves(self, size: int) -> Iterator[bytes]:
        """Yield every leaf hash, growing the tree and comparing each full tile on the way."""
        for start in range(0, size, _AT_ONCE):
            entries = self._store.entries(start, min(size, start + _AT_ONCE))
            leaves = leaf_hashes(entries)
            self.state, tiles = self.state.append(leaves)
            for tile in tiles:
                if self._store.tile(tile.path) != tile.data:
                    raise StartError(f"{tile.path.format()} in the database is not what the entries hash to")
            yield from leaves


def _verify_checkpoint(head: Head, *, origin: str, vkeys: tuple[VerifierKey, ...]) -> None:
    try:
        checkpoint = open_checkpoint(head.checkpoint, origin=origin, vkeys=vkeys)
    except LedgerError as error:
        raise StartError("the checkpoint in the database is not signed by the keys in the keystore") from error
    if (checkpoint.size, checkpoint.root) != (head.size, head.tree.root()):
        raise StartError("the checkpoint in the database is of another tree")
