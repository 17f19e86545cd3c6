"""The header of a list, whatever file it came in: found, named, and the rows below it cut to its width."""

import pytest

from clients.errors import ListError
from clients.lists.maps import parse_map
from clients.lists.proposing import propose_map
from clients.lists.reading import read_table
from clients.lists.report import Problem, rejected_csv
from clients.lists.tables import (
    CAUSE,
    FIX,
    HEADER_SEARCH_ROWS,
    MAX_COLUMNS,
    Format,
    Row,
    capped,
    fitted,
    header_names,
    header_position,
)
from tests.support.workbooks import workbook


def lines(*cells: tuple[str, ...]) -> list[Row]:
    """Return rows on consecutive lines."""
    return [Row(line=line, cells=one) for line, one in enumerate(cells, 1)]


def test_the_first_wide_row_is_the_header() -> None:
    """Title lines hold one cell."""
    assert header_position(lines(("Seizures",), ("a", "b", "c"), ("1", "2", "3")), None, []) == 1


def test_the_row_with_a_map_s_columns_is_the_header() -> None:
    """In any case and with blanks around them; of two alike the first."""
    rows = lines(("x", "y", "z"), (" Serial ", "MAKE"), ("serial", "make"))

    assert header_position(rows, None, ["serial", "make"]) == 1


def test_the_line_that_a_map_names_is_the_header() -> None:
    """And only that one."""
    rows = lines(("a", "b"), ("c", "d"))

    assert header_position(rows, 2, []) == 1
    with pytest.raises(ListError, match="no header on line 3"):
        header_position(rows, 3, [])


def test_a_header_is_looked_for_in_the_first_rows_alone() -> None:
    """A table far below is another table."""
    rows = lines(*[("x", "y")] * HEADER_SEARCH_ROWS, ("serial", "make", "date", "place", "note"))

    assert header_position(rows, None, []) == 0


def test_a_rejected_list_begins_with_its_header() -> None:
    """Whatever line the map says the header of the first list stood on."""
    table = read_table(b"Title\n\nserial,date\nX1,yesterday\nX2,today\n", form=Format(header_line=3))
    problem = Problem(line=4, column="date", cause="no date", fix="mend it")
    raw = rejected_csv(table, table.rows[:1], [problem]).encode("utf-8-sig")
    again = read_table(raw, form=Format(header_line=3))

    assert again.header == ("serial", "date", CAUSE, FIX)
    assert [row.cells for row in again.rows] == [("X1", "yesterday", "date: no date", "mend it")]


def test_a_rejected_row_of_a_workbook_comes_back_as_it_was_shown() -> None:
    """Zeros and all, under the same map."""

    def touch(sheet: object) -> None:
        sheet["A2"].number_format = "00000"  # type: ignore[index]  # a worksheet

    table = read_table(workbook([("serial", "date"), (573, "yesterday")], touch=touch), form=Format(delimiter=";"))
    again = read_table(rejected_csv(table, table.rows, []).encode("utf-8-sig"), form=Format(delimiter=";"))

    assert again.rows[0].cells[:2] == ("00573", "yesterday")


@pytest.mark.parametrize(
    ("cells", "message"),
    [(("a", "", "c"), "no name for column 2"), (("a", "b", "A"), "names column 3 like an earlier")],
)
def test_every_column_has_a_name_of_its_own(cells: tuple[str, ...], message: str) -> None:
    """A column without one, or with another's, is named by its number."""
    with pytest.raises(ListError, match=message):
        header_names(Row(line=1, cells=cells))


def test_empty_columns_at_the_end_are_none() -> None:
    """Spreadsheets write commas for them."""
    assert header_names(Row(line=1, cells=("a", "b", "", " "))) == ("a", "b")


def test_rows_are_cut_and_filled_to_the_header() -> None:
    """A spare cell that holds something stays, for the report to name."""
    rows = fitted(lines(("1",), ("1", "2", ""), ("1", "2", "3")), 2)

    assert [row.cells for row in rows] == [("1", ""), ("1", "2"), ("1", "2", "3")]


def test_limits_name_the_line() -> None:
    """Too many columns on a line that may stand anywhere."""
    with pytest.raises(ListError, match="line 7 has more than"):
        list(capped([Row(line=7, cells=("x",) * (MAX_COLUMNS + 1))]))


def test_blank_rows_are_no_rows() -> None:
    """Blanks, empty cells, no cells."""
    assert list(capped(lines((), ("",), (" ", "\t"), ("x",)))) == [Row(line=4, cells=("x",))]


@pytest.mark.parametrize(
    "raw",
    [
        b"Serial Number;Make;Date of seizure\nX1;Colt;14.03.2021\n",
        b'{"Serial Number":"X1","Make":"Colt","Date of seizure":"14.03.2021"}',
        workbook([("Serial Number", "Make", "Date of seizure"), ("X1", "Colt", "14.03.2021")]),
    ],
    ids=["csv", "json lines", "workbook"],
)
def test_a_map_is_proposed_for_every_kind_of_list(raw: bytes) -> None:
    """It reads back, knows the columns and the dates, and names an encoding for CSV alone."""
    table = read_table(raw)
    text = propose_map(table)
    proposed = parse_map(text)

    assert proposed.columns() == frozenset(table.header)
    assert proposed.dates == ("DD.MM.YYYY",)
    assert ("encoding" in text) is (table.encoding is not None)
