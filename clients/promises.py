"""What a receipt promised before the log's witnesses had seen it (docs/adr/0063).

A receipt is signed by the log alone, and the log may sign a second history for one agency. So a batch that is durable
and not yet witnessed is kept, body and receipt, until the log that everybody is shown holds it. Where that log holds
something else, the receipt convicts the log, and the batch waits to be sent again.
"""

from clients.outboxrows import Promise
from clients.session import Session
from clients.trust import View
from ledger.merkle import leaf_hash
from ledger.wire.frames import parse_frames
from ledger.wire.limits import MAX_BATCH_FRAMES


def require_kept(session: Session) -> None:
    """Hold the published log against every receipt that no witness had seen.

    Raises TrustError, with the evidence kept and the batches waiting again, for a promise that was broken.
    """
    promises = session.outbox.promises()
    if not promises:
        return
    view = session.refresh()
    shown = [promise for promise in promises if promise.index < view.checkpoint.size]
    broken = [promise for promise in shown if not _is_kept(promise, view)]
    first = min((promise.seq for promise in broken), default=None)
    session.outbox.keep_promises([one.seq for one in shown if first is None or one.seq < first])
    if first is not None:
        # What was signed on top of a batch that is not there is not there either.
        session.outbox.send_again(from_seq=first)
        raise session.trust.contradicted(
            broken[0].note,
            f"a receipt signed by the log promised batch {first} at {broken[0].index:,}, and the log that its witnesses "
            "cosigned holds something else there: the agency was shown another history. The batch waits to be sent again",
            view=view,
            read=session.service.tile,
        )


def _is_kept(promise: Promise, view: View) -> bool:
    entry = parse_frames(promise.body, most=MAX_BATCH_FRAMES)[0]
    return view.tree.leaf_hashes(promise.index, promise.index + 1) == (leaf_hash(entry),)
