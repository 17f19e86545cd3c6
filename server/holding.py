"""A folder that one program holds: the kernel lets go of it when the last of its processes ends, however that ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STEP_SECONDS = 0.1


@contextmanager
def held(folder: Path, *, taken: Exception, patience_seconds: float = 0) -> Iterator[None]:
    """Hold `folder` alone, with the processes that are forked meanwhile; raise `taken` if another program keeps it.

    Whoever holds it is waited for as long as `patience_seconds`. Raises OSError for what is no folder.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        until = time.monotonic() + patience_seconds
        while not _lock(descriptor):
            if time.monotonic() >= until:
                raise taken
            time.sleep(_STEP_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
