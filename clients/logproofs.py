"""Proofs out of tiles, each verified before it is handed out: that an earlier tree is a beginning, that an entry is in it."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from ledger.checkpoints import Checkpoint
from ledger.checks import refuse, require
from ledger.errors import LedgerError, ProofError
from ledger.merkle import verify_consistency, verify_inclusion
from ledger.tileproofs import consistency_proof, inclusion_proof
from ledger.tiles import ReadTile
from ledger.verifiedtree import VerifiedTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """An earlier checkpoint that a log still begins with, and the proof of it (RFC 9162, 2.1.4)."""

    checkpoint: Checkpoint
    proof: tuple[bytes, ...]


def prove_prefix(before: Checkpoint, *, checkpoint: Checkpoint, tree: VerifiedTree, read: ReadTile) -> Prefix:
    """Return the proof that the tree of `checkpoint` begins with that of an earlier one; raise ProofError if not."""
    refusal = ProofError(f"the log no longer begins with the {before.size:,} entries of an earlier checkpoint")
    if before.size > checkpoint.size:
        expected, found = f"{before.size:,} entries or more", f"{checkpoint.size:,}"
        raise refuse("consistency", expected=expected, found=found, refusal=refusal)
    require("consistency", expected=before.root, found=tree.root_at(before.size), refusal=refusal)
    if before.size == 0:
        return Prefix(checkpoint=before, proof=())
    proof = consistency_proof(size1=before.size, size2=checkpoint.size, read=read)
    verify_consistency(size1=before.size, size2=checkpoint.size, root1=before.root, root2=checkpoint.root, proof=proof)
    return Prefix(checkpoint=before, proof=proof)


def prove_inclusions(
    indexes: Iterable[int], *, checkpoint: Checkpoint, tree: VerifiedTree, read: ReadTile
) -> Mapping[int, tuple[bytes, ...]]:
    """Return the inclusion proofs of entries, as far as the tiles for them are there."""
    found: dict[int, tuple[bytes, ...]] = {}
    for index in dict.fromkeys(indexes):
        with suppress(LedgerError):
            (leaf,) = tree.leaf_hashes(index, index + 1)
            proof = inclusion_proof(index=index, size=checkpoint.size, read=read)
            verify_inclusion(leaf=leaf, index=index, size=checkpoint.size, proof=proof, root=checkpoint.root)
            found[index] = proof
    return found
