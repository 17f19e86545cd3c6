"""What may be looked for in the replica: the words and facets of each portion, beside the class that decides on it.

A unit is one portion as stored, or what one release shows of one. Its class is all that the decision looks at besides the
reader: originator, label, the level it came at, or the release. Its kind is its class, its portion and the value of every
facet: thousands of units are of a few kinds. So a search asks the decision once for each class, reads kinds of permitted
classes alone, and counts kinds (docs/adr/0068, 0075). The index is written in the transaction that changes a record.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import (
    DDL,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    event,
    func,
    insert,
    select,
    text,
)

from ledger.canonical import canonical
from ledger.countries import country_name
from ledger.itemfields import type_name
from ledger.jsontext import JsonValue
from ledger.tokens import likenesses

TABLES = MetaData()
CLASS = Table(
    "find_class",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("iss", String, nullable=False),
    Column("level", String, nullable=False),
    Column("label", String, nullable=False),
    Column("release", Integer, nullable=False),
    UniqueConstraint("iss", "level", "label", "release"),
)
KIND = Table(
    "find_kind",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("class", Integer, nullable=False),
    Column("portion", String, nullable=False),
    Column("facets", String, nullable=False),
    UniqueConstraint("class", "portion", "facets"),
)
UNIT = Table(
    "find_unit",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("kind", Integer, nullable=False),
    Index("find_unit_position", "position"),
    Index("find_unit_kind", "kind", "position"),
)
# Apart from the units: a search that goes by facets reads a tenth of the pages so, and every page is decrypted.
WORDS = Table("find_words", TABLES, Column("id", Integer, primary_key=True), Column("words", String, nullable=False))
# Which records may be of one weapon: what their numbers have in common (ledger.tokens.likenesses).
NUMBER = Table(
    "find_number",
    TABLES,
    Column("position", Integer, primary_key=True),
    Column("likeness", String, primary_key=True),
    Index("find_number_likeness", "likeness"),
)
FACET_FIELDS = {
    "event": "event.kind",
    "item": "item.kind",
    "make": "item.make",
    "calibre": "item.calibre",
    "country": "event.country",
}
spell = json.JSONEncoder(ensure_ascii=False).encode
"""How the replica writes JSON; `json.dumps` would make such an encoder anew for each value."""

INDEXED = "find"
"""The state that says which version of this module indexed the replica; one of another version is indexed anew."""

STORED = 0
"""The `release` of a class of portions as stored; a release's own position is never that of the first entry."""

_VERSION = 3
_DROPPED = frozenset({"Mn", "Cf"})
_PART = 500
# The index refers to the words where they lie; what it forgets it forgets for good.
_FOLLOW = (
    (
        "CREATE VIRTUAL TABLE find_index USING fts5(words, content='find_words', content_rowid='id',"
        " tokenize='trigram case_sensitive 1')"
    ),
    "INSERT INTO find_index(find_index, rank) VALUES ('secure-delete', 1)",
)
# Not by triggers: within one, FTS5 writes its index out at every row, which takes ten times as long.
_OF_THESE = "(SELECT id FROM find_unit WHERE position IN (SELECT value FROM json_each(:at)))"
_FORGET = (
    f"INSERT INTO find_index(find_index, rowid, words) SELECT 'delete', id, words FROM find_words WHERE id IN {_OF_THESE}",  # noqa: S608 - our own words
    f"DELETE FROM find_words WHERE id IN {_OF_THESE}",  # noqa: S608 - our own words
    "DELETE FROM find_unit WHERE position IN (SELECT value FROM json_each(:at))",
    "DELETE FROM find_number WHERE position IN (SELECT value FROM json_each(:at))",
)
# A make or a calibre that only an expunged weapon had is not left behind either.
_SWEEP = "DELETE FROM find_kind WHERE id NOT IN (SELECT kind FROM find_unit)"
# Rows by the driver itself: SQLAlchemy's own way of binding a row takes longer than SQLite takes to write it.
_INSERT_UNIT = "INSERT INTO find_unit (id, position, kind) VALUES (?, ?, ?)"
_INSERT_WORDS = "INSERT INTO find_words (id, words) VALUES (?, ?)"
_LEARN = "INSERT INTO find_index(rowid, words) SELECT id, words FROM find_words WHERE id >= ?"
# Two portions of a record may have a number in common.
_INSERT_NUMBER = "INSERT INTO find_number (position, likeness) VALUES (?, ?) ON CONFLICT DO NOTHING"
for _statement in _FOLLOW:
    event.listen(WORDS, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]  # as SQLAlchemy ships it


def folded(value: str) -> str:
    """Return `value` as it is looked for: no case, accents, vowel signs or widths, digits of every script as 0 to 9."""
    if value.isascii():
        return " ".join(value.lower().split())
    spelled = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", value).casefold())
    return " ".join("".join(map(_character, spelled)).split())


class Unit(NamedTuple):
    """One portion as it was written, or what one release shows of one: where, what decides on it, and what it says."""

    position: int
    portion: str
    iss: str
    level: str
    label: str
    release: int
    fields: Mapping[str, JsonValue]

    def __repr__(self) -> str:
        """Return the place alone: fields and label are for readers."""
        return f"Unit({self.position}, {self.portion})"


def index_written(connection: Connection, units: Sequence[Unit], *, new: int) -> None:
    """Write what may be found of units that are being written, as many of which are `new`: the others were here before.

    Where all are new, and they mostly are, nothing is read back.
    """
    if new == len(units):
        _learn(connection, _Kinds(connection), units)
    else:
        reindex(connection, {one.position for one in units})


def reindex(connection: Connection, positions: Iterable[int]) -> None:
    """Write anew what may be found of records, as their portions and releases stand now; nothing where they are gone."""
    wanted = sorted(set(positions))
    kinds = _Kinds(connection)
    forgotten = 0
    for at in range(0, len(wanted), _PART):
        part = {"at": json.dumps(wanted[at : at + _PART])}
        forgotten += max(connection.execute(text(statement), part).rowcount for statement in _FORGET)
        _learn(connection, kinds, [_unit(row) for row in connection.execute(text(_ROWS), part)])
    if forgotten:
        connection.execute(text(_SWEEP))


def _unit(row: Any) -> Unit:
    return Unit(row.position, row.portion, row.iss, row.level, row.label, row.release, json.loads(row.fields))


def _learn(connection: Connection, kinds: "_Kinds", units: Sequence[Unit]) -> None:
    if not units:
        return
    first = 1 + (connection.execute(select(func.max(UNIT.c.id))).scalar() or 0)
    numbered = list(enumerate(units, first))
    connection.exec_driver_sql(_INSERT_UNIT, [(number, one.position, kinds.id_of(one)) for number, one in numbered])
    connection.exec_driver_sql(_INSERT_WORDS, [(number, "\n".join(words_of(one.fields))) for number, one in numbered])
    connection.exec_driver_sql(_LEARN, (first,))
    alike = {(one.position, found) for one in units for found in likenesses(one.fields)}
    if alike:
        connection.exec_driver_sql(_INSERT_NUMBER, [*alike])


def likenesses_at(connection: Connection, positions: Iterable[int]) -> frozenset[str]:
    """Return what the numbers of these records may have in common with others."""
    question = text("SELECT DISTINCT likeness FROM find_number WHERE position IN (SELECT value FROM json_each(:at))")
    return frozenset(connection.execute(question, {"at": json.dumps([*positions])}).scalars())


def positions_alike(connection: Connection, found: Iterable[str]) -> Sequence[int]:
    """Return the records whose numbers have one of these in common."""
    question = text("SELECT DISTINCT position FROM find_number WHERE likeness IN (SELECT value FROM json_each(:found))")
    return sorted(connection.execute(question, {"found": json.dumps([*found])}).scalars())


def rebuild_if_missing(connection: Connection) -> None:
    """Index a replica that an earlier version wrote; one that is indexed is left alone."""
    done = connection.execute(text("SELECT value FROM state WHERE name = :name"), {"name": INDEXED}).scalar()
    if done == _VERSION:
        return
    every = connection.execute(text("SELECT position FROM portion UNION SELECT position FROM released")).scalars().all()
    if every or done is not None:
        _begin_anew(connection)
    reindex(connection, every)
    mark = text("INSERT INTO state (name, value) VALUES (:name, :now) ON CONFLICT (name) DO UPDATE SET value = :now")
    connection.execute(mark, {"name": INDEXED, "now": _VERSION})


def _begin_anew(connection: Connection) -> None:
    """Drop the index and make its tables as they are now: an earlier version may have had others."""
    connection.execute(text("DROP TABLE IF EXISTS find_index"))
    ours = (NUMBER, WORDS, UNIT, KIND, CLASS)
    TABLES.drop_all(connection, tables=ours)
    TABLES.create_all(connection, tables=ours)


# What stands in the clear of these records: portions as stored, and what releases show.
_ROWS = """
SELECT p.position, p.portion, r.iss, p.level, p.label, 0 AS release, p.fields
FROM portion p JOIN record r ON r.position = p.position WHERE p.position IN (SELECT value FROM json_each(:at))
UNION ALL
SELECT s.position, s.portion, r.iss, '', coalesce(s.label, ''), s.release, s.fields
FROM released s JOIN record r ON r.position = s.position WHERE s.position IN (SELECT value FROM json_each(:at))
"""


class _Kinds:
    """The kinds there are, each numbered when it is first met."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[object, ...], int] = {}

    def id_of(self, unit: Unit) -> int:
        facets = facets_of(unit.fields)
        key = (unit.portion, unit.iss, unit.level, unit.label, unit.release, *facets.items())
        if key not in self._known:
            among = {"iss": unit.iss, "level": unit.level, "label": unit.label, "release": unit.release}
            spelled = json.dumps(facets, ensure_ascii=False, sort_keys=True)
            kind = {"class": self._id(CLASS, among), "portion": unit.portion, "facets": spelled}
            self._known[key] = self._id(KIND, kind)
        return self._known[key]

    def _id(self, table: Table, values: Mapping[str, object]) -> int:
        same = [table.c[name] == value for name, value in values.items()]
        found = self._connection.execute(select(table.c.id).where(*same)).scalar()
        return found or self._connection.execute(insert(table).values(**values)).lastrowid


def facets_of(fields: Mapping[str, JsonValue]) -> dict[str, str]:
    """Return the value of every facet that these fields have."""
    found = {name: value for name, field in FACET_FIELDS.items() if isinstance(value := fields.get(field), str)}
    date = fields.get("event.date")
    year = {"year": date[:4]} if isinstance(date, str) and date[:4].isascii() and date[:4].isdigit() else {}
    return {**found, **year}


def words_of(fields: Mapping[str, JsonValue]) -> Sequence[str]:
    """Return what is looked for in these fields, a line each: every value, names of codes, canonical serials."""
    lines = chain(
        chain.from_iterable(_leaves(value) for value in fields.values()),
        _names(fields),
        _serials(fields.get("item.serials")),
    )
    return tuple(dict.fromkeys(filter(None, map(folded, lines))))


def _leaves(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)
    elif value is not None:
        told = str(value)
        yield told
        if "_" in told:
            yield told.replace("_", " ")


def _names(fields: Mapping[str, JsonValue]) -> Iterator[str]:
    """Yield the words for codes whose meaning is the same everywhere; a make's name is a home's own to tell."""
    for name in ("item.country_of_manufacture", "event.country"):
        if isinstance(code := fields.get(name), str):
            yield country_name(code)
    if isinstance(ncic := fields.get("item.type"), str):
        yield type_name(ncic)


def _serials(value: JsonValue) -> Iterator[str]:
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            yield canonical(str(one.get("as_marked", "")))


def _character(one: str) -> str:
    if "0" <= one <= "z" or one == " ":
        return one
    digit = unicodedata.decimal(one, None)
    if digit is not None:
        return str(digit)
    return "" if unicodedata.category(one) in _DROPPED or one == "ـ" else one
