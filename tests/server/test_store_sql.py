"""The store over SQLite keeps the contract of all stores, the same as the one in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server import database, schema
from server.store import SqlStore
from tests.ledger.store_contract import *  # noqa: F403  the contract is a module of tests


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """Return an empty store."""
    path = tmp_path / "ledger.sqlite"
    schema.migrate(path)
    store = SqlStore(writer=database.writer(path), readers=database.readers(path, connections=4))
    yield store
    store.close()
