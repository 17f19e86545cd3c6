"""One statement, or a stretch of them, out of the log itself: in the tree, in a batch that verifies."""

from collections.abc import Iterator

from clients.authority import Authority
from clients.batchreading import ReadBatch, read_batch
from clients.entries import Entries
from clients.session import Session
from clients.trust import View
from ledger.batches import MAX_STATEMENTS
from ledger.errors import ProofError
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.recordform import Record
from ledger.state import kind_of
from ledger.tiles import TILE_WIDTH


class LoggedBatches:
    """The batches of one view, found by any of their statements."""

    def __init__(self, session: Session, view: View, authority: Authority, entries: Entries) -> None:
        """Take a verified view, who is a member in it, and its entries."""
        self._session = session
        self._size = view.checkpoint.size
        self._authority = authority
        self._entries = entries
        self._last: ReadBatch | None = None

    def record(self, name: StatementName) -> tuple[ReadBatch, int, Record]:
        """Return a record of which only the name is known; where it stands, the service says and the log shows."""
        index = self._session.service.statement(name).index
        batch = self.holding(index)
        found = batch.at(index)
        if not isinstance(found, Record) or found.name != name:
            raise ProofError("the service names a place where another statement stands")
        return batch, index, found

    def holding(self, index: int) -> ReadBatch:
        """Return the batch that closes the statement at `index`; the one that was asked for last is read once."""
        if self._last is None or not self._last.first <= index <= self._last.index:
            self._last = self._closing(index)
        return self._last

    def between(self, first: int, last: int) -> Iterator[ReadBatch]:
        """Yield every batch that has statements in [first, last]."""
        at = first
        while at <= last:
            batch = self.holding(at)
            yield batch
            at = batch.index + 1

    def _closing(self, index: int) -> ReadBatch:
        for at in range(index, min(index + MAX_STATEMENTS + 1, self._size), TILE_WIDTH):
            found = self._first_batch(at, min(at + TILE_WIDTH, self._size))
            if found is not None:
                return read_batch(self._entries, self._authority, found)
        raise ProofError("no batch closes this statement")

    def _first_batch(self, start: int, end: int) -> int | None:
        for index, entry in enumerate(self._entries.read(start, end), start):
            if entry.startswith(b"{") and kind_of(entry) is Typ.BATCH:
                return index
        return None
