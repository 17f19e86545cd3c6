"""Replicas as earlier versions of this program left them."""

from pathlib import Path

from clients.database import open_database
from clients.findindex import TABLES


def forget_openers(path: Path, *, key: bytes) -> None:
    """Make of a replica one from before it was noted which key opened what (clients/openedby.py)."""
    engine = open_database(path, TABLES, key=key)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX portion_opened_by")
        connection.exec_driver_sql("ALTER TABLE portion DROP COLUMN opened_by")
    engine.dispose()
