"""Somebody at a browser with a security key or an app for codes, who fills in what the desk's pages ask."""

import base64
import re
from dataclasses import dataclass, field
from html import unescape

from werkzeug.test import TestResponse

from clients.desk.people.passwords import NewPassword, keep_password
from clients.desk.people.person import Person
from crypto.passwords import hash_password
from tests.support.deskpeople import PASSWORD, code_of
from tests.support.desks import Browser, Desk
from tests.support.loopback import WEAK
from tests.support.passkeys import Authenticator

_TOKEN = re.compile(r'name="token" value="([^"]+)"')
_OPTIONS = re.compile(r'data-options="([^"]*)"')
_LETTERS = re.compile(r"<code>((?:[A-Z2-7]{4} ?){8})</code>")
_LINK = re.compile(r"<code>(http[^<]*)</code>")


def options_of(page: str) -> str:
    """Return what a page asks an authenticator."""
    return unescape(_one(_OPTIONS, page))


def secret_of(page: str) -> bytes:
    """Return the secret that a page shows for an app."""
    return base64.b32decode(_one(_LETTERS, page).replace(" ", ""))


def value_of(page: str, name: str) -> str:
    """Return the value of a hidden field of a page."""
    return unescape(_one(re.compile(f'name="{name}" value="([^"]*)"'), page))


def link_of(page: str) -> str:
    """Return the path of the link that a page shows."""
    return _one(_LINK, page).partition("/welcome/")[2]


def _one(pattern: re.Pattern[str], page: str) -> str:
    found = pattern.search(page)
    assert found is not None, pattern.pattern
    return found[1]


@dataclass
class Visitor:
    """A person at a browser of their own."""

    desk: Desk
    key: Authenticator = field(init=False)
    browser: Browser = field(init=False)
    secret: bytes = b""

    def __post_init__(self) -> None:
        """Open the browser; nobody is signed in."""
        self.key = Authenticator(self.desk.place.origin)
        self.browser = Browser(self.desk)

    def answer(self, page: str, path: str, **fields: object) -> TestResponse:
        """Open a page, let the key answer it, and send the form; `page` with /welcome/ or /me/ways makes a passkey."""
        source = self.browser.text(page)
        makes = page.startswith(("/welcome/", "/me/ways"))
        asked = options_of(source)
        return self.send_from(source, path, answer=self.key.create(asked) if makes else self.key.get(asked), **fields)

    def send_from(self, source: str, path: str, **fields: object) -> TestResponse:
        """Send a form of a page that is open."""
        return self.browser.send(path, {"token": unescape(_one(_TOKEN, source)), **fields})

    def come_by_passkey(self, token: str, *, name: str = "") -> TestResponse:
        """Use a link up with a new passkey."""
        page = f"/welcome/{token}" + (f"?name={name}" if name else "")
        return self.answer(page, f"/welcome/{token}/passkey", name=name)

    def come_by_password(self, token: str, *, name: str = "") -> TestResponse:
        """Use a link up with a password and an app."""
        source = self.browser.text(f"/welcome/{token}" + (f"?name={name}" if name else ""))
        self.secret = secret_of(source)
        code = code_of(self.secret, self.desk.walk.clock())
        fields = {"name": name, "password": PASSWORD, "again": PASSWORD, "code": code}
        return self.send_from(source, f"/welcome/{token}/password", **fields)

    def sign_in(self) -> TestResponse:
        """Sign in with the passkey."""
        return self.answer("/signin", "/signin/passkey")

    def sign_in_by_password(self, name: str, *, password: str = PASSWORD, code: str = "") -> TestResponse:
        """Sign in with a password and a code."""
        typed = code or code_of(self.secret, self.desk.walk.clock())
        return self.browser.submit("/signin", page="/signin", name=name, password=password, code=typed)

    @property
    def is_inside(self) -> bool:
        """Say whether the first page is shown."""
        return self.browser.get("/").status_code == 200


def with_password(desk: Desk, person: Person) -> Visitor:
    """Return a visitor who knows a password of a person and holds its app."""
    made = Visitor(desk, secret=bytes(20))
    kept = NewPassword(hash=hash_password(PASSWORD.encode(), cost=WEAK), secret=made.secret, counter=0)
    with desk.parts.engine.begin() as connection:
        keep_password(connection, person.id, kept)
    return made
