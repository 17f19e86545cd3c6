"""Rows that hold nothing: left out where nobody can tell, and nowhere else."""

import io
from collections.abc import Sequence
from xml.etree.ElementTree import ParseError, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.lists.emptyrows import CHUNK_BYTES, WithoutEmptyRows
from clients.lists.reading import read_table
from tests.support.workbooks import sheet_of, workbook

BARE = '<row r="{0}" ht="15" customHeight="1"/>'
BORDERED = '<row r="{0}" spans="1:2"><c r="A{0}" s="1"/><c r="B{0}" s="{0}"/></row>'
SHAPES = (
    BARE,
    BORDERED,
    '<row r="{0}"></row>',
    '<row r="{0}"><c r="A{0}"/><c/></row>',
    '<row r="{0}"><c r="A7" s="1"/></row>',
    '<row s="1"/>',
    '<row r="{0}" r="{0}"/>',
    '<row r="{0}"><c r="A{0}"><v>{0}</v></c></row>',
    '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t><![CDATA[<row r="1"/><row r="2"/><row r="3"/>]]></t></is></c></row>',
)


def thinned(xml: bytes, chunk_bytes: int = CHUNK_BYTES) -> bytes:
    """Return what is left of a sheet's XML."""
    file = WithoutEmptyRows(io.BytesIO(xml), chunk_bytes=chunk_bytes)
    return b"".join(iter(file.read, b""))


def sheet(rows: Sequence[str]) -> bytes:
    """Return the XML of these rows."""
    return f"<sheetData>{''.join(rows)}</sheetData>".encode()


def rows_of(xml: bytes) -> tuple[list[tuple[str, str]], bool]:
    """Return the number and text of each row that holds anything, and whether the rows' numbers rise.

    A row without a number has the one after that of the row before.
    """
    numbers: list[int] = []
    texts: list[str] = []
    for row in fromstring(xml):  # noqa: S314 - our own XML
        numbers.append(int(row.get("r", numbers[-1] + 1 if numbers else 1)))
        texts.append("".join(row.itertext()))
    filled = [(str(number), text) for number, text in zip(numbers, texts, strict=True) if text]
    return filled, numbers == sorted(set(numbers))


@given(
    drawn=st.lists(st.tuples(st.sampled_from(SHAPES), st.integers(1, 3), st.integers(1, 30)), max_size=12),
    chunk_bytes=st.sampled_from([1, 7, 40, 300, CHUNK_BYTES]),
    swapped=st.integers(0, 40),
)
def test_what_is_left_says_what_the_sheet_says(
    drawn: list[tuple[str, int, int]], chunk_bytes: int, swapped: int
) -> None:
    """Every row with content keeps its number, rows out of order stay so, and what is no XML stays none."""
    rows, number = [], 0
    for shape, step, times in drawn:
        for _ in range(times):
            number += step
            rows.append(shape.format(number))
    if swapped + 1 < len(rows):
        rows[swapped], rows[swapped + 1] = rows[swapped + 1], rows[swapped]
    xml = sheet(rows)
    left = thinned(xml, chunk_bytes)

    try:
        expected = rows_of(xml)
    except ParseError:
        with pytest.raises(ParseError):
            fromstring(left)  # noqa: S314 - as above
    else:
        assert expected == rows_of(left)


@pytest.mark.parametrize("shape", [BARE, '<row r="{0}"><c r="A{0}" s="1"/><c r="B{0}" s="2"/></row>'])
def test_hardly_anything_is_left_of_rows_that_are_only_formatted(shape: str) -> None:
    """A hundred thousand of them, whether a row or its cells have the format."""
    xml = sheet([shape.format(number) for number in range(1, 100_001)])

    assert len(thinned(xml)) < len(xml) / 1_000


def test_a_row_far_below_is_found() -> None:
    """After half a million formatted rows one holds something, and it goes in with its line."""
    empty = "".join(BARE.format(number) for number in range(3, 500_000))
    far = '<row r="500000"><c r="A500000" t="inlineStr"><is><t>Z9</t></is></c></row>'
    raw = sheet_of(workbook([("serial",), ("X1",)]), b"</sheetData>", f"{empty}{far}</sheetData>".encode())

    assert [(row.line, row.cells) for row in read_table(raw).rows] == [(2, ("X1",)), (500_000, ("Z9",))]
