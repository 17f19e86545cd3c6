"""The tree under one signed checkpoint, put together from damaged copies: a tile counts if it makes the hash above it."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from crypto.encoding import HASH_BYTES
from ledger.checkpoints import Checkpoint
from ledger.errors import LedgerError, ProofError
from ledger.merkle import root_of
from ledger.tiles import TILE_WIDTH, ReadTile, TilePath, read_hashes
from ledger.treestate import TreeState, hashes_of


class HealingTree:
    """The tree of the database's own checkpoint, from whichever copy of each tile hashes to what lies above it."""

    def __init__(
        self, checkpoint: Checkpoint, *, edges: Iterable[Callable[[], TreeState]], reads: Sequence[ReadTile]
    ) -> None:
        """Take the checkpoint, and where its right edge and its tiles may be found; ProofError if no edge makes its root."""
        self.size = checkpoint.size
        self._reads = reads
        self.state = _edge(checkpoint, edges)

    def tile(self, level: int, index: int, expected: bytes) -> bytes | None:
        """Return the full tile that makes a hash of the level above; None if nobody has it."""
        for read in self._reads:
            try:
                data = read_hashes(TilePath(level=level, index=index), read)
            except LedgerError:
                continue
            if root_of(hashes_of(data)) == expected:
                return data
        return None

    def edge(self, level: int) -> Sequence[bytes]:
        """Return the hashes of the partial tile of a level."""
        return hashes_of(self.state.levels[level])

    def expected(self, level: int, index: int, tiles: Mapping[int, bytes | None]) -> bytes | None:
        """Return hash `index` of a level, from its full tile in `tiles` or the right edge; None if that tile is lost."""
        at, place = divmod(index, TILE_WIDTH)
        if at == self.size >> 8 * (level + 1):
            return self.edge(level)[place]
        data = tiles[at]
        return None if data is None else data[place * HASH_BYTES : (place + 1) * HASH_BYTES]

    def leaves(self, index: int, tiles: Mapping[int, bytes | None]) -> Sequence[bytes] | None:
        """Return the leaf hashes of a bundle, likewise."""
        if index == self.size // TILE_WIDTH:
            return self.edge(0)
        data = tiles[index]
        return None if data is None else hashes_of(data)


def _edge(checkpoint: Checkpoint, edges: Iterable[Callable[[], TreeState]]) -> TreeState:
    for edge in edges:
        try:
            state = edge()
        except LedgerError:
            continue
        if (state.size, state.root()) == (checkpoint.size, checkpoint.root):
            return state
    raise ProofError("neither the database nor the mirror has the right edge of the signed tree: restore a backup")
