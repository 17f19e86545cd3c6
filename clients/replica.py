"""The replica: every record this home can open, verified before it was written, in log order (docs/protocol.md, 5).

What stands here was checked up to the checkpoint it was read under; opening a record later touches no network and
no key but that of the home's databases. Times are POSIX seconds.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, select, tuple_
from sqlalchemy.dialects.sqlite import insert

from clients.database import empty_log, open_database, reading
from clients.findindex import (
    STORED,
    TABLES,
    Unit,
    index_written,
    likenesses_at,
    positions_alike,
    rebuild_if_missing,
    reindex,
    spell,
)
from clients.openedby import OpenedWith, Opens, note_openers, opened_with, upgrade_portions
from clients.replicatables import (
    EXPUNGED,
    GRANT,
    INSERT_PORTION,
    INSERT_RECORD,
    KEY_ENTRY,
    PORTION,
    RECORD,
    STATE,
    VERIFIED,
)
from clients.superseding import SUPERSEDED_BY, Correction, corrected_at, note_corrections, upgrade
from clients.talk.hearing import Hearing
from clients.talk.tables import (
    HeldRelease,
    StoredRelease,
    TalkTables,
    forget_released,
    others_released,
    read_released,
    write_released,
)
from ledger.expunges import Expunge
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.labels import Level

CURSOR = "cursor"
SIZE = "size"
VERIFIED_AT = "verified_at"
WITNESSES = "witnesses"
WITNESSES_OF = "witnesses_of"
FRESH = "fresh"
AGAIN = "again/"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPortion:
    """A portion in the clear: its label and fields as signed, its disclosures, the level of the grant it came by.

    Of an own record `opened_by` is the place of that grant.
    """

    portion: str
    level: Level
    label: JsonValue = field(repr=False)
    fields: Mapping[str, JsonValue] = field(repr=False)
    disclosures: tuple[str, ...] = field(repr=False)
    opened_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A verified record: where it stands, who signed it when, and the portions that could be opened."""

    index: int
    name: StatementName
    kid: str
    iat: int
    ep: int
    sup: bytes | None
    superseded_by: bytes | None = None
    batch: int
    seq: int
    entry: bytes = field(repr=False)
    portions: Mapping[str, StoredPortion]
    released: tuple[StoredRelease, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGrant:
    """A verified grant to this home: `ek` is the hex name of the key in the keystore."""

    index: int
    iss: str
    ep: int
    level: Level
    ek: str


class Replica:
    """The replica of one home."""

    def __init__(self, path: Path, *, key: bytes) -> None:
        """Open the replica at `path` under the home's `key`, making it where there is none."""
        self._engine = open_database(path, TABLES, key=key)
        self.talk = TalkTables(self._engine)
        self.hearing = Hearing(self.talk)
        with self._engine.begin() as connection:
            upgrade(connection)
            upgrade_portions(connection)
            rebuild_if_missing(connection)

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    def add(
        self,
        *,
        records: Iterable[StoredRecord] = (),
        corrections: Iterable[Correction] = (),
        grants: Iterable[StoredGrant] = (),
        key_entries: Mapping[int, bytes] | None = None,
        state: Mapping[str, int] | None = None,
    ) -> None:
        """Write what was verified, in one transaction; what is there already stays as it is.

        `corrections` are those of records that do not open here too: what they correct may.
        """
        with self._engine.begin() as connection:
            _add_records(connection, tuple(records))
            note_corrections(connection, corrections)
            for grant in grants:
                connection.execute(insert(GRANT).values(**_grant_values(grant)).on_conflict_do_nothing())
            for index, entry in (key_entries or {}).items():
                connection.execute(insert(KEY_ENTRY).values(position=index, entry=entry).on_conflict_do_nothing())
            for name, value in (state or {}).items():
                row = insert(STATE).values(name=name, value=value)
                connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    def state(self, name: str, *, default: int) -> int:
        """Return a number remembered under `name`."""
        with reading(self._engine) as connection:
            found = connection.execute(select(STATE.c.value).where(STATE.c.name == name)).scalar()
        return default if found is None else int(found)

    def states(self, prefix: str) -> dict[str, int]:
        """Return all numbers remembered under names that begin with `prefix`, by the rest of each name."""
        with reading(self._engine) as connection:
            chosen = select(STATE.c.name, STATE.c.value).where(STATE.c.name.startswith(prefix, autoescape=True))
            return {row.name.removeprefix(prefix): row.value for row in connection.execute(chosen)}

    def grants(self, iss: str, ep: int) -> tuple[StoredGrant, ...]:
        """Return the grants held for an epoch of an issuer."""
        with reading(self._engine) as connection:
            chosen = select(GRANT).where(GRANT.c.iss == iss, GRANT.c.ep == ep).order_by(GRANT.c.position)
            return tuple(
                StoredGrant(index=row.position, iss=row.iss, ep=row.ep, level=Level(row.level), ek=row.ek)
                for row in connection.execute(chosen)
            )

    def key_entries(self) -> Mapping[int, bytes]:
        """Return the key entries verified so far, by index."""
        with reading(self._engine) as connection:
            return {
                row.position: row.entry for row in connection.execute(select(KEY_ENTRY).order_by(KEY_ENTRY.c.position))
            }

    def last_index_below(self, iss: str, ep: int) -> int:
        """Return the last index known of an earlier epoch of `iss`, -1 if there is none: later ones cannot precede it."""
        with reading(self._engine) as connection:
            found = [
                connection.execute(
                    select(func.max(table.c.position)).where(table.c.iss == iss, table.c.ep < ep)
                ).scalar()
                for table in (RECORD, GRANT)
            ]
        return max((int(index) for index in found if index is not None), default=-1)

    def last_epoch(self, iss: str) -> int:
        """Return the highest epoch of `iss` known by its grants, 0 if there is none."""
        with reading(self._engine) as connection:
            found = connection.execute(select(func.max(GRANT.c.ep)).where(GRANT.c.iss == iss)).scalar()
        return 0 if found is None else int(found)

    def note_verified(self, *, size: int, at: int) -> None:
        """Remember when a checkpoint of this size was first verified here."""
        with self._engine.begin() as connection:
            connection.execute(insert(VERIFIED).values(size=size, at=at).on_conflict_do_nothing())

    def verified(self) -> tuple[tuple[int, int], ...]:
        """Return the sizes of the checkpoints that were verified here and when, the largest first."""
        with reading(self._engine) as connection:
            chosen = select(VERIFIED.c.size, VERIFIED.c.at).order_by(VERIFIED.c.size.desc())
            return tuple((row.size, row.at) for row in connection.execute(chosen))

    def add_released(self, records: Sequence[StoredRecord]) -> None:
        """Write what a release shows of records, and those records that are not here: no key of this home opens them.

        It counts once `TalkTables.add_release` has named the release.
        """
        with self._engine.begin() as connection:
            _write_records(connection, records)
            _note_corrections(connection, records)
            write_released(connection, [(one.index, one.name.iss, part) for one in records for part in one.released])

    def recall(self, release: HeldRelease, *, index: int) -> None:
        """Delete what a release showed, and records of which nothing else is here."""
        with self._engine.begin() as connection:
            kept = select(PORTION.c.position).union(others_released(release))
            connection.execute(delete(RECORD).where(RECORD.c.position.not_in(kept)))
        self.talk.recall(release, index=index)

    def expunge(self, orders: Mapping[int, Expunge]) -> None:
        """Delete the records that their originators expunged, by the index of the order, down to the file itself."""
        with self._engine.begin() as connection:
            for index, order in orders.items():
                name = StatementName(order.name.iss, order.of)
                named = (RECORD.c.iss == name.iss, RECORD.c.jti == name.jti)
                positions = connection.execute(select(RECORD.c.position).where(*named)).scalars().all()
                connection.execute(delete(PORTION).where(PORTION.c.position.in_(positions)))
                forget_released(connection, positions)
                reindex(connection, positions)
                connection.execute(delete(RECORD).where(*named))
                row = insert(EXPUNGED).values(iss=name.iss, jti=name.jti, position=index, why=order.why.value)
                connection.execute(row.on_conflict_do_nothing())
        empty_log(self._engine)

    def expunged(self) -> Mapping[StatementName, str]:
        """Return the records that were expunged, and on which ground."""
        with reading(self._engine) as connection:
            return {StatementName(row.iss, row.jti): row.why for row in connection.execute(select(EXPUNGED))}

    def find(self, name: StatementName) -> StoredRecord | None:
        """Return the record of that name, if this home could open any of it."""
        return next(self._records(RECORD.c.iss == name.iss, RECORD.c.jti == name.jti), None)

    def named(self, names: Iterable[StatementName]) -> Iterator[StoredRecord]:
        """Yield the records of these names that are here, some hundreds at a time and these in log order."""
        wanted = [*dict.fromkeys((one.iss, one.jti) for one in names)]
        for at in range(0, len(wanted), _AT_ONCE):
            yield from self._records(tuple_(RECORD.c.iss, RECORD.c.jti).in_(wanted[at : at + _AT_ONCE]))

    def opened(self, start: int, end: int) -> frozenset[tuple[int, str]]:
        """Return which portions of the records at [start, end) are here."""
        with reading(self._engine) as connection:
            chosen = select(PORTION.c.position, PORTION.c.portion)
            rows = connection.execute(chosen.where(PORTION.c.position >= start, PORTION.c.position < end))
            return frozenset((row.position, row.portion) for row in rows)

    def records(self) -> Iterator[StoredRecord]:
        """Yield all records in log order."""
        return self._records()

    def opened_with(self, *grants: StoredGrant) -> OpenedWith:
        """Return what the keys of these grants opened of this agency's own records."""
        with reading(self._engine) as connection:
            return opened_with(connection, [(one.iss, one.ep, one.ek) for one in grants])

    def note_openers(self, iss: str, opens: Opens) -> None:
        """Note which keys opened what an earlier version stored of this agency's own records."""
        note_openers(self._engine, iss=iss, opens=opens)

    def count(self) -> int:
        """Return the number of records."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(RECORD)).scalar_one())

    def live_names(self, iss: str) -> tuple[StatementName, ...]:
        """Return the names of an agency's records that nothing corrects, in log order."""
        chosen = select(RECORD.c.jti).where(RECORD.c.iss == iss, SUPERSEDED_BY.is_(None))
        with reading(self._engine) as connection:
            found = connection.execute(chosen.order_by(RECORD.c.position)).scalars().all()
        return tuple(StatementName(iss, jti) for jti in found)

    def corrected_at(self, name: StatementName) -> int | None:
        """Return where the record stands that corrects the one of that name, if one does."""
        with reading(self._engine) as connection:
            return corrected_at(connection, name)

    def at(self, positions: Sequence[int]) -> tuple[StoredRecord, ...]:
        """Return the records at these positions, in the order given."""
        found = {record.index: record for record in self._records(RECORD.c.position.in_(positions))}
        return tuple(found[position] for position in positions if position in found)

    def likenesses(self, positions: Iterable[int]) -> frozenset[str]:
        """Return what the numbers of the records at these positions may have in common with others."""
        with reading(self._engine) as connection:
            return likenesses_at(connection, positions)

    def alike(self, found: Iterable[str]) -> tuple[StoredRecord, ...]:
        """Return the records whose numbers have one of these in common, in log order."""
        with reading(self._engine) as connection:
            positions = positions_alike(connection, found)
        return self.at(positions)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the replica and waits for nobody."""
        with reading(self._engine) as connection:
            yield connection

    def _records(self, *conditions: Any) -> Iterator[StoredRecord]:
        with reading(self._engine) as connection:
            chosen = select(RECORD, SUPERSEDED_BY).where(*conditions)
            rows = connection.execute(chosen.order_by(RECORD.c.position)).all()
            portions = _portions(connection, [row.position for row in rows])
            released = read_released(connection, [row.position for row in rows])
        for row in rows:
            yield _record(row, portions.get(row.position, {}), released.get(row.position, ()))


def _add_records(connection: Connection, records: Sequence[StoredRecord]) -> None:
    opened = [record for record in records if record.portions]
    if opened:
        _write_records(connection, opened)
        _write_portions(connection, opened)
    _note_corrections(connection, records)


def _note_corrections(connection: Connection, records: Sequence[StoredRecord]) -> None:
    found = (Correction(index=one.index, name=one.name, sup=one.sup) for one in records if one.sup is not None)
    note_corrections(connection, found)


def _write_records(connection: Connection, records: Sequence[StoredRecord]) -> None:
    if records:
        connection.exec_driver_sql(INSERT_RECORD, [_record_row(record) for record in records])


def _record_row(one: StoredRecord) -> tuple[object, ...]:
    return (one.index, one.name.iss, one.name.jti, one.kid, one.iat, one.ep, one.sup, one.batch, one.seq, one.entry)


def _write_portions(connection: Connection, records: Sequence[StoredRecord]) -> None:
    """Write the portions of records, and what may be found by them."""
    portions = [(record, portion) for record in records for portion in record.portions.values()]
    units = [_unit(record, portion) for record, portion in portions]
    rows = [_portion_row(unit, portion) for unit, (_, portion) in zip(units, portions, strict=True)]
    index_written(connection, units, new=connection.exec_driver_sql(INSERT_PORTION, rows).rowcount)


def _unit(record: StoredRecord, one: StoredPortion) -> Unit:
    label = spell(one.label)
    return Unit(record.index, one.portion, record.name.iss, one.level.value, label, STORED, one.fields)


def _portion_row(unit: Unit, one: StoredPortion) -> tuple[object, ...]:
    fields, disclosures = spell(dict(one.fields)), "~".join(one.disclosures)
    return (unit.position, unit.portion, unit.level, unit.label, fields, disclosures, one.opened_by)


def _grant_values(grant: StoredGrant) -> dict[str, object]:
    return {"position": grant.index, "iss": grant.iss, "ep": grant.ep, "level": grant.level.value, "ek": grant.ek}


def _portions(connection: Connection, indices: Sequence[int]) -> dict[int, dict[str, StoredPortion]]:
    found: dict[int, dict[str, StoredPortion]] = {}
    for at in range(0, len(indices), _AT_ONCE):
        for row in connection.execute(select(PORTION).where(PORTION.c.position.in_(indices[at : at + _AT_ONCE]))):
            found.setdefault(row.position, {})[row.portion] = StoredPortion(
                portion=row.portion,
                level=Level(row.level),
                label=json.loads(row.label),
                fields=json.loads(row.fields),
                disclosures=tuple(row.disclosures.split("~")),
                opened_by=row.opened_by,
            )
    return found


def _record(row: Any, portions: Mapping[str, StoredPortion], released: tuple[StoredRelease, ...]) -> StoredRecord:
    return StoredRecord(
        index=row.position,
        name=StatementName(row.iss, row.jti),
        kid=row.kid,
        iat=row.iat,
        ep=row.ep,
        sup=row.sup,
        superseded_by=row.superseded_by,
        batch=row.batch,
        seq=row.seq,
        entry=row.entry,
        portions=portions,
        released=released,
    )
