"""The home's SQLite files: encrypted, private, durable at every commit, one writer at a time (docs/adr/0014, 0025, 0068).

Every page is AES-256 under the home's own key, which lies in the keystore (SQLCipher 4). The key is given to SQLite as
raw bytes on a connection of our own making: it stands in no URL, no statement that SQLAlchemy could print, and no error.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError
from sqlcipher3 import dbapi2  # type: ignore[import-untyped]  # the library comes without types

from clients.durable import PRIVATE_FILE, sync_folder
from clients.errors import ClientError, HomeError

KEY_BYTES = 32

# What keeps a file from being used and does not say that it is damaged, by SQLite's primary result code (https://sqlite.org/rescode.html).
_HINDRANCES = {
    dbapi2.SQLITE_BUSY: "another program has been using it for too long",
    dbapi2.SQLITE_READONLY: "it may not be written",
    dbapi2.SQLITE_IOERR: "its disk is full, or does not work",
    dbapi2.SQLITE_FULL: "its disk is full",
    dbapi2.SQLITE_CANTOPEN: "its disk is full, or its folder may not be written",
}
_PRIMARY = 0xFF

_READING = "sealtrace_reading"

# Before the key is given: the library writes no lines of its own to stderr. Its memory is not locked and wiped at each
# release (the key's own is): that halves the speed, and Python's copies of what is read would stay where they are.
_BEFORE_KEY = ("cipher_log_level=NONE", "cipher_memory_security=OFF")
# temp_store: what a sort or an index needs aside stays in memory, where nothing has to be encrypted or wiped.
_PRAGMAS = (
    "temp_store=MEMORY",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "busy_timeout=10000",
)


def open_database(path: Path, tables: MetaData, *, key: bytes) -> Engine:
    """Return the database at `path` with its tables; a new file is readable by the owner alone and durably named.

    Raises HomeError for a file that is damaged or under another key, and then and later ClientError for one that cannot be
    used now: whoever took a full disk for damage would put an old backup in the place of a good file.
    """
    if not path.exists():
        _make(path)
    engine = create_engine(f"sqlite:///{path}", module=dbapi2, creator=lambda: _prepared(path, key))
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", lambda context: require_usable(path, context.original_exception))
    try:
        tables.create_all(engine)
    except ClientError:
        engine.dispose()
        raise
    except DatabaseError as error:
        engine.dispose()
        raise HomeError(
            f"{path.name} of the home cannot be opened: it is damaged, or its key is not the one in the keystore",
            next_step="restore it and the keystore from one backup; without one replica.sqlite alone can be removed and synced "
            "anew, but for messages older than 90 days",
        ) from error
    sync_folder(path.parent)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that only reads: it sees one state, and neither waits for a writer nor keeps one waiting."""
    with engine.execution_options(**{_READING: True}).begin() as connection:
        yield connection


class Transactions(Protocol):
    """What begins a transaction that writes: the database, or a transaction under way that is joined."""

    def begin(self) -> AbstractContextManager[Connection]:
        """Give a transaction: all of it is kept, or nothing."""


class Joined:
    """A transaction under way. What begins one joins it: whoever began it ends it, and an error undoes all of it."""

    def __init__(self, connection: Connection) -> None:
        """Take the transaction."""
        self._connection = connection

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Give the transaction."""
        yield self._connection


def connect(path: Path, *, key: bytes | None) -> DBAPIConnection:
    """Return a connection to an encrypted file, or with no key to one from before they were encrypted."""
    if key is not None and len(key) != KEY_BYTES:
        raise HomeError("the key of the home's databases is damaged", next_step="restore the keystore from a backup")
    # Python's sqlite3 opens transactions late and by guessing; SQLAlchemy says BEGIN itself, below.
    connection: DBAPIConnection = dbapi2.connect(str(path), isolation_level=None, check_same_thread=False)
    cursor = connection.cursor()
    for pragma in _BEFORE_KEY:
        cursor.execute(f"PRAGMA {pragma}")
    if key is not None:
        cursor.execute(f'PRAGMA key = "{key_literal(key)}"')
    cursor.close()
    return connection


def key_literal(key: bytes) -> str:
    """Return a raw key as SQLCipher reads it: it is used as it is, no passphrase is stretched."""
    return f"x'{key.hex()}'"


def empty_log(engine: Engine) -> None:
    """Move the write-ahead log into the file, so that no copy of what was deleted stays in it; or HomeError."""
    connection = engine.raw_connection()
    try:
        busy = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except dbapi2.Error as error:
        require_usable(Path(str(engine.url.database)), error)
        raise
    finally:
        connection.close()
    if busy:
        raise HomeError("another program reads the replica", next_step="end it and run `sealtrace sync` again")


def _make(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE_FILE))
    except FileExistsError:
        if not path.exists():  # a link to nowhere; else another program made the file in this moment
            raise


def require_usable(path: Path, error: BaseException) -> None:
    """Raise ClientError for what keeps a file from being used and does not say that it is damaged; else nothing."""
    why = _HINDRANCES.get(getattr(error, "sqlite_errorcode", 0) & _PRIMARY)
    if why is not None:
        raise ClientError(
            f"{path.name} of the home cannot be used: {why}",
            next_step="free space on the disk, see that it works, or end the other program, and try again: "
            "leave the file as it is",
        ) from error


def _prepared(path: Path, key: bytes) -> DBAPIConnection:
    connection = connect(path, key=key)
    cursor = connection.cursor()
    try:
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    cursor.close()
    return connection


def _begin(connection: Connection) -> None:
    """Take the write lock at once: two programs on one home wait for each other instead of failing half-way."""
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(_READING) else "BEGIN IMMEDIATE")
