"""Links that let somebody in for the first time, or in again: random, kept as a hash, short-lived, used once.

There is no default account. The first administrator comes by a link that is printed where the desk is started, and only
while there is no administrator; everybody else by a link that an administrator made. A link for somebody who is here
already gives them new ways in, takes the old ones, and changes nothing of what they may do.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from clients.database import Joined, Transactions, reading
from clients.desk.people.accounts import add_person, administrators, check_name, is_taken, require_person
from clients.desk.people.changes import forget_ways_in, needs_second, require_administrator
from clients.desk.people.errors import PeopleError
from clients.desk.people.mandates import Mandate, mandate_from_text, mandate_of
from clients.desk.people.passkeys import NewPasskey, keep_passkey
from clients.desk.people.passwords import NewPassword, keep_password
from clients.desk.people.person import Person, Role
from clients.desk.people.sessions import end_sessions
from clients.desk.people.tables import INVITATION, PERSON
from crypto.digests import sha256
from crypto.encoding import b64u, unb64u
from crypto.errors import EncodingError

TOKEN_BYTES = 32
FIRST_SECONDS = 60 * 60
LINK_SECONDS = 24 * 60 * 60

_HANDLE_BYTES = 32
_FIRST_LABEL = "first passkey"


class Kind(Enum):
    """Whom a link is for: the first administrator, somebody new, or somebody who has lost their way in."""

    FIRST = "first"
    JOIN = "join"
    AGAIN = "again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link as it is kept: `token` is its hash; `by` is None for one made on the machine; `handle` goes into passkeys."""

    number: int
    token: bytes = field(repr=False)
    kind: Kind
    person: int | None
    name: str
    handle: bytes = field(repr=False)
    mandate: Mandate
    by: int | None
    approved: bool
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A link just made: `token` is shown now and never again."""

    token: str = field(repr=False)
    invitation: Invitation


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    kind: Kind
    name: str
    mandate: Mandate
    by: Person | None = None
    approved: bool = True
    person: Person | None = None


class Invitations:
    """The links of one desk."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int], transactions: Transactions | None = None) -> None:
        """Take the database, the clock (POSIX seconds), and what begins transactions where it is not the database."""
        self._engine = engine
        self._clock = clock
        self._transactions = transactions or engine

    def within(self, connection: Connection) -> "Invitations":
        """Return the same, for what is done in a transaction that is under way."""
        return Invitations(self._engine, clock=self._clock, transactions=Joined(connection))

    def first(self) -> Made | None:
        """Return a link for the first administrator, in the place of any before; None once there is one."""
        with self._transactions.begin() as connection:
            connection.execute(delete(INVITATION).where(INVITATION.c.kind == Kind.FIRST.value))
            if administrators(connection):
                return None
            mandate = Mandate(roles=frozenset({Role.ADMINISTRATOR}))
            return self._make(connection, _Draft(kind=Kind.FIRST, name="", mandate=mandate), seconds=FIRST_SECONDS)

    def invite(self, by: Person, name: str, mandate: Mandate) -> Made:
        """Return a link for somebody new; where there is a second administrator, it opens once that one approves."""
        with self._transactions.begin() as connection:
            require_administrator(connection, by)
            return self._join(connection, name, mandate, by=by, approved=not needs_second(connection))

    def invite_from_machine(self, name: str, mandate: Mandate) -> Made:
        """Return a link made by who holds the home and its passphrase: they can open everything there as it is."""
        with self._transactions.begin() as connection:
            return self._join(connection, name, mandate, by=None, approved=True)

    def again(self, by: Person, person_id: int) -> Made:
        """Return a link for somebody who lost their way in; an approval is needed as for somebody new."""
        with self._transactions.begin() as connection:
            require_administrator(connection, by)
            if person_id == by.id:
                raise PeopleError("nobody makes a link for themselves", next_step="add a passkey on your own page")
            return self._again(connection, person_id, by=by, approved=not needs_second(connection))

    def again_from_machine(self, person_id: int) -> Made:
        """Return such a link made by who holds the home and its passphrase."""
        with self._transactions.begin() as connection:
            return self._again(connection, person_id, by=None, approved=True)

    def waiting(self) -> Sequence[Invitation]:
        """Return the links that are still good, or wait for an approval."""
        live = (INVITATION.c.expires > self._clock(), INVITATION.c.kind != Kind.FIRST.value)
        with reading(self._engine) as connection:
            return [_invitation(row) for row in connection.execute(select(INVITATION).where(*live))]

    def approve(self, by: Person, number: int) -> Invitation:
        """Let a link open that another administrator made."""
        with self._transactions.begin() as connection:
            require_administrator(connection, by)
            found = self._numbered(connection, number)
            if found.by == by.id:
                raise PeopleError("who made this link cannot approve it", next_step="ask another administrator")
            connection.execute(update(INVITATION).where(INVITATION.c.number == number).values(approved=1))
        return found

    def withdraw(self, by: Person, number: int) -> Invitation:
        """Take a link back; any administrator may."""
        with self._transactions.begin() as connection:
            require_administrator(connection, by)
            found = self._numbered(connection, number)
            connection.execute(delete(INVITATION).where(INVITATION.c.number == number))
        return found

    def find(self, token: str) -> Invitation:
        """Return the invitation behind a link that is good now; raise PeopleError for any other, in the same words."""
        with reading(self._engine) as connection:
            return self._open(connection, token)

    def accept(
        self, token: str, *, name: str = "", passkey: NewPasskey | None = None, password: NewPassword | None = None
    ) -> Person:
        """Use a link up: add its person, or give theirs new ways in. `name` is what a first administrator calls themself."""
        if (passkey is None) == (password is None):
            raise PeopleError("a link is used with a passkey or with a password and a code")
        with self._transactions.begin() as connection:
            found = self._open(connection, token)
            connection.execute(delete(INVITATION).where(INVITATION.c.number == found.number))
            person = self._arrived(connection, found, name)
            if passkey is not None:
                keep_passkey(connection, person.id, passkey, label=_FIRST_LABEL, now=self._clock())
            if password is not None:
                keep_password(connection, person.id, password)
            return person

    def _arrived(self, connection: Connection, found: Invitation, name: str) -> Person:
        if found.person is not None:
            forget_ways_in(connection, found.person)
            end_sessions(connection, found.person)
            return require_person(connection, found.person)
        chosen = name if found.kind is Kind.FIRST else found.name
        return add_person(connection, name=chosen, handle=found.handle, mandate=found.mandate, now=self._clock())

    def _join(self, connection: Connection, name: str, mandate: Mandate, *, by: Person | None, approved: bool) -> Made:
        if is_taken(connection, check_name(name)):
            raise PeopleError("somebody has that name", next_step="choose one that tells them apart")
        # A form sent twice leaves one link, the one that was shown last.
        same = (INVITATION.c.kind == Kind.JOIN.value, INVITATION.c.name == name)
        connection.execute(delete(INVITATION).where(*same))
        return self._make(connection, _Draft(kind=Kind.JOIN, name=name, mandate=mandate, by=by, approved=approved))

    def _again(self, connection: Connection, person_id: int, *, by: Person | None, approved: bool) -> Made:
        person = require_person(connection, person_id)
        if person.ended:
            raise PeopleError("that person was ended, for good", next_step="invite them under a new name")
        connection.execute(delete(INVITATION).where(INVITATION.c.person == person.id))
        mandate = mandate_of(person)
        draft = _Draft(kind=Kind.AGAIN, name=person.name, mandate=mandate, by=by, approved=approved, person=person)
        return self._make(connection, draft)

    def _make(self, connection: Connection, draft: "_Draft", *, seconds: int = LINK_SECONDS) -> Made:
        now = self._clock()
        connection.execute(delete(INVITATION).where(INVITATION.c.expires <= now))
        token = secrets.token_bytes(TOKEN_BYTES)
        row = {
            "token": sha256(token),
            "kind": draft.kind.value,
            "person": draft.person and draft.person.id,
            "name": draft.name,
            "handle": _handle(connection, draft.person) if draft.person else secrets.token_bytes(_HANDLE_BYTES),
            "mandate": draft.mandate.to_text(),
            "by": draft.by and draft.by.id,
            "approved": int(draft.approved),
            "created": now,
            "expires": now + seconds,
        }
        kept = connection.execute(insert(INVITATION).values(row).returning(INVITATION)).one()
        return Made(token=b64u(token), invitation=_invitation(kept))

    def _open(self, connection: Connection, token: str) -> Invitation:
        """Return the invitation of a link, if it opens: known, in time, approved, and a first one only before anybody."""
        try:
            key = sha256(unb64u(token, size=TOKEN_BYTES))
        except EncodingError:
            key = b""
        live = (INVITATION.c.token == key, INVITATION.c.expires > self._clock(), INVITATION.c.approved == 1)
        row = connection.execute(select(INVITATION).where(*live)).first()
        found = None if row is None else _invitation(row)
        if found is None or (found.kind is Kind.FIRST and administrators(connection)):
            raise PeopleError(
                "this link opens nothing: it was used, is too old, or waits for a second administrator",
                next_step="ask who gave it to you",
            )
        return found

    def _numbered(self, connection: Connection, number: int) -> Invitation:
        live = (
            INVITATION.c.number == number,
            INVITATION.c.expires > self._clock(),
            INVITATION.c.kind != Kind.FIRST.value,
        )
        row = connection.execute(select(INVITATION).where(*live)).first()
        if row is None:
            raise PeopleError("there is no such link any more", next_step="look at the list again")
        return _invitation(row)


def _handle(connection: Connection, person: Person) -> bytes:
    handle: bytes = connection.execute(select(PERSON.c.handle).where(PERSON.c.id == person.id)).scalar_one()
    return handle


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(
        number=row.number,
        token=row.token,
        kind=Kind(row.kind),
        person=row.person,
        name=row.name,
        handle=row.handle,
        mandate=mandate_from_text(row.mandate),
        by=row.by,
        approved=bool(row.approved),
        expires=row.expires,
    )
