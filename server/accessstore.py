"""The access log's rows behind the same `ledger.log.Log` (docs/protocol.md, 6.12): its own entries, tiles and head.

What a tick has to tell is written in the transaction that appends the entries which commit to it, or not at all.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ledger.errors import ConflictError, NotFoundError
from ledger.log import EMPTY_HEAD, Append, Head, Published
from ledger.tiles import FullTile, TilePath
from ledger.treestate import TreeState
from server.publishing import table
from server.store import SqlStore, cut_tile

Beside = Callable[[Connection, int], None]
"""Writes the rows that belong to entries which begin at an index."""

_SWAP = """
UPDATE access_head SET size = ?, tree = ?, checkpoint = ?
WHERE id = 1 AND size = ? AND tree = ? AND checkpoint = ? RETURNING id
"""
_BEGIN = """
INSERT INTO access_head (id, size, tree, checkpoint) VALUES (1, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id
"""
_TILE = """
SELECT t.data, CASE WHEN t.data IS NULL THEN h.tree END
FROM access_head AS h LEFT JOIN access_tiles AS t ON t.level = ? AND t.idx = ? WHERE h.id = 1
"""


class AccessTransaction:
    """One write of the access log (`ledger.log.StoreTransaction`)."""

    def __init__(self, connection: Connection, beside: Beside) -> None:
        """Take the writer's connection, inside its transaction, and what goes with the entries."""
        self._connection = connection
        self._beside = beside

    def insert(self, first: int, append: Append, leaves: Sequence[bytes], tiles: Sequence[FullTile]) -> None:
        """Write the entries from index `first` on, and what is beside them; raise ConflictError."""
        del leaves
        rows = [(first + place, entry) for place, entry in enumerate(append.entries)]
        full = [(tile.level, tile.index, tile.data) for tile in tiles]
        try:
            self._connection.exec_driver_sql("INSERT INTO access_entries (idx, entry) VALUES (?, ?)", rows)
            if full:
                self._connection.exec_driver_sql("INSERT INTO access_tiles (level, idx, data) VALUES (?, ?, ?)", full)
        except IntegrityError:
            raise ConflictError("another writer appended to the access log first; nothing was written") from None
        self._beside(self._connection, first)

    def read_back(self, start: int, end: int) -> Sequence[bytes]:
        """Return the entries in [start, end) as the database now holds them."""
        return _entries(self._connection, start, end)

    def swap(self, *, old: Head, new: Head) -> None:
        """Move the head in one statement; raise ConflictError if it is not where `old` says."""
        row = (new.size, new.tree.encode(), new.checkpoint)
        moved = (
            self._connection.exec_driver_sql(_BEGIN, row)
            if old == EMPTY_HEAD
            else self._connection.exec_driver_sql(_SWAP, (*row, old.size, old.tree.encode(), old.checkpoint))
        )
        if moved.one_or_none() is None:
            raise ConflictError("the head of the access log moved; nothing was written")

    def publish(self, published: Published) -> None:
        """Let readers see a checkpoint of the access log."""
        table.write(self._connection, table.ACCESS, published)

    def keep_handover(self, index: int, checkpoint: bytes) -> None:
        """Refuse: the access log has no charters of its own."""
        raise ConflictError(f"the access log holds no charter at {index}: nothing of {len(checkpoint)} bytes is kept")


class AccessStore:
    """The part of `ledger.log.Store` that a log of bare entries needs; `beside` is for the one append of a tick."""

    def __init__(self, store: SqlStore, beside: Beside | None = None) -> None:
        """Stand on the connections of the log's store."""
        self._store = store
        self._beside = beside or _nothing

    @contextmanager
    def transaction(self) -> Iterator[AccessTransaction]:
        """Return a transaction that commits on leaving and rolls back on any exception."""
        with self._store.writing() as connection:
            yield AccessTransaction(connection, self._beside)

    def head(self) -> Head:
        """Return the head; that of an empty log is EMPTY_HEAD."""
        with self._store.reading() as connection:
            row = connection.exec_driver_sql(
                "SELECT size, tree, checkpoint FROM access_head WHERE id = 1"
            ).one_or_none()
        return EMPTY_HEAD if row is None else Head(size=row[0], tree=TreeState.decode(row[1]), checkpoint=row[2])

    def published(self) -> Published | None:
        """Return the newest checkpoint of the access log that readers may see; None before the first."""
        with self._store.reading() as connection:
            return table.newest(connection, table.ACCESS)

    def entries(self, start: int, end: int) -> Sequence[bytes]:
        """Return the entries in [start, end); raise NotFoundError if not all of them exist."""
        with self._store.reading() as connection:
            found = _entries(connection, start, end)
        if len(found) != end - start:
            raise NotFoundError("the access log does not reach that far")
        return found

    def tile(self, path: TilePath) -> bytes:
        """Return a full tile, or as much of one as `path` asks and the tree has; raise NotFoundError."""
        with self._store.reading() as connection:
            row = connection.exec_driver_sql(_TILE, (path.level, path.index)).one_or_none()
        return cut_tile(row, path)


def _entries(connection: Connection, start: int, end: int) -> Sequence[bytes]:
    query = "SELECT entry FROM access_entries WHERE idx >= ? AND idx < ? ORDER BY idx"
    return tuple(row[0] for row in connection.exec_driver_sql(query, (start, end)))


def _nothing(connection: Connection, first: int) -> None:
    del connection, first
