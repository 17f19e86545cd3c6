"""Links made on the machine, by who holds the home and its passphrase (docs/adr/0066)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from clients.desk.database import open_desk
from clients.desk.people.accounts import Accounts
from clients.desk.people.errors import PeopleError
from clients.desk.people.invitations import Invitations
from clients.desk.people.mandates import Mandate
from clients.desk.people.tables import PEOPLE
from clients.desk.place import Place
from clients.home import Home


class Door:
    """The links of a home's desk, whether it runs or not."""

    def __init__(self, engine: Engine, *, place: Place, clock: Callable[[], int]) -> None:
        """Take the desk's database, its address and the clock."""
        self._invitations = Invitations(engine, clock=clock)
        self._accounts = Accounts(engine)
        self._place = place

    def invite(self, name: str, mandate: Mandate) -> str:
        """Return a link for somebody new."""
        return self._place.link(self._invitations.invite_from_machine(name, mandate).token)

    def again(self, name: str) -> str:
        """Return a link for somebody who lost their way in; raise PeopleError if nobody of that name works here."""
        person = self._accounts.named(name)
        if person is None:
            raise PeopleError("nobody of that name works here", next_step="leave --again out to invite somebody new")
        return self._place.link(self._invitations.again_from_machine(person.id).token)


@contextmanager
def open_door(home: Home, *, key: bytes, place: Place, clock: Callable[[], int]) -> Iterator[Door]:
    """Give the links of the desk of a home."""
    engine = open_desk(home, PEOPLE, key=key)
    try:
        yield Door(engine, place=place, clock=clock)
    finally:
        engine.dispose()
