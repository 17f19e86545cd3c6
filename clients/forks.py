"""Proofs that two checkpoints contradict each other, made by whoever was shown both (docs/protocol.md, 9.12).

Every proof is checked as a stranger would before it is handed out. Where none can be made, because the tiles it needs are
withheld, both signed notes still speak for themselves: then there is nothing here, and no error.
"""

from collections.abc import Sequence

from clients.errors import ClientError
from ledger.checkpoints import Checkpoint
from ledger.errors import LedgerError
from ledger.fraud import Believed, make_fork
from ledger.fraudform import format_fraud
from ledger.tileproofs import consistency_proof
from ledger.tiles import ReadTile
from ledger.verifiedtree import VerifiedTree


def fork_files(one: bytes, other: bytes, *, charters: Sequence[bytes], read: ReadTile) -> tuple[bytes, ...]:
    """Return the proofs that two checkpoints convict the log, and each witness that cosigned both; none if they do not.

    `read` reads the tiles of the larger tree, which has to show with what it begins.
    """
    try:
        believed = Believed.of_files(charters)
        judge, _ = believed.open_note(other)
    except LedgerError:
        return ()

    def begins(first: Checkpoint, second: Checkpoint) -> tuple[bytes, tuple[bytes, ...]]:
        tree = VerifiedTree(size=second.size, root=second.root, read=read)
        return tree.root_at(first.size), consistency_proof(size1=first.size, size2=second.size, read=read)

    found: list[bytes] = []
    for by in (None, *judge.witness.agencies):
        try:
            found.append(format_fraud(make_fork(one, other, believed=believed, begins=begins, by=by)))
        except (LedgerError, ClientError):
            continue
    return tuple(found)


def note_of(raw: bytes) -> bytes:
    """Return the checkpoint in a file that a witness kept: the request to cosign it, or the checkpoint itself."""
    return raw.partition(b"\n\n")[2] if raw.startswith(b"old ") else raw
