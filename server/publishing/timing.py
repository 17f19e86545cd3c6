"""How long the publisher waits for what, in one place: tests and demonstrations wait less."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds. `timer` counts on while the clock of the machine is set back and forth."""

    request_seconds: float = 10.0
    # A target that is not published by then is given up for the newest one, and everybody is asked anew: cosignatures
    # gathered over an hour would publish what is stale already.
    round_seconds: float = 30.0
    # The protocol allows ten minutes; half of it, so that one lost round does not break the promise.
    republish_seconds: float = 300.0
    # How long to wait, after the quorum, for witnesses that are about to answer: an agency that runs one wants to find
    # its own cosignature.
    linger_seconds: float = 0.1
    first_retry_seconds: float = 0.5
    # A witness that was started again is asked soon: one refused connection in ten seconds costs nobody anything.
    most_retry_seconds: float = 10.0
    poll_seconds: float = 25.0
    timer: Callable[[], float] = time.monotonic

    def retry_seconds(self, failures: int) -> float:
        """Return how long to leave somebody alone who has failed so often in a row."""
        return float(min(self.most_retry_seconds, self.first_retry_seconds * 2 ** min(failures - 1, 16)))
