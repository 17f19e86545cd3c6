"""Work that a running service does again and again, on a thread of its own; what fails is said and tried again."""

import threading
from collections.abc import Callable

import structlog

_log = structlog.get_logger("sealtrace.server")


class Repeating:
    """Runs `work` at once, and then every `seconds` until it is stopped."""

    def __init__(self, name: str, work: Callable[[], object], *, seconds: float) -> None:
        """Start the thread."""
        self._name = name
        self._work = work
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait for the work in hand, and do no more of it."""
        self._stopped.set()
        self._thread.join()

    def _loop(self) -> None:
        while True:
            try:
                self._work()
            except Exception as error:  # noqa: BLE001 — whatever failed, the next time may find it mended
                _log.error("repeated work failed", work=self._name, error=type(error).__name__)
            if self._stopped.wait(self._seconds):
                return
