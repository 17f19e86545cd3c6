"""The log's store over SQL: the tables of `server/models.py` behind `ledger.log.Store`.

Hot inserts go to the driver as tuples: the Core `insert()` construct costs a third of the rate (docs/adr/0022).
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from crypto.encoding import HASH_BYTES
from ledger.errors import ConflictError, DuplicateError, LedgerError, NotFoundError
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.log import (
    EMPTY_HEAD,
    Append,
    BatchRow,
    Blob,
    FeedRow,
    Head,
    Nonce,
    Published,
    RecordFacts,
    StatementRow,
)
from ledger.tiles import FullTile, TilePath
from ledger.treestate import TreeState
from server import slips, tombstones
from server.beside import Beside, found_beside
from server.charges import keep_nonce, take
from server.database import truncate_log
from server.errors import StorageError
from server.publishing import table

T = TypeVar("T")

_JUDGED_AT_ONCE = 512

_INSERT_STATEMENT = (
    "INSERT INTO statements (idx, iss, jti, typ, ep, sup, expunges, kcs, batch, renews) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_BATCH = "SELECT iss, seq, idx, first, payload_hash FROM batches WHERE iss = ?"
# A record that corrects one of an epoch granted to the agency is told to it, though sealed to others: what it says is for
# its readers; that the older one stands no more is for whoever holds that.
_FEED = """
WITH granted (iss, ep) AS (
  SELECT g.iss, g.ep FROM recipients AS r JOIN statements AS g ON g.idx = r.idx
  WHERE r.agency = :agency AND g.typ = :grant)
SELECT s.idx, s.iss, s.jti, s.typ, s.ep, s.kcs, s.batch FROM statements AS s
WHERE s.idx > :after AND (
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


class SqlTransaction:
    """One write on the writer's connection (`ledger.log.StoreTransaction`)."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection, inside its transaction."""
        self._connection = connection

    def insert(self, first: int, append: Append, leaves: Sequence[bytes], tiles: Sequence[FullTile]) -> None:
        """Write the rows of `append` from index `first` on; raise DuplicateError, ReplayedError or ConflictError."""
        try:
            if append.nonce is not None:
                keep_nonce(self._connection, append.nonce)
            for charge in append.charges:
                take(self._connection, charge)
            self._insert_entries(first, append, leaves)
            self._insert_statements(first + len(append.entries) - 1, append.statements)
            self._many(
                "INSERT INTO tiles (level, idx, data) VALUES (?, ?, ?)",
                [(tile.level, tile.index, tile.data) for tile in tiles],
            )
        except IntegrityError as error:
            raise _refusal(error) from None

    def read_back(self, start: int, end: int) -> Sequence[bytes]:
        """Return the entries in [start, end) as the database now holds them."""
        return _entries(self._connection, start, end)

    def swap(self, *, old: Head, new: Head) -> None:
        """Move the head in one statement; raise ConflictError if it is not where `old` says."""
        row: tuple[Any, ...] = (new.size, new.tree.encode(), new.checkpoint)
        if old == EMPTY_HEAD:
            query = (
                "INSERT INTO head (id, size, tree, checkpoint) VALUES (1, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id"
            )
        else:
            query = (
                "UPDATE head SET size = ?, tree = ?, checkpoint = ? "
                "WHERE id = 1 AND size = ? AND tree = ? AND checkpoint = ? RETURNING id"
            )
            row += (old.size, old.tree.encode(), old.checkpoint)
        if self._connection.exec_driver_sql(query, row).one_or_none() is None:
            raise ConflictError("the head of the log moved; nothing was written")

    def keep_handover(self, index: int, checkpoint: bytes) -> None:
        """Keep the first checkpoint that holds the charter at `index`."""
        self._many("INSERT INTO handovers (idx, checkpoint) VALUES (?, ?)", [(index, checkpoint)])

    def publish(self, published: Published) -> None:
        """Let readers see a checkpoint of this log."""
        table.write(self._connection, table.LOG, published)

    def _insert_entries(self, first: int, append: Append, leaves: Sequence[bytes]) -> None:
        rows = zip(_types(first, append), append.entries, leaves, strict=True)
        self._many(
            "INSERT INTO entries (idx, typ, entry, leaf) VALUES (?, ?, ?, ?)",
            [(first + row, typ, entry, leaf) for row, (typ, entry, leaf) in enumerate(rows)],
        )
        if append.batch is not None:
            row = append.batch
            self._many(
                "INSERT INTO batches (iss, seq, idx, first, payload_hash) VALUES (?, ?, ?, ?, ?)",
                [(row.iss, row.seq, row.index, row.first, row.payload_hash)],
            )
        if append.charter is not None:
            charter = append.charter
            self._many(
                "INSERT INTO charters (ver, idx, file) VALUES (?, ?, ?)", [(charter.ver, charter.index, charter.file)]
            )

    def _insert_statements(self, batch: int, rows: Sequence[StatementRow]) -> None:
        self._many(
            _INSERT_STATEMENT,
            [
                (
                    row.index,
                    *row.name,
                    row.typ.value,
                    row.ep,
                    row.sup,
                    row.expunges,
                    b"".join(row.kcs) or None,
                    batch,
                    row.renews,
                )
                for row in rows
            ],
        )
        self._many(
            "INSERT INTO recipients (agency, idx) VALUES (?, ?)",
            [(agency, row.index) for row in rows for agency in row.recipients],
        )
        self._many(
            "INSERT INTO blobs (idx, place, tag_hash, only_for, data) VALUES (?, ?, ?, ?, ?)",
            [(row.index, blob.place, blob.tag_hash, blob.only_for, blob.data) for row in rows for blob in row.blobs],
        )
        expunged = [StatementName(row.name.iss, row.expunges) for row in rows if row.expunges is not None]
        slips.enter(self._connection, rows)
        tombstones.bury(self._connection, expunged)

    def _many(self, query: str, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            self._connection.exec_driver_sql(query, rows)


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
        """Return a connection that sees what was committed when it began to read."""
        with self._readers.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Return the writer's connection inside a transaction: for the rows beside the log."""
        with self._writing:
            if self._writer.closed:
                self._writer = self._engine.connect()
            try:
                with self._writer.begin():
                    yield self._writer
            except LedgerError:
                raise
            except BaseException:
                # A commit that failed may leave its transaction open, and every later one would fail with it. Closing
                # the connection rolls back; the next transaction begins on a new one.
                self._writer.invalidate()
                self._writer.close()
                raise

    def bury(self, names: Iterable[StatementName]) -> None:
        """Delete what lies beside records that a tombstone file names, and remember that it may be missing."""
        with self._writing, self._writer.begin():
            tombstones.bury(self._writer, names)

    def maintain(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction of the writer: for what lies beside the log and may lawfully go."""
        with self._writing, self._writer.begin():
            return work(self._writer)

    def buried(self) -> frozenset[StatementName]:
        """Return the records whose blobs may be missing."""
        with self._readers.connect() as connection:
            return tombstones.buried(connection)

    def empty_log(self) -> None:
        """Move the write-ahead log into the file, so that no copy of what was deleted stays in it."""
        with self._writing:
            truncate_log(self._writer)

    def head(self) -> Head:
        """Return the head; that of an empty store is EMPTY_HEAD."""
        row = self._one("SELECT size, tree, checkpoint FROM head WHERE id = 1")
        return EMPTY_HEAD if row is None else Head(size=row[0], tree=TreeState.decode(row[1]), checkpoint=row[2])

    def entries(self, start: int, end: int) -> Sequence[bytes]:
        """Return the entries in [start, end); raise NotFoundError if not all of them exist."""
        with self._readers.connect() as connection:
            found = _entries(connection, start, end)
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
        with self._readers.connect() as connection:
            return table.newest(connection, table.LOG)

    def first_published(self, index: int) -> bytes:
        """Return the published checkpoint that first held the entry at `index`; raise NotFoundError."""
        with self._readers.connect() as connection:
            return table.first_holding(connection, table.LOG, index)

    def blob(self, name: StatementName, place: str) -> Blob | None:
        """Return the bytes beside a statement at a place, if they are (still) there."""
        return _blob(self._one(_BLOB, (*name, place)))

    def feed(self, *, agency: str, after: int, limit: int) -> Sequence[FeedRow]:
        """Return what concerns an agency after an index, oldest first.

        The scan runs along the index, so that reading a whole feed costs one pass over the log however it is cut.
        """
        kinds = {"record": Typ.RECORD.value, "grant": Typ.GRANT.value, "expunge": Typ.EXPUNGE.value}
        names = {"agency": agency, "after": after, "limit": limit, **kinds}
        return tuple(_feed_row(row) for row in self._all(_FEED, names))

    def beside(self, wanted: Sequence[tuple[StatementName, Sequence[str]]]) -> list[Beside | None]:
        """Return many statements at once with those of their blobs that stand at the places, in order."""
        with self._readers.connect() as connection:
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

    def _one(self, query: str, values: tuple[Any, ...] = ()) -> Any:
        with self._readers.connect() as connection:
            return connection.exec_driver_sql(query, values).one_or_none()

    def _all(self, query: str, values: tuple[Any, ...] | dict[str, Any]) -> Sequence[Any]:
        with self._readers.connect() as connection:
            return connection.exec_driver_sql(query, values).all()


def cut_tile(row: Any, path: TilePath) -> bytes:
    """Return a tile from its row, else out of the tree that was read with it; raise NotFoundError."""
    data, tree = (None, None) if row is None else row
    if data is not None:
        return bytes(data[: path.width * HASH_BYTES])
    return (EMPTY_HEAD.tree if tree is None else TreeState.decode(tree)).tile(path)


def _entries(connection: Connection, start: int, end: int) -> Sequence[bytes]:
    query = "SELECT entry FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx"
    return tuple(row[0] for row in connection.exec_driver_sql(query, (start, end)))


def _types(first: int, append: Append) -> list[str]:
    """Return what each entry is, by its place: the statements, then the batch; or a charter; or a key entry."""
    if append.charter is not None:
        return ["charter"] * len(append.entries)
    if append.batch is None:
        return ["key"] * len(append.entries)
    named = {row.index - first: "grant" if row.typ is Typ.GRANT else "statement" for row in append.statements}
    return [named.get(row, "batch") for row in range(len(append.entries))]


def _refusal(error: IntegrityError) -> LedgerError:
    """Return what a broken constraint means. SQLite's text names the columns and never a value."""
    text = str(error.orig)
    if "entries.idx" in text or "tiles." in text or "batches.idx" in text:
        return ConflictError("another writer appended first; nothing was written")
    if "statements.sup" in text:
        return DuplicateError("the record is superseded already")
    if "statements.expunges" in text:
        return DuplicateError("the record is expunged already")
    return DuplicateError("an entry of this name or content is in the log already")


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
