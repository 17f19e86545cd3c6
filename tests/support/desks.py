"""A desk over a real home, with the real service in the same process, and a browser that speaks as real ones do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from secrets import token_bytes

from flask import Flask
from sqlalchemy import event
from werkzeug.test import Client, TestResponse

from clients.desk.app import create_desk
from clients.desk.office import Office
from clients.desk.opening import open_parts
from clients.desk.parts import Parts, RecordOfUse
from clients.desk.people.accounts import add_person
from clients.desk.people.mandates import Mandate
from clients.desk.people.person import Person, Role
from clients.desk.place import Place, parse_place
from ledger.labels import Compartment, Level, Purpose
from tests.support.loopback import WEAK, Walk

URL = "http://localhost:8480"
EVERYTHING = Mandate(
    roles=frozenset(Role), clearance=max(Level), compartments=frozenset(Compartment), purposes=frozenset(Purpose)
)

_TOKEN = re.compile(r'name="token" value="([^"]*)"')
_MADE_BY_US = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def mandate(*roles: Role, clearance: Level | None = Level.RESTRICTED) -> Mandate:
    """Return what somebody with these roles is usually trusted with."""
    return Mandate(roles=frozenset(roles), clearance=clearance, purposes=frozenset({Purpose.TRACE, Purpose.CRIM}))


@dataclass
class Desk:
    """The desk of an agency of a walk; nobody works there before somebody is added. Its worker does not run."""

    walk: Walk
    agency: str
    url: str = URL
    use: RecordOfUse | None = None
    place: Place = field(init=False)
    office: Office = field(init=False)
    parts: Parts = field(init=False)
    app: Flask = field(init=False)

    def __post_init__(self) -> None:
        """Open it."""
        self.place = parse_place(self.url)
        self.office = Office(
            self.walk.homes[self.agency],
            self.walk.keyring(self.agency),
            connect=lambda _url: self.walk.transport,
            world=self.walk.world(),
            tell=lambda _what: None,
        )
        made = open_parts(self.office, self.place, cost=WEAK)
        # What a test writes need not survive a power cut, and waiting for the disk is most of its time.
        event.listen(made.engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=OFF"))
        made.engine.dispose()
        self.parts = made if self.use is None else replace(made, use=self.use)
        self.app = create_desk(self.parts)

    def add(self, name: str, trusted: Mandate = EVERYTHING) -> Person:
        """Add a person without a way in; `browser` signs them in."""
        with self.parts.engine.begin() as connection:
            return add_person(connection, name=name, handle=token_bytes(32), mandate=trusted, now=self.walk.clock())

    def browser(self, person: Person | str | None = None) -> "Browser":
        """Return a browser, signed in if a person is given or named."""
        made = Browser(self)
        found = self.parts.people.accounts.named(person) if isinstance(person, str) else person
        if found is not None:
            made.put_cookie(self.parts.sessions.begin(found))
        return made

    def close(self) -> None:
        """Close it; another may be opened on the same home."""
        self.parts.close()


class Browser:
    """Sends what a browser sends: its cookies, where a request comes from, the Origin and hidden token of every form."""

    def __init__(self, desk: Desk) -> None:
        """Begin without cookies."""
        self.desk = desk
        self.client = Client(desk.app)

    def get(self, path: str, **headers: str | None) -> TestResponse:
        """Open a page; headers are named with _ for -, and None leaves one out."""
        return self.client.get(path, base_url=self.desk.place.origin, headers=_headers(headers), buffered=True)

    def text(self, path: str) -> str:
        """Return the source of a page that must be shown."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.get_data(as_text=True)

    def send(self, path: str, data: Mapping[str, object], **headers: str | None) -> TestResponse:
        """Send a form as it is given."""
        sent = _headers({"Origin": self.desk.place.origin, **headers})
        return self.client.post(path, base_url=self.desk.place.origin, headers=sent, data=dict(data))

    def token(self, page: str) -> str:
        """Return the hidden token of the forms on a page."""
        found = _TOKEN.search(self.get(page).get_data(as_text=True))
        return unescape(found[1]) if found else ""

    def submit(self, path: str, *, page: str = "/", **fields: object) -> TestResponse:
        """Open a page and send a form of it."""
        return self.send(path, {"token": self.token(page), **fields})

    def put_cookie(self, value: str) -> None:
        """Put a session cookie in place, as somebody who saved or invented one."""
        place = self.desk.place
        self.client.set_cookie(place.session_cookie, value, domain=place.rp_id, secure=place.is_secure)


def _headers(given: Mapping[str, str | None]) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in given.items()}
    return {name: value for name, value in {**_MADE_BY_US, **named}.items() if value is not None}
