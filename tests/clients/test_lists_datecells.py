"""Dates as officers write them: by the map's patterns alone, in any digits, never turned around."""

import datetime as dt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clients.lists import monthnames
from clients.lists.cells import CellError
from clients.lists.datecells import FIRST_YEAR, LAST_YEAR, fitting_patterns, mostly_fitting, read_date, unfitting
from clients.lists.headers import fold
from clients.lists.maps import DATE_EXAMPLES, DATE_PATTERNS
from ledger.dates import parse_date

DAYS = st.dates(min_value=dt.date(FIRST_YEAR, 1, 1), max_value=dt.date(LAST_YEAR, 12, 31))
SPELLINGS = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "DD-MM-YYYY": "%d-%m-%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
    "YYYY/MM/DD": "%Y/%m/%d",
    "YYYYMMDD": "%Y%m%d",
}
DIGITS = ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९")


NAMED = ("D MONTH YYYY", "MONTH D YYYY")


def test_every_pattern_that_a_map_may_name_is_read() -> None:
    """No more and no fewer, but for EDTF and the two with the month as a word, which are no patterns of digits."""
    assert {*SPELLINGS, *NAMED, "EDTF"} == set(DATE_PATTERNS)


@pytest.mark.parametrize("pattern", DATE_PATTERNS)
def test_the_example_of_a_pattern_is_read_by_it(pattern: str) -> None:
    """What a form shows beside a pattern is what the pattern reads: the 17th of March, or March as far as it is known."""
    assert read_date(DATE_EXAMPLES[pattern], [pattern]) in ("2026-03-17", "2026-03?")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17 March 2026", "2026-03-17"),
        ("17 mars 2026", "2026-03-17"),
        ("17 مارس 2026", "2026-03-17"),
        ("١٧ آذار ٢٠٢٦", "2026-03-17"),  # noqa: RUF001 - digits of another script are what is meant
        ("17-Mar-2026", "2026-03-17"),
        ("17-MAR-2026", "2026-03-17"),
        ("17th of March, 2026", "2026-03-17"),
        ("1er févr. 2026", "2026-02-01"),
        ("1 fe\u0301vrier 2026", "2026-02-01"),
        ("2 août 2026", "2026-08-02"),
        ("3 أغسطس 2026", "2026-08-03"),
        ("٣ تشرين الثاني ٢٠٢٦", "2026-11-03"),
        ("17 March 2026 00:00", "2026-03-17"),
        ("March 2026", "2026-03"),
        ("juillet 2026", "2026-07"),
    ],
)
def test_a_month_by_its_name_is_read_where_the_map_says_so(text: str, expected: str) -> None:
    """In English, French and Arabic, short and long; and by no other pattern."""
    assert read_date(text, ["D MONTH YYYY"]) == expected
    for pattern in SPELLINGS:
        with pytest.raises(CellError, match="in a spelling that the map does not name"):
            read_date(text, [pattern])


@pytest.mark.parametrize("text", ["March 17, 2026", "Mar. 17th 2026", "mars 17 2026"])
def test_the_month_may_come_first(text: str) -> None:
    """As it is written in America."""
    assert read_date(text, ["MONTH D YYYY"]) == "2026-03-17"


@pytest.mark.parametrize(
    "text",
    [
        *("17 March 2026?", "~17 March 2026", "17 jui 2026", "17 تشرين 2026", "17 محرم 1447", "17 March 26"),
        *("17 Martober 2026", "March", "17 2026", "17 March 2026 or so", "17 March 2026/2027", "17/March?/2026"),
    ],
)
def test_a_name_that_is_no_month_or_two_is_not_guessed_at(text: str) -> None:
    """Uncertain, ambiguous, of another calendar, without a century: a person has to say what is meant."""
    for pattern in NAMED:
        with pytest.raises(CellError):
            read_date(text, [pattern])


def test_no_calendar_has_the_31st_of_february_by_name() -> None:
    """The day is checked as of any other spelling."""
    with pytest.raises(CellError, match="no such day"):
        read_date("31 February 2026", ["D MONTH YYYY"])


def test_no_name_is_that_of_two_months() -> None:
    """Across the three languages, as they are compared: whoever adds one that is taken changes a date."""
    listed = [fold(name) for names in monthnames._NAMES for name in names.split(",")]
    of = {
        name: {at for at, names in enumerate(monthnames._NAMES) if name in map(fold, names.split(","))}
        for name in listed
    }

    assert all(len(months) == 1 for months in of.values())
    assert set(monthnames.MONTH_BY_NAME.values()) == set(range(1, 13))


@given(DAYS, st.sampled_from(sorted(monthnames.MONTH_BY_NAME)), st.sampled_from(NAMED))
def test_a_named_month_comes_back_whatever_it_is_called(day: dt.date, name: str, pattern: str) -> None:
    """Every name of every month, in either order."""
    month = monthnames.MONTH_BY_NAME[name]
    text = f"{day.day} {name} {day.year}" if pattern == NAMED[0] else f"{name} {day.day} {day.year}"
    try:
        expected = dt.date(day.year, month, day.day).isoformat()
    except ValueError:
        with pytest.raises(CellError, match="no such day"):
            read_date(text, [pattern])
        return

    assert read_date(text, [pattern]) == expected


@given(DAYS, st.sampled_from(sorted(SPELLINGS)))
def test_a_day_comes_back_whatever_pattern_it_was_written_in(day: dt.date, pattern: str) -> None:
    """Written by the pattern, read by the pattern."""
    assert read_date(day.strftime(SPELLINGS[pattern]), [pattern]) == day.isoformat()


@given(DAYS)
def test_day_and_month_are_as_the_map_says(day: dt.date) -> None:
    """The same text under the two orders is two days, where it is a day at all."""
    text = day.strftime("%d/%m/%Y")
    turned = f"{day.year:04}-{day.day:02}-{day.month:02}"

    assert read_date(text, ["DD/MM/YYYY"]) == day.isoformat()
    if day.day > 12:
        with pytest.raises(CellError, match="no such day"):
            read_date(text, ["MM/DD/YYYY"])
    else:
        assert read_date(text, ["MM/DD/YYYY"]) == turned


@given(DAYS, st.sampled_from(DIGITS))
def test_digits_of_other_scripts_are_digits(day: dt.date, digits: str) -> None:
    """Arabic-Indic, Persian, Devanagari."""
    text = day.strftime("%d.%m.%Y").translate(str.maketrans("0123456789", digits))

    assert read_date(text, ["DD.MM.YYYY"]) == day.isoformat()


@given(DAYS, st.sampled_from(["T00:00", " 00:00:00", " 23:59", "T12:30:00.000Z", " 7:05"]))
def test_a_time_of_day_is_left_out(day: dt.date, time: str) -> None:
    """Spreadsheets add midnight to every date."""
    assert read_date(day.isoformat() + time, ["YYYY-MM-DD"]) == day.isoformat()


@pytest.mark.parametrize("text", ["2021", "2021-03", "2021-03-14"])
def test_what_can_mean_one_thing_alone_is_always_read(text: str) -> None:
    """Whatever the map's patterns are: a year, a month of a year, a day year first."""
    assert read_date(text, ["DD.MM.YYYY"]) == text


@pytest.mark.parametrize("text", ["2021-13", "2021-02-30", "2021-00-10", "0000-01-01"])
def test_what_no_calendar_has_is_refused_so_too(text: str) -> None:
    """Year first is no licence."""
    with pytest.raises(CellError):
        read_date(text, ["DD.MM.YYYY"])


@pytest.mark.parametrize("text", ["2021~", "2021-03?", "2020/2021"])
def test_uncertain_dates_need_the_map_s_word(text: str) -> None:
    """EDTF is read where the map names it."""
    assert read_date(text, ["EDTF"]) == text
    with pytest.raises(CellError):
        read_date(text, ["YYYY-MM-DD"])


@pytest.mark.parametrize("year", [FIRST_YEAR - 1, LAST_YEAR + 1, 1442, 9999])
def test_a_year_of_another_calendar_is_refused(year: int) -> None:
    """1442 is a year of the Hijra; it is not guessed at."""
    with pytest.raises(CellError, match="the year is not between"):
        read_date(f"14.03.{year:04}", ["DD.MM.YYYY"])


@pytest.mark.parametrize("text", ["14.3.2.1", "yesterday", "14,03,2021", "14.03.2021 or so"])
def test_what_the_map_does_not_spell_is_refused(text: str) -> None:
    """With the spellings that are asked for, and without the cell."""
    with pytest.raises(CellError, match="no date is spelled so") as caught:
        read_date(text, ["DD.MM.YYYY", "YYYY/MM/DD"])

    assert "DD.MM.YYYY or YYYY/MM/DD" in caught.value.fix
    assert text not in caught.value.fix + caught.value.cause


@pytest.mark.parametrize("patterns", [["DD.MM.YYYY"], ["EDTF", "YYYYMMDD"]])
@pytest.mark.parametrize("text", ["44269", "46100", "46100.5", "٤٦١٠٠"])
def test_a_spreadsheet_s_number_for_a_day_is_told_as_what_it_is(text: str, patterns: list[str]) -> None:
    """With what to do in the spreadsheet; which day it means depends on the program that wrote it, so none is guessed."""
    with pytest.raises(CellError, match="spreadsheet's own number for a day") as caught:
        read_date(text, patterns)

    assert "format the column as a date" in caught.value.fix


@given(st.lists(DAYS, min_size=1, max_size=6), st.sampled_from(sorted(SPELLINGS)))
def test_the_pattern_that_was_used_is_among_those_proposed(days: list[dt.date], pattern: str) -> None:
    """And every pattern that is proposed reads every cell."""
    cells = [day.strftime(SPELLINGS[pattern]) for day in days]
    proposed = fitting_patterns(cells)

    assert pattern in proposed or all(cell == day.isoformat() for cell, day in zip(cells, days, strict=True))
    assert all(read_date(cell, [one]) for one in proposed for cell in cells)


def test_no_pattern_is_proposed_for_no_cells() -> None:
    """Nothing seen, nothing guessed."""
    assert fitting_patterns([]) == ()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["17 March 2026", "2026-03-18", "2026"], ("D MONTH YYYY",)),
        (["2026-03-18", "2026"], ("YYYY-MM-DD",)),
        (["01/02/2026", "02/03/2026"], ("DD/MM/YYYY", "MM/DD/YYYY")),
        (["01/02/2026", "13/03/2026"], ("DD/MM/YYYY",)),
        (["01/02/2026", "03/13/2026"], ("MM/DD/YYYY",)),
        (["13/02/2026", "03/13/2026"], ()),
        (["17 March 2026", "17.03.2026"], ()),
    ],
)
def test_what_all_cells_fit_is_proposed_and_what_they_do_not_tell_is_left_open(
    cells: list[str], expected: tuple[str, ...]
) -> None:
    """One that fits all is proposed; two are a question to a person, and none is no guess."""
    assert fitting_patterns(cells) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["17.03.2026", "18.03.2026", "31.02.2026"], ("DD.MM.YYYY",)),
        (["17.03.2026", "18.03.2026", "46100", "2026"], ("DD.MM.YYYY",)),
        (["01/02/2026", "02/03/2026", "46100"], ("DD/MM/YYYY", "MM/DD/YYYY")),
        (["01/02/2026", "31/03/2026", "46100"], ("DD/MM/YYYY",)),
        (["13/02/2026", "14/02/2026", "03/13/2026"], ()),
        (["17.03.2026", "46100"], ()),
        (["46100"], ()),
        (["2026-03-18"], ("YYYY-MM-DD",)),
        ([], ()),
    ],
)
def test_what_most_cells_fit_is_told_and_day_and_month_are_never_outvoted(
    cells: list[str], expected: tuple[str, ...]
) -> None:
    """One mistyped cell hides no pattern; one that turns day and month is no mistake that a majority may settle."""
    assert mostly_fitting(cells) == expected


def test_the_cells_that_no_pattern_reads_are_named_by_place() -> None:
    """An empty cell says nothing, and a year alone is a date."""
    assert unfitting(["17.03.2026", "", "31.02.2026", "2026", "46100"], ["DD.MM.YYYY"]) == (2, 4)


@given(st.text(max_size=20), st.lists(st.sampled_from(DATE_PATTERNS), min_size=1, max_size=3))
def test_any_cell_gives_a_date_of_the_ledger_or_a_cell_error(text: str, patterns: list[str]) -> None:
    """Whatever an officer wrote."""
    try:
        found = read_date(text, patterns)
    except CellError:
        return
    parse_date(found)


@given(DAYS, DAYS)
def test_two_days_stay_in_their_order(one: dt.date, other: dt.date) -> None:
    """Reading changes no day into another."""
    assume(one < other)

    assert read_date(one.strftime("%d.%m.%Y"), ["DD.MM.YYYY"]) < read_date(other.strftime("%d.%m.%Y"), ["DD.MM.YYYY"])


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("14 / 03 / 2026", "DD/MM/YYYY", "2026-03-14"),
        ("14.03.2026.", "DD.MM.YYYY", "2026-03-14"),
        ("14.03.2026 г.", "DD.MM.YYYY", "2026-03-14"),  # noqa: RUF001 - Cyrillic is what is meant
        ("5/4/2026 8:00 PM", "DD/MM/YYYY", "2026-04-05"),
        ("5/4/2026, 23h30", "DD/MM/YYYY", "2026-04-05"),
        ("14 de marzo de 2026", "D MONTH YYYY", "2026-03-14"),
        ("1º de março de 2026", "D MONTH YYYY", "2026-03-01"),
        ("3 апреля 2026 г.", "D MONTH YYYY", "2026-04-03"),  # noqa: RUF001 - as above
        ("5 квітня 2026 року", "D MONTH YYYY", "2026-04-05"),
        ("14. März 2026", "D MONTH YYYY", "2026-03-14"),
    ],
)
def test_what_officers_write_around_a_date_says_nothing(text: str, pattern: str, expected: str) -> None:
    """Blanks at the strokes, a point or the word for year behind it, "de" between, a time of day after it."""
    assert read_date(text, [pattern]) == expected


@pytest.mark.parametrize("text", ["14/03/26", "14.3.26", "14-Mar-26", "3 avr. 26"])
def test_a_year_of_two_digits_is_not_guessed(text: str) -> None:
    """1926 and 2026 are both in these lists; the spreadsheet still knows which, and is asked to show it."""
    with pytest.raises(CellError, match="either century") as caught:
        read_date(text, SPELLINGS)

    assert "yyyy-mm-dd" in caught.value.fix


def test_a_time_without_a_date_is_called_that() -> None:
    """A column of times beside that of dates was taken for it."""
    with pytest.raises(CellError, match="a time of day, and no date"):
        read_date("14:30", ["YYYY-MM-DD"])


@pytest.mark.parametrize(
    ("text", "ways"),
    [("03/04/2026", "DD/MM/YYYY or MM/DD/YYYY"), ("14.03.2026", "DD.MM.YYYY"), ("14 March 2026", "D MONTH YYYY")],
)
def test_a_spelling_that_the_map_does_not_name_is_told(text: str, ways: str) -> None:
    """So that the officer names it in the map, and does not type ten thousand dates anew."""
    with pytest.raises(CellError, match="in a spelling that the map does not name") as caught:
        read_date(text, ["YYYY-MM-DD"])

    assert caught.value.fix == f"name {ways} under dates, as it is meant"


@pytest.mark.parametrize("text", ["1" + " " * 32_000 + "x", "1." * 16_000, "2021-" * 6_000])
def test_attack_a_date_made_to_be_read_slowly(text: str) -> None:
    """What is longer than any date is none, and is not searched for one: ten thousand such cells took a day."""
    with pytest.raises(CellError):
        read_date(text, DATE_PATTERNS)
