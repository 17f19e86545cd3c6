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
_SLIPS_AT_ONCE = 32
# What one tick tells at most, but for what one more record adds: two members who collude, one with thousands of watches for
# a token and one with thousands of its records, could make a tick that no memory holds, and there would never be another.
MAX_FIRINGS = 10_000
_NEW = """
SELECT s.idx, s.ep, s.source, s.tokens, st.iss, st.jti FROM slips AS s JOIN statements AS st ON st.idx = s.idx
WHERE s.source >= ? AND s.source < ? AND s.hit = 'open' ORDER BY s.source, s.idx
"""
_WATCHING = """
SELECT t.token, t.ep, t.class, w.id, w.asker, w.body_hash, w.input, w.signature, w.size
FROM watch_tokens AS t JOIN watches AS w ON w.id = t.watch WHERE w.expires > ? AND t.token IN ({marks})
"""
_WATCHERS = "SELECT count(*) FROM watch_tokens WHERE token IN ({marks})"
_TOLD = "SELECT 1 FROM firings WHERE watch = ? AND idx = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """A watch and a record that it was set for."""

    watch: int
    asked: Asked
    slot: Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """What fires, in log order, and the size of the log up to which slips were looked at: the next tick goes on there."""

    firings: tuple[Firing, ...]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _NewSlip:
    index: int
    ep: int
    source: int
    tokens: tuple[bytes, ...]
    name: StatementName


def fire(connection: Connection, *, since: int, end: int, now: int, askers: Container[str]) -> Fired:
    """Return what fires for slips that the statements in [since, end) brought: some 10,000, the rest at later ticks.

    `askers` are the agencies that may ask now: a watch tells nothing that a question of today would be refused.
    """
    if connection.exec_driver_sql("SELECT 1 FROM watches WHERE expires > ? LIMIT 1", (now,)).first() is None:
        return Fired(firings=(), size=end)
    found: dict[tuple[int, int], Firing] = {}
    for slips in _parts(connection, since, end):
        for one in _fired(connection, slips, now, askers):
            key = one.watch, one.slot.index
            # A record may come with two slips in one tick: the best class in which they meet the watch is told.
            best = found.get(key)
            if one.slot.c < best.slot.c if best else not _is_told(connection, key):
                found[key] = one
        if len(found) >= MAX_FIRINGS:
            # A renewal brings many slips: it is looked at again, and what was told is not told twice.
            return Fired(firings=tuple(found.values()), size=slips[-1].source)
    return Fired(firings=tuple(found.values()), size=end)


def _parts(connection: Connection, since: int, end: int) -> Iterator[Sequence[_NewSlip]]:
    """Yield the new slips, some at a time; one at a time where so many watch their tokens that some would be too much."""
    for slips in _batched(_new_slips(connection, since, end), _SLIPS_AT_ONCE):
        if _watchers(connection, slips) > MAX_FIRINGS // _SLIPS_AT_ONCE:
            yield from ((one,) for one in slips)
        else:
            yield slips


def _watchers(connection: Connection, slips: Sequence[_NewSlip]) -> int:
    tokens = sorted({token for slip in slips for token in slip.tokens})
    counts = (
        connection.exec_driver_sql(_WATCHERS.format(marks=", ".join("?" * len(some))), some).scalar_one()
        for some in _batched(tokens, _AT_ONCE)
    )
    return sum(counts)


def _is_told(connection: Connection, key: tuple[int, int]) -> bool:
    return connection.exec_driver_sql(_TOLD, key).first() is not None


def _new_slips(connection: Connection, since: int, end: int) -> Iterator[_NewSlip]:
    for index, ep, source, tokens, iss, jti in connection.exec_driver_sql(_NEW, (since, end)):
        cut = tuple(bytes(tokens[at : at + TOKEN_BYTES]) for at in range(0, len(tokens), TOKEN_BYTES))
        yield _NewSlip(index=index, ep=ep, source=source, tokens=cut, name=StatementName(iss, bytes(jti)))


def _fired(connection: Connection, slips: Sequence[_NewSlip], now: int, askers: Container[str]) -> Iterator[Firing]:
    held: dict[tuple[bytes, int, int], list[_NewSlip]] = {}
    for slip in slips:
        for place, token in enumerate(slip.tokens):
            held.setdefault((token, slip.ep, place % len(CLASSES)), []).append(slip)
    for tokens in _batched({token for token, _, _ in held}, _AT_ONCE):
        query = _WATCHING.format(marks=", ".join("?" * len(tokens)))
        for row in connection.exec_driver_sql(query, (now, *tokens)):
            token, ep, c, watch, asker, body_hash, signature_input, signature, size = row
            asked = Asked(iss=asker, body_hash=bytes(body_hash), signature_input=signature_input, signature=signature)
            for slip in held.get((bytes(token), ep, c), ()):
                if asker in askers and slip.source >= size and slip.name.iss != asker:
                    yield Firing(watch=watch, asked=asked, slot=Slot(index=slip.index, name=slip.name, c=CLASSES[c]))


def _batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    rest = iter(items)
    while some := tuple(islice(rest, size)):
        yield some
