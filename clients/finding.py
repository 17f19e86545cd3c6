"""Find records in the replica by words and facets: what may be shown, and nothing else, is looked at.

The decision is asked once for every class of portions there is; the search then reads the units of permitted classes
alone (docs/adr/0068). So what one may not read is in no result, count, facet or order. Every record on a page is then
decided again, by the function that shows it.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import reduce
from itertools import chain
from operator import and_, or_
from typing import Any

from sqlalchemy import Connection, select, text

from clients.findindex import CLASS, STORED, folded
from clients.findsets import Order
from clients.replica import Replica
from clients.superseding import CORRECTED
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
    ordered = seen.order.positions(matched)
    if search.newest_first:
        ordered = ordered[::-1]
    if after is not None:
        ordered = [at for at in ordered if (at < after if search.newest_first else at > after)]
    page = ordered[:limit]
    return Page(
        views=tuple(view_record(record, viewer) for record in replica.at(page)),
        total=matched.bit_count(),
        after=page[-1] if len(ordered) > limit else None,
        facets={facet: seen.counts(facet, matched) for facet in Facet},
        marking=seen.marking(matched),
    )


class _Seen:
    """The units that a viewer may see and no others, as sets of records: by kind, by class, by the values of facets."""

    def __init__(self, classes: Mapping[int, "_Class"], kinds: Sequence["_Kind"]) -> None:
        self.order = Order(chain.from_iterable(kind.positions for kind in kinds))
        self.records = 0
        self._classes = classes
        self._by_kind: dict[int, int] = {}
        self._by_class: dict[int, int] = defaultdict(int)
        self._by_facet: dict[Facet, dict[str, int]] = {facet: defaultdict(int) for facet in Facet}
        stored: dict[str, int] = defaultdict(int)
        whole: dict[str, int] = defaultdict(int)
        for kind in sorted(kinds, key=lambda one: not classes[one.of].stored):
            # A release is looked at only where the portion itself is withheld, as it is when a record is shown.
            found = self.order.set_of(kind.positions) & ~stored[kind.portion]
            if classes[kind.of].stored:
                stored[kind.portion] |= found
            if classes[kind.of].whole:
                whole[kind.portion] |= found
            self._add(kind, found)
        shown = reduce(and_, (whole[portion] for portion in PORTIONS))
        self._by_facet[Facet.SHOWN] = {WHOLE: shown, PARTLY: self.records & ~shown}

    def _add(self, kind: "_Kind", found: int) -> None:
        """Count the units of a kind that are seen of the records `found`."""
        of = self._classes[kind.of]
        self.records |= found
        self._by_kind[kind.id] = found
        self._by_class[kind.of] |= found
        self._by_facet[Facet.ORIGINATOR][of.iss] |= found
        self._by_facet[Facet.LEVEL][of.marking.level.value] |= found
        for name, value in kind.facets.items():
            self._by_facet[Facet(name)][value] |= found

    @classmethod
    def by(cls, connection: Connection, viewer: Viewer) -> "_Seen":
        """Return all that a viewer may see."""
        classes = dict(_permitted(connection, viewer))
        rows = connection.execute(text(_KINDS), {"classes": json.dumps([*classes])})
        return cls(classes, [_kind(row) for row in rows])

    def having(self, facet: Facet, value: str) -> int:
        """Return the records that have this value of a facet in something that is seen of them."""
        return self._by_facet[facet].get(value, 0)

    def with_units(self, units: Iterable[tuple[int, Sequence[int]]]) -> int:
        """Return the records of which one of these units is seen, given as positions by kind."""
        return reduce(or_, (self._by_kind.get(kind, 0) & self.order.set_of(at) for kind, at in units), 0)

    def counts(self, facet: Facet, matched: int) -> Mapping[str, int]:
        """Return how many of these records have each value of a facet, the most frequent first."""
        counted = {value: (found & matched).bit_count() for value, found in self._by_facet[facet].items()}
        return {value: number for value, number in sorted(counted.items(), key=lambda one: (-one[1], one[0])) if number}

    def marking(self, matched: int) -> Marking | None:
        """Return the marking of a page that tells of all these records."""
        found = [self._classes[number].marking for number, of in sorted(self._by_class.items()) if of & matched]
        return join(found[0], *found[1:]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Class:
    """A permitted class: whose, under which marking, a portion as stored or a release, whether it shows a whole portion."""

    iss: str
    marking: Marking
    stored: bool
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """Units of one class, portion and value of every facet: in which records there is one."""

    id: int
    of: int
    portion: str
    facets: Mapping[str, str]
    positions: Sequence[int]


_KINDS = """
SELECT k.id, k.class, k.portion, k.facets, json_group_array(u.position) AS positions
FROM find_kind k JOIN find_unit u ON u.kind = k.id
WHERE k.class IN (SELECT value FROM json_each(:classes)) GROUP BY k.id
"""
_UNITS = "SELECT kind, json_group_array(position) AS positions FROM find_unit WHERE id IN ({}) GROUP BY kind"
_WITH_LETTERS = _UNITS.format("SELECT id FROM find_words WHERE instr(words, :word) > 0")
_WITH_WORD = _UNITS.format("SELECT rowid FROM find_index WHERE find_index MATCH :word")


def _kind(row: Any) -> _Kind:
    of, positions = getattr(row, "class"), json.loads(row.positions)
    return _Kind(id=row.id, of=of, portion=row.portion, facets=json.loads(row.facets), positions=positions)


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


def _matched(connection: Connection, search: Search, seen: _Seen, makes: MakeTable) -> int:
    """Return the records that are seen and meet every condition."""
    matched = seen.records
    if not search.with_superseded:
        matched &= ~seen.order.set_of(connection.execute(text(CORRECTED)).scalars())
    for facet, value in search.facets.items():
        matched &= seen.having(facet, value)
    for word in search.words[:MAX_WORDS]:
        plain = folded(word[:MAX_WORD_CHARACTERS])
        codes = [code for code, make in makes.by_code.items() if plain in folded(make.text)]
        named = (seen.having(Facet.MAKE, code) for code in codes)
        matched &= reduce(or_, named, seen.with_units(_units_with(connection, plain)))
    return matched


def _units_with(connection: Connection, word: str) -> Iterator[tuple[int, Sequence[int]]]:
    """Yield the units in which a word stands as it is written or, of a serial, in its canonical form."""
    spellings = {word}
    if has_digit(word) and len(form := folded(canonical(word))) >= _LEAST_CANONICAL:
        spellings.add(form)
    for spelling in spellings:
        if len(spelling) < _TRIGRAM:
            question, value = _WITH_LETTERS, spelling
        else:
            # A quoted phrase of trigrams: the index finds it wherever it stands, and no character in it is a command.
            quoted = spelling.replace('"', '""')
            question, value = _WITH_WORD, f'"{quoted}"'
        for row in connection.execute(text(question), {"word": value}):
            yield row.kind, json.loads(row.positions)
