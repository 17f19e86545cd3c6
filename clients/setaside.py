"""What a waiting batch stands for, moved aside in the outbox when it is discarded, and back if the log shows it (docs/adr/0058)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, delete, literal, select, update
from sqlalchemy.dialects.sqlite import insert

from clients.errors import HomeError
from clients.outboxtables import BATCH, EPOCH, LETTER, REPEAT, ROW


def set_aside(connection: Connection, *, seq: int, payload_hash: bytes) -> dict[str, object]:
    """Take a waiting batch out, and return what it stands for; grants that it repeats are again those of before."""
    waits = (BATCH.c.seq == seq, BATCH.c.payload_hash == payload_hash, BATCH.c.position.is_(None))
    if connection.execute(delete(BATCH).where(*waits)).rowcount != 1:
        raise HomeError("the outbox changed meanwhile", next_step="run `sealtrace submit --resume`")
    repeat = connection.execute(select(REPEAT).where(REPEAT.c.seq == seq)).first()
    if repeat is not None:
        connection.execute(update(EPOCH).where(EPOCH.c.ep == repeat.ep).values(seq=repeat.before))
    connection.execute(delete(REPEAT).where(REPEAT.c.seq == seq))
    letters = select(LETTER.c.number, LETTER.c.place, LETTER.c.names).where(LETTER.c.seq == seq)
    unsent = update(LETTER).where(LETTER.c.seq == seq).values(seq=None, place=None, names=None)
    sealed = [{**row} for row in connection.execute(letters).mappings()]
    connection.execute(unsent)
    return {
        "letters": sealed,
        "rows": [_spelled(row) for row in _taken(connection, ROW, seq)],
        "epochs": [{**row} for row in _taken(connection, EPOCH, seq)],
        "repeats": None if repeat is None else repeat.ep,
    }


def _taken(connection: Connection, table: Table, seq: int) -> Sequence[RowMapping]:
    rows = connection.execute(select(table).where(table.c.seq == seq)).mappings().all()
    connection.execute(delete(table).where(table.c.seq == seq))
    return rows


def put_back(connection: Connection, held: Mapping[str, Any], *, seq: int) -> None:
    """Let what was moved aside stand in the batch of that number."""
    rows = [{**_unspelled(row), "seq": seq} for row in held["rows"]]
    if rows:
        put_rows(connection, rows)
    for epoch in held["epochs"]:
        connection.execute(insert(EPOCH).values(**{**epoch, "seq": seq}))
    if held["repeats"] is not None:
        repeat(connection, held["repeats"], seq)
    for letter in held["letters"]:
        sealed = {"seq": seq, "place": letter["place"], "names": letter["names"]}
        connection.execute(update(LETTER).where(LETTER.c.number == letter["number"]).values(**sealed))


def _spelled(row: RowMapping) -> dict[str, object]:
    key = None if row["key"] is None else row["key"].hex()
    return {"fingerprint": row["fingerprint"].hex(), "key": key, "names": row["names"]}


def _unspelled(row: Mapping[str, Any]) -> dict[str, object]:
    key = None if row["key"] is None else bytes.fromhex(row["key"])
    return {"fingerprint": bytes.fromhex(row["fingerprint"]), "key": key, "names": row["names"]}


def repeat(connection: Connection, ep: int, seq: int) -> None:
    """Let a batch take the place of the one that opened an epoch, and remember which that was."""
    before = select(literal(seq), EPOCH.c.ep, EPOCH.c.seq).where(EPOCH.c.ep == ep)
    connection.execute(insert(REPEAT).from_select(["seq", "ep", "before"], before))
    connection.execute(update(EPOCH).where(EPOCH.c.ep == ep).values(seq=seq))


def put_rows(connection: Connection, values: Sequence[dict[str, object]]) -> None:
    """Write rows; one corrected back to what it once said takes its old place, with its new records."""
    row = insert(ROW)
    anew = {name: row.excluded[name] for name in ("key", "seq", "names")}
    connection.execute(row.on_conflict_do_update(index_elements=["fingerprint"], set_=anew), values)
