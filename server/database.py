"""One SQLite file: how it is made, opened and kept (docs/adr/0022).

SQLite swallows some errors of fdatasync when a write-ahead log is made and when a connection closes. So the writer
has one connection for life, the folder is synced here at start, and the result of a checkpoint is looked at.
"""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, QueuePool, StaticPool, create_engine, event

from server.errors import StartError, StorageError

PAGE_BYTES = 16_384

# page_size counts only before the first table; the rest is per connection, except WAL, which stays with the file.
_PRAGMAS = (
    f"page_size={PAGE_BYTES}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "busy_timeout=5000",
)


def writer(path: Path) -> Engine:
    """Return the engine of the one writer: every transaction takes the write lock at its start."""
    _create_private(path)
    return _engine(path, begin="BEGIN IMMEDIATE", pool={"poolclass": NullPool})


def readers(path: Path, *, connections: int) -> Engine:
    """Return the engine of the readers: each holds a snapshot for as long as it reads, and cannot write."""
    pool = {"poolclass": QueuePool, "pool_size": connections, "max_overflow": 0, "pool_timeout": 10}
    return _engine(path, begin="BEGIN", pool=pool, pragmas=("query_only=ON",))


def require(path: Path) -> Path:
    """Return the path of a database; raise StartError if there is none."""
    if not path.exists():
        raise StartError(
            f"{path} is missing: start the service once, or put a backup back with `sealtrace-server restore`"
        )
    return path


def read_only(path: Path) -> Engine:
    """Return an engine of one connection that cannot write: for a copy, a backup, or a database that is in use.

    Raises sqlite3.Error (as SQLAlchemy wraps it) at the first connection if there is no database.
    """
    # Without a write-ahead log nobody has the file open, and `immutable` lets SQLite read it without making files
    # beside it: a copy on a read-only medium stays as it is. With one, its content is part of the database.
    mode = "mode=ro" if wal_path(path).exists() else "mode=ro&immutable=1"
    uri = f"{path.resolve().as_uri()}?{mode}"
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=lambda: sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False),
        poolclass=StaticPool,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "busy_timeout=5000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def wal_path(path: Path) -> Path:
    """Return where the write-ahead log of a database lies."""
    return path.with_name(f"{path.name}-wal")


def sync_folder(path: Path) -> None:
    """Make the names of the database and its write-ahead log durable, which SQLite does not promise to have done."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def sync_file(path: Path) -> None:
    """Make a database that was written by other means than a transaction durable, with its name."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(path)


def require_unused(path: Path) -> None:
    """Raise StartError if another program has the database open: what follows must be alone with it."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        try:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            raise StartError(f"{path} is in use: stop the service first ({error})") from error


def truncate_log(connection: Connection) -> None:
    """Move the write-ahead log into the file; raise StorageError if a reader kept it from being emptied."""
    busy = connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise StorageError("the write-ahead log could not be emptied: another program holds the database open")


def _create_private(path: Path) -> None:
    # A file that is there is not opened: closing it would drop every lock that this process holds on it (POSIX locks are
    # the process's, not the connection's). Another program would then take itself for the last one, and delete the
    # write-ahead log that this one goes on writing: the database would be lost.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    # The write-ahead log and its index take over the mode of the file they belong to.
    path.chmod(0o600)


def _engine(path: Path, *, begin: str, pool: dict[str, object], pragmas: tuple[str, ...] = ()) -> Engine:
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        connect_args={"isolation_level": None, "check_same_thread": False},
        hide_parameters=True,
        **pool,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in (*_PRAGMAS, *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # The driver's own transactions start late and end early; with isolation_level None it starts none.
        connection.exec_driver_sql(begin)

    return engine
