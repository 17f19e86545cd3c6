"""The home that the desk works in: alone with it where it writes, waiting for nobody where it reads."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy.exc import DatabaseError

from clients.database import open_database
from clients.desk import ticks
from clients.desk.database import NAME, open_desk
from clients.desk.lastruns import LAST_RUNS, LastRuns
from clients.desk.people.person import Role
from clients.desk.people.tables import PEOPLE
from clients.desk.working import Ran
from clients.errors import HomeError
from clients.session import load_profile
from ledger.labels import Level, Purpose
from tests.support.desks import Desk, mandate


def test_reading_waits_for_nobody(desk: Desk) -> None:
    """While a command holds the home, pages are still read."""
    with desk.office.home.exclusive():
        assert desk.browser(desk.add("Ana")).get("/").status_code == 200


def test_two_sessions_take_turns(desk: Desk) -> None:
    """Whoever signs is alone with the home: a second one begins when the first has ended."""
    order: list[str] = []
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with desk.office.session():
            order.append("second")

    with desk.office.session():
        thread = threading.Thread(target=second)
        thread.start()
        begun.wait(10)
        thread.join(0.3)
        order.append("first")
    thread.join(30)

    assert order == ["first", "second"]


def test_a_session_keeps_the_locks_of_this_process(desk: Desk) -> None:
    """A command must not find the desk's replica unused: it would delete the write-ahead log in use, and ruin the file."""
    # The bytes that SQLite locks as long as a connection is open (os_unix.c: SHARED_FIRST, SHARED_SIZE).
    program = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)"
    command = [sys.executable, "-c", program, str(desk.office.home.replica)]
    with desk.office.replica() as replica:
        replica.count()
        with desk.office.session():
            pass
        done = subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - our own program

    assert b"BlockingIOError" in done.stderr


def test_keys_that_a_command_drew_are_known(desk: Desk) -> None:
    """The keystore is opened once with its passphrase, and read again before every session."""
    desk.walk.keyring("xar-arms").put_epoch_keys({"00" * 16: bytes(32)})
    with desk.office.session() as session:
        assert "00" * 16 in session.keyring.epoch_keys()


def test_a_viewer_is_the_person_and_no_more(desk: Desk) -> None:
    """Clearance, compartments and purpose are the person's, the agency is the home's, the day is today's."""
    person = desk.add("Oto", mandate(Role.ANALYST, clearance=Level.RESTRICTED))
    viewer = desk.office.viewer(person, Purpose.CRIM)

    assert (viewer.reader.agency, viewer.reader.clearance, viewer.reader.compartments) == (
        "xar-arms",
        Level.RESTRICTED,
        frozenset(),
    )
    assert (viewer.purpose, viewer.today) == (Purpose.CRIM, desk.office.today())
    assert set(viewer.members.ceilings) == {"xar-arms", "xbe-cib", "xco-npa"}


def test_freshness_is_that_of_the_replica(desk: Desk) -> None:
    """Before the first sync nothing is claimed; after it the size of the log, and how long ago."""
    before = desk.office.freshness()
    ticks.sync(desk.office)
    desk.walk.clock.advance(90)
    after = desk.office.freshness()

    assert (before.size, before.is_witnessed, before.is_stale) == (0, False, False)
    assert (after.size, after.age_seconds) == (1, 90)


def test_code_tables_are_read_again_when_they_change(desk: Desk) -> None:
    """An official list that a command imports counts on the next page; until then they are read once."""
    first = desk.office.tables
    assert desk.office.tables is first
    folder = desk.office.home.codes
    folder.mkdir()
    (folder / "makes.csv").write_text("code,description\nTAU,Taurus\nQQQ,Quick Made\n", encoding="utf-8")

    assert desk.office.tables is not first
    assert "QQQ" in desk.office.tables.makes.by_code


def test_the_charter_is_the_one_in_force(desk: Desk) -> None:
    """Pages that name members name those of the last verified charter."""
    assert desk.office.charter().ver == 1
    assert load_profile(desk.office.home, desk.office.charter()).agency == "xar-arms"


def test_a_closed_office_opens_again(desk: Desk) -> None:
    """Closing twice does no harm, and what is asked for afterwards is opened anew."""
    desk.office.freshness()
    desk.office.close()
    desk.office.close()

    assert desk.office.freshness().size == 0


def test_the_desks_database_is_sealed(desk: Desk) -> None:
    """No name, and not even SQLite's own heading, can be read in the file without the key of the home."""
    desk.add("Ana Canary")
    desk.parts.engine.dispose()
    raw = b"".join(path.read_bytes() for path in desk.office.home.path.glob(f"{NAME}*"))

    assert b"Canary" not in raw
    assert not raw.startswith(b"SQLite format 3")


def test_attack_the_desks_database_under_another_key(desk: Desk) -> None:
    """Another key opens nothing, says so in words, and changes nothing of the file."""
    desk.add("Ana")
    desk.parts.engine.dispose()
    before = (desk.office.home.path / NAME).read_bytes()

    with pytest.raises(HomeError, match=r"desk\.sqlite of the home cannot be opened"):
        open_desk(desk.office.home, PEOPLE, key=bytes(32))
    assert (desk.office.home.path / NAME).read_bytes() == before


def test_each_part_finds_its_tables(desk: Desk) -> None:
    """A table that a part of the desk adds later is made at the next start, beside those that hold rows."""
    person = desk.add("Ana")
    again = open_desk(desk.office.home, PEOPLE, LAST_RUNS, key=desk.office.database_key)
    runs = LastRuns(again)
    runs.keep("audit", Ran(at=1, kind="TrustError", what="found"))
    runs.keep("audit", Ran(at=2, what="good"))

    assert runs.all() == {"audit": Ran(at=2, what="good")}
    assert desk.parts.people.accounts.named("Ana") == person
    again.dispose()


def test_an_open_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A plain SQLite file under the desk's name is not taken for the desk's database."""
    path = tmp_path / NAME
    path.write_bytes(b"SQLite format 3\0" + bytes(4_080))

    with pytest.raises((HomeError, DatabaseError)):
        open_database(path, PEOPLE, key=bytes(range(32)))
