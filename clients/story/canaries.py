"""Plaintext that must not be found on the service's side: written down, then searched for like anybody could."""

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from clients.errors import ClientError

# Ciphertext is 20 MB of chance: a word of six letters stands in it by accident, one of eight in a million runs.
MIN_LENGTH = 8


def distinctive(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values, in the lines they would stand in, that cannot be met by chance."""
    lines = {line.strip() for value in values for line in value.splitlines()}
    return tuple(sorted(line for line in lines if len(line.encode()) >= MIN_LENGTH))


def found_in(files: Sequence[Path], canaries: Path) -> tuple[str, ...]:
    """Return which canaries stand in the files, by `grep`, which anybody can run again."""
    command = [
        "grep",
        "--text",
        "--only-matching",
        "--no-filename",
        "--fixed-strings",
        "--file",
        str(canaries),
        *map(str, files),
    ]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - fixed words and our own files
    if done.returncode > 1:
        raise ClientError("the service's files could not be searched", next_step="install grep")
    return tuple(sorted(set(done.stdout.decode(errors="replace").splitlines())))
