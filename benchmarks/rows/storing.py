"""What a record takes in the database, everything included; and that an empty case takes exactly what a full one does."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.material import BATCH, EMPTY_CASE, FIELDS
from benchmarks.measure import Figure, at_most
from benchmarks.service import in_process
from ledger.jsontext import JsonValue

_BATCHES = 6


def measure() -> list[Figure]:
    """Return the growth of the file for each record at 10 recipients, and the difference that a case makes."""
    full, full_bytes = _stored(FIELDS)
    empty, empty_bytes = _stored(EMPTY_CASE)
    difference = abs(sum(full_bytes.values()) - sum(empty_bytes.values()))
    growth = at_most(what="database: a record at 10 recipients", unit="bytes", values=[full, empty], most=16_000)
    return [
        replace(growth, median=max(full, empty), met=max(full, empty) <= 16_000),
        at_most(
            what="database: bytes stored, full against empty case: difference",
            unit="bytes",
            values=[difference],
            most=0,
        ),
    ]


def _stored(fields: Mapping[str, Mapping[str, JsonValue]]) -> tuple[float, Mapping[str, int]]:
    """Return the bytes of file a record takes, and the bytes of rows of each table."""
    with in_process(agencies=10, count=1) as running:
        (sender,) = running.senders
        sender.fields = fields
        before = _file_bytes(running.database)
        for _ in range(_BATCHES):
            running.send(sender, sender.body(sender.records()))
        after = _file_bytes(running.database)
        return (after - before) / (_BATCHES * BATCH), _row_bytes(running.database)


def _file_bytes(database: Path) -> int:
    """Return the size of the file once the write-ahead log is in it."""
    connection = sqlite3.connect(database)
    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    connection.close()
    if busy:
        raise RuntimeError("the write-ahead log could not be emptied")
    return database.stat().st_size


def _row_bytes(database: Path) -> dict[str, int]:
    """Return the bytes of the values of what records are stored in; entries that batches close are as long as digits are."""
    queries = {
        "entries": "SELECT sum(length(entry) + length(leaf)) FROM entries WHERE typ = 'statement'",
        "statements": "SELECT sum(length(jti) + length(kcs)) FROM statements WHERE kcs IS NOT NULL",
        "blobs": "SELECT sum(length(data) + ifnull(length(tag_hash), 0)) FROM blobs WHERE place NOT LIKE 'box/%'",
    }
    connection = sqlite3.connect(database)
    found = {table: int(connection.execute(query).fetchone()[0]) for table, query in queries.items()}
    connection.close()
    return found
