"""An import whose desk is killed with SIGKILL at any point, started again: every row in the log exactly once."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from secrets import token_bytes

import pytest

from clients.importing import prepare
from clients.intake.states import State
from clients.intake.store import Kind, New
from clients.lists.maps import parse_map
from tests.e2e.test_killed import SIGKILL, listening
from tests.support.importkilling import PROGRAM
from tests.support.imports import CSV, MAP, bench_of
from tests.support.killing import Nursery
from tests.support.loopback import found_consortium

OWNER, PARTNER = "xar-arms", "xbe-cib"
CALLS = 700
"""Fewer than a first import makes to the outside, so that some of the kills come in the middle of each of its steps."""
KILLS = int(os.environ.get("SEALTRACE_KILL_SEEDS", "6"))


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Give the process that forks."""
    found = Nursery(PROGRAM)
    yield found
    found.close()


def test_an_import_killed_at_any_point_is_logged_exactly_once(nursery: Nursery, tmp_path: Path) -> None:
    """Killed again and again before, in and after every write, to the file and to the network; at last it is done."""
    walk = found_consortium(tmp_path, OWNER, PARTNER)
    bench = bench_of(walk, OWNER)
    bench.imports.add(New(once=token_bytes(16), kind=Kind.LIST, name="list.csv", person=1, officer="A", raw=CSV))
    home, chance = str(walk.homes[OWNER].path), random.Random(KILLS)  # noqa: S311 - it has to be repeatable
    with listening(walk) as url:
        codes = [
            nursery.run(home, url=url, now=walk.clock(), after_calls=chance.randint(1, CALLS)).code
            for _ in range(KILLS)
        ]
        assert nursery.run(home, url=url, now=walk.clock()).code == 0
    (one,) = bench.imports.listed()
    rows = prepare(CSV, parse_map(MAP), bench.rules().means).rows
    with bench.session() as session:
        held = session.outbox.holding([row.fingerprint for row in rows], after=0)
    walk.close()

    assert SIGKILL in codes
    assert one.state is State.DONE
    assert sum(len(row.names) for found in held.values() for row in found) == len(rows) == 2
    assert one.receipt["records"] + one.receipt["unchanged"] == 2
