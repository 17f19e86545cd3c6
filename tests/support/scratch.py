"""Where the whole suite writes: in memory where there is room, since of many tests a quarter is waiting for a disk."""

import os
import re
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
_MEMINFO = Path("/proc/meminfo")
_AVAILABLE = re.compile(r"^MemAvailable: +([0-9]+) kB$", re.MULTILINE)
# What the suite leaves, and as much again for the programs that it starts.
_ROOM_BYTES = 8 * 2**30


def folder_in_memory() -> Path | None:
    """Return a new folder in memory, or None: there is none, too little is free, or no program may be run from it."""
    try:
        found = os.statvfs(_MEMORY)
        available = _AVAILABLE.search(_MEMINFO.read_text(encoding="ascii"))
    except OSError:
        return None
    if available is None or found.f_flag & os.ST_NOEXEC:
        return None
    room = min(found.f_bavail * found.f_frsize, int(available[1]) * 1024)
    return Path(tempfile.mkdtemp(prefix="sealtrace-tests-", dir=_MEMORY)) if room >= _ROOM_BYTES else None
