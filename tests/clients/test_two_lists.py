"""Two lists of weapons held against each other blind: what is found, what is missed, what is wrong.

The lists share 1,000 weapons and, by accident, 200 numbers. Here they have 10,000 lines each, which the shares below
are harder on than the 30,000 that `python -m benchmarks joining` measures for every pair of languages: what is added
is weapons that nobody else has.

**Found**: of the 1,000 weapons that stand in both lists, those for which the second list's line of that weapon is in
the answer, as hit or as possible. **Wrong hit**: an answer of class T0 that names another weapon; its share is of the
weapons asked about. Of the hits alone it is more than one in a hundred whatever the rules are: 24 of the 200 accidents
are two models of one maker with one number, and some more are a maker and its licensee, whose makes have to fold. No
rule over make and number tells those apart; how many there are is counted here, and how many of them whoever may read
both records sees to be two weapons.
"""

import pytest

from clients.generator import Options
from tests.support.twolists import (
    BOTH_KNOWN,
    BOTH_MISSING,
    HIT,
    NOTHING,
    OFFICES,
    ONE_GROUP,
    ONE_MAKER,
    ONE_MISSING,
    OTHER_MAKERS,
    Line,
    Shares,
    Tally,
    count,
    two_lists,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lists() -> tuple[list[Line], list[Line]]:
    """Return the lists of an office that writes Spanish and of one that writes Russian."""
    return two_lists(7, OFFICES[1], options=Options(), shares=Shares(rows=10_000))


@pytest.fixture(scope="module")
def tally(lists: tuple[list[Line], list[Line]]) -> Tally:
    """Return what comes of asking about every weapon of the first list."""
    return count(*lists)


def test_the_lists_are_what_was_asked_for(lists: tuple[list[Line], list[Line]]) -> None:
    """10,000 lines each, 1,000 weapons in both, 200 accidents of which 88 % have another maker; errors at their rates."""
    first, second = ({line.weapon.id: line for line in one} for one in lists)
    common = [second[name] for name in first.keys() & second.keys()]
    accidents = [(first[f"a{place:06}"].weapon, second[f"b{place:06}"].weapon) for place in range(200)]

    assert (len(lists[0]), len(first), len(lists[1]), len(second)) == (10_000,) * 4
    assert len(common) == 1_000
    assert [one.slip for one in common].count("O/0") == 2
    assert [one.slip for one in common].count("zero") == [one.slip for one in common].count("letter") == 10
    assert all(one.serial == other.serial for one, other in accidents)
    assert sum(one.model.make != other.model.make for one, other in accidents) == 176
    written = [line.make for line in (*lists[0], *lists[1])]
    assert written.count("missing") / len(written) == pytest.approx(0.03, abs=0.003)
    assert written.count("alias") / len(written) == pytest.approx(0.30, abs=0.01)


def test_found_where_both_makes_are_known(tally: Tally) -> None:
    """Of the weapons in both lists whose make both officers wrote, at least 99 % are found."""
    assert sum(tally.pairs(0, BOTH_KNOWN).values()) > 900
    assert tally.found >= 0.99


def test_every_number_written_alike_is_a_hit_where_both_makes_are_known(tally: Tally) -> None:
    """Aliases, other scripts, labels and O for 0 cost nothing: with both makes known only a lost sign makes it less."""
    of_slip = {
        slip: {best for (known, s, best) in tally.true if (known, s) == (BOTH_KNOWN, slip)} for slip in ("", "O/0")
    }

    assert of_slip == {"": {HIT}, "O/0": {HIT}}


def test_a_lost_sign_is_possible_and_never_a_hit(tally: Tally) -> None:
    """A number without its leading zero or its inner letters is found by T2 or T1, which want the frame inspected."""
    assert set(tally.pairs(1, "zero")) <= {"T2", "T3", NOTHING}
    assert set(tally.pairs(1, "letter")) <= {"T1", "T3", NOTHING}
    assert tally.pairs(1, "zero")["T2"] >= 8
    assert tally.pairs(1, "letter")["T1"] >= 6


def test_without_a_make_a_weapon_is_possible_at_most(tally: Tally) -> None:
    """A make that one officer left out leaves T3, for numbers of seven signs and more; some are missed, as said."""
    missing = tally.pairs(0, ONE_MISSING) + tally.pairs(0, BOTH_MISSING)

    assert set(missing) <= {"T3", NOTHING}
    assert missing["T3"] > missing[NOTHING]


def test_wrong_hits_are_at_most_one_in_a_hundred(tally: Tally) -> None:
    """Of 10,000 weapons asked about, 200 of which share a number by accident, at most 1 % are called another's."""
    assert tally.asked == 10_000
    assert tally.wrong_hits / tally.asked <= 0.01


def test_one_number_of_two_makers_is_no_hit(tally: Tally) -> None:
    """The 88 % that made numbers alone worthless: where the makes do not fold, one number is never a hit."""
    assert tally.others(0, OTHER_MAKERS)[HIT] == 0


def test_all_wrong_hits_are_of_one_make_group(tally: Tally) -> None:
    """What stays wrong is what make and number cannot tell: one maker's two models, or a maker and its licensee."""
    assert tally.wrong_hits == tally.others(0, ONE_MAKER)[HIT] + tally.others(0, ONE_GROUP)[HIT]
    assert tally.hits > 900
