"""Tokens by parts of the log: found whatever part they lie in, and moved there from a database that had none (ADR 61)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.slips import Hit
from server import schema
from server.slips import ENTRIES_A_PART, part_of
from tests.support.matching import A, B, MatchWorld, token

_BEFORE = """
DROP TABLE complaints;
DROP TABLE tokens;
CREATE TABLE tokens (token BLOB NOT NULL, ep INTEGER NOT NULL, place INTEGER NOT NULL, idx INTEGER NOT NULL,
  CONSTRAINT pk_tokens PRIMARY KEY (token, ep, place, idx)) WITHOUT ROWID;
UPDATE alembic_version SET version_num = '0007';
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MatchWorld]:
    """Return a service that matches, with three agencies."""
    world = MatchWorld(tmp_path)
    world.begin()
    yield world
    world.close()


def change(database: Path, statement: str, *values: int) -> None:
    """Change the database behind the service's back."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement, values)


def test_a_part_holds_so_many_entries() -> None:
    """The first entry after a full part begins the next."""
    assert [part_of(index) for index in (0, ENTRIES_A_PART - 1, ENTRIES_A_PART)] == [0, 0, 1]


def test_a_question_looks_into_every_part_there_is(world: MatchWorld) -> None:
    """Parts without tokens lie between, and none is passed over."""
    name = world.log_weapon(A, "revolver")
    world.log_weapon(A, "pistol", hit=Hit.SILENT)
    for part in (1, 7, 400):
        change(world.config.database, "UPDATE tokens SET part = ?", part)

        answer = world.ask(B, token("revolver"))

        assert [slot.name for slot in answer.slots] == [name]
        assert world.ask(B, token("pistol")).slots == ()


def test_a_log_without_tokens_answers_nothing(world: MatchWorld) -> None:
    """There is no part to look into, and no error either."""
    assert world.ask(B, token("revolver")).slots == ()


def test_tokens_are_moved_into_their_parts(tmp_path: Path) -> None:
    """A database from before keeps every token, now in its part."""
    path = tmp_path / "ledger.sqlite"
    schema.migrate(path)
    rows = [(bytes([number]) * 16, 1, number % 8, number * 30_000) for number in range(8)]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_BEFORE)
        connection.executemany("INSERT INTO tokens (token, ep, place, idx) VALUES (?, ?, ?, ?)", rows)

    schema.migrate(path)

    with closing(sqlite3.connect(path)) as connection:
        moved = connection.execute("SELECT part, token, ep, place, idx FROM tokens ORDER BY idx").fetchall()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert moved == [(index // ENTRIES_A_PART, value, ep, place, index) for value, ep, place, index in rows]
    assert "complaints" in tables
    assert "tokens_before" not in tables
