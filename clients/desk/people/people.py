"""Everything about people that the desk's pages use, in one value."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from clients.desk.people.accounts import Accounts
from clients.desk.people.changes import Changes
from clients.desk.people.invitations import Invitations
from clients.desk.people.passkeys import Passkeys, Relying
from clients.desk.people.passwords import Passwords
from clients.desk.people.sessions import Sessions
from crypto.keystore import STRONG, Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who works here and how they come in; `has_passwords` says whether a password and a code will do at this place."""

    accounts: Accounts
    changes: Changes
    invitations: Invitations
    passkeys: Passkeys
    passwords: Passwords
    sessions: Sessions
    has_passwords: bool


def open_people(
    engine: Engine, *, relying: Relying, has_passwords: bool, clock: Callable[[], int], cost: Cost = STRONG
) -> People:
    """Return the people of the desk whose database this is."""
    return People(
        accounts=Accounts(engine),
        changes=Changes(engine, clock=clock),
        invitations=Invitations(engine, clock=clock),
        passkeys=Passkeys(engine, relying=relying, clock=clock),
        passwords=Passwords(engine, clock=clock, cost=cost),
        sessions=Sessions(engine, clock=clock),
        has_passwords=has_passwords,
    )
