"""Join, dominance and TLP: what several labels together allow."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.labels import Compartment, Level, MembersAt, Purpose
from ledger.markings import Marking, Tlp, exceeding_terms, join, marking, tlp
from tests.support.fields import EVERYBODY, MEMBERS, PARTNERS, US, label, labels

ALL = frozenset(EVERYBODY)


def markings() -> st.SearchStrategy[Marking]:
    """Draw what any label of any originator comes to."""
    return st.builds(
        lambda drawn, originator: marking(drawn, originator=originator, members=MEMBERS),
        labels(),
        st.sampled_from(EVERYBODY),
    )


def _marking(level: Level, *rel: str, originator: str = US) -> Marking:
    return marking(label(level, *rel), originator=originator, members=MEMBERS)


def dominates(upper: Marking, lower: Marking) -> bool:
    """Say whether `upper` is in every term at least as strict as `lower`."""
    return exceeding_terms(lower, upper) == ()


@given(markings(), markings(), markings())
def test_join_is_associative(one: Marking, two: Marking, three: Marking) -> None:
    """A page may be marked piece by piece in any grouping."""
    assert join(join(one, two), three) == join(one, join(two, three)) == join(one, two, three)


@given(markings(), markings())
def test_join_is_commutative(one: Marking, two: Marking) -> None:
    """The order in which things stand on a page does not change its mark."""
    assert join(one, two) == join(two, one)


@given(markings())
def test_join_is_idempotent(one: Marking) -> None:
    """The same label twice is that label."""
    assert one == join(one) == join(one, one)


@given(markings(), markings(), markings())
def test_join_is_monotone(one: Marking, two: Marking, more: Marking) -> None:
    """Adding something to both of two pages never makes the stricter one the laxer."""
    upper = join(one, two)

    assert dominates(upper, one)
    assert dominates(join(upper, more), join(one, more))


@given(markings(), markings(), markings())
def test_join_is_the_least_upper_bound(one: Marking, two: Marking, bound: Marking) -> None:
    """A join is no stricter than it must be: whatever dominates both dominates it."""
    above = join(bound, one, two)

    assert dominates(above, join(one, two))


@given(markings(), markings())
def test_dominance_is_an_order(one: Marking, two: Marking) -> None:
    """Dominance is reflexive, and antisymmetric: each as strict as the other means the same."""
    assert dominates(one, one)
    assert (one == two) or not (dominates(one, two) and dominates(two, one))


@given(markings(), markings(), st.sampled_from(EVERYBODY))
def test_a_join_never_gains_a_reader_a_purpose_or_a_day(one: Marking, two: Marking, agency: str) -> None:
    """Whoever reads a page may read each thing on it."""
    both = join(one, two)

    assert (agency in both.readers) == (agency in one.readers and agency in two.readers)
    assert both.purp <= one.purp
    assert both.comp >= two.comp
    assert both.cav >= one.cav
    assert both.level >= max(one.level, two.level)
    assert one.expires is None or (both.expires is not None and both.expires <= one.expires)


def test_a_join_is_computed_term_by_term() -> None:
    """Highest level, common readers and purposes, all compartments and caveats, earliest days, both originators."""
    ours = marking(
        replace(
            label(Level.RESTRICTED, "xbe-cib", "xco-npa", purp=frozenset({Purpose.TRACE, Purpose.CRIM})),
            comp=frozenset({Compartment.CT}),
            cav=("ORCON",),
            expires=date(2031, 1, 1),
        ),
        originator=US,
        members=MEMBERS,
    )
    theirs = marking(
        replace(
            label(Level.SECRET, US, purp=frozenset({Purpose.TRACE})),
            cav=("NO-PUB",),
            review_by=date(2029, 1, 1),
            expires=date(2030, 1, 1),
        ),
        originator="xbe-cib",
        members=MEMBERS,
    )

    assert Marking(
        originators=frozenset({US, "xbe-cib"}),
        readers=frozenset({US, "xbe-cib"}),
        level=Level.SECRET,
        comp=frozenset({Compartment.CT}),
        purp=frozenset({Purpose.TRACE}),
        cav=frozenset({"ORCON", "NO-PUB"}),
        review_by=date(2029, 1, 1),
        expires=date(2030, 1, 1),
    ) == join(ours, theirs)


def test_an_evaluation_and_a_national_marking_are_dropped_from_a_derived_product() -> None:
    """What one source is worth says nothing about a page made of several."""
    valued = replace(label(), eval="B2", native="VS-NfD")

    assert marking(label(), originator=US, members=MEMBERS) == marking(valued, originator=US, members=MEMBERS)


@pytest.mark.parametrize(
    ("change", "term"),
    [
        ({"level": Level.SECRET}, "level"),
        ({"rel": ("xbe-cib",)}, "readers"),
        ({"comp": frozenset({Compartment.CT})}, "comp"),
        ({"purp": frozenset({Purpose.TRACE})}, "purp"),
        ({"cav": ("ORCON",)}, "cav"),
        ({"expires": date(2030, 1, 1)}, "expires"),
        ({"review_by": date(2030, 1, 1)}, "review_by"),
    ],
)
def test_each_term_in_which_a_label_is_stricter_is_named(change: dict[str, object], term: str) -> None:
    """A person who must choose is told which term of the label stands in the way."""
    base = label(Level.RESTRICTED, "xbe-cib", "xco-npa")
    stricter = replace(base, **change)  # type: ignore[arg-type]  # one good change a row
    lower = marking(stricter, originator=US, members=MEMBERS)
    upper = marking(base, originator=US, members=MEMBERS)

    assert (term,) == exceeding_terms(lower, upper)
    assert exceeding_terms(upper, lower) == ()


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (_marking(Level.UNCLASSIFIED), Tlp.RED),
        (_marking(Level.SECRET, "xbe-cib"), Tlp.AMBER),
        (_marking(Level.UNCLASSIFIED, *PARTNERS), Tlp.GREEN),
        (_marking(Level.UNCLASSIFIED, US, "xbe-cib", "xco-npa", originator="xdu-moi"), Tlp.GREEN),
    ],
)
def test_tlp_follows_from_the_readers(what: Marking, expected: Tlp) -> None:
    """RED for the originator only, GREEN for all members, AMBER between, whatever the level."""
    assert expected is tlp(what, members=ALL)


def test_tlp_shows_orcon_as_strict() -> None:
    """AMBER+STRICT is what ORCON comes to, and to all members too; without readers RED stays RED."""
    orcon = replace(_marking(Level.RESTRICTED, *PARTNERS), cav=frozenset({"ORCON"}))

    assert Tlp.AMBER_STRICT is tlp(orcon, members=ALL)
    assert Tlp.RED is tlp(replace(orcon, readers=frozenset({US})), members=ALL)
    assert Tlp.AMBER_STRICT.value == "TLP:AMBER+STRICT"


def test_green_ends_when_a_newcomer_joins() -> None:
    """All members of an old charter are not all members of today."""
    first = marking(replace(label(), rel=MembersAt(version=1)), originator=US, members=MEMBERS)

    assert Tlp.GREEN is tlp(first, members=MEMBERS(1))
    assert Tlp.AMBER is tlp(first, members=MEMBERS(2))


@given(markings(), markings())
def test_tlp_never_relaxes_under_join(one: Marking, two: Marking) -> None:
    """A page is never shown with a laxer mark than one of the things on it."""
    order = list(Tlp)

    assert order.index(tlp(join(one, two), members=ALL)) <= order.index(tlp(one, members=ALL))


@given(markings())
def test_clear_is_never_computed(one: Marking) -> None:
    """Nothing in the ledger is for everybody, so no label comes to TLP:CLEAR."""
    assert "CLEAR" not in tlp(one, members=ALL).value
