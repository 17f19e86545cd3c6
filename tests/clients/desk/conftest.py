"""What the desk's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.desk import ticks
from clients.desk.people.person import Role
from tests.support.deskpeople import Staff, staff
from tests.support.desks import Desk, mandate
from tests.support.desktalks import Pair, found_talking, pair_of
from tests.support.loopback import Walk, found_consortium


@pytest.fixture
def desk_staff(tmp_path: Path) -> Iterator[Staff]:
    """Give the people of a desk where nobody works yet."""
    with staff(tmp_path) as found:
        yield found


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Return three agencies of a log that holds their charter and no more; closed, to be copied."""
    walk = found_consortium(tmp_path_factory.mktemp("founded"), "xar-arms", "xbe-cib", "xco-npa")
    walk.close()
    return walk


@pytest.fixture
def desk(walk: Walk) -> Iterator[Desk]:
    """Give the desk of xar-arms, where nobody works yet."""
    made = Desk(walk, "xar-arms")
    yield made
    made.close()


@pytest.fixture(scope="module")
def kept_walk(founded: Walk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Give a copy of the consortium to tests that leave it as it is: a copy for each would take most of their time."""
    copied = founded.copy_to(tmp_path_factory.mktemp("kept") / "walk")
    yield copied
    copied.close()


@pytest.fixture(scope="module")
def kept_desk(kept_walk: Walk) -> Iterator[Desk]:
    """Give a desk with Ana, who may do everything, and Oto, an analyst, to tests that leave it as it is."""
    made = Desk(kept_walk, "xar-arms")
    made.add("Ana")
    made.add("Oto", mandate(Role.ANALYST))
    yield made
    made.close()


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give two agencies of which one was asked for the case of its record."""
    return found_talking(tmp_path_factory.mktemp("talking"))


@pytest.fixture
def pair(talking: Walk, tmp_path: Path) -> Iterator[Pair]:
    """Give both desks; what waited was sent."""
    copied = talking.copy_to(tmp_path / "walk")
    found = pair_of(copied)
    ticks.send(found.owner.office)
    yield found
    found.close()
    copied.close()
