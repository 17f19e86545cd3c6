"""Batches of this agency: built on its chain, sent from the outbox, believed only with proof (docs/protocol.md, 7)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from clients.batchreading import read_batch
from clients.discarding import Discarded, first_listed, not_shown_yet, require_last, require_not_returned, settle
from clients.entries import Entries
from clients.errors import NotPermittedError, TrustError
from clients.outboxrows import OutboxBatch
from clients.promises import require_kept
from clients.receipts import verify_receipt
from clients.session import Session, Standing
from ledger.batches import FIRST_PREV, build_batch, parse_batch
from ledger.errors import (
    BusyError,
    LedgerError,
    ProofError,
    SequenceError,
    StaleEpochError,
    StaleKeysError,
)
from ledger.kinds import Role
from ledger.statements import SealedStatement
from ledger.wire.frames import encode_frames, parse_frames
from ledger.wire.limits import MAX_BATCH_FRAMES
from ledger.wire.schemas import STAGE_WITNESSED

MAX_ATTEMPTS = 5
_PUBLISHING_SECONDS = 2.0

_REFUSED = (
    "the batch stays in the outbox: send it again with `sealtrace submit --resume`, or, if the service will never take "
    "it, take it out with `sealtrace submit --discard`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The end of an agency's chain: the last seq and the hash of its payload."""

    seq: int
    payload_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A batch in the log, proved by its receipt: its entry at `index`, its statements from `first` on.

    `since` is when what is logged began to wait for the log's witnesses, where it still does.
    """

    seq: int
    first: int
    index: int
    entry: bytes
    since: int | None = None


def end_of_chain(standing: Standing) -> Link:
    """Return where the next batch goes: after the outbox's last, or where the log says, once that is verified."""
    last = standing.session.outbox.last()
    if last is not None:
        return Link(seq=last.seq, payload_hash=last.payload_hash)
    head = standing.session.service.agency_head(standing.me)
    if head.seq == 0:
        require_last(standing, start=first_listed(standing))
        return Link(seq=0, payload_hash=FIRST_PREV)
    return _verified_link(standing, seq=head.seq, prev=head.prev, index=head.index)


def make_batch(standing: Standing, statements: Sequence[SealedStatement]) -> OutboxBatch:
    """Return the signed batch that closes `statements` on top of the chain, ready to be put into the outbox."""
    link = end_of_chain(standing)
    entry = _sign(standing, link, [statement.entry for statement in statements])
    blobs = [blob for statement in statements for blob in statement.blobs]
    body = encode_frames([entry, *(statement.entry for statement in statements), *blobs])
    return OutboxBatch(seq=link.seq + 1, payload_hash=parse_batch(entry).payload_hash, body=body)


def send_waiting(session: Session) -> Logged | None:
    """Send the batch that waits in the outbox, if there is one, until it is proved to be logged.

    Before that the published log is held against what earlier receipts promised (`clients/promises.py`).
    Raises StaleEpochError, with the batch discarded, when its records have to be sealed again. Any other refusal leaves
    it where it is: the service's word alone takes nothing out of the outbox.
    """
    require_kept(session)
    batch = session.outbox.waiting()
    attempts = 0
    while batch is not None:
        attempts += 1
        try:
            return _send(session, batch)
        except (StaleKeysError, SequenceError) as error:
            if attempts >= MAX_ATTEMPTS:
                raise
            if attempts > 1:
                # What the service judges by is logged, and may wait for the log's witnesses: signed anew at once, the
                # batch would say the same.
                session.world.sleep(_PUBLISHING_SECONDS)
            standing = session.stand()
            if _is_dead(standing, batch):
                return _settled(standing, batch)
            batch = _signed_anew(standing, batch, error)
        except BusyError as error:
            if attempts >= MAX_ATTEMPTS:
                raise
            session.world.sleep(error.retry_after_seconds)
        except StaleEpochError:
            return _settled(session.stand(), batch)
        except (LedgerError, NotPermittedError) as error:
            error.add_note(_REFUSED)
            raise
    return None


def send_all(session: Session) -> Iterator[Logged]:
    """Send whatever waits, in the order of the chain: more than one batch waits after a promise was broken."""
    while (logged := send_waiting(session)) is not None:
        yield logged


def _settled(standing: Standing, batch: OutboxBatch) -> Logged:
    """Return a batch that the log holds, whatever the service says; raise StaleEpochError once it is discarded."""
    found = settle(standing, batch)
    if isinstance(found, Discarded):
        raise StaleEpochError("the keys of these records have ended since they were sealed: seal them again")
    entry = parse_frames(batch.body, most=MAX_BATCH_FRAMES)[0]
    return Logged(seq=found.submission.batch.seq, first=found.first, index=found.index, entry=entry)


def _send(session: Session, batch: OutboxBatch) -> Logged:
    receipt = session.service.submit_batch(batch.body)
    entry = parse_frames(batch.body, most=MAX_BATCH_FRAMES)[0]
    verify_receipt(session, entry, receipt)
    if receipt.index - receipt.first != parse_batch(entry).n:
        raise ProofError("the receipt contradicts the batch it is for")
    # By the charter, not by what the receipt says of waiting: a service that leaves that out is believed no more.
    is_promise = receipt.stage != STAGE_WITNESSED and session.trust.charters()[-1].is_witnessed
    promise = receipt.checkpoint.encode() if is_promise else None
    session.outbox.logged(batch, first=receipt.first, index=receipt.index, promise=promise)
    return Logged(seq=batch.seq, first=receipt.first, index=receipt.index, entry=entry, since=receipt.since)


def _signed_anew(standing: Standing, batch: OutboxBatch, error: StaleKeysError | SequenceError) -> OutboxBatch:
    """Return the same statements closed by a new batch entry, in the outbox in the place of the old."""
    frames = parse_frames(batch.body, most=MAX_BATCH_FRAMES)
    old = parse_batch(frames[0])
    link = Link(seq=old.seq - 1, payload_hash=old.prev)
    if isinstance(error, SequenceError):
        if error.seq < old.seq - 1:
            raise TrustError(
                f"the log has lost batches: it knows {error.seq}, and proved {old.seq - 1} before",
                next_step="keep the outbox and the folder `trusted`: they hold the proof",
            ) from error
        link = _verified_link(standing, seq=error.seq, prev=error.prev, index=error.index)
    entry = _sign(standing, link, frames[1 : 1 + old.n])
    new = replace(
        batch,
        seq=link.seq + 1,
        payload_hash=parse_batch(entry).payload_hash,
        body=encode_frames([entry, *frames[1:]]),
    )
    standing.session.outbox.replace(batch, new)
    return new


def _is_dead(standing: Standing, batch: OutboxBatch) -> bool:
    """Say whether a key that signed the batch's statements has ended: nobody can log it any more."""
    standing.authority.catch_up(standing.me)
    in_force = standing.authority.membership.headers(standing.view.checkpoint.size)
    frames = parse_frames(batch.body, most=MAX_BATCH_FRAMES)
    statements = frames[1 : 1 + parse_batch(frames[0]).n]
    return any(statement.partition(b".")[0] not in in_force for statement in statements)


def _verified_link(standing: Standing, *, seq: int, prev: bytes, index: int | None) -> Link:
    """Return the end of the chain that the service names, once the entry there is this agency's own signed batch."""
    if index is None:
        raise ProofError("the service names a batch of this agency that the log does not hold")
    if index >= standing.view.checkpoint.size:
        raise not_shown_yet()
    entries = Entries(standing.view, standing.session.service)
    found = read_batch(entries, standing.authority, index)
    batch = found.submission.batch
    if (batch.iss, batch.seq, batch.payload_hash) != (standing.me, seq, prev):
        raise ProofError("the batch in the log is not the one the service names")
    require_not_returned(standing, found)
    require_last(standing, start=index + 1)
    return Link(seq=seq, payload_hash=prev)


def _sign(standing: Standing, link: Link, statements: Sequence[bytes]) -> bytes:
    return build_batch(
        log=standing.view.charter.origin,
        iss=standing.me,
        iat=standing.now(),
        seq=link.seq + 1,
        prev=link.payload_hash,
        kx=standing.authority.membership.kx(standing.me, standing.view.checkpoint.size),
        statements=statements,
        sign=standing.signing_key(Role.SIGN).pair(),
        batch=standing.signing_key(Role.BATCH).pair(),
    )
