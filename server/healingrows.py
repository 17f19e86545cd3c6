"""Rows that follow from entries, made anew from entries that are whole (docs/adr/0056).

What a statement is called, which batch closes it, whom a grant is for: the entries say so, and they hash to a root that
the log has signed. What follows from the bytes beside the log is put right by `server/healingbeside.py`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from ledger.batches import parse_batch
from ledger.grants import Grant
from ledger.kinds import Typ
from ledger.renewals import Renewal
from ledger.state import kind_of
from server.fsck.rows import columns_of, recipients_of
from server.named import Statement, parse_statement

_AT_ONCE = 1_024
_ENTRIES = "SELECT idx, entry FROM entries WHERE idx >= ? ORDER BY idx LIMIT ?"
_STATEMENT = (
    "SELECT idx, iss, jti, typ, ep, sup, expunges, kcs, batch, renews FROM statements WHERE idx = ?",
    """INSERT OR REPLACE INTO statements (idx, iss, jti, typ, ep, sup, expunges, kcs, batch, renews)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
)
_BATCH = (
    "SELECT iss, seq, idx, first, payload_hash FROM batches WHERE idx = ?",
    "INSERT OR REPLACE INTO batches (iss, seq, idx, first, payload_hash) VALUES (?, ?, ?, ?, ?)",
)
_RECIPIENTS = "SELECT agency FROM recipients WHERE idx = ? ORDER BY agency"


class Rows:
    """Takes the entries in their order and puts right what is derived from each."""

    def __init__(
        self, connection: Connection, restored: Callable[[str], None], beside: Callable[[int, Statement], None]
    ) -> None:
        """Take the database, where to say what was put back, and who puts right what lies beside each statement."""
        self._connection = connection
        self._beside = beside
        self._restored = restored

    def heal(self) -> None:
        """Put right every row of statements, batches and recipients of grants; every entry must be whole."""
        start, held = 0, list[bytes]()
        while rows := self._connection.exec_driver_sql(_ENTRIES, (start, _AT_ONCE)).all():
            for index, raw in rows:
                entry = bytes(raw)
                match kind_of(entry):
                    case Typ.BATCH:
                        self._batch(index, entry, held)
                        held = []
                    case Typ.CHARTER | Typ.KEY:
                        pass
                    case _:
                        held.append(entry)
            start = rows[-1][0] + 1

    def _batch(self, index: int, entry: bytes, held: Sequence[bytes]) -> None:
        batch = parse_batch(entry)
        first = index - len(held)
        self._put("batches", _BATCH, index, (batch.iss, batch.seq, index, first, batch.payload_hash))
        for at, raw in enumerate(held, start=first):
            statement = parse_statement(raw)
            renews = statement.batch if isinstance(statement, Renewal) else None
            self._put("statements", _STATEMENT, at, (at, *columns_of(statement), index, renews))
            self._recipients(at, statement)
            self._beside(at, statement)

    def _put(self, table: str, queries: tuple[str, str], index: int, row: tuple[Any, ...]) -> None:
        select, insert = queries
        found = self._connection.exec_driver_sql(select, (index,)).one_or_none()
        if found is None or tuple(found) != row:
            self._connection.exec_driver_sql(insert, row)
            self._restored(f"{table} {index}")

    def _recipients(self, index: int, statement: Statement) -> None:
        if isinstance(statement, Grant):
            expected = recipients_of(statement, None) or []
            if put_recipients(self._connection, index, expected):
                self._restored(f"recipients {index}")


def put_recipients(connection: Connection, index: int, expected: Sequence[str]) -> bool:
    """Let a statement be for these agencies, in order; return whether it was not."""
    if list(connection.exec_driver_sql(_RECIPIENTS, (index,)).scalars()) == list(expected):
        return False
    connection.exec_driver_sql("DELETE FROM recipients WHERE idx = ?", (index,))
    for agency in expected:
        connection.exec_driver_sql("INSERT INTO recipients (agency, idx) VALUES (?, ?)", (agency, index))
    return True
