"""Imports as rows: every step is one compare-and-swap, so that of two people, or two clicks, one has an outcome."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from clients.database import Joined, Transactions, reading
from clients.errors import ClientError, ListError
from clients.intake.reading import MAX_UPLOAD_BYTES
from clients.intake.states import FOLLOWING, State
from clients.intake.tables import CONTENT, IMPORT, SOURCE
from clients.lists.tables import Format
from ledger.jsontext import JsonValue

MAX_OPEN = 50
"""Imports of one person that are not over: each keeps a whole list."""
MAX_LISTED = 500

_OVER = tuple(state.value for state in State if state.is_over)


class Kind(Enum):
    """How the records came: as a list, or typed into the form for one event."""

    LIST = "list"
    EVENT = "event"


class ChangedError(ClientError):
    """An import that is no longer where the page said: somebody, or another click, was there before."""


class MissingError(ClientError):
    """No import of that number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What stands in the way of an import, and what a person can do; both empty where nothing does."""

    what: str = ""
    fix: str = ""

    def to_json(self) -> dict[str, JsonValue]:
        """Return both."""
        return {"what": self.what, "fix": self.fix}


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import. `revision` grows with every step: a page that shows an earlier one can do nothing to it."""

    number: int
    kind: Kind
    name: str
    person: int
    officer: str
    state: State
    revision: int
    began: int
    changed: int
    form: Format
    map: str = field(repr=False)
    good_rows: bool
    correct: bool
    told: Told
    findings: Mapping[str, Any] = field(repr=False)
    proposal: bytes = field(repr=False)
    after: int | None
    done: int
    total: int
    receipt: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What was uploaded, and what was made of it so far."""

    raw: bytes = field(repr=False)
    read: bytes | None = field(default=None, repr=False)
    problems: bytes | None = field(default=None, repr=False)
    rejected: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """What begins an import; `once` is the number of the form it came with."""

    once: bytes
    kind: Kind
    name: str
    person: int
    officer: str
    raw: bytes = field(repr=False)
    state: State = State.UPLOADED


class Imports:
    """All imports of one desk."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int], transactions: Transactions | None = None) -> None:
        """Take the database with its tables, the clock, and what begins transactions where it is not the database."""
        self._engine = engine
        self._clock = clock
        self._transactions = transactions or engine

    def within(self, connection: Connection) -> "Imports":
        """Return the same, for what is done in a transaction that is under way."""
        return Imports(self._engine, clock=self._clock, transactions=Joined(connection))

    def add(self, new: New) -> Import:
        """Keep what was uploaded, durably; the same form again gives the same import, whatever it holds.

        Raises ClientError for one who has too many that are not over, ListError for a list that is too large.
        """
        if len(new.raw) > MAX_UPLOAD_BYTES:
            raise ListError(
                f"the list is larger than {MAX_UPLOAD_BYTES:,} bytes", next_step="split it into several files"
            )
        now = self._clock()
        with self._transactions.begin() as connection:
            known = connection.execute(select(IMPORT.c.number).where(IMPORT.c.once == new.once)).scalar()
            if known is not None:
                return _found(connection, known)
            if _open_of(connection, new.person) >= MAX_OPEN:
                raise ClientError(f"{MAX_OPEN} of your imports are not over", next_step="finish or end some of them")
            number = connection.execute(
                insert(IMPORT).values(**_first(new, now)).returning(IMPORT.c.number)
            ).scalar_one()
            connection.execute(insert(CONTENT).values(number=number, raw=new.raw))
            return _found(connection, number)

    def get(self, number: int) -> Import:
        """Return an import; raise MissingError."""
        with reading(self._engine) as connection:
            return _found(connection, number)

    def listed(self) -> tuple[Import, ...]:
        """Return the newest imports, the newest first."""
        chosen = select(IMPORT).order_by(IMPORT.c.number.desc()).limit(MAX_LISTED)
        with reading(self._engine) as connection:
            return tuple(map(_import, connection.execute(chosen)))

    def unfinished(self) -> tuple[Import, ...]:
        """Return all imports that are not over, the oldest first."""
        chosen = select(IMPORT).where(IMPORT.c.state.not_in(_OVER)).order_by(IMPORT.c.number)
        with reading(self._engine) as connection:
            return tuple(map(_import, connection.execute(chosen)))

    def proposed(self) -> tuple[Import, ...]:
        """Return all imports that an officer signed for to a second one, the oldest first."""
        chosen = select(IMPORT).where(IMPORT.c.proposal != b"").order_by(IMPORT.c.number)
        with reading(self._engine) as connection:
            return tuple(map(_import, connection.execute(chosen)))

    def content(self, number: int) -> Content:
        """Return what an import holds; raise MissingError once it is over."""
        with reading(self._engine) as connection:
            row = connection.execute(select(CONTENT).where(CONTENT.c.number == number)).first()
        if row is None:
            raise MissingError("what was uploaded is deleted: the import is over")
        return Content(raw=row.raw, read=row.read, problems=row.problems, rejected=row.rejected)

    def move(  # noqa: PLR0913 - one step of an import, by name
        self,
        before: Import,
        to: State,
        *,
        told: Told | None = None,
        read: bytes | None = None,
        problems: bytes | None = None,
        rejected: bytes | None = None,
        **values: Any,
    ) -> Import:
        """Take an import from where `before` saw it to the state `to`, with all that goes with it, or not at all.

        Raises ChangedError if it is no longer there. Where nothing can follow, what was uploaded is deleted with it.
        """
        if to not in FOLLOWING[before.state]:
            raise ChangedError(f"an import that is {before.state.value} cannot become {to.value}")
        kept = {"read": read, "problems": problems, "rejected": rejected}
        with self._transactions.begin() as connection:
            self._swap(connection, before, {"state": to.value, "told": _spelled((told or Told()).to_json()), **values})
            fresh = to is State.UPLOADED  # what was made of an earlier reading goes
            held = {name: value for name, value in kept.items() if fresh or value is not None}
            if to.is_over:
                connection.execute(delete(CONTENT).where(CONTENT.c.number == before.number))
            elif held:
                connection.execute(update(CONTENT).where(CONTENT.c.number == before.number).values(**held))
            return _found(connection, before.number)

    def note(self, before: Import, *, read: bytes | None = None, **values: Any) -> Import:
        """Write something down of an import that stays where it is; raise ChangedError if it is no longer there."""
        with self._transactions.begin() as connection:
            self._swap(connection, before, values)
            if read is not None:
                connection.execute(update(CONTENT).where(CONTENT.c.number == before.number).values(read=read))
            return _found(connection, before.number)

    def progress(self, number: int, *, done: int, total: int) -> None:
        """Say how far sending has come. It decides nothing, so it swaps nothing."""
        with self._transactions.begin() as connection:
            chosen = update(IMPORT).where(IMPORT.c.number == number, IMPORT.c.state == State.SENDING.value)
            connection.execute(chosen.values(done=done, total=total))

    def remember(self, name: str, *, header: bytes, text: str) -> None:
        """Remember the map by which lists of this header from the source `name` are read."""
        values = {"map": text, "used": self._clock()}
        with self._transactions.begin() as connection:
            kept = insert(SOURCE).values(name=name, header=header, **values)
            connection.execute(kept.on_conflict_do_update(index_elements=["name", "header"], set_=values))

    def remembered(self, header: bytes) -> Sequence[tuple[str, str]]:
        """Return the sources whose lists have this header, with their maps, the last used first."""
        chosen = select(SOURCE).where(SOURCE.c.header == header).order_by(SOURCE.c.used.desc(), SOURCE.c.name)
        with reading(self._engine) as connection:
            return tuple((row.name, row.map) for row in connection.execute(chosen))

    def _swap(self, connection: Connection, before: Import, values: Mapping[str, Any]) -> None:
        chosen = update(IMPORT).where(
            IMPORT.c.number == before.number,
            IMPORT.c.state == before.state.value,
            IMPORT.c.revision == before.revision,
        )
        changed = connection.execute(
            chosen.values(
                revision=before.revision + 1, changed=self._clock(), **{k: _column(v) for k, v in values.items()}
            )
        )
        if changed.rowcount != 1:
            raise ChangedError(
                "the import is no longer where this page shows it: somebody, or an earlier click, was there before",
                next_step="open the import again and look at it as it is now",
            )


def _open_of(connection: Connection, person: int) -> int:
    chosen = select(func.count()).select_from(IMPORT).where(IMPORT.c.person == person, IMPORT.c.state.not_in(_OVER))
    return int(connection.execute(chosen).scalar_one())


def _first(new: New, now: int) -> dict[str, Any]:
    return {
        "once": new.once,
        "kind": new.kind.value,
        "name": new.name,
        "person": new.person,
        "officer": new.officer,
        "state": new.state.value,
        "revision": 0,
        "began": now,
        "changed": now,
        "form": "{}",
        "map": "",
        "good_rows": False,
        "correct": False,
        "told": "{}",
        "findings": "{}",
        "proposal": b"",
        "done": 0,
        "total": 0,
        "receipt": "{}",
    }


def _found(connection: Connection, number: int) -> Import:
    row = connection.execute(select(IMPORT).where(IMPORT.c.number == number)).first()
    if row is None:
        raise MissingError("there is no import of this number")
    return _import(row)


def _import(row: Any) -> Import:
    return Import(
        number=row.number,
        kind=Kind(row.kind),
        name=row.name,
        person=row.person,
        officer=row.officer,
        state=State(row.state),
        revision=row.revision,
        began=row.began,
        changed=row.changed,
        form=Format(**json.loads(row.form)),
        map=row.map,
        good_rows=row.good_rows,
        correct=row.correct,
        told=Told(**json.loads(row.told)),
        findings=json.loads(row.findings),
        proposal=row.proposal,
        after=row.after,
        done=row.done,
        total=row.total,
        receipt=json.loads(row.receipt),
    )


def _column(value: Any) -> Any:
    """Return a value as its column holds it: what is an object there is JSON."""
    return _spelled(value) if isinstance(value, dict) else value


def _spelled(value: Mapping[str, JsonValue]) -> str:
    return json.dumps(dict(value), ensure_ascii=False)
