"""One flipped byte: what an operator with a disk editor could do, done to a copy of the database."""

import sqlite3
from contextlib import closing
from pathlib import Path

from clients.errors import ClientError

# Less than what any page holds of an entry, so that the piece is found in one place of the file.
_PIECE_BYTES = 64


def copy_database(database: Path, target: Path) -> None:
    """Copy a database that is being written to, as a backup would."""
    with (
        closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def flip_byte(database: Path, entry: bytes) -> int:
    """Flip one bit of an entry inside the database file; return the offset of the byte."""
    raw = bytearray(database.read_bytes())
    offset = raw.find(entry[:_PIECE_BYTES])
    if offset < 0:
        raise ClientError("the entry was not found in the copy of the database")
    offset += _PIECE_BYTES - 1
    raw[offset] ^= 1
    database.write_bytes(raw)
    return offset
