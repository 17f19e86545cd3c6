"""Bodies that come slowly, never end, or are too large: against the real server program on loopback."""

import os
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress

import pytest

from ledger.kinds import Role
from ledger.statements import SealedStatement
from ledger.wire import limits, paths
from tests.support.consortium import Consortium, make_consortium, make_key
from tests.support.processes import PATIENCE_SECONDS, Running, consortium_config, serving, status_of
from tests.support.services import SignedRequest, body_of, sign_request

STRANGER = "127.0.0.2"
ME, OTHER = "xaa-arms", "xab-arms"
KEY_HEAD = f"POST {paths.KEYS} HTTP/1.1\r\nHost: ledger\r\nContent-Type: {paths.KEY_TYPE}\r\n"
BUSY = 503


@pytest.fixture
def slow(running: Running) -> Iterator[list[socket.socket]]:
    """Give a list of connections to be closed, and wait until the service has noticed that they are."""
    with ExitStack() as stack:
        found: list[socket.socket] = []
        stack.callback(lambda: [connection.close() for connection in found])
        yield found
    for _ in range(100):
        if running.get(paths.HEALTHZ)[0] == 200:
            break
        time.sleep(0.05)


def signed(consortium: Consortium, agency: str, body: bytes) -> SignedRequest:
    """Return a batch request signed now."""
    sign, kid = consortium.signing(agency, Role.HTTP)
    return sign_request(
        "POST",
        paths.BATCHES,
        sign=sign,
        kid=kid,
        created=int(time.time()),
        nonce=os.urandom(16),
        body=body,
        content_type=paths.BATCH_TYPE,
    )


def half_of(request: SignedRequest) -> bytes:
    """Return the first half of a request as it goes over the wire."""
    body = request.body or b""
    fields = [*request.headers, ("Host", "ledger"), ("Content-Length", str(len(body)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"POST {request.path} HTTP/1.1\r\n{head}\r\n".encode() + body[: len(body) // 2]


def log_batch(running: Running, consortium: Consortium, agency: str, statements: Sequence[SealedStatement]) -> int:
    """Log a batch in the service and in the consortium's own log; return the status."""
    entry = consortium.batch(agency, statements)
    status, _ = running.send(signed(consortium, agency, body_of(entry, statements)))
    consortium.submit_batch_entry(entry, statements)
    return status


def statuses(connections: Sequence[socket.socket]) -> list[int | None]:
    """Return what each connection was answered so far."""
    return [status_of(connection, seconds=0.5 if number else 2.0) for number, connection in enumerate(connections)]


def test_attack_twenty_half_sent_key_entries(
    running: Running, consortium: Consortium, slow: list[socket.socket]
) -> None:
    """One address that never ends its bodies keeps nobody from reading, submitting, or ending a stolen key."""
    half = f"{KEY_HEAD}Content-Length: 60000\r\n\r\n".encode() + b"x" * 100
    slow += [running.raw(half, source=STRANGER) for _ in range(20)]

    answers = statuses(slow)
    checkpoint, _ = running.get(paths.CHECKPOINT)
    batch = log_batch(running, consortium, ME, [consortium.grant(ME, consortium.ids)])
    stolen = consortium.newest(OTHER, Role.HTTP)
    entry = consortium.key_entry(
        OTHER, add=[make_key(stolen.kid._replace(number=40), Role.HTTP, stolen.algorithm)], end=[stolen.kid]
    )
    revoked, _ = running.post(paths.KEYS, entry, paths.KEY_TYPE)
    consortium.submit_key_entry(entry)

    assert answers.count(None) == 2
    assert answers.count(BUSY) == 18
    assert (checkpoint, batch, revoked) == (200, 201, 201)


def test_attack_twenty_half_sent_batches_of_one_agency(
    running: Running, consortium: Consortium, slow: list[socket.socket]
) -> None:
    """An agency has a few places for bodies: with all of them held, every other agency submits as ever."""
    body = os.urandom(20_000)
    slow += [running.raw(half_of(signed(consortium, ME, body))) for _ in range(20)]

    answers = statuses(slow)
    batch = log_batch(running, consortium, OTHER, [consortium.grant(OTHER, consortium.ids)])

    assert answers.count(None) == 4
    assert answers.count(BUSY) == 16
    assert batch == 201


def test_attack_two_hundred_half_sent_headers(running: Running, slow: list[socket.socket]) -> None:
    """A request whose head never ends holds a connection and no thread."""
    slow += [running.raw(KEY_HEAD.encode()) for _ in range(200)]

    started = time.monotonic()
    status, _ = running.get(paths.CHECKPOINT)

    assert status == 200
    assert time.monotonic() - started < PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("path", "media", "most"),
    [
        (paths.KEYS, paths.KEY_TYPE, limits.MAX_ENTRY_BYTES),
        (paths.CHARTERS, paths.CHARTER_TYPE, limits.MAX_CHARTER_BYTES),
        (paths.BATCHES, paths.BATCH_TYPE, limits.MAX_BATCH_BYTES),
        (paths.BLOBS, paths.JSON_TYPE, limits.MAX_BLOBS_REQUEST_BYTES),
    ],
)
def test_attack_a_body_above_its_limit_is_refused_unread(
    running: Running, slow: list[socket.socket], path: str, media: str, most: int
) -> None:
    """One byte more than a path takes is refused when it is announced: nothing of it needs to be sent."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {media}\r\nContent-Length: {most + 1}\r\n\r\n"
    slow.append(running.raw(head.encode()))

    assert status_of(slow[0]) == 413


@pytest.mark.parametrize(
    "length",
    [
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0",
        "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "Content-Length: 2, 2\r\n\r\n{}",
        "Content-Length: +2\r\n\r\n{}",
        "Content-Length: 0x2\r\n\r\n{}",
        "Content-Length : 2\r\n\r\n{}",
    ],
    ids=["chunked", "both", "identity", "two lengths", "a list", "a sign", "hexadecimal", "a space"],
)
def test_attack_a_body_of_two_lengths(running: Running, slow: list[socket.socket], length: str) -> None:
    """What two servers could read as two different requests is read as none."""
    slow.append(running.raw(f"{KEY_HEAD}{length}\r\n\r\n".encode()))

    assert status_of(slow[0]) in {400, 413}


def test_attack_a_second_request_inside_a_body(running: Running, slow: list[socket.socket]) -> None:
    """A body is as long as it says: what follows it is a request of its own, judged on its own."""
    hidden = f"GET {paths.FEED}?after=-1 HTTP/1.1\r\nHost: x\r\n\r\n"
    slow.append(running.raw(f"{KEY_HEAD}Content-Length: 2\r\n\r\n{{}}{hidden}".encode()))

    answers = b""
    with suppress(TimeoutError):
        slow[0].settimeout(2.0)
        while more := slow[0].recv(65_536):
            answers += more

    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"400", b"401"]


def test_attack_a_head_of_a_megabyte(running: Running, slow: list[socket.socket]) -> None:
    """A head above 16 KiB is not collected to its end."""
    with suppress(BrokenPipeError, ConnectionResetError):  # it may hang up while the head still comes
        slow.append(running.raw(f"{KEY_HEAD}X-Large: {'x' * 2**20}\r\n\r\n".encode()))
        assert status_of(slow[0]) in {400, 431}

    assert running.get(paths.HEALTHZ)[0] == 200


@pytest.mark.slow
def test_attack_a_body_without_an_end_does_not_keep_the_service_from_stopping(
    consortium: Consortium, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """An operator can always stop the service, and start it again over the same log."""
    config = consortium_config(tmp_path_factory.mktemp("stopping") / "data", make_consortium())
    with ExitStack() as held, serving(config) as found:
        assert found.post(paths.CHARTERS, consortium.charter_file, paths.CHARTER_TYPE)[0] == 201
        held.enter_context(found.raw(f"{KEY_HEAD}Content-Length: 60000\r\n\r\nx".encode()))
        _, before = found.get(paths.CHECKPOINT)
    with serving(config) as again:
        assert again.get(paths.CHECKPOINT) == (200, before)
