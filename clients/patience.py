"""Reads that find no room are asked again: a log is many files, and a front gives each address so many a second."""

from collections.abc import Callable
from http import HTTPStatus

from clients.problems import problem_error
from clients.transport import Request, Response, Transport
from ledger.errors import BusyError
from ledger.wire import paths

MOST_TRIES = 5


class PatientTransport:
    """A transport that waits as long as it is told before it sends a read again.

    What changes something is not repeated here: whoever sends it knows what the first sending may have done.
    """

    def __init__(self, inner: Transport, *, sleep: Callable[[float], None]) -> None:
        """Take the way to the service, and how to wait."""
        self._inner = inner
        self._sleep = sleep

    def send(self, request: Request, *, limit: int) -> Response:
        """Return the answer, the last one if there was no room at any time."""
        answer = self._inner.send(request, limit=limit)
        for _ in range(MOST_TRIES - 1):
            if not (_only_reads(request) and _is_busy(answer)):
                break
            self._sleep(answer.retry_after_seconds)
            answer = self._inner.send(request, limit=limit)
        return answer


def _only_reads(request: Request) -> bool:
    return request.method == "GET" or request.path == paths.BLOBS


def _is_busy(answer: Response) -> bool:
    return answer.status == HTTPStatus.SERVICE_UNAVAILABLE and isinstance(problem_error(answer), BusyError)
