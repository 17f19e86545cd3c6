"""One question against the tokens, and the rows that answering it leaves behind: the same ones whatever was found.

docs/protocol.md, 6.8 and 6.9. There is one query and one row a question; what the row says of who is to be told has one
length. So neither the statements that run nor the bytes that are written tell a miss from a silent match.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ledger.accesslog import HITS_TOLD, Asked
from ledger.answers import SLOTS, Slot
from ledger.errors import MalformedError, NotFoundError
from ledger.identifiers import StatementName
from ledger.questions import CLASSES, TOKEN_BYTES, Question
from ledger.slips import Hit
from server.slips import part_of

MOST_TOLD = 64
_TOLD = struct.Struct(">QBB")
_HITS = tuple(Hit)
NOBODY = bytes(MOST_TOLD * _TOLD.size)

_FIND = """
WITH RECURSIVE asked(token, ep, class) AS (VALUES {rows}),
parts(part) AS (
  SELECT min(part) FROM tokens WHERE part >= ?
  UNION ALL SELECT (SELECT min(part) FROM tokens AS t WHERE t.part > parts.part) FROM parts WHERE part IS NOT NULL),
hits AS (
  SELECT t.idx AS idx, min(asked.class) AS class, s.hit AS hit, st.iss AS iss, st.jti AS jti
  FROM parts CROSS JOIN asked
  CROSS JOIN tokens AS t ON t.part = parts.part AND t.token = asked.token AND t.ep = asked.ep
    AND t.place IN (asked.class, asked.class + 4) AND t.idx > ? AND t.idx < ?
  CROSS JOIN slips AS s ON s.idx = t.idx AND s.ep = t.ep
  CROSS JOIN statements AS st ON st.idx = t.idx
  WHERE st.iss <> ? OR (st.jti <> ? AND s.hit = 'open')
  GROUP BY t.idx),
ranked AS (SELECT *, row_number() OVER (PARTITION BY hit, iss ORDER BY idx) AS nth FROM hits)
SELECT idx, class, hit, iss, jti FROM ranked WHERE nth <= ? ORDER BY idx
"""
_OWN = """
SELECT s.ep, s.tokens FROM statements AS st JOIN slips AS s ON s.idx = st.idx WHERE st.iss = ? AND st.jti = ?
"""
_OUTCOME = "INSERT INTO outcomes (asker, body_hash, input, signature, told) VALUES (?, ?, ?, ?, ?)"
_WATCH = """
INSERT INTO watches (asker, body_hash, input, signature, size, expires) VALUES (?, ?, ?, ?, ?, ?) RETURNING id
"""
_WATCHED = "INSERT INTO watch_tokens (token, ep, class, watch) VALUES (?, ?, ?, ?)"
_ENDING = """
SELECT max(idx) FROM statements WHERE idx >= ? AND (sup IS NOT NULL OR expunges IS NOT NULL OR renews IS NOT NULL)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One record that a question matches: where it stands, its best class, its policy, its name."""

    index: int
    c: int
    hit: Hit
    name: StatementName

    def slot(self) -> Slot:
        """Return it as a slot."""
        return Slot(index=self.index, name=self.name, c=CLASSES[self.c])


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What a question comes to: what the asker is shown, and whom a tick is to tell of it."""

    slots: tuple[Slot, ...]
    more: bool
    told: bytes


def match(connection: Connection, question: Question, *, asker: str, size: int) -> Matched:
    """Return what a question matches among the first `size` entries."""
    found = _find(connection, question, asker=asker, size=size)
    shown = [one for one in found if one.hit is Hit.OPEN]
    slots, more = shown[:SLOTS], len(shown) > SLOTS
    end = slots[-1].index if more else size
    silent = [one for one in found if one.hit is Hit.SILENT and one.index < end]
    others = [one for one in slots if one.name.iss != asker]
    return Matched(slots=tuple(one.slot() for one in slots), more=more, told=pack_told([*others, *silent]))


def last_ending(connection: Connection, *, size: int) -> int | None:
    """Return the last entry at or after `size` that ended slips or put others in their place; None if none did.

    Such slips are gone, and an answer about the first `size` entries would be without records that still match there.
    """
    found = connection.exec_driver_sql(_ENDING, (size,)).scalar()
    return None if found is None else int(found)


def require_own(connection: Connection, question: Question, *, asker: str) -> None:
    """Raise unless every token stands, in its class, in a live slip of the record that the question names."""
    rows = connection.exec_driver_sql(_OWN, (asker, question.own)).all()
    if not rows:
        raise NotFoundError("the asker has no record of that name that is matched")
    held = {
        (ep, CLASSES[place % len(CLASSES)], bytes(tokens[place * TOKEN_BYTES : (place + 1) * TOKEN_BYTES]))
        for ep, tokens in rows
        for place in range(len(tokens) // TOKEN_BYTES)
    }
    if not held.issuperset((token.ep, token.c, token.t) for token in question.tokens):
        raise MalformedError("a token that the record's own slip does not have")


def keep_outcome(connection: Connection, asked: Asked, told: bytes) -> None:
    """Write the one row that every answered request leaves for the next tick."""
    row = (asked.iss, asked.body_hash, asked.signature_input, asked.signature, told)
    connection.exec_driver_sql(_OUTCOME, row)


def keep_watch(connection: Connection, asked: Asked, question: Question, *, size: int, expires: int) -> None:
    """Keep a question as a watch."""
    row = (asked.iss, asked.body_hash, asked.signature_input, asked.signature, size, expires)
    watch = connection.exec_driver_sql(_WATCH, row).scalar_one()
    tokens = [(token.t, token.ep, CLASSES.index(token.c), watch) for token in question.tokens]
    connection.exec_driver_sql(_WATCHED, tokens)


def pack_told(found: Sequence[Found]) -> bytes:
    """Return whom a tick is to tell, in one length; if they are too many, each originator's first before any second."""
    seen: dict[str, int] = {}
    ranked: list[tuple[int, Found]] = []
    for one in sorted(found, key=lambda one: one.index):
        rank = seen[one.name.iss] = seen.get(one.name.iss, 0) + 1
        if rank <= HITS_TOLD:
            ranked.append((rank, one))
    kept = [one for _, one in sorted(ranked, key=lambda pair: (pair[0], pair[1].index))[:MOST_TOLD]]
    packed = b"".join(_TOLD.pack(one.index, one.c, _HITS.index(one.hit)) for one in kept)
    return packed.ljust(len(NOBODY), b"\0")


def unpack_told(told: bytes) -> tuple[tuple[int, str, Hit], ...]:
    """Return index, class and policy of every record in a row; entry 0 is a charter, so 0 stands for none."""
    rows = _TOLD.iter_unpack(told)
    return tuple((index, CLASSES[c], _HITS[hit]) for index, c, hit in rows if index)


def _find(connection: Connection, question: Question, *, asker: str, size: int) -> list[Found]:
    rows = ", ".join(["(?, ?, ?)"] * len(question.tokens))
    tokens: list[Any] = [part for token in question.tokens for part in (token.t, token.ep, CLASSES.index(token.c))]
    # SQL compares nothing with NULL: a question that names no record of its own shows no record of the asker's.
    values = (*tokens, part_of(max(question.after, 0)), question.after, size, asker, question.own, SLOTS + 1)
    found = connection.exec_driver_sql(_FIND.format(rows=rows), values).all()
    return [
        Found(index=index, c=c, hit=Hit(hit), name=StatementName(iss, bytes(jti))) for index, c, hit, iss, jti in found
    ]
