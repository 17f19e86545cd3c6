"""An agency's closed epochs, and newcomers to whom they were released: what `sealtrace sync` then has to do.

Real homes around the real service, in this process: two epochs of records for a partner, sealed and logged as a list;
agencies that were not among their readers, who asked for the past and were released it, and have not looked yet.
"""

import gc
import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import structlog

from clients.findindex import INDEXED
from clients.replica import Replica
from clients.session import save_profile
from clients.talk.threads import talks
from clients.transport import Request, Response, Transport
from ledger.identifiers import StatementName
from ledger.profiles import default_profile
from tests.support.commands import command
from tests.support.lists import submit_rows
from tests.support.loopback import Walk, found_consortium

NEWCOMERS = ("xna-new", "xnb-new", "xnc-new")

_OWNER, _PARTNER = "xar-arms", "xbe-cib"
_EPOCHS = 2
_ADDED = 1_000
_WEEK_SECONDS = 8 * 86_400
# Twelve fields, as in benchmarks/material.py: what one line of a seizure list becomes.
_MAP = """
[[record]]
event = "recovery"
[record.fields]
"item.kind" = { value = "small_arm" }
"item.type" = { value = "PI" }
"item.make" = { column = "make" }
"item.calibre" = { value = "9x19" }
"item.country_of_manufacture" = { value = "BRA" }
"item.serials" = { column = "serial" }
"item.description" = { value = "worn grip" }
"event.date" = { value = "2021-03-14" }
"event.place" = { value = "Rio de Janeiro" }
"case.case_number" = { column = "case" }
"case.offence" = { value = "tráfico" }
"""


@contextmanager
def released(records: int) -> Iterator[Walk]:
    """Give a consortium in which `records` of closed epochs wait for each of the newcomers."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder:
        walk = found_consortium(Path(folder), _OWNER, _PARTNER, *NEWCOMERS)
        save_profile(walk.homes[_OWNER], default_profile(_OWNER, (_PARTNER,)))
        for first in range(0, records, records // _EPOCHS):
            submit_rows(walk.session(_OWNER), _rows(range(first, first + records // _EPOCHS)), text=_MAP)
            walk.clock.now += _WEEK_SECONDS
        submit_rows(walk.session(_OWNER), _rows(range(records, records + 1)), text=_MAP)
        _release(walk)
        # As `sealtrace` does when it starts. Here the service and the tests' own modules would be walked through as well.
        gc.freeze()
        yield walk
        gc.unfreeze()
        walk.close()


def sync_seconds(walk: Walk, newcomer: str, *, records: int) -> float:
    """Return the processor's time of a newcomer's `sealtrace sync`, the service's share of it taken off."""
    transport = _Counted(walk.transport)
    started = time.process_time()
    _run(walk, newcomer, "sync", transport=transport)
    taken = time.process_time() - started - transport.seconds
    walk.transport.requests.clear()
    walk.transport.responses.clear()
    if walk.session(newcomer).replica.count() != records:
        raise RuntimeError("not every record was opened")
    return taken


def index_seconds(walk: Walk, newcomer: str) -> float:
    """Return the processor's time that the index over a newcomer's records takes by itself, as after an upgrade."""
    session = walk.session(newcomer)
    key = session.keyring.database_key()
    if key is None:
        raise RuntimeError("a home without a key for its databases")
    session.replica.add(state={INDEXED: 0})
    started = time.process_time()
    Replica(session.home.replica, key=key).close()
    return time.process_time() - started


def said_seconds(walk: Walk, newcomer: str, *, records: int) -> float:
    """Return the processor's time in which an owner is told how many records the closed epochs open to a newcomer."""
    started = time.process_time()
    said = _run(walk, _OWNER, "release", "--to", newcomer, "--where", "epochs=all")
    taken = time.process_time() - started
    if f"opens {records:,} records" not in said:
        raise RuntimeError("not the number of records that there are")
    return taken


def repeat_stored(walk: Walk, *, records: int) -> None:
    """Fill an owner's replica with copies of a closed epoch's records, as many as are wanted: to seal them takes longer."""
    replica = walk.session(_OWNER).replica
    one = next(replica.records())
    names = (StatementName(_OWNER, number.to_bytes(16, "big")) for number in range(records))
    first = replica.count() + records
    for index in range(first, first + records, _ADDED):
        part = range(index, min(index + _ADDED, first + records))
        replica.add(records=[replace(one, index=at, name=next(names)) for at in part])


class _Counted:
    """The way to the service, which counts what the service takes of this process's time."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.seconds = 0.0

    def send(self, request: Request, *, limit: int) -> Response:
        started = time.thread_time()
        try:
            return self._inner.send(request, limit=limit)
        finally:
            self.seconds += time.thread_time() - started


def _rows(numbers: Sequence[int]) -> list[dict[str, str]]:
    return [{"make": "Taurus", "serial": f"ABE {number:06}", "case": f"2021/{number}"} for number in numbers]


def _release(walk: Walk) -> None:
    """Let every newcomer ask for the past, and its owner release it."""
    _run(walk, _OWNER, "sync")
    for newcomer in NEWCOMERS:
        _run(walk, newcomer, "sync")
        _run(walk, newcomer, "request", "--history", "--to", _OWNER, "--use", "to trace what was seized before")
    _run(walk, _OWNER, "sync")
    for talk in talks(walk.session(_OWNER).replica):
        _run(walk, _OWNER, "release", str(talk.thread.heard[0].said.name), "--confirm")


def _run(walk: Walk, agency: str, *arguments: str, transport: Transport | None = None) -> str:
    done = command(walk, *arguments, home=agency, transport=transport)
    if done.code != 0:
        raise RuntimeError(f"sealtrace {arguments[0]} ended with {done.code}: {done.notes[:300]}")
    return done.output
