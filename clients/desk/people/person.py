"""A person of the agency at its desk, and the session they are signed in with (docs/adr/0066)."""

from dataclasses import dataclass, field
from enum import Enum

from ledger.decision import Reader
from ledger.labels import Compartment, Level, Purpose


class Role(Enum):
    """What a person may do. No role lets anybody read: that is for clearance, compartments and purposes to say."""

    SUBMITTER = "submitter"
    ANALYST = "analyst"
    RELEASING = "releasing officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person; `name` is also the officer's name of `clients.officers` where they sign as an officer.

    `clearance` is None for one who may read nothing, which is how everybody begins.
    """

    id: int
    name: str
    roles: frozenset[Role]
    clearance: Level | None
    compartments: frozenset[Compartment]
    purposes: frozenset[Purpose]
    language: str
    ended: bool
    theme: str = "auto"

    def reader(self, agency: str) -> Reader:
        """Return what the one decision function weighs of this person, as one of `agency`."""
        return Reader(agency=agency, clearance=self.clearance, compartments=self.compartments)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Somebody signed in: `purpose` is what they work for now, one of theirs; times are POSIX seconds.

    `confirmed` is when they last proved who they are, at sign-in or later; `session` is the hash of the cookie's token;
    every form of this session carries `csrf`.
    """

    person: Person
    csrf: str = field(repr=False)
    purpose: Purpose
    signed_in: int
    confirmed: int
    session: bytes = field(repr=False)
