"""Fixtures of the service's tests: a world is a service in a fresh folder, with its consortium around it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.services import World


@pytest.fixture(scope="session")
def quiet_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a service with three agencies to which nothing is ever added: for what only reads, or is refused."""
    world = World(tmp_path_factory.mktemp("quiet"))
    world.found()
    yield world
    world.close()


@pytest.fixture
def empty_world(tmp_path: Path) -> Iterator[World]:
    """Return a service whose first charter is still to come."""
    world = World(tmp_path)
    yield world
    world.close()


@pytest.fixture
def world(empty_world: World) -> World:
    """Return a service with three agencies."""
    empty_world.found()
    return empty_world
