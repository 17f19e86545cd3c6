"""The store in memory keeps the contract of all stores."""

import pytest

from ledger.log import Store
from tests.ledger.store_contract import *  # noqa: F403  the contract is a module of tests
from tests.support.fakes import FixedClock, MemoryStore


@pytest.fixture
def store() -> Store:
    """Return an empty store."""
    return MemoryStore()


def test_a_fixed_clock_stands_until_told() -> None:
    """Time passes only when a test says so."""
    clock = FixedClock(10)
    clock.advance(5)

    assert (clock(), clock()) == (15, 15)
