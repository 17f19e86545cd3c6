"""What another process holds in its memory, searched as anybody could who may read it (`/proc/PID/mem`, proc(5))."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

_REGION = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (r...) \S+ \S+ \S+\s*(.*)")
_CHUNK = 2**22
# Mappings of the kernel's, which hold nothing of the program's and may not be read.
_NOT_ITS_OWN = ("[vvar]", "[vsyscall]", "[vvar_vclock]")


def chunks_of(pid: int) -> Iterator[bytes]:
    """Yield all memory of a process that it could read itself; skip the test where this machine forbids that."""
    try:
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            for start, end in _regions(pid):
                yield from _read(memory.fileno(), start, end)
    except PermissionError:
        pytest.skip(f"this machine does not let a parent read /proc/{pid}/mem")


def found_in(chunks: Iterable[bytes], values: Iterable[bytes], *, patterns: Path) -> set[bytes]:
    """Return which values stand in the chunks, by `grep`: it looks for thousands at once."""
    patterns.write_bytes(b"".join(value + b"\n" for value in set(values)))
    words = ["grep", "--text", "--only-matching", "--no-filename", "--fixed-strings", "--file", str(patterns)]
    environ = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    with tempfile.TemporaryFile() as found:  # a pipe would fill while nobody reads it
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=found, env=environ) as search:  # noqa: S603 - fixed words and a file of ours
            if search.stdin is None:
                raise AssertionError("grep was given no input")
            for chunk in chunks:
                search.stdin.write(chunk)
                search.stdin.write(b"\n")
        found.seek(0)
        return set(found.read().splitlines())


def _regions(pid: int) -> Iterator[tuple[int, int]]:
    """Yield what is readable, but for what is a part of a file, read-only: that is searched as a file, if it matters."""
    for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        region = _REGION.match(line)
        if region is None or region[4] in _NOT_ITS_OWN or (region[3][1] != "w" and region[4].startswith("/")):
            continue
        yield int(region[1], 16), int(region[2], 16)


def _read(memory: int, start: int, end: int) -> Iterator[bytes]:
    """Yield a region in pieces that overlap by as much as any value is long; what has gone meanwhile is left out."""
    for at in range(start, end, _CHUNK):
        try:
            yield os.pread(memory, min(_CHUNK + 256, end - at), at)
        except OSError:
            return
