"""The book of matching: tokens computed, slips sent, questions asked and why, notices received. Times are POSIX seconds.

What stands here is never needed to believe the log. It keeps evaluations from being paid for twice, holds the slips that
only this agency and the service know, and opens the purpose of a question that the service saw only the hash of.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table, func, select, update
from sqlalchemy.dialects.sqlite import insert

from clients.database import open_database
from crypto.digests import sha256
from ledger.notices import Notice, parse_notice, spell_notice
from ledger.questions import Asking, Purpose
from ledger.slips import Slip, parse_slip

_TABLES = MetaData()
_TOKEN = Table(
    "token",
    _TABLES,
    Column("input", LargeBinary, primary_key=True),
    Column("token", LargeBinary, nullable=False),
)
_SLIP = Table(
    "slip",
    _TABLES,
    Column("id", Integer, primary_key=True),
    Column("jti", LargeBinary, nullable=False),
    Column("ep", Integer, nullable=False),
    Column("raw", LargeBinary, nullable=False, unique=True),
    Index("slip_jti", "jti"),
)
_QUESTION = Table(
    "question",
    _TABLES,
    Column("q", LargeBinary, primary_key=True),
    Column("asked", Integer, nullable=False),
    Column("asking", String, nullable=False),
    Column("what", String, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("purpose", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("answer", LargeBinary),
    Column("signature_input", String, nullable=False),
    Column("signature", String, nullable=False),
    Index("question_asked", "asked"),
)
_REQUEST = Table(
    "request",
    _TABLES,
    Column("h", LargeBinary, primary_key=True),
    Column("signature_input", String, nullable=False),
    Column("signature", String, nullable=False),
)
_NOTICE = Table(
    "notice",
    _TABLES,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("raw", LargeBinary, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("reviewed", Integer),
)
_DOUBT = Table(
    "doubt",
    _TABLES,
    Column("id", Integer, primary_key=True),
    Column("what", String, nullable=False, unique=True),
    Column("seen", Integer, nullable=False),
    Column("settled", Integer),
)
_STATE = Table("state", _TABLES, Column("name", String, primary_key=True), Column("value", Integer, nullable=False))

NOTICES = "notices"
_PART = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuestion:
    """One question: its hash and bytes, what it was about, why, and the answer where one came."""

    q: bytes
    asked: int
    asking: Asking
    what: str = field(repr=False)
    purpose: Purpose
    body: bytes = field(repr=False)
    answer: bytes | None = field(default=None, repr=False)
    signature_input: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNotice:
    """A notice as it came, when it was first seen here, and when it was reviewed, if it was."""

    number: int
    notice: Notice
    seen: int
    reviewed: int | None


class Book:
    """The book of one home."""

    def __init__(self, path: Path, *, key: bytes) -> None:
        """Open the book at `path` under the home's `key`, making it where there is none."""
        self._engine = open_database(path, _TABLES, key=key)

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    def tokens(self, inputs: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the tokens known of these inputs of the function."""
        found: dict[bytes, bytes] = {}
        with self._engine.begin() as connection:
            for at in range(0, len(inputs), _PART):
                chosen = select(_TOKEN).where(_TOKEN.c.input.in_(inputs[at : at + _PART]))
                found |= {row.input: row.token for row in connection.execute(chosen)}
        return found

    def put_tokens(self, tokens: Mapping[bytes, bytes]) -> None:
        """Keep tokens whose proof was verified."""
        values = [{"input": given, "token": token} for given, token in tokens.items()]
        if values:
            with self._engine.begin() as connection:
                connection.execute(insert(_TOKEN).on_conflict_do_nothing(), values)

    def put_slips(self, slips: Iterable[bytes]) -> None:
        """Keep slips before they are sent; older ones stay: what a record commits to is its first one."""
        parsed = [(parse_slip(raw), raw) for raw in slips]
        values = [{"jti": slip.of, "ep": slip.ep, "raw": raw} for slip, raw in parsed]
        if values:
            with self._engine.begin() as connection:
                connection.execute(insert(_SLIP).on_conflict_do_nothing(), values)

    def slips(self, jti: bytes) -> tuple[bytes, ...]:
        """Return every slip of a record of this agency, the newest first."""
        with self._engine.begin() as connection:
            chosen = select(_SLIP.c.raw).where(_SLIP.c.jti == jti).order_by(_SLIP.c.id.desc())
            return tuple(row.raw for row in connection.execute(chosen))

    def live_slips(self, jti: bytes) -> tuple[Slip, ...]:
        """Return the newest slip of a record in each token epoch, the newest first."""
        newest: dict[int, Slip] = {}
        for slip in map(parse_slip, self.slips(jti)):
            newest.setdefault(slip.ep, slip)
        return tuple(newest.values())

    def slip(self, jti: bytes) -> Slip | None:
        """Return the newest slip of a record: its policy is the record's."""
        return next(iter(self.live_slips(jti)), None)

    def put_question(self, question: AskedQuestion) -> None:
        """Write a question down before it is sent: it is charged whether or not its answer arrives."""
        with self._engine.begin() as connection:
            connection.execute(
                insert(_QUESTION).values(
                    q=question.q,
                    asked=question.asked,
                    asking=question.asking.value,
                    what=question.what,
                    salt=question.purpose.salt,
                    purpose=question.purpose.text,
                    body=question.body,
                    signature_input="",
                    signature="",
                )
            )

    def put_answer(self, q: bytes, answer: bytes, *, signature_input: str = "", signature: str = "") -> None:
        """Keep a verified answer, signature and all: with a slip of its owner it may prove that a hit was denied.

        How the question was signed is kept beside it: the access log commits to it.
        """
        values = {"answer": answer, "signature_input": signature_input, "signature": signature}
        with self._engine.begin() as connection:
            connection.execute(update(_QUESTION).where(_QUESTION.c.q == q).values(**values))

    def drop_question(self, q: bytes) -> None:
        """Forget a question that the service refused: it was not charged."""
        with self._engine.begin() as connection:
            connection.execute(_QUESTION.delete().where(_QUESTION.c.q == q))

    def question(self, q: bytes) -> AskedQuestion | None:
        """Return a question by its hash."""
        return next(iter(self._questions(_QUESTION.c.q == q)), None)

    def questions(self) -> list[AskedQuestion]:
        """Return all questions, the oldest first."""
        return self._questions()

    def put_request(self, h: bytes, *, signature_input: str, signature: str) -> None:
        """Keep how an answered evaluation was signed, by the hash of its body: the access log commits to it."""
        values = {"h": h, "signature_input": signature_input, "signature": signature}
        with self._engine.begin() as connection:
            connection.execute(insert(_REQUEST).values(**values).on_conflict_do_nothing())

    def signed(self, h: bytes) -> tuple[str, str] | None:
        """Return the two fields that signed an answered question or evaluation, by the hash of its body; else None."""
        question = self.question(h)
        if question is not None:
            return None if question.answer is None else (question.signature_input, question.signature)
        with self._engine.begin() as connection:
            found = connection.execute(select(_REQUEST).where(_REQUEST.c.h == h)).one_or_none()
        return None if found is None else (found.signature_input, found.signature)

    def asked_since(self, start: int, *asking: Asking) -> int:
        """Return how many questions of these kinds this home has asked from `start` on."""
        kinds = [one.value for one in asking]
        chosen = select(func.count()).select_from(_QUESTION)
        with self._engine.begin() as connection:
            counted = chosen.where(_QUESTION.c.asked >= start, _QUESTION.c.asking.in_(kinds))
            return int(connection.execute(counted).scalar_one())

    def put_notices(
        self, notices: Sequence[Notice], *, now: int, cursor: int, doubts: Sequence[str] = ()
    ) -> list[Notice]:
        """Keep notices, what does not hold of them and the cursor behind, in one transaction; return those that are new."""
        new: list[Notice] = []
        with self._engine.begin() as connection:
            for notice in notices:
                raw = spell_notice(notice)
                row = insert(_NOTICE).values(digest=sha256(raw), raw=raw, seen=now).on_conflict_do_nothing()
                new += [notice] if connection.execute(row).rowcount else []
            for what in doubts:
                connection.execute(insert(_DOUBT).values(what=what, seen=now).on_conflict_do_nothing())
            self._remember(connection, NOTICES, cursor)
        return new

    def doubts(self) -> tuple[str, ...]:
        """Return what does not hold of notices and was not looked into yet, the oldest first."""
        chosen = select(_DOUBT.c.what).where(_DOUBT.c.settled.is_(None)).order_by(_DOUBT.c.id)
        with self._engine.begin() as connection:
            return tuple(row.what for row in connection.execute(chosen))

    def settle_doubts(self, doubts: Sequence[str], *, now: int) -> None:
        """Remember that somebody has looked into these doubts."""
        with self._engine.begin() as connection:
            for what in doubts:
                connection.execute(update(_DOUBT).where(_DOUBT.c.what == what).values(settled=now))

    def notices(self) -> list[StoredNotice]:
        """Return all notices, the oldest first."""
        with self._engine.begin() as connection:
            return [
                StoredNotice(number=row.id, notice=parse_notice(row.raw), seen=row.seen, reviewed=row.reviewed)
                for row in connection.execute(select(_NOTICE).order_by(_NOTICE.c.id))
            ]

    def mark_reviewed(self, numbers: Sequence[int], *, now: int) -> None:
        """Remember which notices were reviewed, once the service has taken it."""
        with self._engine.begin() as connection:
            connection.execute(
                update(_NOTICE).where(_NOTICE.c.id.in_(numbers), _NOTICE.c.reviewed.is_(None)).values(reviewed=now)
            )

    def state(self, name: str, *, default: int) -> int:
        """Return a number remembered under `name`."""
        with self._engine.begin() as connection:
            found = connection.execute(select(_STATE.c.value).where(_STATE.c.name == name)).scalar()
        return default if found is None else int(found)

    def remember(self, name: str, value: int) -> None:
        """Remember a number under `name`."""
        with self._engine.begin() as connection:
            self._remember(connection, name, value)

    def _remember(self, connection: Any, name: str, value: int) -> None:
        row = insert(_STATE).values(name=name, value=value)
        connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    def _questions(self, *conditions: Any) -> list[AskedQuestion]:
        with self._engine.begin() as connection:
            rows = connection.execute(select(_QUESTION).where(*conditions).order_by(_QUESTION.c.asked)).all()
        return [
            AskedQuestion(
                q=row.q,
                asked=row.asked,
                asking=Asking(row.asking),
                what=row.what,
                purpose=Purpose(salt=row.salt, text=row.purpose),
                body=row.body,
                answer=row.answer,
                signature_input=row.signature_input,
                signature=row.signature,
            )
            for row in rows
        ]
