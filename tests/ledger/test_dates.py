"""Dates as the field knows them: one spelling, honest precision, days that are right."""

import csv
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.dates import (
    DaySpan,
    EventDate,
    Interval,
    Point,
    Precision,
    Qualifier,
    certainly_before,
    days_between,
    moment,
    order_key,
    parse_date,
    years_and_months,
)
from ledger.errors import MalformedError
from tests.support.reference import data


def _point(when: date, precision: Precision, qualifier: Qualifier) -> Point:
    return Point(
        year=when.year,
        month=None if precision is Precision.YEAR else when.month,
        day=when.day if precision is Precision.DAY else None,
        qualifier=qualifier,
    )


POINTS = st.builds(_point, st.dates(), st.sampled_from(Precision), st.sampled_from(Qualifier))


def _intervals() -> st.SearchStrategy[Interval]:
    closed = st.tuples(POINTS, POINTS).map(lambda two: sorted(two, key=order_key))
    return (
        closed.map(lambda two: Interval(start=two[0], end=two[1]))
        | POINTS.map(lambda one: Interval(start=one, end=None))
        | POINTS.map(lambda one: Interval(start=None, end=one))
    )


EVENT_DATES: st.SearchStrategy[EventDate] = POINTS | _intervals()


@given(EVENT_DATES)
def test_every_date_reads_back_from_its_one_spelling(when: EventDate) -> None:
    """What is written is read back equal."""
    assert when == parse_date(str(when))


@given(st.text() | st.text(alphabet="0123456789-/.?~%TZ", max_size=24))
def test_any_other_text_is_refused_with_our_error(text: str) -> None:
    """A text is a date in its one spelling, or MalformedError; nothing is guessed."""
    try:
        when = parse_date(text)
    except MalformedError:
        return
    assert text == str(when)


@pytest.mark.parametrize(
    ("text", "earliest", "latest", "precision"),
    [
        ("2021", date(2021, 1, 1), date(2021, 12, 31), Precision.YEAR),
        ("2021-02", date(2021, 2, 1), date(2021, 2, 28), Precision.MONTH),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), Precision.MONTH),
        ("2021-03-14", date(2021, 3, 14), date(2021, 3, 14), Precision.DAY),
        ("1943~", date(1943, 1, 1), date(1943, 12, 31), Precision.YEAR),
        ("0001", date.min, date(1, 12, 31), Precision.YEAR),
    ],
)
def test_a_date_means_the_days_its_precision_allows(
    text: str, earliest: date, latest: date, precision: Precision
) -> None:
    """A year is not its first of January: it is any of its days."""
    when = parse_date(text)

    assert isinstance(when, Point)
    assert (earliest, latest, precision) == (when.earliest, when.latest, when.precision)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2019/2021-03", date(2019, 1, 1), date(2021, 3, 31)),
        ("../2014", date.min, date(2014, 12, 31)),
        ("2014-05-02/..", date(2014, 5, 2), date.max),
        ("2020-05/2020", date(2020, 5, 1), date(2020, 12, 31)),
        ("2020~/2020%", date(2020, 1, 1), date(2020, 12, 31)),
    ],
)
def test_an_interval_reaches_from_its_first_day_to_its_last(text: str, earliest: date, latest: date) -> None:
    """An open end is open, not today."""
    when = parse_date(text)

    assert isinstance(when, Interval)
    assert (earliest, latest) == (when.earliest, when.latest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "21",
        "2021-3",
        "2021-03-1",
        "2021-13",
        "2021-00",
        "2021-03-00",
        "2021-02-29",
        "0000",
        "2021-03-14T10:00",
        "20210314",
        "2021/03/14",
        "14.03.2021",
        "2021~?",
        "?2021",
        "2021 ",
        "2021\n",
        "\u0662\u0660\u0662\u0661",
        "-2021",
        "Y12021",
        "202X",
        "/",
        "../..",
        "2021/",
        "/2021",
        "2021/2019",
        "2019/2020/2021",
        "2021-03/2021-02",
        "..",
    ],
)
def test_other_spellings_and_impossible_days_are_refused(text: str) -> None:
    """A second spelling, a day in no calendar, or an interval that runs backwards is no date."""
    with pytest.raises(MalformedError):
        parse_date(text)


@pytest.mark.parametrize("value", [None, 2021, ["2021"], True])
def test_a_date_is_a_text(value: object) -> None:
    """A number that looks like a year is not a date."""
    with pytest.raises(MalformedError):
        parse_date(value)


def test_code_cannot_build_what_no_calendar_has() -> None:
    """A date value is always in the calendar, whoever builds it."""
    with pytest.raises(MalformedError):
        Point(year=2021, day=4)
    with pytest.raises(MalformedError):
        Point(year=2021, month=0)
    with pytest.raises(MalformedError):
        Interval(start=None, end=None)


def test_the_signs_of_edtf_are_kept() -> None:
    """Uncertain, approximate and both are what the officer wrote, and stay so."""
    assert [
        Point(year=2021, qualifier=Qualifier.UNCERTAIN),
        Point(year=2021, month=3, qualifier=Qualifier.APPROXIMATE),
        Point(year=2021, month=3, day=14, qualifier=Qualifier.BOTH),
    ] == [parse_date(text) for text in ("2021?", "2021-03~", "2021-03-14%")]


@given(st.dates(), st.dates())
def test_days_between_two_days_are_their_plain_difference(start: date, end: date) -> None:
    """With both days known the number is exact: the calendar's own, negative when the end came first."""
    span = days_between(parse_date(start.isoformat()), parse_date(end.isoformat()))

    if date.min not in {start, end} and date.max not in {start, end}:
        assert (end - start).days == span.exact


@given(EVENT_DATES, EVENT_DATES, st.data())
def test_the_true_number_of_days_lies_within_the_span(start: EventDate, end: EventDate, draw: st.DataObject) -> None:
    """Whatever days two dates really were, the difference is between least and most."""
    one = draw.draw(st.dates(min_value=start.earliest, max_value=start.latest))
    two = draw.draw(st.dates(min_value=end.earliest, max_value=end.latest))
    span = days_between(start, end)

    assert span.least is None or span.least <= (two - one).days
    assert span.most is None or span.most >= (two - one).days


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2020-01-01", "2020", DaySpan(least=0, most=365, certain=True)),
        ("2020-01-01", "../2020", DaySpan(least=None, most=365, certain=False)),
        ("2020-01-01/..", "2021-01-01", DaySpan(least=None, most=366, certain=False)),
        ("2020-01-01~", "2020-01-11", DaySpan(least=10, most=10, certain=False)),
        ("2020-01-01", "2020-01-11", DaySpan(least=10, most=10, certain=True)),
    ],
)
def test_days_are_exact_only_between_plain_days(start: str, end: str, expected: DaySpan) -> None:
    """A doubted or vague date gives bounds, never a number that looks exact."""
    span = days_between(parse_date(start), parse_date(end))

    assert expected == span
    assert (span.exact == 10) == (span.certain and span.least == 10)


def test_a_crime_before_the_sale_shows_as_negative() -> None:
    """A contradiction is shown, not hidden behind an absolute value."""
    assert days_between(parse_date("2021-03-14"), parse_date("2021-03-01")).exact == -13


def test_time_to_crime_equals_the_sources_own_on_real_traces() -> None:
    """For every real row with both dates, our days are those of the agency that recorded them."""
    with data("us_de_gunstat_traces.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["sale_date"] and row["crime_date"]]

    counted = [days_between(parse_date(row["sale_date"]), parse_date(row["crime_date"])).exact for row in rows]

    assert len(rows) == 451
    assert [int(float(row["time_to_crime"])) for row in rows] == counted


def test_events_are_ordered_by_first_and_then_by_last_possible_day() -> None:
    """A vague date sorts by where it can begin; among equals the more precise comes first."""
    texts = ["2021-03-14", "2021", "2020-12/2021-02", "../2019", "2021-01", "2021-01-01"]

    ordered = sorted(map(parse_date, texts), key=order_key)

    assert list(map(str, ordered)) == ["../2019", "2020-12/2021-02", "2021-01-01", "2021-01", "2021", "2021-03-14"]


@given(EVENT_DATES, EVENT_DATES)
def test_certainly_before_is_never_said_both_ways(one: EventDate, other: EventDate) -> None:
    """Two events whose days may overlap are in no certain order."""
    assert not (certainly_before(one, other) and certainly_before(other, one))
    assert certainly_before(one, other) == (one.latest < other.earliest)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-03-14T22:05Z", datetime(2021, 3, 14, 22, 5, tzinfo=UTC)),
        ("2021-03-14T19:05:30-03:00", datetime(2021, 3, 14, 22, 5, 30, tzinfo=UTC)),
        ("2021-03-15T03:50+05:45", datetime(2021, 3, 14, 22, 5, tzinfo=UTC)),
    ],
)
def test_a_moment_is_an_instant_whatever_its_offset(text: str, expected: datetime) -> None:
    """The precise time of a case carries its offset, so it is one instant."""
    assert expected == moment(text)


@pytest.mark.parametrize(
    "text",
    [
        "2021-03-14T22:05",
        "2021-03-14 22:05Z",
        "2021-03-14T24:00Z",
        "2021-03-14T22:60Z",
        "2021-02-30T22:05Z",
        "2021-03-14T22:05+00:00",
        "2021-03-14T22:05-00:00",
        "2021-03-14T22:05+25:00",
        "2021-03-14T22:05:30.5Z",
        "2021-03-14T22:05z",
        "2021-03-14",
        "",
        None,
        20210314,
    ],
)
def test_a_moment_without_offset_or_in_another_spelling_is_refused(text: object) -> None:
    """A local time without its offset is several instants; UTC is spelled Z and only so."""
    with pytest.raises(MalformedError):
        moment(text)


@given(st.text(alphabet="0123456789-:TZ+.", max_size=30) | st.datetimes(timezones=st.just(UTC)).map(str))
def test_any_other_text_is_no_moment(text: str) -> None:
    """Arbitrary text is a moment or MalformedError."""
    try:
        when = moment(text)
    except MalformedError:
        return
    assert when.utcoffset() is not None


def test_the_span_of_an_event_grows_with_its_vagueness() -> None:
    """Less precision never gives a narrower span."""
    day = Point(year=2021, month=3, day=14)
    month, year = replace(day, day=None), replace(day, month=None, day=None)

    assert year.earliest <= month.earliest <= day.earliest
    assert day.latest <= month.latest <= year.latest
    assert timedelta(days=364) == year.latest - year.earliest


@pytest.mark.parametrize(
    ("days", "expected"), [(0, (0, 0)), (29, (0, 0)), (30, (0, 1)), (364, (0, 11)), (365, (1, 0)), (1_094, (2, 11))]
)
def test_a_year_has_no_twelve_months_left(days: int, expected: tuple[int, int]) -> None:
    """A day short of three years is two years and eleven months, and never two years and twelve."""
    assert years_and_months(days) == expected
