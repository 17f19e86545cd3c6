"""RFC 6962, 2.1 written down as its text reads, to hold the real tree against. It shares no code with it."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from ledger.errors import NotFoundError
from ledger.tiles import TilePath

Hashes = tuple[bytes, ...]


def h(data: bytes) -> bytes:
    """Return SHA-256."""
    return hashlib.sha256(data).digest()


@lru_cache(maxsize=8)
def leaves(count: int) -> Hashes:
    """Return the leaf hashes of the entries `0`, `1`, `2` and so on."""
    return tuple(h(b"\0" + str(number).encode()) for number in range(count))


def split(n: int) -> int:
    """Return the largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(hashes: Sequence[bytes]) -> bytes:
    """Return MTH(D[n]) over leaf hashes (RFC 6962, 2.1)."""
    n = len(hashes)
    if n == 0:
        return h(b"")
    if n == 1:
        return hashes[0]
    k = split(n)
    return h(b"\1" + mth(hashes[:k]) + mth(hashes[k:]))


def path(m: int, hashes: Sequence[bytes]) -> Hashes:
    """Return PATH(m, D[n]) (RFC 6962, 2.1.1)."""
    n = len(hashes)
    if n == 1:
        return ()
    k = split(n)
    if m < k:
        return (*path(m, hashes[:k]), mth(hashes[k:]))
    return (*path(m - k, hashes[k:]), mth(hashes[:k]))


def proof(m: int, hashes: Sequence[bytes]) -> Hashes:
    """Return PROOF(m, D[n]) (RFC 6962, 2.1.2)."""
    return _subproof(m, hashes, known=True)


def _subproof(m: int, hashes: Sequence[bytes], *, known: bool) -> Hashes:
    n = len(hashes)
    if m == n:
        return () if known else (mth(hashes),)
    k = split(n)
    if m <= k:
        return (*_subproof(m, hashes[:k], known=known), mth(hashes[k:]))
    return (*_subproof(m - k, hashes[k:], known=False), mth(hashes[:k]))


class Tiles:
    """The hash tiles of a list of leaves, cut as C2SP tlog-tiles defines them, and a record of what was asked."""

    def __init__(self, hashes: Sequence[bytes]) -> None:
        """Cut all levels."""
        self.size = len(hashes)
        self.files: dict[TilePath, bytes] = {}
        self.asked: list[TilePath] = []
        row, level = list(hashes), 0
        while row:
            self._cut(level, row)
            row = [mth(row[at : at + 256]) for at in range(0, len(row) - 255, 256)]
            level += 1

    def read(self, wanted: TilePath) -> bytes:
        """Return a tile as a log would: a partial tile of an older size too, until its full tile exists."""
        self.asked.append(wanted)
        for width in range(wanted.width, 256 if wanted.is_partial else 257):
            data = self.files.get(TilePath(level=wanted.level, index=wanted.index, width=width))
            if data is not None:
                return data[: 32 * wanted.width]
        raise NotFoundError("no such tile")

    def flip(self, wanted: TilePath, *, at: int, bit: int) -> "Tiles":
        """Return the same files with one bit of one of them flipped."""
        lying = Tiles(())
        lying.size = self.size
        raw = bytearray(self.files[wanted])
        raw[at] ^= 1 << bit
        lying.files = {**self.files, wanted: bytes(raw)}
        return lying

    def _cut(self, level: int, row: Sequence[bytes]) -> None:
        for at in range(0, len(row), 256):
            part = row[at : at + 256]
            self.files[TilePath(level=level, index=at // 256, width=len(part))] = b"".join(part)
