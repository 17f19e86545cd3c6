"""A home's databases are encrypted: no byte of plaintext, one key in the keystore, old files changed over safely."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from clients.database import connect, open_database
from clients.encrypting import encrypt, encrypting, home_key
from clients.errors import HomeError
from clients.home import Home
from clients.keyring import WORKING_ROLES, Keyring, create_keystore, draw_keys
from tests.support.encrypted import plain_bytes
from tests.support.keystores import DATABASE_KEY, PASSPHRASE, WEAK

CANARY = "CANARY-7c1e94 من 刀"
TABLES = MetaData()
NOTES = Table("note", TABLES, Column("id", Integer, primary_key=True), Column("text", String, nullable=False))
ROWS = 300
STEPS = 8


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Give a home of an earlier version: a keystore without a key for databases."""
    found = Home(tmp_path)
    create_keystore(
        found.keystore, passphrase=PASSPHRASE, keys=draw_keys("xar-arms", WORKING_ROLES, first=4), cost=WEAK
    )
    return found


def keyring(home: Home) -> Keyring:
    """Return its keys as another program would find them."""
    return Keyring.open(home.keystore, passphrase=PASSPHRASE, allow_weak=True)


def write_plain(path: Path, *, rows: int = ROWS) -> None:
    """Write a database as earlier versions did, all of it in the file."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text VARCHAR NOT NULL)")
        connection.executemany("INSERT INTO note VALUES (?, ?)", [(at, f"{CANARY} {at}") for at in range(rows)])
    path.chmod(0o600)


def read(path: Path, key: bytes = DATABASE_KEY) -> list[str]:
    """Return what an encrypted database says."""
    engine = open_database(path, TABLES, key=key)
    with engine.begin() as connection:
        found = [row.text for row in connection.execute(select(NOTES).order_by(NOTES.c.id))]
    engine.dispose()
    return found


def everything(folder: Path) -> bytes:
    """Return every byte of every file of a home."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


SAID = [f"{CANARY} {at}" for at in range(ROWS)]


def test_no_byte_of_what_is_written_is_in_any_file(tmp_path: Path) -> None:
    """Not in the database, not in its log, not in what lies beside while it is open; the pages themselves have it."""
    path = tmp_path / "notes.sqlite"
    engine = open_database(path, TABLES, key=DATABASE_KEY)
    with engine.begin() as connection:
        connection.execute(insert(NOTES), [{"id": at, "text": text} for at, text in enumerate(SAID)])
        connection.execute(select(NOTES).order_by(NOTES.c.text.desc())).all()
        inside = everything(tmp_path)
    log = path.with_name("notes.sqlite-wal").stat().st_size
    while_open = everything(tmp_path)
    decrypted = plain_bytes(path, DATABASE_KEY)
    engine.dispose()

    assert log > 0
    for raw in (inside, while_open, everything(tmp_path)):
        assert CANARY.encode() not in raw
        assert b"SQLite format" not in raw
        assert b"CREATE TABLE" not in raw
    assert CANARY.encode() in decrypted


def test_sorting_and_indexing_leave_nothing_in_a_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit the cache is kept in memory: the temporary folder need not even exist."""
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path / "missing"))
    engine = open_database(tmp_path / "notes.sqlite", TABLES, key=DATABASE_KEY)
    with engine.begin() as connection:
        connection.execute(insert(NOTES), [{"id": at, "text": CANARY * 20} for at in range(5_000)])
        found = connection.execute(select(NOTES).order_by(NOTES.c.text, NOTES.c.id.desc())).all()
        stored = connection.exec_driver_sql("PRAGMA temp_store").scalar()
    engine.dispose()

    assert (len(found), stored) == (5_000, 2)


@pytest.mark.parametrize("key", [bytes(32), DATABASE_KEY[:-1] + b"\0"])
def test_a_wrong_key_opens_nothing_and_says_what_to_do(
    tmp_path: Path, key: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """The error names the file and the way out, and neither it nor the library prints a key."""
    open_database(tmp_path / "replica.sqlite", TABLES, key=DATABASE_KEY).dispose()
    with pytest.raises(HomeError, match=r"replica\.sqlite of the home cannot be opened.*key") as caught:
        open_database(tmp_path / "replica.sqlite", TABLES, key=key)

    assert "backup" in caught.value.next_step
    assert "synced anew" in caught.value.next_step
    written = capfd.readouterr()
    assert (written.out, written.err) == ("", "")
    assert key.hex() not in f"{caught.value!r} {caught.value.__cause__!r}".lower()


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_another_size_is_never_used(tmp_path: Path, size: int) -> None:
    """SQLCipher would stretch it as a passphrase, and nobody would know."""
    with pytest.raises(HomeError, match="key of the home's databases is damaged"):
        open_database(tmp_path / "notes.sqlite", TABLES, key=bytes(size))


def test_an_engine_shows_no_key(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Not in its repr, not in its URL, and not in what SQLAlchemy prints of its statements."""
    engine = open_database(tmp_path / "notes.sqlite", TABLES, key=DATABASE_KEY)
    engine.echo = True
    with engine.begin() as connection:
        connection.execute(select(NOTES)).all()
    shown = f"{engine!r} {engine.url!r} {engine.pool!r} {capfd.readouterr()}"
    engine.dispose()

    assert "SELECT note.id" in shown
    assert DATABASE_KEY.hex() not in shown


def test_a_plain_file_is_encrypted_where_it_lies(tmp_path: Path) -> None:
    """Every row is there, under the same name and mode, and no byte of the old file anywhere."""
    path = tmp_path / "replica.sqlite"
    write_plain(path)
    encrypt(path, key=DATABASE_KEY)

    assert read(path) == SAID
    assert path.stat().st_mode & 0o777 == 0o600
    assert CANARY.encode() not in everything(tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {"replica.sqlite"}


def test_the_log_of_a_killed_program_comes_along(tmp_path: Path) -> None:
    """What was committed and stands in the write-ahead log alone is neither lost nor left in the clear."""
    path, copy = tmp_path / "there.sqlite", tmp_path / "home"
    copy.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text VARCHAR NOT NULL)")
        connection.executemany("INSERT INTO note VALUES (?, ?)", list(enumerate(SAID)))
        connection.commit()
        for name in ("there.sqlite", "there.sqlite-wal"):
            (copy / name).write_bytes((tmp_path / name).read_bytes())
    encrypt(copy / "there.sqlite", key=DATABASE_KEY)

    assert read(copy / "there.sqlite") == SAID
    assert CANARY.encode() not in everything(copy)


def stopped(path: Path, steps: int) -> Iterator[str]:
    """Take so many steps and stop there, as a crash would."""
    work = encrypting(path, key=DATABASE_KEY)
    for _ in range(steps):
        next(work)
    return work


@pytest.mark.parametrize("steps", range(1, STEPS))
@pytest.mark.parametrize("again", [None, 2, 5])
def test_attack_a_crash_between_any_two_steps(tmp_path: Path, steps: int, again: int | None) -> None:
    """Whatever was reached, the next start ends it; a second crash on the way changes nothing."""
    path = tmp_path / "replica.sqlite"
    write_plain(path)
    stopped(path, steps)
    if again is not None and path.read_bytes().startswith(b"SQLite format"):
        stopped(path, again)
    encrypt(path, key=DATABASE_KEY)

    assert read(path) == SAID
    assert CANARY.encode() not in everything(tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {"replica.sqlite"}


def test_the_steps_are_those_that_the_crashes_try() -> None:
    """A step that is added is tried, too."""
    assert len(STEP_NAMES) == STEPS


STEP_NAMES = (
    "cleared",
    "kept the log's name",
    "folded the log",
    "exported",
    "kept the file's name",
    "replaced",
    "wiped",
    "done",
)


def test_steps_are_taken_in_their_order(tmp_path: Path) -> None:
    """The old file goes only after the new one is whole, checked and durable under the name."""
    path = tmp_path / "replica.sqlite"
    write_plain(path, rows=1)

    assert (*encrypting(path, key=DATABASE_KEY), "done") == STEP_NAMES


def test_a_file_that_another_program_has_open_is_left_alone(tmp_path: Path) -> None:
    """An older version that still runs would write into the old file; whoever ends it may try again."""
    path = tmp_path / "replica.sqlite"
    write_plain(path)
    # Two copies of SQLite in one process do not see each other's locks: the other one is opened by the same library.
    with closing(connect(path, key=None)) as other:
        other.execute("SELECT count(*) FROM note").fetchone()
        with pytest.raises(HomeError, match="another program uses it") as caught:
            encrypt(path, key=DATABASE_KEY)
    assert "end every other" in caught.value.next_step
    assert path.read_bytes().startswith(b"SQLite format")
    encrypt(path, key=DATABASE_KEY)

    assert read(path) == SAID


def test_a_damaged_plain_file_is_not_replaced(tmp_path: Path) -> None:
    """What can be saved from it is the owner's to decide."""
    path = tmp_path / "replica.sqlite"
    raw = b"SQLite format 3\x00" + b"\xff" * 4_080
    path.write_bytes(raw)
    with pytest.raises(HomeError, match="cannot be encrypted") as caught:
        encrypt(path, key=DATABASE_KEY)

    assert "backup" in caught.value.next_step
    assert path.read_bytes() == raw


def test_the_old_file_is_overwritten_and_not_only_unlinked(tmp_path: Path) -> None:
    """Whoever still has it open reads zeros."""
    path = tmp_path / "replica.sqlite"
    write_plain(path)
    with path.open("rb") as old:
        encrypt(path, key=DATABASE_KEY)
        left = old.read()

    assert left == bytes(len(left))
    assert len(left) > len(SAID) * len(CANARY)


def test_an_empty_or_missing_file_is_nothing_to_encrypt(tmp_path: Path) -> None:
    """A crash between naming a file and its first table leaves an empty one."""
    (tmp_path / "empty.sqlite").touch(mode=0o600)
    for name in ("empty.sqlite", "missing.sqlite"):
        encrypt(tmp_path / name, key=DATABASE_KEY)

    assert read(tmp_path / "empty.sqlite") == []
    assert not (tmp_path / "missing.sqlite").exists()


def test_a_home_of_an_earlier_version_is_changed_over_once_and_told(home: Home) -> None:
    """The key is drawn into the keystore, every file is encrypted, and the person hears to back the keystore up."""
    write_plain(home.replica)
    write_plain(home.outbox)
    told: list[str] = []
    key = home_key(home, keyring(home), tell=told.append)
    again = home_key(home, keyring(home), tell=told.append)

    assert key == again == keyring(home).database_key()
    assert len(key) == 32
    assert [text.split()[0] for text in told] == ["outbox.sqlite", "replica.sqlite"]
    assert all("back the keystore up" in text for text in told)
    assert read(home.replica, key) == read(home.outbox, key) == SAID
    assert CANARY.encode() not in everything(home.path)
    assert key not in everything(home.path)


def test_a_change_over_that_crashed_is_ended_by_the_next_command(home: Home) -> None:
    """Even where the new file is in its place already and only the old one is still to be overwritten."""
    key = home_key(home, keyring(home), tell=lambda _text: None)
    write_plain(home.replica)
    work = encrypting(home.replica, key=key)
    for _ in range(6):
        next(work)
    assert CANARY.encode() in everything(home.path)
    home_key(home, keyring(home), tell=lambda _text: None)

    assert CANARY.encode() not in everything(home.path)
    assert read(home.replica, key) == SAID


def test_two_first_commands_at_once_draw_one_key(home: Home) -> None:
    """The second finds what the first drew, though its keystore was opened before."""
    rings = [keyring(home) for _ in range(4)]
    write_plain(home.replica)
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda ring=ring: found.append(home_key(home, ring, tell=lambda _text: None)))
        for ring in rings
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert len(set(found)) == 1
    assert read(home.replica, found[0]) == SAID


def test_attack_a_keystore_from_before_the_key_hides_no_loss(home: Home) -> None:
    """Restored from an old backup it holds no key: none is drawn over encrypted files, and the person hears why."""
    open_database(home.replica, TABLES, key=os.urandom(32)).dispose()
    with pytest.raises(HomeError, match=r"no key for replica\.sqlite") as caught:
        home_key(home, keyring(home), tell=lambda _text: None)

    assert "restore the keystore" in caught.value.next_step
    assert keyring(home).database_key() is None
    home.replica.unlink()
    assert home_key(home, keyring(home), tell=lambda _text: None) == keyring(home).database_key()


def test_attack_a_linked_name_is_not_followed(tmp_path: Path) -> None:
    """A link planted under the name of the new file leads no write elsewhere."""
    path = tmp_path / "replica.sqlite"
    write_plain(path)
    (tmp_path / "replica.sqlite.encrypting").symlink_to(tmp_path / "elsewhere")
    encrypt(path, key=DATABASE_KEY)

    assert not (tmp_path / "elsewhere").exists()
    assert read(path) == SAID
