"""A witness over HTTP: add-checkpoint to both logs at once, beside the signatures that one answer cannot do without."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.measure import Figure, against, at_most, rate
from benchmarks.processes import family, forget_peak, peak_bytes, processor_seconds
from crypto.signing import Algorithm
from ledger.fingerprints import to_text
from ledger.witnesses import LogName
from tests.support.consortium import signer
from tests.support.witnesses import Bench, GrowingLog, over_http, witness_home

_ROOT = Path(__file__).resolve().parents[2]
_PASSPHRASE = b"only for as long as this measurement runs"
_PROGRAM = "from clients.cli.app import main; main()"
_REPEATS = 3
_EACH = 300
_MOST_ENTRIES = _REPEATS * _EACH
_START_SECONDS = 30
_WHY = (
    "In the process itself an answer takes nearly all of this: one signature of each kind, two verifications, two files "
    "made durable. On two cores the processor's time for an answer, and the clients beside it, leave no more."
)


def measure() -> list[Figure]:
    """Return answers per second, the processor's time for one, and the memory of the program under that load."""
    logs = (GrowingLog(), GrowingLog(name=LogName.ACCESS))
    bodies = [[log.add(size, size + 1) for size in range(_MOST_ENTRIES)] for log in logs]
    with _running() as (port, pid):
        for one in family(pid):
            forget_peak(one)  # for a moment the passphrase took 64 MB to open the keystore
        runs = [_run(port, pid, [each[at : at + _EACH] for each in bodies]) for at in range(0, _MOST_ENTRIES, _EACH)]
        memory = sum(map(peak_bytes, family(pid)))
    rates = against(
        what="witness: add-checkpoint over HTTP, both logs at once",
        unit="answers/s",
        rates=[run[0] for run in runs],
        limits=[run[1] for run in runs],
        limit="one ML-DSA-44 signature and one verification each, two cores",
        at_least=300,
        why=_WHY,
    )
    cost = at_most(what="witness: processor's time an answer", unit="ms", values=[run[2] * 1000 for run in runs])
    whole = at_most(what="witness: memory under that load", unit="MB", values=[memory / 1e6], most=60)
    return [rates, cost, whole]


def _run(port: int, pid: int, bodies: Sequence[Sequence[bytes]]) -> tuple[float, float, float]:
    working = sum(map(processor_seconds, family(pid)))
    found = rate(partial(_send_all, port, bodies), clock=time.perf_counter)
    working = sum(map(processor_seconds, family(pid))) - working
    limit = rate(_bare_signatures, clock=time.perf_counter)
    return found, limit, working / (_EACH * len(bodies))


def _send_all(port: int, bodies: Sequence[Sequence[bytes]]) -> int:
    def send(each: Sequence[bytes]) -> int:
        connection = HTTPConnection("127.0.0.1", port)
        for body in each:
            connection.request("POST", "/add-checkpoint", body)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"the witness answered {answer.status}")
        connection.close()
        return len(each)

    with ThreadPoolExecutor(len(bodies)) as pool:
        return sum(pool.map(send, bodies))


def _bare_signatures() -> int:
    one = signer("log", Algorithm.ML_DSA_44)

    def work(count: int) -> int:
        for number in range(count):
            message = number.to_bytes(112, "big")
            one.public_key.verify(message=message, signature=one.sign(message))
        return count

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(work, [_EACH, _EACH]))


@contextmanager
def _running() -> Iterator[tuple[int, int]]:
    """Run the command as an agency does; give its port and process."""
    bench = Bench(Path())
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder, over_http(bench.service) as url:
        home = witness_home(Path(folder), passphrase=_PASSPHRASE)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        words = ["--home", str(home), "--port", str(port), "--url", url, "--charter", to_text(bench.place.fingerprint)]
        with tempfile.TemporaryFile() as phrase:
            phrase.write(_PASSPHRASE)
            phrase.seek(0)
            process = subprocess.Popen(  # noqa: S603 - our own command with our own words
                [sys.executable, "-c", _PROGRAM, "witness", "serve", *words],
                cwd=_ROOT,
                env={**os.environ, "SEALTRACE_PASSPHRASE_FD": str(phrase.fileno())},
                pass_fds=[phrase.fileno()],
                stderr=subprocess.DEVNULL,
            )
        try:
            _wait(port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(_START_SECONDS)


def _wait(port: int) -> None:
    for _ in range(_START_SECONDS * 20):
        try:
            connection = HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            connection.close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the witness does not answer")
