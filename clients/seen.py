"""What an audit remembers of a whole log, on disk: ten million names take no more memory than a thousand.

SQLite's own temporary database (the file without a name): pages beyond a small cache go to a file that is unlinked when
it is opened, so nothing is left behind, however the program ends. Only public names are in it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from clients.errors import ClientError
from ledger.identifiers import StatementName
from ledger.log import RecordFacts
from ledger.recordform import RecordHead
from ledger.seen import duplicate, expunged, superseded
from ledger.submissions import Statement

CACHE_KIB = 16_384

# Nobody reads this file after a crash: no journal, no sync, one transaction.
_PREPARE = f"""
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE; PRAGMA cache_size=-{CACHE_KIB};
CREATE TABLE statement (name BLOB PRIMARY KEY, at INTEGER NOT NULL, ep INTEGER, superseded INTEGER NOT NULL,
    expunged INTEGER NOT NULL) WITHOUT ROWID;
BEGIN;
"""
_ENTER = "INSERT OR IGNORE INTO statement VALUES (?, ?, ?, 0, 0)"
_SUPERSEDE = "UPDATE statement SET superseded = 1 WHERE name = ?"
_EXPUNGE = "UPDATE statement SET expunged = 1 WHERE name = ?"
_FACTS = "SELECT ep, superseded, expunged FROM statement WHERE name = ? AND ep IS NOT NULL"
_PLACE = "SELECT at FROM statement WHERE name = ?"


class SeenOnDisk:
    """`ledger.seen.Seen` over a temporary database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Make the table."""
        self._connection = connection
        connection.executescript(_PREPARE)

    def record_facts(self, name: StatementName) -> RecordFacts | None:
        """Return what is known of a record."""
        row = self._connection.execute(_FACTS, (_key(name),)).fetchone()
        return None if row is None else RecordFacts(row[0], bool(row[1]), bool(row[2]))

    def enter(self, first: int, statements: Sequence[Statement | None]) -> None:
        """Remember the statements from index `first` on; then raise DuplicateError for the first name seen before."""
        rows = [
            (_key(statement.name), index, statement.ep if isinstance(statement, RecordHead) else None)
            for index, statement in enumerate(statements, start=first)
            if statement is not None
        ]
        entered = self._connection.executemany(_ENTER, rows).rowcount
        self._connection.executemany(_SUPERSEDE, [(_key(name),) for name in superseded(statements)])
        self._connection.executemany(_EXPUNGE, [(_key(name),) for name in expunged(statements)])
        if entered < len(rows):
            self._refuse_repeated(first, [(name, index) for name, index, _ in rows])

    def _refuse_repeated(self, first: int, rows: Sequence[tuple[bytes, int]]) -> None:
        """Raise for the first row that was not entered; those of a batch looked at a second time were, by the first."""
        for name, index in rows:
            (at,) = self._connection.execute(_PLACE, (name,)).fetchone()
            if at != index:
                raise duplicate(index - first, at)


def _key(name: StatementName) -> bytes:
    """Return the name with its random part first: the few issuers would order nothing."""
    return name.jti + name.iss.encode()


@contextmanager
def seen_on_disk() -> Iterator[SeenOnDisk]:
    """Give a memory on disk, and throw it away; raise ClientError where there is no room."""
    try:
        with closing(sqlite3.connect("", isolation_level=None)) as connection:
            yield SeenOnDisk(connection)
    except sqlite3.Error as error:
        raise ClientError(
            f"the temporary file of the audit cannot be used: {error}",
            next_step="name a folder with more room in SQLITE_TMPDIR; the file takes about 60 bytes for each entry",
        ) from error
