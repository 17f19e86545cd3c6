"""Take a batch out of the outbox that the log will not hold: only with proof that it does not hold it (docs/adr/0058).

The proof is every entry since this agency's last batch, read from the tree of a verified checkpoint: none of them closes
these statements. What it cannot show is the future: the service has the bytes, and may log them later. So what was
discarded is remembered, and a batch that comes back counts as logged before anything is signed on top of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clients.batchreading import ReadBatch, read_batch
from clients.entries import Entries
from clients.errors import AcceptedError, StaleError, TrustError
from clients.outboxrows import OutboxBatch
from clients.session import Session, Standing
from ledger.batches import FIRST_PREV, Batch, parse_batch
from ledger.errors import ProofError
from ledger.kinds import Typ
from ledger.state import kind_of
from ledger.wire.frames import parse_frames
from ledger.wire.limits import MAX_BATCH_FRAMES

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """A batch that is gone from the outbox: its statements, and the entries [start, size) that are proved not to be it."""

    seq: int
    statements: int
    start: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """The end of an agency's chain: in the entries, or as the service names it."""

    seq: int
    prev: bytes
    index: int | None


def discard(session: Session, *, progress: Progress) -> Discarded | None:
    """Discard the batch that waits, if one does; raise AcceptedError, and keep it as logged, if the log holds it."""
    batch = session.outbox.waiting()
    if batch is None:
        return None
    found = settle(session.stand(), batch, progress=progress)
    if isinstance(found, ReadBatch):
        raise AcceptedError(
            f"batch {batch.seq} was accepted: it is logged at {found.index:,}, and nothing was discarded",
            next_step="nothing waits any more: go on with `sealtrace submit`, which knows its rows as logged",
        )
    return found


def settle(standing: Standing, batch: OutboxBatch, *, progress: Progress | None = None) -> ReadBatch | Discarded:
    """Return a waiting batch that the log holds, noted as logged; else discard it and return what proves that it does not.

    Raises StaleError, ProofError or TrustError where neither can be told: the batch then waits as before.
    """
    own, size = parse_entry(batch), standing.view.checkpoint.size
    entries = Entries(standing.view, standing.session.service)
    named = _named_end(standing)
    shown, start = _known_end(standing, entries)
    for index, found in _own_batches(entries, own.iss, range(start, size), progress):
        # Its entry may have been signed anew since: the statements in it are what must not be logged twice.
        if found.root == own.root:
            return _accepted(standing, batch, entries, index)
        shown = _End(seq=found.seq, prev=found.payload_hash, index=index)
    if shown.seq < own.seq - 1:
        raise TrustError(
            f"the log has lost batches: it holds {shown.seq}, and proved {own.seq - 1} before",
            next_step="keep the outbox and the folder `trusted`: they hold the proof",
        )
    if named != shown:
        raise ProofError("the service names another end of this agency's chain than its log holds")
    standing.session.outbox.discard(batch, root=own.root)
    return Discarded(seq=batch.seq, statements=own.n, start=start, size=size)


def require_not_returned(standing: Standing, found: ReadBatch) -> None:
    """Raise TrustError if a batch in the log was discarded here: it counts as logged from now on, with its rows."""
    outbox, batch = standing.session.outbox, found.submission.batch
    if not outbox.discarded(batch.root):
        return
    waiting = outbox.waiting()
    if waiting is not None:
        outbox.discard(waiting, root=parse_entry(waiting).root)
    logged = OutboxBatch(seq=batch.seq, payload_hash=batch.payload_hash, body=b"", first=found.first, index=found.index)
    outbox.take_back(logged, root=batch.root)
    raise TrustError(
        f"batch {batch.seq} was discarded here and stands in the log at {found.index:,}: "
        "it was logged after it was proved not to be there, and counts as logged now",
        next_step="run the same command again: rows of that batch are skipped, the others are sealed anew",
    )


def require_last(standing: Standing, *, start: int) -> None:
    """Raise ProofError if a batch of this agency stands at or after `start`: the service named an older end.

    On its word alone the agency would sign a second batch of one seq, and two of them logged convict it.
    """
    entries = Entries(standing.view, standing.session.service)
    for index, found in _own_batches(entries, standing.me, range(start, standing.view.checkpoint.size), None):
        raise ProofError(
            f"the service names an older end of this agency's chain than its log holds: batch {found.seq} stands at "
            f"{index:,}"
        )


def not_shown_yet() -> StaleError:
    """Return the error for a batch of this agency that is durable, and waits for the log's witnesses."""
    return StaleError(
        "the service holds a batch of this agency that its checkpoint does not show yet",
        next_step="run the command again in a minute",
    )


def first_listed(standing: Standing) -> int:
    """Return the index of the first charter that lists this agency: no batch of its stands before."""
    listed = (one.index for one in standing.view.charters if any(me.id == standing.me for me in one.charter.agencies))
    return min(listed, default=0)


def parse_entry(batch: OutboxBatch) -> Batch:
    """Return what the entry of a waiting batch says."""
    return parse_batch(parse_frames(batch.body, most=MAX_BATCH_FRAMES)[0])


def _named_end(standing: Standing) -> _End:
    """Return the end of the chain that the service names, asked after the checkpoint: a later batch shows in it."""
    head = standing.session.service.agency_head(standing.me)
    if head.index is not None and head.index >= standing.view.checkpoint.size:
        raise not_shown_yet()
    return _End(seq=head.seq, prev=head.prev, index=head.index)


def _known_end(standing: Standing, entries: Entries) -> tuple[_End, int]:
    """Return the last batch that this home has proved, and the index after it: whatever waits was signed later.

    A home that has proved none begins where a charter first lists the agency.
    """
    last = standing.session.outbox.last_logged()
    if last is None or last.index is None:
        return _End(seq=0, prev=FIRST_PREV, index=None), first_listed(standing)
    (entry,) = entries.read(last.index, last.index + 1)
    if parse_batch(entry).payload_hash != last.payload_hash:
        raise ProofError(f"the batch that was proved at {last.index:,} does not stand there")
    return _End(seq=last.seq, prev=last.payload_hash, index=last.index), last.index + 1


def _own_batches(entries: Entries, iss: str, indices: range, progress: Progress | None) -> Iterator[tuple[int, Batch]]:
    for done, index in enumerate(indices, start=1):
        (entry,) = entries.read(index, index + 1)
        if entry.startswith(b"{") and kind_of(entry) is Typ.BATCH and (found := parse_batch(entry)).iss == iss:
            yield index, found
        if progress is not None:
            progress(done, len(indices))


def _accepted(standing: Standing, batch: OutboxBatch, entries: Entries, index: int) -> ReadBatch:
    """Return the batch at `index`, verified as any other, and note the one that waits as logged there."""
    found = read_batch(entries, standing.authority, index)
    said = found.submission.batch
    logged = OutboxBatch(seq=said.seq, payload_hash=said.payload_hash, body=batch.body)
    if logged != batch:
        standing.session.outbox.replace(batch, logged)
    standing.session.outbox.logged(logged, first=found.first, index=index)
    return found
