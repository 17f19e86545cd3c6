"""`sealtrace witness serve` in a process of its own, over the witness of tests/support/witnesses.py."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from ledger.fingerprints import to_text
from tests.support.processes import free_port
from tests.support.witnesses import Bench

ROOT = Path(__file__).resolve().parents[2]
PASSPHRASE = b"only for as long as this test runs"
START_SECONDS = 60.0
_PROGRAM = "from clients.cli.app import main; main()"


@dataclass(frozen=True)
class RunningWitness:
    """A witness in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Return status and body of one request."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def add(self, body: bytes) -> tuple[int, bytes]:
        """Send add-checkpoint."""
        return self.ask("POST", "/add-checkpoint", body)

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running(
    home: Path, url: str, *words: str, at: int | None = None, refuses: bool = False
) -> Iterator[RunningWitness]:
    """Run `sealtrace witness serve` until the test leaves, at a port that was told to somebody, else at any.

    One that `refuses` to start is not waited for.
    """
    port = at or free_port()
    passphrase = home.with_name("passphrase")
    passphrase.write_bytes(PASSPHRASE)
    log = home.with_name("witness.log")
    fingerprint = to_text(Bench(Path()).place.fingerprint)
    arguments = ["witness", "serve", "--home", str(home), "--port", str(port), "--url", url, f"--charter={fingerprint}"]
    with log.open("ab") as out, passphrase.open("rb") as phrase:
        process = subprocess.Popen(  # noqa: S603 - our own command with our own words
            [sys.executable, "-c", _PROGRAM, *arguments, *words],
            cwd=ROOT,
            env={**os.environ, "SEALTRACE_PASSPHRASE_FD": str(phrase.fileno())},
            pass_fds=[phrase.fileno()],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    found = RunningWitness(process=process, port=port, log=log)
    try:
        if not refuses:
            _wait(found)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def _wait(witness: RunningWitness) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and witness.process.poll() is None:
        try:
            if witness.ask("GET", "/healthz")[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the witness did not start:\n{witness.log.read_text(encoding='utf-8')}")
