"""Files and folders that survive a power cut, open to the owner alone."""

import errno
import os
from pathlib import Path

from crypto import privatefile

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def write_file(path: Path, data: bytes) -> None:
    """Put `data` at `path`: a reader sees the old bytes or the new. One program at a time: hold the home's lock."""
    privatefile.replace(path, data)


def append(path: Path, data: bytes) -> None:
    """Add `data` to the end of a file that exists, durably; a crash may leave a part of it there. Hold a lock."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    try:
        written = os.write(descriptor, data)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    if written != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make `folder`, and what is missing above it, open to the owner alone."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=PRIVATE_FOLDER)
        sync_folder(missing.parent)
