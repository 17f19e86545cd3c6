"""Questions that were put to the others at this desk: by whom, why, how far they came, what was told (docs/adr/0070).

A question is charged. So one form makes one inquiry, one decision begins it, and one that a restart cut off is said to
have been cut off: it is never asked again by itself. What was told stays with its purpose, for its asker and auditors.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from clients.database import Joined, Transactions, reading
from clients.intake.store import MissingError
from crypto.digests import sha256
from crypto.encoding import b64u
from ledger.jsontext import JsonValue

INQUIRIES = MetaData()
_INQUIRY = Table(
    "inquiry",
    INQUIRIES,
    Column("number", Integer, primary_key=True),
    Column("once", LargeBinary, nullable=False, unique=True),
    Column("person", Integer, nullable=False),
    Column("officer", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("why", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("watch", Boolean, nullable=False),
    Column("asked", String, nullable=False),
    Column("questions", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("began", Integer, nullable=False),
    Column("told", String, nullable=False),
    Column("left", Integer),
    Column("what", String, nullable=False),
    Column("fix", String, nullable=False),
    Index("inquiry_state", "state"),
    sqlite_autoincrement=True,
)

MOST_LISTED = 100
FURTHER = "further"
DRAFT_SECONDS = 86_400


class State(Enum):
    """How far an inquiry has come."""

    DRAFT = "draft"
    WAITING = "waiting"
    ASKING = "asking"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def is_under_way(self) -> bool:
        """Say whether the desk's worker has it, or will."""
        return self in {State.WAITING, State.ASKING}

    @property
    def is_over(self) -> bool:
        """Say whether nothing more is asked by itself."""
        return self in {State.DONE, State.FAILED, State.INTERRUPTED}


class Kind(Enum):
    """What is asked about."""

    WEAPON = "weapon"
    LIST = "list"
    OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """What begins an inquiry; `asked` are item fields, or names of own records; `questions` is what it will be charged."""

    once: bytes
    person: int
    officer: str
    purpose: str
    why: str = field(repr=False)
    kind: Kind
    watch: bool
    asked: Sequence[JsonValue] = field(repr=False)
    questions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """One inquiry; `told` is what came of each question so far, `left` the quota after it."""

    number: int
    person: int
    officer: str
    purpose: str
    why: str = field(repr=False)
    kind: Kind
    watch: bool
    asked: Sequence[Any] = field(repr=False)
    questions: int
    state: State
    began: int
    told: Sequence[Mapping[str, Any]] = field(repr=False)
    left: int | None
    what: str
    fix: str

    @property
    def seen(self) -> str:
        """Return what a page says of the questions that it shows, so that no others are asked by its button."""
        return b64u(sha256(_spelled([*self.asked]).encode()))

    @property
    def further(self) -> int | None:
        """Return which of what was told is to be asked about further, if any is."""
        return next((at for at, each in enumerate(self.told) if each.get(FURTHER)), None)


class Inquiries:
    """The inquiries of one desk."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int], transactions: Transactions | None = None) -> None:
        """Take the desk's database, the clock, and what begins transactions where it is not the database."""
        self._engine = engine
        self._clock = clock
        self._transactions = transactions or engine

    def within(self, connection: Connection) -> "Inquiries":
        """Return the same, for what is done in a transaction that is under way."""
        return Inquiries(self._engine, clock=self._clock, transactions=Joined(connection))

    def add(self, new: New) -> Inquiry:
        """Keep what is to be asked, and ask nothing yet; the same form again gives the same inquiry. Old drafts go."""
        values = {
            "once": new.once,
            "person": new.person,
            "officer": new.officer,
            "purpose": new.purpose,
            "why": new.why,
            "kind": new.kind.value,
            "watch": new.watch,
            "asked": _spelled([*new.asked]),
            "questions": new.questions,
            "state": State.DRAFT.value,
            "began": self._clock(),
            "told": "[]",
            "what": "",
            "fix": "",
        }
        old = (_INQUIRY.c.state == State.DRAFT.value, _INQUIRY.c.began < self._clock() - DRAFT_SECONDS)
        with self._transactions.begin() as connection:
            connection.execute(delete(_INQUIRY).where(*old))
            connection.execute(insert(_INQUIRY).values(**values).on_conflict_do_nothing())
            found = connection.execute(
                select(_INQUIRY).where(_INQUIRY.c.once == new.once, _INQUIRY.c.person == new.person)
            ).first()
        return _inquiry(_there(found))

    def get(self, number: int) -> Inquiry:
        """Return an inquiry; raise MissingError."""
        with reading(self._engine) as connection:
            return _inquiry(_there(connection.execute(select(_INQUIRY).where(_INQUIRY.c.number == number)).first()))

    def listed(self, person: int | None) -> tuple[Inquiry, ...]:
        """Return the newest inquiries of a person, or of everybody, the newest first; drafts of others are their own."""
        chosen = select(_INQUIRY).order_by(_INQUIRY.c.number.desc()).limit(MOST_LISTED)
        wanted = _INQUIRY.c.state != State.DRAFT.value if person is None else _INQUIRY.c.person == person
        with reading(self._engine) as connection:
            return tuple(map(_inquiry, connection.execute(chosen.where(wanted))))

    def decide(self, one: Inquiry) -> bool:
        """Let a draft be asked as it was seen; return False, and change nothing, if it was decided or changed since."""
        return self._swap(one, State.WAITING, began=self._clock())

    def correct(self, one: Inquiry, asked: Sequence[JsonValue], *, questions: int) -> bool:
        """Let a draft ask about something else; False, and nothing, if it was decided or changed since it was seen."""
        return self._swap(one, State.DRAFT, asked=_spelled([*asked]), questions=questions)

    def further(self, one: Inquiry, at: int) -> bool:
        """Let the matches that follow be asked for, of what was told at a place; False, and nothing, if somebody was first."""
        told: list[JsonValue] = [{**each, FURTHER: place == at} for place, each in enumerate(one.told)]
        values = {"told": _spelled(told), "questions": one.questions + 1, "what": "", "fix": ""}
        return one.state.is_over and self._swap(one, State.WAITING, **values)

    def begin(self, number: int) -> Inquiry | None:
        """Take an inquiry that waits in hand; None if it does not wait."""
        return self.get(number) if self._move(number, State.WAITING, State.ASKING) else None

    def drop(self, number: int) -> bool:
        """Delete a draft."""
        draft = (_INQUIRY.c.number == number, _INQUIRY.c.state == State.DRAFT.value)
        with self._transactions.begin() as connection:
            return connection.execute(delete(_INQUIRY).where(*draft)).rowcount == 1

    def tell(self, number: int, told: Sequence[Mapping[str, JsonValue]], *, left: int) -> None:
        """Keep what was told so far, and what is left of the quota."""
        self._move(number, State.ASKING, State.ASKING, told=_spelled([dict(one) for one in told]), left=left)

    def finish(self, number: int) -> None:
        """Say that everything was asked; one that was cut off stays so, whatever was asked further of it."""
        one = self.get(number)
        self._move(number, State.ASKING, State.DONE if len(one.told) == len(one.asked) else State.INTERRUPTED)

    def fail(self, number: int, *, what: str, fix: str) -> None:
        """Say that it ended before everything was asked, and why."""
        self._move(number, State.ASKING, State.FAILED, what=what, fix=fix)

    def interrupt(self, number: int | None = None) -> None:
        """Say that one, or whatever an earlier run of the program had in hand, was cut off."""
        under_way = _INQUIRY.c.state.in_([one.value for one in State if one.is_under_way])
        chosen = update(_INQUIRY).where(under_way, *(() if number is None else (_INQUIRY.c.number == number,)))
        with self._transactions.begin() as connection:
            connection.execute(chosen.values(state=State.INTERRUPTED.value))

    def _move(self, number: int, before: State, to: State, **values: Any) -> bool:
        chosen = update(_INQUIRY).where(_INQUIRY.c.number == number, _INQUIRY.c.state == before.value)
        with self._transactions.begin() as connection:
            return connection.execute(chosen.values(state=to.value, **values)).rowcount == 1

    def _swap(self, seen: Inquiry, to: State, **values: Any) -> bool:
        """Compare and swap: what a person decides about is what they saw, or nothing is done."""
        same = (_INQUIRY.c.state == seen.state.value, _INQUIRY.c.questions == seen.questions)
        chosen = update(_INQUIRY).where(
            _INQUIRY.c.number == seen.number, *same, _INQUIRY.c.asked == _spelled([*seen.asked])
        )
        with self._transactions.begin() as connection:
            return connection.execute(chosen.values(state=to.value, **values)).rowcount == 1


def _there(row: Any) -> Any:
    if row is None:
        raise MissingError("there is no inquiry of this number")
    return row


def _inquiry(row: Any) -> Inquiry:
    return Inquiry(
        number=row.number,
        person=row.person,
        officer=row.officer,
        purpose=row.purpose,
        why=row.why,
        kind=Kind(row.kind),
        watch=row.watch,
        asked=tuple(json.loads(row.asked)),
        questions=row.questions,
        state=State(row.state),
        began=row.began,
        told=tuple(json.loads(row.told)),
        left=row.left,
        what=row.what,
        fix=row.fix,
    )


def _spelled(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
