"""A console over a running service, and a browser that keeps cookies and sends forms as real ones do."""

import re
from dataclasses import dataclass, field
from html import unescape

from flask import Flask
from werkzeug.test import Client, TestResponse

from crypto.encoding import b64u
from crypto.keystore import Cost
from crypto.passwords import hash_password
from server.accounts import Accounts, Role
from server.console.app import create_console
from server.console.facts import Facts
from server.console.parts import Parts
from server.console.place import Place, parse_place
from server.console.signingin import SigningIn
from tests.support.services import World

WEAK = Cost(memory_kib=8, passes=1, lanes=1)
URL = "https://console.test"
PASSWORD = "correct horse battery staple"

_TOKEN = re.compile(r'name="token" value="([^"]*)"')


@dataclass
class Console:
    """The console of a world, with an operator `ana` and an auditor `oto`."""

    world: World
    url: str = URL
    place: Place = field(init=False)
    accounts: Accounts = field(init=False)
    app: Flask = field(init=False)

    def __post_init__(self) -> None:
        """Open it."""
        self.place = parse_place(self.url)
        self.accounts = Accounts(self.world.config.database)
        self.facts = Facts(self.world.service, self.world.config)
        signing_in = SigningIn(self.accounts, clock=self.world.clock, cost=WEAK)
        self.parts = Parts(
            place=self.place,
            facts=self.facts,
            accounts=self.accounts,
            signing_in=signing_in,
            clock=self.world.clock,
        )
        self.app = create_console(self.parts)
        for name, role in (("ana", Role.OPERATOR), ("oto", Role.AUDITOR)):
            self.add(name, role)

    def add(self, name: str, role: Role, *, must_change: bool = False) -> None:
        """Add an account."""
        kept = hash_password(PASSWORD.encode(), cost=WEAK)
        self.accounts.create(name=name, role=role, password=kept, must_change=must_change, now=self.world.clock())

    def browser(self, name: str | None = None) -> "Browser":
        """Return a browser, with a session of its own if a name is given; `sign_in` is the way through the form."""
        browser = Browser(self)
        if name is not None:
            browser.put_cookie(b64u(self.accounts.sign_in(name, now=self.world.clock())))
        return browser

    def close(self) -> None:
        """Remove the accounts and close it; another console may be opened on the same service."""
        for account in self.accounts.all():
            self.accounts.remove(account.name)
        self.parts.close()


class Browser:
    """Sends what a browser sends: the cookies it was given, the Origin of every POST, the form's hidden token."""

    def __init__(self, console: Console) -> None:
        """Begin without cookies."""
        self.console = console
        self.client = Client(console.app)

    def get(self, path: str, **headers: str) -> TestResponse:
        """Open a page."""
        return self.client.get(path, base_url=self.console.place.origin, headers=headers)

    def send(self, path: str, *, origin: str | None = "", **fields: str) -> TestResponse:
        """Send a form as it is given; its Origin is the console's unless told otherwise, None for none."""
        sent = {"Origin": origin or self.console.place.origin} if origin is not None else {}
        return self.client.post(path, base_url=self.console.place.origin, headers=sent, data=fields)

    def token(self, path: str) -> str:
        """Return the hidden token of the form on a page."""
        found = _TOKEN.search(self.get(path).get_data(as_text=True))
        return unescape(found[1]) if found else ""

    def submit(self, path: str, *, page: str | None = None, **fields: str) -> TestResponse:
        """Open a page and send its form."""
        return self.send(path, token=self.token(page or path), **fields)

    def sign_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        """Sign in."""
        return self.submit("/login", name=name, password=password)

    def cookie(self, *, of_form: bool = False) -> str | None:
        """Return the value of the session's cookie, or of the form's."""
        place = self.console.place
        found = self.client.get_cookie(
            place.form_cookie if of_form else place.session_cookie, domain=place.host.partition(":")[0]
        )
        return None if found is None else found.value

    def put_cookie(self, value: str) -> None:
        """Put a session cookie in place, as somebody who saved or invented one."""
        place = self.console.place
        self.client.set_cookie(place.session_cookie, value, domain=place.host.partition(":")[0])

    @property
    def is_inside(self) -> bool:
        """Return whether the first page is shown."""
        return self.get("/").status_code == 200
