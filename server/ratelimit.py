"""How often one address may hand in what carries no request signature (docs/protocol.md, 10)."""

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable

from ledger.errors import BusyError

_MOST_ADDRESSES = 4_096
_SUBSCRIBER_BITS = 64


def counted_as(address: str) -> str:
    """Return what an address counts as: IPv6 by its /64, all of which one subscriber has; any other as it is.

    By single addresses, whoever has an IPv6 connection would have more of every share than a limit could ever count.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    # From a socket of both families: under one prefix, all of IPv4 would be one subscriber.
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), _SUBSCRIBER_BITS), strict=False))


class RateLimit:
    """At most `most` requests of one address in `seconds`; the oldest addresses are forgotten first."""

    def __init__(self, *, most: int, seconds: int, clock: Callable[[], int]) -> None:
        """Take the limit and the clock (POSIX seconds)."""
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._windows: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str) -> None:
        """Count one request; raise BusyError where the address has used its share of this window."""
        now = self._clock()
        with self._lock:
            start, used = self._windows.get(address, (now, 0))
            # A clock that was put back would otherwise keep an address waiting until it is where it was.
            if not 0 <= now - start < self._seconds:
                start, used = now, 0
            if used >= self._most:
                wait = start + self._seconds - now
                raise BusyError("too many submissions from this address", retry_after_seconds=wait)
            self._windows[address] = (start, used + 1)
            self._windows.move_to_end(address)
            if len(self._windows) > _MOST_ADDRESSES:
                self._windows.popitem(last=False)
