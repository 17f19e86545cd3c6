"""A witness's connections without a network: an event loop whose clock is set by hand, and a client that is fed bytes."""

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Any

from clients.witness.connection import Connection
from clients.witness.cosigner import Cosigner, Log
from clients.witness.house import House, Limits
from clients.witness.routes import Routes


@dataclass
class Timer:
    """What is to happen, and when."""

    at: float
    then: Callable[[], None] | None

    def cancel(self) -> None:
        """Forget it."""
        self.then = None


class StillLoop:
    """An event loop whose time stands still until a test moves it."""

    def __init__(self) -> None:
        """Begin at some time."""
        self._now = 1000.0
        self._timers: list[Timer] = []
        self._soon: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    def time(self) -> float:
        """Return the time."""
        return self._now

    def call_later(self, seconds: float, then: Callable[[], None]) -> Timer:
        """Remember what is to happen later."""
        self._timers.append(Timer(self._now + seconds, then))
        return self._timers[-1]

    def call_soon_threadsafe(self, then: Callable[..., None], *args: object) -> None:
        """Remember what is to happen next."""
        self._soon.append((then, args))

    def settle(self) -> None:
        """Do all that is to happen now."""
        while self._soon:
            then, args = self._soon.pop(0)
            then(*args)

    def wait(self, seconds: float) -> None:
        """Let time pass, and what was to happen meanwhile happen."""
        self._now += seconds
        due = sorted((timer for timer in self._timers if timer.at <= self._now), key=lambda timer: timer.at)
        self._timers = [timer for timer in self._timers if timer.at > self._now]
        for timer in due:
            if timer.then is not None:
                timer.then()
            self.settle()


class Threads:
    """Does at once what it is given; what comes while it is `held` is done when a test says so."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self.held = False
        self.waiting: list[Callable[[], None]] = []

    def submit(self, work: Callable[..., None], *args: object) -> None:
        """Take something to do."""
        self.waiting.append(lambda: work(*args))
        if not self.held:
            self.release()

    def release(self) -> None:
        """Do what waits."""
        while self.waiting:
            self.waiting.pop(0)()


class Wire(asyncio.Transport):
    """A transport that keeps what was written; `full` is a client that takes nothing."""

    def __init__(self, loop: StillLoop) -> None:
        """Take the loop that a closed connection is told by."""
        super().__init__()
        self._loop = loop
        self.protocol: Connection
        self.sent = bytearray()
        self.full = self.closed = self.ended = self.paused = False
        self.breaks = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Check that it is told of whatever is not taken."""
        assert (high, low) == (0, None)

    def write(self, data: Any) -> None:
        """Keep what is written."""
        assert not self.ended
        if self.closed:
            return
        self.sent += data
        if self.full:
            self.protocol.pause_writing()

    def write_eof(self) -> None:
        """End what is written; or be gone already."""
        if self.breaks:
            raise OSError
        self.ended = True

    def pause_reading(self) -> None:
        """Give no more."""
        self.paused = True

    def resume_reading(self) -> None:
        """Go on giving."""
        self.paused = False

    def is_closing(self) -> bool:
        """Return whether it is closed."""
        return self.closed

    def close(self) -> None:
        """Close; the protocol is told later."""
        if not self.closed:
            self.closed = True
            self._loop.call_soon_threadsafe(self.protocol.connection_lost, None)

    abort = close


@dataclass
class Hall:
    """A witness's house on a loop that stands still."""

    cosigner: Cosigner
    log: Log
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], int] = lambda: 0
    loop: StillLoop = field(default_factory=StillLoop)
    threads: Threads = field(default_factory=Threads)

    def __post_init__(self) -> None:
        """Open the house."""
        self.house = House(
            Routes(self.cosigner),
            limits=self.limits,
            loop=self.loop,  # type: ignore[arg-type]  # as much of a loop as it uses
            threads=self.threads,  # type: ignore[arg-type]  # likewise
            clock=self.clock,
            log=self.log,
        )

    def visit(self) -> "Visitor":
        """Connect."""
        return Visitor(self)

    def ask(self, method: str, path: str, body: bytes | None = None) -> "Sent":
        """Return the answer to one request on a connection of its own."""
        (sent,) = self.visit().say(request(method, path, body))
        return sent


@dataclass(frozen=True)
class Sent:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Visitor:
    """A client on a connection of its own."""

    def __init__(self, hall: Hall) -> None:
        """Connect."""
        self._hall = hall
        self.wire = Wire(hall.loop)
        self.wire.protocol = Connection(hall.house)
        self.wire.protocol.connection_made(self.wire)
        hall.loop.settle()

    def tell(self, *parts: bytes) -> None:
        """Send bytes as they are cut."""
        for part in parts:
            for at in range(0, len(part), 4096):
                self._give(part[at : at + 4096])

    def say(self, *parts: bytes, method: str = "GET") -> list[Sent]:
        """Send bytes as they are cut, and return what was answered, as answers to a method."""
        self.tell(*parts)
        return self.heard(method)

    def heard(self, method: str = "GET") -> list[Sent]:
        """Return what was answered since this was asked last."""
        raw = bytes(self.wire.sent)
        self.wire.sent.clear()
        return list(answers(raw, method))

    def hang_up(self) -> None:
        """End what is sent; what may still be heard is up to the other side."""
        if not self.wire.protocol.eof_received():
            self.wire.close()
        self._hall.loop.settle()

    def vanish(self) -> None:
        """Be gone, as after a reset."""
        self.wire.close()
        self._hall.loop.settle()

    def take(self) -> None:
        """Take what was written, at last."""
        self.wire.full = False
        self.wire.protocol.resume_writing()
        self._hall.loop.settle()

    def _give(self, part: bytes) -> None:
        if self.wire.closed or self.wire.paused:
            return
        self.wire.protocol.get_buffer(-1)[: len(part)] = part
        self.wire.protocol.buffer_updated(len(part))
        self._hall.loop.settle()


def request(method: str, path: str, body: bytes | None = None, **fields: str) -> bytes:
    """Return a request as a client sends it; an underscore in a field's name is a hyphen."""
    given = {"host": "w", **({} if body is None else {"content_length": str(len(body))}), **fields}
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items()]
    return f"{method} {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + (body or b"")


def answers(raw: bytes, method: str = "GET") -> list[Sent]:
    """Return the answers that bytes spell, as Python's own reader of HTTP understands them."""
    stream, found = io.BytesIO(raw), []
    while stream.tell() < len(raw):
        answer = HTTPResponse(_Socket(stream), method=method)  # type: ignore[arg-type]  # a socket to read from
        answer.begin()
        found.append(Sent(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()))
    return found


class _Socket:
    """As much of a socket as an answer is read from."""

    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = _Open(stream)

    def makefile(self, _mode: str) -> "_Open":
        return self._stream


class _Open:
    """A stream that is not closed when one answer was read from it."""

    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def close(self) -> None:
        """Stay open."""

    def flush(self) -> None:
        """Write nothing."""
