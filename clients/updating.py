"""Bring a home up to date in one go: records, keys, messages, notices (what `sealtrace sync` and the desk do)."""

from dataclasses import dataclass

from clients.matching.keys import hand_out, matches
from clients.matching.noticing import NOTHING_NEW, Arrived, collect
from clients.session import Session
from clients.syncing import Progress, Sync, SyncReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """What it brought; `handed` says that this agency handed the matching key out to the members."""

    report: SyncReport
    arrived: Arrived
    handed: bool


def update(session: Session, *, progress: Progress, full: bool = False) -> Updated:
    """Fetch, verify and open what is new, by the feed or with `full` from the whole log; then ask for notices."""
    run = Sync(session, progress=progress)
    handed = hand_out(run.standing)
    report = run.in_full() if full else run.by_feed()
    arrived = collect(session, run.standing) if matches(run.standing) else NOTHING_NEW
    return Updated(report=report, arrived=arrived, handed=handed)
