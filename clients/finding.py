"""Find records in the replica by words and facets: what may be shown, and nothing else, is looked at.

The decision is asked once for every class of portions there is; the search then reads the units of permitted classes
alone (docs/adr/0068). So what one may not read is in no result, count, facet or order. Every record on a page is then
decided again, by the function that shows it.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, select, text

from clients.findindex import CLASS, FACET_FIELDS, STORED, folded
from clients.replica import Replica
from clients.talk.tables import read_releases
from clients.views import RecordView, Viewer, permitted_label, release_marking, shows_released, view_record
from ledger.canonical import canonical, has_digit
from ledger.errors import LedgerError
from ledger.jsontext import JsonValue
from ledger.labels import Level
from ledger.makes import MakeTable
from ledger.markings import Marking, join, marking
from ledger.recordform import PORTIONS

MAX_WORDS = 16
MAX_WORD_CHARACTERS = 200
_TRIGRAM = 3
_LEAST_CANONICAL = 4


class Facet(Enum):
    """By what a search may be narrowed; the value is its name everywhere."""

    EVENT = "event"
    ITEM = "item"
    MAKE = "make"
    CALIBRE = "calibre"
    COUNTRY = "country"
    YEAR = "year"
    ORIGINATOR = "iss"
    LEVEL = "level"
    SHOWN = "shown"


WHOLE = "whole"
PARTLY = "withheld in part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for; all of it must hold. A word is found anywhere in a value, whatever its case or accents."""

    words: tuple[str, ...] = field(default=(), repr=False)
    facets: Mapping[Facet, str] = field(default_factory=dict)
    with_superseded: bool = False
    newest_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of what was found: `total` in all, `after` continues behind the last of these, None where nothing is left.

    `marking` is the join over all that was found, not of these alone: the facets tell something of every one of them.
    """

    views: tuple[RecordView, ...]
    total: int
    after: int | None
    facets: Mapping[Facet, Mapping[str, int]]
    marking: Marking | None


def find(  # noqa: PLR0913 - where, what, for whom, and which part of it
    replica: Replica,
    search: Search,
    viewer: Viewer,
    makes: MakeTable,
    *,
    limit: int,
    after: int | None = None,
) -> Page:
    """Return a page of the records that `viewer` may see something of and that match, in log order."""
    with replica.reading() as connection:
        seen = _Seen.by(connection, viewer)
        matched = _matched(connection, search, seen, makes)
    found = seen.within(matched)
    ordered = sorted(matched, reverse=search.newest_first)
    if after is not None:
        ordered = [at for at in ordered if (at < after if search.newest_first else at > after)]
    page = ordered[:limit]
    return Page(
        views=tuple(view_record(record, viewer) for record in replica.at(page)),
        total=len(matched),
        after=page[-1] if len(ordered) > limit else None,
        facets={facet: found.counts(facet) for facet in Facet},
        marking=found.marking(),
    )


class _Seen:
    """The units that a viewer may see, and no others."""

    def __init__(self, classes: Mapping[int, "_Class"], units: Sequence[Any]) -> None:
        self._classes = classes
        self.units = units
        self._positions = frozenset(map(_position_of, units))

    @classmethod
    def by(cls, connection: Connection, viewer: Viewer) -> "_Seen":
        """Return all that a viewer may see."""
        classes = dict(_permitted(connection, viewer))
        # As the driver gives them: wrapping tens of thousands of rows takes longer than finding them.
        rows = list(connection.execute(text(_UNITS), {"classes": json.dumps([*classes])}).cursor.fetchall())
        # A release is looked at only where the portion itself is withheld, as it is when a record is shown.
        stored = {number for number, one in classes.items() if one.stored}
        released = [row for row in rows if row[_CLASS] not in stored]
        own = {_place_of(row) for row in rows if row[_CLASS] in stored} if released else set()
        hidden = {row[_ID] for row in released if _place_of(row) in own}
        return cls(classes, [row for row in rows if row[_ID] not in hidden] if hidden else rows)

    def within(self, matched: AbstractSet[int]) -> "_Seen":
        """Return what is seen of these records."""
        if len(matched) == len(self._positions):
            return self
        return _Seen(self._classes, [row for row in self.units if row[_POSITION] in matched])

    def positions(self) -> AbstractSet[int]:
        """Return the records of which something is seen."""
        return self._positions

    def having(self, facet: Facet, value: str) -> set[int]:
        """Return the records that have this value of a facet in something that is seen of them."""
        return {position for position, found in self._values(facet) if found == value}

    def with_words(self, units: AbstractSet[int], makes: AbstractSet[str]) -> set[int]:
        """Return the records of which one of these units is seen, or one of these makes."""
        make = _COLUMNS.index("make")
        return {row[_POSITION] for row in self.units if row[_ID] in units or row[make] in makes}

    def counts(self, facet: Facet) -> Mapping[str, int]:
        """Return how many records have each value of a facet, the most frequent first."""
        counted = Counter(map(_value_of, self._values(facet)))
        return dict(sorted(counted.items(), key=lambda one: (-one[1], one[0])))

    def marking(self) -> Marking | None:
        """Return the marking of a page that tells of all these records."""
        found = [self._classes[number].marking for number in sorted(set(map(_class_of, self.units)))]
        return join(found[0], *found[1:]) if found else None

    def _values(self, facet: Facet) -> set[tuple[int, str]]:
        match facet:
            case Facet.ORIGINATOR:
                return {(at, self._classes[number].iss) for at, number in set(map(_seen_as, self.units))}
            case Facet.LEVEL:
                return {
                    (at, self._classes[number].marking.level.value) for at, number in set(map(_seen_as, self.units))
                }
            case Facet.SHOWN:
                return self._shown()
            case _:
                at = _COLUMNS.index(facet.value)
                return {(row[_POSITION], row[at]) for row in self.units if row[at] is not None}

    def _shown(self) -> set[tuple[int, str]]:
        """Return which records are shown whole: all three portions, each as stored or released as a whole."""
        parts = {number for number, one in self._classes.items() if not one.whole}
        units = [row for row in self.units if row[_CLASS] not in parts] if parts else self.units
        portions = Counter(map(_at_of, set(map(_place_of, units))))
        return {(at, WHOLE if portions[at] == len(PORTIONS) else PARTLY) for at in self.positions()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Class:
    """A permitted class: whose, under which marking, a portion as stored or a release, whether it shows a whole portion."""

    iss: str
    marking: Marking
    stored: bool
    whole: bool


_COLUMNS = ("id", "class", "position", "portion", *FACET_FIELDS, "year")
_ID, _CLASS, _POSITION = range(3)
# Taken out of tens of thousands of rows for every page: these cost a third of what a comprehension does.
_class_of, _position_of = itemgetter(_CLASS), itemgetter(_POSITION)
_place_of = itemgetter(_POSITION, _POSITION + 1)  # position and portion
_seen_as = itemgetter(_POSITION, _CLASS)
_at_of, _value_of = itemgetter(0), itemgetter(1)
_UNITS = f"SELECT {', '.join(_COLUMNS)} FROM find_unit WHERE class IN (SELECT value FROM json_each(:classes))"  # noqa: S608 - our own words
_CORRECTED = "SELECT position FROM record WHERE superseded_by IS NOT NULL"


def _permitted(connection: Connection, viewer: Viewer) -> Iterator[tuple[int, _Class]]:
    held = read_releases(connection)
    for row in connection.execute(select(CLASS)):
        label = json.loads(row.label) if row.label else None
        if row.release == STORED:
            if (found := _stored_marking(row, label, viewer)) is not None:
                yield row.id, _Class(iss=row.iss, marking=found, stored=True, whole=True)
        elif row.release in held and shows_released(row.iss, held[row.release], label=label, viewer=viewer):
            found = release_marking(row.iss, held[row.release], viewer)
            yield row.id, _Class(iss=row.iss, marking=found, stored=False, whole=label is not None)


def _stored_marking(row: Any, label: JsonValue, viewer: Viewer) -> Marking | None:
    try:
        found = permitted_label(row.iss, label, bound=Level(row.level), viewer=viewer)
    except LedgerError:
        return None
    return marking(found, originator=row.iss, members=viewer.members)


def _matched(connection: Connection, search: Search, seen: _Seen, makes: MakeTable) -> set[int]:
    """Return the records that are seen and meet every condition."""
    matched = set(seen.positions())
    if not search.with_superseded:
        matched -= set(connection.execute(text(_CORRECTED)).scalars())
    for facet, value in search.facets.items():
        matched &= seen.having(facet, value)
    for word in search.words[:MAX_WORDS]:
        plain = folded(word[:MAX_WORD_CHARACTERS])
        units = _units_with(connection, plain)
        codes = {code for code, make in makes.by_code.items() if plain in folded(make.text)}
        matched &= seen.with_words(units, codes)
    return matched


def _units_with(connection: Connection, word: str) -> set[int]:
    """Return the units in which a word stands as it is written or, of a serial, in its canonical form."""
    spellings = {word}
    if has_digit(word) and len(form := folded(canonical(word))) >= _LEAST_CANONICAL:
        spellings.add(form)
    found: set[int] = set()
    for spelling in spellings:
        if len(spelling) < _TRIGRAM:
            question, value = "SELECT id FROM find_words WHERE instr(words, :word) > 0", spelling
        else:
            # A quoted phrase of trigrams: the index finds it wherever it stands, and no character in it is a command.
            quoted = spelling.replace('"', '""')
            question, value = "SELECT rowid FROM find_index WHERE find_index MATCH :word", f'"{quoted}"'
        found |= set(connection.execute(text(question), {"word": value}).scalars())
    return found
