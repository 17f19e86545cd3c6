"""Bring a database to the newest revision (Alembic), without a configuration file: the path is all it needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig

from server import database

_SCRIPTS = Path(__file__).resolve().parents[1] / "migrations"


def migrate(path: Path) -> None:
    """Make the database if there is none, and run every revision it has not seen yet."""
    engine = database.writer(path)
    try:
        with engine.connect() as connection, connection.begin():
            config = AlembicConfig(attributes={"connection": connection})
            config.set_main_option("script_location", str(_SCRIPTS))
            command.upgrade(config, "head")
    finally:
        engine.dispose()
    database.sync_folder(path)
