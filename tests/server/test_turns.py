"""Places in flight and requests in a minute: what one asker can take from the others."""

import pytest

from ledger.errors import BusyError
from server.ratelimit import _MOST_ADDRESSES, RateLimit, counted_as
from server.turns import Turns
from tests.support.fakes import FixedClock


def test_an_asker_has_as_many_places_as_it_has() -> None:
    """The next one finds them taken; another asker has places of its own."""
    turns = Turns(most=2)

    with turns.hold("a"), turns.hold("a"), turns.hold("b"), pytest.raises(BusyError) as caught, turns.hold("a"):
        pass

    assert caught.value.retry_after_seconds == 1


def test_a_place_is_free_again_after_a_failure() -> None:
    """What goes wrong inside does not keep the place."""
    turns = Turns(most=1)

    with pytest.raises(ZeroDivisionError), turns.hold("a"):
        _ = 1 // 0

    with turns.hold("a"):
        assert turns._taken == {"a": 1}


def test_nobody_is_remembered_who_is_done() -> None:
    """The names of those who came do not pile up."""
    turns = Turns(most=1)

    for number in range(100):
        with turns.hold(str(number)):
            pass

    assert not turns._taken


def test_a_window_holds_so_many_requests() -> None:
    """Beyond them an address is told how long to wait; after that it begins anew."""
    clock = FixedClock(100)
    limit = RateLimit(most=2, seconds=60, clock=clock)
    limit.take("a")
    clock.advance(10)
    limit.take("a")

    with pytest.raises(BusyError) as caught:
        limit.take("a")

    assert caught.value.retry_after_seconds == 50
    limit.take("b")
    clock.advance(50)
    limit.take("a")


def test_the_oldest_addresses_are_forgotten() -> None:
    """Memory is bounded, however many addresses there are."""
    limit = RateLimit(most=1, seconds=60, clock=FixedClock())

    for number in range(_MOST_ADDRESSES + 1):
        limit.take(str(number))

    assert len(limit._windows) == _MOST_ADDRESSES
    limit.take("0")


def test_a_clock_that_is_put_back_keeps_nobody_waiting() -> None:
    """What was counted in a time that is still to come counts no more; the new window is as long as any."""
    clock = FixedClock(10_000)
    limit = RateLimit(most=1, seconds=60, clock=clock)
    limit.take("a")
    clock.advance(-5_000)
    limit.take("a")

    with pytest.raises(BusyError) as caught:
        limit.take("a")

    assert caught.value.retry_after_seconds == 60


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_an_address_counts_as_its_subscriber(address: str, counted: str) -> None:
    """One IPv4 address, or the network of IPv6 addresses that one connection is given."""
    assert counted_as(address) == counted
