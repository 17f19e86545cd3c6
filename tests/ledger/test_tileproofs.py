"""Proofs made from tiles: the same as the RFC's over the leaves, and no tile asked for that the size lacks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle, tileproofs
from ledger.errors import NotFoundError, ProofError
from ledger.tiles import tile_paths
from tests.support import rfc6962

SIZES = st.integers(min_value=1, max_value=1_100)
BIG = 65_536 + 3 * 256 + 5
ALL = rfc6962.leaves(1_100)


@given(size=SIZES, data=st.data())
def test_inclusion_proofs_from_tiles_are_those_of_the_rfc(size: int, data: st.DataObject) -> None:
    """A log answers with PATH, whatever its size and the index, and it verifies."""
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    files = rfc6962.Tiles(ALL[:size])
    proof = tileproofs.inclusion_proof(index=index, size=size, read=files.read)

    assert rfc6962.path(index, ALL[:size]) == proof
    merkle.verify_inclusion(leaf=ALL[index], index=index, size=size, proof=proof, root=rfc6962.mth(ALL[:size]))


@given(size2=SIZES, data=st.data())
def test_consistency_proofs_from_tiles_are_those_of_the_rfc(size2: int, data: st.DataObject) -> None:
    """A log answers with PROOF, whatever the two sizes, and it verifies."""
    size1 = data.draw(st.integers(min_value=1, max_value=size2))
    files = rfc6962.Tiles(ALL[:size2])
    proof = tileproofs.consistency_proof(size1=size1, size2=size2, read=files.read)

    assert rfc6962.proof(size1, ALL[:size2]) == proof
    merkle.verify_consistency(
        size1=size1, size2=size2, root1=rfc6962.mth(ALL[:size1]), root2=rfc6962.mth(ALL[:size2]), proof=proof
    )


@given(size=SIZES, data=st.data())
def test_an_older_size_is_proved_from_the_tiles_of_today(size: int, data: st.DataObject) -> None:
    """Partial tiles of an older size may be gone: the proof is made from the beginnings of the tiles there are."""
    older = data.draw(st.integers(min_value=1, max_value=size))
    index = data.draw(st.integers(min_value=0, max_value=older - 1))
    files = rfc6962.Tiles(ALL[: -(-size // 256) * 256])

    assert rfc6962.path(index, ALL[:older]) == tileproofs.inclusion_proof(index=index, size=older, read=files.read)


@pytest.mark.parametrize("index", [0, 255, 256, 65_535, 65_536, BIG - 1])
def test_proofs_in_a_tree_of_three_levels_verify(index: int) -> None:
    """Tiles of all levels make one proof."""
    hashes = rfc6962.leaves(BIG)
    files = rfc6962.Tiles(hashes)
    root = merkle.root_of(hashes)

    proof = tileproofs.inclusion_proof(index=index, size=BIG, read=files.read)

    merkle.verify_inclusion(leaf=hashes[index], index=index, size=BIG, proof=proof, root=root)
    assert len(set(files.asked)) == len(files.asked) <= 7
    assert set(files.asked) <= set(tile_paths(BIG))


def test_a_subtree_is_proved_from_tiles() -> None:
    """A whole tile in the middle of the log, as a landmark needs it."""
    files = rfc6962.Tiles(ALL)
    proof = tileproofs.subtree_proof(start=512, end=768, size=1_100, read=files.read)

    merkle.verify_subtree(
        start=512, end=768, size=1_100, node=rfc6962.mth(ALL[512:768]), root=rfc6962.mth(ALL), proof=proof
    )


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_an_index_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    """Refused before any tile is read."""
    files = rfc6962.Tiles(ALL[:size])

    with pytest.raises(ProofError):
        tileproofs.inclusion_proof(index=index, size=size, read=files.read)
    assert files.asked == []


@pytest.mark.parametrize(("size1", "size2"), [(0, 5), (6, 5), (-1, 5)])
def test_sizes_that_cannot_be_consistent_have_no_proof(size1: int, size2: int) -> None:
    """From nothing, backwards, negative: refused before any tile is read."""
    files = rfc6962.Tiles(ALL[:5])

    with pytest.raises(ProofError):
        tileproofs.consistency_proof(size1=size1, size2=size2, read=files.read)
    assert files.asked == []


def test_a_missing_tile_is_not_found() -> None:
    """A log that lost a tile says so and makes no proof up."""
    with pytest.raises(NotFoundError):
        tileproofs.inclusion_proof(index=0, size=5, read=rfc6962.Tiles(()).read)


@given(data=st.data())
def test_a_proof_from_a_damaged_tile_is_refused_by_the_verifier(data: st.DataObject) -> None:
    """A log that reads a flipped bit answers with a proof that nobody takes."""
    size, index = 600, data.draw(st.integers(min_value=0, max_value=599))
    good = rfc6962.Tiles(ALL[:size])
    proof = tileproofs.inclusion_proof(index=index, size=size, read=good.read)
    used = data.draw(st.sampled_from(good.asked))
    bad = good.flip(used, at=data.draw(st.integers(min_value=0, max_value=32 * used.width - 1)), bit=3)
    damaged = tileproofs.inclusion_proof(index=index, size=size, read=bad.read)

    if damaged == proof:
        return
    with pytest.raises(ProofError):
        merkle.verify_inclusion(leaf=ALL[index], index=index, size=size, proof=damaged, root=rfc6962.mth(ALL[:size]))
