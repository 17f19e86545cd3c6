"""What this agency signed: sent, or still to be sent; and which list rows went in (docs/adr/0025).

A batch stands here, body and all, before the first byte of it is sent. So a crash, a lost answer or a full disk at
any point leaves either nothing, or a body that is sent again to the byte. Rows are remembered by fingerprints.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, String, Table, func, select, update
from sqlalchemy.dialects.sqlite import insert

from clients.database import open_database
from clients.errors import HomeError
from ledger.identifiers import StatementName, statement_name

_TABLES = MetaData()
_BATCH = Table(
    "batch",
    _TABLES,
    Column("seq", Integer, primary_key=True),
    Column("payload_hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("first", Integer),
    Column("position", Integer),
)
_ROW = Table(
    "row",
    _TABLES,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("key", LargeBinary, index=True),
    Column("seq", Integer, nullable=False),
    Column("names", String, nullable=False),
)
_EPOCH = Table(
    "epoch",
    _TABLES,
    Column("ep", Integer, primary_key=True),
    Column("opened", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("audiences", String, nullable=False),
    Column("records", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxBatch:
    """One batch: its place in the agency's chain, its bytes, and where it is logged once it is."""

    seq: int
    payload_hash: bytes
    body: bytes = field(repr=False)
    first: int | None = None
    index: int | None = None


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

    `records` is how many it has so far, `index` where its grants' batch stands once that is logged.
    """

    ep: int
    opened: int
    audiences: Mapping[str, str]
    records: int = 0
    index: int | None = None


class Outbox:
    """The outbox of one agency; all its desks share it."""

    def __init__(self, path: Path) -> None:
        """Open the outbox at `path`, making it where there is none."""
        self._engine = open_database(path, _TABLES)

    def put(
        self,
        batch: OutboxBatch,
        *,
        rows: Sequence[SentRow] = (),
        epoch: OpenEpoch | None = None,
        repeats: OpenEpoch | None = None,
    ) -> None:
        """Write a batch to be sent, and what it stands for, in one durable transaction.

        A batch that `repeats` an epoch's grants takes the place of the one that opened it.
        """
        newest = select(func.max(_EPOCH.c.ep)).scalar_subquery()
        records = sum(len(row.names) for row in rows)
        with self._engine.begin() as connection:
            if connection.execute(select(_BATCH.c.seq).where(_BATCH.c.position.is_(None))).first() is not None:
                raise HomeError("another batch waits to be sent", next_step="run `sealtrace submit --resume`")
            connection.execute(insert(_BATCH).values(seq=batch.seq, payload_hash=batch.payload_hash, body=batch.body))
            values = [_row_values(row, batch.seq) for row in rows]
            if values:
                _put_rows(connection, values)
                connection.execute(
                    update(_EPOCH).where(_EPOCH.c.ep == newest).values(records=_EPOCH.c.records + records)
                )
            if repeats is not None:
                connection.execute(update(_EPOCH).where(_EPOCH.c.ep == repeats.ep).values(seq=batch.seq))
            if epoch is not None:
                connection.execute(
                    insert(_EPOCH).values(
                        ep=epoch.ep,
                        opened=epoch.opened,
                        seq=batch.seq,
                        audiences=json.dumps(dict(epoch.audiences)),
                        records=epoch.records,
                    )
                )

    def replace(self, old: OutboxBatch, new: OutboxBatch) -> None:
        """Put a batch signed anew in the place of one that can no longer be logged."""
        with self._engine.begin() as connection:
            changed = connection.execute(
                update(_BATCH)
                .where(_BATCH.c.seq == old.seq, _BATCH.c.payload_hash == old.payload_hash, _BATCH.c.position.is_(None))
                .values(seq=new.seq, payload_hash=new.payload_hash, body=new.body)
            )
            if changed.rowcount != 1:
                raise HomeError("the outbox changed meanwhile", next_step="run `sealtrace submit --resume`")
            for table in (_ROW, _EPOCH):
                connection.execute(update(table).where(table.c.seq == old.seq).values(seq=new.seq))

    def drop(self, batch: OutboxBatch) -> None:
        """Forget a batch that was never logged, its rows and its epoch: its records are to be sealed again."""
        with self._engine.begin() as connection:
            for table in (_ROW, _EPOCH, _BATCH):
                connection.execute(table.delete().where(table.c.seq == batch.seq))

    def logged(self, batch: OutboxBatch, *, first: int, index: int) -> None:
        """Remember that a batch stands in the log, verified; its body is no longer needed."""
        with self._engine.begin() as connection:
            connection.execute(
                update(_BATCH).where(_BATCH.c.seq == batch.seq).values(first=first, position=index, body=b"")
            )

    def waiting(self) -> OutboxBatch | None:
        """Return the batch that is still to be sent, if there is one."""
        with self._engine.begin() as connection:
            row = connection.execute(select(_BATCH).where(_BATCH.c.position.is_(None))).first()
        return None if row is None else OutboxBatch(seq=row.seq, payload_hash=row.payload_hash, body=row.body)

    def logged_batches(self) -> list[OutboxBatch]:
        """Return every batch that stands in the log, without its body."""
        with self._engine.begin() as connection:
            chosen = select(_BATCH).where(_BATCH.c.position.is_not(None)).order_by(_BATCH.c.seq)
            return [
                OutboxBatch(seq=row.seq, payload_hash=row.payload_hash, body=b"", first=row.first, index=row.position)
                for row in connection.execute(chosen)
            ]

    def last(self) -> OutboxBatch | None:
        """Return the newest batch, without its body once it is logged."""
        with self._engine.begin() as connection:
            row = connection.execute(select(_BATCH).order_by(_BATCH.c.seq.desc()).limit(1)).first()
        if row is None:
            return None
        return OutboxBatch(
            seq=row.seq, payload_hash=row.payload_hash, body=row.body, first=row.first, index=row.position
        )

    def sent(self, fingerprints: Sequence[bytes]) -> dict[bytes, SentRow]:
        """Return what is known of rows with these fingerprints."""
        return self._rows(_ROW.c.fingerprint, fingerprints)

    def sent_by_key(self, keys: Sequence[bytes]) -> dict[bytes, SentRow]:
        """Return the newest row of each of these keys."""
        return {row.key: row for row in self._rows(_ROW.c.key, keys).values() if row.key is not None}

    def epoch(self) -> OpenEpoch | None:
        """Return the epoch this agency opened last."""
        with self._engine.begin() as connection:
            chosen = select(_EPOCH, _BATCH.c.position).join(_BATCH, _BATCH.c.seq == _EPOCH.c.seq)
            row = connection.execute(chosen.order_by(_EPOCH.c.ep.desc()).limit(1)).first()
        if row is None:
            return None
        return OpenEpoch(
            ep=row.ep,
            opened=row.opened,
            audiences=json.loads(row.audiences),
            records=row.records,
            index=row.position,
        )

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    def _rows(self, column: Column[bytes], values: Sequence[bytes]) -> dict[bytes, SentRow]:
        found: dict[bytes, SentRow] = {}
        with self._engine.begin() as connection:
            for at in range(0, len(values), 500):
                chosen = select(_ROW).where(column.in_(values[at : at + 500])).order_by(_ROW.c.seq)
                for row in connection.execute(chosen):
                    found[row.fingerprint] = _sent_row(row)
        return found


def _row_values(row: SentRow, seq: int) -> dict[str, object]:
    told = {"names": [str(name) for name in row.names], "parts": [part.hex() for part in row.parts]}
    return {"fingerprint": row.fingerprint, "key": row.key, "seq": seq, "names": json.dumps(told)}


def _sent_row(row: Any) -> SentRow:
    told = json.loads(row.names)
    names, parts = (told, []) if isinstance(told, list) else (told["names"], told["parts"])
    return SentRow(
        fingerprint=row.fingerprint,
        key=row.key,
        names=tuple(statement_name(name) for name in names),
        parts=tuple(bytes.fromhex(part) for part in parts),
    )


def _put_rows(connection: Connection, values: Sequence[dict[str, object]]) -> None:
    """Write rows; one corrected back to what it once said takes its old place, with its new records."""
    row = insert(_ROW)
    anew = {name: row.excluded[name] for name in ("key", "seq", "names")}
    connection.execute(row.on_conflict_do_update(index_elements=["fingerprint"], set_=anew), values)
