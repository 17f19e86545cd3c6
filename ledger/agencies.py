"""Agencies and auditors as a charter lists them (docs/protocol.md, 8).

Each is a frozen value with `to_json` and a parser that accepts exactly what `to_json` writes. What needs two charters
to be judged is in `ledger/charter.py`; what needs the log is in `ledger/membership.py`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger import jsontext
from ledger.errors import MalformedError
from ledger.identifiers import agency_id
from ledger.jsontext import JsonValue
from ledger.keys import Key, of_role, parse_keys
from ledger.kinds import Role
from ledger.labels import Level

MAX_AGENCIES = 500
MAX_LINE_BYTES = 200
MAX_LAW_BYTES = 1_024
LAW_CODES = ("COURT", "FOI", "PARLIAMENT", "ONWARD", "NONE-DECLARED")
AGENCY_ROLES = ("submit", "read")

# Only the form: which codes ISO assigns changes with the year, whether a charter is valid must not.
_COUNTRY = re.compile(r"[A-Z]{3}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """The national point of contact."""

    name: str
    hours: str
    languages: tuple[str, ...]

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"name": self.name, "hours": self.hours, "languages": list(self.languages)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """What an agency's law may force it to do with what it is shown; `code` is one of LAW_CODES."""

    code: str
    text: str

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"code": self.code, "text": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """A member: who it is, what it may do, up to which level others may wrap keys to it, and its listed keys."""

    id: str
    name: str
    country: str
    roles: tuple[str, ...]
    ceiling: Level
    contact: Contact
    law: tuple[Law, ...]
    keys: tuple[Key, ...]

    def roots(self) -> tuple[Key, ...]:
        """Return the root pair, Ed25519 first."""
        return of_role(self.keys, Role.ROOT)

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {
            "id": self.id,
            "name": self.name,
            "country": self.country,
            "roles": list(self.roles),
            "ceiling": self.ceiling.name,
            "contact": self.contact.to_json(),
            "law": [item.to_json() for item in self.law],
            "keys": [key.to_json() for key in self.keys],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """A body that may ask for openings; its keys change by charter alone."""

    id: str
    keys: tuple[Key, ...]

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"id": self.id, "keys": [key.to_json() for key in self.keys]}


def parse_agencies(value: JsonValue) -> tuple[Agency, ...]:
    """Return the agencies, in ascending order of their ids."""
    agencies = tuple(_agency(item) for item in jsontext.array(value, low=1, high=MAX_AGENCIES))
    ascending([agency.id for agency in agencies], what="agencies")
    return agencies


def parse_auditors(value: JsonValue) -> tuple[Auditor, ...]:
    """Return the auditors, in ascending order of their ids; their keys are for requests and boxes only."""
    auditors = tuple(_auditor(item) for item in jsontext.array(value, high=MAX_AGENCIES))
    ascending([auditor.id for auditor in auditors], what="auditors")
    return auditors


def ascending(ids: Sequence[str], *, what: str) -> None:
    """Raise MalformedError unless each id stands once and in order."""
    if list(ids) != sorted(set(ids)):
        raise MalformedError(f"the {what} are not in ascending order, or one stands twice")


def _agency(value: JsonValue) -> Agency:
    ident, name, country, roles, ceiling, contact, law, keys = jsontext.members(
        value, "id", "name", "country", "roles", "ceiling", "contact", "law", "keys"
    )
    owner = agency_id(ident)
    return Agency(
        id=owner,
        name=_line(name),
        country=_matching(_COUNTRY, country, what="a country is three capital letters"),
        roles=_roles(roles),
        ceiling=_level(ceiling),
        contact=_contact(contact),
        law=tuple(_law(item) for item in jsontext.array(law, high=16)),
        keys=parse_keys(keys, owner=owner),
    )


def _auditor(value: JsonValue) -> Auditor:
    ident, keys = jsontext.members(value, "id", "keys")
    owner = agency_id(ident)
    parsed = parse_keys(keys, owner=owner)
    if not {key.role for key in parsed} <= {Role.HTTP, Role.HPKE}:
        raise MalformedError(f"{owner}: an auditor has keys for requests and boxes only")
    return Auditor(id=owner, keys=parsed)


def _contact(value: JsonValue) -> Contact:
    name, hours, languages = jsontext.members(value, "name", "hours", "languages")
    codes = tuple(
        _matching(_LANGUAGE, item, what="a language is two or three small letters")
        for item in jsontext.array(languages, high=16)
    )
    return Contact(name=_line(name), hours=_line(hours), languages=codes)


def _law(value: JsonValue) -> Law:
    code, text = jsontext.members(value, "code", "text")
    if code not in LAW_CODES:
        raise MalformedError("a law code that we do not know")
    return Law(code=jsontext.text(code), text=jsontext.text(text, limit=MAX_LAW_BYTES))


def _roles(value: JsonValue) -> tuple[str, ...]:
    roles = tuple(jsontext.text(item) for item in jsontext.array(value, low=1, high=len(AGENCY_ROLES)))
    if roles != tuple(role for role in AGENCY_ROLES if role in roles):
        raise MalformedError("the roles of an agency are submit and read, in that order")
    return roles


def _level(value: JsonValue) -> Level:
    try:
        return Level[jsontext.text(value)]
    except KeyError as error:
        raise MalformedError("a level that we do not know") from error


def _matching(pattern: re.Pattern[str], value: JsonValue, *, what: str) -> str:
    text = jsontext.text(value)
    if not pattern.fullmatch(text):
        raise MalformedError(what)
    return text


def _line(value: JsonValue) -> str:
    found = jsontext.text(value, limit=MAX_LINE_BYTES)
    if not found or "\n" in found or "\t" in found:
        raise MalformedError("expected one line of text")
    return found
