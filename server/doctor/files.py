"""The files of a service's folder: that they are there, private, and what they should be."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from crypto.errors import KeystoreError
from crypto.keystore import check_header
from ledger.counting import counted
from server import database, tombstones
from server.doctor.faults import Fault, Site
from server.errors import ConfigError, StartError
from server.highest import HighestSigned
from server.publishing.addresses import read_addresses
from server.servicefile import read_service_file

_WAL_BYTES = 256 * 2**20


def check_files(site: Site) -> Iterator[Fault]:
    """Yield the faults of the folder and of every file but the inside of the database."""
    config = site.config
    if not config.data.is_dir():
        yield Fault(name="folder-missing", found=f"{config.data} is no folder")
        return
    yield from _private(config.data, name="folder-permissions", mode=0o700)
    yield from _private(config.database, name="database-permissions", mode=0o600)
    yield from _keystore(config.keystore)
    yield from _service_file(site)
    yield from _highest(config.highest)
    yield from _wal(config.database)
    yield from _leftovers(site)
    yield from _witnesses(config.witnesses)


def _witnesses(path: Path) -> Iterator[Fault]:
    try:
        read_addresses(path)
    except ConfigError as error:
        yield Fault(name="witnesses-file", found=str(error))


def _private(path: Path, *, name: str, mode: int) -> Iterator[Fault]:
    if not path.exists():
        return
    status = path.stat()
    if status.st_mode & 0o777 != mode:
        yield Fault(name=name, found=f"{path} has mode {status.st_mode & 0o777:04o}, not {mode:04o}")
    elif status.st_uid != os.geteuid():
        yield Fault(name=name, found=f"{path} belongs to another user")


def _keystore(path: Path) -> Iterator[Fault]:
    if not path.exists():
        yield Fault(name="keystore-missing", found=f"{path} is missing")
        return
    permissions = list(_private(path, name="keystore-permissions", mode=0o600))
    yield from permissions
    if not permissions:
        try:
            check_header(path)
        except KeystoreError as error:
            yield Fault(name="keystore-damaged", found=str(error))
    yield from _lock(path)


def _lock(path: Path) -> Iterator[Fault]:
    lock = path.with_name(f"{path.name}.lock")
    if not lock.exists():
        return
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield Fault(name="stale-lock", found=f"{lock} is held")


def _service_file(site: Site) -> Iterator[Fault]:
    try:
        service = read_service_file(site.config.service)
    except ConfigError:
        path = site.config.service
        what = "is not what `sealtrace-server create` writes" if path.exists() else "is missing"
        yield Fault(name="service-file", found=f"{path} {what}")
        return
    if site.keys is not None and all(keys.named(service.origin) != service.log for keys in site.keys.generations()):
        yield Fault(name="keystore-foreign", found="the keystore holds other keys than service.json names")


def _highest(path: Path) -> Iterator[Fault]:
    try:
        HighestSigned(path).read()
    except StartError as error:
        yield Fault(name="highest-missing", found=str(error))


def _wal(path: Path) -> Iterator[Fault]:
    wal = database.wal_path(path)
    shared = path.with_name(f"{path.name}-shm")
    if shared.exists() and not wal.exists():
        yield Fault(name="wal-missing", found=f"{shared.name} is there, and {wal.name} is not")
    if wal.exists() and wal.stat().st_size > _WAL_BYTES:
        yield Fault(name="wal-oversized", found=f"{wal.name} has {counted(wal.stat().st_size, 'byte')}")


def _leftovers(site: Site) -> Iterator[Fault]:
    staged = site.config.database.with_name(f"{site.config.database.name}.restoring")
    if staged.exists():
        yield Fault(name="restore-unfinished", found=f"{staged} is left over")
    try:
        tombstones.read_names(site.config.tombstones)
    except StartError as error:
        yield Fault(name="tombstones-damaged", found=str(error))
