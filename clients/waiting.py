"""What waits for an agency: who asked for its weapons, what its watches found, what is owed and overdue. Reads, no network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clients.matching.book import StoredNotice
from clients.matching.noticing import overdue as review_overdue
from clients.matching.noticing import waits
from clients.talk.threads import Talk
from ledger.notices import Matched, WatchFired
from ledger.talk.clocks import Duty

MOST_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Something owed, and the thread it is owed in."""

    duty: Duty
    thread: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits: silent hits to review first, then hits on one's own records, watches that fired, and what is owed.

    `ours` is owed by this agency, `theirs` to it and overdue; `unsent` letters lie in the outbox.
    """

    silent: tuple[StoredNotice, ...]
    late: int
    hits: tuple[StoredNotice, ...]
    fired: tuple[StoredNotice, ...]
    ours: tuple[Owed, ...]
    theirs: tuple[Owed, ...]
    unsent: int

    @property
    def nothing(self) -> bool:
        """Say whether nobody waits for anything."""
        return not (self.silent or self.hits or self.fired or self.ours or self.theirs)


def what_waits(*, notices: Sequence[StoredNotice], talks: Sequence[Talk], unsent: int, me: str, now: int) -> Waiting:
    """Return what waits for `me`; of hits that wait for nothing the newest `MOST_TOLD` are told."""
    silent = tuple(one for one in notices if waits(one))
    hits = tuple(one for one in notices if isinstance(one.notice, Matched) and not waits(one))
    fired = tuple(one for one in notices if isinstance(one.notice, WatchFired))
    owed = [Owed(duty=duty, thread=talk.id) for talk in talks for duty in talk.duties]
    return Waiting(
        silent=silent,
        late=sum(review_overdue(one, now=now) for one in silent),
        hits=hits[: -MOST_TOLD - 1 : -1],
        fired=fired[: -MOST_TOLD - 1 : -1],
        ours=_soonest(one for one in owed if one.duty.who == me),
        theirs=_soonest(one for one in owed if one.duty.to == me and one.duty.is_overdue(now)),
        unsent=unsent,
    )


def _soonest(owed: Iterable[Owed]) -> tuple[Owed, ...]:
    return tuple(sorted(owed, key=lambda one: (one.duty.due is None, one.duty.due or 0, one.duty.about)))
