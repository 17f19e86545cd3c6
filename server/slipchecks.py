"""What a service alone can check of slips, since nobody else sees them (docs/protocol.md, 6.4 and 6.5)."""

from collections.abc import Sequence

from ledger.errors import MalformedError, StaleEpochError
from ledger.log import Blob
from ledger.recordform import Record
from ledger.renewals import Renewal
from ledger.slips import Hit, HitPolicy, Slip, parse_hit_policy, parse_slip
from ledger.submissions import Submission
from ledger.terms import Match
from server import slips
from server.store import SqlStore


def check_slips(
    submission: Submission, blobs: Sequence[tuple[Blob, ...]], *, match: Match | None, store: SqlStore
) -> None:
    """Raise unless every slip is of the token epoch in force, or off, and every renewal of exactly its batch's records."""
    for statement, parts in zip(submission.parsed, blobs, strict=True):
        match statement:
            case Record():
                _check_epoch(parse_hit_policy(parts[0].data), match)
            case Renewal():
                _check_renewal(statement, parts[0].data, match, store)
            case _:
                pass


def _check_epoch(slip: Slip | HitPolicy, match: Match | None) -> None:
    if match is None and (slip.ep, slip.hit) != (0, Hit.OFF):
        raise StaleEpochError(
            "nothing is matched while the charter names no matching key: the slip has to be off, ep 0"
        )
    if match is not None and slip.hit is not Hit.OFF and slip.ep != match.ep:
        raise StaleEpochError("the slip is of another token epoch than the charter names: make its tokens anew")


def _check_renewal(renewal: Renewal, blob: bytes, match: Match | None, store: SqlStore) -> None:
    with store.reading() as connection:
        records = slips.records_of(connection, iss=renewal.name.iss, seq=renewal.batch)
    renewed = [parse_slip(raw) for raw in slips.framed(blob)]
    if [slip.of for slip in renewed] != [jti for _, jti, _ in records]:
        raise MalformedError("a renewal has one slip for each record of its batch, in log order")
    for slip, (_, _, ended) in zip(renewed, records, strict=True):
        _check_epoch(slip, match)
        if ended and slip.hit is not Hit.OFF:
            raise MalformedError("a renewal matches a record that was superseded or expunged: its slip has to be off")
