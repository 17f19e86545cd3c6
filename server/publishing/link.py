"""One witness over HTTP (C2SP tlog-witness), believed in nothing: a cap on every answer, one deadline for all of it.

A timeout for each read would let a witness hold its thread for days with a byte now and then. So the deadline is set
for the whole exchange, and every read and write of the connection is given what is left of it.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any, Protocol

import httpcore

from crypto.digests import sha256
from server.errors import WitnessError

MAX_ANSWER_BYTES = 65_536

_FAILURES = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    OSError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a witness said, whole and within the cap."""

    status: int
    content_type: str
    body: bytes


class WitnessLink(Protocol):
    """The way to one witness."""

    def add_checkpoint(self, body: bytes) -> Answer:
        """Ask for a cosignature; raise WitnessError if no answer comes in time."""

    def latest(self, origin: str) -> Answer:
        """Ask for the checkpoint of a log that the witness cosigned last; raise WitnessError."""

    def close(self) -> None:
        """Close the connection."""


class Link:
    """A witness at an address; one request at a time."""

    def __init__(self, url: str, *, seconds: float, timer: Callable[[], float]) -> None:
        """Take the address (submission and monitoring prefix are one), and how long one exchange may take."""
        self._url = url
        self._seconds = seconds
        self._deadline = _Deadline(timer)
        self._turn = threading.Lock()
        self._pool = httpcore.ConnectionPool(
            network_backend=_Backend(self._deadline), max_connections=1, max_keepalive_connections=1
        )

    def add_checkpoint(self, body: bytes) -> Answer:
        """Ask for a cosignature; raise WitnessError if no answer comes in time."""
        return self._send("POST", "/add-checkpoint", body)

    def latest(self, origin: str) -> Answer:
        """Ask for the checkpoint of a log that the witness cosigned last; raise WitnessError."""
        return self._send("GET", f"/{sha256(origin.encode()).hex()}/checkpoint", b"")

    def close(self) -> None:
        """Close the connection."""
        with suppress(*_FAILURES):
            self._pool.close()

    def _send(self, method: str, path: str, body: bytes) -> Answer:
        headers = [("User-Agent", "sealtrace-server"), ("Accept-Encoding", "identity")]
        if body:
            headers.append(("Content-Type", "text/plain; charset=utf-8"))
        try:
            with self._turn, self._exchange(method, path, headers, body) as answer:
                return Answer(status=answer.status, content_type=_media_type(answer), body=_read(answer))
        except _FAILURES as error:
            raise WitnessError(f"no answer ({type(error).__name__})") from error

    @contextmanager
    def _exchange(
        self, method: str, path: str, headers: list[tuple[str, str]], body: bytes
    ) -> Iterator[httpcore.Response]:
        self._deadline.set(self._seconds)
        with self._pool.stream(method, self._url + path, headers=headers, content=body or None) as answer:
            yield answer


def _read(answer: httpcore.Response) -> bytes:
    body = bytearray()
    parts: Iterable[bytes] = answer.iter_stream()
    for part in parts:
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise WitnessError(f"an answer of more than {MAX_ANSWER_BYTES:,} bytes")
    return bytes(body)


def _media_type(answer: httpcore.Response) -> str:
    values = [value for name, value in answer.headers if name.lower() == b"content-type"]
    return values[0].decode("ascii", "replace") if len(values) == 1 else ""


class _Deadline:
    """When the exchange in hand has to be over."""

    def __init__(self, timer: Callable[[], float]) -> None:
        self._timer = timer
        self._at = 0.0

    def set(self, seconds: float) -> None:
        self._at = self._timer() + seconds

    def left(self) -> float:
        left = self._at - self._timer()
        if left <= 0:
            raise httpcore.ReadTimeout("the witness took too long")
        return left


class _Stream(httpcore.NetworkStream):
    """A connection all of whose waits end at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        del timeout
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Plain sockets that keep to the deadline."""

    def __init__(self, deadline: _Deadline) -> None:
        self._backend = httpcore.SyncBackend()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        del timeout
        stream = self._backend.connect_tcp(host, port, self._deadline.left(), local_address, socket_options)
        return _Stream(stream, self._deadline)
