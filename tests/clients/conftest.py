"""What the tests of the clients share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.replica import Replica
from tests.support.founded import founded, walk
from tests.support.keystores import DATABASE_KEY

__all__ = ["founded", "walk"]


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    """Give an empty replica."""
    found = Replica(tmp_path / "replica.sqlite", key=DATABASE_KEY)
    yield found
    found.close()
