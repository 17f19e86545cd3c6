"""Which rows of a list are new, which are logged already, and which were changed since (docs/adr/0025).

Nothing is edited in a log. A changed row gives new records that name the earlier ones as superseded, each its own:
a sale takes the place of a sale, a recovery of a recovery (docs/protocol.md, 4).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clients.importing import PlannedRow
from clients.outbox import Outbox
from clients.outboxrows import SentRow
from clients.replica import Replica
from ledger.identifiers import StatementName


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A row that is logged as it stands, and its records."""

    line: int
    names: tuple[StatementName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A row that says something else than when it went in as the records `names`.

    `sups` says of each of its new records which earlier one it supersedes; where `obstacle` is set it cannot.
    """

    row: PlannedRow
    names: tuple[StatementName, ...]
    sups: tuple[StatementName | None, ...] = ()
    obstacle: str = ""

    @property
    def line(self) -> int:
        """Return the line of the row."""
        return self.row.line


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """The rows of a list by what is known of them."""

    fresh: tuple[PlannedRow, ...]
    unchanged: tuple[Known, ...]
    corrections: tuple[Correction, ...]


def sort_rows(rows: Sequence[PlannedRow], *, outbox: Outbox, replica: Replica) -> Sorted:
    """Return which rows are new, unchanged or changed. What the outbox remembers decides, never the list."""
    sent = outbox.sent([row.fingerprint for row in rows])
    by_key = outbox.sent_by_key([row.key for row in rows if row.key is not None])
    fresh: list[PlannedRow] = []
    unchanged: list[Known] = []
    corrections: list[Correction] = []
    for row in rows:
        same = sent.get(row.fingerprint)
        newest = by_key.get(row.key) if row.key is not None else None
        if same is not None and (newest is None or newest.fingerprint == row.fingerprint):
            unchanged.append(Known(line=row.line, names=same.names))
        elif newest is not None:
            corrections.append(_correction(row, newest, replica))
        else:
            fresh.append(row)
    return Sorted(fresh=tuple(fresh), unchanged=tuple(unchanged), corrections=tuple(corrections))


def _correction(row: PlannedRow, before: SentRow, replica: Replica) -> Correction:
    obstacle = _superseded(before, replica)
    sups = None if obstacle else _places(row.parts, _kept(before, replica))
    if sups is None:
        obstacle = obstacle or "it gives other kinds of records than before; expunge those that are wrong"
        return Correction(row=row, names=before.names, obstacle=obstacle)
    return Correction(row=row, names=before.names, sups=sups)


def _superseded(before: SentRow, replica: Replica) -> str:
    """Return why an earlier record cannot be superseded, as far as this home has synced its own records."""
    for name in before.names:
        record = replica.find(name)
        if record is not None and record.superseded_by is not None:
            return f"{name} is superseded already, by a record that this outbox does not know"
    return ""


def _kept(before: SentRow, replica: Replica) -> list[tuple[bytes, StatementName]]:
    """Return the earlier records with their kinds, but for the expunged: of these nothing is left to supersede."""
    gone = replica.expunged()
    parts = before.parts or (b"",) * len(before.names)
    return [(part, name) for part, name in zip(parts, before.names, strict=True) if name not in gone]


def _places(parts: Sequence[bytes], old: list[tuple[bytes, StatementName]]) -> tuple[StatementName | None, ...] | None:
    """Return for each new record the earlier one whose place it takes, or None if an earlier one would be left over.

    The same kind of event takes its place first. What is left on both sides is paired in order if it is as many:
    then the kind itself was corrected.
    """
    taken: list[StatementName | None] = []
    for part in parts:
        found = next((one for one in old if one[0] == part), None)
        if found is not None:
            old.remove(found)
        taken.append(found[1] if found is not None else None)
    open_places = [at for at, name in enumerate(taken) if name is None]
    if old and len(old) != len(open_places):
        return None
    for at, (_, name) in zip(open_places, old, strict=False):
        taken[at] = name
    return tuple(taken)
