"""People through the desk's pages: coming in, going out, and who may change what."""

import base64
import re
from html import unescape

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
    found = _LETTERS.search(page)
    assert found is not None
    return base64.b32decode(found[1].replace(" ", ""))
