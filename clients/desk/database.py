"""The desk's own database, `desk.sqlite` of the home: people, sessions, the record of use. Encrypted as the home's others."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy import Connection, Engine, MetaData

from clients.database import open_database
from clients.home import Home

NAME = "desk.sqlite"


def open_desk(home: Home, first: MetaData, *others: MetaData, key: bytes) -> Engine:
    """Return the desk's database with the tables of each of its parts."""
    engine = open_database(home.path / NAME, first, key=key)
    for tables in others:
        tables.create_all(engine)
    return engine


class Transactions(Protocol):
    """What begins a transaction that writes: the database, or a transaction under way that is joined."""

    def begin(self) -> AbstractContextManager[Connection]:
        """Give a transaction: all of it is kept, or nothing."""


class Joined:
    """A transaction under way. What begins one joins it: whoever began it ends it, and an error undoes all of it."""

    def __init__(self, connection: Connection) -> None:
        """Take the transaction."""
        self._connection = connection

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Give the transaction."""
        yield self._connection
