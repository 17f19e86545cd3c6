"""The service: batches of 1,000 from four agencies at once, answered when durable, beside libsodium on both cores."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from nacl.bindings import crypto_sign_open

from benchmarks.material import BATCH, Sender, signed_parts
from benchmarks.measure import Figure, against, at_most, rate
from benchmarks.service import Running, in_process, over_http
from ledger.kinds import Role

_REPEATS = 3
_BATCHES_EACH = 2
_CORES = 2


def measure() -> list[Figure]:
    """Return records per second over HTTP and in process, and the worker's memory after the load."""
    with over_http() as running:
        http = _figure("service: batches of 1,000 over HTTP", running, at_least=4_000, ratio_at_least=0.13)
        memory = running.worker_memory_bytes()
    with in_process() as running:
        direct = _figure("service: the same in process", running, at_least=5_000, ratio_at_least=0.18)
    worker = at_most(what="service: memory of the worker under that load", unit="MB", values=[memory / 1e6], most=250)
    return [http, direct, worker]


def _figure(what: str, running: Running, *, at_least: float, ratio_at_least: float) -> Figure:
    rates: list[float] = []
    limits: list[float] = []
    for _ in range(_REPEATS):
        queues, parts, key = _prepare(running)
        limits.append(rate(partial(_verify, parts, key), clock=time.perf_counter))
        rates.append(rate(partial(_send_all, running, queues), clock=time.perf_counter))
    return against(
        what=what,
        unit="records/s",
        rates=rates,
        limits=limits,
        limit="bare libsodium verification of the statements, two cores",
        at_least=at_least,
        ratio_at_least=ratio_at_least,
    )


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
