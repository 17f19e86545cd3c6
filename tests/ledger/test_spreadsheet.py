"""Cells: wrappers come off, formulas are known, what we write cannot be run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.spreadsheet import is_damaged_number, is_formula, unwrap


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('="00123"', "00123"),
        (' = "00123" ', "00123"),
        ('=CONCATENATE("12","34")', "1234"),
        ('=CONCATENATE("12";"34")', "1234"),
        ('=concat("AB" , "12")', "AB12"),
        ('="AB"&"12"', "AB12"),
        ('=T("0012")', "0012"),
        ('="a""b"', 'a"b'),
        ("'00123", "00123"),
        ("'", "'"),
        ("1234.0", "1234"),
        ("1234,0", "1234"),
        ("1234.50", "1234.50"),
        ("12.0.0", "12.0.0"),
        ("=A1", "=A1"),
        ("=SUM(1,2)", "=SUM(1,2)"),
        ("AB12", "AB12"),
        ("", ""),
    ],
)
def test_wrappers_come_off(cell: str, text: str) -> None:
    """What a spreadsheet needs to keep a number a text goes; a formula that computes stays what it is."""
    assert unwrap(cell) == text


@given(text=st.text(max_size=30).filter(lambda one: one == one.strip()))
def test_a_wrapped_text_comes_back(text: str) -> None:
    """Wrapping and unwrapping gives the text, quotes within it included."""
    quoted = text.replace('"', '""')

    assert unwrap(f'="{quoted}"') == text
    assert unwrap(f'=CONCATENATE("{quoted}","")') == text


@given(cell=st.text(max_size=40))
def test_any_cell_unwraps(cell: str) -> None:
    """No cell makes the reader fail."""
    assert isinstance(unwrap(cell), str)


@pytest.mark.parametrize("text", ["=1+1", " =A1", "@SUM(1)", "+cmd|'/C calc'!A0", "-SUM(1)", '=HYPERLINK("http://x")'])
def test_formulas_are_known(text: str) -> None:
    """What a spreadsheet would run is recognised."""
    assert is_formula(text)


@pytest.mark.parametrize("text", ["-12345", "+49 123", "@1234", "AB=12", "12-34", "", "- A 1234"])
def test_numbers_that_begin_like_formulas_are_numbers(text: str) -> None:
    """A sign before digits is a clerk's, not a formula."""
    assert not is_formula(text)


@pytest.mark.parametrize("text", ["1.23E+11", "1,2E+9", "12E+10", "1.E+5", "1.5e11", "-1.2E-05"])
def test_floats_are_known(text: str) -> None:
    """The marks a float leaves are recognised."""
    assert is_damaged_number(text)


@pytest.mark.parametrize("text", ["52E029294", "12E10", "1E5", "E+11", "1.23", "ABE573528", "5E-10", ""])
def test_numbers_with_an_e_are_no_floats(text: str) -> None:
    """Makers put an E between digits: 52E029294 is a real number."""
    assert not is_damaged_number(text)
