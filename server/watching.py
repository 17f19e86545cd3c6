"""Which watches fire for slips that came since the last tick: open ones, of others, each record once.

A silent slip fires nobody's watch, its owner's notice included: an entry of the access log for a question that nobody
has just asked would tell the watch's owner that something matched (docs/protocol.md, 6.9).
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection

from ledger.accesslog import Asked
from ledger.answers import Slot
from ledger.identifiers import StatementName
from ledger.questions import CLASSES, TOKEN_BYTES

T = TypeVar("T")

_AT_ONCE = 256
_NEW = """
SELECT s.idx, s.ep, s.source, s.tokens, st.iss, st.jti FROM slips AS s JOIN statements AS st ON st.idx = s.idx
WHERE s.source >= ? AND s.source < ? AND s.hit = 'open' ORDER BY s.source, s.idx
"""
_WATCHING = """
SELECT t.token, t.ep, t.class, w.id, w.asker, w.body_hash, w.input, w.signature, w.size
FROM watch_tokens AS t JOIN watches AS w ON w.id = t.watch WHERE w.expires > ? AND t.token IN ({marks})
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """A watch and a record that it was set for."""

    watch: int
    asked: Asked
    slot: Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class _NewSlip:
    index: int
    ep: int
    source: int
    tokens: tuple[bytes, ...]
    name: StatementName


def firings(connection: Connection, *, since: int, end: int, now: int, askers: Container[str]) -> tuple[Firing, ...]:
    """Return what fires for slips that the statements in [since, end) brought, in log order.

    `askers` are the agencies that may ask now: a watch tells nothing that a question of today would be refused.
    """
    if connection.exec_driver_sql("SELECT 1 FROM watches WHERE expires > ? LIMIT 1", (now,)).first() is None:
        return ()
    found: dict[tuple[int, int], Firing] = {}
    for slips in _batched(_new_slips(connection, since, end)):
        for one in _fired(connection, slips, now, askers):
            key = one.watch, one.slot.index
            best = found.get(key)
            if best is None or one.slot.c < best.slot.c:
                found[key] = one
    before = {tuple(row) for row in connection.exec_driver_sql("SELECT watch, idx FROM firings")}
    return tuple(one for key, one in found.items() if key not in before)


def _new_slips(connection: Connection, since: int, end: int) -> Iterator[_NewSlip]:
    for index, ep, source, tokens, iss, jti in connection.exec_driver_sql(_NEW, (since, end)):
        cut = tuple(bytes(tokens[at : at + TOKEN_BYTES]) for at in range(0, len(tokens), TOKEN_BYTES))
        yield _NewSlip(index=index, ep=ep, source=source, tokens=cut, name=StatementName(iss, bytes(jti)))


def _fired(connection: Connection, slips: Sequence[_NewSlip], now: int, askers: Container[str]) -> Iterator[Firing]:
    held: dict[tuple[bytes, int, int], list[_NewSlip]] = {}
    for slip in slips:
        for place, token in enumerate(slip.tokens):
            held.setdefault((token, slip.ep, place % len(CLASSES)), []).append(slip)
    for tokens in _batched({token for token, _, _ in held}):
        query = _WATCHING.format(marks=", ".join("?" * len(tokens)))
        for row in connection.exec_driver_sql(query, (now, *tokens)):
            token, ep, c, watch, asker, body_hash, signature_input, signature, size = row
            asked = Asked(iss=asker, body_hash=bytes(body_hash), signature_input=signature_input, signature=signature)
            for slip in held.get((bytes(token), ep, c), ()):
                if asker in askers and slip.source >= size and slip.name.iss != asker:
                    yield Firing(watch=watch, asked=asked, slot=Slot(index=slip.index, name=slip.name, c=CLASSES[c]))


def _batched(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    rest = iter(items)
    while some := tuple(islice(rest, _AT_ONCE)):
        yield some
