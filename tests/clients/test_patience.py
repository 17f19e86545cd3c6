"""Reads wait for room, and nothing else is sent twice."""

from collections.abc import Iterator, Sequence

import pytest

from clients.patience import MOST_TRIES, PatientTransport
from clients.transport import Request, Response
from ledger.wire import paths
from tests.support.refusals import BUSY, refused

DONE = Response(status=200, content_type="text/plain", body=b"tile")
READ = Request(method="GET", path="/tile/0/000")


class Front:
    """A front that answers in this order, and notes what it was sent."""

    def __init__(self, answers: Sequence[Response]) -> None:
        """Take the answers."""
        self._answers: Iterator[Response] = iter(answers)
        self.asked: list[Request] = []
        self.slept: list[float] = []

    def send(self, request: Request, *, limit: int) -> Response:
        """Return the next answer."""
        assert limit == 9
        self.asked.append(request)
        return next(self._answers)

    def ask(self, request: Request) -> Response:
        """Send a request with patience."""
        return PatientTransport(self, sleep=self.slept.append).send(request, limit=9)


@pytest.mark.parametrize("request_", [READ, Request(method="POST", path=paths.BLOBS, body=b"{}")])
def test_a_read_waits_as_long_as_it_is_told_and_is_sent_again(request_: Request) -> None:
    """A long log is read to its end through a front that counts requests."""
    front = Front([BUSY, BUSY, DONE])

    assert front.ask(request_) == DONE
    assert front.slept == [2, 2]
    assert front.asked == [request_] * 3


def test_patience_ends() -> None:
    """A front that never has room is told on as what it said."""
    front = Front([BUSY] * MOST_TRIES)

    assert front.ask(READ) == BUSY
    assert len(front.slept) == MOST_TRIES - 1


@pytest.mark.parametrize("path", [paths.BATCHES, paths.CHARTERS, paths.KEYS, paths.MATCHES])
def test_what_changes_something_is_sent_once(path: str) -> None:
    """Whoever submits decides about a second sending."""
    front = Front([BUSY])

    assert front.ask(Request(method="POST", path=path, body=b"x")) == BUSY
    assert front.slept == []


@pytest.mark.parametrize(
    "answer", [DONE, refused("unwitnessed"), Response(status=503, content_type="text/html", body=b"<p>busy")]
)
def test_any_other_answer_is_the_answer(answer: Response) -> None:
    """Only a refusal for want of room, in the service's own words, is worth the wait."""
    front = Front([answer])

    assert front.ask(READ) == answer
    assert front.slept == []
