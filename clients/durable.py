"""Files and folders that survive a power cut, open to the owner alone."""

import os
import stat
from pathlib import Path

from crypto import privatefile

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def write_file(path: Path, data: bytes) -> None:
    """Put `data` at `path`: a reader sees the old bytes or the new. One program at a time: hold the home's lock."""
    privatefile.replace(path, data)


def rewrite_file(path: Path, data: bytes) -> None:
    """Put `data` where a person's own file is, or make one: whatever was there stays until the new bytes are durable.

    What others may do with it stays as it was; of a link the file that it leads to is rewritten.
    """
    place = path.resolve()
    if not place.exists():
        place.write_bytes(data)
        return
    mode = stat.S_IMODE(place.stat().st_mode)
    write_file(place, data)
    place.chmod(mode)


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
