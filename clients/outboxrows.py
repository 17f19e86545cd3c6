"""What the outbox keeps, as values and as rows, and what one batch writes of it (docs/adr/0025)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert

from clients.errors import HomeError
from clients.outboxtables import APPROVAL, EPOCH, LETTER
from clients.setaside import put_rows
from ledger.identifiers import StatementName, statement_name


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxBatch:
    """One batch: its place in the agency's chain, its bytes, and where it is logged once it is."""

    seq: int
    payload_hash: bytes
    body: bytes = field(repr=False)
    first: int | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A batch that a receipt says is logged, where no witness had seen it: its bytes, and the receipt's checkpoint."""

    seq: int
    index: int
    body: bytes = field(repr=False)
    note: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRow:
    """One row of a list that went in: its fingerprint, the key of its row if the map names one, its records.

    `parts` are the fingerprints of what the records tell, in their order; none for a row that an early version sent.
    """

    fingerprint: bytes
    key: bytes | None
    names: tuple[StatementName, ...]
    parts: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEpoch:
    """An epoch of this agency: when it was opened (POSIX seconds), and the key id of every audience as hex.

    `records` is how many it has so far, `first` where the batch that opened it stands once that is logged, `index` where
    its grants stand last: there or, repeated for a new key, later.
    """

    ep: int
    opened: int
    audiences: Mapping[str, str]
    records: int = 0
    first: int | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message in words, to be sealed with the next sending; `body` is its JSON, `approval` the id of a proposal."""

    to: str
    kind: str
    thread: bytes
    re: StatementName | None
    body: bytes = field(repr=False)
    approval: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentLetter:
    """A letter in a logged batch: its parts stand from `index` on, under these names."""

    number: int
    letter: Letter
    index: int
    names: tuple[StatementName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """Which letter a batch carries, from which of its statements on, under which names."""

    number: int
    place: int
    names: tuple[StatementName, ...]


def use_up(connection: Connection, approval: bytes) -> None:
    """Note that a proposal was carried out; raise HomeError if it was before."""
    used = connection.execute(insert(APPROVAL).values(id=approval).on_conflict_do_nothing())
    if used.rowcount != 1:
        raise HomeError("this proposal was carried out before", next_step="propose it again if it is meant twice")


def post(connection: Connection, letters: Sequence[Posted], seq: int) -> None:
    """Note in which batch letters leave."""
    for one in letters:
        names = json.dumps([str(name) for name in one.names])
        chosen = update(LETTER).where(LETTER.c.number == one.number)
        connection.execute(chosen.values(seq=seq, place=one.place, names=names))


def note_rows(connection: Connection, rows: Sequence[SentRow], seq: int) -> None:
    """Note the rows that a batch stands for, and count their records in the epoch that is open."""
    if not rows:
        return
    put_rows(connection, [_row_values(row, seq) for row in rows])
    newest = select(func.max(EPOCH.c.ep)).scalar_subquery()
    records = EPOCH.c.records + sum(len(row.names) for row in rows)
    connection.execute(update(EPOCH).where(EPOCH.c.ep == newest).values(records=records))


def begin_epoch(connection: Connection, epoch: OpenEpoch, seq: int) -> None:
    """Note the epoch that a batch opens."""
    audiences = json.dumps(dict(epoch.audiences))
    values = {"ep": epoch.ep, "opened": epoch.opened, "seq": seq, "audiences": audiences, "records": epoch.records}
    connection.execute(insert(EPOCH).values(values))


def letter_values(letter: Letter) -> dict[str, object]:
    """Return the columns of a letter."""
    return {
        "recipient": letter.to,
        "kind": letter.kind,
        "thread": letter.thread,
        "re": None if letter.re is None else str(letter.re),
        "body": letter.body,
        "approval": letter.approval,
    }


def letter_of(row: Any) -> Letter:
    """Return the letter of a row."""
    return Letter(
        to=row.recipient,
        kind=row.kind,
        thread=row.thread,
        re=None if row.re is None else statement_name(row.re),
        body=row.body,
        approval=row.approval,
    )


def _row_values(row: SentRow, seq: int) -> dict[str, object]:
    told = {"names": [str(name) for name in row.names], "parts": [part.hex() for part in row.parts]}
    return {"fingerprint": row.fingerprint, "key": row.key, "seq": seq, "names": json.dumps(told)}


def sent_row_of(row: Any) -> SentRow:
    """Return the list's row of a row; one that an early version wrote tells the names alone."""
    told = json.loads(row.names)
    names, parts = (told, []) if isinstance(told, list) else (told["names"], told["parts"])
    return SentRow(
        fingerprint=row.fingerprint,
        key=row.key,
        names=tuple(statement_name(name) for name in names),
        parts=tuple(bytes.fromhex(part) for part in parts),
    )
