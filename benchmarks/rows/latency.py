"""One record alone: from the signed request to the answer that it is durable, beside one bare commit of its bytes."""

import os
import sqlite3
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Figure, Limit, percentile
from benchmarks.service import over_http

_RECORDS = 300
_RECORD_BYTES = 14_000
_MILLI = 1_000


def measure() -> list[Figure]:
    """Return the median and the 99th percentile of batches of one, and how long the disk alone takes."""
    with over_http(count=1) as running:
        (sender,) = running.senders
        bodies = [sender.body(sender.records(1)) for _ in range(_RECORDS)]
        taken: list[float] = []
        for body in bodies:
            started = time.perf_counter()
            running.send(sender, body)
            taken.append((time.perf_counter() - started) * _MILLI)
    bare = _bare_commits()
    return [_figure(taken, bare, percent=50, most=30), _figure(taken, bare, percent=99, most=100)]


def _figure(taken: list[float], bare: list[float], *, percent: int, most: float) -> Figure:
    found, limit = percentile(taken, percent), percentile(bare, percent)
    return Figure(
        what=f"service: one record alone, request signed, durable: p{percent}",
        unit="ms",
        median=found,
        low=min(taken),
        high=max(taken),
        target=f"≤ {most:g}",
        met=found <= most,
        limit=Limit(name="a bare SQLite commit of as many bytes, ms", median=limit, ratio=found / limit),
    )


def _bare_commits() -> list[float]:
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder:
        connection = sqlite3.connect(Path(folder) / "bare.sqlite", isolation_level=None)
        for pragma in ("page_size=16384", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE bare (data BLOB)")
        taken: list[float] = []
        for _ in range(_RECORDS):
            data = os.urandom(_RECORD_BYTES)
            started = time.perf_counter()
            connection.execute("INSERT INTO bare VALUES (?)", (data,))
            taken.append((time.perf_counter() - started) * _MILLI)
        connection.close()
        return taken
