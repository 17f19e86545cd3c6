"""A list as an officer sends it: 10,000 rows read, planned, sealed, sent and logged by `sealtrace submit`, beside sealing alone."""

import json
import tempfile
import time
from pathlib import Path

from benchmarks.lists import MAP, ROWS, command, serving, workbook
from benchmarks.material import senders
from benchmarks.measure import Figure, Limit, at_most, rate
from benchmarks.processes import watching
from clients.story.cast import ARMS

_MOST_SECONDS = 60
_SEALED = 1_000
_READER = "workbookchild"


def measure() -> list[Figure]:
    """Return the seconds that one workbook takes, against those that sealing as many records takes; and its reader's memory."""
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder:
        made = workbook(Path(folder) / "lists")
        with serving(Path(folder)) as stage:
            started = time.perf_counter()
            with watching(_READER) as reader:
                answer = json.loads(command(stage, ARMS, "submit", str(made), "--map", MAP, "--good-rows", "--json"))
            seconds = time.perf_counter() - started
    memory = at_most(
        what="client: memory of the workbook's reader", unit="MB", values=[reader.most_bytes / 1e6], most=256
    )
    return [_figure(answer["records"], seconds), memory]


def _figure(records: int, seconds: float) -> Figure:
    (sender,) = senders(1, agencies=2)
    alone = records / rate(lambda: len(sender.records(_SEALED)), clock=time.perf_counter)
    return Figure(
        what=f"client: an XLSX list of {ROWS:,} rows ({records:,} records), read, sealed, sent, logged, proved",
        unit="s",
        median=seconds,
        low=seconds,
        high=seconds,
        target=f"≤ {_MOST_SECONDS}",
        met=seconds <= _MOST_SECONDS,
        limit=Limit(name="sealing as many records, s", median=alone, ratio=seconds / alone),
    )
