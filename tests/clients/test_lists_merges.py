"""Merged cells: each column of a header has one name; one value over several rows is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.errors import ListError
from clients.lists.merges import Merged, last_header_row, merged_header, unmerged_rows
from clients.lists.tables import Row

CORNERS = st.integers(1, 6)
RANGES = st.builds(
    lambda top, left, height, width: Merged(top, left, top + height, left + width),
    CORNERS,
    CORNERS,
    st.integers(0, 3),
    st.integers(0, 3),
)


def rows(*lines: tuple[str, ...], first: int = 1) -> list[Row]:
    """Return rows that stand on consecutive lines."""
    return [Row(line=line, cells=cells) for line, cells in enumerate(lines, first)]


def names(*lines: tuple[str, ...], merged: tuple[Merged, ...] = ()) -> tuple[str, ...]:
    """Return the names of a header's columns."""
    return merged_header(rows(*lines), merged).cells


def test_a_plain_header_stays_as_it_is() -> None:
    """Without a merge, its own cells."""
    assert names(("serial", " make ")) == ("serial", "make")


def test_a_title_over_everything_names_no_column() -> None:
    """Every name is one already, so nothing is put before it."""
    assert names(("Seizures", "", ""), ("a", "b", "c"), merged=(Merged(1, 1, 1, 3),)) == ("a", "b", "c")


def test_a_name_that_reaches_down_is_the_column_s() -> None:
    """Over two lines, or three."""
    assert names(("a", "g"), ("", ""), ("", "b"), merged=(Merged(1, 1, 3, 1),)) == ("a", "b")


def test_headings_are_put_before_names_that_are_alike_alone() -> None:
    """Two dates and one serial: the dates are told apart, the serial keeps its short name."""
    header = (("sale", "", "seizure", ""), ("date", "shop", "Date", "serial"))

    assert names(*header, merged=(Merged(1, 1, 1, 2), Merged(1, 3, 1, 4))) == (
        "sale date",
        "shop",
        "seizure Date",
        "serial",
    )


def test_a_heading_over_one_column_is_no_heading() -> None:
    """A cell above a name, not merged over others, is a title."""
    assert names(("x", "y"), ("a", "a"), merged=(Merged(1, 1, 1, 1),)) == ("a", "a")


def test_a_name_over_several_columns_counts_them() -> None:
    """From the second on, the end of the row included."""
    assert names(("serial", "", "", "make", ""), merged=(Merged(1, 1, 1, 3), Merged(1, 4, 1, 5))) == (
        "serial",
        "serial 2",
        "serial 3",
        "make",
        "make 2",
    )


def test_a_merge_that_ends_beyond_the_last_cell_counts_too() -> None:
    """Spreadsheets leave empty cells at the end of a row out of the file."""
    assert names(("serial",), merged=(Merged(1, 1, 1, 2),)) == ("serial", "serial 2")


def test_the_header_ends_where_its_names_end() -> None:
    """Found on the first line, it is the second if a name reaches there; blank lines between are none."""
    found = [Row(line=2, cells=("a", "g")), Row(line=4, cells=("", "b")), Row(line=5, cells=("1", "2"))]

    assert last_header_row(found, 0, ()) == 0
    assert last_header_row(found, 0, (Merged(2, 1, 4, 1),)) == 1
    assert last_header_row(found, 0, (Merged(2, 1, 3, 1),)) == 0


@pytest.mark.parametrize(
    ("merged", "named"),
    [
        (Merged(2, 1, 3, 1), "A2:A3"),
        (Merged(3, 1, 3, 2), "A3:B3"),
        (Merged(1, 2, 2, 2), "B1:B2"),
        (Merged(3, 2, 9, 40), "B3:AN9"),
    ],
)
def test_a_merge_below_the_header_is_named(merged: Merged, named: str) -> None:
    """By its address, with what to do."""
    with pytest.raises(ListError, match=f"cells {named} are merged") as caught:
        unmerged_rows(rows(("1", "2"), ("3", "4"), first=2), (merged,), header_line=1, width=2)
    assert caught.value.next_step


@pytest.mark.parametrize("merged", [Merged(1, 1, 1, 2), Merged(2, 3, 3, 4), Merged(9, 1, 10, 2)])
def test_a_merge_elsewhere_is_no_matter(merged: Merged) -> None:
    """In the header, right of the list, below its last row."""
    found = rows(("1", "2"), ("3", "4"), first=2)

    assert unmerged_rows(found, (merged,), header_line=1, width=2) == tuple(found)


@given(
    st.lists(RANGES, max_size=4),
    st.lists(st.lists(st.text("ab ", max_size=2), max_size=6).map(tuple), min_size=1, max_size=4),
)
def test_any_merges_give_names_or_a_refusal(merged: list[Merged], lines: list[tuple[str, ...]]) -> None:
    """Overlapping, nested, beyond the sheet: nothing but a ListError is raised."""
    found = rows(*lines)
    end = last_header_row(found, 0, merged)
    header = merged_header(found[: end + 1], merged)
    try:
        unmerged_rows(found[end + 1 :], merged, header_line=header.line, width=len(header.cells))
    except ListError:
        return
    assert header.line == found[end].line
