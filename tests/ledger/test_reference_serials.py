"""635 real rows of one State: every make, calibre and serial number is found or reported."""

import csv
from collections import Counter

import pytest

from ledger import calibres, makes
from ledger.canonical import canonical
from ledger.forms import t0
from ledger.serials import Condition, read_marks
from tests.support.reference import data


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """Return the published rows."""
    with data("us_de_gunstat_traces.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_make_spelling_is_found(rows: list[dict[str, str]]) -> None:
    """29 makes are named and all are known; 95 rows name none."""
    names = Counter(row["manufacturer_name"] for row in rows)
    unknown = {name for name in names if makes.BUILT_IN.find(name) is None}

    assert len(names) == 30
    assert unknown == {""}
    assert names[""] == 95


def test_every_calibre_spelling_is_found(rows: list[dict[str, str]]) -> None:
    """19 spellings are known; 48 rows give none, and a size alone is not taken for a cartridge."""
    spellings = Counter(row["firearm_caliber"] for row in rows)
    found = {text: calibres.BUILT_IN.find(text) for text in spellings}

    assert {text for text, calibre in found.items() if calibre is None} == {""}
    assert spellings[""] == 48
    sizes = {text for text, calibre in found.items() if calibre and not calibre.exact}
    assert sizes == {".22", ".25", ".32", ".38", ".45", "7.62"}


def test_every_serial_is_classified(rows: list[dict[str, str]]) -> None:
    """Each of 583 numbers is one mark as written; 52 boxes are empty; no number is taken for a wording."""
    marks = [read_marks(row["firearm_serial"]) for row in rows]

    assert Counter(map(len, marks)) == {1: 583, 0: 52}
    assert {mark.condition for one in marks for mark in one} == {Condition.LEGIBLE}
    assert all(one[0].number == row["firearm_serial"] for one, row in zip(marks, rows, strict=True) if one)


def test_what_makes_no_token_is_counted(rows: list[dict[str, str]]) -> None:
    """35 numbers of three characters or fewer and one without a digit make no token; the other 547 do."""
    numbers = [row["firearm_serial"] for row in rows if row["firearm_serial"]]
    without = [number for number in numbers if t0(number) is None]

    assert len([number for number in without if len(canonical(number)) <= 3]) == 35
    assert len(without) == 36
    assert len(numbers) - len(without) == 547
