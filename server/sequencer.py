"""One thread that writes (docs/adr/0024): whoever submits waits for it, and no failure of one stops the next.

Verification happens ahead, in a small pool; here only the order is made. An agency has one submission in flight
(`server/turns.py`), so that the queue holds at most one of each and they are taken in turn.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from ledger.errors import BusyError

T = TypeVar("T")


class _Job(Generic[T]):
    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self.done: Future[T] = Future()

    def run(self) -> None:
        """Do the work; whatever it raises belongs to who waits for it, never to the thread."""
        try:
            self.done.set_result(self._work())
        except BaseException as error:  # noqa: BLE001 — a waiter must get an answer, whatever went wrong
            self.done.set_exception(error)


class Sequencer:
    """Runs jobs one after the other on a thread of its own."""

    def __init__(self) -> None:
        """Start the thread."""
        self._jobs: queue.SimpleQueue[_Job[object] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="sequencer", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Return whether jobs are still taken."""
        return self._thread.is_alive() and not self._closed

    def run(self, work: Callable[[], T]) -> T:
        """Run `work` on the thread after all that came before, and return or raise what it does."""
        job = _Job(work)
        with self._lock:
            if self._closed:
                raise BusyError("the service is stopping", retry_after_seconds=5)
            self._jobs.put(job)  # type: ignore[arg-type]  # the queue asks for no result; its waiter does
        return job.done.result()

    def close(self) -> None:
        """Take no more jobs, finish those taken, end the thread."""
        with self._lock:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _loop(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()
