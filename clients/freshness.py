"""How old the witnesses' word for a checkpoint is, and what to say of it (docs/protocol.md, 9.5).

A service that shows everybody an old log, and nothing since, lies in no signature. What it cannot do is make the
witnesses cosign the old one again: honest ones have seen the larger tree.
"""

from datetime import UTC, datetime

from clients.errors import StaleError
from clients.trust import View

STALE_SECONDS = 1_800
UNWITNESSED = "UNWITNESSED"


def vouched(view: View) -> str:
    """Return who vouches for a checkpoint, in words."""
    if not view.charter.is_witnessed:
        return UNWITNESSED
    return in_words(witnesses=len(view.witnessed.times))


def in_words(*, witnesses: int) -> str:
    """Return how many witnesses vouch, in words; none is UNWITNESSED."""
    if not witnesses:
        return UNWITNESSED
    return f"{witnesses} witness{'es' if witnesses > 1 else ''}"


def pending(since: int) -> str:
    """Return the line for what is logged and still waits for its witnesses."""
    return f"pending      unwitnessed since {datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M} UTC: durable, not yet shown"


def is_stale(fresh: int | None, *, now: int) -> bool:
    """Say whether a time up to which witnesses vouch is too long ago; where there are none, nobody can tell."""
    return fresh is not None and now - fresh > STALE_SECONDS


def require_fresh(fresh: int | None, *, now: int) -> None:
    """Raise StaleError for a checkpoint that the witnesses last vouched for too long ago."""
    if fresh is not None and is_stale(fresh, now=now):
        minutes = (now - fresh) // 60
        raise StaleError(
            f"stale: the witnesses last vouched for this checkpoint {minutes:,} minutes ago, and {STALE_SECONDS // 60} "
            "are allowed; what was logged since may be missing",
            next_step="try again in a while (`sealtrace sync` where this is a replica); if it lasts, ask the agencies "
            "that witness the log what they see",
        )
