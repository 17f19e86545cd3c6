"""What a person looked for, kept as a numbered row: a serial number never stands in an address (docs/adr/0070).

A page's address goes into the browser's history and the logs of whatever stands before the desk. So what was typed is sent
as a form, kept here, encrypted with everything else of the desk, and shown again by its number, to that person alone.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sqlalchemy import Column, Connection, Engine, Index, Integer, MetaData, String, Table, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from clients.database import reading
from clients.errors import ClientError
from clients.intake.store import MissingError
from ledger.jsontext import JsonValue

KEPT = MetaData()
_KEPT = Table(
    "kept",
    KEPT,
    Column("number", Integer, primary_key=True),
    Column("person", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("value", String, nullable=False),
    Column("name", String),
    Column("at", Integer, nullable=False),
    Index("kept_once", "person", "kind", "value", unique=True),
    sqlite_autoincrement=True,
)

MOST_RECENT = 20
MOST_NAMED = 100
MAX_NAME = 80


class Kind(Enum):
    """What a row is for."""

    SEARCH = "search"
    WEAPON = "weapon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One row; `name` is what the person called it who wants to use it again."""

    number: int
    value: Mapping[str, JsonValue] = field(repr=False)
    name: str | None
    at: int


class KeptRows:
    """The rows of one person."""

    def __init__(self, engine: Engine, *, person: int, clock: Callable[[], int]) -> None:
        """Take the desk's database, whose rows they are, and the clock."""
        self._engine = engine
        self._person = person
        self._clock = clock

    def keep(self, kind: Kind, value: Mapping[str, JsonValue]) -> int:
        """Keep a value and return its number; the same value again has the same number. Old ones without a name go."""
        spelled = json.dumps(dict(value), ensure_ascii=False, sort_keys=True)
        row = insert(_KEPT).values(person=self._person, kind=kind.value, value=spelled, at=self._clock())
        again = row.on_conflict_do_update(index_elements=["person", "kind", "value"], set_={"at": self._clock()})
        with self._engine.begin() as connection:
            number: int = connection.execute(again.returning(_KEPT.c.number)).scalar_one()
            self._forget_old(connection, kind, but=number)
        return number

    def get(self, kind: Kind, number: int) -> Kept:
        """Return one; raise MissingError for another's as for none."""
        chosen = select(_KEPT).where(*self._mine(kind), _KEPT.c.number == number)
        with reading(self._engine) as connection:
            found = connection.execute(chosen).first()
        if found is None:
            raise MissingError("nothing of yours is kept under this number", next_step="begin anew")
        return _kept(found)

    def listed(self, kind: Kind, *, named: bool) -> tuple[Kept, ...]:
        """Return those with a name in the order of their names, or the others, the newest first."""
        wanted = _KEPT.c.name.is_not(None) if named else _KEPT.c.name.is_(None)
        order = (_KEPT.c.name,) if named else (_KEPT.c.at.desc(), _KEPT.c.number.desc())
        with reading(self._engine) as connection:
            return tuple(
                map(_kept, connection.execute(select(_KEPT).where(*self._mine(kind), wanted).order_by(*order)))
            )

    def call(self, kind: Kind, number: int, name: str) -> None:
        """Give one a name, so that it stays; raise ClientError where there are too many."""
        if not name or len(name) > MAX_NAME or not name.isprintable():
            raise ClientError(f"a name has 1 to {MAX_NAME} characters", next_step="write a shorter one")
        if len(self.listed(kind, named=True)) >= MOST_NAMED:
            raise ClientError(f"{MOST_NAMED} are saved already", next_step="forget one of them")
        self._set(kind, self.get(kind, number).number, name)

    def forget(self, kind: Kind, number: int) -> None:
        """Take a name away; the row goes with the old ones."""
        self._set(kind, self.get(kind, number).number, None)

    def _set(self, kind: Kind, number: int, name: str | None) -> None:
        chosen = update(_KEPT).where(*self._mine(kind), _KEPT.c.number == number)
        with self._engine.begin() as connection:
            connection.execute(chosen.values(name=name))

    def _mine(self, kind: Kind) -> tuple[Any, Any]:
        return _KEPT.c.person == self._person, _KEPT.c.kind == kind.value

    def _forget_old(self, connection: Connection, kind: Kind, *, but: int) -> None:
        unnamed = (*self._mine(kind), _KEPT.c.name.is_(None))
        newest = select(_KEPT.c.number).where(*unnamed).order_by(_KEPT.c.at.desc(), _KEPT.c.number.desc())
        staying = newest.limit(MOST_RECENT)
        connection.execute(delete(_KEPT).where(*unnamed, _KEPT.c.number != but, _KEPT.c.number.not_in(staying)))


def _kept(row: Any) -> Kept:
    return Kept(number=row.number, value=json.loads(row.value), name=row.name, at=row.at)
