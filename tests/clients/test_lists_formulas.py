"""No cell of a file that we write is a formula to a spreadsheet, and every one is read back as what stood there."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.desk.downloads import CSV, table_file
from clients.lists.formulas import guard, unguard
from clients.lists.reading import read_table
from clients.lists.report import marked_csv, rejected_csv
from clients.lists.tables import Table

SIGNS = [*"=+-@\uff1d\uff0b\uff0d\uff20"]
BEFORE = ["", " ", "   ", "\u00a0", "\u3000", "\u200b", "\ufeff", "\t", "\r", "\n", "\x0b", " \t ", "'", "''", "' "]
FORMULAS = [before + sign + "HYPERLINK(1)" for before in BEFORE for sign in SIGNS]
_TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20) | st.text(
    "'=+-@ \t\n\u00a0\uff1da", max_size=6
)


@pytest.mark.parametrize("cell", FORMULAS)
def test_attack_a_formula_behind_what_a_spreadsheet_skips(cell: str) -> None:
    """Blanks, marks of no width and full-width twins hide no formula: an apostrophe stands first, once."""
    assert guard(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", " ", "7,62 x 39", "AK-47", " AK-47", "'quoted'", "a=b", "xar@example.org"])
def test_what_is_harmless_is_written_as_it_is(cell: str) -> None:
    """A sign further back makes no formula."""
    assert guard(cell) == unguard(cell) == cell


@given(_TEXTS)
def test_a_guard_is_taken_off_again(cell: str) -> None:
    """Whatever stood there, an apostrophe of its own too, is what is read back."""
    assert unguard(guard(cell)) == cell


@given(_TEXTS)
def test_no_guarded_cell_begins_as_a_formula(cell: str) -> None:
    """What a spreadsheet would skip is skipped: no sign stands first behind it."""
    first = guard(cell).lstrip().lstrip("\u200b\u200c\u200d\u2060\ufeff")[:1]

    assert first not in {*SIGNS}
    assert not guard(cell).startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize("cell", ["=1", " =1", "\u00a0+1", "\uff1d1", "'=1", "' -1"])
def test_attack_a_formula_in_every_file_for_spreadsheets(cell: str) -> None:
    """Rejected lists, the mark in them and the tables of the desk follow one rule; a rejected list is read back as it came."""
    (table, rejected) = _rejected(cell)

    assert _cells(rejected)[1][1] == f"'{cell}"
    assert read_table(rejected).rows[0].cells[:2] == table.rows[0].cells[:2] == ("Colt", cell)
    assert _cells(marked_csv(rejected, cell, delimiter=","))[1][-1] == f"'{cell}"
    assert _cells(table_file(CSV, ["note"], [[cell]]))[1] == [f"'{cell}"]


def _rejected(cell: str) -> tuple[Table, bytes]:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["make", "note"], ["Colt", guard(cell)]])
    table = read_table(out.getvalue().encode())
    return table, rejected_csv(table, table.rows, []).encode("utf-8-sig")


def _cells(raw: bytes) -> list[list[str]]:
    return [*csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))]
