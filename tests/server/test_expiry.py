"""Boxes go after 90 days, and nothing else goes; what went is not missed, and what went early is."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from ledger.errors import BusyError
from ledger.kinds import Typ
from ledger.state import kind_of
from ledger.wire.limits import BOX_DAYS
from ledger.wire.schemas import BlobName, BlobRequest
from server import schema
from server.backup import back_up
from server.errors import StorageError
from server.expiry import DAY_SECONDS, BoxExpiry
from server.fsck import check_database
from server.repeating import Repeating
from server.store import SqlStore
from tests.support.copies import by_hand, copy_of, filled_world
from tests.support.services import World

A, B = "xaa-arms", "xab-arms"
_PUT_BACK = (
    "INSERT INTO blobs (idx, place, only_for, data) SELECT idx, 'to', 'xaa-arms', x'00' FROM statements "
    "WHERE typ = 'sealtrace-message+jws'"
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a service with grants, records and a message, that noted today."""
    (tmp_path / "service").mkdir()
    found = filled_world(tmp_path / "service")
    assert found.service.boxes.run() == 0
    return found


def age(world: World, days: int) -> int:
    """Let days go by; return how many boxes the service deletes when it looks next."""
    world.clock.advance(days * DAY_SECONDS)
    return world.service.boxes.run()


def places(path: Path) -> set[tuple[str, str]]:
    """Return the kind of statement and the place of every blob; of a box, whether it is the issuer's own."""
    query = "SELECT s.typ, b.place, b.only_for = s.iss FROM blobs AS b JOIN statements AS s ON s.idx = b.idx"
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(query).fetchall()
    return {
        (typ, "own box" if own else "box") if place.startswith("box/") else (typ, place) for typ, place, own in rows
    }


def test_boxes_go_after_ninety_days_and_nothing_else(world: World) -> None:
    """Those of grants to others, and both of a message; ciphertexts, slips, routes and the issuer's own boxes stay."""
    before = places(world.config.database)
    assert age(world, BOX_DAYS - 1) == 0
    assert places(world.config.database) == before

    assert age(world, 1) > 0
    gone = {(Typ.GRANT.value, "box"), (Typ.MESSAGE.value, "to"), (Typ.MESSAGE.value, "self")}
    assert places(world.config.database) == before - gone
    assert before & gone == gone
    world.close()


def test_a_box_is_given_until_it_goes_and_is_then_empty(world: World) -> None:
    """The recipient gets the bytes for 90 days, and an empty answer afterwards; the issuer still gets its own."""
    statements = world.service.store.entries(0, world.service.store.head().size)
    first = next(index for index, entry in enumerate(statements) if kind_of(entry) is Typ.GRANT)
    (name,) = [
        row.statement.name
        for row in world.service.store.feed(agency=B, after=-1, before=1_000, limit=100)
        if row.statement.index == first
    ]

    def box(agency: str) -> bytes:
        wanted = BlobRequest(get=(BlobName(iss=name.iss, jti=name.jti, place="box"),))
        return world.service.reading.blobs(agency=agency, request=wanted)[4:]

    held = box(B), box(A)
    age(world, BOX_DAYS)

    assert all(held)
    assert (box(B), box(A)) == (b"", held[1])
    world.close()


def test_the_pieces_of_a_deleted_box_are_gone_from_the_disk(world: World) -> None:
    """Overwritten in the file, and not left in the write-ahead log: the purpose is that a later key opens nothing."""
    with closing(sqlite3.connect(world.config.database)) as connection:
        ((box,),) = connection.execute("SELECT data FROM blobs WHERE place = 'to'").fetchall()
    pieces = [box[at : at + 64] for at in range(0, len(box) - 64, 512)]
    age(world, BOX_DAYS)
    world.close()

    left = b"".join(path.read_bytes() for path in world.folder.glob("ledger.sqlite*"))
    assert len(pieces) > 1
    assert not [piece for piece in pieces if piece in left]


def test_what_is_logged_later_lives_its_own_ninety_days(world: World) -> None:
    """Boxes of the second month stay when those of the first go."""
    age(world, 30)
    world.open_epoch(A)
    age(world, 1)

    assert age(world, BOX_DAYS - 31) > 0
    assert (Typ.GRANT.value, "box") in places(world.config.database)
    assert age(world, 31) > 0
    assert (Typ.GRANT.value, "box") not in places(world.config.database)
    world.close()


def test_days_on_which_nobody_looked_keep_boxes_longer(tmp_path: Path) -> None:
    """A service that was away knows only how large its log was when it came back: late is allowed, early is not."""
    world = filled_world(tmp_path)
    world.clock.advance(200 * DAY_SECONDS)

    assert world.service.boxes.run() == 0
    assert age(world, BOX_DAYS) > 0
    world.close()


def test_a_clock_that_goes_back_deletes_nothing_early(world: World) -> None:
    """A day is noted once, and never behind one that was noted."""
    age(world, 60)
    world.clock.advance(-50 * DAY_SECONDS)
    world.open_epoch(A)
    assert age(world, 80) > 0

    assert (Typ.GRANT.value, "box") in places(world.config.database)
    assert check_database(world.config.database, progress=lambda _: None).findings == ()
    world.close()


def test_an_empty_log_has_nothing_to_delete(tmp_path: Path) -> None:
    """Before the first charter."""
    world = World(tmp_path)

    assert age(world, BOX_DAYS + 1) == 0
    world.close()


def test_only_the_days_that_still_count_are_kept(world: World) -> None:
    """Three months of them, and no row more a day for ever."""
    for _ in range(BOX_DAYS + 5):
        age(world, 1)

    assert world.rows()["days"] == BOX_DAYS + 1
    world.close()


def test_a_large_log_is_worked_through_in_pieces(world: World) -> None:
    """Each piece is a transaction of its own in the sequencer's turn; together they are all of it."""
    before = places(world.config.database)
    world.clock.advance(BOX_DAYS * DAY_SECONDS)
    expiry = BoxExpiry(world.service.store, world.service.submitting, clock=world.clock, step=2)

    assert expiry.run() > 0
    assert {one for one in before if one[1] in {"box", "to", "self"}} & places(world.config.database) == set()
    assert check_database(world.config.database, progress=lambda _: None).findings == ()
    world.close()


class _InTheWay(SqlStore):
    """A store whose write-ahead log is being read; it counts how often it was emptied all the same."""

    def __init__(self, world: World) -> None:
        vars(self).update(vars(world.service.store))
        self.is_read, self.emptied = True, 0

    def empty_log(self) -> None:
        if self.is_read:
            raise StorageError("the write-ahead log could not be emptied")
        self.emptied += 1
        super().empty_log()


def test_boxes_that_a_reader_kept_in_the_log_are_gone_with_the_next_run(world: World) -> None:
    """The next run finds no box to delete, and yet empties the write-ahead log of those that the last one deleted: once."""
    world.clock.advance(BOX_DAYS * DAY_SECONDS)
    store = _InTheWay(world)
    expiry = BoxExpiry(store, world.service.submitting, clock=world.clock)
    assert expiry.run() > 0
    store.is_read = False

    assert [expiry.run(), expiry.run()] == [0, 0]
    assert store.emptied == 1
    world.close()


def test_fsck_misses_no_box_that_went_for_its_age(world: World, tmp_path: Path) -> None:
    """Whole before, whole afterwards; and a backup made then is whole, too."""
    assert check_database(world.config.database, progress=lambda _: None).findings == ()
    age(world, BOX_DAYS)

    assert check_database(world.config.database, progress=lambda _: None).findings == ()
    backup = back_up(world.config, output=tmp_path / "backup", now=world.clock())
    assert backup.size == world.service.store.head().size
    world.close()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("DELETE FROM blobs WHERE place = 'case' AND idx = 4", "blob/missing"),
        ("DELETE FROM blobs WHERE place = 'route'", "blob/missing"),
        ("DELETE FROM blobs WHERE place LIKE 'box/%'", "blob/missing"),
        ("UPDATE expiry SET below = below + 1000", "expired/early"),
        ("DELETE FROM days", "expired/early"),
        (_PUT_BACK, "expired"),
    ],
    ids=["a ciphertext", "a route", "an issuer's own box", "a bound without days", "days taken away", "a box put back"],
)  # fmt: skip
def test_whatever_else_is_missing_is_found(world: World, tmp_path: Path, change: str, found: str) -> None:
    """The age of boxes excuses nothing but boxes of that age."""
    age(world, BOX_DAYS)
    copy = copy_of(world, tmp_path / "copy.sqlite")
    world.close()
    with by_hand(copy) as connection:
        assert connection.execute(change).rowcount > 0

    report = check_database(copy, progress=lambda _: None)
    assert found in {finding.check for finding in report.findings}


def test_a_box_that_is_missing_before_its_time_is_found(world: World, tmp_path: Path) -> None:
    """On the ninetieth day it has not gone yet."""
    age(world, BOX_DAYS - 1)
    copy = copy_of(world, tmp_path / "copy.sqlite")
    world.close()
    with by_hand(copy) as connection:
        connection.execute("DELETE FROM blobs WHERE place = 'to'")

    (finding,) = check_database(copy, progress=lambda _: None).findings
    assert (finding.check, finding.row) == ("blob/missing", "to")


def test_an_older_database_put_back_deletes_what_it_brought_back(world: World, tmp_path: Path) -> None:
    """Boxes that a backup still holds go with the first look at the clock."""
    age(world, BOX_DAYS - 1)
    older = copy_of(world, tmp_path / "older.sqlite")
    assert age(world, 1) > 0
    world.close()
    older.replace(world.config.database)
    world.open()

    assert world.service.boxes.run() > 0
    assert (Typ.GRANT.value, "box") not in places(world.config.database)
    world.close()


def test_a_database_from_before_begins_to_count_now(tmp_path: Path) -> None:
    """Nothing says how old its boxes are: they stay for 90 days more."""
    world = filled_world(tmp_path)
    world.close()
    with by_hand(world.config.database) as connection:
        connection.executescript("DROP TABLE days; DROP TABLE expiry; DROP TABLE complaints")
        connection.execute("UPDATE alembic_version SET version_num = '0006'")
    schema.migrate(world.config.database)
    world.open()

    assert world.service.boxes.run() == 0
    assert age(world, BOX_DAYS) > 0
    world.close()


def test_work_is_repeated_until_it_is_stopped() -> None:
    """At once, again after the time, also when it failed; and not once it was told to stop."""
    done, runs = threading.Event(), []

    def work() -> None:
        runs.append(1)
        if len(runs) == 3:
            done.set()
        raise BusyError("the service is stopping")

    repeating = Repeating("a test", work, seconds=0.001)
    assert done.wait(10)
    repeating.stop()
    count = len(runs)

    assert count >= 3
    assert not repeating._thread.is_alive()
