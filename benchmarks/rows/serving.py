"""The service: batches of 1,000 from four agencies at once, answered when durable, beside libsodium on both cores."""

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from nacl.bindings import crypto_sign_open

from benchmarks.material import BATCH, Sender, signed_parts
from benchmarks.measure import Figure, Limit, against, at_most, rate
from benchmarks.service import Running, in_process, over_http
from ledger.kinds import Role

_REPEATS = 3
_BATCHES_EACH = 2
_CORES = 2
_WHY = (
    "A fifth to a third of a record's processor time is its signature, a sixth SQLite's inserts and commit, the rest "
    "Python: reading the record by its pattern (a sixth), hashing and reading four blobs, hashing the leaf three times. "
    "Signatures and large hashes run beside it, but the Python of all threads shares one core. Going further takes a parser "
    "in a compiled module, or reading in a second process, which would double the memory."
)


class _Run(NamedTuple):
    rate: float
    limit: float
    cost: float
    verification: float


def measure() -> list[Figure]:
    """Return records per second over HTTP and in process, the processor's time for each, and the worker's memory."""
    with over_http() as running:
        http = _load("service: batches of 1,000 over HTTP", running, at_least=4_000, ratio_at_least=0.13)
        memory = running.worker_memory_bytes()
    with in_process() as running:
        direct = _load("service: the same in process", running, at_least=5_000, ratio_at_least=0.18)
    worker = at_most(what="service: memory of the worker under that load", unit="MB", values=[memory / 1e6], most=250)
    return [*http, *direct, worker]


def _load(what: str, running: Running, *, at_least: float, ratio_at_least: float) -> list[Figure]:
    runs = [_run(running) for _ in range(_REPEATS)]
    rates = against(
        what=what,
        unit="records/s",
        rates=[run.rate for run in runs],
        limits=[run.limit for run in runs],
        limit="bare libsodium verification of the statements, two cores",
        at_least=at_least,
        ratio_at_least=ratio_at_least,
        why=_WHY,
    )
    return [rates, _costs(f"{what}: processor's time a record", runs)]


def _costs(what: str, runs: Sequence[_Run]) -> Figure:
    cost = at_most(what=what, unit="µs, both cores together", values=[run.cost for run in runs])
    median = statistics.median(run.verification for run in runs)
    ratio = statistics.median(run.cost / run.verification for run in runs)
    return replace(cost, limit=Limit(name="of which libsodium's verification, µs", median=median, ratio=ratio))


def _run(running: Running) -> _Run:
    queues, parts, key = _prepare(running)
    verifying = time.process_time()
    limit = rate(partial(_verify, parts, key), clock=time.perf_counter)
    verifying = time.process_time() - verifying
    working = running.processor_seconds()
    found = rate(partial(_send_all, running, queues), clock=time.perf_counter)
    working = running.processor_seconds() - working
    records = BATCH * _BATCHES_EACH * len(running.senders)
    return _Run(rate=found, limit=limit, cost=working / records * 1e6, verification=verifying / len(parts) * 1e6)


def _prepare(running: Running) -> tuple[dict[str, list[bytes]], list[bytes], bytes]:
    """Return the bodies that each agency will send, and what libsodium alone would have to verify."""
    queues = {sender.iss: [sender.body(sender.records()) for _ in range(_BATCHES_EACH)] for sender in running.senders}
    sender = running.senders[0]
    key = sender.consortium.newest(sender.iss, Role.SIGN).public_key
    return queues, signed_parts(sender.records(2 * BATCH)), key


def _send_all(running: Running, queues: dict[str, list[bytes]]) -> int:
    def send(sender: Sender) -> int:
        for body in queues[sender.iss]:
            running.send(sender, body)
        return len(queues[sender.iss]) * BATCH

    with ThreadPoolExecutor(len(running.senders)) as pool:
        return sum(pool.map(send, running.senders))


def _verify(parts: Sequence[bytes], key: bytes) -> int:
    def verify(own: Sequence[bytes]) -> int:
        for part in own:
            crypto_sign_open(part, key)
        return len(own)

    with ThreadPoolExecutor(_CORES) as pool:
        return sum(pool.map(verify, [parts[at::_CORES] for at in range(_CORES)]))
