"""A thread that ticks at fixed times, whatever happens between them (docs/protocol.md, 6.11)."""

import threading
from collections.abc import Callable

import structlog

from ledger.errors import LedgerError

_log = structlog.get_logger("sealtrace.server")


class Ticker:
    """Calls `tick` whenever the clock passes a multiple of the interval, until it is closed."""

    def __init__(self, tick: Callable[[], int], *, interval_seconds: int, clock: Callable[[], int]) -> None:
        """Start the thread."""
        self._tick = tick
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="tick", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; a tick that is under way ends first."""
        self._stop.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stop.wait(self._interval_seconds - self._clock() % self._interval_seconds):
            self.run()

    def run(self) -> None:
        """Tick once; a failure is noted without its text, and its work is left to the next one."""
        try:
            self._tick()
        except LedgerError as error:
            _log.warning("tick put off", error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 — whatever went wrong, the next tick must come
            _log.error("tick failed", error=type(error).__name__)
