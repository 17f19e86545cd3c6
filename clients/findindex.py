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
from typing import Any

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
STORED = 0
"""The `release` of a class of portions as stored; a release's own position is never that of the first entry."""

_VERSION = 3
_STATE = "find"
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
_LEARN = f"INSERT INTO find_index(rowid, words) SELECT id, words FROM find_words WHERE id IN {_OF_THESE}"  # noqa: S608 - our own words
# Which records are corrected, in a few pages: the records themselves take one each.
_CORRECTED = "CREATE INDEX IF NOT EXISTS record_corrected ON record (position) WHERE superseded_by IS NOT NULL"
for _statement in _FOLLOW:
    event.listen(WORDS, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]  # as SQLAlchemy ships it


def folded(value: str) -> str:
    """Return `value` as it is looked for: no case, accents, vowel signs or widths, digits of every script as 0 to 9."""
    if value.isascii():
        return " ".join(value.lower().split())
    spelled = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", value).casefold())
    return " ".join("".join(map(_character, spelled)).split())


def reindex(connection: Connection, positions: Iterable[int]) -> None:
    """Write anew what may be found of records, as their portions and releases stand now; nothing where they are gone."""
    wanted = sorted(set(positions))
    kinds = _Kinds(connection)
    forgotten = 0
    for at in range(0, len(wanted), _PART):
        part = {"at": json.dumps(wanted[at : at + _PART])}
        forgotten += max(connection.execute(text(statement), part).rowcount for statement in _FORGET)
        _learn(connection, kinds, part)
    if forgotten:
        connection.execute(text(_SWEEP))


def _learn(connection: Connection, kinds: "_Kinds", part: Mapping[str, str]) -> None:
    rows = connection.execute(text(_ROWS), part).all()
    if not rows:
        return
    fields = [json.loads(row.fields) for row in rows]
    first = 1 + (connection.execute(select(func.max(UNIT.c.id))).scalar() or 0)
    units = [(row.position, kinds.id_of(row, one)) for row, one in zip(rows, fields, strict=True)]
    values = [{"id": number, "position": at, "kind": kind} for number, (at, kind) in enumerate(units, first)]
    connection.execute(insert(UNIT), values)
    words = ("\n".join(words_of(one)) for one in fields)
    connection.execute(insert(WORDS), [{"id": number, "words": one} for number, one in enumerate(words, first)])
    connection.execute(text(_LEARN), part)
    alike = {(row.position, found) for row, one in zip(rows, fields, strict=True) for found in likenesses(one)}
    if alike:
        connection.execute(insert(NUMBER), [{"position": at, "likeness": found} for at, found in alike])


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
    done = connection.execute(text("SELECT value FROM state WHERE name = :name"), {"name": _STATE}).scalar()
    if done == _VERSION:
        return
    connection.execute(text(_CORRECTED))
    every = connection.execute(text("SELECT position FROM portion UNION SELECT position FROM released")).scalars().all()
    if every or done is not None:
        _begin_anew(connection)
    reindex(connection, every)
    mark = text("INSERT INTO state (name, value) VALUES (:name, :now) ON CONFLICT (name) DO UPDATE SET value = :now")
    connection.execute(mark, {"name": _STATE, "now": _VERSION})


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

    def id_of(self, row: Any, fields: Mapping[str, JsonValue]) -> int:
        among = (row.iss, row.level, row.label, row.release)
        kind = {"class": self._id(CLASS, dict(zip(("iss", "level", "label", "release"), among, strict=True)))}
        facets = json.dumps(facets_of(fields), ensure_ascii=False, sort_keys=True)
        return self._id(KIND, {**kind, "portion": row.portion, "facets": facets})

    def _id(self, table: Table, values: Mapping[str, object]) -> int:
        key = (table.name, *values.values())
        if key not in self._known:
            same = [table.c[name] == value for name, value in values.items()]
            found = self._connection.execute(select(table.c.id).where(*same)).scalar()
            self._known[key] = found or self._connection.execute(insert(table).values(**values)).lastrowid
        return self._known[key]


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
    match value:
        case dict():
            for one in value.values():
                yield from _leaves(one)
        case list():
            for one in value:
                yield from _leaves(one)
        case None:
            return
        case _:
            yield str(value)
            yield str(value).replace("_", " ")


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
