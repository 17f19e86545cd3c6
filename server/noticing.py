"""The tick: what was asked since the last one goes into the access log and becomes notices (docs/protocol.md, 6.11).

Nothing is told before its tick, and a tick runs by the clock alone: when a notice comes says nothing of when its cause
was. All of one tick is one transaction; if it fails, the next one does its work.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from secrets import token_bytes
from typing import Any

from sqlalchemy import Connection

from ledger.accesslog import FILL, AccessEntry, Asked, Drawn, OutcomeOpening, Result, ToldHit, arrange, draw
from ledger.charter import Charter
from ledger.checkpoints import open_checkpoint
from ledger.errors import BadSignatureError
from ledger.log import Append, Log
from ledger.notices import ID_BYTES, REVIEW_HOURS, AskedStands, Audited, Matched, Notice, WatchFired, spell_notice
from ledger.slips import Hit
from ledger.terms import LogKeys
from ledger.witnesses import LogName
from server import slips
from server.accessstore import AccessStore, Beside
from server.keys import ServiceKeys
from server.matching import DAY_SECONDS, Matching
from server.publishing.publishing import Publishing
from server.questionrows import unpack_told
from server.state import SharedState
from server.store import SqlStore
from server.watching import Fired, fire

KEPT_DAYS = 90
_REVIEWS_KEPT_DAYS = 400
_REVIEW_SECONDS = REVIEW_HOURS * 3_600
_RETIRED_AT_ONCE = 5_000

_OUTCOMES = "SELECT id, asker, body_hash, input, signature, told FROM outcomes ORDER BY id"
_NAME = "SELECT iss, jti FROM statements WHERE idx = ?"
_LAST = "SELECT coalesce(max(seq), 0) FROM notices WHERE agency = ?"
_NOTICE = "INSERT INTO notices (agency, seq, at, body) VALUES (?, ?, ?, ?)"
_OPENING = "INSERT INTO openings (idx, at, body) VALUES (?, ?, ?)"
_REVIEW = "INSERT INTO reviews (id, agency, due, hits) VALUES (?, ?, ?, ?)"
_TICK = "INSERT INTO tick (id, at, size) VALUES (1, ?1, ?2) ON CONFLICT (id) DO UPDATE SET at = ?1, size = ?2"
# The newest notice of an agency stays, or its numbers would begin again below the cursor that the agency holds.
_FORGET = """
DELETE FROM notices WHERE at < ? AND seq < (SELECT max(n.seq) FROM notices AS n WHERE n.agency = notices.agency)
"""
_EPOCH = "INSERT INTO token_epochs (ep, started) VALUES (?, ?) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """What one tick has to tell: the last outcome row it has read, what goes into the log, which watches fired."""

    last: int
    drawn: tuple[Drawn, ...]
    fired: Fired


class Noticing:
    """Makes the ticks of one service; used on the thread that writes."""

    def __init__(  # noqa: PLR0913  the parts of the service that a tick needs, all by name
        self,
        *,
        store: SqlStore,
        state: SharedState,
        keys: ServiceKeys,
        matching: Matching,
        publishing: Publishing,
        clock: Callable[[], int],
    ) -> None:
        """Take the store, the charter's state, the keys of the access log, who publishes it, and a clock (POSIX)."""
        self._store = store
        self._state = state
        self._keys = keys
        self._matching = matching
        self._publishing = publishing
        self._clock = clock

    def tick(self) -> int:
        """Log and tell all that waits; return how many entries the access log has gained."""
        now, shown = self._clock(), self._store.published()
        if shown is None:
            return 0
        # As long as the log waits for its witnesses, the access log does: both are signed on or neither.
        self._publishing.require_compared()
        # A charter that waits for its witnesses names keys that nobody can know yet.
        charter = self._state.charter_before(shown.size)
        live = tuple(match.ep for match in self._matching.live_epochs())
        with self._store.reading() as connection:
            waiting = _waiting(connection, now, size=shown.size, charter=charter)
        placed = arrange(waiting.drawn, least=FILL if self._keys_changed(charter.log) else 0)

        def beside(connection: Connection, first: int) -> None:
            _tell(connection, [(first + at, drawn) for at, (_, drawn) in enumerate(placed) if drawn], waiting, now)
            connection.exec_driver_sql("DELETE FROM outcomes WHERE id <= ?", (waiting.last,))
            connection.exec_driver_sql(_TICK, (now, waiting.fired.size))
            _forget(connection, now)
            _retire(connection, live, now)

        self._append([entry for entry, _ in placed], beside, charter)
        return len(placed)

    def _keys_changed(self, log: LogKeys) -> bool:
        """Say whether the newest checkpoint is signed by keys that the charter names no more: it is signed anew then."""
        head = AccessStore(self._store).head()
        try:
            if head.size:
                open_checkpoint(head.checkpoint, origin=log.access[0].name, vkeys=log.access)
        except BadSignatureError:
            return True
        return False

    def _append(self, entries: Sequence[AccessEntry], beside: Beside, charter: Charter) -> None:
        if not entries:
            with self._store.writing() as connection:
                beside(connection, 0)
            return
        keys = self._keys.require_named_by(charter).for_access()
        store = AccessStore(self._store, beside)
        log = Log(store=store, origin=charter.log.access[0].name, ed25519=keys.ed25519, ml_dsa_44=keys.ml_dsa_44)
        append = Append(entries=tuple(entry.format() for entry in entries))
        log.append(append, store.head().size, publish=not charter.is_witnessed)
        self._publishing.signed(LogName.ACCESS)


def _waiting(connection: Connection, now: int, *, size: int, charter: Charter) -> _Waiting:
    drawn: list[Drawn] = []
    outcomes = connection.exec_driver_sql(_OUTCOMES).all()
    for _, asker, body_hash, signature_input, signature, told in outcomes:
        asked = Asked(iss=asker, body_hash=bytes(body_hash), signature_input=signature_input, signature=signature)
        drawn += draw(asked, _results(connection, asker, unpack_told(bytes(told)), now))
    since = connection.exec_driver_sql("SELECT size FROM tick WHERE id = 1").scalar() or 0
    askers = {agency.id for agency in charter.agencies if "read" in agency.roles}
    fired = fire(connection, since=since, end=size, now=now, askers=askers)
    for one in fired.firings:
        hit = ToldHit(index=one.slot.index, jti=one.slot.name.jti, c=one.slot.c, hit=Hit.OPEN)
        drawn += draw(one.asked, [Result(to=one.slot.name.iss, asker=one.asked.iss, at=now, hits=(hit,))])
    last = outcomes[-1][0] if outcomes else 0
    return _Waiting(last=last, drawn=tuple(drawn), fired=fired)


def _results(connection: Connection, asker: str, told: Iterable[tuple[int, str, Hit]], now: int) -> list[Result]:
    """Return what each originator is told of one question, by ascending agency."""
    hits: dict[str, list[ToldHit]] = {}
    for index, c, hit in told:
        iss, jti = connection.exec_driver_sql(_NAME, (index,)).one()
        hits.setdefault(iss, []).append(ToldHit(index=index, jti=bytes(jti), c=c, hit=hit))
    return [
        Result(to=iss, asker=asker, at=now, hits=tuple(sorted(found, key=lambda one: one.index)))
        for iss, found in sorted(hits.items())
    ]


def _tell(connection: Connection, placed: Sequence[tuple[int, Drawn]], waiting: _Waiting, now: int) -> None:
    """Write the notices, what is to be reviewed, and the openings for the charter's auditors."""
    notices: list[tuple[str, Notice]] = []
    for index, drawn in placed:
        asked = drawn.asked
        if not drawn.is_further:
            notices.append((asked.iss, AskedStands(body_hash=asked.body_hash, index=index, salt=drawn.salt)))
        for result, place, salt in drawn.told:
            opening = OutcomeOpening(index=index, outcome=drawn.outcome, place=place, salt=salt)
            notices.append((result.to, Matched(id=token_bytes(ID_BYTES), result=result, opening=opening)))
        audited = Audited(index=index, asked=asked, salt=drawn.salt, outcome=drawn.outcome)
        connection.exec_driver_sql(_OPENING, (index, now, spell_notice(audited)))
    for one in waiting.fired.firings:
        notices.append((one.asked.iss, WatchFired(q=one.asked.body_hash, slot=one.slot)))
        connection.exec_driver_sql("INSERT INTO firings (watch, idx) VALUES (?, ?)", (one.watch, one.slot.index))
    _write_notices(connection, notices, now)


def _write_notices(connection: Connection, notices: Sequence[tuple[str, Notice]], now: int) -> None:
    last: dict[str, int] = {}
    rows: list[tuple[Any, ...]] = []
    for agency, notice in notices:
        if agency not in last:
            last[agency] = connection.exec_driver_sql(_LAST, (agency,)).scalar_one()
        last[agency] += 1
        rows.append((agency, last[agency], now, spell_notice(notice)))
        if isinstance(notice, Matched) and notice.is_silent:
            silent = sum(hit.hit is Hit.SILENT for hit in notice.result.hits)
            connection.exec_driver_sql(_REVIEW, (notice.id, agency, now + _REVIEW_SECONDS, silent))
    if rows:
        connection.exec_driver_sql(_NOTICE, rows)


def _forget(connection: Connection, now: int) -> None:
    """Let go of what is over: watches after 90 days, notices and openings as long after they were written."""
    old = now - KEPT_DAYS * DAY_SECONDS
    connection.exec_driver_sql("DELETE FROM watches WHERE expires <= ?", (now,))
    connection.exec_driver_sql(_FORGET, (old,))
    connection.exec_driver_sql("DELETE FROM openings WHERE at < ?", (old,))
    connection.exec_driver_sql("DELETE FROM complaints WHERE idx NOT IN (SELECT idx FROM openings)")
    connection.exec_driver_sql("DELETE FROM reviews WHERE due < ?", (now - _REVIEWS_KEPT_DAYS * DAY_SECONDS,))


def _retire(connection: Connection, live: Sequence[int], now: int) -> None:
    """Note when a token epoch began, and end slips of those that are not matched any more, some at a time."""
    for ep in live:
        connection.exec_driver_sql(_EPOCH, (ep, now))
    held = connection.exec_driver_sql("SELECT ep FROM token_epochs").scalars().all()
    for ep in held:
        if live and ep < min(live):
            slips.retire(connection, ep, most=_RETIRED_AT_ONCE)
