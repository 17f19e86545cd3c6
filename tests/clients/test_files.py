"""Files that survive a power cut, databases that survive two programs, folders read with suspicion."""

import os
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlcipher3 import dbapi2

from clients.database import open_database
from clients.durable import make_folder, sync_folder, write_file
from clients.errors import HomeError
from clients.sources import FolderLog
from ledger.errors import NotFoundError, TooLargeError
from ledger.tiles import TilePath
from ledger.wire import limits
from tests.support.keystores import DATABASE_KEY

TABLES = MetaData()
NOTES = Table("note", TABLES, Column("id", Integer, primary_key=True), Column("text", String, nullable=False))


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """Whoever has the old one open reads the old one to its end."""
    path = tmp_path / "file"
    write_file(path, b"old")
    with path.open("rb") as before:
        write_file(path, b"new and longer")
        assert before.read() == b"old"

    assert path.read_bytes() == b"new and longer"
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_a_crash_left_behind_is_overwritten(tmp_path: Path) -> None:
    """Half a file beside the good one is no obstacle, and never the good one."""
    path = tmp_path / "file"
    write_file(path, b"good")
    (tmp_path / "file.new").write_bytes(b"half")
    write_file(path, b"better")

    assert path.read_bytes() == b"better"
    assert not (tmp_path / "file.new").exists()


def test_a_link_in_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """A link that somebody planted leads no write elsewhere."""
    target = tmp_path / "target"
    target.write_bytes(b"untouched")
    (tmp_path / "file").symlink_to(target)
    write_file(tmp_path / "file", b"data")

    assert target.read_bytes() == b"untouched"
    assert not (tmp_path / "file").is_symlink()


def test_folders_are_made_private_with_those_above(tmp_path: Path) -> None:
    """Every one that was missing; what was there stays as it was."""
    tmp_path.chmod(0o755)
    make_folder(tmp_path / "a" / "b")

    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("", "a", "a/b")] == [0o755, 0o700, 0o700]
    make_folder(tmp_path / "a" / "b")


def test_a_name_is_synced_in_its_folder_alone(tmp_path: Path) -> None:
    """A file is no folder."""
    write_file(tmp_path / "file", b"x")
    sync_folder(tmp_path)
    with pytest.raises(OSError, match="directory"):
        sync_folder(tmp_path / "file")


def test_a_new_database_is_private_and_durable(tmp_path: Path) -> None:
    """Write-ahead log, every commit synced, deleted bytes overwritten, references kept."""
    engine = open_database(tmp_path / "notes.sqlite", TABLES, key=DATABASE_KEY)
    with engine.begin() as connection:
        connection.execute(insert(NOTES).values(id=1, text="x"))
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _PRAGMAS]
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    engine.dispose()

    assert found == ["wal", 2, 1, 1]
    assert modes == {0o600}


_PRAGMAS = ("journal_mode", "synchronous", "foreign_keys", "secure_delete")


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Not even its first half."""
    engine = open_database(tmp_path / "notes.sqlite", TABLES, key=DATABASE_KEY)

    def half() -> None:
        with engine.begin() as connection:
            connection.execute(insert(NOTES).values(id=1, text="x"))
            _ = 1 // 0

    with pytest.raises(ZeroDivisionError):
        half()
    with engine.begin() as connection:
        assert connection.execute(select(NOTES)).all() == []
    engine.dispose()


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    """The second begins when the first is done, instead of failing half-way."""
    engine = open_database(tmp_path / "notes.sqlite", TABLES, key=DATABASE_KEY)
    begun = threading.Event()
    order: list[str] = []

    def second() -> None:
        begun.wait()
        with engine.begin() as connection:
            order.append("second")
            connection.execute(insert(NOTES).values(id=2, text="x"))

    thread = threading.Thread(target=second)
    thread.start()
    with engine.begin() as connection:
        begun.set()
        thread.join(timeout=0.2)
        connection.execute(insert(NOTES).values(id=1, text="x"))
        order.append("first")
    thread.join()
    engine.dispose()

    assert order == ["first", "second"]


def test_an_empty_file_is_a_database_that_was_never_written(tmp_path: Path) -> None:
    """A crash between naming the file and its first table leaves one."""
    path = tmp_path / "notes.sqlite"
    path.touch(mode=0o600)
    engine = open_database(path, TABLES, key=DATABASE_KEY)
    with engine.begin() as connection:
        assert connection.execute(select(NOTES)).all() == []
    engine.dispose()


def test_a_link_is_not_followed_to_another_database(tmp_path: Path) -> None:
    """A dangling link that somebody planted makes no file elsewhere."""
    (tmp_path / "notes.sqlite").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="File exists"):
        open_database(tmp_path / "notes.sqlite", TABLES, key=DATABASE_KEY)

    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("raw", [b"x" * 4_096, b"SQLite format 3\x00" + b"\xff" * 4_080])
def test_a_damaged_database_is_told(tmp_path: Path, raw: bytes) -> None:
    """With its name, and that a backup is needed."""
    (tmp_path / "notes.sqlite").write_bytes(raw)
    with pytest.raises(HomeError, match="of the home cannot be opened") as caught:
        open_database(tmp_path / "notes.sqlite", TABLES, key=DATABASE_KEY)
    assert "backup" in caught.value.next_step


def test_another_program_with_the_key_reads_what_is_committed(tmp_path: Path) -> None:
    """It is SQLCipher 4 with a raw key and nothing of our own."""
    engine = open_database(tmp_path / "notes.sqlite", TABLES, key=DATABASE_KEY)
    with engine.begin() as connection:
        connection.execute(insert(NOTES).values(id=1, text="x"))
    with closing(dbapi2.connect(str(tmp_path / "notes.sqlite"))) as other:
        other.execute(f"PRAGMA key = \"x'{DATABASE_KEY.hex()}'\"")
        assert other.execute("SELECT text FROM note").fetchall() == [("x",)]
    engine.dispose()


def folder_log(folder: Path) -> FolderLog:
    """Return a folder with a checkpoint, a tile and a charter."""
    for path, data in (("checkpoint", b"note"), ("tile/0/000", b"tile"), ("v1/charters/1", b"charter")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return FolderLog(folder)


def test_a_folder_is_read_by_the_service_s_own_paths(tmp_path: Path) -> None:
    """A mirror, a backup and a stick look alike."""
    log = folder_log(tmp_path)

    assert log.checkpoint() == b"note"
    assert log.tile(TilePath.parse("tile/0/000")) == b"tile"
    assert log.charter(1) == b"charter"


def test_what_a_folder_lacks_is_named(tmp_path: Path) -> None:
    """By its path in the folder; a folder in place of a file is missing too."""
    log = folder_log(tmp_path)
    (tmp_path / "v1/charters/2").mkdir()

    for read in (lambda: log.charter(2), lambda: log.charter(3), lambda: log.tile(TilePath.parse("tile/0/001"))):
        with pytest.raises(NotFoundError, match="in this folder"):
            read()


def test_a_file_beyond_its_limit_is_not_read_whole(tmp_path: Path) -> None:
    """A folder from a stranger may hold anything."""
    log = folder_log(tmp_path)
    with (tmp_path / "checkpoint").open("wb") as file:
        file.truncate(limits.MAX_JSON_BYTES + 1)

    with pytest.raises(TooLargeError, match="checkpoint has more than"):
        log.checkpoint()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    """Like one that is missing."""
    log = folder_log(tmp_path)
    (tmp_path / "checkpoint").chmod(0)

    with pytest.raises(NotFoundError):
        log.checkpoint()
