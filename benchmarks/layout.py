"""Which page size and which table for sealed blobs: time, processor and bytes per record, medians of several runs.

Every run writes batches of 1,000 records of real size (leaf 3,968 bytes; slip 355, item and event 2,064, case 4,112)
into a database that
holds 500,000 entries already (their random hashes and names decide how many index pages a batch touches), with the service's settings (WAL, synchronous FULL, secure_delete), one transaction a batch,
then closes it, so that the write-ahead log is counted where it ends: in the file. The decision is docs/adr/0022.
"""

import argparse
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

LEAF_BYTES = 3_968
BLOB_BYTES = {"slip": 355, "item": 2_064, "event": 2_064, "case": 4_112}
BATCH = 1_000

COMMON = """
CREATE TABLE entries (idx INTEGER PRIMARY KEY, typ TEXT NOT NULL, entry BLOB NOT NULL, leaf BLOB NOT NULL UNIQUE);
CREATE TABLE statements (
  idx INTEGER PRIMARY KEY REFERENCES entries (idx), iss TEXT NOT NULL, jti BLOB NOT NULL, typ TEXT NOT NULL,
  ep INTEGER, sup BLOB, kcs BLOB, batch INTEGER NOT NULL, UNIQUE (iss, jti)
);
"""
ROW_PER_BLOB = """
CREATE TABLE blobs (
  idx INTEGER NOT NULL REFERENCES statements (idx), place TEXT NOT NULL,
  tag_hash BLOB, only_for TEXT, data BLOB NOT NULL, UNIQUE (idx, place)
);
"""
ROW_PER_STATEMENT = """
CREATE TABLE blobs (idx INTEGER PRIMARY KEY REFERENCES statements (idx), data BLOB NOT NULL);
"""


def per_blob(connection: sqlite3.Connection, index: int, blobs: list[list[bytes]]) -> None:
    """Write four rows for each record."""
    connection.executemany(
        "INSERT INTO blobs VALUES (?, ?, ?, ?, ?)",
        [
            (index + row, place, None if place == "slip" else os.urandom(32), None, data)
            for row, record in enumerate(blobs)
            for place, data in zip(BLOB_BYTES, record, strict=True)
        ],
    )


def per_statement(connection: sqlite3.Connection, index: int, blobs: list[list[bytes]]) -> None:
    """Write one row for each record: everything the record names, behind lengths, with its three tag hashes."""
    connection.executemany(
        "INSERT INTO blobs VALUES (?, ?)",
        [(index + row, b"".join([os.urandom(96 + 40), *record])) for row, record in enumerate(blobs)],
    )


LAYOUTS: dict[str, tuple[str, Callable[[sqlite3.Connection, int, list[list[bytes]]], None]]] = {
    "one row per blob": (ROW_PER_BLOB, per_blob),
    "one row per statement": (ROW_PER_STATEMENT, per_statement),
}
READS = {
    "one row per blob": "SELECT data FROM blobs WHERE idx = ? AND place = 'item'",
    "one row per statement": "SELECT data FROM blobs WHERE idx = ?",
}


def batches(count: int) -> Iterator[tuple[list[bytes], list[list[bytes]]]]:
    """Yield random leaves and blobs: sealed bytes do not compress and neither do these."""
    for _ in range(count):
        leaves = [os.urandom(LEAF_BYTES) for _ in range(BATCH)]
        yield leaves, [[os.urandom(size) for size in BLOB_BYTES.values()] for _ in range(BATCH)]


class Cost(NamedTuple):
    """What a record costs; processor time and bytes written tell the same on a busy machine, the rate does not."""

    records_per_second: float
    processor_microseconds: float
    bytes_written: float
    bytes_kept: float
    reads_per_second: float


def run(folder: str, page_size: int, layout: str, *, count: int, before: int) -> Cost:
    """Return what a record costs in a log of `before` entries; the checkpoint that ends the run is counted too."""
    path = Path(folder) / "layout.sqlite"
    tables, write = LAYOUTS[layout]
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in (f"page_size={page_size}", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.executescript(COMMON + tables)
    _grow(connection, before)
    held, made = path.stat().st_size, list(batches(count))
    started, processor, written = time.perf_counter(), time.process_time(), _written()
    for number, batch in enumerate(made):
        _insert(connection, before + number * BATCH, *batch, write)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    records = count * BATCH
    cost = Cost(
        records_per_second=records / (time.perf_counter() - started),
        processor_microseconds=(time.process_time() - processor) / records * 1e6,
        bytes_written=(_written() - written) / records,
        bytes_kept=(path.stat().st_size - held) / records,
        reads_per_second=_read(connection, layout, before, records),
    )
    connection.close()
    return cost


def _written() -> int:
    """Return how many bytes this process has sent towards the disk (Linux)."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def _grow(connection: sqlite3.Connection, rows: int) -> None:
    """Fill the indexes of hashes and names as an older log has them; what is stored beside them does not matter."""
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO entries VALUES (?, ?, ?, ?)", ((n, "record", b"", os.urandom(32)) for n in range(rows))
    )
    connection.executemany(
        "INSERT INTO statements VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((n, "xar-arms", os.urandom(16), "record", 1, None, None, 0) for n in range(rows)),
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _insert(
    connection: sqlite3.Connection,
    first: int,
    leaves: list[bytes],
    blobs: list[list[bytes]],
    write: Callable[[sqlite3.Connection, int, list[list[bytes]]], None],
) -> None:
    rows = [(first + n, "record", leaf, os.urandom(32)) for n, leaf in enumerate(leaves)]
    names = [
        (first + n, "xar-arms", os.urandom(16), "record", 1, None, os.urandom(96), first) for n in range(len(leaves))
    ]
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", rows)
    connection.executemany("INSERT INTO statements VALUES (?, ?, ?, ?, ?, ?, ?, ?)", names)
    write(connection, first, blobs)
    connection.execute("COMMIT")


def _read(connection: sqlite3.Connection, layout: str, first: int, records: int) -> float:
    wanted = [first + int.from_bytes(os.urandom(4), "big") % records for _ in range(2_000)]
    query = READS[layout]
    started = time.perf_counter()
    for index in wanted:
        connection.execute(query, (index,)).fetchone()
    return len(wanted) / (time.perf_counter() - started)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=10, help="batches of 1,000 records a run")
    parser.add_argument("--runs", type=int, default=5, help="runs whose median counts")
    parser.add_argument("--before", type=int, default=500_000, help="entries the log holds already")
    options = parser.parse_args()
    shapes = [(page_size, layout) for page_size in (4_096, 8_192, 16_384) for layout in LAYOUTS]
    made: dict[tuple[int, str], list[Cost]] = {shape: [] for shape in shapes}
    # Round by round, so that a busy minute of the machine is shared by all and not one layout's bad luck.
    for _ in range(options.runs):
        for shape in shapes:
            with tempfile.TemporaryDirectory() as folder:
                made[shape].append(run(folder, *shape, count=options.batches, before=options.before))
    print(f"{'page':>6}  {'layout':<22} {'records/s':>9} {'cpu µs':>7} {'written':>8} {'kept':>7} {'item reads/s':>13}")
    for (page_size, layout), runs in made.items():
        columns = " ".join(
            f"{statistics.median(column):>{width},.0f}"
            for column, width in zip(zip(*runs, strict=True), (9, 7, 8, 7, 13), strict=True)
        )
        print(f"{page_size:>6}  {layout:<22} {columns}")


if __name__ == "__main__":
    main()
