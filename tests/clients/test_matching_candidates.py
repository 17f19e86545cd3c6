"""Partial numbers: what one may stand for, each once, and never too many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.errors import ListError
from clients.matching.candidates import MAX_CANDIDATES, candidates
from ledger.canonical import canonical


def test_a_whole_number_stands_for_itself() -> None:
    """Nothing is added where everything was read."""
    assert candidates("TJS84213") == ("TJS84213",)


def test_an_unread_digit_is_one_of_ten() -> None:
    """A hash sign stands for a digit."""
    assert candidates("A#1") == tuple(f"A{digit}1" for digit in range(10))


def test_an_unread_sign_is_one_of_thirty_four() -> None:
    """O and I fold to 0 and 1: asking for both would be charged twice for one token."""
    found = candidates("12?45")

    assert len(found) == 34
    assert len({canonical(one) for one in found}) == 34


@pytest.mark.parametrize("serial", ["###", "??", "#####", "?#?"])
def test_more_than_two_hundred_are_refused(serial: str) -> None:
    """Too little was read to ask for it."""
    with pytest.raises(ListError, match="at most 200") as refused:
        candidates(serial)
    assert refused.value.next_step


@given(st.text(alphabet="A1#?- ", max_size=8))
def test_every_candidate_is_different_and_as_long(serial: str) -> None:
    """Whatever was typed gives at most 200 different numbers of the same length, or a refusal."""
    try:
        found = candidates(serial)
    except ListError:
        return

    assert len(set(found)) == len(found) <= MAX_CANDIDATES
    assert {len(one) for one in found} == {len(serial)}
