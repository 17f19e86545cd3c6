"""Proofs out of tiles: right for every pair of sizes, and none for what is not so."""

from dataclasses import replace

import pytest

from clients.logproofs import prove_inclusions, prove_prefix
from ledger.checkpoints import Checkpoint
from ledger.checks import evidence
from ledger.errors import NotFoundError, ProofError
from ledger.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion
from ledger.tiles import TilePath
from ledger.verifiedtree import VerifiedTree
from tests.support.consortium import ORIGIN
from tests.support.logfiles import Files, publish

SIZE = 600
ENTRIES = [b"entry %d" % number for number in range(SIZE)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
FILES = publish(ENTRIES, {})


def checkpoint(size: int) -> Checkpoint:
    """Return the checkpoint of the first `size` entries."""
    return Checkpoint(origin=ORIGIN, size=size, root=root_of(LEAVES[:size]))


def tree(files: Files = FILES) -> VerifiedTree:
    """Return the verified tree of all entries."""
    return VerifiedTree(size=SIZE, root=checkpoint(SIZE).root, read=files.tile)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 599, 600])
def test_an_earlier_checkpoint_is_proved_to_be_a_beginning(size: int) -> None:
    """The proof verifies against the two roots alone, and not against another one."""
    prefix = prove_prefix(checkpoint(size), checkpoint=checkpoint(SIZE), tree=tree(), read=FILES.tile)
    sizes = {"size1": size, "size2": SIZE, "proof": prefix.proof, "root2": checkpoint(SIZE).root}

    assert prefix.checkpoint == checkpoint(size)
    verify_consistency(**sizes, root1=checkpoint(size).root)  # type: ignore[arg-type]  # members by name
    with pytest.raises(ProofError):
        verify_consistency(**sizes, root1=bytes(32))  # type: ignore[arg-type]  # as above


def test_the_empty_log_is_a_beginning_without_a_proof() -> None:
    """Whoever starts from nothing has nothing to prove."""
    assert prove_prefix(checkpoint(0), checkpoint=checkpoint(SIZE), tree=tree(), read=FILES.tile).proof == ()


@pytest.mark.parametrize("size", [1, 300, SIZE])
def test_a_rewritten_beginning_is_refused_with_both_roots(size: int) -> None:
    """An operator that signed another tree of this size before is convicted by the two checkpoints."""
    forged = replace(checkpoint(size), root=bytes(32))
    with pytest.raises(ProofError, match=f"the {size:,} entries") as caught:
        prove_prefix(forged, checkpoint=checkpoint(SIZE), tree=tree(), read=FILES.tile)

    assert evidence(caught.value).check == "consistency"


def test_a_rolled_back_log_is_refused_with_both_sizes() -> None:
    """A log that was longer before is no continuation."""
    with pytest.raises(ProofError) as caught:
        prove_prefix(replace(checkpoint(SIZE), size=601), checkpoint=checkpoint(SIZE), tree=tree(), read=FILES.tile)
    found = evidence(caught.value)

    assert (found.check, found.expected, found.found) == ("consistency", "601 entries or more", "600")


def test_inclusions_are_proved_once_each() -> None:
    """Each proof leads from its leaf to the root, and from no other leaf."""
    proofs = prove_inclusions([0, 255, 599, 0], checkpoint=checkpoint(SIZE), tree=tree(), read=FILES.tile)

    assert list(proofs) == [0, 255, 599]
    for index, proof in proofs.items():
        place = {"index": index, "size": SIZE, "proof": proof, "root": checkpoint(SIZE).root}
        verify_inclusion(leaf=LEAVES[index], **place)  # type: ignore[arg-type]  # members by name
        with pytest.raises(ProofError):
            verify_inclusion(leaf=LEAVES[1], **place)  # type: ignore[arg-type]  # as above


def test_a_proof_whose_tiles_are_gone_is_left_out() -> None:
    """A missing tile takes away the proofs that need it and no others."""
    whole = tree()

    def read(path: TilePath) -> bytes:
        if (path.level, path.index) == (0, 1):
            raise NotFoundError("gone")
        return FILES.tile(path)

    proofs = prove_inclusions([3, 300, SIZE + 1], checkpoint=checkpoint(SIZE), tree=whole, read=read)

    assert list(proofs) == [3]
