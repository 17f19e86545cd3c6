"""One witness over HTTP: a cap on every answer, one deadline for all of it, and nothing else believed."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from server.errors import WitnessError
from server.publishing.link import MAX_ANSWER_BYTES, Link

Handle = Callable[[socket.socket], None]


def whole_request(connection: socket.socket) -> bytes:
    """Return head and body of a request, in however many pieces they come."""
    head, body, length = b"", b"", 0
    while b"\r\n\r\n" not in head and (piece := connection.recv(65_536)):
        head += piece
    head, end, body = head.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    while len(body) < length and (piece := connection.recv(65_536)):
        body += piece
    return head + end + body


class Listener:
    """A socket that answers each connection as it is told to, and keeps what was asked."""

    def __init__(self, handle: Handle) -> None:
        """Listen on a free port of this machine."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._handle = handle
        self.asked: list[bytes] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        """Stop listening."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                try:
                    self.asked.append(whole_request(connection))
                    self._handle(connection)
                except OSError:
                    continue


@pytest.fixture
def listen() -> Iterator[Callable[[Handle], Listener]]:
    """Return what makes listeners, closed at the end."""
    made: list[Listener] = []

    def make(handle: Handle) -> Listener:
        made.append(Listener(handle))
        return made[-1]

    yield make
    for one in made:
        one.close()


def link_to(listener: Listener, *, seconds: float = 5.0, path: str = "") -> Link:
    """Return a link to a listener."""
    return Link(listener.url + path, seconds=seconds, timer=time.monotonic)


def answer(body: bytes, *, status: str = "200 OK", length: int | None = None) -> Handle:
    """Return what sends one whole answer."""
    size = len(body) if length is None else length
    # It says that it closes: else the next request could go out before the end of the connection has come in.
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {size}\r\n\r\n"
    return lambda connection: connection.sendall(head.encode() + body)


def test_what_a_witness_says_is_returned_whole(listen: Callable[[Handle], Listener]) -> None:
    """Status, type and body as they came; the paths are those of tlog-witness below the address."""
    listener = listen(answer(b"lines\n", status="409 Conflict"))
    link = link_to(listener, path="/below")

    found = link.add_checkpoint(b"old 0\n")
    again = link.latest("log.test/weapons")
    link.close()

    assert (found.status, found.content_type, found.body) == (409, "text/plain", b"lines\n")
    assert again.status == 409
    assert listener.asked[0].startswith(b"POST /below/add-checkpoint HTTP/1.1\r\n")
    assert listener.asked[0].endswith(b"\r\n\r\nold 0\n")
    assert listener.asked[1].startswith(b"GET /below/")
    assert b"/checkpoint HTTP/1.1\r\n" in listener.asked[1]


def test_a_huge_answer_is_not_read_to_its_end(listen: Callable[[Handle], Listener]) -> None:
    """More than the cap, announced or not, is thrown away."""
    link = link_to(listen(answer(b"x" * (MAX_ANSWER_BYTES + 1))))

    with pytest.raises(WitnessError, match="more than"):
        link.add_checkpoint(b"old 0\n")
    link.close()


def _drip(part: bytes) -> Handle:
    def handle(connection: socket.socket) -> None:
        connection.sendall(part)
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.05)

    return handle


@pytest.mark.parametrize(
    "handle",
    [
        _drip(b"HTTP/1.1 200 OK\r\nX-Slow: "),
        _drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        lambda _connection: time.sleep(2),
    ],
    ids=["dripping headers", "a dripping body", "silence"],
)
def test_a_slow_witness_holds_its_thread_until_the_deadline_alone(
    listen: Callable[[Handle], Listener], handle: Handle
) -> None:
    """A byte now and then starts no new wait: the deadline is that of the whole exchange."""
    link = link_to(listen(handle), seconds=0.4)
    started = time.monotonic()

    with pytest.raises(WitnessError, match="no answer"):
        link.add_checkpoint(b"old 0\n")
    link.close()

    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(
    "handle",
    [
        lambda connection: connection.sendall(b"not http at all\r\n\r\n"),
        lambda connection: connection.close(),
        answer(b"half", length=100),
    ],
    ids=["garbage", "hanging up", "half a body"],
)
def test_a_broken_answer_is_no_answer(listen: Callable[[Handle], Listener], handle: Handle) -> None:
    """It is said in one word, and nothing of it is quoted."""
    link = link_to(listen(handle))

    with pytest.raises(WitnessError, match=r"no answer \(\w+\)"):
        link.add_checkpoint(b"old 0\n")
    link.close()


def test_a_redirect_is_not_followed(listen: Callable[[Handle], Listener]) -> None:
    """A checkpoint goes where the operator said, and nowhere else."""
    listener = listen(answer(b"", status="307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/"))
    link = link_to(listener)

    assert link.add_checkpoint(b"old 0\n").status == 307
    assert len(listener.asked) == 1
    link.close()


def test_a_witness_that_is_not_there(listen: Callable[[Handle], Listener]) -> None:
    """A refused connection is no answer, like any other silence."""
    listener = listen(answer(b""))
    link = link_to(listener)
    listener.close()
    listener._socket = socket.create_server(("127.0.0.1", 0))

    with pytest.raises(WitnessError, match="no answer"):
        link.add_checkpoint(b"old 0\n")
    link.close()
