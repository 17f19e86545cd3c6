"""The published checkpoints of each log as rows: the first that held something, for ever, and the newest.

Two processes may publish side by side. So each statement carries its own condition: what readers saw never shrinks.
"""

from sqlalchemy import Connection

from ledger.errors import NotFoundError
from ledger.log import Published

LOG = "log"
ACCESS = "access"

_FIRST = """
INSERT INTO published (log, size, note) SELECT ?1, ?2, ?3
WHERE NOT EXISTS (SELECT 1 FROM published WHERE log = ?1 AND size >= ?2)
"""
_NEWEST = """
INSERT INTO newest_published (log, size, note) VALUES (?, ?, ?)
ON CONFLICT (log) DO UPDATE SET size = excluded.size, note = excluded.note WHERE excluded.size >= size
"""
_HOLDING = "SELECT note FROM published WHERE log = ? AND size > ? ORDER BY size LIMIT 1"


def write(connection: Connection, log: str, published: Published) -> None:
    """Let readers of `log` see a checkpoint, with its cosignatures; of a smaller tree than they saw, do nothing."""
    row = (log, published.size, published.note)
    connection.exec_driver_sql(_FIRST, row)
    connection.exec_driver_sql(_NEWEST, row)


def newest(connection: Connection, log: str) -> Published | None:
    """Return what readers of `log` are shown as its checkpoint; None before the first."""
    query = "SELECT size, note FROM newest_published WHERE log = ?"
    row = connection.exec_driver_sql(query, (log,)).one_or_none()
    return None if row is None else Published(size=row[0], note=row[1])


def first_holding(connection: Connection, log: str, index: int) -> bytes:
    """Return the published checkpoint that first held the entry at `index`; raise NotFoundError."""
    row = connection.exec_driver_sql(_HOLDING, (log, index)).one_or_none()
    if row is None:
        raise NotFoundError("no published checkpoint holds that entry")
    return bytes(row[0])
