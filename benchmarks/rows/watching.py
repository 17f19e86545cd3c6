"""The auditor that goes on: 1,000 records that are new in a log, on one core, with what it remembers of the rest."""

import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.material import Sender, senders
from benchmarks.measure import Figure, at_most
from clients.service import Service
from clients.watching import Watch
from ledger.fingerprints import of_file
from tests.support.logfiles import FilesTransport, publish_log

_NEW = 1_000
_REPEATS = 3


def measure() -> list[Figure]:
    """Return the seconds of a round that finds 1,000 new records, and the bytes that it goes on from."""
    (sender,) = senders(1, agencies=3)
    sender.consortium.submit(sender.iss, sender.grants())
    for _ in range(2):
        sender.consortium.submit(sender.iss, sender.records(_NEW))
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder:
        before = Path(folder) / "before"
        _look(sender, before)
        sender.consortium.submit(sender.iss, sender.records(_NEW))
        seconds = [_timed(sender, before, Path(folder) / str(number)) for number in range(_REPEATS)]
        state = sum((before / name).stat().st_size for name in ("watched", "trusted/anchor"))
    what = f"audit that goes on: a round with {_NEW:,} new records, every signature"
    return [
        at_most(what=what, unit="s, one core", values=seconds, most=1),
        at_most(what="audit that goes on: what it must remember", unit="bytes", values=[state], most=1_000),
    ]


def _timed(sender: Sender, before: Path, folder: Path) -> float:
    shutil.copytree(before, folder)
    service = _service(sender)
    started = time.process_time()
    if Watch(folder, fingerprint=of_file(sender.consortium.charter_file)).look(service, {}, now=0).batches != 1:
        raise AssertionError("the round has not verified what was new")
    return time.process_time() - started


def _look(sender: Sender, folder: Path) -> None:
    Watch(folder, fingerprint=of_file(sender.consortium.charter_file)).look(_service(sender), {}, now=0)


def _service(sender: Sender) -> Service:
    consortium = sender.consortium
    return Service(FilesTransport(publish_log(consortium), {1: (0, consortium.charter_file)}))
