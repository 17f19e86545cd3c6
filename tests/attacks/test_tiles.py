"""Hash tiles and bundles as an attacker would hand them out: nothing of a tree is believed that its root does not prove."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest

from ledger.errors import LedgerError, NotFoundError
from ledger.merkle import leaf_hash
from ledger.tiles import TilePath, tile_path
from ledger.treestate import TreeState
from ledger.verifiedtree import VerifiedTree

SIZE = 600
LEAVES = [leaf_hash(f"{number}".encode()) for number in range(SIZE)]


@dataclass(frozen=True)
class Tiles:
    """The tiles of a log of 600 entries, some of them given out in the place of others, or changed."""

    state: TreeState
    full: Mapping[TilePath, bytes]
    lie: Callable[[TilePath, Callable[[TilePath], bytes]], bytes] = lambda path, read: read(path)

    def read(self, path: TilePath) -> bytes:
        """Return what is given out under a path."""
        return self.lie(path, self._true)

    def tree(self) -> VerifiedTree:
        """Return the tree as a client reads it: the size and root are from a checkpoint, the rest from here."""
        return VerifiedTree(size=SIZE, root=self.state.root(), read=self.read)

    def _true(self, path: TilePath) -> bytes:
        if path in self.full:
            return self.full[path]
        try:
            return self.state.tile(path)
        except NotFoundError:
            whole = self.full[replace(path, width=256)]
            return whole[: 32 * path.width]


@pytest.fixture(scope="module")
def tiles() -> Tiles:
    """Give the honest tiles."""
    state, full = TreeState.empty().append(LEAVES)
    return Tiles(state, {tile.path: tile.data for tile in full})


FIRST, SECOND = (tile_path(level=0, index=index, size=SIZE) for index in (0, 1))
LAST, TOP = tile_path(level=0, index=2, size=SIZE), tile_path(level=1, index=0, size=SIZE)


def test_honest_tiles_are_believed(tiles: Tiles) -> None:
    """What the attacks below change is good as it is: every leaf is proved."""
    assert tiles.tree().leaf_hashes(0, SIZE) == tuple(LEAVES)


@pytest.mark.parametrize(("asked", "given"), [(FIRST, SECOND), (SECOND, FIRST)])
def test_attack_a_tile_swapped_for_another(tiles: Tiles, asked: TilePath, given: TilePath) -> None:
    """A true tile of the same tree in another's place is refused."""
    swapped = replace(tiles, lie=lambda path, read: read(given if path == asked else path))

    with pytest.raises(LedgerError):
        swapped.tree().leaf_hashes(asked.index * 256, asked.index * 256 + 256)


@pytest.mark.parametrize("path", [LAST, TOP], ids=["leaves", "above"])
@pytest.mark.parametrize("keep", [0, 1, 31, 32, -32, -1])
def test_attack_a_partial_tile_truncated(tiles: Tiles, path: TilePath, keep: int) -> None:
    """A partial tile that ends early, within a hash or between two, is refused and never taken for a smaller one."""
    cut = replace(tiles, lie=lambda asked, read: read(asked)[:keep] if asked == path else read(asked))

    with pytest.raises(LedgerError):
        cut.tree().leaf_hashes(0, SIZE)


@pytest.mark.parametrize("path", [FIRST, LAST, TOP], ids=["full", "partial", "above"])
@pytest.mark.parametrize("more", [b"\0", bytes(32), LEAVES[0]], ids=["a byte", "a hash", "a true leaf"])
def test_attack_a_tile_lengthened(tiles: Tiles, path: TilePath, more: bytes) -> None:
    """A tile with more than its width is refused."""
    longer = replace(tiles, lie=lambda asked, read: read(asked) + more if asked == path else read(asked))

    with pytest.raises(LedgerError):
        longer.tree().leaf_hashes(0, SIZE)


def test_attack_entries_reordered_within_a_tile(tiles: Tiles) -> None:
    """Two leaves that have changed places, with the tiles above made to fit, are another tree."""
    changed = [*LEAVES[:7], LEAVES[8], LEAVES[7], *LEAVES[9:]]
    state, full = TreeState.empty().append(changed)
    other = Tiles(state, {tile.path: tile.data for tile in full})
    reordered = replace(tiles, lie=lambda path, _read: other.read(path))

    with pytest.raises(LedgerError):
        reordered.tree().leaf_hashes(0, 256)
