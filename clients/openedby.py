"""Which key opened which portion of this agency's own records: what a release of closed epochs counts (docs/adr/0092).

It is noted with the portion, as the place of the grant that brought the key. So to say what a key opens, and under which
labels that stands, takes one index and no record. What an earlier version stored is held against the keys once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, func, insert, select, text, tuple_

from clients.database import reading
from clients.replicatables import GRANT, PORTION, RECORD, STATE

Opens = Callable[[int, bytes, str], int | None]
"""Of a record's epoch, its entry and a portion: the place of the grant whose key opens it, if one that is held does."""

_ROWS = 1_000
_UNNOTED = "opened-by-unnoted"
_COLUMN = "SELECT 1 FROM pragma_table_info('portion') WHERE name = 'opened_by'"
_UPGRADE = (
    "ALTER TABLE portion ADD COLUMN opened_by INTEGER",
    "CREATE INDEX portion_opened_by ON portion (opened_by, label, position) WHERE opened_by IS NOT NULL",
)
_NOTE = "UPDATE portion SET opened_by = ? WHERE position = ? AND portion = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedWith:
    """What keys opened: of how many records, where the last of them stands (-1: of none), and the labels as stored."""

    records: int
    last: int
    labels: tuple[str, ...] = field(repr=False)


def opened_with(connection: Connection, grants: Iterable[tuple[str, int, str]]) -> OpenedWith:
    """Return what the keys of this agency's grants opened, each by issuer, epoch and ekid; a record counts once.

    Whichever of its grants brought a key: a repeat does, too.
    """
    brought = select(GRANT.c.position).where(tuple_(GRANT.c.iss, GRANT.c.ep, GRANT.c.ek).in_([*grants]))
    by_them = PORTION.c.opened_by.in_(connection.execute(brought).scalars().all())
    counted = select(func.count(PORTION.c.position.distinct()), func.max(PORTION.c.position)).where(by_them)
    records, last = connection.execute(counted).one()
    labels = connection.execute(select(PORTION.c.label).where(by_them).distinct().order_by(PORTION.c.label)).scalars()
    return OpenedWith(records=records, last=-1 if last is None else last, labels=tuple(labels))


def upgrade_portions(connection: Connection) -> None:
    """Make room in a replica of an earlier version, and remember that what it holds was not noted yet."""
    if connection.execute(text(_COLUMN)).first() is None:
        for statement in _UPGRADE:
            connection.execute(text(statement))
        connection.execute(insert(STATE).values(name=_UNNOTED, value=1))


def note_openers(engine: Engine, *, iss: str, opens: Opens) -> None:
    """Note which keys opened what an earlier version stored of this agency's records; broken off, it begins anew."""
    unnoted = select(STATE.c.value).where(STATE.c.name == _UNNOTED)
    joined = RECORD.join(PORTION, RECORD.c.position == PORTION.c.position)
    chosen = select(RECORD.c.position, RECORD.c.ep, RECORD.c.entry, PORTION.c.portion).select_from(joined)
    unknown = chosen.where(RECORD.c.iss == iss, PORTION.c.opened_by.is_(None))
    # As the index on epochs has them: nothing is sorted, and no page read twice.
    wanted = unknown.order_by(RECORD.c.ep, RECORD.c.position).execution_options(yield_per=_ROWS)
    with reading(engine) as connection:
        if not connection.execute(unnoted).scalar():
            return
        # Part by part: an epoch may have a million records.
        for rows in connection.execute(wanted).partitions():
            noted = [(opens(row.ep, row.entry, row.portion), row.position, row.portion) for row in rows]
            with engine.begin() as writing:
                writing.exec_driver_sql(_NOTE, noted)
    with engine.begin() as writing:
        writing.execute(STATE.delete().where(STATE.c.name == _UNNOTED))
