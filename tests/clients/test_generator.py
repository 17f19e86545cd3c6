"""Generated worlds: the same for the same seed, true to their rates, and readable by what reads real lists."""

import csv
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pytest

from clients.generator import (
    CASE_COLUMNS,
    COLUMNS,
    TRUTH_COLUMNS,
    Lives,
    Options,
    OptionsError,
    Row,
    canaries,
    generate,
    write,
)
from clients.generator.world import LANGUAGES
from ledger import calibres, makes, weapontypes
from ledger.canonical import canonical
from ledger.countries import is_country
from ledger.dates import parse_date
from ledger.forms import weapon_forms
from ledger.serials import read_marks
from ledger.vocabulary import check_field

NINE = tuple(f"{state}-office" for state in LANGUAGES)
ORDER = (
    "manufacture",
    "export",
    "receipt",
    "issue_to_force",
    "loss theft capture abandonment",
    "illicit_transfer",
    "offer",
    "recovery",
    "destruction",
)
FIELDS = {
    "date": "event.date",
    "event": "event.kind",
    "kind": "item.kind",
    "model": "item.model",
    "country_of_manufacture": "item.country_of_manufacture",
    "owner_class": "item.owner_class",
    "place_country": "event.country",
    "place": "event.place",
    "licence": "event.licence",
    "end_user": "event.end_user",
    "force": "event.force",
    "recovery": "event.recovery",
    "offer": "event.offer",
    "platform": "event.platform",
    "listing_id": "event.listing_id",
    "method": "event.method",
    "certificate": "event.certificate",
    **{column: f"case.{column}" for column in CASE_COLUMNS},
}


@pytest.fixture(scope="module")
def world() -> Lives:
    """Return a world of nine agencies, one for each language."""
    return generate(Options(seed=7, weapons=1_200, agencies=NINE))


@pytest.fixture(scope="module")
def rows(world: Lives) -> list[Row]:
    """Return all rows of the world."""
    return [row for listed in world.rows.values() for row in listed]


def share(rows: list[Row], what: str, value: object) -> float:
    """Return the share of rows whose truth says so."""
    return sum(bool(getattr(row.truth, what) == value) for row in rows) / len(rows)


def test_one_seed_makes_one_world() -> None:
    """The same options give the same rows, another seed gives others."""
    first = generate(Options(seed=3, weapons=60))

    assert generate(Options(seed=3, weapons=60)) == first
    assert generate(Options(seed=4, weapons=60)) != first


def test_a_world_does_not_depend_on_the_process() -> None:
    """A benchmark names a seed and means one world: no order of a set, which changes by process, gets into it."""
    code = (
        "import hashlib; from clients.generator import Options, generate\n"
        "lists = generate(Options(weapons=25)).rows\n"
        "text = repr([[(dict(row.cells), row.truth.weapon) for row in of] for of in lists.values()])\n"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    digests = {
        subprocess.run(  # noqa: S603 - our own interpreter and our own text
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(digests) == 1


def test_rates_are_those_asked_for(rows: list[Row]) -> None:
    """Usable numbers, wordings, aliases, missing makes and repeats come as often as the options say."""
    assert share(rows, "serial", "usable") == pytest.approx(0.71, abs=0.02)
    assert share(rows, "serial", "wording") == pytest.approx(0.20, abs=0.02)
    assert share(rows, "serial", "other") == pytest.approx(0.09, abs=0.015)
    assert share(rows, "make", "alias") == pytest.approx(0.30, abs=0.015)
    assert share(rows, "make", "missing") == pytest.approx(0.03, abs=0.006)
    assert share(rows, "repeat", value=True) == pytest.approx(0.10, abs=0.001)


def test_slips_of_o_and_zero_are_those_asked_for(rows: list[Row]) -> None:
    """0.23 % of the usable numbers confuse O and 0, and each of these really does."""
    usable = [row for row in rows if row.truth.serial == "usable"]
    slipped = [row for row in usable if row.truth.slip]

    assert len(slipped) / len(usable) == pytest.approx(0.0023, abs=0.0002)
    assert not [row for row in rows if row.truth.slip and row.truth.serial != "usable"]


def test_other_rates_make_other_worlds() -> None:
    """Every rate is an option: none of anything, or nothing else."""
    clean = generate(
        Options(
            weapons=80,
            usable_serials=1,
            wordings=0,
            repeats=0,
            make_aliases=0,
            makes_missing=0,
            letter_digit_slips=0,
            shared_serials=0,
        )
    )
    dirty = generate(Options(weapons=80, usable_serials=0, wordings=1, make_aliases=1, makes_missing=0, repeats=0.5))
    clean_rows = [row for listed in clean.rows.values() for row in listed]
    dirty_rows = [row for listed in dirty.rows.values() for row in listed]

    assert {(row.truth.serial, row.truth.make, row.truth.slip, row.truth.repeat) for row in clean_rows} == {
        ("usable", "name", False, False)
    }
    assert {(row.truth.serial, row.truth.make) for row in dirty_rows} == {("wording", "alias")}
    assert share(dirty_rows, "repeat", value=True) == pytest.approx(0.5, abs=0.01)


def test_every_usable_number_is_read_back(rows: list[Row]) -> None:
    """Labels, gaps, wrappers, other digits and slips all fold away: a usable box gives the maker's number."""
    for row in rows:
        if row.truth.serial == "usable":
            marks = read_marks(row.cells["serial"])
            assert [canonical(mark.number) for mark in marks] == [canonical(row.truth.true_serial)]


def test_no_unusable_box_gives_a_token(rows: list[Row]) -> None:
    """Wordings in nine languages, cut, partial and damaged numbers never become a token."""
    for row in rows:
        if row.truth.serial != "usable":
            assert not [
                form
                for mark in read_marks(row.cells["serial"])
                for form in weapon_forms(
                    mark.number, condition=mark.condition, make_group="X", calibre_family="X", type_class="X"
                )
            ]


def test_wordings_come_in_nine_languages(world: Lives) -> None:
    """Each agency writes its own language."""
    for listed in world.rows.values():
        assert len({row.cells["serial"] for row in listed if row.truth.serial == "wording"}) > 20


def test_every_make_calibre_and_type_is_known(rows: list[Row]) -> None:
    """The tables find what the generator writes, and the alias leads to the right maker."""
    for row in rows:
        make = makes.BUILT_IN.find(row.cells["make"])
        assert (make.text if make else "") == ("" if row.truth.make == "missing" else row.truth.true_make)
        assert calibres.BUILT_IN.find(row.cells["calibre"]) is not None
        assert weapontypes.find(row.cells["type"]) is not None


def test_aliases_differ_from_the_name(rows: list[Row]) -> None:
    """A name counted as an alias is another spelling, or the rate would be a fiction."""
    for row in rows:
        same = row.cells["make"].casefold() == row.truth.true_make.casefold()
        assert same is (row.truth.make == "name")


def test_cells_are_what_the_vocabulary_takes(rows: list[Row]) -> None:
    """Every filled cell that goes to a field as it stands is a value of that field."""
    for row in rows[::7]:
        for column, name in FIELDS.items():
            if row.cells[column]:
                check_field(name, row.cells[column])


def test_a_weapon_lives_once_and_in_order(rows: list[Row]) -> None:
    """Each event of a life happens at most once, in the order of a life, and nothing follows destruction."""
    for life in _lives(rows).values():
        first = [row for row in life if not row.truth.repeat]
        steps = [next(at for at, step in enumerate(ORDER) if row.cells["event"] in step.split()) for row in first]
        days = [_day(row) for row in first]

        assert steps == sorted(set(steps))
        assert days == sorted(days)
        assert "destruction" not in [row.cells["event"] for row in life[:-1]]


def test_every_agency_sees_only_its_part(world: Lives) -> None:
    """Supplier, holder, finder and onlooker are different agencies, and none sees a whole life."""
    seen = defaultdict(set)
    for agency, listed in world.rows.items():
        for row in listed:
            seen[row.truth.weapon].add((row.cells["event"], agency))
    whole = [
        events for events in seen.values() if {"export", "issue_to_force", "recovery"} <= {event for event, _ in events}
    ]

    assert whole
    assert all(
        len({agency for event, agency in events if event in {"export", "issue_to_force", "recovery"}}) == 3
        for events in whole
    )


def test_events_of_diversion_are_all_there(rows: list[Row]) -> None:
    """A world holds every kind of event a life can hold."""
    events = Counter(row.cells["event"] for row in rows)

    assert set(" ".join(ORDER).split()) | {"observation", "stockpile_inventory"} == set(events)


def test_some_numbers_are_shared_by_weapons_of_two_makers(rows: list[Row]) -> None:
    """Makers number independently: a match on the number alone is put to the test."""
    by_serial = defaultdict(set)
    for row in rows:
        by_serial[row.truth.true_serial].add((row.truth.weapon, row.truth.true_make))
    shared = [of for of in by_serial.values() if len({make for _, make in of}) > 1]

    assert 5 <= len(shared) <= 12


def test_a_case_is_one_case(rows: list[Row]) -> None:
    """All case columns of a row belong together; deliveries have none, and of the other rows about one in eight."""
    full = empty = 0
    for row in rows:
        case = {column for column in CASE_COLUMNS if row.cells[column]}
        routine = row.cells["event"] in {"manufacture", "export", "receipt", "issue_to_force", "stockpile_inventory"}
        full += bool(case)
        empty += not case and not routine
        if case:
            assert not routine
            assert {"case_number", "circumstances", "officer"} <= case
            assert row.cells["case_number"].split("-")[1].lower() == row.cells["officer"].split("@")[1][:3]
    assert empty / (full + empty) == pytest.approx(0.12, abs=0.03)


def test_canaries_are_many_and_each_is_one_of_a_kind(rows: list[Row]) -> None:
    """A leak test has thousands of values to look for, long enough not to be found by chance."""
    values = canaries(rows)

    assert len(values) > 5_000
    assert len(set(values)) == len(values)
    assert all(len(value.encode()) >= 8 for value in values)
    assert not {row.cells["serial"].strip() for row in rows if row.truth.serial == "wording"} & set(values)
    assert all(row.cells["circumstances"] in set(values) for row in rows[:200] if row.cells["circumstances"])


def test_lists_are_in_the_order_of_time(world: Lives) -> None:
    """A list reads as an agency would have kept it."""
    for listed in world.rows.values():
        days = [_day(row) for row in listed if row.cells["event"] != "manufacture"]
        assert days == sorted(days)


def test_states_are_invented_and_makers_are_real(rows: list[Row]) -> None:
    """No real State appears as a place but where a weapon was made."""
    for row in rows:
        assert is_country(row.cells["country_of_manufacture"])
        assert not row.cells["country_of_manufacture"].startswith("X")
        assert row.cells["place_country"].startswith("X") is (row.cells["event"] != "manufacture")


def test_a_world_is_written_and_read_again(tmp_path: Path) -> None:
    """One file an agency with the columns named, and a truth that names agency and line."""
    world = generate(Options(weapons=40))
    *lists, truth = write(world, tmp_path / "new" / "folder")

    assert [path.name for path in lists] == [f"{agency}.csv" for agency in world.rows]
    for path in lists:
        read = _read(path)
        assert tuple(read[0]) == COLUMNS
        assert read == [dict(row.cells) for row in world.rows[path.stem]]
    truths = _read(truth)
    assert tuple(truths[0]) == TRUTH_COLUMNS
    assert len(truths) == sum(map(len, world.rows.values()))
    first = world.rows[truths[0]["agency"]][int(truths[0]["line"]) - 2]
    assert truths[0]["weapon"] == first.truth.weapon
    assert truths[0]["true_serial"] == first.truth.true_serial


@pytest.mark.parametrize("agencies", [("xar-arms",), ("xar-arms", "xbe-cib"), ("xzz-new", "xar-arms", "xbe-cib")])
def test_few_or_unknown_agencies_make_a_world_too(agencies: tuple[str, ...]) -> None:
    """One agency may play several parts, and a State nobody listed writes English."""
    world = generate(Options(weapons=30, agencies=agencies))

    assert set(world.rows) == set(agencies)
    assert all(world.rows.values())


def test_a_world_without_weapons_is_empty() -> None:
    """Nothing in, nothing out."""
    assert generate(Options(weapons=0)).rows == dict.fromkeys(Options().agencies, ())


def test_a_row_shows_nothing_of_itself(rows: list[Row]) -> None:
    """A row that slips into a log tells no serial number and no case."""
    assert repr(rows[0]) == "Row()"


@pytest.mark.parametrize(
    "wrong",
    [
        {"usable_serials": 1.2},
        {"wordings": -0.1},
        {"usable_serials": 0.9, "wordings": 0.2},
        {"make_aliases": 0.99, "makes_missing": 0.02},
        {"repeats": 0.95},
        {"weapons": -1},
        {"weapons": 2_000_000},
        {"agencies": ()},
        {"agencies": ("xar-arms", "xar-arms")},
        {"agencies": ("bra-pcerj",)},
        {"agencies": ("XAR",)},
        {"first_year": 2020},
        {"first_year": 1700},
    ],
)
def test_impossible_options_are_refused(wrong: dict[str, object]) -> None:
    """Options that contradict themselves, or name a real State's agency, are refused before anything is made."""
    with pytest.raises(OptionsError):
        Options(**wrong)  # type: ignore[arg-type]  # wrong on purpose


def _lives(rows: list[Row]) -> dict[str, list[Row]]:
    lives = defaultdict(list)
    for row in sorted(rows, key=_day):
        lives[row.truth.weapon].append(row)
    return lives


def _day(row: Row) -> date:
    return parse_date(row.cells["date"]).earliest


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
