"""Which records tell of one weapon: the readable records of one's replica gathered by what is marked on it.

Two records are of the same weapon where they share a T0 form (make group and canonical number), or where the caller
knows it from elsewhere: a hit names a record whose item is withheld. What shares a weaker form alone is possible, and
stays apart until a frame was looked at; what shares the number under another make is a contradiction, kept apart and
shown (docs/vocabulary.md, 7: one serial alone was wrong in nearly nine of ten cases).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ledger.forms import Form, TokenClass
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue

Fields: TypeAlias = Mapping[str, JsonValue]
FormsOf: TypeAlias = Callable[[Fields], frozenset[Form]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One record as this reader may see it: its name, its place in the log, the fields shown, the portions withheld."""

    name: StatementName
    index: int
    fields: Fields = field(repr=False)
    withheld: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weapon:
    """The records of one weapon, those that may be of it, and those that bear its number under another make."""

    same: tuple[Sighting, ...]
    possible: tuple[Sighting, ...] = ()
    contradicting: tuple[Sighting, ...] = ()


def gather(
    sightings: Iterable[Sighting],
    *,
    wanted: frozenset[Form],
    forms_of: FormsOf,
    linked: frozenset[StatementName] = frozenset(),
) -> Weapon:
    """Return what is known of the weapon that bears one of the `wanted` forms, or is named in `linked`.

    A weapon with two numbers joins the records of both: what shares a T0 form with a record found is found too.
    """
    read = [(one, forms_of(one.fields)) for one in sightings]
    forms = set(wanted).union(*(found for one, found in read if one.name in linked))
    same = _closure(read, forms, linked)
    names = {one.name for one in same}
    others = [(one, found) for one, found in read if one.name not in names]
    possible = [one for one, found in others if _possible(found, forms)]
    apart = {one.name for one in possible}
    return Weapon(
        same=tuple(sorted(same, key=lambda one: one.index)),
        possible=tuple(possible),
        contradicting=tuple(one for one, found in others if one.name not in apart and _contradicts(found, forms)),
    )


def weapons(sightings: Iterable[Sighting], *, forms_of: FormsOf) -> tuple[tuple[Sighting, ...], ...]:
    """Return all sightings, parted into weapons; one without a number that tells is a weapon of its own."""
    groups = _Groups()
    listed = list(sightings)
    for number, one in enumerate(listed):
        groups.add(number, _certain(forms_of(one.fields)))
    return tuple(tuple(listed[number] for number in group) for group in groups.all())


def _closure(
    read: Sequence[tuple[Sighting, frozenset[Form]]], forms: set[Form], linked: frozenset[StatementName]
) -> list[Sighting]:
    """Return the records that share a certain form with the wanted ones, and let their forms count in turn."""
    same: dict[StatementName, Sighting] = {}
    grew = True
    while grew:
        grew = False
        for one, found in read:
            if one.name not in same and (one.name in linked or _certain(found) & forms):
                same[one.name] = one
                forms |= found
                grew = True
    return list(same.values())


def _certain(forms: Iterable[Form]) -> frozenset[Form]:
    return frozenset(form for form in forms if form.token_class is TokenClass.T0)


def _possible(found: frozenset[Form], wanted: set[Form]) -> bool:
    return not found.isdisjoint(wanted)


def _contradicts(found: frozenset[Form], wanted: set[Form]) -> bool:
    """Return whether a record bears the same number under another make: the form is equal, its group is not."""
    numbers = {form.form for form in _certain(wanted)}
    return any(form.form in numbers for form in _certain(found))


class _Groups:
    """Numbers joined by the forms they share (disjoint sets)."""

    def __init__(self) -> None:
        self._parent: list[int] = []
        self._first: dict[Form, int] = {}

    def add(self, number: int, forms: frozenset[Form]) -> None:
        self._parent.append(number)
        for form in forms:
            root = self._root(self._first.setdefault(form, number))
            self._parent[self._root(number)] = root

    def all(self) -> list[list[int]]:
        found: dict[int, list[int]] = {}
        for number in range(len(self._parent)):
            found.setdefault(self._root(number), []).append(number)
        return list(found.values())

    def _root(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number
