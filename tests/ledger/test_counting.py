"""A count and its noun agree."""

import pytest

from ledger.counting import counted


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 records"), (1, "1 record"), (2, "2 records"), (1_204, "1,204 records")]
)
def test_a_count_agrees_with_its_noun(number: int, said: str) -> None:
    """One is singular, none and many are not; thousands are set apart."""
    assert counted(number, "record") == said


def test_a_plural_that_is_no_s() -> None:
    """Where the plural is written otherwise it is given."""
    assert (counted(1, "entry", "entries"), counted(3, "entry", "entries")) == ("1 entry", "3 entries")
