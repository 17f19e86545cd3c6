"""How old the witnesses' word for a checkpoint is, and what to say of it (docs/protocol.md, 9.5).

A service that shows everybody an old log, and nothing since, lies in no signature. What it cannot do is make the
witnesses cosign the old one again: honest ones have seen the larger tree.
"""

from datetime import UTC, datetime

from clients.errors import StaleError
from clients.replica import FRESH, WITNESSES, WITNESSES_OF, Replica
from clients.trust import View
from ledger.witnesswords import ago, witnessed_by

STALE_SECONDS = 1_800


def vouched(view: View, *, now: int) -> str:
    """Return who vouches for a checkpoint, and since when, in words."""
    count, of = witness_count(view)
    return in_words(cosigned=count, of=of, fresh=view.fresh, now=now)


def witness_count(view: View) -> tuple[int, int]:
    """Return how many witnesses have cosigned a checkpoint, and of how many; none of none without witnesses."""
    charter = view.charter
    return (len(view.witnessed.times), len(charter.witness.agencies)) if charter.is_witnessed else (0, 0)


def vouched_replica(replica: Replica, *, now: int) -> str:
    """Return who vouched for what a replica was read under, and when, in words."""
    cosigned, of = replica.state(WITNESSES, default=0), replica.state(WITNESSES_OF, default=0)
    return in_words(cosigned=cosigned, of=of, fresh=replica.state(FRESH, default=0) or None, now=now)


def in_words(*, cosigned: int, of: int, fresh: int | None, now: int) -> str:
    """Return `witnessed by 3 of 4 · 2 minutes ago`: up to when the witnesses vouch, where there are any."""
    words = witnessed_by(cosigned=cosigned, of=of)
    return words if fresh is None else f"{words} · {ago(now - fresh)}"


def pending(since: int) -> str:
    """Return the line for what is logged and still waits for its witnesses."""
    return f"pending      unwitnessed since {datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M} UTC: durable, not yet shown"


def is_stale(fresh: int | None, *, now: int) -> bool:
    """Say whether a time up to which witnesses vouch is too long ago; where there are none, nobody can tell."""
    return fresh is not None and now - fresh > STALE_SECONDS


def require_fresh(fresh: int | None, *, now: int) -> None:
    """Raise StaleError for a checkpoint that the witnesses last vouched for too long ago."""
    if fresh is not None and is_stale(fresh, now=now):
        # The moment and not its age: what is said is kept, in receipts of jobs and beside questions.
        raise StaleError(
            f"stale: the witnesses last vouched for this checkpoint on {datetime.fromtimestamp(fresh, UTC):%Y-%m-%d %H:%M} "
            f"UTC, more than {STALE_SECONDS // 60} minutes ago; what was logged since may be missing",
            next_step="try again in a while (`sealtrace sync` where this is a replica); if it lasts, ask the agencies "
            "that witness the log what they see",
        )
