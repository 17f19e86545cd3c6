"""What a writer has to remember of a tree: the partial tile of every level, and nothing else.

Its size is bounded (at most eight times 8,160 bytes), whatever the log holds. From it follow the root, the next full
tiles and every partial tile that a reader may ask for.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from crypto.encoding import HASH_BYTES, cut
from ledger.errors import MalformedError, NotFoundError, ProofError
from ledger.merkle import EMPTY_ROOT, MAX_SIZE, check_hashes, root_of
from ledger.tiles import TILE_BYTES, TILE_WIDTH, FullTile, TilePath


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeState:
    """The right edge of a tree of `size` leaves: `levels[l]` is the partial tile of level l, its hashes joined.

    There are as many levels as `size` has digits to the base 256, and each holds as many hashes as its digit says.
    """

    size: int
    levels: tuple[bytes, ...]

    def __post_init__(self) -> None:
        """Refuse levels that do not belong to the size."""
        if not 0 <= self.size <= MAX_SIZE or [len(level) for level in self.levels] != _level_bytes(self.size):
            raise MalformedError("the partial tiles do not belong to a tree of this size")

    @classmethod
    def empty(cls) -> "TreeState":
        """Return the tree without leaves."""
        return cls(size=0, levels=())

    def append(self, leaves: Sequence[bytes]) -> tuple["TreeState", tuple[FullTile, ...]]:
        """Return the tree grown by leaf hashes, and the tiles that became full, the lowest level first; or ProofError."""
        check_hashes(leaves)
        if self.size + len(leaves) > MAX_SIZE:
            raise ProofError("no tree has this size")
        levels: list[bytes] = []
        tiles: list[FullTile] = []
        carried: Sequence[bytes] = leaves
        while carried or len(levels) < len(self.levels):
            level = len(levels)
            data = b"".join((self.levels[level] if level < len(self.levels) else b"", *carried))
            full = _cut(data, level=level, first=self.size >> 8 * (level + 1))
            tiles += full
            levels.append(data[len(full) * TILE_BYTES :])
            carried = [root_of(hashes_of(tile.data)) for tile in full]
        return TreeState(size=self.size + len(leaves), levels=tuple(levels)), tuple(tiles)

    def root(self) -> bytes:
        """Return MTH of all leaves.

        What lies right of the last full tile of a level is, one level up, the last and incomplete node.
        """
        right: list[bytes] = []
        for level in self.levels:
            hashes = [*hashes_of(level), *right]
            right = [root_of(hashes)] if hashes else []
        return right[0] if right else EMPTY_ROOT

    def peaks(self) -> tuple[bytes, ...]:
        """Return the roots of the perfect subtrees that the tree consists of, largest first."""
        return tuple(peak for level in reversed(self.levels) for peak in _peaks(hashes_of(level)))

    def tile(self, path: TilePath) -> bytes:
        """Return the partial hash tile that `path` names in a tree of this size; NotFoundError for any other."""
        level = path.level
        if level is None or level >= len(self.levels) or path.index != self.size >> 8 * (level + 1):
            raise NotFoundError("not a partial tile of this tree")
        if not 1 <= path.width * HASH_BYTES <= len(self.levels[level]):
            raise NotFoundError("not a partial tile of this tree")
        return self.levels[level][: path.width * HASH_BYTES]

    def encode(self) -> bytes:
        """Return uint64 big-endian size ‖ the partial tiles, level 0 first; their lengths follow from the size."""
        return struct.pack(">Q", self.size) + b"".join(self.levels)

    @classmethod
    def decode(cls, raw: bytes) -> "TreeState":
        """Return the state that `encode` wrote; raise MalformedError for anything else."""
        size = int.from_bytes(raw[:8], "big")
        lengths = _level_bytes(size)
        if size > MAX_SIZE or len(raw) != 8 + sum(lengths):
            raise MalformedError("not the encoded state of a tree")
        ends = [8 + sum(lengths[: number + 1]) for number in range(len(lengths))]
        return cls(
            size=size,
            levels=tuple(raw[end - length : end] for end, length in zip(ends, lengths, strict=True)),
        )


def hashes_of(data: bytes) -> tuple[bytes, ...]:
    """Return the hashes of a tile one by one; raise ProofError if it ends within one."""
    if len(data) % HASH_BYTES:
        raise ProofError("a tile that is not made of whole hashes")
    return cut(data, size=HASH_BYTES)


def _level_bytes(size: int) -> list[int]:
    digits = (size.bit_length() + 7) // 8
    return [(size >> 8 * level) % TILE_WIDTH * HASH_BYTES for level in range(digits)]


def _cut(data: bytes, *, level: int, first: int) -> list[FullTile]:
    return [
        FullTile(level=level, index=first + number, data=data[number * TILE_BYTES : (number + 1) * TILE_BYTES])
        for number in range(len(data) // TILE_BYTES)
    ]


def _peaks(hashes: Sequence[bytes]) -> list[bytes]:
    peaks: list[bytes] = []
    at = 0
    for bit in reversed(range(len(hashes).bit_length())):
        width = len(hashes) & 1 << bit
        if width:
            peaks.append(root_of(hashes[at : at + width]))
            at += width
    return peaks
