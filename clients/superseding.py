"""Which records correct which: every `sup` that this home has read, one row for each record that has one.

A record reaches a home when its key does, in any order. So what corrects is kept apart from what is corrected: it may be
here before the other, and stay when it is itself expunged or sealed to others. Rows are only ever added, and which one
counts is told by the log's order alone: the first behind the record that it names (docs/protocol.md, 4).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Integer, LargeBinary, String, Table, inspect, select, text

from clients.findindex import TABLES
from clients.replicatables import RECORD
from ledger.identifiers import StatementName
from ledger.recordform import Record

CORRECTION = Table(
    "correction",
    TABLES,
    Column("iss", String, primary_key=True),
    Column("sup", LargeBinary, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("jti", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
# By the driver itself, as records are written (clients/replicatables.py).
_INSERT = "INSERT INTO correction (iss, sup, position, jti) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"

_OF_IT = (CORRECTION.c.iss == RECORD.c.iss, CORRECTION.c.sup == RECORD.c.jti, CORRECTION.c.position > RECORD.c.position)
_FIRST = select(CORRECTION.c.jti).where(*_OF_IT).order_by(CORRECTION.c.position).limit(1)
SUPERSEDED_BY = _FIRST.correlate(RECORD).scalar_subquery().label("superseded_by")
"""Of a row of `record`: which record corrects it, or NULL."""

CORRECTED = """
SELECT r.position FROM correction c JOIN record r ON r.iss = c.iss AND r.jti = c.sup AND r.position < c.position
"""
"""Which records are corrected: read from two indexes, where the records themselves take a page each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A record that names an earlier one of its issuer as superseded: where it stands, its name, the other's id."""

    index: int
    name: StatementName
    sup: bytes


def corrections(records: Iterable[tuple[int, Record]]) -> list[Correction]:
    """Return what these records correct, each given with its index; whether one can be opened does not matter."""
    return [Correction(index=index, name=one.name, sup=one.sup) for index, one in records if one.sup is not None]


def note_corrections(connection: Connection, found: Iterable[Correction]) -> None:
    """Keep what corrects what; what is known already stays as it is."""
    rows = [(one.name.iss, one.sup, one.index, one.name.jti) for one in found]
    if rows:
        connection.exec_driver_sql(_INSERT, rows)


def corrected_at(connection: Connection, name: StatementName) -> int | None:
    """Return where the record stands that corrects the one of that name, if one does."""
    chosen = select(CORRECTION.c.position).where(*_OF_IT, RECORD.c.iss == name.iss, RECORD.c.jti == name.jti)
    return connection.execute(chosen.order_by(CORRECTION.c.position).limit(1)).scalar()


# What an earlier version held: a column that only a correction filled which came after what it corrects. Of one that is no
# longer here its place is unknown; it is behind what it corrects.
_UPGRADE = (
    "INSERT INTO correction (iss, sup, position, jti) SELECT iss, sup, position, jti FROM record WHERE sup IS NOT NULL",
    """
    INSERT INTO correction (iss, sup, position, jti) SELECT iss, jti, position + 1, superseded_by FROM record r
    WHERE superseded_by IS NOT NULL AND NOT EXISTS
        (SELECT 1 FROM correction c WHERE c.iss = r.iss AND c.sup = r.jti AND c.jti = r.superseded_by)
    ON CONFLICT DO NOTHING
    """,
    "DROP INDEX IF EXISTS record_corrected",
    "ALTER TABLE record DROP COLUMN superseded_by",
)


def upgrade(connection: Connection) -> None:
    """Take over what a replica of an earlier version knew of corrections; one of this version is left alone."""
    if any(one["name"] == "superseded_by" for one in inspect(connection).get_columns(RECORD.name)):
        for statement in _UPGRADE:
            connection.execute(text(statement))
