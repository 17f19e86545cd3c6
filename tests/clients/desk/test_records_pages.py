"""The page of one record: what it shows, what it draws as withheld, why it can be believed, and what became of it."""

from collections.abc import Iterator

import pytest

from clients.desk.people.person import Role
from ledger.labels import Level
from tests.support.charterlife import sync
from tests.support.deskreading import CASE, ITEM, OWNER, PARTNER, Reading, log, row
from tests.support.desks import Desk
from tests.support.loopback import Walk

SCRIPT = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def logged(founded: Walk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Give a consortium in which one agency has logged a record, and another has read what it may."""
    walk = founded.copy_to(tmp_path_factory.mktemp("records") / "walk")
    log(walk, OWNER, [row(), row(serial=SCRIPT + "9", description=SCRIPT, case=SCRIPT, make=SCRIPT)])
    for agency in (OWNER, PARTNER):
        sync(walk, agency)
    yield walk
    walk.close()


@pytest.fixture(scope="module")
def own(logged: Walk) -> Iterator[Reading]:
    """Give the desk of the agency whose record it is."""
    desk = Desk(logged, OWNER)
    yield Reading(desk)
    desk.close()


@pytest.fixture(scope="module")
def theirs(logged: Walk) -> Iterator[Reading]:
    """Give the desk of an agency that may read a part of it."""
    desk = Desk(logged, PARTNER)
    yield Reading(desk)
    desk.close()


def test_a_partner_sees_the_item_and_the_case_as_withheld(theirs: Reading) -> None:
    """Fields in words, the serial as marked, a bar where the case is, whom to ask, the marking and TLP above."""
    page = theirs.browser(Role.ANALYST).text(f"/records/{theirs.names()[0]}")

    for said in (
        ITEM,
        "A12345",
        "Colt",
        "recovery",
        "2024-02-11",
        f"withheld · ask {OWNER}",
        "(R)",
        "TLP:",
        "level-restricted",
    ):
        assert said in page, said
    assert CASE not in page
    assert page.count('class="withheld"') == 1


def test_a_cleared_officer_of_the_owner_sees_all(own: Reading) -> None:
    """Nothing is withheld, and the banner says SECRET."""
    page = own.browser(Role.ANALYST, clearance=Level.SECRET).text(f"/records/{own.names()[0]}")

    assert CASE in page
    assert "level-secret" in page
    assert 'class="withheld"' not in page
