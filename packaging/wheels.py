"""The wheels of every locked package: fetched by pip, then held against the lock by ourselves."""

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from hashlib import sha256
from pathlib import Path

from lock import Locked, LockError
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_LONGEST_LICENCE_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One wheel file, what it is called, and what its METADATA says."""

    path: Path
    name: str
    version: str
    sha256: str
    metadata: Message

    @property
    def licence(self) -> str:
        """Return the licence as the package states it: an SPDX expression, else its own short name, else classifiers."""
        expression = self.metadata["License-Expression"]
        if expression:
            return str(expression)
        stated = str(self.metadata["License"] or "").strip()
        if stated and "\n" not in stated and len(stated) <= _LONGEST_LICENCE_NAME:
            return stated
        classifiers = self.metadata.get_all("Classifier", [])
        names = [text.split(" :: ")[-1] for text in classifiers if text.startswith("License :: ")]
        return " or ".join(names) or "see the licence file inside the wheel"

    @property
    def requires(self) -> frozenset[str]:
        """Return the normalised names that this package needs on this machine, its optional extras left out."""
        stated = [Requirement(text) for text in self.metadata.get_all("Requires-Dist", [])]
        needed = [one for one in stated if one.marker is None or one.marker.evaluate({"extra": ""})]
        return frozenset(canonicalize_name(one.name) for one in needed)


def fetch(lock: Path, into: Path) -> None:
    """Download the wheels of a lock from wherever this machine's pip is told to look; hashes decide, not the source."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
    options = ["--only-binary=:all:", "--require-hashes", f"--requirement={lock}", f"--dest={into}"]
    subprocess.run([*command, *options], check=True)  # noqa: S603 - pip and our own paths


def read_wheel(path: Path) -> Wheel:
    """Return a wheel with its METADATA; raise LockError if it has not exactly one."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1]
        if len(names) != 1:
            raise LockError(f"{path.name} has {len(names)} METADATA files instead of one")
        metadata = BytesHeaderParser().parsebytes(archive.read(names[0]))
    return Wheel(
        path=path,
        name=canonicalize_name(metadata["Name"]),
        version=metadata["Version"],
        sha256=sha256(path.read_bytes()).hexdigest(),
        metadata=metadata,
    )


def read_wheels(folder: Path, lock: tuple[Locked, ...]) -> tuple[Wheel, ...]:
    """Return one wheel for every locked package, by name; raise LockError unless the folder holds these and no other."""
    wheels = sorted((read_wheel(path) for path in folder.iterdir()), key=lambda wheel: wheel.name)
    locked = sorted(lock, key=lambda package: package.name)
    expected = [(package.name, package.version) for package in locked]
    found = [(wheel.name, wheel.version) for wheel in wheels]
    if expected != found:
        odd = sorted(set(expected) ^ set(found))
        raise LockError(f"the wheels are not those of the lock; they differ in {odd}")
    for wheel, package in zip(wheels, locked, strict=True):
        if wheel.sha256 not in package.hashes:
            raise LockError(f"{wheel.path.name} has a hash that the lock does not name")
    return tuple(wheels)
