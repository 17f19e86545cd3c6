"""The real service in a process of its own, started by its own command, listening on loopback."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from crypto.digests import sha256
from crypto.keystore import Keystore, Secret
from crypto.signing import Algorithm
from ledger.fingerprints import of_file, to_words
from server.config import Config
from tests.support.consortium import Consortium
from tests.support.services import SignedRequest, make_config

HOST = "127.0.0.1"
START_SECONDS = 60.0
# Nobody waits this long for an answer of a service that is not stalled.
PATIENCE_SECONDS = 10.0
_PASSPHRASE = b"only for as long as this test runs"
ROOT = Path(__file__).resolve().parents[2]
# What the command `sealtrace-server` runs; it is said in full, since the suite also runs where nothing is installed.
_SERVER = (sys.executable, "-c", "from server.cli import main; main()")
# The seeds of `tests/support/consortium.py`, by their names in the service's keystore.
_SEEDS = {
    "log/Ed25519": ("log", Algorithm.ED25519),
    "log/ML-DSA-44": ("log", Algorithm.ML_DSA_44),
    "access/Ed25519": ("access", Algorithm.ED25519),
    "access/ML-DSA-44": ("access", Algorithm.ML_DSA_44),
    "log#1": ("answer", Algorithm.ED25519),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service that answers on a port of this machine."""

    process: subprocess.Popen[bytes]
    data: Path
    log: Path
    port: int
    metrics_port: int

    @property
    def url(self) -> str:
        """Return where it answers."""
        return f"http://{HOST}:{self.port}"

    def workers(self) -> tuple[int, ...]:
        """Return the process and all below it: whatever of the service has memory."""
        found = [self.process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text(encoding="ascii").split())
        return tuple(found)

    def get(self, path: str, *, port: int | None = None) -> tuple[int, bytes]:
        """Return status and body of an unsigned GET on a connection of its own."""
        return self._answer("GET", path, port=port or self.port)

    def post(self, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        """Return the answer to an unsigned POST."""
        return self._answer("POST", path, body=body, headers={"Content-Type": content_type}, port=self.port)

    def send(self, request: SignedRequest) -> tuple[int, bytes]:
        """Return the answer to a signed request."""
        target = request.path + (f"?{request.query}" if request.query else "")
        return self._answer(request.method, target, body=request.body, headers=dict(request.headers), port=self.port)

    def _answer(
        self, method: str, target: str, *, port: int, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        connection = HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def raw(self, sent: bytes, *, source: str = HOST) -> socket.socket:
        """Return a connection from an address of this machine on which `sent` was sent and nothing was read.

        Raises:
            OSError: The service did not take all of it; the connection is closed.
        """
        with ExitStack() as unsent:
            connection = unsent.enter_context(
                socket.create_connection((HOST, self.port), timeout=PATIENCE_SECONDS, source_address=(source, 0))
            )
            connection.sendall(sent)
            unsent.pop_all()
        return connection


def status_of(connection: socket.socket, *, seconds: float = 10.0) -> int | None:
    """Return the status of the answer on a connection, or None if there is none yet after that many seconds."""
    connection.settimeout(seconds)
    try:
        line = connection.recv(65_536).split(b"\r\n", 1)[0]
    except TimeoutError:
        return None
    return int(line.split()[1]) if line else None


def consortium_config(folder: Path, consortium: Consortium) -> Config:
    """Return the folder of a service, with keystore, that serves the log of a consortium."""
    folder.mkdir(mode=0o700)
    config = make_config(folder, fingerprint=of_file(consortium.charter_file))
    keep_keys(config, {name: sha256(f"{who} {algorithm.value}".encode()) for name, (who, algorithm) in _SEEDS.items()})
    return config


def keep_keys(config: Config, secrets: dict[str, bytes]) -> None:
    """Write the service's seeds into a keystore as strong as the command demands."""
    store = Keystore.create(config.keystore, passphrase=_PASSPHRASE)
    store.put(*(Secret(name=name, role="service", value=value) for name, value in secrets.items()))


@contextmanager
def serving(config: Config, *more: str, port: int | None = None) -> Iterator[Running]:
    """Serve the log of `config` until the test leaves, at a port that was told to somebody, else at any."""
    port, metrics_port = port or free_port(), free_port()
    log = config.data.with_name(config.data.name + ".log")
    with log.open("wb") as out, tempfile.TemporaryFile() as phrase:
        phrase.write(_PASSPHRASE)
        phrase.seek(0)
        words = ["serve", "--data", str(config.data), "--charter", to_words(config.fingerprint)]
        ports = ["--port", str(port), "--metrics-port", str(metrics_port), "--tick", str(config.tick_seconds)]
        process = subprocess.Popen(  # noqa: S603 - our own command with our own words
            [*_SERVER, *words, *ports, *more],
            cwd=ROOT,
            env={**os.environ, "SEALTRACE_PASSPHRASE_FD": str(phrase.fileno())},
            pass_fds=[phrase.fileno()],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    running = Running(process=process, data=config.data, log=log, port=port, metrics_port=metrics_port)
    try:
        _wait(running)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def _wait(running: Running) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and running.process.poll() is None:
        try:
            if running.get("/healthz")[0] == 200:
                return
        except (OSError, HTTPException):
            time.sleep(0.05)
    raise AssertionError(f"the service did not start:\n{running.log.read_text(encoding='utf-8')}")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
