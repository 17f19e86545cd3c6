"""From what was judged to what a store writes: rows for a batch, a charter, a key entry (docs/protocol.md, 7)."""

from collections.abc import Sequence
from typing import assert_never

from ledger.expunges import Expunge
from ledger.grants import Grant, Use
from ledger.kinds import Typ
from ledger.log import Append, Blob, Charge, CharterRow, Nonce, StatementRow
from ledger.membership import CharterChange
from ledger.messages import Message
from ledger.recordform import Record
from ledger.renewals import Renewal
from ledger.state import VerifiedBatch
from ledger.submissions import Whole


def batch_append(
    judged: VerifiedBatch,
    *,
    attached: Sequence[tuple[Blob, ...]],
    nonce: Nonce | None = None,
    charges: tuple[Charge, ...] = (),
) -> Append:
    """Return what a judged batch adds, with the blobs that `attach_blobs` put in their places."""
    submission = judged.submission
    pairs = zip(submission.complete(), attached, strict=True)
    return Append(
        entries=(*submission.statements, submission.entry),
        statements=tuple(
            _row(statement, index=index, blobs=blobs)
            for index, (statement, blobs) in enumerate(pairs, start=judged.first)
        ),
        batch=judged.row(),
        nonce=nonce,
        charges=charges,
    )


def charter_append(change: CharterChange, *, entry: bytes, file: bytes) -> Append:
    """Return what a judged charter adds."""
    return Append(entries=(entry,), charter=CharterRow(ver=change.charter.ver, index=change.index, file=file))


def key_append(*, entry: bytes, charges: tuple[Charge, ...] = ()) -> Append:
    """Return what a judged key entry adds."""
    return Append(entries=(entry,), charges=charges)


def _row(statement: Whole, *, index: int, blobs: tuple[Blob, ...]) -> StatementRow:
    match statement:
        case Record():
            return StatementRow(
                index=index,
                name=statement.name,
                typ=Typ.RECORD,
                ep=statement.ep,
                sup=statement.sup,
                kcs=tuple(portion.kc for portion in statement.portions.values()),
                blobs=blobs,
            )
        case Grant():
            recipients = tuple(recipient.r for recipient in statement.to)
            # The feed lists records by (iss, ep) of an agency's grants; a matching key opens none.
            ep = statement.ep if statement.use is Use.EPOCH else None
            return StatementRow(
                index=index, name=statement.name, typ=Typ.GRANT, ep=ep, recipients=recipients, blobs=blobs
            )
        case Message():
            routed = tuple(blob.only_for for blob in blobs if blob.place == "to" and blob.only_for)
            return StatementRow(index=index, name=statement.name, typ=Typ.MESSAGE, recipients=routed, blobs=blobs)
        case Renewal():
            return StatementRow(index=index, name=statement.name, typ=Typ.SLIPS, renews=statement.batch, blobs=blobs)
        case Expunge():
            return StatementRow(index=index, name=statement.name, typ=Typ.EXPUNGE, expunges=statement.of)
        case _:
            assert_never(statement)
