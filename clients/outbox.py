"""What this agency signed: sent, or still to be sent; and which list rows went in (docs/adr/0025).

A batch stands here, body and all, before the first byte of it is sent. So a crash, a lost answer or a full disk at
any point leaves either nothing, or a body that is sent again to the byte. Rows are remembered by fingerprints.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Select,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from clients.database import open_database
from clients.errors import HomeError
from clients.outboxrows import (
    Letter,
    OpenEpoch,
    OutboxBatch,
    Posted,
    Promise,
    SentLetter,
    SentRow,
    begin_epoch,
    letter_of,
    letter_values,
    note_rows,
    post,
    sent_row_of,
    use_up,
)
from clients.outboxtables import APPROVAL, BATCH, BY_SEQ, DISCARDED, EPOCH, LETTER, PROMISE, REPEAT, ROW, TABLES
from clients.setaside import put_back, repeat, set_aside
from ledger.identifiers import statement_name


class Outbox:
    """The outbox of one agency; all its desks share it."""

    def __init__(self, path: Path, *, key: bytes) -> None:
        """Open the outbox at `path` under the home's `key`, making it where there is none."""
        self._engine = open_database(path, TABLES, key=key)

    def put(  # noqa: PLR0913 - a batch and all that it may stand for, by name
        self,
        batch: OutboxBatch,
        *,
        rows: Sequence[SentRow] = (),
        epoch: OpenEpoch | None = None,
        repeats: OpenEpoch | None = None,
        letters: Sequence[Posted] = (),
        approval: bytes | None = None,
    ) -> None:
        """Write a batch to be sent, and what it stands for, in one durable transaction.

        A batch that `repeats` an epoch's grants takes the place of the one that opened it. One that carries out an
        `approval` uses it up.
        """
        with self._engine.begin() as connection:
            if connection.execute(select(BATCH.c.seq).where(BATCH.c.position.is_(None))).first() is not None:
                raise HomeError("another batch waits to be sent", next_step="run `sealtrace submit --resume`")
            connection.execute(insert(BATCH).values(seq=batch.seq, payload_hash=batch.payload_hash, body=batch.body))
            if approval is not None:
                use_up(connection, approval)
            post(connection, letters, batch.seq)
            note_rows(connection, rows, batch.seq)
            if repeats is not None:
                repeat(connection, repeats.ep, batch.seq)
            if epoch is not None:
                begin_epoch(connection, epoch, batch.seq)

    def replace(self, old: OutboxBatch, new: OutboxBatch) -> None:
        """Put a batch signed anew in the place of one that can no longer be logged."""
        with self._engine.begin() as connection:
            changed = connection.execute(
                update(BATCH)
                .where(BATCH.c.seq == old.seq, BATCH.c.payload_hash == old.payload_hash, BATCH.c.position.is_(None))
                .values(seq=new.seq, payload_hash=new.payload_hash, body=new.body)
            )
            if changed.rowcount != 1:
                raise HomeError("the outbox changed meanwhile", next_step="run `sealtrace submit --resume`")
            for table in BY_SEQ:
                connection.execute(update(table).where(table.c.seq == old.seq).values(seq=new.seq))

    def discard(self, batch: OutboxBatch, *, root: bytes) -> None:
        """Set aside a batch that the log is proved not to hold: its rows, epoch and letters are free to be sealed anew.

        What it stood for is kept under the `root` of its statements: somebody still has its bytes, and if they are logged
        later no row must be logged a second time.
        """
        with self._engine.begin() as connection:
            held = set_aside(connection, seq=batch.seq, payload_hash=batch.payload_hash)
            aside = insert(DISCARDED).values(root=root, held=json.dumps(held))
            connection.execute(aside.on_conflict_do_update(index_elements=["root"], set_={"held": aside.excluded.held}))

    def discarded(self, root: bytes) -> bool:
        """Say whether statements of this root were set aside here."""
        with self._engine.begin() as connection:
            return connection.execute(select(DISCARDED.c.root).where(DISCARDED.c.root == root)).first() is not None

    def take_back(self, batch: OutboxBatch, *, root: bytes) -> None:
        """Count discarded statements as logged after all, in this batch."""
        with self._engine.begin() as connection:
            held = connection.execute(select(DISCARDED.c.held).where(DISCARDED.c.root == root)).scalar_one()
            connection.execute(delete(DISCARDED).where(DISCARDED.c.root == root))
            place = {"first": batch.first, "position": batch.index}
            connection.execute(insert(BATCH).values(seq=batch.seq, payload_hash=batch.payload_hash, body=b"", **place))
            put_back(connection, json.loads(held), seq=batch.seq)

    def logged(self, batch: OutboxBatch, *, first: int, index: int, promise: bytes | None = None) -> None:
        """Remember that a batch stands in the log, verified; its body is no longer needed.

        With `promise`, the checkpoint of a receipt that no witness had seen, both are kept until it is fulfilled.
        """
        with self._engine.begin() as connection:
            if promise is not None:
                connection.execute(insert(PROMISE).values(seq=batch.seq, body=batch.body, note=promise))
            connection.execute(
                update(BATCH).where(BATCH.c.seq == batch.seq).values(first=first, position=index, body=b"")
            )

    def promises(self) -> tuple[Promise, ...]:
        """Return what receipts promised and readers had not been shown yet, in the order of the chain."""
        chosen = select(PROMISE, BATCH.c.position).join(BATCH, BATCH.c.seq == PROMISE.c.seq).order_by(PROMISE.c.seq)
        with self._engine.begin() as connection:
            rows = connection.execute(chosen).all()
        return tuple(Promise(seq=row.seq, index=row.position, body=row.body, note=row.note) for row in rows)

    def keep_promises(self, seqs: Sequence[int]) -> None:
        """Forget what was promised of these batches: the log that everybody is shown holds them."""
        with self._engine.begin() as connection:
            connection.execute(delete(PROMISE).where(PROMISE.c.seq.in_(seqs)))

    def send_again(self, *, from_seq: int) -> None:
        """Let every promised batch from a seq on wait to be sent, as it was signed."""
        with self._engine.begin() as connection:
            for row in connection.execute(select(PROMISE).where(PROMISE.c.seq >= from_seq)).all():
                values = {"first": None, "position": None, "body": row.body}
                connection.execute(update(BATCH).where(BATCH.c.seq == row.seq).values(**values))
            connection.execute(delete(PROMISE).where(PROMISE.c.seq >= from_seq))

    def write_letters(self, letters: Sequence[Letter], *, act: bytes | None = None) -> None:
        """Keep messages durably until they are sent; raise HomeError for an approval that was carried out before.

        An `act` is kept as done with them: `is_used` tells it whatever became of whoever wrote them.
        """
        with self._engine.begin() as connection:
            if act is not None:
                use_up(connection, act)
            for letter in letters:
                if letter.approval is not None:
                    use_up(connection, letter.approval)
                connection.execute(insert(LETTER).values(**letter_values(letter)))

    def letters(self) -> Mapping[int, Letter]:
        """Return the letters that are still to be sealed, by their numbers, the oldest first."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(LETTER).where(LETTER.c.seq.is_(None)).order_by(LETTER.c.number))
            return {row.number: letter_of(row) for row in rows}

    def sent_letters(self) -> tuple[SentLetter, ...]:
        """Return the letters of logged batches that `filed` has not taken out yet."""
        with self._engine.begin() as connection:
            chosen = select(LETTER, BATCH.c.first).join(BATCH, BATCH.c.seq == LETTER.c.seq)
            rows = connection.execute(chosen.where(BATCH.c.first.is_not(None)).order_by(LETTER.c.number)).all()
        return tuple(
            SentLetter(
                number=row.number,
                letter=letter_of(row),
                index=row.first + row.place,
                names=tuple(statement_name(name) for name in json.loads(row.names)),
            )
            for row in rows
        )

    def unfiled(self) -> tuple[Letter, ...]:
        """Return every letter that the replica does not hold yet, the oldest first: unsent, on its way, or just logged."""
        with self._engine.begin() as connection:
            return tuple(letter_of(row) for row in connection.execute(select(LETTER).order_by(LETTER.c.number)))

    def is_used(self, approval: bytes) -> bool:
        """Say whether what two officers approved, or an act, was carried out already."""
        with self._engine.begin() as connection:
            return connection.execute(select(APPROVAL.c.id).where(APPROVAL.c.id == approval)).first() is not None

    def letters_wait(self) -> bool:
        """Say whether the batch that is to be sent next holds letters."""
        waits = select(func.min(BATCH.c.seq)).where(BATCH.c.position.is_(None)).scalar_subquery()
        with self._engine.begin() as connection:
            return connection.execute(select(LETTER.c.number).where(LETTER.c.seq == waits)).first() is not None

    def filed(self, numbers: Sequence[int]) -> None:
        """Forget letters that stand in the replica now, or that nobody can be sent."""
        with self._engine.begin() as connection:
            for number in numbers:
                connection.execute(LETTER.delete().where(LETTER.c.number == number))

    def waiting(self) -> OutboxBatch | None:
        """Return the first batch that is still to be sent, if there is one."""
        with self._engine.begin() as connection:
            row = connection.execute(select(BATCH).where(BATCH.c.position.is_(None)).order_by(BATCH.c.seq)).first()
        return None if row is None else OutboxBatch(seq=row.seq, payload_hash=row.payload_hash, body=row.body)

    def logged_batches(self) -> list[OutboxBatch]:
        """Return every batch that stands in the log, without its body."""
        with self._engine.begin() as connection:
            chosen = select(BATCH).where(BATCH.c.position.is_not(None)).order_by(BATCH.c.seq)
            return [
                OutboxBatch(seq=row.seq, payload_hash=row.payload_hash, body=b"", first=row.first, index=row.position)
                for row in connection.execute(chosen)
            ]

    def last(self) -> OutboxBatch | None:
        """Return the newest batch, without its body once it is logged."""
        return self._newest(select(BATCH))

    def last_logged(self) -> OutboxBatch | None:
        """Return the newest batch that was proved to be logged."""
        return self._newest(select(BATCH).where(BATCH.c.position.is_not(None)))

    def _newest(self, chosen: Select[Any]) -> OutboxBatch | None:
        with self._engine.begin() as connection:
            row = connection.execute(chosen.order_by(BATCH.c.seq.desc()).limit(1)).first()
        if row is None:
            return None
        return OutboxBatch(
            seq=row.seq, payload_hash=row.payload_hash, body=row.body, first=row.first, index=row.position
        )

    def sent(self, fingerprints: Sequence[bytes]) -> dict[bytes, SentRow]:
        """Return what is known of rows with these fingerprints."""
        return self._rows(ROW.c.fingerprint, fingerprints)

    def sent_by_key(self, keys: Sequence[bytes]) -> dict[bytes, SentRow]:
        """Return the newest row of each of these keys."""
        return {row.key: row for row in self._rows(ROW.c.key, keys).values() if row.key is not None}

    def holding(self, fingerprints: Sequence[bytes], *, after: int) -> dict[OutboxBatch, list[SentRow]]:
        """Return the batches behind the seq `after` that hold rows of these fingerprints, each with those rows."""
        found: dict[OutboxBatch, list[SentRow]] = {}
        chosen = select(ROW, BATCH.c.first, BATCH.c.position).join(BATCH, BATCH.c.seq == ROW.c.seq)
        chosen = chosen.where(BATCH.c.seq > after).order_by(BATCH.c.seq)
        with self._engine.begin() as connection:
            for at in range(0, len(fingerprints), 500):
                for row in connection.execute(chosen.where(ROW.c.fingerprint.in_(fingerprints[at : at + 500]))):
                    batch = OutboxBatch(seq=row.seq, payload_hash=b"", body=b"", first=row.first, index=row.position)
                    found.setdefault(batch, []).append(sent_row_of(row))
        return {batch: found[batch] for batch in sorted(found, key=lambda one: one.seq)}

    def epoch(self) -> OpenEpoch | None:
        """Return the epoch this agency opened last."""
        last, opening = BATCH.alias(), BATCH.alias()
        before = select(func.min(REPEAT.c.before)).where(REPEAT.c.ep == EPOCH.c.ep).scalar_subquery()
        chosen = select(EPOCH, last.c.position, opening.c.position.label("first")).join(last, last.c.seq == EPOCH.c.seq)
        chosen = chosen.join(opening, opening.c.seq == func.coalesce(before, EPOCH.c.seq))
        with self._engine.begin() as connection:
            row = connection.execute(chosen.order_by(EPOCH.c.ep.desc()).limit(1)).first()
        if row is None:
            return None
        return OpenEpoch(
            ep=row.ep,
            opened=row.opened,
            audiences=json.loads(row.audiences),
            records=row.records,
            first=row.first,
            index=row.position,
        )

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    def _rows(self, column: Column[bytes], values: Sequence[bytes]) -> dict[bytes, SentRow]:
        found: dict[bytes, SentRow] = {}
        with self._engine.begin() as connection:
            for at in range(0, len(values), 500):
                chosen = select(ROW).where(column.in_(values[at : at + 500])).order_by(ROW.c.seq)
                for row in connection.execute(chosen):
                    found[row.fingerprint] = sent_row_of(row)
        return found
