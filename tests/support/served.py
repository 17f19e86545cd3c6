"""A founded consortium around the real service in a process of its own, spoken to over HTTP, at the real time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection

from clients.transport import Request, Response
from crypto.keystore import Keystore
from server.config import Config
from tests.support.loopback import PHRASE, Walk
from tests.support.processes import HOST, Running, keep_keys, serving


class Recorder:
    """A network that keeps every byte of every request and answer: first line, fields and body."""

    def __init__(self, port: int) -> None:
        """Take the port of the service."""
        self._port = port
        self.answered: list[Request] = []
        self.answers = 0
        self._sent: list[bytes] = []
        self._answers: list[bytes] = []

    def send(self, request: Request, *, limit: int) -> Response:
        """Return the answer, and keep both."""
        connection = HTTPConnection(HOST, self._port, timeout=60)
        connection.request(request.method, request.target, body=request.body, headers=dict(request.headers))
        answer = connection.getresponse()
        body = answer.read(limit)
        connection.close()
        self.answers += 1
        if answer.status < 300:
            self.answered.append(request)
        fields = "".join(f"{name}: {value}\r\n" for name, value in request.headers)
        head = f"{request.method} {request.target} HTTP/1.1\r\n{fields}\r\n"
        self._sent.append(head.encode() + (request.body or b""))
        self._answers.append(f"HTTP/1.1 {answer.status} {answer.reason}\r\n{answer.headers}".encode() + body)
        media = answer.headers.get("Content-Type", "")
        return Response(status=answer.status, content_type=media, body=body)

    def take_sent(self) -> list[bytes]:
        """Return the requests since the last time."""
        taken, self._sent = self._sent, []
        return taken

    def take_answers(self) -> list[bytes]:
        """Return the answers since the last time."""
        taken, self._answers = self._answers, []
        return taken


@dataclass(kw_only=True)
class Served(Walk):
    """A walk whose service runs in a process of its own."""

    running: Running
    app: None = field(init=False, default=None)
    transport: Recorder = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Reach it over HTTP."""
        self.transport = Recorder(self.running.port)

    def close(self) -> None:
        """Close every session."""
        for session in self._open:
            session.close()


@contextmanager
def served(walk: Walk, *, tick_seconds: int = 600, port: int | None = None) -> Iterator[Served]:
    """Close a founded walk, and serve its log by the operator's own command until the test leaves."""
    walk.close()
    _harden(walk.config)
    config = replace(walk.config, tick_seconds=tick_seconds)
    with serving(config, port=port) as running:
        found = Served(
            folder=walk.folder,
            config=config,
            keys=walk.keys,
            clock=lambda: int(time.time()),
            fingerprint=walk.fingerprint,
            charter_file=walk.charter_file,
            homes=walk.homes,
            running=running,
        )
        try:
            yield found
        finally:
            found.close()


def _harden(config: Config) -> None:
    """Give the service's keys a keystore as strong as its command asks for."""
    weak = Keystore.open(config.keystore, passphrase=PHRASE, allow_weak=True)
    config.keystore.unlink()
    keep_keys(config, {name: secret.value for name, secret in weak.secrets.items()})
