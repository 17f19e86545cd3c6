"""Counts of what is logged, for whoever runs the service: who submitted how much and when it stood where. No content."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from server import database

_AGENCIES = """
SELECT iss, count(*), sum(idx - first), max(seq), max(idx) FROM batches GROUP BY iss ORDER BY iss
"""
_RECENT = "SELECT iss, seq, first, idx FROM batches WHERE idx < ? ORDER BY idx DESC LIMIT ?"
_TOTALS = "SELECT count(*), sum(typ = 'batch'), sum(typ = 'charter'), sum(typ = 'key') FROM entries"

_MATCHING = """
SELECT (SELECT count(*) FROM slips), (SELECT count(*) FROM watches),
  (SELECT size FROM access_head), (SELECT at FROM tick)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchingCount:
    """How much is matched: live slips whatever their policy, watches, entries of the access log, when the last tick was.

    What waits for a tick, and what anybody was told, is counted nowhere: it would show who matched when.
    """

    slips: int
    watches: int
    access: int
    ticked: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyCount:
    """How much one agency has logged, and where its last batch stands."""

    iss: str
    batches: int
    statements: int
    last_seq: int
    last_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """One batch: whose, its number, its statements' and its own index."""

    iss: str
    seq: int
    first: int
    index: int

    @property
    def statements(self) -> int:
        """Return how many statements it closed."""
        return self.index - self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many entries of each kind the log has."""

    entries: int
    batches: int
    charters: int
    keys: int

    @property
    def statements(self) -> int:
        """Return how many entries are statements."""
        return self.entries - self.batches - self.charters - self.keys


class Census:
    """Reads through connections of its own, so that a slow page keeps no agency waiting."""

    def __init__(self, path: Path) -> None:
        """Open the database for reading."""
        self._readers = database.readers(path, connections=2)

    def close(self) -> None:
        """Close the connections."""
        self._readers.dispose()

    def agencies(self) -> Sequence[AgencyCount]:
        """Return the count of every agency that has logged something."""
        with self._readers.connect() as connection:
            rows = connection.exec_driver_sql(_AGENCIES).all()
        return [
            AgencyCount(iss=iss, batches=batches, statements=statements, last_seq=seq, last_index=index)
            for iss, batches, statements, seq, index in rows
        ]

    def recent(self, *, before: int, limit: int) -> Sequence[BatchLine]:
        """Return batches that stand before an index, the newest first."""
        with self._readers.connect() as connection:
            rows = connection.exec_driver_sql(_RECENT, (before, limit)).all()
        return [BatchLine(iss=iss, seq=seq, first=first, index=index) for iss, seq, first, index in rows]

    def matching(self) -> MatchingCount:
        """Return how much is matched."""
        with self._readers.connect() as connection:
            slips, watches, access, ticked = connection.exec_driver_sql(_MATCHING).one()
        return MatchingCount(slips=slips, watches=watches, access=access or 0, ticked=ticked)

    def totals(self) -> Totals:
        """Return how many entries there are of each kind."""
        with self._readers.connect() as connection:
            entries, batches, charters, keys = connection.exec_driver_sql(_TOTALS).one()
        return Totals(entries=entries, batches=batches or 0, charters=charters or 0, keys=keys or 0)
