"""What a person is trusted with, as one value: given by administrators, never by oneself (docs/adr/0066)."""

import json
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from clients.desk.people.errors import PeopleError
from clients.desk.people.person import Person, Role
from ledger.labels import Compartment, Level, Purpose

_Code = TypeVar("_Code", bound=Enum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """The roles, clearance, compartments and purposes of one person."""

    roles: frozenset[Role]
    clearance: Level | None = None
    compartments: frozenset[Compartment] = frozenset()
    purposes: frozenset[Purpose] = frozenset({Purpose.TRACE})

    def __post_init__(self) -> None:
        """Raise PeopleError for a mandate nobody could work under."""
        if not self.roles:
            raise PeopleError("a person needs at least one role")
        if not self.purposes:
            raise PeopleError("a person needs at least one purpose to work for")

    def adds_to(self, held: "Mandate") -> bool:
        """Say whether this gives anything that `held` does not: only giving needs a second administrator."""
        return not (
            self.roles <= held.roles
            and _rank(self.clearance) <= _rank(held.clearance)
            and self.compartments <= held.compartments
            and self.purposes <= held.purposes
        )

    def in_words(self) -> str:
        """Return what somebody is trusted with, for people to read."""
        cleared = f"cleared up to {self.clearance.value}" if self.clearance else "not cleared"
        parts = [", ".join(_values(self.roles)), cleared, f"for {', '.join(_values(self.purposes))}"]
        if self.compartments:
            parts.insert(2, f"in {', '.join(_values(self.compartments))}")
        return "; ".join(parts)

    def to_text(self) -> str:
        """Return the one spelling that is kept."""
        return json.dumps(
            {
                "roles": _values(self.roles),
                "clearance": self.clearance.value if self.clearance else None,
                "compartments": _values(self.compartments),
                "purposes": _values(self.purposes),
            }
        )


def mandate_from_text(text: str) -> Mandate:
    """Return the mandate that a row holds."""
    kept = json.loads(text)
    return Mandate(
        roles=frozenset(map(Role, kept["roles"])),
        clearance=None if kept["clearance"] is None else Level(kept["clearance"]),
        compartments=frozenset(map(Compartment, kept["compartments"])),
        purposes=frozenset(map(Purpose, kept["purposes"])),
    )


def mandate_from_words(*, roles: list[str], clearance: str, compartments: list[str], purposes: list[str]) -> Mandate:
    """Return the mandate that a form or a command spells; an empty clearance is none. Raise PeopleError."""
    return Mandate(
        roles=_all(Role, roles),
        clearance=_one(Level, clearance) if clearance else None,
        compartments=_all(Compartment, compartments),
        purposes=_all(Purpose, purposes),
    )


def mandate_of(person: Person) -> Mandate:
    """Return what a person holds."""
    return Mandate(
        roles=person.roles,
        clearance=person.clearance,
        compartments=person.compartments,
        purposes=person.purposes,
    )


def _rank(level: Level | None) -> int:
    return -1 if level is None else list(Level).index(level)


def _values(codes: frozenset[_Code]) -> list[str]:
    return sorted(code.value for code in codes)


def _all(kind: type[_Code], words: list[str]) -> frozenset[_Code]:
    return frozenset(_one(kind, word) for word in words)


def _one(kind: type[_Code], word: str) -> _Code:
    try:
        return kind(word)
    except ValueError as error:
        raise PeopleError("a mandate names a role, level, compartment or purpose that there is not") from error
