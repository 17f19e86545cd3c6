"""A record is expunged: gone at its originator and at whoever syncs, and excused nowhere else."""

import sqlite3

import pytest

from clients import expunging
from clients.chain import send_waiting
from clients.errors import HomeError, NotPermittedError, UnreachableError
from clients.syncing import Sync
from crypto.encoding import unb64u
from ledger import jsontext
from ledger.identifiers import StatementName
from ledger.officers import parse_proposal
from ledger.wire import paths
from tests.support.charterlife import (
    OWNER,
    PARTNER,
    THIRD,
    Flaky,
    found_members,
    next_name,
    over,
    quiet,
    submit,
    sync,
)
from tests.support.encrypted import file_bytes
from tests.support.loopback import Walk
from tests.support.officers import FIRST, SECOND, agreed


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give three agencies around a real service with one record in it, closed: a template to copy."""
    return found_members(tmp_path_factory.mktemp("founded"))


def expunge(walk: Walk, name: StatementName) -> None:
    """Expunge a record of the owner, and sync its home."""
    session = walk.session(OWNER)
    order = expunging.plan_expunge(session, name, why="law")
    expunging.expunge(session, order, agreed(session, order))
    Sync(session, progress=quiet).by_feed()


def test_an_expunged_record_goes_at_its_originator_and_at_whoever_syncs(walk: Walk) -> None:
    """No byte of its words is left in either replica, and the other record is untouched."""
    submit(walk, "STAYS7777")
    name = next_name(walk)
    sync(walk, PARTNER)
    assert b"LIFE1" in file_bytes(walk.homes[PARTNER])

    expunge(walk, name)
    report = sync(walk, PARTNER)

    assert (report.expunged, report.refused) == (1, {})
    for agency in (OWNER, PARTNER):
        assert b"LIFE1" not in file_bytes(walk.homes[agency])
        assert b"STAYS7777" in file_bytes(walk.homes[agency])
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


def test_what_two_officers_signed_is_kept_before_anything_is_sent(walk: Walk) -> None:
    """Whatever becomes of the order, the home can show who gave it, under the agency's own signature."""
    name = next_name(walk)
    session = over(walk.session(OWNER), Flaky(walk.transport, paths.BATCHES, delivered=False))
    order = expunging.plan_expunge(session, name, why="safety")
    approved = agreed(session, order)

    with pytest.raises(UnreachableError):
        expunging.expunge(session, order, approved)
    file, _, _ = jsontext.members(jsontext.load(approved.kept.read_bytes(), limit=2**20), "file", "kid", "sig")
    kept = parse_proposal(unb64u(jsontext.text(file)))
    assert (kept.proposal.do, kept.officers) == (order, (FIRST, SECOND))
    assert send_waiting(walk.session(OWNER)) is not None
    assert sync(walk, PARTNER).expunged == 1


def test_one_approval_expunges_once(walk: Walk) -> None:
    """What two officers agreed on is carried out once, even before the service could refuse it."""
    name = next_name(walk)
    session = walk.session(OWNER)
    order = expunging.plan_expunge(session, name, why="law")
    approved = agreed(session, order)
    expunging.expunge(session, order, approved)

    with pytest.raises(HomeError, match="carried out before"):
        expunging.expunge(session, order, approved)


def test_an_order_has_a_ground(walk: Walk) -> None:
    """A whim is none."""
    with pytest.raises(HomeError, match="ground"):
        expunging.plan_expunge(walk.session(OWNER), StatementName(OWNER, bytes(16)), why="whim")


def test_only_the_originator_expunges(walk: Walk) -> None:
    """A partner is told whom to ask."""
    with pytest.raises(NotPermittedError, match="originator"):
        expunging.plan_expunge(walk.session(PARTNER), next_name(walk), why="law")
