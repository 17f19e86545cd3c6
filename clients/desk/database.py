"""The desk's own database, `desk.sqlite` of the home: people, sessions, the record of use. Encrypted as the home's others."""

from sqlalchemy import Engine, MetaData

from clients.database import open_database
from clients.home import Home

NAME = "desk.sqlite"


def open_desk(home: Home, first: MetaData, *others: MetaData, key: bytes) -> Engine:
    """Return the desk's database with the tables of each of its parts."""
    engine = open_database(home.path / NAME, first, key=key)
    for tables in others:
        tables.create_all(engine)
    return engine
