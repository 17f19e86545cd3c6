"""The people of a desk in a database of their own, with a clock that stands and hashes that cost nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes

import pyotp
from sqlalchemy import Engine, event

from clients.database import open_database
from clients.desk.people.accounts import add_person
from clients.desk.people.codes import in_letters, new_secret
from clients.desk.people.mandates import Mandate
from clients.desk.people.passkeys import Relying
from clients.desk.people.passwords import NewPassword, Typed, keep_password
from clients.desk.people.people import People, open_people
from clients.desk.people.person import Person, Role
from clients.desk.people.tables import PEOPLE
from crypto.digests import sha256
from crypto.keystore import Cost
from crypto.passwords import hash_password
from ledger.labels import Compartment, Level, Purpose
from tests.support.fakes import FixedClock
from tests.support.passkeys import Authenticator

ORIGIN = "http://localhost:8480"
RP_ID = "localhost"
PASSWORD = "correct horse battery staple"
WEAK = Cost(memory_kib=8, passes=1, lanes=1)
HOLDER = sha256(b"somebody's browser")
ADMINISTRATOR = Mandate(roles=frozenset({Role.ADMINISTRATOR}))
ANALYST = Mandate(
    roles=frozenset({Role.ANALYST}),
    clearance=Level.CONFIDENTIAL,
    compartments=frozenset({Compartment.CT}),
    purposes=frozenset({Purpose.TRACE, Purpose.CRIM}),
)


@dataclass
class Staff:
    """A desk's people; nobody is there before somebody is added."""

    engine: Engine
    clock: FixedClock = field(default_factory=FixedClock)
    secrets: dict[int, bytes] = field(default_factory=dict)
    people: People = field(init=False)

    def __post_init__(self) -> None:
        """Open them."""
        self.people = self.open_again()

    def open_again(self, *, origin: str = ORIGIN, rp_id: str = RP_ID, has_passwords: bool = True) -> People:
        """Return the people as another start of the desk sees them, or one at another place."""
        relying = Relying(origin=origin, rp_id=rp_id, name="xar-arms")
        return open_people(self.engine, relying=relying, has_passwords=has_passwords, clock=self.clock, cost=WEAK)

    def add(self, name: str, mandate: Mandate = ANALYST) -> Person:
        """Add somebody without a way in."""
        with self.engine.begin() as connection:
            return add_person(connection, name=name, handle=token_bytes(32), mandate=mandate, now=self.clock())

    def add_password(self, person: Person) -> None:
        """Give somebody a password and an app for codes, none of which was used yet."""
        secret = self.secrets[person.id] = new_secret()
        kept = NewPassword(hash=hash_password(PASSWORD.encode(), cost=WEAK), secret=secret, counter=0)
        with self.engine.begin() as connection:
            keep_password(connection, person.id, kept)

    def add_passkey(self, person: Person, key: Authenticator | None = None, *, label: str = "a key") -> Authenticator:
        """Give somebody a passkey through the ceremony."""
        used = key or Authenticator(ORIGIN)
        with self.engine.connect() as connection:
            handle = connection.exec_driver_sql("SELECT handle FROM person WHERE id = ?", (person.id,)).scalar_one()
        options = self.people.passkeys.to_create(holder=HOLDER, handle=handle, name=person.name, person_id=person.id)
        made = self.people.passkeys.created(used.create(options), holder=HOLDER)
        self.people.passkeys.add(person.id, made, label=label)
        return used

    def code(self, person: Person, *, steps: int = 0) -> str:
        """Return the code that somebody's app shows now, or some steps of 30 seconds later."""
        return code_of(self.secrets[person.id], self.clock() + 30 * steps)

    def typed(self, person: Person, **other: str) -> Typed:
        """Return what somebody types to come in, with some of it replaced."""
        values = {"name": person.name, "password": PASSWORD, "code": self.code(person), "address": "127.0.0.1"}
        return Typed(**{**values, **other})


def code_of(secret: bytes, now: int) -> str:
    """Return the code of a secret at a time."""
    return pyotp.TOTP(in_letters(secret).replace(" ", "")).at(now)


@contextmanager
def staff(folder: Path) -> Iterator[Staff]:
    """Give an empty desk's people."""
    engine = open_database(folder / "desk.sqlite", PEOPLE, key=bytes(range(32)))
    # What a test writes need not survive a power cut, and waiting for the disk is most of its time.
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=OFF"))
    engine.dispose()
    try:
        yield Staff(engine)
    finally:
        engine.dispose()
