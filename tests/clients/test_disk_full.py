"""A disk that is full, or a file in use: nothing is called damaged, and nobody is sent for an old backup."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from clients.cli.exits import Exit, code_of, next_step
from clients.database import empty_log, open_database
from clients.durable import rewrite_file
from clients.errors import ClientError, HomeError
from clients.outbox import Outbox
from clients.outboxrows import Letter
from clients.outboxtables import TABLES
from crypto.errors import KeystoreError
from crypto.keystore import Keystore, Secret
from tests.support.keystores import DATABASE_KEY, PASSPHRASE, WEAK

LETTER = Letter(to="xbe-cib", kind="refusal", thread=bytes(16), re=None, body=bytes(200_000))


@contextmanager
def full(at: int) -> Iterator[None]:
    """Let no file of this process be written beyond a byte: as on a disk without room, with EFBIG for ENOSPC."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (at, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def made(path: Path) -> Outbox:
    """Return an outbox with one letter in it."""
    outbox = Outbox(path, key=DATABASE_KEY)
    outbox.write_letters([LETTER])
    return outbox


def on_pooled(engine: Engine, pragma: str) -> None:
    """Set a pragma on the connection that the engine uses next."""
    connection = engine.raw_connection()
    connection.cursor().execute(f"PRAGMA {pragma}")
    connection.close()


def require_hindered(error: ClientError, why: str) -> None:
    """Assert that an error says what stands in the way, and that the file is good."""
    assert not isinstance(error, HomeError)
    assert (code_of(error), why in str(error)) == (Exit.REFUSED, True)
    assert "leave the file as it is" in next_step(error)
    assert "backup" not in next_step(error)


@pytest.mark.parametrize("at", [0, 4_096, 40_000])
def test_a_full_disk_is_not_called_a_damaged_outbox(tmp_path: Path, at: int) -> None:
    """At its opening or at a write: what was kept before is there when there is room again, and is written to."""
    made(tmp_path / "outbox.sqlite").close()
    with full(at), pytest.raises(ClientError) as caught:
        made(tmp_path / "outbox.sqlite")
    outbox = made(tmp_path / "outbox.sqlite")

    require_hindered(caught.value, "outbox.sqlite of the home cannot be used: its disk is full")
    assert [*outbox.letters().values()] == [LETTER, LETTER]
    outbox.close()


def test_a_database_that_may_not_grow_says_that_its_disk_is_full(tmp_path: Path) -> None:
    """The write is undone as a whole."""
    outbox = made(tmp_path / "outbox.sqlite")
    on_pooled(outbox._engine, "max_page_count=60")
    with pytest.raises(ClientError) as caught:
        outbox.write_letters([LETTER])

    require_hindered(caught.value, "its disk is full")
    assert [*outbox.letters().values()] == [LETTER]
    outbox.close()


def test_a_database_that_another_program_holds_says_so(tmp_path: Path) -> None:
    """Two programs in one home: who waited in vain is told whom to wait for, and nothing is half written."""
    first, second = made(tmp_path / "outbox.sqlite"), Outbox(tmp_path / "outbox.sqlite", key=DATABASE_KEY)
    on_pooled(second._engine, "busy_timeout=1")
    with first._engine.begin(), pytest.raises(ClientError) as caught:
        second.write_letters([LETTER])

    require_hindered(caught.value, "another program has been using it for too long")
    second.write_letters([LETTER])
    assert len(first.letters()) == 2
    first.close()
    second.close()


def test_two_programs_that_make_a_home_s_database_at_once_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was a moment later opens what the other made."""
    path = tmp_path / "outbox.sqlite"
    made(path).close()
    there, asked = Path.exists, list[Path]()

    def exists(self: Path) -> bool:
        # What the slower one saw, before the quicker one was done.
        asked.append(self)
        return there(self) and asked != [path]

    monkeypatch.setattr(Path, "exists", exists)

    outbox = Outbox(path, key=DATABASE_KEY)
    assert len(outbox.letters()) == 1
    outbox.close()


def test_a_log_that_cannot_be_emptied_says_why(tmp_path: Path) -> None:
    """What was expunged is gone, and its copies in the write-ahead log wait for room."""
    engine = open_database(tmp_path / "outbox.sqlite", TABLES, key=DATABASE_KEY)
    outbox = made(tmp_path / "outbox.sqlite")
    with full(4_096), pytest.raises(ClientError) as caught:
        empty_log(engine)

    require_hindered(caught.value, "its disk is full")
    empty_log(engine)
    engine.dispose()
    outbox.close()


def test_a_full_disk_takes_no_signatures_out_of_a_charter(tmp_path: Path) -> None:
    """A file that is rewritten with one signature more stays as it was, and as open to others; a link stays a link."""
    path, link = tmp_path / "charter.json", tmp_path / "link.json"
    rewrite_file(path, b"signed by one")
    path.chmod(0o644)
    link.symlink_to(path)
    with full(5), pytest.raises(OSError, match="too large"):
        rewrite_file(link, b"signed by one and by another")
    assert path.read_bytes() == b"signed by one"

    rewrite_file(link, b"signed by one and by another")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"signed by one and by another", 0o644)
    assert link.is_symlink()


def test_a_full_disk_is_not_called_a_damaged_keystore(tmp_path: Path) -> None:
    """A backup in its place would take away the keys that were drawn since; what it held it still holds."""
    path = tmp_path / "keystore"
    store = Keystore.create(path, passphrase=PASSPHRASE, cost=WEAK)
    store.put(Secret(name="ek/one", role="epoch", value=b"1" * 32))
    with full(50), pytest.raises(KeystoreError) as caught:
        store.put(Secret(name="ek/two", role="epoch", value=b"2" * 32))

    assert "free space on its disk" in next_step(caught.value)
    assert "backup" not in next_step(caught.value)
    assert [*Keystore.open(path, passphrase=PASSPHRASE, allow_weak=True).secrets] == ["ek/one"]
    store.put(Secret(name="ek/two", role="epoch", value=b"2" * 32))
    assert len(Keystore.open(path, passphrase=PASSPHRASE, allow_weak=True).secrets) == 2
