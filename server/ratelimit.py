"""How often one address may hand in what carries no request signature (docs/protocol.md, 10)."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from ledger.errors import BusyError

_MOST_ADDRESSES = 4_096


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
            if now - start >= self._seconds:
                start, used = now, 0
            if used >= self._most:
                wait = start + self._seconds - now
                raise BusyError("too many submissions from this address", retry_after_seconds=wait)
            self._windows[address] = (start, used + 1)
            self._windows.move_to_end(address)
            if len(self._windows) > _MOST_ADDRESSES:
                self._windows.popitem(last=False)
