"""What one agency asks of another: to trace a weapon, or to be shown what was withheld (docs/protocol.md, 6.14)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from ledger import jsontext
from ledger.errors import LabelError, MalformedError
from ledger.jsontext import JsonValue
from ledger.labels import Purpose
from ledger.talk import reading
from ledger.talk.reading import code, optional, present
from ledger.vocabulary import check_field

# What a trace cannot start without (docs/vocabulary.md, 1): of each group one field.
_NEEDED = (
    ("item.make", "item.make_text"),
    ("item.type", "item.type_text"),
    ("item.country_of_manufacture",),
    ("item.calibre",),
    ("item.serials", "item.condition"),
)


class Priority(Enum):
    """How soon an answer is needed."""

    NORMAL = "normal"
    URGENT = "urgent"


class Onward(Enum):
    """What else the asker may have to do with an answer."""

    COURT = "COURT"
    MEMBERS = "MEMBERS"
    NATIONAL = "NATIONAL"
    PUBLIC = "PUBLIC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What an asker says about its own need: it is shown before anybody decides."""

    purpose: Purpose
    use: str
    priority: Priority = Priority.NORMAL
    reply_by: date | None = None
    onward: tuple[Onward, ...] = ()
    reference: str | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the members that both requests end with."""
        return present(
            {
                "purpose": self.purpose.value,
                "use": self.use,
                "priority": self.priority.value,
                "reply_by": self.reply_by.isoformat() if self.reply_by else None,
                "onward": [one.value for one in self.onward],
                "reference": self.reference,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRequest:
    """Where does this weapon come from, and where was it last lawful?"""

    weapon: Mapping[str, JsonValue] = field(repr=False)
    found: Mapping[str, JsonValue] | None = field(default=None, repr=False)
    circumstances: str | None = field(default=None, repr=False)
    declared: Declared

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        said: dict[str, JsonValue] = {
            "weapon": _sorted(self.weapon),
            "found": None if self.found is None else _sorted(self.found),
            "circumstances": self.circumstances,
        }
        return {**present(said), **self.declared.to_json()}


@dataclass(frozen=True, slots=True, kw_only=True)
class What:
    """What of a record is asked for, or granted: whole portions, single fields; or else every closed epoch."""

    portions: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    history: bool = False

    def __post_init__(self) -> None:
        """Raise MalformedError for nothing at all, or for everything and something."""
        if self.history == bool(self.portions or self.fields):
            raise MalformedError("name portions or fields, or else all closed epochs")

    def to_json(self) -> dict[str, JsonValue]:
        """Return the three members."""
        return {"portions": [*self.portions], "fields": [*self.fields], "history": self.history}


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureRequest:
    """Please show us this of your record."""

    what: What
    declared: Declared

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {**self.what.to_json(), **self.declared.to_json()}


def parse_trace_request(value: JsonValue) -> TraceRequest:
    """Return the request that a body spells; raise MalformedError."""
    weapon, found, circumstances, *declared = jsontext.members(value, "weapon", "found?", "circumstances?", *_DECLARED)
    request = TraceRequest(
        weapon=reading.fields("item")(weapon),
        found=optional(reading.fields("event"), found),
        circumstances=optional(reading.words, circumstances),
        declared=_declared(declared),
    )
    _check_identified(request.weapon)
    return request


def parse_disclosure_request(value: JsonValue) -> DisclosureRequest:
    """Return the request that a body spells; raise MalformedError."""
    portions, names, history, *declared = jsontext.members(value, "portions", "fields", "history", *_DECLARED)
    return DisclosureRequest(what=parse_what(portions, names, history), declared=_declared(declared))


def parse_what(portions: JsonValue, names: JsonValue, history: JsonValue) -> What:
    """Return what is asked for or granted."""
    return What(portions=reading.portions(portions), fields=reading.field_names(names), history=reading.flag(history))


def check_weapon(weapon: Mapping[str, JsonValue]) -> None:
    """Raise LabelError, naming the field, unless a request may describe a weapon so: for whoever writes one."""
    for name, value in weapon.items():
        check_field(name, value)
    missing = [" or ".join(group) for group in _NEEDED if not any(name in weapon for name in group)]
    if missing:
        raise LabelError(f"{missing[0]}: a trace request needs it")


def _check_identified(weapon: Mapping[str, JsonValue]) -> None:
    if not all(any(name in weapon for name in group) for group in _NEEDED):
        raise MalformedError("a trace request without make, type, country, calibre or serial number")


_DECLARED = ("purpose", "use", "priority", "reply_by?", "onward", "reference?")


def _declared(members: list[JsonValue]) -> Declared:
    purpose, use, priority, reply_by, onward, reference = members
    found = reading.listed(onward, lambda one: code(Onward, one), high=len(Onward))
    reading.ascending(found, key=lambda one: one.value)
    return Declared(
        purpose=code(Purpose, purpose),
        use=reading.words(use),
        priority=code(Priority, priority),
        reply_by=optional(reading.day, reply_by),
        onward=found,
        reference=optional(reading.line, reference),
    )


def _sorted(fields: Mapping[str, JsonValue]) -> JsonValue:
    return {name: fields[name] for name in sorted(fields)}
