"""Answers that leave on a grid of time: how long one took says in which step it was ready, and nothing finer.

docs/protocol.md, 6.9. A silent match costs some microseconds more than a miss; whoever asks a thousand times could
read that from a clock. The step is longer than all that an answer's content can change.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

STEP_SECONDS = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A grid of steps, a clock that only moves forward, and a way to wait."""

    step_seconds: float = STEP_SECONDS
    clock: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], None] = time.sleep

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Leave the block a whole number of steps after it was entered, also by an exception."""
        entered = self.clock()
        try:
            yield
        finally:
            spent = self.clock() - entered
            self.sleep(math.ceil(spent / self.step_seconds) * self.step_seconds - spent)
