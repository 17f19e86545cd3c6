"""What is matched: the live slips and their tokens, held against the slips that records and renewals came with.

docs/protocol.md, 6.5. Slips of a token epoch that is over may be there or gone: they are ended a few at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ledger.charterpayload import parse_charter
from ledger.errors import LedgerError
from ledger.slips import TOKENS, Hit, Slip, parse_slip
from server import slips
from server.fsck.findings import Findings

_OWN = "SELECT data FROM blobs WHERE idx = ? AND place = 'slip'"
_RENEWALS = """
SELECT s.idx, b.data FROM statements AS s LEFT JOIN blobs AS b ON b.idx = s.idx AND b.place = 'slips'
WHERE s.iss = ? AND s.renews = ? ORDER BY s.idx
"""
_LIVE = "SELECT ep, source, hit, tokens FROM slips WHERE idx = ? ORDER BY ep"
_STRAY = "SELECT DISTINCT idx FROM tokens WHERE idx NOT IN (SELECT idx FROM slips) ORDER BY idx"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSlip:
    """A slip that matches, in one token epoch, and the statement that it came with."""

    source: int
    hit: Hit
    tokens: bytes

    def row(self, ep: int) -> tuple[Any, ...]:
        """Return the columns of its row but the record's index."""
        return (ep, self.source, self.hit.value, self.tokens)


class LiveSlips:
    """Checks what is matched of one batch after the other."""

    def __init__(self, connection: Connection, findings: Findings) -> None:
        """Read which token epoch is in force."""
        self._connection = connection
        self._findings = findings
        self._in_force = token_epoch(connection)
        self._tokens = 0

    def check(self, *, iss: str, seq: int) -> None:
        """Hold the rows of a batch's records against its slips and all their renewals."""
        for index, live in live_slips(self._connection, iss=iss, seq=seq):
            self._compare(index, live)

    def close(self) -> None:
        """Look for tokens that no slip stands behind."""
        for (index,) in self._connection.exec_driver_sql(_STRAY):
            self._note("token/stray", row=index, index=index, expected=None, found="a row")
        held = self._connection.exec_driver_sql("SELECT count(*) FROM tokens").scalar_one()
        self._findings.count("tokens", held)
        self._findings.compare("token/count", table="tokens", row="all", index=None, expected=self._tokens, found=held)

    def _compare(self, index: int, live: Mapping[int, LiveSlip]) -> None:
        found = [tuple(row) for row in self._connection.exec_driver_sql(_LIVE, (index,)).all()]
        self._findings.count("slips", len(found))
        self._tokens += len(found) * TOKENS
        held = {row[0] for row in found}
        expected = [one.row(ep) for ep, one in sorted(live.items()) if ep in held or ep >= self._in_force]
        # Tokens are secrets of the consortium: what differs is said, never what stands there.
        if [(*row[:3], bytes(row[3])) for row in found] != expected:
            said = ", ".join(f"epoch {row[0]} {row[2]}" for row in expected) or "none"
            self._note("slip", row=index, index=index, expected=said, found="other rows")
        for ep, _, _, tokens in found:
            self._check_tokens(index, ep, bytes(tokens))

    def _check_tokens(self, index: int, ep: int, tokens: bytes) -> None:
        for place in slips.missing_tokens(self._connection, index, ep, tokens):
            self._note("token/missing", row=f"place {place}", index=index, expected="a row", found=None)

    def _note(self, check: str, *, row: object, index: int, expected: object, found: object) -> None:
        table = "tokens" if check.startswith("token") else "slips"
        self._findings.note(check, table=table, row=row, index=index, expected=expected, found=found)


def live_slips(connection: Connection, *, iss: str, seq: int) -> Iterator[tuple[int, Mapping[int, LiveSlip]]]:
    """Yield every record of a batch with its live slips by token epoch, as its own and its renewals leave them."""
    renewals = [
        (source, None if blob is None else _framed(blob)) for source, blob in renewals_of(connection, iss=iss, seq=seq)
    ]
    for place, (index, _, ended) in enumerate(slips.records_of(connection, iss=iss, seq=seq)):
        renewed = [(source, _at(frames, place)) for source, frames in renewals]
        yield index, {} if ended else _replay(connection, index, renewed)


def renewals_of(connection: Connection, *, iss: str, seq: int) -> Sequence[tuple[int, bytes | None]]:
    """Return the slips statements of a batch, in log order, with their slips where these are there."""
    rows = connection.exec_driver_sql(_RENEWALS, (iss, seq)).all()
    return [(source, None if blob is None else bytes(blob)) for source, blob in rows]


def token_epoch(connection: Connection) -> int:
    """Return the token epoch in force, 0 while there is no matching."""
    file = connection.exec_driver_sql("SELECT file FROM charters ORDER BY ver DESC LIMIT 1").scalar()
    try:
        match = None if file is None else parse_charter(file).match
    except LedgerError:
        return 0  # its hash does not fit either, and that is the finding
    return 0 if match is None else match.ep


def _replay(connection: Connection, index: int, renewed: Sequence[tuple[int, bytes | None]]) -> Mapping[int, LiveSlip]:
    live: dict[int, LiveSlip] = {}
    own = connection.exec_driver_sql(_OWN, (index,)).scalar()
    for source, raw in [(index, own), *renewed]:
        slip = _slip(raw)
        if slip is None or slip.hit is Hit.OFF:
            live = {}
            continue
        live[slip.ep] = LiveSlip(source=source, hit=slip.hit, tokens=b"".join(slip.tokens))
        live = {ep: LiveSlip(source=one.source, hit=slip.hit, tokens=one.tokens) for ep, one in live.items()}
    return live


def _framed(blob: bytes) -> tuple[bytes, ...]:
    try:
        return slips.framed(blob)
    except LedgerError:
        return ()


def _at(frames: tuple[bytes, ...] | None, place: int) -> bytes | None:
    return frames[place] if frames is not None and place < len(frames) else None


def _slip(raw: bytes | None) -> Slip | None:
    try:
        return None if raw is None else parse_slip(bytes(raw))
    except LedgerError:
        return None
