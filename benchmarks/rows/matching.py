"""A question against 10⁶ tokens: how long it takes, and what its time and size give away.

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
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import structlog

from benchmarks.measure import Figure, Limit, percentile
from ledger.slips import TOKENS, Hit
from ledger.terms import Limits
from ledger.wire import paths
from server.slips import ENTRIES_A_PART
from tests.support.matching import A, B, MatchWorld, token

_TOKENS, _MOST_MS = 1_000_000, 20
_ASKED = 10_000
_ROW_BYTES = 1_500
_MILLI = 1_000
_WEAPONS = {"hit": "revolver", "miss": "rifle", "silent": "pistol"}
_LOW, _HIGH = 0.45, 0.55
_FILL = """
WITH RECURSIVE n(row) AS (SELECT 0 UNION ALL SELECT row + 1 FROM n WHERE row + 1 < :many)
INSERT INTO tokens (part, token, ep, place, idx)
SELECT :part, randomblob(16) AS token, 1, row % :each, :index + row / :each FROM n ORDER BY token
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """By outcome, how long each answer took and how long it was; and bare commits beside them, all times in ms."""

    times: Mapping[str, list[float]]
    sizes: Mapping[str, list[float]]
    bare: list[float]


def measure() -> list[Figure]:
    """Return the 95th percentile of the answers' time, and how well time and size tell the three outcomes apart."""
    answers = ask(tokens=_TOKENS, questions=_ASKED)
    told_apart = (_apart(what, values) for what, values in (("time", answers.times), ("size", answers.sizes)))
    return [slowest(answers, tokens=_TOKENS, most_ms=_MOST_MS), *told_apart]


def ask(*, tokens: int, questions: int) -> Answers:
    """Ask a service that holds so many tokens, hits, misses and silent matches in random order."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with _world(tokens) as world, _bare_commits(world.folder) as commit:
        return _ask(world, commit, questions)


def slowest(answers: Answers, *, tokens: int, most_ms: int) -> Figure:
    """Return the figure of the time that 95 of 100 answers do not exceed."""
    every = [value for values in answers.times.values() for value in values]
    found, bare = percentile(every, 95), percentile(answers.bare, 95)
    return Figure(
        what=f"POST /v1/matches, one weapon, {tokens:,} tokens: p95",
        unit="ms",
        median=found,
        low=min(every),
        high=max(every),
        target=f"≤ {most_ms}",
        met=found <= most_ms,
        limit=Limit(
            name="a bare SQLite commit of as many bytes, in turn with them, ms: p95", median=bare, ratio=found / bare
        ),
    )


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
def _world(tokens: int) -> Iterator[MatchWorld]:
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder:
        world = MatchWorld(Path(folder))
        world.begin(limits=Limits(entries="open", lookups=10**9))
        world.log_weapon(A, _WEAPONS["hit"])
        world.log_weapon(A, _WEAPONS["silent"], hit=Hit.SILENT)
        _fill(world.config.database, tokens)
        yield world
        world.close()


def _fill(database: Path, tokens: int) -> None:
    """Put tokens of records that are still to come beside the real ones: they weigh the same and match nothing.

    A part at a time: the service is at work beside it, and its tick waits for nobody longer than a moment.
    """
    connection = sqlite3.connect(database)
    each = ENTRIES_A_PART * TOKENS
    for part, first in enumerate(range(0, tokens, each)):
        with connection:
            index = 10**9 + part * ENTRIES_A_PART
            connection.execute(_FILL, {"part": part, "many": min(each, tokens - first), "each": TOKENS, "index": index})
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


@contextmanager
def _bare_commits(folder: Path) -> Iterator[Callable[[], None]]:
    """Return what commits as many bytes as an answer does, to a database of its own on the same disk."""
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    for pragma in ("page_size=16384", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE bare (data BLOB)")
    yield lambda: connection.execute("INSERT INTO bare VALUES (?)", (os.urandom(_ROW_BYTES),)).close()
    connection.close()


def _ask(world: MatchWorld, commit: Callable[[], None], questions: int) -> Answers:
    times: dict[str, list[float]] = {outcome: [] for outcome in _WEAPONS}
    sizes: dict[str, list[float]] = {outcome: [] for outcome in _WEAPONS}
    bare: list[float] = []
    order = [outcome for outcome in _WEAPONS for _ in range(questions // len(_WEAPONS))]
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
    return Answers(times=times, sizes=sizes, bare=bare)
