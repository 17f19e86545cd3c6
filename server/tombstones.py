"""Which records were expunged: a table, and a file beside the database that outlives it (docs/protocol.md, 9).

A database may be older than an expungement: restored from a backup, put back by hand. So the names also stand in a
file of their own, which travels with every backup, restore and mirror. Whoever puts a database in place calls
`bury_in_file` with the names of both files before anybody reads it; a service does so at every start.
"""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection

from crypto import privatefile
from ledger.errors import MalformedError
from ledger.identifiers import StatementName, statement_name
from server import database, slips
from server.errors import StartError

_DELETE = "DELETE FROM blobs WHERE idx = (SELECT idx FROM statements WHERE iss = ? AND jti = ?)"


def read_names(path: Path) -> frozenset[StatementName]:
    """Return the records a tombstone file names, none if there is no file; raise StartError for a damaged one."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        names = frozenset(statement_name(line) for line in lines)
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeDecodeError, MalformedError) as error:
        raise StartError(f"{path} is not a list of expunged records: take it from a backup or a mirror") from error
    return names


def add_names(path: Path, names: Iterable[StatementName]) -> None:
    """Add records to a tombstone file, durably; a name never leaves it."""
    with privatefile.locked(path):
        before = read_names(path)
        after = before | frozenset(names)
        if after != before:
            privatefile.replace(path, "".join(f"{line}\n" for line in sorted(map(str, after))).encode())


def bury(connection: Connection, names: Iterable[StatementName]) -> None:
    """Delete what lies beside these records and remember that it may be missing, in the caller's transaction."""
    for name in names:
        slips.bury(connection, name)
        connection.exec_driver_sql(_DELETE, tuple(name))
        connection.exec_driver_sql(
            "INSERT INTO tombstones (iss, jti) VALUES (?, ?) ON CONFLICT DO NOTHING", tuple(name)
        )


def buried(connection: Connection) -> frozenset[StatementName]:
    """Return the records whose bytes may be missing from this database."""
    rows = connection.exec_driver_sql("SELECT iss, jti FROM tombstones").all()
    return frozenset(StatementName(iss, bytes(jti)) for iss, jti in rows)


def bury_in_file(path: Path, names: Iterable[StatementName]) -> None:
    """Bury records in a database that nobody has open, down to its write-ahead log."""
    engine = database.writer(path)
    with engine.connect() as connection:
        with connection.begin():
            bury(connection, names)
        database.truncate_log(connection)
    engine.dispose()
