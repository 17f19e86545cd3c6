"""Where one asks: the desk of an agency whose weapon another knows, and an analyst at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clients.desk.people.person import Role
from tests.support import matched
from tests.support.deskreading import Reading
from tests.support.desks import Browser, Desk
from tests.support.loopback import Walk

SERIAL = "TKD 480572"


@pytest.fixture(scope="session")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give a consortium that matches, in which two agencies have logged the same weapon; closed, to be copied."""
    walk = matched.found_matching(tmp_path_factory.mktemp("asking"), lookups=12)
    row = f"2020-01-01;recovery;pistol;Taurus;9 mm;{SERIAL}"
    for agency in ("xar-arms", "xbe-cib"):
        assert matched.submit(walk, agency, [row]).code == 0
    walk.close()
    return walk


@contextmanager
def asker(template: Walk, folder: Path) -> Iterator[Reading]:
    """Give the desk of the agency that asks, over a copy of all of it."""
    copied = template.copy_to(folder / "walk")
    desk = Desk(copied, "xbe-cib")
    yield Reading(desk)
    desk.close()
    copied.close()


@pytest.fixture
def reading(asking: Walk, tmp_path: Path) -> Iterator[Reading]:
    """Give the asker's desk."""
    with asker(asking, tmp_path) as found:
        yield found


@pytest.fixture
def browser(reading: Reading) -> Browser:
    """Give the browser of Ana, an analyst."""
    return reading.browser(Role.ANALYST, name="Ana")
