"""Links made on the machine, by who holds the home and its passphrase (docs/adr/0066)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clients.desk.database import open_desk
from clients.desk.parts import RecordOfUse
from clients.desk.people.accounts import Accounts
from clients.desk.people.deeds import INVITED, given
from clients.desk.people.errors import PeopleError
from clients.desk.people.invitations import Invitations
from clients.desk.people.mandates import Mandate
from clients.desk.people.tables import PEOPLE
from clients.desk.place import Place
from clients.desk.use.record import USE, open_record
from clients.encrypting import home_key
from clients.home import Home
from clients.keyring import Keyring

MACHINE = "somebody at the machine"


class Door:
    """The links of a home's desk, whether it runs or not; each is made and put into the record of use, or neither."""

    def __init__(self, invitations: Invitations, accounts: Accounts, *, place: Place, use: RecordOfUse) -> None:
        """Take the links, who works here, the desk's address, and the record of use."""
        self._invitations = invitations
        self._accounts = accounts
        self._place = place
        self._use = use

    def invite(self, name: str, mandate: Mandate) -> str:
        """Return a link for somebody new."""
        with self._use.together() as act:
            made = self._invitations.within(act.connection).invite_from_machine(name, mandate)
            act.note(MACHINE, INVITED, given(name, mandate))
        return self._place.link(made.token)

    def again(self, name: str) -> str:
        """Return a link for somebody who lost their way in; raise PeopleError if nobody of that name works here."""
        person = self._accounts.named(name)
        if person is None:
            raise PeopleError("nobody of that name works here", next_step="leave --again out to invite somebody new")
        with self._use.together() as act:
            made = self._invitations.within(act.connection).again_from_machine(person.id)
            act.note(MACHINE, INVITED, given(person.name, None))
        return self._place.link(made.token)


@contextmanager
def open_door(
    home: Home, keyring: Keyring, *, place: Place, clock: Callable[[], int], tell: Callable[[str], None]
) -> Iterator[Door]:
    """Give the links of the desk of a home; `tell` hears of databases that had to be encrypted."""
    engine = open_desk(home, PEOPLE, USE, key=home_key(home, keyring, tell=tell))
    try:
        yield Door(
            Invitations(engine, clock=clock),
            Accounts(engine),
            place=place,
            use=open_record(home, keyring, engine, clock=clock),
        )
    finally:
        engine.dispose()
