"""What of the conversation stands in the replica: messages as they were opened, and what releases show (docs/protocol.md, 6).

A message is kept as it came, part by part; what it comes to is computed when it is asked for (`ledger/talk/thread.py`). A
release that counts is taken apart into what it shows of which record.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    delete,
    func,
    select,
)
from sqlalchemy import update as sql_update
from sqlalchemy.dialects.sqlite import insert

from clients.database import empty_log, reading
from clients.findindex import TABLES, Unit, index_written, reindex, spell
from ledger.identifiers import StatementName, statement_name
from ledger.jsontext import JsonValue
from ledger.labels import Terms, terms_from_json
from ledger.messages import Inner, Kind
from ledger.talk.parts import Arrived

_MESSAGE = Table(
    "message",
    TABLES,
    Column("position", Integer, primary_key=True),
    Column("iss", String, nullable=False),
    Column("jti", LargeBinary, nullable=False),
    Column("recipient", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("thread", LargeBinary, nullable=False, index=True),
    Column("re", String),
    Column("part", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("body", String, nullable=False),
)
_AT_ONCE = 500
_RELEASE = Table(
    "release",
    TABLES,
    Column("position", Integer, primary_key=True),
    Column("iss", String, nullable=False),
    Column("jti", LargeBinary, nullable=False),
    Column("thread", LargeBinary, nullable=False),
    Column("terms", String, nullable=False),
    Column("expires", String),
    Column("opened", Integer, nullable=False),
    Column("recalled", Integer),
    Column("refused", String),
)
_RELEASED = Table(
    "released",
    TABLES,
    Column("position", Integer, primary_key=True),
    Column("release", Integer, primary_key=True),
    Column("portion", String, primary_key=True),
    Column("label", String),
    Column("fields", String, nullable=False),
    Column("disclosures", String, nullable=False),
    Index("released_by", "release"),
)
# By the driver itself, as the index is written (clients/findindex.py).
_INSERT_RELEASED = """
INSERT INTO released (position, release, portion, label, fields, disclosures) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRelease:
    """A release to this agency that counts: its place in the log, its terms, whether a person opened it, its recall.

    `refused` says why it could not be taken over.
    """

    index: int
    name: StatementName
    thread: bytes
    terms: Terms
    expires: date | None
    opened: bool = False
    recalled: int | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRelease:
    """What one release shows of one portion of a record: with its label if the whole portion came, without if fields did."""

    portion: str
    release: HeldRelease
    label: JsonValue = field(default=None, repr=False)
    fields: Mapping[str, JsonValue] = field(repr=False)
    disclosures: tuple[str, ...] = field(repr=False)

    @property
    def whole(self) -> bool:
        """Say whether the whole portion was released."""
        return self.label is not None


class TalkTables:
    """The conversation's part of a replica."""

    def __init__(self, engine: Engine) -> None:
        """Take the replica's database."""
        self._engine = engine

    def add_messages(self, arrived: Iterable[Arrived]) -> int:
        """Keep messages that were opened; return how many are new."""
        with self._engine.begin() as connection:
            rows = [insert(_MESSAGE).values(**_message_values(one)).on_conflict_do_nothing() for one in arrived]
            return sum(connection.execute(row).rowcount for row in rows)

    def messages(self, thread: bytes | None = None) -> tuple[Arrived, ...]:
        """Return all messages, or those of a thread, in log order."""
        chosen = select(_MESSAGE).order_by(_MESSAGE.c.position)
        if thread is not None:
            chosen = chosen.where(_MESSAGE.c.thread == thread)
        with reading(self._engine) as connection:
            return tuple(_arrived(row) for row in connection.execute(chosen))

    def grown(self, known: Mapping[bytes, int]) -> tuple[Mapping[bytes, int], Sequence[Arrived]]:
        """Return the number of messages of each thread, and in log order those of threads with another number than known."""
        counted = select(_MESSAGE.c.thread, func.count().label("said")).group_by(_MESSAGE.c.thread)
        with reading(self._engine) as connection:
            counts: dict[bytes, int] = {row.thread: row.said for row in connection.execute(counted)}
            grown = [thread for thread, count in counts.items() if known.get(thread) != count]
            return counts, [
                one for at in range(0, len(grown), _AT_ONCE) for one in _of(connection, grown[at : at + _AT_ONCE])
            ]

    def thread_of(self, name: StatementName) -> bytes | None:
        """Return the thread that a message belongs to, if it is here."""
        with reading(self._engine) as connection:
            chosen = select(_MESSAGE.c.thread).where(_MESSAGE.c.iss == name.iss, _MESSAGE.c.jti == name.jti)
            found: bytes | None = connection.execute(chosen).scalar()
        return found

    def add_release(self, release: HeldRelease) -> None:
        """Let a release count; of one that was refused nothing stays but the reason."""
        with self._engine.begin() as connection:
            if release.refused is not None:
                _drop_shown(connection, release)
            row = insert(_RELEASE).values(**_release_values(release))
            connection.execute(
                row.on_conflict_do_update(index_elements=["position"], set_={"refused": release.refused})
            )

    def releases(self) -> Mapping[StatementName, HeldRelease]:
        """Return the releases to this agency that were taken over."""
        with reading(self._engine) as connection:
            found = (_held(row) for row in connection.execute(select(_RELEASE).order_by(_RELEASE.c.position)))
            return {one.name: one for one in found}

    def mark_opened(self, release: HeldRelease) -> bool:
        """Remember that a person has opened a release; return whether that is new."""
        with self._engine.begin() as connection:
            chosen = sql_update(_RELEASE).where(_RELEASE.c.position == release.index, _RELEASE.c.opened == 0)
            return connection.execute(chosen.values(opened=1)).rowcount == 1

    def recall(self, release: HeldRelease, *, index: int) -> None:
        """Delete what a release showed, down to the file itself; `index` is where its recall stands."""
        with self._engine.begin() as connection:
            _drop_shown(connection, release)
            chosen = sql_update(_RELEASE).where(_RELEASE.c.position == release.index)
            connection.execute(chosen.values(recalled=index))
        empty_log(self._engine)


def write_released(connection: Connection, shown: Sequence[tuple[int, str, StoredRelease]]) -> None:
    """Keep what a release shows of records, named by index and issuer, and what may be found by it."""
    if shown:
        units = [_unit(index, iss, one) for index, iss, one in shown]
        rows = [_released_row(unit, one) for unit, (_, _, one) in zip(units, shown, strict=True)]
        index_written(connection, units, new=connection.exec_driver_sql(_INSERT_RELEASED, rows).rowcount)


def forget_released(connection: Connection, positions: Any) -> None:
    """Delete what releases show of records that are expunged."""
    connection.execute(delete(_RELEASED).where(_RELEASED.c.position.in_(positions)))


def _drop_shown(connection: Connection, release: HeldRelease) -> None:
    """Delete what a release showed, and what could be found by it."""
    shown = _RELEASED.c.release == release.index
    positions = connection.execute(select(_RELEASED.c.position).where(shown)).scalars().all()
    connection.execute(delete(_RELEASED).where(shown))
    reindex(connection, positions)


def others_released(release: HeldRelease) -> Select[Any]:
    """Return the question which records other releases show something of."""
    return select(_RELEASED.c.position).where(_RELEASED.c.release != release.index)


def read_releases(connection: Connection) -> dict[int, HeldRelease]:
    """Return every release to this agency, by its place in the log."""
    return {row.position: _held(row) for row in connection.execute(select(_RELEASE))}


def read_released(connection: Connection, indices: Sequence[int]) -> dict[int, tuple[StoredRelease, ...]]:
    """Return what releases show of records, by their index."""
    held = read_releases(connection)
    found: dict[int, tuple[StoredRelease, ...]] = {}
    if not held:
        return found
    for at in range(0, len(indices), 500):
        chosen = select(_RELEASED).where(_RELEASED.c.position.in_(indices[at : at + 500])).order_by(_RELEASED.c.release)
        for row in connection.execute(chosen):
            if row.release in held:
                found[row.position] = (*found.get(row.position, ()), _released(row, held[row.release]))
    return found


def _of(connection: Connection, threads: Sequence[bytes]) -> Iterator[Arrived]:
    chosen = select(_MESSAGE).where(_MESSAGE.c.thread.in_(threads)).order_by(_MESSAGE.c.position)
    return map(_arrived, connection.execute(chosen))


def _message_values(one: Arrived) -> dict[str, object]:
    inner = one.inner
    return {
        "position": one.index,
        "iss": one.name.iss,
        "jti": one.name.jti,
        "recipient": inner.to,
        "kind": inner.kind.value,
        "thread": inner.thread,
        "re": None if inner.re is None else str(inner.re),
        "part": inner.part,
        "parts": inner.parts,
        "body": json.dumps(inner.body, ensure_ascii=False),
    }


def _arrived(row: Any) -> Arrived:
    inner = Inner(
        kind=Kind(row.kind),
        to=row.recipient,
        thread=row.thread,
        re=None if row.re is None else statement_name(row.re),
        part=row.part,
        parts=row.parts,
        body=json.loads(row.body),
    )
    return Arrived(index=row.position, name=StatementName(row.iss, row.jti), inner=inner)


def _release_values(release: HeldRelease) -> dict[str, object]:
    return {
        "position": release.index,
        "iss": release.name.iss,
        "jti": release.name.jti,
        "thread": release.thread,
        "terms": json.dumps(release.terms.to_json(), ensure_ascii=False),
        "expires": release.expires.isoformat() if release.expires else None,
        "opened": int(release.opened),
        "recalled": release.recalled,
        "refused": release.refused,
    }


def _held(row: Any) -> HeldRelease:
    return HeldRelease(
        index=row.position,
        name=StatementName(row.iss, row.jti),
        thread=row.thread,
        terms=terms_from_json(json.loads(row.terms)),
        expires=date.fromisoformat(row.expires) if row.expires else None,
        opened=bool(row.opened),
        recalled=row.recalled,
        refused=row.refused,
    )


def _unit(index: int, iss: str, one: StoredRelease) -> Unit:
    label = "" if one.label is None else spell(one.label)
    return Unit(index, one.portion, iss, "", label, one.release.index, one.fields)


def _released_row(unit: Unit, one: StoredRelease) -> tuple[object, ...]:
    fields, disclosures = spell(dict(one.fields)), "~".join(one.disclosures)
    return (unit.position, unit.release, unit.portion, unit.label or None, fields, disclosures)


def _released(row: Any, release: HeldRelease) -> StoredRelease:
    return StoredRelease(
        portion=row.portion,
        release=release,
        label=None if row.label is None else json.loads(row.label),
        fields=json.loads(row.fields),
        disclosures=tuple(row.disclosures.split("~")),
    )
