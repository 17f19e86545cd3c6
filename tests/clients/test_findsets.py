"""Sets of records as integers are sets: the same members, whatever is asked of both."""

from hypothesis import given
from hypothesis import strategies as st

from clients.findsets import Order

POSITIONS = st.frozensets(st.integers(min_value=0, max_value=400), max_size=60)


@given(among=POSITIONS, first=POSITIONS, second=POSITIONS)
def test_an_integer_is_the_set_that_it_was_made_of(
    among: frozenset[int], first: frozenset[int], second: frozenset[int]
) -> None:
    """In log order; joined, met, taken away and counted; what the search is not among is in none."""
    order = Order(among)
    one, other = order.set_of(first), order.set_of(second)

    assert order.positions(one) == sorted(first & among)
    assert order.positions(one | other) == sorted((first | second) & among)
    assert order.positions(one & other) == sorted(first & second & among)
    assert order.positions(one & ~other) == sorted((first - second) & among)
    assert one.bit_count() == len(first & among)


def test_of_no_records_there_is_one_set() -> None:
    """The empty one."""
    order = Order(())

    assert (order.set_of([1, 2]), order.positions(0)) == (0, [])
