"""The desk's one worker: it survives what its jobs do, does them at their times, and ends."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from clients.desk.working import STOP_SECONDS, Worker
from clients.errors import TrustError
from tests.support.fakes import FixedClock


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock at ten seconds past a full minute."""
    return FixedClock(1_800_000_010)


@pytest.fixture
def worker(clock: FixedClock) -> Iterator[Worker]:
    """Give a worker that is ended afterwards."""
    made = Worker(clock=clock, look_seconds=0.01)
    yield made
    made.stop()


def _until(holds: Callable[[], object]) -> None:
    """Wait until something holds; fail if it does not within ten seconds."""
    for _ in range(1_000):
        if holds():
            return
        time.sleep(0.01)
    pytest.fail("it did not come to that")


def _fails() -> None:
    raise TrustError("the service shows another history", next_step="tell the members")


def _breaks() -> None:
    raise ZeroDivisionError("SECRET")


def test_a_job_comes_round(worker: Worker, clock: FixedClock) -> None:
    """It is done at once, not again before its time, and then again."""
    done: list[int] = []
    worker.every(600, lambda: done.append(clock()), name="sync")
    worker.start()
    _until(lambda: len(done) == 1)
    clock.advance(599)
    time.sleep(0.1)
    assert len(done) == 1
    clock.advance(1)

    _until(lambda: len(done) == 2)
    assert worker.ran["sync"].failed is False


def test_a_job_on_the_minute_waits_for_it(worker: Worker, clock: FixedClock) -> None:
    """At which second somebody wrote must not show: what leaves, leaves at the full minute."""
    done: list[int] = []
    worker.every(60, lambda: done.append(clock()), name="letters", on_the_minute=True)
    worker.start()
    time.sleep(0.1)
    assert done == []
    for seconds in (50, 65, 55):
        before = len(done)
        clock.advance(seconds)
        _until(lambda before=before: len(done) > before)

    # The worker was late for the second one; the third is on the minute again.
    assert [at % 60 for at in done] == [0, 5, 0]


@pytest.mark.parametrize(("on_the_minute", "seconds"), [(False, 60), (True, 50)])
def test_a_clock_that_is_put_back_keeps_nothing_waiting(
    worker: Worker, clock: FixedClock, *, on_the_minute: bool, seconds: int
) -> None:
    """A machine that believed for an hour to be in another year fetches and sends again at the next turn, on the minute."""
    done: list[int] = []
    clock.advance(31_536_000)
    worker.every(60, lambda: done.append(clock()), name="letters", on_the_minute=on_the_minute)
    worker.wake("letters")
    worker.start()
    _until(lambda: len(done) == 1)
    clock.advance(-31_536_000)
    began = clock()
    _until(lambda: worker.due("letters") == began + seconds)
    clock.advance(seconds)

    _until(lambda: len(done) == 2)


def test_a_failing_job_ends_nothing(worker: Worker, clock: FixedClock) -> None:
    """What failed is tried again at its time; the others go on; what was wrong is kept to be shown."""
    done: list[int] = []
    worker.every(10, _fails, name="sync")
    worker.every(10, lambda: done.append(1), name="letters")
    worker.start()
    for count in range(1, 4):
        _until(lambda count=count: len(done) == count and "sync" in worker.ran)
        clock.advance(10)

    assert worker.ran["sync"].failed
    assert (worker.ran["sync"].kind, worker.ran["sync"].what) == (
        "TrustError",
        "the service shows another history; tell the members",
    )


def test_a_defect_is_kept_by_its_type_alone(worker: Worker) -> None:
    """What a defect says may hold content: neither log nor page is told more than its type."""
    with capture_logs() as logs:
        worker.every(10, _breaks, name="sync")
        worker.start()
        _until(lambda: "sync" in worker.ran)

    assert (worker.ran["sync"].kind, worker.ran["sync"].what) == ("ZeroDivisionError", "")
    assert "SECRET" not in repr(logs)
    assert logs == [{"job": "sync", "error": "ZeroDivisionError", "event": "job failed", "log_level": "warning"}]


def test_a_job_mends_itself(worker: Worker, clock: FixedClock) -> None:
    """Once it goes well again, nothing is left of the failure."""
    broken = [True]

    def job() -> None:
        if broken[0]:
            _fails()

    worker.every(10, job, name="sync")
    worker.start()
    _until(lambda: "sync" in worker.ran and worker.ran["sync"].failed)
    broken[0] = False
    clock.advance(10)

    _until(lambda: not worker.ran["sync"].failed)


def test_long_work_is_done_once_in_its_order(worker: Worker) -> None:
    """A second click on what runs or waits changes nothing; work is done one after the other."""
    begun, go_on, done = threading.Event(), threading.Event(), list[str]()

    def first() -> None:
        begun.set()
        go_on.wait(10)
        done.append("first")

    worker.start()
    assert worker.soon(first, name="import 1")
    begun.wait(10)
    assert not worker.soon(first, name="import 1")
    assert worker.soon(lambda: done.append("second"), name="import 2")
    assert not worker.soon(lambda: done.append("again"), name="import 2")
    assert worker.is_waiting("import 1")
    assert worker.is_waiting("import 2")
    go_on.set()

    _until(lambda: done == ["first", "second"])
    _until(lambda: not worker.is_waiting("import 2"))
    assert worker.soon(lambda: None, name="import 1")


def test_a_job_is_woken(worker: Worker, clock: FixedClock) -> None:
    """Somebody asks for it now: it does not wait for its time; an unknown name wakes nothing."""
    done: list[int] = []
    worker.every(600, lambda: done.append(clock()), name="sync")
    worker.start()
    _until(lambda: len(done) == 1)
    worker.wake("nothing")
    worker.wake("sync")

    _until(lambda: len(done) == 2)


def test_the_worker_ends_within_seconds(worker: Worker) -> None:
    """An idle worker ends at once and does nothing more."""
    done: list[int] = []
    worker.start()
    begun = time.monotonic()
    worker.stop()
    worker.soon(lambda: done.append(1), name="late")
    time.sleep(0.05)

    assert time.monotonic() - begun < STOP_SECONDS
    assert worker.is_ending
    assert done == []


def test_the_worker_ends_though_a_job_does_not(clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that hangs is left where it is: the program must be able to end."""
    monkeypatch.setattr("clients.desk.working.STOP_SECONDS", 0.2)  # the real five seconds would be the test's
    go_on, begun = threading.Event(), threading.Event()

    def hangs() -> None:
        begun.set()
        go_on.wait(20)

    worker = Worker(clock=clock)
    worker.start()
    worker.soon(hangs, name="long")
    begun.wait(10)
    started = time.monotonic()
    worker.stop()
    took = time.monotonic() - started
    go_on.set()

    assert took < 2


def test_a_worker_that_never_began_ends(clock: FixedClock) -> None:
    """A desk that did not get as far as starting its worker closes without waiting."""
    Worker(clock=clock).stop()
