"""Changing what people may do, and ending them: nobody for themselves, and giving takes two (docs/adr/0066).

An administrator could give a friend, or somebody invented, what they may not have themselves. So where there are two
administrators, one proposes and another approves whatever gives somebody more, or takes an administrator away: who
could end the others alone would then be alone, and give freely. Taking anything else away is done at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from clients.database import Joined, Transactions, reading
from clients.desk.people.accounts import administrators, require_person
from clients.desk.people.errors import PeopleError
from clients.desk.people.mandates import Mandate, mandate_from_text, mandate_of
from clients.desk.people.person import Person, Role
from clients.desk.people.sessions import end_sessions
from clients.desk.people.tables import INVITATION, PASSKEY, PASSWORD, PERSON, PROPOSAL

PROPOSAL_SECONDS = 7 * 24 * 60 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What `by` wants for a person: another mandate, or None to end them."""

    number: int
    person: int
    mandate: Mandate | None
    by: int
    expires: int


class Changes:
    """The one place where a mandate changes."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int], transactions: Transactions | None = None) -> None:
        """Take the database, the clock (POSIX seconds), and what begins transactions where it is not the database."""
        self._engine = engine
        self._clock = clock
        self._transactions = transactions or engine

    def within(self, connection: Connection) -> "Changes":
        """Return the same, for what is done in a transaction that is under way."""
        return Changes(self._engine, clock=self._clock, transactions=Joined(connection))

    def waiting(self) -> Sequence[Proposal]:
        """Return what waits for another administrator."""
        query = select(PROPOSAL).where(PROPOSAL.c.expires > self._clock()).order_by(PROPOSAL.c.number)
        with reading(self._engine) as connection:
            return [_proposal(row) for row in connection.execute(query)]

    def change(self, by: Person, person_id: int, mandate: Mandate, *, held: str | None = None) -> Proposal | None:
        """Give a person another mandate; return the proposal if another administrator has to approve it first.

        `held` is the text of the mandate that `by` was shown: a page that is out of date changes nothing.
        """
        return self._ask(by, person_id, mandate, held=held)

    def end(self, by: Person, person_id: int) -> Proposal | None:
        """End a person; return the proposal if another administrator has to approve it first."""
        return self._ask(by, person_id, None)

    def approve(self, by: Person, number: int) -> Proposal:
        """Carry out what another administrator proposed, if the person still is what they were then."""
        with self._transactions.begin() as connection:
            require_administrator(connection, by)
            row = self._take(connection, number)
            if row.by == by.id:
                raise PeopleError("who proposed this cannot approve it", next_step="ask another administrator")
            proposal = _proposal(row)
            person = _changeable(connection, proposal.person)
            if mandate_of(person).to_text() != row.held:
                raise PeopleError("that person was changed since", next_step="propose it anew")
            if proposal.mandate is not None and person.id == by.id and proposal.mandate.adds_to(mandate_of(person)):
                raise PeopleError("nobody approves more for themselves", next_step="ask another administrator")
            self._carry_out(connection, person, proposal.mandate)
        return proposal

    def withdraw(self, by: Person, number: int) -> None:
        """Drop a proposal; any administrator may."""
        with self._transactions.begin() as connection:
            require_administrator(connection, by)
            self._take(connection, number)

    def _ask(self, by: Person, person_id: int, mandate: Mandate | None, *, held: str | None = None) -> Proposal | None:
        with self._transactions.begin() as connection:
            require_administrator(connection, by)
            if person_id == by.id:
                raise PeopleError("nobody changes what they may do themselves", next_step="ask another administrator")
            person = _changeable(connection, person_id)
            if held is not None and held != mandate_of(person).to_text():
                raise PeopleError("that person was changed since", next_step="open their page again")
            if not needs_second(connection) or not _is_grave(person, mandate):
                self._carry_out(connection, person, mandate)
                return None
            row = {
                "person": person.id,
                "mandate": None if mandate is None else mandate.to_text(),
                "held": mandate_of(person).to_text(),
                "by": by.id,
                "expires": self._clock() + PROPOSAL_SECONDS,
            }
            connection.execute(delete(PROPOSAL).where(PROPOSAL.c.person == person.id))
            return _proposal(connection.execute(insert(PROPOSAL).values(row).returning(PROPOSAL)).one())

    def _take(self, connection: Connection, number: int) -> Row[Any]:
        live = (PROPOSAL.c.number == number, PROPOSAL.c.expires > self._clock())
        row = connection.execute(delete(PROPOSAL).where(*live).returning(PROPOSAL)).first()
        if row is None:
            raise PeopleError("there is no such proposal any more", next_step="look at the list again")
        return row

    def _carry_out(self, connection: Connection, person: Person, mandate: Mandate | None) -> None:
        """Change or end a person, and with it every session, link and proposal that rests on what they were."""
        stays = mandate is not None and Role.ADMINISTRATOR in mandate.roles
        if not stays and administrators(connection) == {person.id}:
            raise PeopleError("the last administrator stays", next_step="invite another administrator first")
        values = {"ended": self._clock()} if mandate is None else {"mandate": mandate.to_text()}
        connection.execute(update(PERSON).where(PERSON.c.id == person.id).values(values))
        end_sessions(connection, person.id)
        connection.execute(delete(PROPOSAL).where((PROPOSAL.c.person == person.id) | (PROPOSAL.c.by == person.id)))
        connection.execute(delete(INVITATION).where(INVITATION.c.person == person.id))
        if not stays:
            connection.execute(delete(INVITATION).where(INVITATION.c.by == person.id))
        if mandate is None:
            forget_ways_in(connection, person.id)


def forget_ways_in(connection: Connection, person_id: int) -> None:
    """Take every passkey and the password of a person away."""
    connection.execute(delete(PASSKEY).where(PASSKEY.c.person == person_id))
    connection.execute(delete(PASSWORD).where(PASSWORD.c.person == person_id))


def needs_second(connection: Connection) -> bool:
    """Say whether there is a second administrator to ask."""
    return len(administrators(connection)) > 1


def require_administrator(connection: Connection, by: Person) -> None:
    """Raise PeopleError unless `by` administers the desk in this very transaction."""
    if by.id not in administrators(connection):
        raise PeopleError("only an administrator may do that", next_step="ask one")


def _is_grave(person: Person, mandate: Mandate | None) -> bool:
    """Say whether a change gives somebody more, or takes an administrator away."""
    was = Role.ADMINISTRATOR in person.roles
    if mandate is None:
        return was
    return mandate.adds_to(mandate_of(person)) or (was and Role.ADMINISTRATOR not in mandate.roles)


def _changeable(connection: Connection, person_id: int) -> Person:
    person = require_person(connection, person_id)
    if person.ended:
        raise PeopleError("that person was ended, for good", next_step="invite them under a new name")
    return person


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(
        number=row.number,
        person=row.person,
        mandate=None if row.mandate is None else mandate_from_text(row.mandate),
        by=row.by,
        expires=row.expires,
    )
