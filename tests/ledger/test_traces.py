"""The chain of transfer of one weapon."""

from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.custody import Custody
from ledger.dates import certainly_before
from ledger.eventfields import KINDS
from ledger.traces import Outcome, trace_of
from tests.support.sightings import life, seen

LOST = (
    ("manufacture", "2001", "XAR"),
    ("export", "2004-05", "XAR"),
    ("receipt", "2004-08-02", "XBE"),
    ("issue_to_force", "2005-01-10", "XBE"),
    ("recovery", "2011-03-04", "XCO"),
)


def test_events_stand_in_the_order_of_time_however_they_were_logged() -> None:
    """The chain does not depend on who logged first."""
    chains = {
        tuple(event.kind for event in trace_of(seen(at, *one) for at, one in enumerate(order)).events)
        for order in permutations(LOST)
    }

    assert chains == {("manufacture", "export", "receipt", "issue_to_force", "recovery")}


def test_within_one_day_a_weapon_is_made_before_it_is_sold_and_lost_before_it_is_found() -> None:
    """Dates that tie are put in the one order a life can have."""
    trace = life(
        ("recovery", "2010", "XAR"), ("theft", "2010", "XAR"), ("sale", "2010", "XAR"), ("manufacture", "2010", "XAR")
    )

    assert [event.kind for event in trace.events] == ["manufacture", "sale", "theft", "recovery"]


@pytest.mark.parametrize(
    ("events", "order"),
    [
        # Known to the year alone, it was stolen after it was issued and before it was found.
        (
            (("recovery", "2010-08"), ("theft", "2010"), ("issue_to_force", "2010-05-03"), ("manufacture", "2010")),
            ["manufacture", "issue_to_force", "theft", "recovery"],
        ),
        # Of an open beginning only the end is known: that is no reason to have it first of all.
        (
            (("theft", "../2014"), ("manufacture", "2001"), ("issue_to_force", "2005-05-03"), ("recovery", "2016")),
            ["manufacture", "issue_to_force", "theft", "recovery"],
        ),
        # Taken back in the year in which it was handed back, it was taken back first.
        (
            (("return", "2010-03"), ("recovery", "2010"), ("theft", "2009"), ("issue_to_force", "2008")),
            ["issue_to_force", "theft", "recovery", "return"],
        ),
        # Nothing that a date decides is turned round: stolen before it was ever issued stays so.
        (
            (("issue_to_force", "2010-05-03"), ("theft", "2010-04"), ("manufacture", "2009~")),
            ["manufacture", "theft", "issue_to_force"],
        ),
        # What says nothing of custody stands where its date begins.
        (
            (("recovery", "2012"), ("ballistic_link", "2011-02"), ("theft", "2011"), ("observation", "2011-06-01")),
            ["theft", "ballistic_link", "observation", "recovery"],
        ),
    ],
)
def test_dates_that_leave_the_order_open_are_read_as_one_life(
    events: tuple[tuple[str, str], ...], order: list[str]
) -> None:
    """A year, an interval or an open beginning puts no theft before the issue it ended, and makes no second loss."""
    trace = life(*((kind, date, "XAR") for kind, date in events))

    assert [event.kind for event in trace.events] == order
    assert len(trace.diversions) == 1


def test_an_event_without_a_date_is_kept_apart_from_the_chain() -> None:
    """What has no date has no place in time, and is not lost either."""
    trace = life(("manufacture", "2001", "XAR"), ("sale", None, "XAR"))

    assert [event.kind for event in trace.undated] == ["sale"]


def test_a_withheld_event_is_known_to_be_one_and_tells_nothing() -> None:
    """A record whose event is withheld shows its agency and no kind, date or place."""
    (event,) = trace_of([seen(3, None, None, None, iss="xbe-cib", withheld=("event", "case"))]).undated

    assert event.is_withheld
    assert (event.agency, event.kind, event.when, event.country) == ("xbe-cib", None, None, None)
    assert event.custody is Custody.UNSAID


@pytest.mark.parametrize("date", ["yesterday", 2010, "2010-13"])
def test_a_date_that_no_calendar_has_is_no_date(date: str | int) -> None:
    """Fields of other agencies are signed, not believed: what is no date breaks no trace."""
    trace = trace_of([seen(1, "recovery", None, event__date=date)])

    assert not trace.events
    assert len(trace.undated) == 1


def test_lawful_custody_that_is_handed_over_has_no_gap() -> None:
    """From the maker to the force each step is accounted for, years apart as they may be."""
    assert life(*LOST[:4]).gaps == ()


def test_a_stretch_between_lawful_and_illicit_is_a_gap_with_its_length() -> None:
    """Between the last lawful event and the recovery nothing may be read: how long is said."""
    (gap,) = life(*LOST).gaps

    assert (gap.before.kind, gap.after.kind) == ("issue_to_force", "recovery")
    assert gap.days.exact == 2_244


def test_a_weapon_that_turns_up_in_another_state_without_a_transfer_leaves_a_gap() -> None:
    """Lawful here and lawful there with nothing in between is not the same custody."""
    (gap,) = life(("issue_to_force", "2005", "XBE"), ("stockpile_inventory", "2008", "XCO")).gaps

    assert gap.days.least == 731


def test_between_a_recovery_and_what_its_finder_does_with_the_weapon_is_no_gap() -> None:
    """Whoever took it back has it until it is destroyed or handed on."""
    trace = life(
        ("recovery", "2011-03-04", "XCO"), ("observation", "2011-04-01", "XCO"), ("destruction", "2013", "XCO")
    )

    assert trace.gaps == ()


def test_days_that_touch_are_no_gap() -> None:
    """Lost and found on one day: there is no stretch of which nothing may be read."""
    assert life(("loss", "2010-01-01", "XAR"), ("recovery", "2010-01-01", "XAR")).gaps == ()


def test_the_point_of_diversion_is_bracketed_by_the_last_lawful_and_the_first_illicit_event() -> None:
    """Nobody recorded the loss: it is said to lie between two events, and not to be one of them."""
    (found,) = life(*LOST).diversions

    assert found.last is not None
    assert (found.last.kind, found.first.kind, found.is_recorded) == ("issue_to_force", "recovery", False)


@pytest.mark.parametrize("kind", ["loss", "theft", "capture", "abandonment", "diversion"])
def test_a_loss_that_was_recorded_is_the_point_itself(kind: str) -> None:
    """Who wrote down the loss has established where the weapon became illicit."""
    trace = life(*LOST[:4], (kind, "2009-06", "XBE"), LOST[4])
    (found,) = trace.diversions

    assert (found.first.kind, found.is_recorded) == (kind, True)
    assert trace.outcome is Outcome.DIVERSION


def test_what_follows_a_loss_is_the_same_diversion() -> None:
    """Transfer, offer and recovery after one loss are one time outside lawful hands."""
    trace = life(
        ("issue_to_force", "2005", "XBE"),
        ("theft", "2006", "XBE"),
        ("illicit_transfer", "2007", "XCO"),
        ("offer", "2008", "XCO"),
        ("recovery", "2009", "XCO"),
    )

    assert [found.first.kind for found in trace.diversions] == ["theft"]


def test_a_weapon_lost_again_after_its_recovery_is_bracketed_twice() -> None:
    """Two times outside lawful hands are two points of diversion, each with its own last lawful event."""
    trace = life(*LOST, ("return", "2012", "XCO"), ("theft", "2013", "XCO"), ("recovery", "2014", "XDU"))

    assert [(found.last.kind if found.last else None, found.first.kind) for found in trace.diversions] == [
        ("issue_to_force", "recovery"),
        ("return", "theft"),
    ]


def test_a_weapon_taken_from_the_store_of_its_finder_is_bracketed_from_its_recovery() -> None:
    """What was recovered is lawfully held, so the next theft leaves from there."""
    trace = life(("recovery", "2011", "XCO"), ("offer", "2012", "XCO"))

    assert trace.diversions[1].last == trace.events[0]


def test_without_a_lawful_event_the_bracket_is_open() -> None:
    """A weapon first met in illicit hands has no last lawful custody that one may read."""
    (found,) = life(("recovery", "2011", "XCO")).diversions

    assert found.last is None


def test_an_exhibit_examined_again_is_no_new_diversion() -> None:
    """Half of the repeats of one agency were exhibits examined anew, still recorded as illicit."""
    records = [
        seen(1, "issue_to_force", "2005", "XBE"),
        seen(2, "recovery", "2011-03-04", "XCO", item__owner_class="illicit"),
        seen(3, "observation", "2011-05-01", "XCO", item__owner_class="illicit"),
        seen(4, "observation", "2011-06-01", "XCO", item__owner_class="illicit"),
    ]

    assert len(trace_of(records).diversions) == 1


def test_an_illicit_weapon_observed_elsewhere_after_its_recovery_is_a_new_diversion() -> None:
    """Seen with an illicit owner in another State, it has left the store of its finder."""
    records = [
        seen(1, "recovery", "2011-03-04", "XCO", item__owner_class="illicit"),
        seen(2, "observation", "2012", "XDU", item__owner_class="illicit"),
    ]

    assert len(trace_of(records).diversions) == 2


def test_one_recovery_recorded_by_several_agencies_is_one() -> None:
    """Police, customs and a register that knows the month: none of them accuses the others of having lost it again."""
    trace = life(
        ("issue_to_force", "2005", "XAR"),
        ("recovery", "2011-03-04", "XBE"),
        ("recovery", "2011-03", "XBE"),
        ("recovery", "2011-03-04", "XBE"),
    )

    assert [found.first.kind for found in trace.diversions] == ["recovery"]
    assert len(trace.gaps) == 1


@pytest.mark.parametrize("again", [("recovery", "2011-04-01", "XBE"), ("recovery", "2011-03", "XCO")])
def test_a_recovery_on_another_day_or_in_another_state_is_another_one(again: tuple[str, str, str]) -> None:
    """What certainly came later, or elsewhere, is not folded into the first: the weapon had left the store."""
    assert len(life(("recovery", "2011-03-04", "XBE"), again).diversions) == 2


def test_a_buyback_is_no_proof_of_a_diversion() -> None:
    """Who hands a weapon in for money may have held it lawfully."""
    assert life(("sale", "2001", "XAR"), ("buyback", "2010", "XAR")).diversions == ()


@pytest.mark.parametrize("final", ["destruction", "deactivation", "buyback"])
def test_a_weapon_seen_after_its_end_is_an_alert_to_both(final: str) -> None:
    """What was destroyed, deactivated or bought back and turns up again is told, with both records."""
    (alert,) = life((final, "2010-05-05", "XAR"), ("recovery", "2012", "XBE")).alerts

    assert final in alert.what
    assert (alert.one.kind, alert.other.kind) == (final, "recovery")


@pytest.mark.parametrize(
    "events",
    [
        (("destruction", "2010-05", "XAR"), ("recovery", "2010", "XAR")),
        (("buyback", "2010", "XAR"), ("destruction", "2012", "XAR")),
        (("destruction", "2010", "XAR"), ("ballistic_link", "2012", "XBE")),
        (("buyback", "2010", "XAR"), ("observation", "2012", "XAR")),
        (("buyback", "2010", "XAR"), ("stockpile_inventory", "2012", "XAR")),
        (("deactivation", "2010", "XAR"), ("destruction", "2012", "XBE")),
    ],
)
def test_what_can_be_true_is_no_alert(events: tuple[tuple[str, str, str], ...]) -> None:
    """Dates that may overlap, an end in two steps, old bullets, a look into the store of a buyback: all can be true."""
    assert life(*events).alerts == ()


@pytest.mark.parametrize("again", ["destruction", "deactivation", "buyback", "observation"])
def test_a_weapon_met_in_any_way_after_its_destruction_is_an_alert(again: str) -> None:
    """Destroyed twice, or handed in after it was destroyed: one of the two was another weapon, or was not destroyed."""
    (alert,) = life(("destruction", "2010", "XAR"), (again, "2012", "XAR")).alerts

    assert alert.what == "seen again after destruction"


def test_a_buyback_seen_in_another_state_is_an_alert() -> None:
    """The store of one State is not looked into by another."""
    assert len(life(("buyback", "2010", "XAR"), ("observation", "2012", "XBE")).alerts) == 1


def test_a_weapon_in_two_states_on_one_day_is_an_alert() -> None:
    """Two agencies that had it in hand on one day in two States cannot both be right."""
    (alert,) = life(("recovery", "2012-03-01", "XBE"), ("observation", "2012-03-01", "XCO")).alerts

    assert alert.what == "in two places on one day"


@pytest.mark.parametrize(
    "events",
    [
        (("recovery", "2012-03", "XBE"), ("observation", "2012-03", "XCO")),
        (("recovery", "2012-03-01~", "XBE"), ("observation", "2012-03-01~", "XCO")),
        (("export", "2012-03-01", "XBE"), ("stockpile_inventory", "2012-03-01", "XCO")),
        (("recovery", "2012-03-01", "XBE"), ("observation", "2012-03-01", "XBE")),
        (("recovery", "2012-03-01", "XBE"), ("ballistic_link", "2012-03-01", "XCO")),
    ],
)
def test_a_month_an_approximate_day_and_a_transfer_put_nobody_in_two_places(
    events: tuple[tuple[str, str, str], ...],
) -> None:
    """Only a plain day in two States, with the weapon in hand and no transfer between them, contradicts."""
    assert life(*events).alerts == ()


def test_a_listing_online_puts_a_weapon_nowhere() -> None:
    """Who offers it from one State may have had it seized in another that day; at a market it was in view."""
    seized = seen(1, "recovery", "2012-03-01", "XBE")
    online, market = (seen(2, "offer", "2012-03-01", "XCO", event__offer=where) for where in ("online", "market"))

    assert trace_of([seized, online]).alerts == ()
    assert len(trace_of([seized, market]).alerts) == 1


def test_time_to_crime_counts_from_a_retail_sale_only() -> None:
    """ATF's figure is days from the first retail sale to the recovery, and is not made of anything else."""
    sold = seen(1, "sale", "2009-01-01", event__sale="first_retail")
    resold = seen(2, "sale", "2009-06-01", event__sale="resale")
    found = seen(3, "recovery", "2010-01-01")

    assert trace_of([resold, found]).time_to_crime is None
    days = trace_of([sold, resold, found]).time_to_crime
    assert days is not None
    assert days.exact == 365


def test_without_a_retail_sale_the_days_since_the_last_lawful_custody_are_given() -> None:
    """A service rifle has no retail sale; how long it was gone is known all the same."""
    trace = life(*LOST)

    assert trace.time_to_crime is None
    assert trace.since_lawful is not None
    assert trace.since_lawful.exact == 2_244


def test_time_to_crime_ends_at_the_next_recovery_and_at_no_buyback() -> None:
    """Neither a recovery before the sale nor a buyback after it is what the sale led to."""
    records = [
        seen(1, "recovery", "2005-01-01"),
        seen(2, "sale", "2009-01-01", event__sale="first_retail"),
        seen(3, "buyback", "2009-06-01"),
        seen(4, "recovery", "2010-01-01"),
    ]
    days = trace_of(records).time_to_crime

    assert days is not None
    assert days.exact == 365


def test_days_since_lawful_custody_are_of_one_diversion() -> None:
    """From the last lawful event before a loss to the recovery that ended it, and to no buyback before it."""
    trace = life(("buyback", "2003-01-01", "XAR"), ("theft", "2005", "XAR"), ("recovery", "2004-01-01/2011", "XBE"))

    assert trace.since_lawful is not None
    assert (trace.since_lawful.least, trace.since_lawful.most) == (365, 3_286)


def test_days_are_never_less_than_none() -> None:
    """Lost in a year and found in a month of it: at worst the same day."""
    trace = life(("issue_to_force", "2010", "XAR"), ("recovery", "2010-08", "XBE"))

    assert trace.since_lawful is not None
    assert trace.since_lawful.least == 0
    assert trace.gaps[0].days.least == 0


def test_a_retail_sale_without_a_recovery_behind_it_gives_no_time() -> None:
    """A weapon sold after its recovery and not met since has no time-to-crime."""
    sold = seen(2, "sale", "2013", event__sale="first_retail")

    assert trace_of([seen(1, "recovery", "2005"), sold]).time_to_crime is None


def test_whoever_holds_a_weapon_after_its_recovery_is_not_who_it_was_taken_from() -> None:
    """Issued by its finder, or exported by it, a weapon is not traced by that; its maker may stand on any record."""
    recovered = seen(1, "recovery", "2011")
    issued = seen(2, "issue_to_force", "2013")

    assert trace_of([recovered, issued]).outcome is Outcome.NONE
    assert trace_of([recovered, seen(2, "export", "2013", item__make="COL")]).outcome is Outcome.MAKER
    assert trace_of([recovered, issued, seen(3, "recovery", "2015", "XBE")]).outcome is Outcome.HOLDER


def test_without_a_recovery_there_is_no_time_to_anything() -> None:
    """A weapon still missing has no time-to-crime."""
    trace = trace_of([seen(1, "sale", "2009-01-01", event__sale="first_retail"), seen(2, "theft", "2010")])

    assert trace.time_to_crime is None
    assert trace.since_lawful is None


@pytest.mark.parametrize(
    ("records", "outcome"),
    [
        ([], Outcome.NONE),
        ([seen(1, "recovery", "2010")], Outcome.NONE),
        ([seen(1, "recovery", "2010", item__make="ZZZ")], Outcome.NONE),
        ([seen(1, "recovery", "2010", item__make="COL")], Outcome.MAKER),
        ([seen(1, "recovery", "2010", item__make="ZZZ", item__make_text="Workshop of Darra")], Outcome.MAKER),
        ([seen(1, "export", "2010")], Outcome.EXPORT),
        ([seen(1, "receipt", "2010")], Outcome.HOLDER),
        ([seen(1, "sale", "2010", event__sale="first_retail")], Outcome.HOLDER),
        ([seen(1, "sale", "2010", event__sale="first_retail", case__buyer="somebody")], Outcome.RETAIL_BUYER),
        ([seen(1, "sale", "2010", event__sale="resale", case__buyer="somebody")], Outcome.HOLDER),
        ([seen(1, "theft", "2010")], Outcome.DIVERSION),
        ([seen(1, "export", "2008"), seen(2, "illicit_transfer", "2010")], Outcome.EXPORT),
    ],
)
def test_the_ladder_is_climbed_as_far_as_the_records_reach(records: list, outcome: Outcome) -> None:  # type: ignore[type-arg] - a table of sightings
    """The outcome is the highest step that a record one may read proves, and no higher."""
    assert trace_of(records).outcome is outcome


events = st.tuples(
    st.sampled_from(sorted(KINDS)),
    st.one_of(st.none(), st.dates().map(str), st.sampled_from(["2010", "2010-05", "2009~", "../2011", "2008/2012"])),
    st.sampled_from(["XAR", "XBE", "XCO"]),
)


@given(st.lists(events, max_size=12))
def test_no_life_breaks_a_trace_and_no_record_is_lost(listed: list[tuple[str, str | None, str]]) -> None:
    """Whatever agencies recorded, every record stands once in its trace, and gaps and brackets name records of it."""
    trace = life(*listed)
    shown = (*trace.events, *trace.undated)

    assert sorted(event.sighting.index for event in shown) == list(range(len(listed)))
    assert not any(
        certainly_before(two.when, one.when) for one, two in combinations(trace.events, 2) if two.when and one.when
    )
    assert all(gap.before in trace.events and gap.after in trace.events for gap in trace.gaps)
    assert all(found.first in trace.events for found in trace.diversions)
    assert all(found.last is None or found.last in trace.events for found in trace.diversions)


@given(st.lists(events, max_size=8), st.randoms(use_true_random=False))
def test_a_trace_does_not_depend_on_the_order_of_reading(
    listed: list[tuple[str, str | None, str]], random: object
) -> None:
    """Records read in any order give one chain."""
    records = [seen(at, *one) for at, one in enumerate(listed)]
    shuffled = list(records)
    random.shuffle(shuffled)  # type: ignore[attr-defined] - hypothesis gives a Random

    assert trace_of(records).events == trace_of(shuffled).events
