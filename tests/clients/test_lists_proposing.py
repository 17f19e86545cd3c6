"""The ways to write dates that a proposed map names: what all cells fit, and never a guess between two."""

import pytest

from clients.lists.maps import parse_map
from clients.lists.proposing import date_patterns, propose_map
from clients.lists.reading import read_table


@pytest.mark.parametrize(
    ("rows", "expected", "unclear"),
    [
        ("serial;date\n1;17.03.2026\n2;18.03.2026\n", ("DD.MM.YYYY",), ()),
        ("serial;date\n1;17 March 2026\n2;1er mai 2026\n", ("D MONTH YYYY",), ()),
        ("serial;date\n1;01/02/2026\n", ("YYYY-MM-DD",), ("DD/MM/YYYY", "MM/DD/YYYY")),
        ("serial;date\n1;yesterday\n", ("YYYY-MM-DD",), ()),
        ("serial;date\n1;\n", ("YYYY-MM-DD",), ()),
        ("serial;when found\n1;17.03.2026\n", ("DD.MM.YYYY",), ()),
        ("serial;when found;when sold\n1;17.03.2026;03/17/2025\n", ("DD.MM.YYYY", "MM/DD/YYYY"), ()),
        ("serial;date;when sold\n1;17.03.2026;03/17/2025\n", ("DD.MM.YYYY",), ()),
        ("serial;make\n1;2\n", ("YYYY-MM-DD",), ()),
    ],
)
def test_what_the_cells_fit_is_proposed(rows: str, expected: tuple[str, ...], unclear: tuple[str, ...]) -> None:
    """Of the column of dates, or where none is recognised of any that reads as dates throughout; in the map as in words."""
    table = read_table(rows.encode())
    text = propose_map(table)

    assert date_patterns(table) == (expected, unclear)
    assert parse_map(text).dates == expected
    assert (" or ".join(unclear) in text) if unclear else "say which" not in text


def test_two_columns_that_contradict_each_other_are_left_to_a_person() -> None:
    """Day first in one and month first in the other: a map reads all columns alike, so both are named for a person to see."""
    table = read_table(b"serial;found;sold\n1;17/03/2026;03/17/2026\n")

    assert date_patterns(table) == (("YYYY-MM-DD",), ("DD/MM/YYYY", "MM/DD/YYYY"))


def test_cells_that_do_not_fit_are_named_by_line_and_hide_no_pattern() -> None:
    """A day that no calendar has and a spreadsheet's number: the map says where they stand, and not what they say."""
    table = read_table(b"serial;date\n1;17.03.2026\n2;31.02.2026\n3;18.03.2026\n4;46100\n5;19.03.2026\n")
    text = propose_map(table)

    assert date_patterns(table) == (("DD.MM.YYYY",), ())
    assert parse_map(text).dates == ("DD.MM.YYYY",)
    assert '# No such date stands in column "date" of lines 3, 5: correct it.' in text
    assert "46100" not in text


def test_of_many_cells_that_do_not_fit_the_first_are_named() -> None:
    """A map stays short enough to be read."""
    rows = "".join(f"{number};soon\n" for number in range(12))
    text = propose_map(read_table(f"serial;date\n{rows}".encode()))

    assert "of lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more" in text
