"""Proofs made from hash tiles: what a log answers with (RFC 9162, 2.1.3.1 and 2.1.4.1; C2SP tlog-tiles).

Every node of the tree is one hash of a tile, or the root of 2, 4, … 128 neighbours in one. The tiles are taken as
they come: a log reads its own, and who asks checks the proof. Whoever reads another's tiles uses VerifiedTree.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce
from typing import TypeAlias

from ledger.errors import ProofError
from ledger.merkle import node_hash, proof_ranges, root_of
from ledger.tiles import TILE_WIDTH, ReadTile, read_hashes, tile_path
from ledger.treestate import hashes_of

_Tile: TypeAlias = Callable[[int, int], Sequence[bytes]]


def inclusion_proof(*, index: int, size: int, read: ReadTile) -> tuple[bytes, ...]:
    """Return the proof that leaf `index` is in the tree of `size` leaves, the leaf's sibling first."""
    return subtree_proof(start=index, end=index + 1, size=size, read=read)


def consistency_proof(*, size1: int, size2: int, read: ReadTile) -> tuple[bytes, ...]:
    """Return the proof that the tree of `size2` leaves begins with the tree of `size1`; raise ProofError if that is empty."""
    if size1 == 0:
        raise ProofError("a consistency proof from the empty tree proves nothing")
    return subtree_proof(start=0, end=size1, size=size2, read=read)


def subtree_proof(*, start: int, end: int, size: int, read: ReadTile) -> tuple[bytes, ...]:
    """Return the proof that the subtree [start, end) is part of the tree of `size` leaves."""

    @lru_cache(maxsize=16)
    def tile(level: int, index: int) -> Sequence[bytes]:
        return hashes_of(read_hashes(tile_path(level=level, index=index, size=size), read))

    return tuple(_root(part, tile) for part in proof_ranges(start=start, end=end, size=size))


def _root(leaves: range, tile: _Tile) -> bytes:
    """Return the root of a subtree: its perfect parts have nodes in tiles, the others are hashed onto them."""
    parts: list[bytes] = []
    at = leaves.start
    while at < leaves.stop:
        height = (leaves.stop - at).bit_length() - 1
        parts.append(_node(height=height, index=at >> height, tile=tile))
        at += 1 << height
    return reduce(lambda right, left: node_hash(left, right), reversed(parts))


def _node(*, height: int, index: int, tile: _Tile) -> bytes:
    level, above = divmod(height, 8)
    number, at = divmod(index << above, TILE_WIDTH)
    return root_of(tile(level, number)[at : at + (1 << above)])
