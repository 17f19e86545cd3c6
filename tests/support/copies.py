"""Copies of a service's database, and what somebody with a database shell may do to one."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.services import World


def filled_world(folder: Path, *, records: int = 4) -> World:
    """Return a service whose log has grants, records, a message and two agencies' batches; with 260 records, a tile."""
    world = World(folder)
    world.found()
    world.open_epoch("xaa-arms")
    world.log("xaa-arms", [world.consortium.record("xaa-arms") for _ in range(records)])
    world.open_epoch("xab-arms")
    world.log("xab-arms", [world.message("xab-arms", to="xaa-arms"), world.consortium.record("xab-arms")])
    return world


def copy_of(world: World, target: Path) -> Path:
    """Return a copy of the database as SQLite makes one while the service runs."""
    with closing(sqlite3.connect(world.config.database)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    target.chmod(0o600)
    return target


@contextmanager
def by_hand(path: Path) -> Iterator[sqlite3.Connection]:
    """Return a connection on which no trigger of ours fires and no reference is checked; they are back afterwards."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in triggers:
            connection.execute(sql)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def flip(path: Path, at: int) -> None:
    """Change one bit of a file."""
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def copy_folder(world: World, target: Path) -> Path:
    """Return a copy of the whole folder of a service that is closed."""
    shutil.copytree(world.folder, target)
    return target
