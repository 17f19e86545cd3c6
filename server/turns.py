"""How many requests one asker may have in flight, so that none can crowd out the others (docs/protocol.md, 10)."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from ledger.errors import BusyError


class Turns:
    """A fixed number of places for each asker; there is no queue: who finds them taken comes again."""

    def __init__(self, *, most: int) -> None:
        """Take the number of places an asker has."""
        self._most = most
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, who: str) -> Iterator[None]:
        """Hold one of the places of `who`; raise BusyError if all are taken."""
        with self._lock:
            if self._taken[who] >= self._most:
                raise BusyError("earlier requests of this asker are still being worked on")
            self._taken[who] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[who] -= 1
                # Forget who is done: the names would otherwise pile up for as long as the service runs.
                self._taken += Counter()
