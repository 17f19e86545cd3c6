"""One append to the log, in one transaction: its rows, and the head that moves by compare-and-swap (docs/adr/0012).

Hot inserts go to the driver as tuples: the Core `insert()` construct costs a third of the rate (docs/adr/0022).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ledger.errors import ConflictError, DuplicateError, LedgerError
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.log import EMPTY_HEAD, Append, Head, Published, StatementRow
from ledger.tiles import FullTile
from server import slips, tombstones
from server.charges import keep_nonce, take
from server.publishing import table

_INSERT_STATEMENT = (
    "INSERT INTO statements (idx, iss, jti, typ, ep, sup, expunges, kcs, batch, renews) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


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
        return entries_between(self._connection, start, end)

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


def entries_between(connection: Connection, start: int, end: int) -> Sequence[bytes]:
    """Return the entries in [start, end) as the database holds them."""
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
