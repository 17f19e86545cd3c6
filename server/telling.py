"""What is read of matching: notices, the charter's auditors' counts, the access log (docs/protocol.md, 6.11 and 6.12)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from ledger.complaints import parse_complaint
from ledger.errors import NotFoundError
from ledger.log import Published
from ledger.notices import (
    OPENED_AFTER_DAYS,
    AskedStands,
    Audited,
    Complained,
    Matched,
    Notice,
    fitting,
    parse_notice,
    spell_notice,
    spell_page,
)
from ledger.tiles import TILE_WIDTH, TilePath, encode_entry_bundle
from ledger.wire.matching import LEAST_OVERDUE, OverdueCount, Usage, UseCount
from server.accessstore import AccessStore
from server.errors import StorageError
from server.highest import HighestSigned
from server.matching import DAY_SECONDS
from server.state import SharedState
from server.store import SqlStore

_MOST = 256

_NOTICES = "SELECT seq, body FROM notices WHERE agency = ? AND seq > ? ORDER BY seq LIMIT ?"
# An auditor's cursor is the index after the last it was shown: 0 begins with entry 0.
_OPENINGS = "SELECT idx + 1, body FROM openings WHERE idx >= ? AND at <= ? ORDER BY idx LIMIT ?"
_COMPLAINTS = """
SELECT c.seq, c.statement, o.body FROM complaints AS c JOIN openings AS o ON o.idx = c.idx
WHERE c.seq > ? ORDER BY c.seq LIMIT ?
"""
_USES = "SELECT agency, day, kind, used FROM uses ORDER BY day, agency, kind"
_OVERDUE = """
SELECT agency, strftime('%Y-%m', due, 'unixepoch') AS month, sum(hits) AS n FROM reviews
WHERE due < ? AND (reviewed IS NULL OR reviewed > due) GROUP BY agency, month HAVING n >= ? ORDER BY month, agency
"""


class Telling:
    """Answers from committed rows; nothing here writes."""

    def __init__(
        self, *, store: SqlStore, state: SharedState, highest: HighestSigned, clock: Callable[[], int]
    ) -> None:
        """Take the store, who is a member, where the highest access checkpoint is kept, and a clock (POSIX seconds)."""
        self._store = store
        self._access = AccessStore(store)
        self._state = state
        self._highest = highest
        self._clock = clock

    def notices(self, *, asker: str, after: int) -> bytes:
        """Return a page of what waits for an agency, or of openings for an auditor of the charter."""
        with self._state.locked() as state:
            charter = state.membership.charter_before(state.size)
        if asker in {auditor.id for auditor in charter.auditors}:
            opened = self._clock() - OPENED_AFTER_DAYS * DAY_SECONDS
            rows = self._rows(_OPENINGS, after, opened)
        else:
            rows = self._rows(_NOTICES, asker, after)
        held = self._access.published()
        return _page(_borne_out([(row[0], bytes(row[1])) for row in rows], size=held.size if held else 0), after=after)

    def complaints(self, *, asker: str, after: int) -> bytes:
        """Return a page of complaints with both openings to an auditor of the charter; NotAMemberError to others."""
        with self._state.locked() as state:
            state.membership.auditor(asker, state.size)
        rows = self._rows(_COMPLAINTS, after)
        return _page([(seq, _complained(bytes(statement), bytes(body))) for seq, statement, body in rows], after=after)

    def _rows(self, query: str, *values: str | int) -> Sequence[Any]:
        with self._store.reading() as connection:
            return connection.exec_driver_sql(query, (*values, _MOST)).all()

    def usage(self, *, asker: str) -> Usage:
        """Return counters and overdue reviews to an auditor of the charter in force; raise NotAMemberError to others."""
        with self._state.locked() as state:
            state.membership.auditor(asker, state.size)
        with self._store.reading() as connection:
            uses = connection.exec_driver_sql(_USES).all()
            overdue = connection.exec_driver_sql(_OVERDUE, (_month_start(self._clock()), LEAST_OVERDUE)).all()
        return Usage(
            uses=tuple(UseCount(agency=agency, day=day, kind=kind, used=used) for agency, day, kind, used in uses),
            overdue=tuple(OverdueCount(agency=agency, month=month, n=n) for agency, month, n in overdue),
        )

    def checkpoint(self) -> bytes:
        """Return the newest checkpoint of the access log."""
        return self._published().note

    def tile(self, path: TilePath) -> bytes:
        """Return a hash tile of the access log, or a bundle of its entries; NotFoundError for what is not published."""
        if path.end > self._published().size:
            raise NotFoundError("the published access log does not reach that far")
        if path.level is not None:
            return self._access.tile(path)
        first = path.index * TILE_WIDTH
        return encode_entry_bundle(self._access.entries(first, first + path.width))

    def _published(self) -> Published:
        """Return the newest published checkpoint, of which the file of the highest signed one knows by now."""
        published = self._access.published()
        if published is None:
            raise NotFoundError("the access log is empty: nothing was asked yet")
        self._highest.cover(size=published.size, checkpoint=published.note)
        return published


def _page(rows: Sequence[tuple[int, bytes]], *, after: int) -> bytes:
    """Return as many spelled notices, each with its cursor, as one page holds."""
    bodies = [body for _, body in rows]
    count = fitting(bodies)
    following = rows[count - 1][0] if count else after
    return spell_page(bodies[:count], following=following, more=count < len(rows) or len(rows) == _MOST)


def _borne_out(rows: Sequence[tuple[int, bytes]], *, size: int) -> Sequence[tuple[int, bytes]]:
    """Return the rows before the first that opens an entry which the published access log does not hold yet.

    A tick's entries are durable before their witnesses have cosigned them; who was told of one could not check it.
    """
    within = takewhile(lambda row: _end(parse_notice(row[1])) <= size, rows)
    return tuple(within)


def _end(notice: Notice) -> int:
    """Return how large the access log is at least that bears a notice out; what a watch found comes after such a one."""
    match notice:
        case Matched(opening=opening):
            return opening.index + 1
        case AskedStands(index=index) | Audited(index=index):
            return index + 1
        case _:
            return 0


def _complained(statement: bytes, body: bytes) -> bytes:
    audited = parse_notice(body)
    if not isinstance(audited, Audited):
        raise StorageError("what is kept for the auditors is no opening")
    return spell_notice(Complained(complaint=parse_complaint(statement), audited=audited))


def _month_start(now: int) -> int:
    """Return when the month of `now` began: the month itself is not over, and a number that moves tells when it did."""
    month = datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(month.timestamp())
