"""One client of the witness: its requests are read whole, and answered in order, one at a time (docs/adr/0084).

Whatever is refused ends the connection: what else has come on it was not read, and is not taken for a request. While a
request is answered at most one buffer more is read, so a client cannot make us keep what it sends.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from http import HTTPStatus

from clients.witness.cosigner import Answer
from clients.witness.heads import CONTINUE, HeadReader, RefusedError, refusal, require, written
from clients.witness.house import House
from clients.witness.routes import Work, shown

_BUFFER_BYTES = 2**14


class Stage(Enum):
    """What a connection is at."""

    IDLE = "nothing of a request has come"
    READING = "a request is coming"
    ANSWERING = "a thread makes the answer"
    SENDING = "the client takes its time over the answer"
    PARTING = "we have said the last, and wait for the client to see it"


class Connection(asyncio.BufferedProtocol):
    """A connection, called by the event loop."""

    _transport: asyncio.Transport
    _timer: asyncio.TimerHandle
    _started: float
    # Of the request that is coming or being answered:
    _reader: HeadReader
    _work: Work | None
    _body: bytearray
    _missing: int

    def __init__(self, house: House) -> None:
        """Take what all connections share."""
        self._house = house
        self._buffer = bytearray(_BUFFER_BYTES)
        self._stage = Stage.IDLE
        self._unread = bytearray()
        self._counted = False  # in flight
        self._stuck = False  # the client has not taken all that was written
        self._last = False  # nothing is read after the answer under way
        self._renew()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place, or go."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a server over TCP makes
        self._transport = transport
        transport.set_write_buffer_limits(high=0)  # so that we are told of whatever is not taken at once
        self._timer = self._house.loop.call_later(self._house.limits.request_seconds, self.drop)
        if self._house.enter(self):
            self._house.rest(self)
        else:
            self.drop()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the loop gives it
        """Give the place back; an answer that is under way is thrown away when it comes."""
        self._timer.cancel()
        self._house.leave(self)
        if self._stage is not Stage.ANSWERING:
            self._discount()

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - the loop gives it
        """Return where the loop writes what comes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what came: now, or when the answer under way was sent."""
        if self._stage is Stage.PARTING:
            return
        self._unread += self._buffer[:nbytes]
        if self._stage in {Stage.ANSWERING, Stage.SENDING}:
            self._transport.pause_reading()
        else:
            self._read()

    def eof_received(self) -> bool:
        """Answer a client that only has no more to ask; return whether the connection stays open for that."""
        self._last = True
        return self._stage in {Stage.ANSWERING, Stage.SENDING}

    def pause_writing(self) -> None:
        """Note that the client has not taken all that was written."""
        self._stuck = True

    def resume_writing(self) -> None:
        """Go on: the client has taken it."""
        self._stuck = False
        if self._stage is Stage.SENDING:
            self._next()

    def part(self) -> None:
        """Close as soon as the request under way, if there is one, is answered."""
        self._last = True
        if self._stage is Stage.IDLE:
            self._transport.close()

    def drop(self) -> None:
        """Close at once, whatever has not been sent yet."""
        self._transport.abort()

    def _read(self) -> None:
        try:
            self._read_on()
        except RefusedError as error:
            self._send(refusal(error.status), closing=True)

    def _read_on(self) -> None:
        if self._stage is Stage.IDLE:
            self._stage = Stage.READING
            self._started = self._house.loop.time()
            self._house.wake(self)
            self._wait(self._house.limits.request_seconds, self._late)
        if self._work is None:
            del self._unread[: self._reader.read(self._unread)]
            self._route()
        if self._work is not None:
            self._take_body(self._work)

    def _route(self) -> None:
        head = self._reader.head
        if head is None:
            return
        self._counted = self._house.begin()
        require(self._counted, HTTPStatus.SERVICE_UNAVAILABLE)
        self._work = self._house.routes.find(head)
        self._missing = head.length or 0
        if head.waits and self._missing and not self._unread:
            self._transport.write(CONTINUE)

    def _take_body(self, work: Work) -> None:
        part = self._unread[: self._missing]
        del self._unread[: len(part)]
        self._body += part
        self._missing -= len(part)
        if not self._missing:
            self._timer.cancel()
            self._stage = Stage.ANSWERING
            self._house.work(work, bytes(self._body), self._answered)

    def _late(self) -> None:
        self._send(refusal(HTTPStatus.REQUEST_TIMEOUT), closing=True)

    def _answered(self, answer: Answer) -> None:
        head = self._reader.head
        self._send(answer, closing=head is None or not head.keeps)

    def _send(self, answer: Answer, *, closing: bool) -> None:
        """Send an answer and note path, status and time of its request, never what it held."""
        self._discount()
        head = self._reader.head
        milliseconds = round((self._house.loop.time() - self._started) * 1000, 1)
        path = shown(head.target) if head else "other"
        self._house.log.info("request", path=path, status=answer.status, ms=milliseconds)
        if self._transport.is_closing():
            return
        bodiless = head is not None and head.method == b"HEAD"
        self._transport.write(
            written(answer, now=self._house.clock(), closing=closing or self._last, bodiless=bodiless)
        )
        if closing:
            self._say_farewell()
        elif self._stuck:
            self._stage = Stage.SENDING
            self._wait(self._house.limits.answer_seconds, self.drop)
        else:
            self._next()

    def _say_farewell(self) -> None:
        """Send no more; what still comes is thrown away: to close while it comes could take the answer back."""
        self._stage = Stage.PARTING
        self._unread.clear()
        self._house.rest(self)
        self._wait(self._house.limits.parting_seconds, self.drop)
        if self._last:
            self._transport.close()
            return
        with suppress(OSError):  # gone already: the loop finds out by itself
            self._transport.write_eof()
        self._transport.resume_reading()

    def _next(self) -> None:
        self._stage = Stage.IDLE
        self._renew()
        if self._last:
            self._transport.close()
            return
        self._house.rest(self)
        self._wait(self._house.limits.idle_seconds, self.drop)
        self._transport.resume_reading()
        if self._unread:
            self._read()

    def _renew(self) -> None:
        self._reader = HeadReader(most_bytes=self._house.limits.head_bytes)
        self._work = None
        self._body = bytearray()
        self._missing = 0

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._timer.cancel()
        self._timer = self._house.loop.call_later(seconds, then)

    def _discount(self) -> None:
        if self._counted:
            self._counted = False
            self._house.end()
