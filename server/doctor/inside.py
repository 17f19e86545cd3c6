"""The inside of the database: readable, of this program's schema, and of the log that the other files name."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from ledger.charterpayload import Charter, parse_charter
from ledger.checkpoints import open_checkpoint
from ledger.errors import LedgerError
from ledger.fingerprints import of_file
from ledger.treestate import TreeState
from server import database, schema
from server.doctor.faults import Fault, Site
from server.doctor.machine import check_clock
from server.errors import ConfigError, StartError
from server.highest import HighestSigned
from server.models import append_only_triggers
from server.servicefile import ServiceFile, read_service_file

_MAGIC = b"SQLite format 3\0"


def check_inside(site: Site) -> Iterator[Fault]:
    """Yield the faults inside the database; it is only read."""
    path = site.config.database
    if not path.exists():
        yield Fault(name="database-missing", found=f"{path} is missing")
        return
    # Read before SQLite opens it: closing the file later would drop the locks that keep the log below from being emptied.
    with path.open("rb") as file:
        head = file.read(20)
    if not head.startswith(_MAGIC):
        yield Fault(name="database-foreign", found=f"{path} is no SQLite database")
        return
    engine = database.read_only(path)
    try:
        with engine.connect() as connection:
            yield from _readable(connection, site, modes=head[18:])
            # Inside, so that the writer below is not the last to leave: that one would empty the write-ahead log.
            yield from _locked(path)
    except DatabaseError as error:
        yield Fault(name="database-corrupt", found=str(error.orig))
    finally:
        engine.dispose()


def _readable(connection: Connection, site: Site, *, modes: bytes) -> Iterator[Fault]:
    verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if verdict != "ok":
        yield Fault(name="database-corrupt", found=str(verdict))
        return
    revision = schema.revision(connection)
    if revision != schema.newest():
        name = "migration-pending" if revision is None or revision in schema.known() else "migration-unknown"
        yield Fault(name=name, found=f"the database is of revision {revision}, this program of {schema.newest()}")
        return
    if modes != b"\2\2":
        yield Fault(name="journal-mode", found="the database is not in write-ahead mode")
    stored = set(connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'trigger'").scalars())
    missing = [trigger.split()[2] for trigger in append_only_triggers() if trigger not in stored]
    if missing:
        yield Fault(name="triggers-dropped", found=", ".join(missing))
    nonce = connection.exec_driver_sql("SELECT max(expires) FROM nonces").scalar()
    if nonce is not None:
        yield from check_clock(site, newest_nonce=nonce)
    yield from _log(connection, site)


def _log(connection: Connection, site: Site) -> Iterator[Fault]:
    row = connection.exec_driver_sql("SELECT size, tree, checkpoint FROM head WHERE id = 1").one_or_none()
    files = connection.exec_driver_sql("SELECT file FROM charters ORDER BY ver").scalars().all()
    size = 0 if row is None else row[0]
    yield from _behind(site, size)
    if row is None or not files:
        return
    try:
        charter = parse_charter(files[-1])
        service = read_service_file(site.config.service)
    except (LedgerError, ConfigError):
        return  # a charter that cannot be read is fsck's, a missing service.json stands already
    yield from _charter(site, service, charter, of_file(files[0]))
    yield from _checkpoint(charter, size, row[1], row[2])


def _behind(site: Site, size: int) -> Iterator[Fault]:
    try:
        signed = HighestSigned(site.config.highest).read()
    except StartError:
        return
    if signed.size > size:
        yield Fault(name="database-behind", found=f"{signed.size:,} entries were signed, {size:,} are here")


def _charter(site: Site, service: ServiceFile, charter: Charter, first: bytes) -> Iterator[Fault]:
    if service.origin != charter.origin:
        yield Fault(name="origin-mismatch", found=f"service.json says {service.origin}, the log is {charter.origin}")
        return
    held = [service.log] if site.keys is None else [keys.named(charter.origin) for keys in site.keys.generations()]
    if charter.log not in held:
        yield Fault(name="charter-keys", found=f"charter {charter.ver} names none of the keys held here")
    match = charter.match
    if match is not None and site.keys is not None and match.pk not in site.keys.matching.public():
        yield Fault(name="charter-keys", found=f"charter {charter.ver} names a matching key that is not held here")
    if service.url != charter.url:
        yield Fault(name="url-mismatch", found=f"service.json says {service.url}, the charter {charter.url}")
    if site.fingerprint is not None and site.fingerprint != first:
        yield Fault(name="charter-fingerprint", found="the first charter of this log is another one")


def _checkpoint(charter: Charter, size: int, tree: bytes, raw: bytes) -> Iterator[Fault]:
    try:
        state = TreeState.decode(tree)
        checkpoint = open_checkpoint(raw, origin=charter.origin, vkeys=charter.log.vkeys)
    except LedgerError as error:
        yield Fault(name="checkpoint-mismatch", found=str(error))
        return
    if (checkpoint.size, checkpoint.root, state.size) != (size, state.root(), size):
        yield Fault(name="checkpoint-mismatch", found="the checkpoint, the head and its tree are of different sizes")


def _locked(path: Path) -> Iterator[Fault]:
    if not database.wal_path(path).exists():
        return
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=1)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        yield Fault(name="database-locked", found=str(error))
