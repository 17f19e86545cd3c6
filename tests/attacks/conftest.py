"""Fixtures of the attacks: a service in a fresh folder with its consortium around it, changed or never changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.services import World


@pytest.fixture(scope="session")
def quiet_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a service with three agencies that only ever refuses: nothing is added to its log."""
    world = World(tmp_path_factory.mktemp("refusing"))
    world.found()
    yield world
    world.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a service with three agencies."""
    found = World(tmp_path)
    found.found()
    yield found
    found.close()
