"""A consistent copy of a running service, in the layout of its folder, with the open files of its log beside it.

`backup.json` is written last: a folder without it is a backup that was interrupted.
"""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from crypto import privatefile
from crypto.errors import KeystoreError
from ledger import jsontext
from ledger.errors import LedgerError
from ledger.identifiers import StatementName
from server import database, tombstones
from server.config import Config
from server.errors import ConfigError, StartError
from server.exporting import write_open_files
from server.fsck import check_database

MANIFEST = "backup.json"

_MOST_BYTES = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup says of itself: when it was begun (POSIX seconds), and how large the log was."""

    created: int
    size: int


def back_up(config: Config, *, output: Path, now: int) -> Backup:
    """Copy the service in `config` to `output`, a new or empty folder, and check the copy.

    Raises StartError if what is there is not whole: the copy is left without its manifest.
    """
    _require_empty(output)
    copy = Config(data=output, fingerprint=b"")
    # Before the database: it may then be ahead of this file, but never behind it for no other reason than timing.
    for source, target in _files(config, copy):
        if source.exists():
            _copy_private(source, target)
    copy_database(config.database, copy.database)
    tombstones.add_names(copy.tombstones, buried_in(copy.database))
    size = _check(copy)
    write_open_files(copy.database, output=output)
    backup = Backup(created=now, size=size)
    os.sync()  # the tiles are many: one sync for all, before the manifest says that they are there
    privatefile.replace(output / MANIFEST, _manifest(backup))
    return backup


def read_manifest(folder: Path) -> Backup:
    """Return what a backup says of itself; raise ConfigError if it was interrupted or is none."""
    try:
        raw = privatefile.read(folder / MANIFEST, limit=_MOST_BYTES).removesuffix(b"\n")
        created, size = jsontext.members(jsontext.load(raw), "created", "size")
        return Backup(created=jsontext.integer(created), size=jsontext.integer(size))
    except (OSError, LedgerError, KeystoreError) as error:
        raise ConfigError(f"{folder} is no finished backup: {MANIFEST} is missing or damaged") from error


def copy_database(source: Path, target: Path) -> None:
    """Copy a database while it is in use, to a file of its owner alone, durably; nobody stays signed in on the copy.

    Raises StartError for what cannot be copied.
    """
    engine = database.read_only(database.require(source))
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with engine.connect() as connection, closing(sqlite3.connect(target)) as copy:
            reading = connection.connection.driver_connection
            if not isinstance(reading, sqlite3.Connection):
                raise TypeError("not a connection of the driver this was written for")
            reading.backup(copy)
            copy.execute("PRAGMA secure_delete=ON")
            if copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'sessions'").fetchone():
                copy.execute("DELETE FROM sessions")
                copy.commit()
            copy.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except (sqlite3.Error, DatabaseError) as error:
        raise StartError(f"{source} cannot be copied: {getattr(error, 'orig', error)}") from error
    finally:
        engine.dispose()
    database.sync_file(target)


def buried_in(path: Path) -> frozenset[StatementName]:
    """Return the records that a database remembers as expunged."""
    engine = database.read_only(path)
    try:
        with engine.connect() as connection:
            return tombstones.buried(connection)
    finally:
        engine.dispose()


def _require_empty(output: Path) -> None:
    output.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(output.iterdir()):
        raise ConfigError(f"{output} is not empty: each backup has a folder of its own")
    output.chmod(0o700)


def _files(config: Config, copy: Config) -> tuple[tuple[Path, Path], ...]:
    return (
        (config.highest, copy.highest),
        (config.highest_access, copy.highest_access),
        (config.keystore, copy.keystore),
        (config.service, copy.service),
        (config.tombstones, copy.tombstones),
        (config.witnesses, copy.witnesses),
    )


def _copy_private(source: Path, target: Path) -> None:
    privatefile.replace(target, source.read_bytes())


def _check(copy: Config) -> int:
    report = check_database(copy.database, progress=lambda _: None)
    if report.broken:
        first = report.findings[0]
        raise StartError(
            f"the copy is damaged ({first.check}: {first.table} row {first.row}), and so is what it was copied from: "
            "run `sealtrace-server fsck`"
        )
    return report.size


def _manifest(backup: Backup) -> bytes:
    return jsontext.dump({"created": backup.created, "size": backup.size}) + b"\n"
