"""A folder is held by one program at a time (server/holding.py)."""

import multiprocessing
import threading
import time
from pathlib import Path

import pytest

from server.holding import held


class TakenError(Exception):
    """What the holder's rival is told."""


def test_a_folder_is_held_once(tmp_path: Path) -> None:
    """Whoever comes second is told so, and nothing is done."""
    with held(tmp_path, taken=TakenError()), pytest.raises(TakenError), held(tmp_path, taken=TakenError()):
        pytest.fail("both held it")


def test_a_folder_is_free_once_its_holder_left(tmp_path: Path) -> None:
    """Nothing is left behind that keeps the next one out."""
    with held(tmp_path, taken=TakenError()):
        pass
    with held(tmp_path, taken=TakenError()):
        assert list(tmp_path.iterdir()) == []


def test_whoever_is_just_leaving_is_waited_for(tmp_path: Path) -> None:
    """A restart does not fail because the one before has not ended yet."""
    entered = threading.Event()

    def hold() -> None:
        with held(tmp_path, taken=TakenError()):
            entered.set()
            time.sleep(0.3)

    before = threading.Thread(target=hold)
    before.start()
    assert entered.wait(60)
    with held(tmp_path, taken=TakenError(), patience_seconds=60):
        before.join()


def test_a_worker_that_outlives_its_parent_still_holds_the_folder(tmp_path: Path) -> None:
    """A process that was forked meanwhile goes on serving, so that the folder is not free before it has ended."""
    forked = multiprocessing.get_context("fork")
    end = forked.Event()
    worker = forked.Process(target=end.wait, args=(60,))
    with held(tmp_path, taken=TakenError()):
        worker.start()
    try:
        with pytest.raises(TakenError), held(tmp_path, taken=TakenError()):
            pytest.fail("the worker still serves")
    finally:
        end.set()
        worker.join()
    with held(tmp_path, taken=TakenError()):
        pass


def test_what_is_no_folder_cannot_be_held(tmp_path: Path) -> None:
    """A folder that is not there is an error of its own, and is not made."""
    with pytest.raises(OSError, match="missing"), held(tmp_path / "missing", taken=TakenError()):
        pytest.fail("it is not there")
