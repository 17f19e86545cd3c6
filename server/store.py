"""The log's store over SQL: the tables of `server/models.py` behind `ledger.log.Store`."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from crypto.encoding import HASH_BYTES
from ledger.errors import BusyError, LedgerError, NotFoundError
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.log import (
    EMPTY_HEAD,
    BatchRow,
    Blob,
    FeedRow,
    Head,
    Nonce,
    Published,
    RecordFacts,
    StatementRow,
)
from ledger.tiles import TilePath
from ledger.treestate import TreeState
from server import tombstones
from server.appending import SqlTransaction, entries_between
from server.beside import Beside, found_beside
from server.database import truncate_log
from server.errors import StorageError
from server.publishing import table

_JUDGED_AT_ONCE = 512
_READ_RETRY_SECONDS = 2

_BATCH = "SELECT iss, seq, idx, first, payload_hash FROM batches WHERE iss = ?"
# A record that corrects one of an epoch granted to the agency is told to it, though sealed to others: what it says is for
# its readers; that the older one stands no more is for whoever holds that.
_FEED = """
WITH granted (iss, ep) AS (
  SELECT g.iss, g.ep FROM recipients AS r JOIN statements AS g ON g.idx = r.idx
  WHERE r.agency = :agency AND g.typ = :grant)
SELECT s.idx, s.iss, s.jti, s.typ, s.ep, s.kcs, s.batch FROM statements AS s
WHERE s.idx > :after AND s.idx < :before AND (
  EXISTS (SELECT 1 FROM recipients AS r WHERE r.agency = :agency AND r.idx = s.idx)
  OR s.typ = :record AND (s.iss, s.ep) IN (SELECT iss, ep FROM granted)
  OR s.sup IS NOT NULL AND EXISTS (
    SELECT 1 FROM statements AS old
    WHERE old.iss = s.iss AND old.jti = s.sup AND (old.iss, old.ep) IN (SELECT iss, ep FROM granted))
  OR s.typ = :expunge)
ORDER BY s.idx LIMIT :limit
"""
_BLOB = """
SELECT b.place, b.data, b.tag_hash, b.only_for FROM statements AS s JOIN blobs AS b ON b.idx = s.idx
WHERE s.iss = ? AND s.jti = ? AND b.place = ?
"""
# Both at once: between two statements a tile may fill up, and be in neither the tree that was read nor the rows.
_TILE = """
SELECT t.data, CASE WHEN t.data IS NULL THEN h.tree END
FROM head AS h LEFT JOIN tiles AS t ON t.level = ? AND t.idx = ? WHERE h.id = 1
"""
_FACTS = """
SELECT ep, EXISTS (SELECT 1 FROM statements AS later WHERE later.iss = s.iss AND later.sup = s.jti),
  EXISTS (SELECT 1 FROM statements AS later WHERE later.iss = s.iss AND later.expunges = s.jti)
FROM statements AS s WHERE iss = ? AND jti = ? AND typ = ?
"""
_JUDGED = """
SELECT idx, entry FROM entries WHERE idx >= ? AND typ IN ('charter', 'key', 'grant', 'batch') ORDER BY idx LIMIT ?
"""


class SqlStore:
    """A log in a database (`ledger.log.Store`): one connection writes, others read what was committed."""

    def __init__(self, *, writer: Engine, readers: Engine) -> None:
        """Open the writer's connection, which stays open until `close` or until it fails."""
        self._engine = writer
        self._writer = writer.connect()
        self._readers = readers
        # The connection is the sequencer's. A second thread that came here by mistake waits instead of sharing it.
        self._writing = threading.Lock()

    def close(self) -> None:
        """Close the readers' connections, empty the write-ahead log into the file, close the writer's."""
        self._readers.dispose()
        if not self._writer.closed:
            # Another program that reads may keep the log from being emptied; what is in it is as durable there.
            with suppress(StorageError):
                truncate_log(self._writer)
            self._writer.close()

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """Return a transaction that commits on leaving and rolls back on any exception."""
        with self.writing() as connection:
            yield SqlTransaction(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Return a connection that sees what was committed when it began to read; BusyError if all stay in use."""
        try:
            connection = self._readers.connect()
        except PoolTimeoutError as error:
            raise BusyError("too many are reading at once", retry_after_seconds=_READ_RETRY_SECONDS) from error
        with connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Return the writer's connection inside a transaction, which any error rolls back: for the rows beside the log."""
        with self._writing:
            writer = self._open_writer()
            try:
                with writer.begin():
                    yield writer
            except LedgerError:
                raise
            except BaseException:
                # A commit that failed may leave its transaction open, and every later one would fail with it. Closing
                # the connection rolls back; the next transaction begins on a new one.
                writer.invalidate()
                writer.close()
                raise

    def bury(self, names: Iterable[StatementName]) -> None:
        """Delete what lies beside records that a tombstone file names, and remember that it may be missing."""
        with self.writing() as connection:
            tombstones.bury(connection, names)

    def buried(self) -> frozenset[StatementName]:
        """Return the records whose blobs may be missing."""
        with self.reading() as connection:
            return tombstones.buried(connection)

    def empty_log(self) -> None:
        """Move the write-ahead log into the file, so that no copy of what was deleted stays in it; or StorageError."""
        with self._writing:
            truncate_log(self._open_writer())

    def head(self) -> Head:
        """Return the head; that of an empty store is EMPTY_HEAD."""
        row = self._one("SELECT size, tree, checkpoint FROM head WHERE id = 1")
        return EMPTY_HEAD if row is None else Head(size=row[0], tree=TreeState.decode(row[1]), checkpoint=row[2])

    def entries(self, start: int, end: int) -> Sequence[bytes]:
        """Return the entries in [start, end); raise NotFoundError if not all of them exist."""
        with self.reading() as connection:
            found = entries_between(connection, start, end)
        if len(found) != end - start:
            raise NotFoundError("the log does not reach that far")
        return found

    def tile(self, path: TilePath) -> bytes:
        """Return a full tile, or as much of one as `path` asks and the tree has; raise NotFoundError."""
        return cut_tile(self._one(_TILE, (path.level, path.index)), path)

    def batch(self, iss: str, seq: int) -> BatchRow | None:
        """Return the batch of that name, if it is logged."""
        return _batch_row(self._one(f"{_BATCH} AND seq = ?", (iss, seq)))

    def statement_index(self, name: StatementName) -> int | None:
        """Return the index of the statement of that name."""
        row = self._one("SELECT idx FROM statements WHERE iss = ? AND jti = ?", tuple(name))
        return None if row is None else row[0]

    def record_facts(self, name: StatementName) -> RecordFacts | None:
        """Return what a later record that supersedes this one must know; None if there is no such record."""
        row = self._one(_FACTS, (*name, Typ.RECORD.value))
        return None if row is None else RecordFacts(ep=row[0], superseded=bool(row[1]), expunged=bool(row[2]))

    def judged_entries(self, start: int) -> Iterator[tuple[int, bytes]]:
        """Yield the charter, key, grant and batch entries from `start` on, in order."""
        while rows := self._all(_JUDGED, (start, _JUDGED_AT_ONCE)):
            yield from rows
            start = rows[-1][0] + 1

    def charter(self, ver: int) -> bytes:
        """Return a charter file; raise NotFoundError."""
        row = self._one("SELECT file FROM charters WHERE ver = ?", (ver,))
        if row is None:
            raise NotFoundError("there is no charter of that version")
        return bytes(row[0])

    def handover(self, index: int) -> bytes:
        """Return the first checkpoint signed over the charter at `index`; raise NotFoundError."""
        row = self._one("SELECT checkpoint FROM handovers WHERE idx = ?", (index,))
        if row is None:
            raise NotFoundError("no charter stands there")
        return bytes(row[0])

    def published(self) -> Published | None:
        """Return the newest checkpoint that readers may see; None before the first."""
        with self.reading() as connection:
            return table.newest(connection, table.LOG)

    def first_published(self, index: int) -> bytes:
        """Return the published checkpoint that first held the entry at `index`; raise NotFoundError."""
        with self.reading() as connection:
            return table.first_holding(connection, table.LOG, index)

    def blob(self, name: StatementName, place: str) -> Blob | None:
        """Return the bytes beside a statement at a place, if they are (still) there."""
        return _blob(self._one(_BLOB, (*name, place)))

    def feed(self, *, agency: str, after: int, before: int, limit: int) -> Sequence[FeedRow]:
        """Return what concerns an agency between two indices, neither included, oldest first.

        The scan runs along the index, so that reading a whole feed costs one pass over the log however it is cut.
        """
        kinds = {"record": Typ.RECORD.value, "grant": Typ.GRANT.value, "expunge": Typ.EXPUNGE.value}
        names = {"agency": agency, "after": after, "before": before, "limit": limit, **kinds}
        return tuple(_feed_row(row) for row in self._all(_FEED, names))

    def beside(self, wanted: Sequence[tuple[StatementName, Sequence[str]]]) -> list[Beside | None]:
        """Return many statements at once with those of their blobs that stand at the places, in order."""
        with self.reading() as connection:
            return [found_beside(connection, name, places) for name, places in wanted]

    def index_of(self, leaf: bytes) -> int | None:
        """Return the index of the entry with that leaf hash."""
        row = self._one("SELECT idx FROM entries WHERE leaf = ?", (leaf,))
        return None if row is None else row[0]

    def charter_entries(self) -> Sequence[tuple[int, int, bytes]]:
        """Return version, index and entry of every charter, in order."""
        query = "SELECT c.ver, c.idx, e.entry FROM charters AS c JOIN entries AS e ON e.idx = c.idx ORDER BY c.ver"
        return [tuple(row) for row in self._all(query, ())]

    def seen(self, nonce: Nonce) -> bool:
        """Return whether a request of this nonce had its effect already."""
        query = "SELECT 1 FROM nonces WHERE keyid = ? AND nonce = ?"
        return self._one(query, (nonce.keyid, nonce.nonce)) is not None

    def _open_writer(self) -> Connection:
        """Return the writer's connection, a new one after a failure has closed the last. Called under the lock."""
        if self._writer.closed:
            self._writer = self._engine.connect()
        return self._writer

    def _one(self, query: str, values: tuple[Any, ...] = ()) -> Any:
        with self.reading() as connection:
            return connection.exec_driver_sql(query, values).one_or_none()

    def _all(self, query: str, values: tuple[Any, ...] | dict[str, Any]) -> Sequence[Any]:
        with self.reading() as connection:
            return connection.exec_driver_sql(query, values).all()


def cut_tile(row: Any, path: TilePath) -> bytes:
    """Return a tile from its row, else out of the tree that was read with it; raise NotFoundError."""
    data, tree = (None, None) if row is None else row
    if data is not None:
        return bytes(data[: path.width * HASH_BYTES])
    return (EMPTY_HEAD.tree if tree is None else TreeState.decode(tree)).tile(path)


def _batch_row(row: Any) -> BatchRow | None:
    if row is None:
        return None
    return BatchRow(iss=row[0], seq=row[1], index=row[2], first=row[3], payload_hash=row[4])


def _blob(row: Any) -> Blob | None:
    return None if row is None else Blob(place=row[0], data=row[1], tag_hash=row[2], only_for=row[3])


def _feed_row(row: Any) -> FeedRow:
    index, iss, jti, typ, ep, kcs, batch = row
    cuts = range(0, len(kcs or b""), HASH_BYTES)
    statement = StatementRow(
        index=index,
        name=StatementName(iss, jti),
        typ=Typ(typ),
        ep=ep,
        kcs=tuple(kcs[cut : cut + HASH_BYTES] for cut in cuts),
    )
    return FeedRow(statement=statement, batch=batch)
