"""What the connections of a witness share: its limits, its places, and the two threads that judge and sign."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from clients.witness.cosigner import Answer, Log
from clients.witness.heads import refusal
from clients.witness.routes import Routes, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much and how long anybody may take; a connection that is used is not closed for its age."""

    head_bytes: int = 2**14
    request_seconds: float = 5.0  # from a request's first byte to its last; and for a newcomer's first byte
    idle_seconds: float = 75.0
    answer_seconds: float = 5.0  # until the client has taken an answer
    parting_seconds: float = 2.0  # until the client has seen that we close
    connections: int = 512
    in_flight: int = 64


class Guest(Protocol):
    """A connection, as whoever keeps the places sees it."""

    def part(self) -> None:
        """Close as soon as the request under way, if there is one, is answered."""

    def drop(self) -> None:
        """Close at once."""


class House:
    """One for all connections; but for `work`, everything happens on the event loop."""

    def __init__(  # noqa: PLR0913 - all of it comes from the edge of the program
        self,
        routes: Routes,
        *,
        limits: Limits,
        loop: asyncio.AbstractEventLoop,
        threads: Executor,
        clock: Callable[[], int],
        log: Log,
    ) -> None:
        """Take what there is to answer, the loop, who works, a clock (POSIX seconds) and where events go."""
        self.routes = routes
        self.limits = limits
        self.loop = loop
        self.clock = clock
        self.log = log
        self.guests: set[Guest] = set()
        self.emptied = asyncio.Event()
        self.emptied.set()
        self._idle: dict[Guest, None] = {}  # whoever has been idle for longest comes first
        self._threads = threads
        self._in_flight = 0

    def enter(self, guest: Guest) -> bool:
        """Give a newcomer a place, if need be that of whoever has been idle for longest; return whether there is one."""
        if len(self.guests) >= self.limits.connections:
            if not self._idle:
                return False
            oldest = next(iter(self._idle))
            self.leave(oldest)
            oldest.drop()
        self.guests.add(guest)
        self.emptied.clear()
        return True

    def leave(self, guest: Guest) -> None:
        """Take back a place."""
        self.guests.discard(guest)
        if not self.guests:
            self.emptied.set()
        self._idle.pop(guest, None)

    def rest(self, guest: Guest) -> None:
        """Note that a guest has nothing to be answered: it makes room if need be."""
        self._idle[guest] = None

    def wake(self, guest: Guest) -> None:
        """Note that a request has begun to come."""
        self._idle.pop(guest, None)

    def begin(self) -> bool:
        """Count one request more in flight, unless there are as many as there may be."""
        if self._in_flight >= self.limits.in_flight:
            return False
        self._in_flight += 1
        return True

    def end(self) -> None:
        """Count one request less."""
        self._in_flight -= 1

    def work(self, work: Work, body: bytes, then: Callable[[Answer], None]) -> None:
        """Have a thread make the answer; `then` is called with it on the loop."""
        self._threads.submit(self._worked, work, body, then)

    def _worked(self, work: Work, body: bytes, then: Callable[[Answer], None]) -> None:
        try:
            answer = work(body)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, nothing was signed, and one answer says so
            self.log.warning("failure", error=type(error).__name__)
            answer = refusal(HTTPStatus.INTERNAL_SERVER_ERROR)
        self.loop.call_soon_threadsafe(then, answer)
