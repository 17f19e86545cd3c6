"""The desk's pages by their names: those of the menu, what other pages lead to, and which of them somebody may open."""

from collections.abc import Mapping
from types import MappingProxyType

from flask import current_app
from flask_babel import lazy_gettext as _l  # type: ignore[import-untyped]  # it has no types

from clients.desk.people.current import somebody
from clients.desk.rules import RULES

# In their order; one that is not there or not for whoever asks is left out.
MENU = (
    ("home.home", _l("Today")),
    ("find.find", _l("Find")),
    ("ask.ask", _l("Ask")),
    ("hits.hits", _l("Hits")),
    ("submit.submit", _l("Submit")),
    ("imports.imports", _l("Imports")),
    ("traces.traces", _l("Traces")),
    ("inbox.inbox", _l("Inbox")),
    ("log.log", _l("Log")),
    ("members.members", _l("Members")),
    ("people.people", _l("People")),
    ("profile.profile", _l("Profile")),
    ("use.use", _l("Record of use")),
)
TITLES: Mapping[str, str] = MappingProxyType({**dict(MENU), "officers.officer": _l("Your own officer's key")})


def may(endpoint: str) -> bool:
    """Say whether whoever asks may open a page that there is: what they may not do is not offered."""
    rule, signed_in = RULES.get(endpoint), somebody()
    if rule is None or not exists(endpoint):
        return False
    return rule.public or (signed_in is not None and bool(rule.roles & signed_in.person.roles))


def exists(endpoint: str) -> bool:
    """Say whether there is such a page."""
    return endpoint in current_app.view_functions
