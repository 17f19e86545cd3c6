"""An expungement is acknowledged when nothing of it is left: not in a row, not in the write-ahead log.

docs/protocol.md, 9. The rows go in the transaction that logs the statement, overwritten by `secure_delete`; the
tombstone file and the write-ahead log follow here, and only then the answer. What failed half-way is finished by the
next attempt, or by the next start.
"""

from pathlib import Path

from ledger.errors import BusyError
from server import tombstones
from server.errors import StorageError
from server.store import SqlStore


class Burials:
    """What has been expunged from one database, and whether that is finished. Used by the sequencer alone."""

    def __init__(self, store: SqlStore, path: Path) -> None:
        """Take the store and the tombstone file."""
        self._store = store
        self._path = path
        self._finished = False

    def start(self) -> None:
        """Bury what the file names, should the database be older than it, and finish."""
        self._store.bury(tombstones.read_names(self._path) - self._store.buried())
        self._settle()

    def begin(self) -> None:
        """Note that an expungement is about to be written."""
        self._finished = False

    def finish(self) -> None:
        """Finish what was begun, if it is not finished; BusyError if a reader is in the way, and nothing is lost."""
        if self._finished:
            return
        try:
            self._settle()
        except StorageError as error:
            raise BusyError("the expungement is logged and not settled yet: send it again") from error

    def _settle(self) -> None:
        tombstones.add_names(self._path, self._store.buried())
        self._store.empty_log()
        self._finished = True
