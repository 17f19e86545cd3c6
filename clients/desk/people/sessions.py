"""Who is signed in: rows, so that what ends a session ends it at once, whatever cookie somebody saved (docs/adr/0066)."""

import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, or_, select, update

from clients.database import Joined, Transactions, reading
from clients.desk.people.accounts import person_of
from clients.desk.people.errors import IdentityError
from clients.desk.people.person import Person, SignedIn
from clients.desk.people.tables import PERSON, SESSION
from crypto.digests import sha256
from crypto.encoding import b64u, unb64u
from crypto.errors import EncodingError
from ledger.labels import Purpose

IDLE_SECONDS = 15 * 60
LIFE_SECONDS = 12 * 60 * 60
FRESH_SECONDS = 5 * 60
TOKEN_BYTES = 32

_TOUCH_SECONDS = 30


class Sessions:
    """The sessions of one desk."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int], transactions: Transactions | None = None) -> None:
        """Take the database, the clock (POSIX seconds), and what begins transactions where it is not the database."""
        self._engine = engine
        self._clock = clock
        self._transactions = transactions or engine

    def within(self, connection: Connection) -> "Sessions":
        """Return the same, for what is done in a transaction that is under way."""
        return Sessions(self._engine, clock=self._clock, transactions=Joined(connection))

    def begin(self, person: Person) -> str:
        """Begin a session and return its token, which is kept nowhere; raise IdentityError for one who was ended."""
        now = self._clock()
        with self._transactions.begin() as connection:
            self._forget(connection, now)
            query = select(PERSON).where(PERSON.c.id == person.id, PERSON.c.ended.is_(None))
            row = connection.execute(query).mappings().first()
            if row is None:
                raise IdentityError("that person does not work here any more", next_step="ask an administrator")
            current = person_of(row)
            return _insert(connection, current, purpose=_first(current), created=now, now=now)

    def find(self, token: str) -> SignedIn | None:
        """Return whose token it is, while the session is neither idle for too long nor too old; looking keeps it alive."""
        try:
            key = sha256(unb64u(token, size=TOKEN_BYTES))
        except EncodingError:
            return None
        now = self._clock()
        query = select(SESSION, PERSON).join(PERSON, PERSON.c.id == SESSION.c.person).where(*_alive(key, now))
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        if now - row[SESSION.c.seen] >= _TOUCH_SECONDS:
            self._touch(key, now)
        return _signed_in(row)

    def confirm(self, signed_in: SignedIn) -> str:
        """Note that they proved again who they are; return a new token: the old one is dead. Their 12 hours go on."""
        now = self._clock()
        with self._transactions.begin() as connection:
            row = connection.execute(delete(SESSION).where(*_alive(signed_in.session, now)).returning(SESSION)).first()
            if row is None:
                raise IdentityError("the session is over", next_step="sign in again")
            return _insert(connection, signed_in.person, purpose=Purpose(row.purpose), created=row.created, now=now)

    def work_for(self, signed_in: SignedIn, purpose: Purpose) -> None:
        """Go on for another purpose; raise IdentityError for one that is not theirs."""
        if purpose not in signed_in.person.purposes:
            raise IdentityError("that purpose is not one of yours", next_step="ask an administrator")
        with self._transactions.begin() as connection:
            connection.execute(update(SESSION).where(SESSION.c.id == signed_in.session).values(purpose=purpose.value))

    def end(self, signed_in: SignedIn) -> None:
        """End one session: sign out."""
        with self._transactions.begin() as connection:
            connection.execute(delete(SESSION).where(SESSION.c.id == signed_in.session))

    def is_fresh(self, signed_in: SignedIn) -> bool:
        """Say whether they proved who they are in the last five minutes."""
        return self._clock() - signed_in.confirmed < FRESH_SECONDS

    def _touch(self, key: bytes, now: int) -> None:
        with self._transactions.begin() as connection:
            connection.execute(update(SESSION).where(SESSION.c.id == key).values(seen=now))

    @staticmethod
    def _forget(connection: Connection, now: int) -> None:
        over = or_(SESSION.c.seen <= now - IDLE_SECONDS, SESSION.c.created <= now - LIFE_SECONDS)
        connection.execute(delete(SESSION).where(over))


def end_sessions(connection: Connection, person_id: int) -> None:
    """End every session of a person in the transaction that changes what they may do."""
    connection.execute(delete(SESSION).where(SESSION.c.person == person_id))


def _alive(key: bytes, now: int) -> tuple[Any, ...]:
    live = select(PERSON.c.id).where(PERSON.c.ended.is_(None))
    return (
        SESSION.c.id == key,
        SESSION.c.seen > now - IDLE_SECONDS,
        SESSION.c.created > now - LIFE_SECONDS,
        SESSION.c.person.in_(live),
    )


def _insert(connection: Connection, person: Person, *, purpose: Purpose, created: int, now: int) -> str:
    # A token is drawn here and never taken from a request: a cookie that somebody planted is worth nothing.
    token = secrets.token_bytes(TOKEN_BYTES)
    row = {
        "id": sha256(token),
        "person": person.id,
        "csrf": b64u(secrets.token_bytes(TOKEN_BYTES)),
        "purpose": purpose.value,
        "created": created,
        "seen": now,
        "confirmed": now,
    }
    connection.execute(insert(SESSION).values(row))
    return b64u(token)


def _first(person: Person) -> Purpose:
    return next(purpose for purpose in Purpose if purpose in person.purposes)


def _signed_in(row: RowMapping) -> SignedIn:
    return SignedIn(
        person=person_of(row),
        csrf=row[SESSION.c.csrf],
        purpose=Purpose(row[SESSION.c.purpose]),
        signed_in=row[SESSION.c.created],
        confirmed=row[SESSION.c.confirmed],
        session=row[SESSION.c.id],
    )
