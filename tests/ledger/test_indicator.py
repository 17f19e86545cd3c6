"""SDG 16.4.2 and what it must not tell."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.indicator import HOW, LEAST, Count, indicator, suppressed
from ledger.traces import Trace, trace_of
from tests.support.sightings import seen


def recovered(how: str, *, traced: bool, date: str = "2020") -> Trace:
    """Return the trace of a weapon recovered in one way, its theft recorded or not."""
    lost = [seen(1, "theft", "2015")] if traced else []
    return trace_of([*lost, seen(2, "recovery", date, event__recovery=how)])


def many(how: str, traced: int, untraced: int) -> list[Trace]:
    """Return so many weapons of each sort."""
    return [recovered(how, traced=True)] * traced + [recovered(how, traced=False)] * untraced


def test_weapons_are_counted_by_how_they_were_recovered() -> None:
    """Seized, found and surrendered are counted apart, and together."""
    found = indicator([*many("seized", 10, 20), *many("found", 5, 5), *many("surrendered", 0, 7)])

    assert found.by_how["seized"] == Count(recovered=30, traced=10)
    assert found.by_how["surrendered"] == Count(recovered=7, traced=0)
    assert found.total == Count(recovered=47, traced=15)
    assert found.proportion == 15 / 47


def test_a_weapon_counts_once_however_often_it_was_recorded() -> None:
    """Two records of one recovery are one weapon."""
    twice = trace_of(
        [seen(1, "recovery", "2020", event__recovery="seized"), seen(2, "recovery", "2020", event__recovery="seized")]
    )

    assert indicator([twice] * 5).total == Count(recovered=5, traced=0)


def test_weapons_never_recovered_do_not_count() -> None:
    """The indicator is over arms seized, found and surrendered, nothing else."""
    assert indicator([trace_of([seen(1, "theft", "2020")])] * 9).total == Count()


def test_a_year_takes_recoveries_of_that_year_alone() -> None:
    """A date that may be of another year is not counted in this one."""
    dates = ["2020-05-05", "2020", "2019/2020", "2021"]
    traces = [recovered("seized", traced=False, date=date) for date in dates for _ in range(5)]

    assert indicator(traces, year=2020).by_how["seized"] == Count(recovered=10, traced=0)


def test_a_recovery_without_a_date_counts_in_the_figure_of_all_years() -> None:
    """What was recovered on a day unknown was recovered; of no single year is it known."""
    undated = trace_of([seen(1, "theft", "2015"), seen(2, "recovery", None, event__recovery="seized")])

    assert indicator([undated] * 5).by_how["seized"] == Count(recovered=5, traced=5)
    assert indicator([undated] * 5, year=2015).total == Count()


def test_a_loss_of_another_time_does_not_count_as_a_trace_of_this_recovery() -> None:
    """Stolen and recovered, issued again, and found outside once more: how it left the second time nobody recorded."""
    twice = trace_of(
        [
            seen(1, "theft", "2006"),
            seen(2, "recovery", "2009", event__recovery="seized"),
            seen(3, "issue_to_force", "2010"),
            seen(4, "recovery", "2015", event__recovery="seized"),
        ]
    )

    assert indicator([twice] * 5, year=2009).by_how["seized"] == Count(recovered=5, traced=5)
    assert indicator([twice] * 5, year=2015).by_how["seized"] == Count(recovered=5, traced=0)


def test_a_number_below_five_is_suppressed() -> None:
    """One to four weapons could be one case."""
    found = indicator([*many("seized", 10, 20), *many("found", 2, 10), *many("surrendered", 0, 3)])

    assert found.by_how["found"] is None
    assert found.by_how["surrendered"] is None
    assert found.by_how["seized"] is not None


def test_a_single_suppressed_row_takes_the_total_with_it() -> None:
    """The total less the rows shown would be the row that is hidden."""
    found = indicator([*many("seized", 10, 20), *many("found", 3, 10), *many("surrendered", 0, 7)])

    assert found.by_how["found"] is None
    assert found.total is None
    assert found.proportion is None


def test_nothing_at_all_is_a_number_too() -> None:
    """None is not between one and four: an empty table hides nothing."""
    assert indicator([]).by_how == dict.fromkeys(HOW, Count())


counts = st.builds(
    lambda traced, untraced: Count(recovered=traced + untraced, traced=traced), st.integers(0, 12), st.integers(0, 12)
)


@given(st.fixed_dictionaries(dict.fromkeys(HOW, counts)))
def test_attack_computing_what_is_hidden_from_what_is_shown(rows: dict[str, Count]) -> None:
    """No sum or difference of the numbers shown is a number from one to four that is hidden."""
    found = suppressed(rows)
    shown = [count for count in found.by_how.values() if count is not None]

    for count in shown:
        assert all(
            part == 0 or part >= LEAST for part in (count.recovered, count.traced, count.recovered - count.traced)
        )
    if found.total is not None:
        known = sum(shown, Count())
        hidden = [rows[how] for how, count in found.by_how.items() if count is None]
        rest = (found.total.recovered - known.recovered, found.total.traced - known.traced)
        assert len(hidden) != 1
        assert all(part == 0 or part >= LEAST for part in (*rest, rest[0] - rest[1]))
