"""Receipts: believed when they prove that the log signed a tree which holds the very entry (docs/protocol.md, 7)."""

from clients.session import Session
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.errors import BadSignatureError, ProofError
from ledger.merkle import leaf_hash, verify_inclusion
from ledger.wire.schemas import Receipt


def verify_receipt(session: Session, entry: bytes, receipt: Receipt) -> None:
    """Raise unless the log signed a tree that holds this very entry where the receipt says."""
    checkpoint = _open(session, receipt.checkpoint.encode())
    verify_inclusion(
        leaf=leaf_hash(entry), index=receipt.index, size=checkpoint.size, proof=receipt.proof, root=checkpoint.root
    )
    if receipt.size != checkpoint.size:
        raise ProofError("the receipt contradicts its own checkpoint")


def _open(session: Session, note: bytes) -> Checkpoint:
    """Return a receipt's checkpoint; by the charter that is known, else by one that has come since."""
    known = session.trust.charters()[-1]
    try:
        return open_checkpoint(note, origin=known.origin, vkeys=known.log.vkeys)
    except BadSignatureError:
        newest = session.refresh().charter
        return open_checkpoint(note, origin=newest.origin, vkeys=newest.log.vkeys)
