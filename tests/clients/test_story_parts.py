"""The parts of the story: a telling with its figures, a search that finds what is there, one flipped byte."""

import json
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from clients.errors import ClientError
from clients.story import canaries, tampering, weapon
from clients.story.asking import LIFE
from clients.story.cast import AGENCIES, ARMS, BUREAU, EVERYBODY, PARTNER, SUBMITTERS
from clients.story.telling import WIDTH, Telling
from ledger.canonical import canonical
from ledger.identifiers import agency_id


class Ticks:
    """A clock that goes forward by a second and a half at each look."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        self.now += 1.5
        return self.now


def test_a_chapter_is_told_with_its_time_and_kept_with_its_figures(tmp_path: Path) -> None:
    """Numbered, timed, and every figure in the report as a whole number."""
    said: list[str] = []
    telling = Telling(write=said.append, seconds=Ticks())
    with telling.chapter("First") as figures:
        figures["records"] = 7
    with telling.chapter("Second"):
        telling.command("sealtrace sync")
    telling.save(tmp_path / "report.json")

    assert said[0] == "\n1  First"
    assert said[1].endswith("took   1.5 s")
    assert "   $ sealtrace sync" in said
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == {
        "First": {"records": 7, "milliseconds": 1_500},
        "Second": {"milliseconds": 1_500},
    }


def test_what_is_said_fits_the_terminal() -> None:
    """Long sentences are wrapped; what a command answered is shown to the letter."""
    said: list[str] = []
    telling = Telling(write=said.append, seconds=Ticks())
    telling.say("words and more words " * 20)
    telling.show("one\n  two")

    assert max(map(len, said)) <= WIDTH
    assert said[-2:] == ["one", "  two"]


def test_a_chapter_that_fails_is_not_reported() -> None:
    """A figure that is not true is not written down."""
    telling = Telling(write=lambda _text: None, seconds=Ticks())
    with pytest.raises(ZeroDivisionError), telling.chapter("Broken"):
        _ = 1 // 0

    assert telling.report == {}


def test_canaries_are_lines_that_chance_does_not_write() -> None:
    """Eight bytes and more, each once, in order."""
    assert canaries.distinctive(["short", "a long line\nand another one", "a long line", "  spaced out  "]) == (
        "a long line",
        "and another one",
        "spaced out",
    )


def test_the_search_finds_what_is_there_and_nothing_else(tmp_path: Path) -> None:
    """In the middle of bytes, in any of the files."""
    planted = tmp_path / "canaries.txt"
    planted.write_text("first canary\nsecond canary\nthird.canary\n", encoding="utf-8")
    files = [tmp_path / "one", tmp_path / "two"]
    files[0].write_bytes(b"\x00\xfffirst canary\x00")
    files[1].write_bytes(b"thirdxcanary and a seco\nnd canary")

    assert canaries.found_in(files, planted) == ("first canary",)


def test_a_search_that_cannot_be_made_is_no_clean_bill(tmp_path: Path) -> None:
    """A missing file is an error, not "nothing found"."""
    (tmp_path / "canaries.txt").write_text("canary\n", encoding="utf-8")

    with pytest.raises(ClientError, match="could not be searched"):
        canaries.found_in([tmp_path / "missing"], tmp_path / "canaries.txt")


def database(path: Path, entry: bytes) -> Path:
    """Return a database that holds an entry among others."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE entries (data BLOB)")
        for one in (b"x" * 5_000, entry, b"y" * 5_000):
            connection.execute("INSERT INTO entries VALUES (?)", (one,))
    return path


def test_one_bit_of_the_entry_changes_and_nothing_else(tmp_path: Path) -> None:
    """In the signature, where no other entry has the same bytes; the original stays as it is."""
    entry = b"header.payload." + bytes(range(33, 119))
    original = database(tmp_path / "ledger.sqlite", entry)
    before = original.read_bytes()
    copy = tmp_path / "copy.sqlite"
    tampering.copy_database(original, copy)
    honest = copy.read_bytes()
    at = tampering.flip_byte(copy, entry)
    changed = copy.read_bytes()

    assert [place for place in range(len(honest)) if honest[place] != changed[place]] == [at]
    assert honest[at] ^ changed[at] == 1
    assert original.read_bytes() == before


def test_what_is_still_in_the_write_ahead_log_is_settled_first(tmp_path: Path) -> None:
    """A byte flipped in a page that the write-ahead log holds anew would damage nothing."""
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE entries (data BLOB)")
        connection.execute("INSERT INTO entries VALUES (?)", (b"an entry that only the write-ahead log holds",))
        connection.commit()
        before = b"an entry that only" in path.read_bytes()
        tampering.settle(path)

    assert (before, b"an entry that only" in path.read_bytes()) == (False, True)


def test_an_entry_that_is_not_there_is_not_flipped(tmp_path: Path) -> None:
    """The story would otherwise audit an honest copy and call it found."""
    path = database(tmp_path / "ledger.sqlite", b"header.payload." + b"s" * 86)

    with pytest.raises(ClientError, match="not found"):
        tampering.flip_byte(path, b"another.entry." + bytes(range(33, 119)))


def test_the_weapon_is_one_over_every_spelling(tmp_path: Path) -> None:
    """Three lists and one map; however its number is written, it is one number, and no list but one has the other."""
    path = weapon.write(tmp_path)
    rows = [
        row.split(";")
        for agency in (ARMS, BUREAU, PARTNER)
        for row in (tmp_path / f"{agency.id}.weapon.csv").read_text(encoding="utf-8").splitlines()[1:]
    ]
    numbers = {canonical(row[5]) for row in rows if not row[-1]}

    assert tomllib.loads(path.read_text(encoding="utf-8"))["record"][1]["compartments"] == ["CT"]
    assert [row[1] for row in rows if not row[-1]] == LIFE
    assert numbers == {canonical(weapon.SERIAL)}
    assert [canonical(row[5]) for row in rows if row[-1]] == [canonical(weapon.COVERT_SERIAL)]


def test_nobody_in_the_story_is_real() -> None:
    """States of the letters XAA to XZZ, which ISO 3166 leaves to its users; ids of the protocol's form."""
    for member in EVERYBODY:
        assert agency_id(member.id) == member.id
        assert member.country.startswith("X")
        assert member.id.startswith(member.country.lower())
    assert {member.id for member in SUBMITTERS} < {member.id for member in AGENCIES}
