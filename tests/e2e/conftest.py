"""What the tests of whole programs share."""

from collections.abc import Iterator

import pytest

from tests.support.founded import founded, walk
from tests.support.killing import Nursery

__all__ = ["founded", "walk"]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Give the process that forks."""
    found = Nursery()
    yield found
    found.close()
