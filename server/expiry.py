"""Boxes are deleted after 90 days (docs/protocol.md, 5.8): whoever breaks a key later finds nothing that it opens.

The age of a box is read from how large the log was on which day, noted once a day: no row of the log carries a time, and
a box is deleted late rather than early. Everything else beside the log stays, and so do issuers' own grant boxes.
"""

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Connection

from ledger.kinds import Typ
from ledger.wire.limits import BOX_DAYS
from server.errors import StorageError
from server.store import SqlStore
from server.submitting import Submitting

DAY_SECONDS = 86_400
# Entries looked at in one transaction: nobody's batch waits longer than this takes.
_STEP = 5_000

_NOTE = "INSERT INTO days (day, size) SELECT ?1, size FROM head WHERE ?1 > (SELECT coalesce(max(day), -1) FROM days)"
_DUE = "SELECT coalesce(max(size), 0) FROM days WHERE day <= ?"
_BELOW = "SELECT coalesce(max(below), 0) FROM expiry"
_MOVE = "INSERT INTO expiry (id, below) VALUES (1, ?) ON CONFLICT DO UPDATE SET below = excluded.below"
# The days that no question needs any more: all before the newest one that is old enough.
_FORGET = "DELETE FROM days WHERE day < (SELECT max(day) FROM days WHERE day <= ?)"
_DELETE = """
DELETE FROM blobs WHERE id IN (
  SELECT b.id FROM blobs AS b JOIN statements AS s ON s.idx = b.idx WHERE b.idx >= ? AND b.idx < ?
  AND (s.typ = ? AND b.only_for <> s.iss OR s.typ = ? AND b.place IN ('to', 'self')))
"""


class BoxExpiry:
    """Deletes what is too old, a piece at a time, between the submissions of others."""

    def __init__(self, store: SqlStore, submitting: Submitting, *, clock: Callable[[], int], step: int = _STEP) -> None:
        """Take the store, whose writer the submissions share, the clock (POSIX seconds), and how much to do at once."""
        self._piece = step
        self._store = store
        self._submitting = submitting
        self._clock = clock
        # What an earlier run of the program left in the write-ahead log, the start of this one has emptied.
        self._is_settled = True

    def run(self) -> int:
        """Note the day, delete every box that is 90 days old, and return how many there were."""
        day, deleted, goes_on = self._clock() // DAY_SECONDS, 0, True
        while goes_on:
            count, goes_on = self._submitting.between(lambda: self._delete_some(day))
            deleted += count
            self._is_settled = self._is_settled and not count
        if not self._is_settled:
            # A reader may be in the way: the next run, or the end of the service, empties the write-ahead log.
            with suppress(StorageError):
                self._submitting.between(self._store.empty_log)
                self._is_settled = True
        return deleted

    def _delete_some(self, day: int) -> tuple[int, bool]:
        with self._store.writing() as connection:
            return _step(connection, day, self._piece)


def _step(connection: Connection, day: int, piece: int) -> tuple[int, bool]:
    """Delete the boxes of some entries; return how many, and whether there are more entries to look at."""
    connection.exec_driver_sql(_NOTE, (day,))
    connection.exec_driver_sql(_FORGET, (day - BOX_DAYS,))
    due, below = connection.exec_driver_sql(_DUE, (day - BOX_DAYS,)).scalar_one(), expired_below(connection)
    if below >= due:
        return 0, False
    end = min(due, below + piece)
    deleted = connection.exec_driver_sql(_DELETE, (below, end, Typ.GRANT.value, Typ.MESSAGE.value)).rowcount
    connection.exec_driver_sql(_MOVE, (end,))
    return deleted, end < due


def expired_below(connection: Connection) -> int:
    """Return the index below which boxes have been deleted."""
    below: int = connection.exec_driver_sql(_BELOW).scalar_one()
    return below


def due_below(connection: Connection) -> int:
    """Return the index below which boxes may have been deleted, by the days that were noted."""
    due: int = connection.exec_driver_sql(
        "SELECT coalesce(max(size), 0) FROM days WHERE day <= (SELECT max(day) FROM days) - ?", (BOX_DAYS,)
    ).scalar_one()
    return due
