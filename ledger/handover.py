"""How a log passes from the keys of one charter to those of the next (docs/protocol.md, 8; docs/adr/0031).

A checkpoint is judged by the last charter in its tree. The first one that holds a new charter satisfies the old
charter too: the old keys vouch, once, for the tree in which the members name the new ones. Without it, whoever gathers
a threshold of members could continue any log they like under keys of their own.
"""

from collections.abc import Sequence
from typing import Protocol

from ledger.charterpayload import Charter
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.errors import NotFoundError, ProofError
from ledger.witnesses import Cosigned, open_published, witness_vkeys


class Trees(Protocol):
    """The tree of a verified checkpoint: `VerifiedTree` is one."""

    def root_at(self, size1: int) -> bytes:
        """Return the root of the first `size1` leaves; raise ProofError."""


def judge_of(charters: Sequence[tuple[int, Charter]], size: int) -> Charter:
    """Return the charter that judges a checkpoint of `size`: the last one, by index, that its tree holds.

    Raises NotFoundError for a tree that holds none.
    """
    held = [charter for index, charter in charters if index < size]
    if not held:
        raise NotFoundError("the log has no charter yet")
    return held[-1]


def needs_handover(charter: Charter, previous: Charter) -> bool:
    """Say whether other keys sign for the log under `charter` than before."""
    return charter.log.vkeys != previous.log.vkeys


def is_judged_anew(charter: Charter, previous: Charter) -> bool:
    """Say whether a checkpoint has to satisfy other keys, of the log or of its witnesses, or another quorum than before."""
    return needs_handover(charter, previous) or _terms(charter) != _terms(previous)


def verify_succession(  # noqa: PLR0913  what passes from whom to whom, all by name
    note: bytes, *, index: int, charter: Charter, previous: Charter, tree: Trees, old_quorum_lost: bool = False
) -> Cosigned:
    """Return the published checkpoint by which readers passed to the charter at `index`: under both, part of `tree`.

    With `old_quorum_lost` it satisfies the new witnesses alone, and the keys of the log under both.
    """
    cosigned = open_published(note, charter=charter, previous=previous, old_quorum_lost=old_quorum_lost)
    _check_place(cosigned.checkpoint, index=index, tree=tree)
    return cosigned


def verify_handover(note: bytes, *, index: int, charter: Charter, previous: Charter, tree: Trees) -> Checkpoint:
    """Return the checkpoint by which a log passed to the charter at `index`, signed under both and part of `tree`."""
    checkpoint = open_checkpoint(note, origin=previous.origin, vkeys=previous.log.vkeys)
    open_checkpoint(note, origin=charter.origin, vkeys=charter.log.vkeys)
    _check_place(checkpoint, index=index, tree=tree)
    return checkpoint


def _check_place(checkpoint: Checkpoint, *, index: int, tree: Trees) -> None:
    if checkpoint.size <= index:
        raise ProofError("the checkpoint of a handover does not hold the charter that it hands over to")
    if tree.root_at(checkpoint.size) != checkpoint.root:
        raise ProofError("the checkpoint of a handover is of another tree")


def _terms(charter: Charter) -> tuple[object, ...]:
    policy = charter.witness
    return (policy.k, policy.f, tuple(witness_vkeys(charter, agency) for agency in policy.agencies))
