"""A question against 10⁷ tokens: how long it takes. It wants a gigabyte of disk and some minutes to write them first."""

from benchmarks.measure import Figure
from benchmarks.rows.matching import ask, slowest

_TOKENS, _MOST_MS = 10_000_000, 40
_ASKED = 3_000


def measure() -> list[Figure]:
    """Return the 95th percentile of the answers' time."""
    return [slowest(ask(tokens=_TOKENS, questions=_ASKED), tokens=_TOKENS, most_ms=_MOST_MS)]
