"""What a cell shows under its number format: digits, zeros, words around them, and as much of a date as is seen."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.lists.numberformats import RoundedError, UnshowableError, shown_date, shown_number, shown_text

MOMENT = dt.datetime(2021, 3, 4, 15, 6, 7)  # noqa: DTZ001 - a spreadsheet knows no time zone


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (0, "General", "0"),
        (1200, "General", "1200"),
        (-3.25, "General", "-3.25"),
        (0.1, "General", "0.1"),
        (1e14, "General", "100000000000000"),
        (1.1000000000000001, "General", "1.1"),
        (573, "00000", "00573"),
        (573528, "00000", "573528"),
        (0, "#", ""),
        (0.25, "#.00", ".25"),
        (12, "0.##", "12"),
        (12.5, "0.##", "12.5"),
        (1.005, "0.00", "1.01"),
        (2.5, "0", "3"),
        (-2.5, "0", "-3"),
        (0.125, "0.0%", "12.5%"),
        (1234567.891, "#,##0.00", "1234567.89"),
        (123456789, "000-00-0000", "123-45-6789"),
        (89, "000-00-0000", "000-00-0089"),
        (12345, "00\\;00", "123;45"),
        (5, '"SN-"0000', "SN-0005"),
        (2, '0 "pcs"', "2 pcs"),
        (2, "[$€-407] 0", "€ 2"),
        (5, "[Red]0", "5"),
        (1, "0_ ;[Red]\\-0\\ ", "1"),
        (-1, "0_ ;[Red]\\-0\\ ", "-1"),
        (-5, "0;(0)", "(5)"),
        (0, '0;-0;"none"', "none"),
        (5, ";;;", ""),
        (1234.5, '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\)', "$1234.50"),
        (7, "@", "7"),
        (7, '"No "@', "No 7"),
        (3, "0;-0;;@", "3"),
        (-7, "General;General", "7"),
    ],
)
def test_a_number_is_shown_as_its_format_says(value: float, code: str, shown: str) -> None:
    """Zeros that lead, decimals that are cut, words around: as on the screen, without the country's separators."""
    assert shown_number(value, code) == shown


@pytest.mark.parametrize(
    "code", ["# ?/?", "# ??/??", "0.00E+00", "0e-0", "0,", "0,,", "0,.0", "[>5]0", "[h]:mm", "yyyy"]
)
def test_a_number_format_that_is_not_read_is_refused(code: str) -> None:
    """Fractions, powers of ten, thousands, conditions, elapsed times: not guessed."""
    with pytest.raises(UnshowableError):
        shown_number(5, code)


@pytest.mark.parametrize("value", [10**15, -(10**15), 1e15, 1.5e300, float("inf")])
@pytest.mark.parametrize("code", ["General", "0", "00000", "@"])
def test_a_number_beyond_fifteen_digits_is_refused(value: float, code: str) -> None:
    """A spreadsheet has made zeros of its last digits: as a serial number it is another weapon's."""
    with pytest.raises(RoundedError):
        shown_number(value, code)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("dd.mm.yyyy", "2021-03-04"),
        ("d/m/yy", "2021-03-04"),
        ("m/d/yyyy", "2021-03-04"),
        ("mm-dd-yy", "2021-03-04"),
        ("[$-F800]dddd, mmmm dd, yyyy", "2021-03-04"),
        ("[$-409]d\\-mmm\\-yy;@", "2021-03-04"),
        ('yyyy"年"m"月"d"日"', "2021-03-04"),
        ("mmm-yy", "2021-03"),
        ("mm/yyyy", "2021-03"),
        ("yyyy", "2021"),
        ("dd yyyy", "2021"),
        ("mmmm", "03"),
        ("dd/mm/yyyy hh:mm:ss", "2021-03-04 15:06"),
        ("m/d/yy h:mm", "2021-03-04 15:06"),
        ("h:mm AM/PM", "15:06"),
        ("mm:ss", "15:06"),
        ("yyyy-mm-dd\\Thh:mm:ss.000", "2021-03-04 15:06"),
    ],
)
def test_a_date_is_shown_year_first_and_no_further_than_its_format(code: str, shown: str) -> None:
    """Day and month are never turned around, and a format that shows a year says that no more is known."""
    assert shown_date(MOMENT, code) == shown


@pytest.mark.parametrize("code", ["[h]:mm", "[mm]:ss", "[<5]yyyy"])
def test_an_elapsed_time_is_no_date(code: str) -> None:
    """Thirty hours are no moment."""
    with pytest.raises(UnshowableError):
        shown_date(MOMENT, code)


@pytest.mark.parametrize(
    ("code", "shown"),
    [("General", "X1"), ("@", "X1"), ("00000", "X1"), ('"SN "@', "SN X1"), ('0;0;0;"["@"]"', "[X1]"), ("", "X1")],
)
def test_a_text_is_shown_as_it_is_or_between_the_words_of_its_format(code: str, shown: str) -> None:
    """A number format leaves a text alone, a text format may stand around it."""
    assert shown_text("X1", code) == shown


@given(st.integers(0, 10**15 - 1), st.integers(1, 15))
def test_zeros_fill_a_number_and_change_nothing_else(value: int, width: int) -> None:
    """A format of zeros gives the digits, with zeros before them up to its width."""
    assert shown_number(value, "0" * width) == str(value).rjust(width, "0")


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_the_general_format_gives_every_digit(value: int) -> None:
    """No power of ten, whatever the width of the column."""
    assert shown_number(value, "General") == str(value)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.text(max_size=12))
def test_any_format_gives_a_text_or_a_refusal(value: float, code: str) -> None:
    """Whatever stands in a format, the answer is a text or one of two errors."""
    try:
        found = shown_number(value, code)
    except (UnshowableError, RoundedError):
        return
    assert isinstance(found, str)


@given(st.datetimes(), st.text(alphabet='ymdhsAP/.:-[]$"\\;@0# ', max_size=14))
def test_any_format_shows_a_date_or_refuses(value: dt.datetime, code: str) -> None:
    """A date under any format is nothing, a part of itself year first, or refused."""
    try:
        found = shown_date(value, code)
    except UnshowableError:
        return
    assert set(found) <= set("0123456789-: ")
