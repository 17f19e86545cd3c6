"""Bring a database to the newest revision (Alembic), without a configuration file: the path is all it needs."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from server import database
from server.errors import StartError

_SCRIPTS = Path(__file__).resolve().parents[1] / "migrations"


def migrate(path: Path) -> None:
    """Make the database if there is none, and run every revision it has not seen yet."""
    engine = database.writer(path)
    try:
        with engine.connect() as connection, connection.begin():
            if revision(connection) != newest():
                config = AlembicConfig(attributes={"connection": connection})
                config.set_main_option("script_location", str(_SCRIPTS))
                command.upgrade(config, "head")
    finally:
        engine.dispose()
    database.sync_folder(path)


@cache
def newest() -> str:
    """Return the revision that this program's tables are of; raise StartError where its migrations are not whole."""
    head = _scripts().get_current_head()
    if head is None:
        raise StartError("this program was installed without its migrations")
    return head


def known() -> frozenset[str]:
    """Return every revision this program knows."""
    return frozenset(script.revision for script in _scripts().walk_revisions())


def revision(connection: Connection) -> str | None:
    """Return the revision of a database; None if it holds no tables of ours."""
    has_table = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").first()
    if has_table is None:
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_SCRIPTS))
