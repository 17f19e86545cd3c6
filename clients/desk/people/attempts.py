"""How often somebody may try a name and a password: by name, and by the address it comes from."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from clients.desk.people.errors import AttemptsError

_MOST_KEYS = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many attempts in how long a time."""

    most: int
    seconds: int


A_NAME = Share(most=10, seconds=15 * 60)
AN_ADDRESS = Share(most=30, seconds=5 * 60)


class Attempts:
    """Counts in memory: a restart forgets, which helps nobody who cannot restart the desk."""

    def __init__(self, *, clock: Callable[[], int]) -> None:
        """Begin with no attempt counted."""
        self._clock = clock
        self._windows: OrderedDict[tuple[str, str], tuple[int, int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, *, name: str, address: str) -> None:
        """Count one attempt, whoever it is made for; raise AttemptsError where the name or the address had its share."""
        with self._lock:
            self._count(("address", address), AN_ADDRESS)
            self._count(("name", name), A_NAME)

    def _count(self, key: tuple[str, str], share: Share) -> None:
        now = self._clock()
        start, used = self._windows.get(key, (now, 0))
        # A clock that was put back would otherwise keep a person waiting until it is where it was.
        if not 0 <= now - start < share.seconds:
            start, used = now, 0
        if used >= share.most:
            raise AttemptsError(retry_after_seconds=start + share.seconds - now)
        self._windows[key] = (start, used + 1)
        self._windows.move_to_end(key)
        if len(self._windows) > _MOST_KEYS:
            self._windows.popitem(last=False)
