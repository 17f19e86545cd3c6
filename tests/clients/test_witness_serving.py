"""The witness's socket: real connections on the loopback address, from the first to the last."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from threading import Event

import pytest

from clients.errors import HomeError
from clients.witness.cosigner import Answer
from clients.witness.house import House, Limits
from clients.witness.routes import Routes
from clients.witness.serving import bound, serve
from ledger.witnessing import MAX_BODY_BYTES
from tests.support.witnesses import Events
from tests.support.witnessguests import answers, request

HOST = "127.0.0.1"
PATIENCE_SECONDS = 60.0


class Slow:
    """Stands for a witness that answers when it is told to."""

    def __init__(self) -> None:
        """Begin as one that answers at once."""
        self.begun = Event()
        self.may_end = Event()
        self.may_end.set()

    def add_checkpoint(self, body: bytes) -> Answer:
        """Say back what was asked, once it may."""
        self.begun.set()
        assert self.may_end.wait(PATIENCE_SECONDS)
        return Answer(status=200, body=body)

    sign_subtree = add_checkpoint

    def monitor(self, digest: str) -> Answer:
        """Answer a large body."""
        return Answer(status=200, body=digest.encode() * 2**16)


class Served:
    """A house that is open on the loopback address."""

    def __init__(self, house: House, slow: Slow, listener: socket.socket) -> None:
        """Take what runs."""
        self.house = house
        self.slow = slow
        self.port = listener.getsockname()[1]
        self.ended = asyncio.Event()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as a client does."""
        return await asyncio.open_connection(HOST, self.port)

    async def ask(self, raw: bytes) -> bytes:
        """Return all that is answered to some bytes until the connection is closed."""
        reader, writer = await self.connect()
        writer.write(raw)
        heard = await reader.read()
        writer.close()
        return heard


@asynccontextmanager
async def serving(limits: Limits | None = None, *, failures: object = None) -> AsyncIterator[Served]:
    """Serve until the test leaves; nothing takes for ever, and no failure but these is noted."""
    slow, events = Slow(), Events()
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(PATIENCE_SECONDS):
        with ThreadPoolExecutor(2) as threads, bound(HOST, 0) as listener:
            house = House(
                Routes(slow),  # type: ignore[arg-type]  # as much of a witness as is asked
                limits=limits or Limits(),
                loop=loop,
                threads=threads,
                clock=lambda: 0,
                log=events,
            )
            served = Served(house, slow, listener)
            running = asyncio.create_task(serve(house, listener, until=served.ended))
            await asyncio.sleep(0)  # by now it listens, or has failed
            try:
                yield served
            finally:
                slow.may_end.set()
                served.ended.set()
                await running
    assert (house.guests, events.of("failure")) == (set(), failures or [])


def test_requests_on_one_connection_and_on_many() -> None:
    """Answers come in order, whole, and to whom they belong."""

    async def one(served: Served, name: bytes) -> list[bytes]:
        last = request("POST", "/add-checkpoint", name + b"-last", connection="close")
        raw = b"".join(request("POST", "/add-checkpoint", b"%s-%d" % (name, number)) for number in range(20))
        return [sent.body for sent in answers(await served.ask(raw + last))]

    async def run() -> list[list[bytes]]:
        async with serving() as served:
            return await asyncio.gather(*(one(served, b"%d" % number) for number in range(20)))

    found = asyncio.run(run())

    assert found == [[*(b"%d-%d" % (one, at) for at in range(20)), b"%d-last" % one] for one in range(20)]


def test_an_answer_is_not_held_back() -> None:
    """Small answers leave at once: what would gather them is off."""

    async def run() -> bool:
        async with serving() as served:
            reader, writer = await served.connect()
            writer.write(request("GET", "/healthz"))
            await reader.readuntil(b"ok\n")
            (guest,) = served.house.guests
            theirs = guest._transport.get_extra_info("socket")  # type: ignore[attr-defined]  # to look at its socket
            writer.close()
            return bool(theirs.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    assert asyncio.run(run())


def test_a_refusal_is_heard_while_the_body_is_still_being_sent() -> None:
    """A client that sends far too much, and reads only then, finds out why."""

    async def run() -> bytes:
        async with serving() as served:
            reader, writer = await served.connect()
            with contextlib.suppress(ConnectionError):
                writer.write(request("POST", "/add-checkpoint", bytes(40 * MAX_BODY_BYTES)))
                await writer.drain()
            heard = await reader.read()
            writer.close()
            return heard

    (sent,) = answers(asyncio.run(run()))

    assert (sent.status, sent.headers["connection"]) == (413, "close")


def test_attack_a_client_that_never_reads_over_a_socket() -> None:
    """What it leaves lying is bounded by one answer, and the connection by a limit."""

    async def run() -> bool:
        async with serving(Limits(answer_seconds=0.05)) as served:
            reader, writer = await served.connect()
            writer.write(request("GET", f"/{'0' * 64}/checkpoint") * 50)
            await reader.readexactly(1)
            writer.transport.pause_reading()
            await served.house.emptied.wait()
            writer.transport.abort()
            return True

    assert asyncio.run(run())


def test_limits_of_time_over_a_socket() -> None:
    """A slow request hears 408; a newcomer and an idle client hear nothing more; each is closed."""

    async def run() -> list[bytes]:
        async with serving(Limits(request_seconds=0.05, idle_seconds=0.05)) as served:
            half = request("POST", "/add-checkpoint", b"12345")[:-1]
            return [await served.ask(raw) for raw in (b"", half, request("GET", "/healthz"))]

    newcomer, slow, idle = (answers(raw) for raw in asyncio.run(run()))

    assert newcomer == []
    assert [one.status for one in slow] == [408]
    assert [one.body for one in idle] == [b"ok\n"]


def test_a_reset_in_the_middle_of_an_answer_harms_nothing() -> None:
    """Nothing fails, the place is free, and others are answered."""

    async def run() -> bytes:
        async with serving() as served:
            served.slow.may_end.clear()
            _, writer = await served.connect()
            writer.write(request("POST", "/add-checkpoint", b"12345"))
            await asyncio.to_thread(served.slow.begun.wait, PATIENCE_SECONDS)
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            await served.house.emptied.wait()
            served.slow.may_end.set()
            return await served.ask(request("GET", "/healthz", connection="close"))

    assert [one.body for one in answers(asyncio.run(run()))] == [b"ok\n"]


def test_told_to_end_it_answers_what_is_under_way() -> None:
    """No newcomer is taken, the idle are closed, and whoever is being answered hears the answer."""

    async def run() -> tuple[bytes, bytes, bool]:
        async with serving() as served:
            served.slow.may_end.clear()
            idle, idle_writer = await served.connect()
            busy, busy_writer = await served.connect()
            busy_writer.write(request("POST", "/add-checkpoint", b"12345"))
            await asyncio.to_thread(served.slow.begun.wait, PATIENCE_SECONDS)
            served.ended.set()
            closed = await idle.read()
            refused = False
            try:
                await served.connect()
            except ConnectionRefusedError:
                refused = True
            served.slow.may_end.set()
            heard = await busy.read()
            for writer in (idle_writer, busy_writer):
                writer.close()
            return closed, heard, refused

    closed, heard, refused = asyncio.run(run())

    assert (closed, [one.body for one in answers(heard)], refused) == (b"", [b"12345"], True)


def test_what_goes_wrong_in_the_loop_is_noted_by_its_kind() -> None:
    """Nobody's words reach the log, and others are answered."""

    def fail() -> None:
        raise RuntimeError("secret")

    async def run() -> bytes:
        async with serving(failures=[{"error": "RuntimeError"}]) as served:
            asyncio.get_running_loop().call_soon(fail)
            return await served.ask(request("GET", "/healthz", connection="close"))

    assert [one.body for one in answers(asyncio.run(run()))] == [b"ok\n"]


def test_a_port_that_is_taken_is_said_plainly() -> None:
    """Which, and what to do; any other trouble with an address is as the system says it."""
    with bound(HOST, 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(HomeError, match=f"another program listens on port {port} of {HOST}") as caught:
            bound(HOST, port)
    with pytest.raises(OSError, match="assign"):
        bound("192.0.2.1", 0)

    assert "--port" in caught.value.next_step
