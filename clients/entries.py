"""Entries out of bundles, each checked against the tree of a verified checkpoint (C2SP tlog-tiles)."""

from clients.trust import LogReader, View
from ledger.errors import NotFoundError, ProofError
from ledger.merkle import leaf_hashes
from ledger.tiles import TILE_WIDTH, ReadTile, entry_bundle_path, parse_entry_bundle

# The longest batch, 1,000 statements and its entry, touches five.
_KEPT_BUNDLES = 6


class Entries:
    """The entries of one view. Keeps the last few bundles, so that a batch read twice is fetched once."""

    def __init__(self, view: View, reader: LogReader) -> None:
        """Take a verified view and where bundles are read from."""
        self._view = view
        self._reader = reader
        self._kept: dict[int, tuple[bytes, ...]] = {}

    def read(self, start: int, end: int) -> tuple[bytes, ...]:
        """Return the entries [start, end); raise ProofError for one that is not in the tree."""
        if not 0 <= start <= end <= self._view.checkpoint.size:
            raise ProofError("not a range of entries of this log")
        first, last = start // TILE_WIDTH, -(-end // TILE_WIDTH)
        entries = [entry for index in range(first, last) for entry in self._bundle(index)]
        return tuple(entries[start - first * TILE_WIDTH : end - first * TILE_WIDTH])

    def _bundle(self, index: int) -> tuple[bytes, ...]:
        if index not in self._kept:
            entries = fetch_bundle(self._reader.tile, index=index, size=self._view.checkpoint.size)
            start = index * TILE_WIDTH
            if tuple(leaf_hashes(entries)) != self._view.tree.leaf_hashes(start, start + len(entries)):
                raise ProofError(f"the entries from {start:,} on are not those of the log")
            self._kept[index] = entries
            if len(self._kept) > _KEPT_BUNDLES:
                del self._kept[next(iter(self._kept))]
        return self._kept[index]


def fetch_bundle(read: ReadTile, *, index: int, size: int) -> tuple[bytes, ...]:
    """Return the entries of a bundle of a log of `size`, taken apart and not yet verified."""
    path = entry_bundle_path(index=index, size=size)
    try:
        return parse_entry_bundle(read(path), width=path.width)
    except NotFoundError:
        if not path.is_partial:
            raise
        # A log may drop a partial bundle once the full one exists.
        return parse_entry_bundle(read(path.full()), width=TILE_WIDTH)[: path.width]
