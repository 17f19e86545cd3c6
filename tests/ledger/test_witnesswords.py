"""The words for who vouches for a log, and since when."""

import pytest

from ledger.witnesswords import UNWITNESSED, ago, witnessed_by


def test_who_vouches_is_said_in_one_way() -> None:
    """As many as cosigned, of as many as the charter names; without witnesses nobody vouches, whatever is counted."""
    assert witnessed_by(cosigned=3, of=4) == "witnessed by 3 of 4"
    assert witnessed_by(cosigned=0, of=4) == "witnessed by 0 of 4"
    assert witnessed_by(cosigned=0, of=0) == UNWITNESSED


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (120, "2 minutes ago"),
        (3_599, "59 minutes ago"),
        (3_600, "1 hour ago"),
        (86_399, "23 hours ago"),
        (86_400, "1 day ago"),
        (86_400 * 1_200, "1,200 days ago"),
    ],
)
def test_an_age_is_said_in_the_largest_whole_unit(seconds: int, words: str) -> None:
    """A clock that is a little ahead makes nothing younger than now."""
    assert ago(seconds) == words
