"""A reader of tiles that believes nothing: every hash it hands out hangs from the root of a verified checkpoint.

The partial tiles of all levels together make the root, so they are checked at once when the reader is made. A full
tile makes one hash of the tile above it, which is checked the same way, up to the partial ones.
"""

from collections.abc import Sequence

from ledger.errors import ProofError
from ledger.merkle import root_of
from ledger.tiles import TILE_WIDTH, ReadTile, read_hashes, tile_path
from ledger.treestate import TreeState, hashes_of


class VerifiedTree:
    """The tree of `size` leaves under `root`, read through `read`.

    It raises ProofError for a tile that is not the tree's own, and passes on NotFoundError for one that is missing.
    It keeps the right edge and the last full tile of each level, so that reading in log order fetches every tile
    once. One thread at a time.
    """

    def __init__(self, *, size: int, root: bytes, read: ReadTile) -> None:
        """Fetch the right edge and hold it against the root; raise ProofError."""
        self._read = read
        self._kept: dict[int, tuple[int, Sequence[bytes]]] = {}
        edge = [self._edge(level, size) for level in range((size.bit_length() + 7) // 8)]
        self._state = TreeState(size=size, levels=tuple(edge))
        if self._state.root() != root:
            raise ProofError("the partial tiles do not make the root of the checkpoint")

    @property
    def size(self) -> int:
        """Return the number of leaves."""
        return self._state.size

    def leaf_hashes(self, start: int, end: int) -> tuple[bytes, ...]:
        """Return the hashes of leaves [start, end); raise ProofError."""
        if not 0 <= start <= end <= self.size:
            raise ProofError("not a range of leaves of this tree")
        first, last = start // TILE_WIDTH, -(-end // TILE_WIDTH)
        hashes = [leaf for index in range(first, last) for leaf in self._tile(0, index)]
        return tuple(hashes[start - first * TILE_WIDTH : end - first * TILE_WIDTH])

    def state_at(self, size: int) -> TreeState:
        """Return what the tree was when it had `size` leaves: its partial tiles are beginnings of today's tiles.

        Raises ProofError for a larger tree than this one.
        """
        if not 0 <= size <= self.size:
            raise ProofError("the tree has never had this size")
        levels: list[bytes] = []
        while size >> 8 * len(levels):
            index, width = divmod(size >> 8 * len(levels), TILE_WIDTH)
            levels.append(b"".join(self._tile(len(levels), index)[:width]) if width else b"")
        return TreeState(size=size, levels=tuple(levels))

    def root_at(self, size: int) -> bytes:
        """Return the root that the tree had at `size` leaves; equal to a root held before, the log only grew."""
        return self.state_at(size).root()

    def _edge(self, level: int, size: int) -> bytes:
        index, width = divmod(size >> 8 * level, TILE_WIDTH)
        return read_hashes(tile_path(level=level, index=index, size=size), self._read) if width else b""

    def _tile(self, level: int, index: int) -> Sequence[bytes]:
        if index == self.size >> 8 * (level + 1):
            return hashes_of(self._state.levels[level])
        kept, hashes = self._kept.get(level, (-1, ()))
        if kept != index:
            hashes = hashes_of(read_hashes(tile_path(level=level, index=index, size=self.size), self._read))
            if root_of(hashes) != self._tile(level + 1, index // TILE_WIDTH)[index % TILE_WIDTH]:
                raise ProofError("a tile does not make its hash in the tile above")
            self._kept[level] = (index, hashes)
        return hashes
