"""The thread that writes: order, answers for every waiter, and no failure that stops it."""

import threading
import time

import pytest

from ledger.errors import BusyError
from server.sequencer import Sequencer


def test_jobs_run_one_after_the_other_on_one_thread() -> None:
    """Whoever submits, the work is done on the sequencer's thread."""
    sequencer = Sequencer()

    names = {sequencer.run(lambda: threading.current_thread().name) for _ in range(3)}

    assert names == {"sequencer"}
    sequencer.close()


def test_jobs_never_overlap() -> None:
    """Two jobs are never worked on at the same time."""
    sequencer = Sequencer()
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.001)
        inside.pop()

    threads = [threading.Thread(target=sequencer.run, args=(work,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1] * 8
    sequencer.close()


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1), KeyboardInterrupt()])
def test_a_failure_belongs_to_its_waiter(error: BaseException) -> None:
    """Whatever a job raises reaches who waits for it, and the next job is done."""
    sequencer = Sequencer()

    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        sequencer.run(fail)

    assert sequencer.run(lambda: 7) == 7
    assert sequencer.is_alive
    sequencer.close()


def test_closing_finishes_what_was_taken_and_takes_no_more() -> None:
    """A stop loses nothing that was promised, and hangs nobody."""
    sequencer = Sequencer()
    begun, done = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        time.sleep(0.02)
        done.set()

    waiter = threading.Thread(target=sequencer.run, args=(slow,))
    waiter.start()
    begun.wait()

    sequencer.close()

    assert done.is_set()
    assert not sequencer.is_alive
    with pytest.raises(BusyError, match="stopping"):
        sequencer.run(lambda: None)
    waiter.join()


def test_closing_twice_is_closing_once() -> None:
    """A stop that is asked for again does not hang."""
    sequencer = Sequencer()
    sequencer.close()

    sequencer.close()

    assert not sequencer.is_alive
