"""The machine: its clock, its disk, the port, the backups."""

import socket
from collections.abc import Iterator

from ledger.counting import counted
from ledger.wire.requests import NONCE_SECONDS
from server import lastrun
from server.backup import MANIFEST, read_manifest
from server.doctor.faults import Fault, Site
from server.errors import ConfigError

_RELEASED = 1_767_225_600  # 2026-01-01: no clock of a machine that runs this program was right before
_SLACK_SECONDS = 120
_FULL_BYTES = 64 * 2**20
_LOW_BYTES = 2**30
_DAY_SECONDS = 86_400


def check_machine(site: Site) -> Iterator[Fault]:
    """Yield the faults of the machine."""
    yield from check_clock(site, newest_nonce=None)
    yield from _disk(site)
    yield from _port(site)
    yield from _backups(site)
    run = lastrun.read(site.config.data / lastrun.FSCK)
    if run is not None and run.broken:
        yield Fault(name="fsck-findings", found=f"{counted(run.broken, 'finding')} in the last check")


def check_clock(site: Site, *, newest_nonce: int | None) -> Iterator[Fault]:
    """Yield a fault if the clock is behind what this very machine has written before."""
    files = (site.config.database, site.config.highest, site.config.service)
    written = max((int(path.stat().st_mtime) for path in files if path.exists()), default=0)
    if newest_nonce is not None:
        written = newest_nonce - NONCE_SECONDS
    if site.now < _RELEASED:
        yield Fault(name="clock", found="the clock is before this program was released")
    elif site.now + _SLACK_SECONDS < written:
        yield Fault(name="clock", found=f"the clock is {written - site.now:,} s behind what was written here before")


def _disk(site: Site) -> Iterator[Fault]:
    if site.free_bytes < _FULL_BYTES:
        yield Fault(name="disk-full", found=f"{counted(site.free_bytes, 'byte')} are free")
    elif site.free_bytes < _LOW_BYTES:
        yield Fault(name="disk-low", found=f"{counted(site.free_bytes, 'byte')} are free")


def _port(site: Site) -> Iterator[Fault]:
    if site.listen is None:
        return
    host, port = site.listen
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        # As the server does: an address that only waits for its last connections to fade is no fault.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1)
        except OSError as error:
            yield Fault(name="port-in-use", found=f"{host}:{port}: {error.strerror}")


def _backups(site: Site) -> Iterator[Fault]:
    if site.backups is None:
        yield from _last_backup(site)
        return
    folders = [path for path in site.backups.iterdir() if path.is_dir()] if site.backups.is_dir() else []
    if not folders:
        yield Fault(name="backup-missing", found=f"{site.backups} holds no backup")
        return
    newest = max(folders, key=lambda path: (path.stat().st_mtime, path.name))
    try:
        backup = read_manifest(newest)
    except ConfigError:
        yield Fault(name="backup-unreadable", found=f"{newest} has no readable {MANIFEST}")
        return
    if site.now - backup.created > _DAY_SECONDS + 3_600:
        yield Fault(
            name="backup-old", found=f"the newest backup is {counted((site.now - backup.created) // 3_600, 'hour')} old"
        )


def _last_backup(site: Site) -> Iterator[Fault]:
    # Where backups are is not told. Whoever made one means to have them: one night may be missed, not two.
    last = lastrun.read(site.config.data / lastrun.BACKUP)
    if last is not None and lastrun.is_overdue(last, now=site.now):
        yield Fault(
            name="backup-old", found=f"the last backup was made {counted((site.now - last.at) // 3_600, 'hour')} ago"
        )
