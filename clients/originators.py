"""Whom an id names: an agency of any charter of the log. Nothing is found in silence for one that there never was."""

from difflib import SequenceMatcher

from clients.plaintext import visible
from ledger.errors import MalformedError
from ledger.labels import Members

NEAREST = 3
_MAX_SHOWN = 40


def originator(text: str, members: Members) -> str:
    """Return the id of an agency that was ever a member; raise MalformedError with those most like it for any other."""
    known = frozenset[str]().union(*members.versions.values())
    if text not in known:
        shown = visible(text)[:_MAX_SHOWN]
        near = sorted(sorted(known), key=lambda one: -_likeness(one, shown))[:NEAREST]
        raise MalformedError(f"no agency of the charter is called {shown}: the most like it are {', '.join(near)}")
    return text


def _likeness(agency: str, text: str) -> float:
    return SequenceMatcher(None, agency, text.casefold()).ratio()
