"""One flipped byte: what an operator with a disk editor could do, done to a copy of the database."""

import sqlite3
from contextlib import closing
from pathlib import Path

from clients.errors import ClientError

# A long entry lies in several pages; a short piece of its signature, which no other entry holds, lies in one of them.
_PIECE_BYTES = 24
_SIGNATURE_CHARACTERS = 86


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
    first = len(entry) - _SIGNATURE_CHARACTERS
    pieces = (entry[at : at + _PIECE_BYTES] for at in range(first, len(entry) - _PIECE_BYTES, _PIECE_BYTES))
    offset = next((found for found in map(raw.find, pieces) if found >= 0), -1)
    if offset < 0:
        raise ClientError("the entry was not found in the copy of the database")
    raw[offset] ^= 1
    database.write_bytes(raw)
    return offset


def settle(database: Path) -> None:
    """Write what is still in the write-ahead log into the database of a service that is stopped."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
