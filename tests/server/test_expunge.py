"""Expungement: acknowledged when nothing is left, in no row, no page and no write-ahead log, and never undone."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from ledger.audit import Auditor, audit_log
from ledger.fingerprints import of_file
from ledger.identifiers import StatementName
from ledger.merkle import leaf_hash
from ledger.statements import SealedStatement
from ledger.submissions import Depth
from ledger.wire import paths, schemas
from server import tombstones
from server.database import wal_path
from server.errors import StartError
from server.fsck import check_database
from tests.support.consortium import ORIGIN
from tests.support.services import World, assert_problem, assert_refused

A, B = "xaa-arms", "xab-arms"
PLACES = ("slip", "item", "event", "case")


@pytest.fixture
def record(world: World) -> SealedStatement:
    """Return a logged record."""
    world.open_epoch(A)
    found = world.consortium.record(A)
    world.log(A, [found, world.consortium.record(A)])
    return found


def on_disk(world: World) -> bytes:
    """Return every byte of the database and its write-ahead log."""
    files = (world.config.database, wal_path(world.config.database))
    return b"".join(file.read_bytes() for file in files if file.exists())


def pieces(record: SealedStatement) -> list[bytes]:
    """Return pieces of every blob, short enough to lie within one page."""
    return [blob[at : at + 64] for blob in record.blobs for at in range(0, len(blob) - 64, 512)]


def blobs_of(world: World, name: StatementName) -> list[bool]:
    """Return which of a record's blobs the database has."""
    return [world.service.store.blob(name, place) is not None for place in PLACES]


def test_nothing_of_an_expunged_record_is_left_on_the_disk(world: World, record: SealedStatement) -> None:
    """When the answer is given, no page and no frame of the write-ahead log holds a piece of its ciphertexts or slip."""
    before = on_disk(world)
    assert all(piece in before for piece in pieces(record))

    world.log(A, [world.consortium.expunge(A, record.name)])

    after = on_disk(world)
    assert not [piece for piece in pieces(record) if piece in after]
    assert wal_path(world.config.database).stat().st_size == 0
    assert blobs_of(world, record.name) == [False] * 4


def test_the_entry_stays_and_the_log_verifies(world: World, record: SealedStatement) -> None:
    """The leaf is still served with its proof, and fsck knows that the bytes beside it may be missing."""
    world.log(A, [world.consortium.expunge(A, record.name)])

    logged = schemas.LOGGED_ENTRY.read(world.get(B, paths.statement(record.name)).data)
    assert logged.entry == record.entry
    world.close()
    report = check_database(world.config.database, progress=lambda _: None)
    assert report.findings == ()
    world.open()


def test_everybody_finds_the_order_in_the_feed(world: World, record: SealedStatement) -> None:
    """An agency that holds a copy is told, whatever its grants."""
    order = world.consortium.expunge(A, record.name)
    world.log(A, [order])

    feed = schemas.FEED.read(world.get(B, paths.FEED, query="after=-1").data)
    assert [(item.kind, item.jti) for item in feed.items][-1] == ("expunge", order.name.jti)


def test_only_its_originator_expunges_a_record(world: World, record: SealedStatement) -> None:
    """An order by another agency names a record that agency never logged."""
    stolen = world.consortium.expunge(B, record.name)

    assert_refused(world, B, world.upload(B, [stolen]), "malformed", 400)
    assert blobs_of(world, record.name) == [True] * 4


def test_a_second_order_is_refused(world: World, record: SealedStatement) -> None:
    """There is nothing left to delete."""
    world.log(A, [world.consortium.expunge(A, record.name)])

    assert_refused(world, A, world.upload(A, [world.consortium.expunge(A, record.name)]), "duplicate", 409)


def test_the_name_is_written_beside_the_database(world: World, record: SealedStatement) -> None:
    """The file that travels with backups and mirrors has the name before the answer is given."""
    world.log(A, [world.consortium.expunge(A, record.name)])

    assert tombstones.read_names(world.config.tombstones) == {record.name}


def test_a_reader_in_the_way_delays_the_answer_and_loses_nothing(world: World, record: SealedStatement) -> None:
    """While somebody still reads the old pages nothing is acknowledged; the same bytes again finish it."""
    body = world.upload(A, [world.consortium.expunge(A, record.name)])
    reader = sqlite3.connect(world.config.database)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM blobs").fetchone()

    assert_problem(world.post_batch(A, body), "busy", 503)
    assert blobs_of(world, record.name) == [False] * 4
    reader.close()
    response = world.post_batch(A, body)
    assert response.status_code == 200
    assert not [piece for piece in pieces(record) if piece in on_disk(world)]


def test_an_older_database_put_back_forgets_nothing(world: World, record: SealedStatement, tmp_path: Path) -> None:
    """A database from before the order obeys the tombstone file at the next start, whoever put it there."""
    world.close()
    copy = tmp_path / "copy.sqlite"
    shutil.copy(world.config.database, copy)
    world.open()
    world.log(A, [world.consortium.expunge(A, record.name)])
    world.close()
    shutil.copy(copy, tmp_path / "older.sqlite")
    tombstones.bury_in_file(tmp_path / "older.sqlite", tombstones.read_names(world.config.tombstones))

    raw = (tmp_path / "older.sqlite").read_bytes()
    assert not [piece for piece in pieces(record) if piece in raw]
    with sqlite3.connect(tmp_path / "older.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM tombstones").fetchone() == (1,)
    connection.close()
    world.open()


def test_a_lost_tombstone_file_is_written_again(world: World, record: SealedStatement) -> None:
    """The table knows what the file has lost: the next start completes it."""
    world.log(A, [world.consortium.expunge(A, record.name)])
    world.close()
    world.config.tombstones.unlink()

    world.open()

    assert tombstones.read_names(world.config.tombstones) == {record.name}


def test_a_start_buries_what_the_file_names(world: World, record: SealedStatement) -> None:
    """A name that only the file knows is obeyed before the first request is answered."""
    world.close()
    tombstones.add_names(world.config.tombstones, [record.name])

    world.open()

    assert blobs_of(world, record.name) == [False] * 4
    assert not [piece for piece in pieces(record) if piece in on_disk(world)]


def test_a_damaged_tombstone_file_stops_the_start(world: World, record: SealedStatement) -> None:
    """A list that cannot be read is not taken for an empty one."""
    world.close()
    world.config.tombstones.write_text("not a name\n", encoding="ascii")

    with pytest.raises(StartError, match="not a list of expunged records"):
        world.open()
    world.config.tombstones.unlink()
    world.open()
    assert blobs_of(world, record.name) == [True] * 4


@pytest.mark.parametrize("depth", list(Depth))
def test_an_audit_admits_an_expungement(world: World, record: SealedStatement, depth: Depth) -> None:
    """Whoever replays the log, to whatever depth, judges the order as the service did."""
    world.log(A, [world.consortium.expunge(A, record.name)])
    store, files = world.service.store, world.consortium.files
    size = store.head().size

    report = audit_log(
        Auditor(origin=ORIGIN, fingerprint=of_file(files[1]), depth=depth),
        size=size,
        leaf_hashes=lambda start, end: [leaf_hash(entry) for entry in store.entries(start, end)],
        entries=store.entries,
        charter_file=lambda ver: files[ver],
    )

    assert (report.size, report.findings) == (size, ())
