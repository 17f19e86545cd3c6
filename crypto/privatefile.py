"""A file for one owner alone, replaced as a whole or not at all.

A crash at any point leaves the old bytes or the new ones. Every function lets OSError through: the caller knows
what the file is for and says so.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crypto.errors import KeystoreError

_MODE = 0o600


def read(path: Path, *, limit: int) -> bytes:
    """Return the file's bytes; raise KeystoreError unless it is our own regular file of mode 0600 within `limit`."""
    with _opened(path, os.O_RDONLY) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as file:
        raw = file.read(limit + 1)
    if len(raw) > limit:
        raise KeystoreError(f"larger than {limit:,} bytes")
    return raw


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Hold the only write lock on a file that is written in place and never replaced; give its descriptor.

    Raises KeystoreError as `read` does. The lock lies on the file itself and is another one than that of `locked`.
    """
    with _opened(path, os.O_RDWR) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor


@contextmanager
def _opened(path: Path, access: int) -> Iterator[int]:
    # A link could lead the check to one file and the read to another; a pipe would block before it is seen to be one.
    descriptor = os.open(path, access | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _check_private(os.fstat(descriptor))
        yield descriptor
    finally:
        os.close(descriptor)


def replace(path: Path, data: bytes) -> None:
    """Put `data` where `path` is, durably: on return a power cut can no longer take it away. Call it under `locked`."""
    fresh = _beside(path, ".new")
    fresh.unlink(missing_ok=True)  # what a crash left behind; nobody else writes while we hold the lock
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, _MODE)  # the umask may have taken more away
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
    _sync_folder(path.parent)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the only write lock on `path`, against other processes and other handles of this one.

    Raises BlockingIOError, without `wait`, while another holds it.
    """
    # The lock lies on a file of its own, since the file itself is another one after each replacement.
    descriptor = os.open(_beside(path, ".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _check_private(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeystoreError("not a regular file")
    if stat.S_IMODE(status.st_mode) != _MODE:
        raise KeystoreError(f"mode {stat.S_IMODE(status.st_mode):04o}: only 0600 is accepted, others may have read it")
    if status.st_uid != os.geteuid():
        raise KeystoreError("it belongs to another user")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
