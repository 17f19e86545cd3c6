"""A password and a code: the way in where no passkey can be used, and only on the machine itself (docs/adr/0066).

Whoever asks is compared at one speed, for every name: an unknown name, one without a password, a wrong password and a
wrong code cost the same work and get the same words. Both are compared always; the code is spent only if both are right.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from clients.database import reading
from clients.desk.people.accounts import folded, person_of
from clients.desk.people.attempts import Attempts
from clients.desk.people.codes import counter_of, new_secret
from clients.desk.people.errors import AttemptsError, IdentityError, PeopleError
from clients.desk.people.person import Person
from clients.desk.people.tables import ENROLMENT, PASSWORD, PERSON
from crypto.errors import PasswordError
from crypto.keystore import STRONG, Cost
from crypto.passwords import MOST_BYTES, check_password, hash_password, one_time_password, verify_password

ENROLMENT_SECONDS = 15 * 60

# Each comparison takes 64 MiB: more at once would let anybody fill the machine's memory with wrong passwords.
_AT_ONCE = 2
_WAIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What somebody typed to prove who they are."""

    name: str
    password: str = field(repr=False)
    code: str = field(repr=False)
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPassword:
    """A password and its codes, as they are kept; `counter` is that of the code that proved the app works."""

    hash: str = field(repr=False)
    secret: bytes = field(repr=False)
    counter: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    person: Person | None
    hash: str = field(repr=False)
    secret: bytes = field(repr=False)


class Passwords:
    """The one place where a password and a code are compared."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int], cost: Cost = STRONG) -> None:
        """Take the database and the clock; `cost` is that of new hashes, and of the one that stands in for nobody's."""
        self._engine = engine
        self._clock = clock
        self._cost = cost
        self._attempts = Attempts(clock=clock)
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._nobody = _Kept(
            person=None, hash=hash_password(one_time_password().encode(), cost=cost), secret=new_secret()
        )

    def check(self, typed: Typed) -> Person:
        """Return who typed the right password and a code that was not used before; raise IdentityError."""
        self._attempts.take(name=folded(typed.name[: MOST_BYTES + 1]), address=typed.address)
        kept = self._kept(typed.name)
        is_right = self._is_password(typed.password, kept.hash)
        counter = counter_of(typed.code, secret=kept.secret, now=self._clock())
        if kept.person is None or not is_right or counter is None or not self._spend(kept.person, counter):
            raise IdentityError(
                "the name, the password or the code is not right",
                next_step="wait for the next code and type all three again",
            )
        return kept.person

    def has(self, person_id: int) -> bool:
        """Say whether a person has a password."""
        query = select(PASSWORD.c.person).where(PASSWORD.c.person == person_id)
        with reading(self._engine) as connection:
            return connection.execute(query).first() is not None

    def secret_for(self, *, holder: bytes) -> bytes:
        """Return a new secret for an app, to be shown once; one that was shown before is void."""
        now = self._clock()
        secret = new_secret()
        row = {"holder": holder, "secret": secret, "expires": now + ENROLMENT_SECONDS}
        with self._engine.begin() as connection:
            connection.execute(delete(ENROLMENT).where((ENROLMENT.c.expires <= now) | (ENROLMENT.c.holder == holder)))
            connection.execute(insert(ENROLMENT).values(row))
        return secret

    def choose(self, *, holder: bytes, address: str, password: str, again: str, code: str) -> NewPassword:
        """Return a new password with the secret that was shown, once a code proves that the app has it."""
        self._attempts.take(name=holder.hex(), address=address)
        if password != again:
            raise PeopleError("the two passwords differ", next_step="type them again")
        try:
            raw = check_password(password)
        except PasswordError as error:
            raise PeopleError(str(error), next_step="take five words drawn by dice") from error
        secret = self._shown(holder)
        counter = counter_of(code, secret=secret, now=self._clock())
        if counter is None:
            raise PeopleError("the code is not right", next_step="type the one that the app shows now")
        with self._place():
            return NewPassword(hash=hash_password(raw, cost=self._cost), secret=secret, counter=counter)

    def _shown(self, holder: bytes) -> bytes:
        live = select(ENROLMENT.c.secret).where(ENROLMENT.c.holder == holder, ENROLMENT.c.expires > self._clock())
        with reading(self._engine) as connection:
            secret: bytes | None = connection.execute(live).scalar_one_or_none()
        if secret is None:
            raise PeopleError("the page is too old", next_step="open it again: the app gets a new secret")
        return secret

    def _kept(self, name: str) -> _Kept:
        query = (
            select(PERSON, PASSWORD.c.hash, PASSWORD.c.secret)
            .join(PASSWORD, PASSWORD.c.person == PERSON.c.id)
            .where(PERSON.c.folded == folded(name[: MOST_BYTES + 1]), PERSON.c.ended.is_(None))
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return (
            self._nobody
            if row is None
            else _Kept(person=person_of(row), hash=row[PASSWORD.c.hash], secret=row[PASSWORD.c.secret])
        )

    def _is_password(self, password: str, kept: str) -> bool:
        try:
            with self._place():
                verify_password(password.encode(errors="replace")[: MOST_BYTES + 1], kept=kept)
        except PasswordError:
            return False
        return True

    def _spend(self, person: Person, counter: int) -> bool:
        """Move the counter of the last code on in one statement: of two requests with one code, one comes first."""
        rises = (PASSWORD.c.person == person.id, PASSWORD.c.counter < counter)
        with self._engine.begin() as connection:
            return bool(connection.execute(update(PASSWORD).where(*rises).values(counter=counter)).rowcount)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=_WAIT_SECONDS):
            raise AttemptsError(retry_after_seconds=int(_WAIT_SECONDS))
        try:
            yield
        finally:
            self._places.release()


def keep_password(connection: Connection, person_id: int, new: NewPassword) -> None:
    """Keep a password with its codes; what was shown to enrol it is forgotten."""
    values = {"hash": new.hash, "secret": new.secret, "counter": new.counter}
    statement = insert(PASSWORD).values(person=person_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[PASSWORD.c.person], set_=values))
    connection.execute(delete(ENROLMENT).where(ENROLMENT.c.secret == new.secret))
