"""People through the desk's pages: coming in, going out, and who may change what."""

import re
from html import unescape

import pytest
from werkzeug.test import TestResponse

from clients.desk.people.invitations import FIRST_SECONDS
from clients.desk.people.person import Person, Role
from clients.desk.people.sessions import FRESH_SECONDS, IDLE_SECONDS
from tests.support.deskpeople import PASSWORD, code_of
from tests.support.desks import Browser, Desk, mandate
from tests.support.passkeys import PRESENT, Authenticator

_OPTIONS = re.compile(r'data-options="([^"]*)"')
_LETTERS = re.compile(r"<code>((?:[A-Z2-7]{4} ?){8})</code>")
_LINK = re.compile(r"<code>(http[^<]*)</code>")


def options(page: str) -> str:
    """Return what a page asks an authenticator."""
    found = _OPTIONS.search(page)
    assert found is not None
    return unescape(found[1])


def secret(page: str) -> bytes:
    """Return the secret that a page shows for an app."""
    import base64

    found = _LETTERS.search(page)
    assert found is not None
    return base64.b32decode(found[1].replace(" ", ""))
