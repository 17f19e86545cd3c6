"""A record is expunged: gone at its originator and at whoever syncs, and excused nowhere else."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from clients import expunging
from clients.chain import send_waiting
from clients.errors import HomeError, NotPermittedError, UnreachableError
from clients.syncing import Sync
from ledger.identifiers import StatementName
from ledger.wire import paths
from tests.support.charterlife import (
    MEMBERS,
    OWNER,
    PARTNER,
    THIRD,
    Flaky,
    next_name,
    over,
    quiet,
    submit,
    sync,
)
from tests.support.lists import submit_rows
from tests.support.loopback import Walk, found_consortium


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give three agencies around a real service with one record in it, closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), *MEMBERS)
    submit_rows(found.session(OWNER), [{"make": "Colt", "serial": "LIFE1"}])
    found.close()
    return found


@pytest.fixture
def walk(founded: Walk, tmp_path: Path) -> Iterator[Walk]:
    """Give a copy of the founded consortium, open."""
    found = founded.copy_to(tmp_path / "copy")
    yield found
    found.close()


def expunge(walk: Walk, name: StatementName) -> None:
    """Expunge a record of the owner, and sync its home."""
    session = walk.session(OWNER)
    expunging.expunge(session, expunging.make_order(name, why="law", officers=["A. Abiola", "B. Berg"]))
    Sync(session, progress=quiet).by_feed()


def file_bytes(walk: Walk, agency: str) -> bytes:
    """Return every byte of a replica."""
    path = walk.homes[agency].replica
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def test_an_expunged_record_goes_at_its_originator_and_at_whoever_syncs(walk: Walk) -> None:
    """No byte of its words is left in either replica, and the other record is untouched."""
    submit(walk, "STAYS7777")
    name = next_name(walk)
    sync(walk, PARTNER)
    assert b"LIFE1" in file_bytes(walk, PARTNER)

    expunge(walk, name)
    report = sync(walk, PARTNER)

    assert (report.expunged, report.refused) == (1, {})
    for agency in (OWNER, PARTNER):
        assert b"LIFE1" not in file_bytes(walk, agency)
        assert b"STAYS7777" in file_bytes(walk, agency)
        session = walk.session(agency)
        assert (session.replica.find(name), session.replica.count()) == (None, 1)
        assert session.replica.expunged() == {name: "law"}


def test_a_home_that_comes_late_refuses_nothing(walk: Walk) -> None:
    """Whoever never had the record finds the order behind it: a missing ciphertext is then no complaint."""
    name = next_name(walk)
    expunge(walk, name)

    for full in (False, True):
        report = sync(walk, THIRD, full=full)
        assert (report.refused, report.left_out) == ({}, ())
    assert walk.session(THIRD).replica.count() == 0


def test_an_expunged_record_does_not_come_back_by_a_full_sync(walk: Walk) -> None:
    """A service that kept the ciphertext and serves it on is not asked for it."""
    name = next_name(walk)
    sync(walk, PARTNER)
    expunge(walk, name)
    sync(walk, PARTNER)

    report = sync(walk, PARTNER, full=True)

    assert (report.records, report.refused) == (0, {})
    assert walk.session(PARTNER).replica.find(name) is None


def test_a_ciphertext_that_is_withheld_without_an_order_is_reported(walk: Walk) -> None:
    """Only its originator's word excuses a missing ciphertext."""
    with sqlite3.connect(walk.config.database) as connection:
        connection.execute("DELETE FROM blobs WHERE place = 'item'")
    connection.close()

    assert list(sync(walk, PARTNER).refused.values()) == ["item: its ciphertext is no longer kept, or not given to us"]


def test_the_two_officers_are_written_down_before_anything_is_sent(walk: Walk) -> None:
    """Whatever becomes of the order, the home knows who gave it."""
    name = next_name(walk)
    session = over(walk.session(OWNER), Flaky(walk.transport, paths.BATCHES, delivered=False))
    order = expunging.make_order(name, why="safety", officers=["A. Abiola", " B.  Berg "])

    with pytest.raises(UnreachableError):
        expunging.expunge(session, order)
    line = json.loads(walk.homes[OWNER].expungements.read_text(encoding="utf-8"))
    assert (line["record"], line["why"], line["officers"]) == (str(name), "safety", ["A. Abiola", "B. Berg"])
    assert send_waiting(walk.session(OWNER)) is not None
    assert sync(walk, PARTNER).expunged == 1


@pytest.mark.parametrize("officers", [[], ["A"], ["A", "a"], ["A", " a "], ["A", ""], ["A", "B", "C"]])
def test_one_officer_is_not_two(officers: Sequence[str]) -> None:
    """One person, however often or differently spelled, orders nothing."""
    with pytest.raises(NotPermittedError, match="two officers"):
        expunging.make_order(StatementName(OWNER, bytes(16)), why="law", officers=officers)


def test_an_order_has_a_ground_and_readable_names() -> None:
    """What goes into the journal can be read back by anybody."""
    name = StatementName(OWNER, bytes(16))
    with pytest.raises(HomeError, match="ground"):
        expunging.make_order(name, why="whim", officers=["A", "B"])
    with pytest.raises(HomeError, match="one line"):
        expunging.make_order(name, why="law", officers=["A", "B\u202e"])


def test_only_the_originator_expunges(walk: Walk) -> None:
    """A partner is told whom to ask."""
    name = next_name(walk)
    order = expunging.make_order(name, why="law", officers=["A", "B"])

    with pytest.raises(NotPermittedError, match="originator"):
        expunging.expunge(walk.session(PARTNER), order)
