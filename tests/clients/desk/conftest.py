"""What the desk's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.deskpeople import Staff, staff


@pytest.fixture
def desk_staff(tmp_path: Path) -> Iterator[Staff]:
    """Give the people of a desk where nobody works yet."""
    with staff(tmp_path) as found:
        yield found
