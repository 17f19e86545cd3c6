"""The audit's memory on disk keeps what every such memory promises, in constant memory, and leaves nothing behind."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clients.errors import ClientError
from clients.seen import CACHE_KIB, SeenOnDisk, seen_on_disk
from tests.ledger.seen_contract import *  # noqa: F403 - the contract is the tests

_ROOT = Path(__file__).resolve().parents[2]

# 400,000 random names in batches; then what the process has grown by once the cache was full, and its temporary files.
_GROW = """
import json, os, resource
from clients.seen import seen_on_disk
from ledger.identifiers import StatementName
from ledger.recordform import RecordHead

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

def links():
    for name in os.listdir("/proc/self/fd"):
        try:
            yield os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            pass

folder = os.environ["SQLITE_TMPDIR"]
with seen_on_disk() as seen:
    for batch in range(400):
        heads = [RecordHead(name=StatementName("xaa-arms", os.urandom(16)), ep=1, sup=None) for _ in range(1_000)]
        seen.enter(batch * 1_001, heads)
        if batch == 299:
            early = peak()
    opened = [link for link in links() if link.startswith(folder)]
    print(json.dumps({"grown": peak() - early, "named": os.listdir(folder), "opened": opened}))
"""


@pytest.fixture
def seen() -> Iterator[SeenOnDisk]:
    """Give a fresh memory."""
    with seen_on_disk() as found:
        yield found


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give what a process says of itself that has remembered 400,000 names: a process of its own has its own peak."""
    folder = tmp_path_factory.mktemp("temporary")
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _GROW],
        cwd=_ROOT,
        env={**os.environ, "SQLITE_TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_memory_stays_flat(grown: Any) -> None:
    """A hundred thousand more names take no more memory once the cache is full: they go to the file."""
    assert grown["grown"] < CACHE_KIB // 8


def test_nothing_is_left_behind(grown: Any) -> None:
    """The file is there and has no name from the moment it is opened, so even a killed audit leaves none."""
    assert grown["named"] == []
    assert [link.endswith("(deleted)") for link in grown["opened"]] == [True]


def test_a_full_disk_is_told_with_the_next_step() -> None:
    """Whatever SQLite says becomes an error of ours that names what to do."""
    with pytest.raises(ClientError) as caught, seen_on_disk():
        raise sqlite3.OperationalError("database or disk is full")

    assert "SQLITE_TMPDIR" in caught.value.next_step
    assert "disk is full" in str(caught.value)
