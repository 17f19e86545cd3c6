"""What an audit remembers of statements, over the whole log: their names, and what became of the records.

Here in memory, for short logs and tests. A long log is remembered on disk, by whoever has one.
"""

from collections.abc import Sequence
from typing import Protocol

from ledger.checks import locate, refuse
from ledger.errors import DuplicateError
from ledger.identifiers import StatementName
from ledger.log import RecordFacts
from ledger.recordform import RecordHead
from ledger.submissions import Statement


class Seen(Protocol):
    """The names, and if asked the leaf hashes, of everything read so far."""

    def record_facts(self, name: StatementName) -> RecordFacts | None:
        """Return what is known of a record."""

    def enter(self, first: int, statements: Sequence[Statement | None]) -> None:
        """Remember the statements from `first` on; then raise DuplicateError for the first name seen before."""

    def enter_leaves(self, first: int, leaves: Sequence[bytes]) -> None:
        """Remember the leaf hashes from `first` on; then raise DuplicateError for the first seen before."""


class SeenInMemory:
    """Everything read so far, in a dictionary."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._facts: dict[StatementName, tuple[int, RecordFacts | None]] = {}
        self._leaves: dict[bytes, int] = {}

    def record_facts(self, name: StatementName) -> RecordFacts | None:
        """Return what is known of a record."""
        return self._facts.get(name, (0, None))[1]

    def enter(self, first: int, statements: Sequence[Statement | None]) -> None:
        """Remember the statements from `first` on; then raise DuplicateError for the first name seen before."""
        known: list[tuple[int, int]] = []
        for place, statement in enumerate(statements):
            if statement is None:
                continue
            at, _ = self._facts.setdefault(statement.name, (first + place, facts_of(statement)))
            if at != first + place:
                known.append((place, at))
        for name in superseded(statements):
            self._supersede(name)
        if known:
            raise duplicate_name(*known[0])

    def enter_leaves(self, first: int, leaves: Sequence[bytes]) -> None:
        """Remember the leaf hashes from `first` on; then raise DuplicateError for the first seen before."""
        places = [(place, self._leaves.setdefault(leaf, first + place)) for place, leaf in enumerate(leaves)]
        known = [(place, at) for place, at in places if at != first + place]
        if known:
            raise duplicate_leaf(*known[0])

    def _supersede(self, name: StatementName) -> None:
        at, facts = self._facts.get(name, (0, None))
        if facts is not None:
            self._facts[name] = at, facts._replace(superseded=True)


def facts_of(statement: Statement) -> RecordFacts | None:
    """Return what later statements must know of this one, if it is a record."""
    return RecordFacts(ep=statement.ep, superseded=False) if isinstance(statement, RecordHead) else None


def superseded(statements: Sequence[Statement | None]) -> list[StatementName]:
    """Return the records that these statements supersede."""
    records = [statement for statement in statements if isinstance(statement, RecordHead)]
    return [StatementName(record.name.iss, record.sup) for record in records if record.sup is not None]


def duplicate_name(place: int, at: int) -> DuplicateError:
    """Return the refusal of the statement at `place` of its batch, whose name entry `at` has."""
    return _duplicate("statement/name", "a name that no earlier statement has", place, at)


def duplicate_leaf(place: int, at: int) -> DuplicateError:
    """Return the refusal of the entry at `place` of its batch, whose bytes entry `at` has."""
    return _duplicate("statement/leaf", "an entry that is not logged already", place, at)


def _duplicate(check: str, expected: str, place: int, at: int) -> DuplicateError:
    refusal = DuplicateError("a statement is logged a second time")
    refuse(check, expected=expected, found=f"that of entry {at:,}", refusal=refusal)
    locate(refusal, place)
    return refusal
