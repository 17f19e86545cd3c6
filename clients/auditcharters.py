"""The charters of an audit: from the pin to the newest, and which of them judges a checkpoint (docs/protocol.md, 8)."""

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Protocol

from ledger import fingerprints
from ledger.audit import Auditor
from ledger.charter import Charter, signed_by_all_kept, verify_first_charter, verify_next_charter
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.errors import BadSignatureError, LedgerError, NotFoundError
from ledger.handover import is_judged_anew, verify_succession
from ledger.verifiedtree import VerifiedTree

Charters = Mapping[int, tuple[Charter, bytes]]


class CharterFiles(Protocol):
    """Where charters and handovers are read from."""

    def charter(self, ver: int) -> bytes:
        """Return a charter file; raise NotFoundError."""

    def handover(self, index: int) -> bytes:
        """Return the first checkpoint that held the charter at `index`; raise NotFoundError."""


def read_charters(files: CharterFiles, fingerprint: bytes) -> Charters:
    """Return every charter file by version, each verified by the one before, the first by the pin."""
    file = files.charter(1)
    charter = verify_first_charter(file, fingerprint=fingerprint)
    found = {1: (charter, file)}
    while True:
        try:
            file = files.charter(charter.ver + 1)
        except NotFoundError:
            return found
        previous_hash = fingerprints.of_file(found[charter.ver][1])
        charter = verify_next_charter(file, previous=charter, previous_hash=previous_hash)
        found[charter.ver] = (charter, file)


def newest(charters: Charters) -> Charter:
    """Return the last charter."""
    return charters[max(charters)][0]


def judged(note: bytes, charters: Charters) -> tuple[Checkpoint, Charter]:
    """Return a checkpoint and the newest charter whose log keys signed it; which one should have is checked later."""
    refusal: LedgerError = NotFoundError("no charter")
    for charter, _ in reversed(list(charters.values())):
        try:
            return open_checkpoint(note, origin=charter.origin, vkeys=charter.log.vkeys), charter
        except LedgerError as error:
            refusal = error if charter is newest(charters) else refusal
    raise refusal


def check_handovers(
    auditor: Auditor, files: CharterFiles, judge: Charter, tree: VerifiedTree, *, confirmed: Collection[bytes] = ()
) -> None:
    """Note every change of keys or witnesses that the old ones did not vouch for, and a checkpoint by keys out of force.

    Old witnesses may be missing where they were lost: under a charter of everybody it keeps, which a person confirmed.
    """
    charters = auditor.state.membership.charters()
    if charters and charters[-1][1].log.vkeys != judge.log.vkeys:
        error = BadSignatureError("signed by keys of another charter than the last in the tree")
        auditor.fail(charters[-1][0], error, check="charter/checkpoint")
    for (_, previous), (index, charter) in pairwise(charters):
        if is_judged_anew(charter, previous):
            try:
                file = files.charter(charter.ver)
                lost = fingerprints.of_file(file) in confirmed and signed_by_all_kept(file, previous)
                note = files.handover(index)
                verify_succession(
                    note, index=index, charter=charter, previous=previous, tree=tree, old_quorum_lost=lost
                )
            except LedgerError as error:
                auditor.fail(index, error, check="charter/handover")
