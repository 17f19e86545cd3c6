"""A publisher that fails, or dies, between the witnesses' answers and its own write: nothing is lost, nothing forged."""

import sqlite3
from contextlib import closing

from ledger.witnesses import open_published
from server.fsck import check_database
from server.publishing import table
from tests.support.consortium import ORIGIN
from tests.support.witnessed import WitnessedWorld

A, B = "xaa-arms", "xab-arms"
_BREAK = "CREATE TRIGGER broken BEFORE INSERT ON published BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END"


def shell(world: WitnessedWorld, statement: str) -> None:
    """Run a statement as somebody with a database shell."""
    with closing(sqlite3.connect(world.config.database, timeout=10)) as connection, connection:
        connection.execute(statement)


def test_a_publisher_survives_a_database_that_fails(world: WitnessedWorld) -> None:
    """It goes on asking and writing on a new connection, and publishes once it can."""
    world.found()
    world.hurry()
    shell(world, _BREAK)

    receipt = world.log(A, [world.consortium.grant(A, [])])
    world.until(lambda: world.cosigners[B].size(ORIGIN) == 3)
    unseen = world.published().size
    shell(world, "DROP TRIGGER broken")
    world.until(lambda: world.published().size == 3)

    assert (receipt.stage, unseen) == ("durable", 1)
    assert world.service.publishing.is_alive


def test_a_publisher_that_dies_between_cosigning_and_storing(world: WitnessedWorld) -> None:
    """Witnesses have cosigned what the database never heard of: at the next start they say where they stand."""
    world.found()
    world.hurry()
    shell(world, _BREAK)
    world.log(A, [world.consortium.grant(A, [])])
    world.until(lambda: all(one.size(ORIGIN) == 3 for one in world.cosigners.values()))
    world.close()
    shell(world, "DROP TRIGGER broken")
    world.clock.advance(90)
    world.open()

    world.until(lambda: world.published().size == 3)

    cosigned = open_published(world.client.get("/checkpoint").data, charter=world.consortium.charter)
    assert set(cosigned.times.values()) == {world.clock()}


def test_two_publishers_never_shrink_what_readers_see(world: WitnessedWorld) -> None:
    """A second process that lags behind writes nothing over what the first has published."""
    world.found()
    world.log(A, [world.consortium.grant(A, [])])
    with world.service.store.transaction() as transaction:
        transaction.publish(table.Published(size=2, note=b"late"))

    shown = world.service.store.published()
    assert shown is not None
    assert (shown.size, shown.note != b"late") == (3, True)
    assert world.service.store.first_published(1) != b"late"


def test_fsck_names_a_published_checkpoint_that_was_changed(world: WitnessedWorld) -> None:
    """What readers were shown is checked like every other byte: signatures, quorum, and the tree."""
    world.found()
    world.log(A, [world.consortium.grant(A, [])])
    world.close()
    sound = check_database(world.config.database, progress=lambda _: None)
    shell(world, "UPDATE newest_published SET note = (SELECT checkpoint FROM head)")

    broken = check_database(world.config.database, progress=lambda _: None)
    world.open()

    assert sound.findings == ()
    assert [(one.check, one.table) for one in broken.findings] == [("published", "newest_published")]
