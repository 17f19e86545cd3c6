"""A real service for the rows: the charter logged, every sender's epoch open; behind granian or in this process."""

import itertools
import multiprocessing
import os
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from benchmarks.material import Sender, senders
from benchmarks.processes import family, peak_bytes, processor_seconds
from clients.errors import UnreachableError
from clients.requestsigning import RequestSigner
from clients.service import Service
from clients.transport import HttpTransport, Request
from crypto.encoding import b64u
from ledger.fingerprints import of_file
from ledger.kinds import Role
from ledger.log import Nonce
from ledger.wire import limits, paths, requests
from server.config import Config
from server.serve import serve, settle
from server.service import open_service
from server.signatures import Asker
from tests.support.consortium import URL
from tests.support.services import make_config, service_keys

HOST = "127.0.0.1"
START_SECONDS = 20

Send = Callable[[Sender, bytes], None]
"""Sends a batch as its agency and returns when the service has answered that it is durable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service that takes batches, the agencies that send them, and where its database is."""

    senders: Sequence[Sender]
    send: Send
    database: Path
    process: BaseProcess | None = None

    def worker_memory_bytes(self) -> int:
        """Return the most memory that a process of the service ever held."""
        return max(peak_bytes(pid) for pid in self._processes())

    def processor_seconds(self) -> float:
        """Return the processor's time that the service has taken so far, on all cores."""
        return sum(processor_seconds(pid) for pid in self._processes())

    def _processes(self) -> list[int]:
        """Return the service's processes; where it has none of its own, this one."""
        return [os.getpid()] if self.process is None or self.process.pid is None else family(self.process.pid)


@contextmanager
def over_http(*, agencies: int = 10, count: int = 4) -> Iterator[Running]:
    """Run the service as an operator does, in processes of its own, and send to it over loopback HTTP."""
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder, ExitStack() as stack:
        made, config, charter = _consortium(Path(folder), agencies=agencies, count=count)
        port = free_port()
        process = multiprocessing.get_context("fork").Process(target=serve_quietly, args=(config, port))
        process.start()
        stack.callback(stop, process)
        transports = {sender.iss: HttpTransport(f"http://{HOST}:{port}") for sender in made}
        for transport in transports.values():
            stack.callback(transport.close)
        wait_for(transports[made[0].iss])
        Service(transports[made[0].iss]).submit_charter(charter)
        calls = {sender.iss: Service(transports[sender.iss], signer=request_signer(sender)) for sender in made}

        def send(sender: Sender, body: bytes) -> None:
            calls[sender.iss].submit_batch(body)

        running = Running(senders=made, send=send, database=config.database, process=process)
        _open_epochs(running)
        yield running


@contextmanager
def in_process(*, agencies: int = 10, count: int = 4) -> Iterator[Running]:
    """Open the service in this process and hand batches to it where its views would."""
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder:
        made, config, charter = _consortium(Path(folder), agencies=agencies, count=count)
        service = open_service(config, keys=service_keys(), clock=_now)
        numbers = itertools.count(1)

        def send(sender: Sender, body: bytes) -> None:
            nonce = Nonce(keyid=sender.iss, nonce=b64u(next(numbers).to_bytes(16, "big")), expires=_now() + 120)
            service.submitting.batch(body, Asker(agency=sender.iss, nonce=nonce))

        try:
            service.submitting.charter(charter)
            running = Running(senders=made, send=send, database=config.database)
            _open_epochs(running)
            settle()
            yield running
        finally:
            service.close()


def _consortium(folder: Path, *, agencies: int, count: int) -> tuple[list[Sender], Config, bytes]:
    made = senders(count, agencies=agencies)
    charter = made[0].consortium.charter_file
    return made, make_config(folder, fingerprint=of_file(charter)), charter


def _open_epochs(running: Running) -> None:
    for sender in running.senders:
        running.send(sender, sender.body(sender.grants()))


def request_signer(sender: Sender) -> RequestSigner:
    """Return what signs an agency's requests."""
    signer, kid = sender.consortium.signing(sender.iss, Role.HTTP)
    return RequestSigner(
        signer=signer, kid=kid, authority=requests.authority(URL), clock=_now, token_bytes=secrets.token_bytes
    )


def serve_quietly(config: Config, port: int) -> None:
    """Serve, in a process of its own."""
    # The service's own lines would stand in the middle of the table.
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    serve(config, keys=service_keys(), host=HOST, port=port, metrics_port=None)


def wait_for(transport: HttpTransport) -> None:
    """Return once the service answers."""
    for _ in range(START_SECONDS * 20):
        try:
            transport.send(Request(method="GET", path=paths.HEALTHZ), limit=limits.MAX_JSON_BYTES)
        except UnreachableError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the service does not answer")


def stop(process: BaseProcess) -> None:
    """End a program, and wait until it has."""
    process.terminate()
    process.join(START_SECONDS)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _now() -> int:
    return int(time.time())
