"""The witness over ASGI: caps first, then the path, then the body, in time; and nothing of it in the log."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clients.witness.app import MOST_IN_FLIGHT, App
from clients.witness.cosigner import Answer
from clients.witness.opening import OpenWitness
from crypto.digests import sha256
from ledger.witnessing import MAX_BODY_BYTES, SIZE_TYPE
from tests.support.consortium import ORIGIN
from tests.support.witnesses import Bench, GrowingLog

LOG = GrowingLog()
MONITOR = f"/{sha256(ORIGIN.encode()).hex()}/checkpoint"


@dataclass
class Sent:
    """What the app answered."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Client:
    """Speaks ASGI to an app."""

    app: App

    async def ask(
        self,
        method: str,
        path: str,
        *parts: bytes,
        headers: Sequence[tuple[bytes, bytes]] | None = None,
        query: bytes = b"",
        receive: Callable[[], Awaitable[dict[str, Any]]] | None = None,
    ) -> Sent:
        """Send one request, its body in parts."""
        sent = Sent()
        body = b"".join(parts)
        left = list(parts) or [b""]

        async def give() -> dict[str, Any]:
            part = left.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(left)}

        async def take(message: Any) -> None:
            if message["type"] == "http.response.start":
                sent.status = message["status"]
                sent.headers = dict(message["headers"])
            else:
                sent.body += message["body"]

        length = [(b"content-length", str(len(body)).encode())] if headers is None else headers
        scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": length}
        await self.app(scope, receive or give, take)
        return sent

    def __call__(self, method: str, path: str, *parts: bytes, **options: Any) -> Sent:
        """Send one request and wait."""
        return asyncio.run(self.ask(method, path, *parts, **options))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A place for a witness."""
    return Bench(tmp_path)


@pytest.fixture
def witness(bench: Bench) -> OpenWitness:
    """A witness that has seen nothing."""
    return bench.open()


@pytest.fixture
def client(bench: Bench, witness: OpenWitness) -> Client:
    """Its app."""
    return Client(App(witness.cosigner, log=bench.events, body_seconds=0.05))


def test_the_three_calls(client: Client) -> None:
    """add-checkpoint, sign-subtree, and the monitoring GET."""
    added = client("POST", "/add-checkpoint", LOG.add(0, 7))
    conflict = client("POST", "/add-checkpoint", LOG.add(0, 7))
    shown = client("GET", MONITOR)

    assert added.status == 200
    assert added.body.count("— ".encode()) == 2
    assert added.headers[b"content-length"] == str(len(added.body)).encode()
    assert (conflict.status, conflict.body, conflict.headers[b"content-type"]) == (409, b"7\n", SIZE_TYPE.encode())
    assert (shown.status, shown.body.startswith(LOG.checkpoint(7).format().encode())) == (200, True)
    assert client("POST", "/sign-subtree", b"rubbish").status == 400
    assert client("GET", "/healthz").body == b"ok\n"


def test_a_body_in_pieces_is_one_body(client: Client) -> None:
    """However it is cut."""
    body = LOG.add(0, 7)

    assert client("POST", "/add-checkpoint", *(body[at : at + 100] for at in range(0, len(body), 100))).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/add-checkpoint", 405),
        ("PUT", "/sign-subtree", 405),
        ("POST", MONITOR, 405),
        ("GET", "/", 404),
        ("POST", "/add-checkpoint/", 404),
        ("GET", "//add-checkpoint", 404),
        ("GET", MONITOR.upper(), 404),
        ("GET", "/" + "0" * 64 + "/checkpoint", 404),
        ("GET", "/../etc/passwd", 404),
        ("DELETE", "/healthz", 405),
    ],
)
def test_other_paths_and_methods(client: Client, method: str, path: str, status: int) -> None:
    """Nothing else is here."""
    assert client(method, path).status == status


def test_a_query_is_refused(client: Client) -> None:
    """No path takes one."""
    assert client("POST", "/add-checkpoint", LOG.add(0, 7), query=b"x=1").status == 400


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"transfer-encoding", b"chunked")],
        [(b"content-length", b"5"), (b"content-length", b"6")],
        [(b"content-length", b"+5")],
        [(b"content-length", b"05")],
        [(b"content-length", b"-1")],
        [(b"content-length", b"9999999999")],
    ],
)
def test_a_body_that_does_not_say_its_length(client: Client, headers: list[tuple[bytes, bytes]]) -> None:
    """Once, in one spelling, or nothing is read."""
    assert client("POST", "/add-checkpoint", b"12345", headers=headers).status == 411


def test_attack_a_large_body(client: Client) -> None:
    """Refused for what it announces, and for what it is."""
    large = b"x" * (MAX_BODY_BYTES + 1)
    announced = client("POST", "/add-checkpoint", large)
    hidden = client("POST", "/add-checkpoint", large, b"", headers=[(b"content-length", b"9")])

    assert (announced.status, hidden.status) == (413, 413)
    assert announced.headers[b"connection"] == b"close"


def test_a_body_of_another_length(client: Client) -> None:
    """Shorter or longer than announced: 400."""
    for length in (b"4", b"6"):
        assert client("POST", "/add-checkpoint", b"12345", headers=[(b"content-length", length)]).status == 400


def test_a_sender_that_goes_away(client: Client) -> None:
    """Nothing is judged."""

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    assert client("POST", "/add-checkpoint", receive=gone, headers=[(b"content-length", b"5")]).status == 400


def test_attack_a_slow_body(client: Client) -> None:
    """It is given up, and the connection with it."""

    async def never() -> dict[str, Any]:
        await asyncio.sleep(3600)
        return {}

    sent = client("POST", "/add-checkpoint", receive=never, headers=[(b"content-length", b"5")])

    assert (sent.status, sent.headers[b"connection"]) == (408, b"close")


def test_attack_many_slow_bodies(client: Client, bench: Bench) -> None:
    """They take all places and no more; soon the places are free again."""

    async def never() -> dict[str, Any]:
        await asyncio.sleep(3600)
        return {}

    async def crowd() -> list[Sent]:
        slow = [
            client.ask("POST", "/add-checkpoint", receive=never, headers=[(b"content-length", b"5")])
            for _ in range(MOST_IN_FLIGHT + 3)
        ]
        return await asyncio.gather(*slow)

    found = [sent.status for sent in asyncio.run(crowd())]

    assert (found.count(408), found.count(503)) == (MOST_IN_FLIGHT, 3)
    assert client("POST", "/add-checkpoint", LOG.add(0, 7)).status == 200
    assert len(bench.events.of("request")) == MOST_IN_FLIGHT + 4


def test_a_defect_is_an_answer_without_words(bench: Bench, witness: OpenWitness) -> None:
    """500; the log names the kind of error and nothing else."""

    class Broken(type(witness.cosigner)):  # type: ignore[misc]  # a witness that fails
        def add_checkpoint(self, body: bytes) -> Answer:
            raise RuntimeError(f"secret {body!r}")

    broken = Broken.__new__(Broken)
    sent = Client(App(broken, log=bench.events))("POST", "/add-checkpoint", b"content")

    assert (sent.status, sent.body) == (500, b"Internal Server Error\n")
    assert bench.events.of("failure") == [{"error": "RuntimeError"}]


def test_the_log_holds_no_path_of_strangers(client: Client, bench: Bench) -> None:
    """Ours by name, anybody else's not at all."""
    for path in ("/add-checkpoint", MONITOR, "/secret-in-a-path"):
        client("GET", path)

    assert [event["path"] for event in bench.events.of("request")] == ["/add-checkpoint", "monitoring", "other"]


def test_what_is_no_request_is_left_alone(client: Client) -> None:
    """Lifespan and websockets have no place here."""
    sent: list[object] = []

    async def never() -> dict[str, Any]:
        raise AssertionError

    async def take(message: object) -> None:
        sent.append(message)

    asyncio.run(client.app({"type": "lifespan"}, never, take))

    assert sent == []
