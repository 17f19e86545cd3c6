"""Fixtures of the attacks: a service in a fresh folder with its consortium around it, changed or never changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.wire import paths
from tests.support.consortium import Consortium, make_consortium
from tests.support.processes import Running, consortium_config, serving
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


@pytest.fixture(scope="session")
def consortium() -> Consortium:
    """Give the consortium whose log the service keeps."""
    return make_consortium()


@pytest.fixture(scope="session")
def running(consortium: Consortium, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a service in a process of its own with charter 1 logged."""
    config = consortium_config(tmp_path_factory.mktemp("served") / "data", consortium)
    with serving(config) as found:
        assert found.post(paths.CHARTERS, consortium.charter_file, paths.CHARTER_TYPE)[0] == 201
        yield found
