"""A private file that is overwritten in place, one of its two slots in turn (docs/adr/0076).

A crash at any point leaves the slot that was not being written, and so what was there before. Nothing is created, renamed
or made longer: to make it durable costs the disk one flush, where a file that is replaced costs two commits more.
"""

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path

from clients.errors import HomeError
from crypto import privatefile
from crypto.digests import sha256
from crypto.errors import KeystoreError

SLOT_BYTES = 2**14
_FILE_BYTES = 2 * SLOT_BYTES
STOP = "do not start it on this folder: the charter can name new witness keys for this agency"
_HEAD = re.compile(rb"([1-9][0-9]{0,17}) (0|[1-9][0-9]{0,4}) ([0-9a-f]{64})\n")


def read(path: Path) -> bytes | None:
    """Return what was written last, None if nothing ever was; HomeError for another file, or with no slot whole."""
    try:
        return _read(path)
    except FileNotFoundError:
        return None
    except KeystoreError as error:
        raise unbelieved(path, str(error)) from error


def _read(path: Path) -> bytes:
    raw = privatefile.read(path, limit=_FILE_BYTES)
    try:
        return _newest(path, raw)[1]
    except HomeError:
        # Two that write, one soon after the other, may have reached both slots during one read: only alone with the
        # file its word counts.
        with privatefile.held(path) as descriptor:
            return _newest(path, os.pread(descriptor, _FILE_BYTES + 1, 0))[1]


def update(path: Path, change: Callable[[bytes | None], bytes]) -> None:
    """Put what `change` makes of the data there in its place, under a lock and durably; whatever it raises changes nothing."""
    try:
        _changed(path, change)
    except FileNotFoundError:
        if not _made(path, change):
            _changed(path, change)


def _changed(path: Path, change: Callable[[bytes | None], bytes]) -> None:
    try:
        with privatefile.held(path) as descriptor:
            number, data = _newest(path, os.pread(descriptor, _FILE_BYTES + 1, 0))
            _overwrite(path, descriptor, _slot(number + 1, change(data)), place=_place(number + 1))
    except KeystoreError as error:
        raise unbelieved(path, str(error)) from error


def _made(path: Path, change: Callable[[bytes | None], bytes]) -> bool:
    """Make the file with its first slot; return whether nobody else was faster."""
    with privatefile.locked(path):
        if path.exists():
            return False
        privatefile.replace(path, _slot(1, change(None)) + bytes(SLOT_BYTES))
        return True


def _overwrite(path: Path, descriptor: int, slot: bytes, *, place: int) -> None:
    written = os.pwrite(descriptor, slot, place)
    os.fdatasync(descriptor)
    if written != len(slot):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _newest(path: Path, raw: bytes) -> tuple[int, bytes]:
    """Return number and data of the slot that was written last, and to its end."""
    if len(raw) != _FILE_BYTES:
        raise unbelieved(path, "not two slots")
    heads = [head for place in (0, SLOT_BYTES) if (head := _HEAD.match(raw, place)) is not None]
    for head in sorted(heads, key=lambda one: int(one[1]), reverse=True):
        number, place = int(head[1]), head.start()
        data = raw[head.end() : head.end() + int(head[2])]
        if _place(number) == place and raw[place : place + SLOT_BYTES] == _slot(number, data):
            return number, data
    raise unbelieved(path, "neither of its two slots is whole")


def unbelieved(path: Path, why: str) -> HomeError:
    """Return the error for a file that says what this witness did not write."""
    return HomeError(f"{path} cannot be believed: {why}", next_step=STOP)


def _slot(number: int, data: bytes) -> bytes:
    # The hash takes the number in: else a cut after the first digits would make old data the newest.
    digest = sha256(b"%d %s" % (number, data)).hex().encode()
    slot = b"%d %d %s\n%s" % (number, len(data), digest, data)
    if len(slot) > SLOT_BYTES:
        raise HomeError("a witness's state is larger than a slot of its file")
    return slot.ljust(SLOT_BYTES, b"\0")


def _place(number: int) -> int:
    return (number - 1) % 2 * SLOT_BYTES
