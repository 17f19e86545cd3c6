"""A private file: for its owner alone, replaced whole or not at all."""

import os
import resource
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType

import pytest

from crypto import privatefile
from crypto.errors import KeystoreError


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Run with another umask."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def full_disk() -> Iterator[None]:
    """Run with no room for a single byte more, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a private file that says b"old"."""
    path = tmp_path / "keystore"
    privatefile.replace(path, b"old")
    return path


def test_what_is_written_is_read(path: Path) -> None:
    """A private file holds exactly the last bytes put in its place."""
    privatefile.replace(path, b"new and longer")
    assert privatefile.read(path, limit=14) == b"new and longer"

    privatefile.replace(path, b"")
    assert privatefile.read(path, limit=14) == b""


@pytest.mark.parametrize("mask", [0, 0o022, 0o777])
def test_only_the_owner_may_read_it(tmp_path: Path, mask: int) -> None:
    """Whatever the umask, the file is born with mode 0600 and was never open to others."""
    path = tmp_path / "keystore"
    with umask(mask):
        privatefile.replace(path, b"x")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert privatefile.read(path, limit=1) == b"x"


@pytest.mark.parametrize("mode", [0o000, 0o400, 0o604, 0o606, 0o610, 0o620, 0o640, 0o644, 0o660, 0o700, 0o1600, 0o4600])
def test_a_file_of_another_mode_is_refused(path: Path, mode: int) -> None:
    """A file that others could read or write is not opened: its secrets must be taken for known."""
    path.chmod(mode)

    with pytest.raises((KeystoreError, PermissionError)):
        privatefile.read(path, limit=100)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_file_of_another_user_is_refused(path: Path) -> None:
    """A file planted by somebody else is not opened, even if its mode is right."""
    os.chown(path, 12_345, -1)

    with pytest.raises(KeystoreError, match="another user"):
        privatefile.read(path, limit=100)


def test_attack_link_in_place_of_the_file(path: Path, tmp_path: Path) -> None:
    """A symbolic link is not followed, so nobody swaps the file under the check."""
    link = tmp_path / "link"
    link.symlink_to(path)

    with pytest.raises(OSError, match="symbolic links"):
        privatefile.read(link, limit=100)


def test_attack_pipe_in_place_of_the_file(tmp_path: Path) -> None:
    """A named pipe is refused at once and does not hang the program."""
    os.mkfifo(tmp_path / "pipe", 0o600)

    with pytest.raises(KeystoreError, match="regular"):
        privatefile.read(tmp_path / "pipe", limit=100)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder is no private file."""
    with pytest.raises(KeystoreError, match="regular"):
        privatefile.read(tmp_path, limit=100)


def test_the_limit_comes_before_the_content(path: Path) -> None:
    """A file longer than its limit is refused, one of just its limit is read."""
    assert privatefile.read(path, limit=3) == b"old"

    with pytest.raises(KeystoreError, match="larger than 2 bytes"):
        privatefile.read(path, limit=2)


def test_reading_leaves_no_descriptor_open(path: Path, tmp_path: Path) -> None:
    """Neither reading nor refusing to read uses up descriptors."""
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(3):
        privatefile.read(path, limit=100)
        with pytest.raises(KeystoreError):
            privatefile.read(tmp_path, limit=100)
        with privatefile.locked(path):
            privatefile.replace(path, b"x")

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_power_cut_finds_the_old_bytes_or_the_new(path: Path) -> None:
    """The new bytes are on the disk before the name points to them, and the name is before the call returns."""
    calls: list[str] = []

    def note(_frame: FrameType, event: str, called: object) -> None:
        if event == "c_call":
            calls.append(getattr(called, "__name__", ""))

    sys.setprofile(note)
    try:
        privatefile.replace(path, b"new")
    finally:
        sys.setprofile(None)

    order = [name for name in calls if name in {"write", "flush", "fsync", "replace"}]
    assert order == ["write", "flush", "fsync", "replace", "fsync"]


def test_a_full_disk_loses_nothing(path: Path) -> None:
    """When the new bytes cannot be written, the old ones stay, and the next attempt works."""
    with full_disk(), pytest.raises(OSError, match="large"):
        privatefile.replace(path, b"new")
    assert privatefile.read(path, limit=100) == b"old"

    privatefile.replace(path, b"new")
    assert privatefile.read(path, limit=100) == b"new"


def test_what_a_crash_left_behind_is_no_obstacle(path: Path) -> None:
    """Half a new file, left by a program that died while writing, is thrown away, even if it is a link."""
    path.with_name("keystore.new").symlink_to("/dev/full")

    privatefile.replace(path, b"new")

    assert privatefile.read(path, limit=100) == b"new"
    assert sorted(item.name for item in path.parent.iterdir()) == ["keystore"]


Lock = Callable[[Path], AbstractContextManager[object]]
BOTH = pytest.mark.parametrize("lock", [privatefile.locked, privatefile.held])


@BOTH
def test_writers_wait_for_each_other(path: Path, lock: Lock) -> None:
    """While one handle holds the lock, another one waits, and then gets its turn."""
    order = []
    waiting = threading.Event()

    def second() -> None:
        waiting.set()
        with lock(path):
            order.append("second")

    worker = threading.Thread(target=second)
    with lock(path):
        worker.start()
        waiting.wait()
        worker.join(timeout=0.05)
        order.append("first")
    worker.join()

    assert order == ["first", "second"]


@BOTH
def test_the_lock_is_released_when_a_writer_fails(path: Path, lock: Lock) -> None:
    """A writer that raises does not lock everybody out."""
    with pytest.raises(ZeroDivisionError), lock(path):
        raise ZeroDivisionError

    with lock(path):
        assert privatefile.read(path, limit=100) == b"old"


def test_a_file_that_is_held_is_read_and_written_in_place(path: Path) -> None:
    """Whoever holds it has the file itself: nothing is put in its place."""
    number = path.stat().st_ino
    with privatefile.held(path) as descriptor:
        assert os.pread(descriptor, 100, 0) == b"old"
        os.pwrite(descriptor, b"new", 0)

    assert privatefile.read(path, limit=3) == b"new"
    assert path.stat().st_ino == number


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660])
def test_a_file_that_others_may_read_is_not_held(path: Path, mode: int) -> None:
    """It is checked as for reading, and so is a link; one that is missing is not made."""
    path.chmod(mode)
    link = path.with_name("link")
    link.symlink_to(path)
    for place, error in ((path, KeystoreError), (link, OSError), (path.with_name("none"), FileNotFoundError)):
        with pytest.raises(error), privatefile.held(place):
            raise AssertionError
