"""Notices: watches that fired, who asked for one's weapons, and where in the access log it stands.

docs/protocol.md, 6.11 and 6.12. A notice of a match is believed once its result stands in the access log, whose tree is
held to grow only. What a notice says of an own record is held against the slip of that record.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from clients.errors import ListError, TrustError
from clients.matching.accessing import AccessLog
from clients.matching.book import NOTICES, StoredNotice
from clients.session import Session, Standing
from ledger.accesslog import Asked, verify_asked, verify_told
from ledger.errors import LedgerError, ProofError
from ledger.notices import MAX_REVIEWED, REVIEW_HOURS, AskedStands, Matched, Notice, WatchFired

HOUR = 3_600
_MAX_PAGES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What came for a person to read; and what, of all that came so far, does not hold and was not looked into."""

    new: tuple[Notice, ...]
    doubts: tuple[str, ...] = field(default=())


NOTHING_NEW = Arrived(new=())


def collect(session: Session, standing: Standing) -> Arrived:
    """Fetch what waits and keep it; say what of it the access log does not bear out.

    What could not be held against the access log is not kept: it is fetched again, and checked, the next time. What it
    does not bear out is told each time until somebody has looked into it: whoever was told first may have been a program.
    """
    fetched, cursor = _fetched(session)
    doubts = tuple(_doubts(standing, fetched))
    new = session.book.put_notices(fetched, now=session.world.clock(), cursor=cursor, doubts=doubts)
    shown = tuple(notice for notice in new if isinstance(notice, Matched | WatchFired))
    return Arrived(new=shown, doubts=session.book.doubts())


def _fetched(session: Session) -> tuple[list[Notice], int]:
    """Return what waits, page by page, and the cursor behind it."""
    fetched: list[Notice] = []
    cursor = session.book.state(NOTICES, default=0)
    for _ in range(_MAX_PAGES):
        page = session.service.notices(cursor)
        if page.next < cursor or (page.more and page.next == cursor):
            raise ProofError("the service's notices do not go forward")
        fetched += page.items
        cursor = page.next
        if not page.more:
            return fetched, cursor
    raise TrustError("the service's notices do not end")


def overdue(stored: StoredNotice, *, now: int) -> bool:
    """Say whether a silent hit should have been reviewed by now."""
    return waits(stored) and now >= stored.seen + REVIEW_HOURS * HOUR


def waits(stored: StoredNotice) -> bool:
    """Say whether a notice tells of a silent hit that nobody has looked into."""
    return isinstance(stored.notice, Matched) and stored.notice.is_silent and stored.reviewed is None


def review(session: Session, numbers: Iterable[int] | None) -> int:
    """Tell the service which silent hits were reviewed (all that wait, if None); return how many."""
    waiting = {one.number: one.notice for one in session.book.notices() if waits(one)}
    chosen = sorted(waiting if numbers is None else set(numbers))
    unknown = [str(number) for number in chosen if number not in waiting]
    if unknown:
        raise ListError(
            f"no silent hit of that number waits: {', '.join(unknown)}", next_step="see `sealtrace notices`"
        )
    for at in range(0, len(chosen), MAX_REVIEWED):
        part = chosen[at : at + MAX_REVIEWED]
        session.service.review([notice.id for number in part if isinstance(notice := waiting[number], Matched)])
        session.book.mark_reviewed(part, now=session.world.clock())
    return len(chosen)


def settle(session: Session) -> tuple[str, ...]:
    """Say that the doubts that stand were looked into; return them."""
    doubts = session.book.doubts()
    session.book.settle_doubts(doubts, now=session.world.clock())
    return doubts


def _doubts(standing: Standing, notices: Sequence[Notice]) -> Iterable[str]:
    openings = [notice for notice in notices if isinstance(notice, Matched | AskedStands)]
    access = AccessLog(standing) if openings else None
    for notice in openings:
        try:
            if access is not None:
                _check_opening(standing, notice, access)
        except LedgerError as error:
            what = f"{notice.result.asker} asked" if isinstance(notice, Matched) else "a question of our own was logged"
            yield f"a notice that {what}: {error}"


def _check_opening(standing: Standing, notice: Matched | AskedStands, access: AccessLog) -> None:
    """Raise ProofError unless the access log holds what the notice says it holds."""
    if isinstance(notice, AskedStands):
        asked = asked_by(standing, notice)
        if asked is not None:
            verify_asked(access.entry(notice.index), asked=asked, salt=notice.salt)
        return
    if notice.result.to != standing.me:
        raise ProofError("a notice for another agency")
    verify_told(access.entry(notice.opening.index), result=notice.result, opening=notice.opening)
    _check_slips(standing, notice)


def asked_by(standing: Standing, notice: AskedStands) -> Asked | None:
    """Return the question or evaluation that a notice is of, as this home signed it; None if no answer came here."""
    signed = standing.session.book.signed(notice.body_hash)
    if signed is None:
        return None
    signature_input, signature = signed
    return Asked(iss=standing.me, body_hash=notice.body_hash, signature_input=signature_input, signature=signature)


def _check_slips(standing: Standing, notice: Matched) -> None:
    """Raise ProofError where the service served a record under another policy than its slip says."""
    for hit in notice.result.hits:
        slip = standing.session.book.slip(hit.jti)
        if slip is not None and slip.hit is not hit.hit:
            raise ProofError(f"the record at {hit.index:,} is {slip.hit.value}, and was served as {hit.hit.value}")
