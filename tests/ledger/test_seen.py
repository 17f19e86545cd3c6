"""The audit's memory in a dictionary keeps what every such memory promises."""

import pytest

from ledger.seen import SeenInMemory
from tests.ledger.seen_contract import *  # noqa: F403 - the contract is the tests


@pytest.fixture
def seen() -> SeenInMemory:
    """Give a fresh memory."""
    return SeenInMemory()
