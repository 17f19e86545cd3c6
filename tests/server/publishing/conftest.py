"""A service with four witnesses, three of which must cosign."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.witnessed import WitnessedWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WitnessedWorld]:
    """Return a service whose first charter names four witnesses, and is not handed in yet."""
    found = WitnessedWorld(tmp_path)
    yield found
    found.close()
