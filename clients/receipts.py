"""Receipts: believed when they prove that the log signed a tree which holds the very entry (docs/protocol.md, 7).

A receipt that says "witnessed" carries the quorum under its checkpoint, and is held to it.
"""

from clients.session import Session
from ledger.charter import Charter
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.errors import BadSignatureError, ProofError
from ledger.merkle import leaf_hash, verify_inclusion
from ledger.wire.schemas import STAGE_WITNESSED, Receipt
from ledger.witnesses import open_published


def verify_receipt(session: Session, entry: bytes, receipt: Receipt) -> None:
    """Raise unless the log signed a tree that holds this very entry where the receipt says."""
    checkpoint = _open(session, receipt)
    verify_inclusion(
        leaf=leaf_hash(entry), index=receipt.index, size=checkpoint.size, proof=receipt.proof, root=checkpoint.root
    )
    if receipt.size != checkpoint.size:
        raise ProofError("the receipt contradicts its own checkpoint")


def judge_receipt(receipt: Receipt, charter: Charter) -> Checkpoint:
    """Return a receipt's checkpoint, signed as the charter asks and as its stage says; raise a LedgerError."""
    note = receipt.checkpoint.encode()
    if receipt.stage != STAGE_WITNESSED:
        return open_checkpoint(note, origin=charter.origin, vkeys=charter.log.vkeys)
    if not charter.is_witnessed:
        raise ProofError("the receipt speaks of witnesses, and the charter names none")
    return open_published(note, charter=charter).checkpoint


def _open(session: Session, receipt: Receipt) -> Checkpoint:
    """Return a receipt's checkpoint; by the charter that is known, else by one that has come since."""
    try:
        return judge_receipt(receipt, session.trust.charters()[-1])
    except (BadSignatureError, ProofError):
        return judge_receipt(receipt, session.refresh().charter)
