"""A question against 10⁶ tokens (or $SEALTRACE_BENCH_TOKENS): how long it takes, and what its time and size give away.

In this process, from the signed request to the padded answer: routing, signature, one transaction with its sync, the
step of time. Hit, miss and silent match are asked in random order; whoever asks knows which were hits, so what counts
is that nobody can tell a silent match from a miss.
"""

import logging
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from struct import pack

import structlog

from benchmarks.measure import Figure, Limit, percentile
from ledger.slips import TOKENS, Hit
from ledger.terms import Limits
from ledger.wire import paths
from server.slips import ENTRIES_A_PART
from tests.support.matching import A, B, MatchWorld, token

_TOKENS = int(os.environ.get("SEALTRACE_BENCH_TOKENS", "1000000"))
_LARGE = 10_000_000
_ASKED = 10_000
_ROW_BYTES = 1_500
_MILLI = 1_000
_WEAPONS = {"hit": "revolver", "miss": "rifle", "silent": "pistol"}
_LOW, _HIGH = 0.45, 0.55


def measure() -> list[Figure]:
    """Return the 95th percentile of the answers' time, and how well time and size tell the three outcomes apart."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with _world() as world, _bare_commits(world.folder) as commit:
        times, sizes, bare = _ask(world, commit)
    most = 40 if _TOKENS >= _LARGE else 20
    every = [value for values in times.values() for value in values]
    found = percentile(every, 95)
    return [
        Figure(
            what=f"POST /v1/matches, one weapon, {_TOKENS:,} tokens: p95",
            unit="ms",
            median=found,
            low=min(every),
            high=max(every),
            target=f"≤ {most}",
            met=found <= most,
            limit=Limit(
                name="a bare SQLite commit of as many bytes, in turn with them, ms: p95",
                median=percentile(bare, 95),
                ratio=found / percentile(bare, 95),
            ),
        ),
        *(_apart(what, values) for what, values in (("time", times), ("size", sizes))),
    ]


def area_under_curve(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how often a value of `one` is above one of `other`, a tie counting half: 0.5 tells nothing apart."""
    ranked = sorted([(value, True) for value in one] + [(value, False) for value in other])
    ranks: dict[float, list[int]] = {}
    for rank, (value, _) in enumerate(ranked, start=1):
        ranks.setdefault(value, []).append(rank)
    total = sum(sum(ranks[value]) / len(ranks[value]) for value in one)
    return (total - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))


def _apart(what: str, values: Mapping[str, Sequence[float]]) -> Figure:
    areas = [area_under_curve(values[one], values[other]) for one, other in pairwise([*_WEAPONS, "hit"])]
    worst = max(areas, key=lambda area: abs(area - 0.5))
    return Figure(
        what=f"hit, miss and silent told apart from {_ASKED:,} answers by {what}: area under the curve, the worst pair",
        unit="",
        median=worst,
        low=min(areas),
        high=max(areas),
        target=f"{_LOW} to {_HIGH}",
        met=_LOW <= worst <= _HIGH,
    )


@contextmanager
def _world() -> Iterator[MatchWorld]:
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder:
        world = MatchWorld(Path(folder))
        world.begin(limits=Limits(entries="open", lookups=10**9))
        world.log_weapon(A, _WEAPONS["hit"])
        world.log_weapon(A, _WEAPONS["silent"], hit=Hit.SILENT)
        _fill(world.config.database)
        yield world
        world.close()


def _fill(database: Path) -> None:
    """Put tokens of records that are still to come beside the real ones: they weigh the same and match nothing."""
    connection = sqlite3.connect(database)
    with connection:
        connection.executemany("INSERT INTO tokens (part, token, ep, place, idx) VALUES (?, ?, ?, ?, ?)", _rows())
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _rows() -> Iterator[tuple[int, bytes, int, int, int]]:
    """Yield the rows of the table in its order, spread over all values: so they are written in seconds."""
    each = ENTRIES_A_PART * TOKENS
    for part in range(-(-_TOKENS // each)):
        many = min(each, _TOKENS - part * each)
        for row in range(many):
            token_ = pack(">Q", row * (2**64 // many)) + os.urandom(8)
            yield part, token_, 1, row % TOKENS, 10**9 + part * ENTRIES_A_PART + row // TOKENS


@contextmanager
def _bare_commits(folder: Path) -> Iterator[Callable[[], None]]:
    """Return what commits as many bytes as an answer does, to a database of its own on the same disk."""
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    for pragma in ("page_size=16384", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE bare (data BLOB)")
    yield lambda: connection.execute("INSERT INTO bare VALUES (?)", (os.urandom(_ROW_BYTES),)).close()
    connection.close()


def _ask(
    world: MatchWorld, commit: Callable[[], None]
) -> tuple[Mapping[str, list[float]], Mapping[str, list[float]], list[float]]:
    times: dict[str, list[float]] = {outcome: [] for outcome in _WEAPONS}
    sizes: dict[str, list[float]] = {outcome: [] for outcome in _WEAPONS}
    bare: list[float] = []
    order = [outcome for outcome in _WEAPONS for _ in range(_ASKED // len(_WEAPONS))]
    random.SystemRandom().shuffle(order)
    for outcome in order:
        tokens = [token(_WEAPONS[outcome], f"T{number}") for number in range(4)]
        request = world.signed(B, "POST", paths.MATCHES, body=world.question(*tokens), content_type=paths.QUESTION_TYPE)
        started = time.perf_counter()
        response = world.send(request)
        times[outcome].append((time.perf_counter() - started) * _MILLI)
        sizes[outcome].append(len(response.data))
        started = time.perf_counter()
        commit()
        bare.append((time.perf_counter() - started) * _MILLI)
    return times, sizes, bare
