"""The desk's own database, `desk.sqlite` of the home: people, sessions, the record of use; encrypted as a whole.

SQLCipher with a key of 32 random bytes out of the keystore: nothing is stretched from a word, so opening takes no time.
"""

import os
from collections.abc import Callable
from pathlib import Path

import sqlcipher3  # type: ignore[import-untyped]  # it has no types
from sqlalchemy import Engine, MetaData, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from clients.durable import PRIVATE_FILE, sync_folder
from clients.errors import HomeError

NAME = "desk.sqlite"
KEY_BYTES = 32
KEY_USE = "desk"

DESK = MetaData()

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "busy_timeout=10000")


def open_desk(path: Path, key: bytes, *tables: MetaData) -> Engine:
    """Return the database at `path` with its tables, `DESK` and those named; raise HomeError if the key does not open it."""
    if len(key) != KEY_BYTES:
        raise HomeError("the desk's database is opened with a key of 32 bytes")
    if not path.exists():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE_FILE))
    engine = create_engine(f"sqlite:///{path}", module=sqlcipher3.dbapi2)
    event.listen(engine, "connect", _opener(key))
    event.listen(engine, "begin", _begin)
    try:
        for metadata in (DESK, *tables):
            metadata.create_all(engine)
    except DatabaseError as error:
        engine.dispose()
        raise HomeError(
            f"{path.name} of the home cannot be opened", next_step="restore it from a backup, with its keystore"
        ) from error
    sync_folder(path.parent)
    return engine


def _opener(key: bytes) -> Callable[[DBAPIConnection, ConnectionPoolEntry], None]:
    def prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        # As in clients/database.py: SQLAlchemy says BEGIN itself, below.
        connection.isolation_level = None
        cursor = connection.cursor()
        # SQLCipher takes no parameter here; the driver logs no statement, and SQLAlchemy does not see this one.
        cursor.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return prepare


def _begin(connection: object) -> None:
    """Take the write lock at once: two requests wait for each other instead of failing half-way."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]  # SQLAlchemy types listeners loosely
