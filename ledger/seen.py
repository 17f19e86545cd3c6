"""What an audit remembers of statements, over the whole log: their names, and what became of the records.

No two entries that count have the same bytes, though leaf hashes are not gathered: statements have names, which are
compared here; batches have a place in a chain, key entries one too, charters a version.

Here in memory, for short logs and tests. A long log is remembered on disk, by whoever has one.
"""

from collections.abc import Sequence
from typing import Protocol

from ledger.checks import locate, refuse
from ledger.errors import DuplicateError
from ledger.expunges import Expunge
from ledger.identifiers import StatementName
from ledger.log import RecordFacts
from ledger.recordform import RecordHead
from ledger.submissions import Statement


class Seen(Protocol):
    """The statements read so far."""

    def record_facts(self, name: StatementName) -> RecordFacts | None:
        """Return what is known of a record."""

    def enter(self, first: int, statements: Sequence[Statement | None]) -> None:
        """Remember the statements from index `first` on; then raise DuplicateError for the first name seen before."""


class SeenInMemory:
    """The statements read so far, in a dictionary."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[StatementName, tuple[int, RecordFacts | None]] = {}

    def record_facts(self, name: StatementName) -> RecordFacts | None:
        """Return what is known of a record."""
        return self._known.get(name, (0, None))[1]

    def enter(self, first: int, statements: Sequence[Statement | None]) -> None:
        """Remember the statements from index `first` on; then raise DuplicateError for the first name seen before."""
        before: list[tuple[int, int]] = []
        for index, statement in enumerate(statements, start=first):
            if statement is not None:
                at, _ = self._known.setdefault(statement.name, (index, facts_of(statement)))
                before += [(index - first, at)] if at != index else []
        for name in superseded(statements):
            self._mark(name, superseded=True)
        for name in expunged(statements):
            self._mark(name, expunged=True)
        if before:
            raise duplicate(*before[0])

    def _mark(self, name: StatementName, **what: bool) -> None:
        at, facts = self._known.get(name, (0, None))
        if facts is not None:
            self._known[name] = at, facts._replace(**what)


def facts_of(statement: Statement) -> RecordFacts | None:
    """Return what later statements must know of this one, if it is a record."""
    return RecordFacts(ep=statement.ep, superseded=False) if isinstance(statement, RecordHead) else None


def superseded(statements: Sequence[Statement | None]) -> list[StatementName]:
    """Return the records that these statements supersede."""
    records = [statement for statement in statements if isinstance(statement, RecordHead)]
    return [StatementName(record.name.iss, record.sup) for record in records if record.sup is not None]


def expunged(statements: Sequence[Statement | None]) -> list[StatementName]:
    """Return the records that these statements expunge."""
    found = [statement for statement in statements if isinstance(statement, Expunge)]
    return [StatementName(statement.name.iss, statement.of) for statement in found]


def duplicate(place: int, at: int) -> DuplicateError:
    """Return the refusal of the statement at `place` of its batch, whose name the one in entry `at` has."""
    refusal = DuplicateError("a statement of this name is logged already")
    refuse("statement/name", expected="a new name", found=f"that of entry {at:,}", refusal=refusal)
    locate(refusal, place)
    return refusal
