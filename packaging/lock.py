"""Reads the hash-locked requirements strictly: a line that is not understood is an error, never skipped."""

import re
from dataclasses import dataclass

_PIN = re.compile(r"([a-z0-9][a-z0-9.-]*)==([0-9A-Za-z.+!-]+) \\")
_HASH = re.compile(r"    --hash=sha256:([0-9a-f]{64})( \\)?")


class LockError(ValueError):
    """The lock is not one that `make lock` writes, or a wheel is not one that it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One package of the lock: its normalised name, its version and the SHA-256 of every file that may stand for it."""

    name: str
    version: str
    hashes: frozenset[str]


def read_lock(text: str) -> tuple[Locked, ...]:
    """Return the packages of a lock in its order; raise LockError for any line that pip-compile would not write."""
    packages: list[Locked] = []
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    while lines:
        packages.append(_read_package(lines))
    if len({package.name for package in packages}) != len(packages):
        raise LockError("the lock names a package twice")
    return tuple(packages)


def _read_package(lines: list[str]) -> Locked:
    line = lines.pop(0)
    pin = _PIN.fullmatch(line)
    if pin is None:
        raise LockError(f"not a pinned package with hashes: {line!r}")
    hashes = set()
    more = True
    while more:
        found = _HASH.fullmatch(lines.pop(0) if lines else "")
        if found is None:
            raise LockError(f"{pin[1]} has a line where a hash is expected")
        hashes.add(found[1])
        more = found[2] is not None
    return Locked(name=pin[1], version=pin[2], hashes=frozenset(hashes))
