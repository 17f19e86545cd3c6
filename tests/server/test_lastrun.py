"""When a service was last checked: two small files that any of the operator's commands may write."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from server import lastrun
from server.lastrun import LastRun


def test_two_checks_that_end_at_once_leave_one_whole_run(tmp_path: Path) -> None:
    """Neither fails for the other, and what is read is what one of them wrote."""
    path = tmp_path / lastrun.FSCK
    runs = [LastRun(at=at, size=at, broken=0) for at in range(200)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda run: lastrun.write(path, run), runs))

    assert lastrun.read(path) in runs
