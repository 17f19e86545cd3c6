"""The home's SQLite files: private, durable at every commit, one writer at a time (docs/adr/0014, 0025)."""

import os
from pathlib import Path

from sqlalchemy import Engine, MetaData, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from clients.durable import PRIVATE_FILE, sync_folder
from clients.errors import HomeError

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "busy_timeout=10000")


def open_database(path: Path, tables: MetaData) -> Engine:
    """Return the database at `path` with its tables; a new file is readable by the owner alone and durably named."""
    if not path.exists():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE_FILE))
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    try:
        tables.create_all(engine)
    except DatabaseError as error:
        raise HomeError(f"{path.name} of the home cannot be opened", next_step="restore it from a backup") from error
    sync_folder(path.parent)
    return engine


def empty_log(engine: Engine) -> None:
    """Move the write-ahead log into the file, so that no copy of what was deleted stays in it; or HomeError."""
    connection = engine.raw_connection()
    try:
        busy = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        connection.close()
    if busy:
        raise HomeError("another program reads the replica", next_step="end it and run `sealtrace sync` again")


def _prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # Python's sqlite3 opens transactions late and by guessing; SQLAlchemy says BEGIN itself, below.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: object) -> None:
    """Take the write lock at once: two programs on one home wait for each other instead of failing half-way."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]  # SQLAlchemy types listeners loosely
