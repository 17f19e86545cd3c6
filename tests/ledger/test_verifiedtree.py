"""The reader that believes nothing, against logs that lie in every tile."""

from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle
from ledger.errors import NotFoundError, ProofError
from ledger.tiles import TilePath, tile_paths
from ledger.treestate import TreeState
from ledger.verifiedtree import VerifiedTree
from tests.support import rfc6962

SIZE = 1_100
ALL = rfc6962.leaves(SIZE)
BIG = 65_536 + 3 * 256 + 5


@lru_cache(maxsize=1)
def big() -> tuple[rfc6962.Tiles, bytes]:
    """Return a tree of three levels and its root."""
    hashes = rfc6962.leaves(BIG)
    return rfc6962.Tiles(hashes), merkle.root_of(hashes)


def opened(files: rfc6962.Tiles, *, size: int) -> VerifiedTree:
    """Return a reader of `files` under the true root."""
    return VerifiedTree(size=size, root=rfc6962.mth(ALL[:size]), read=files.read)


@given(size=st.integers(min_value=0, max_value=SIZE), data=st.data())
def test_leaf_hashes_are_the_leaves(size: int, data: st.DataObject) -> None:
    """Any range of any tree is read as it is."""
    start = data.draw(st.integers(min_value=0, max_value=size))
    end = data.draw(st.integers(min_value=start, max_value=size))
    tree = opened(rfc6962.Tiles(ALL[:size]), size=size)

    assert size == tree.size
    assert ALL[start:end] == tree.leaf_hashes(start, end)


@given(size=st.integers(min_value=0, max_value=SIZE), data=st.data())
def test_every_earlier_root_follows_from_the_tiles(size: int, data: st.DataObject) -> None:
    """The root held before is found again: that is consistency, proved without a proof."""
    earlier = data.draw(st.integers(min_value=0, max_value=size))
    tree = opened(rfc6962.Tiles(ALL[:size]), size=size)

    assert rfc6962.mth(ALL[:earlier]) == tree.root_at(earlier)
    assert TreeState.empty().append(ALL[:earlier])[0] == tree.state_at(earlier)


def test_a_tree_of_three_levels_is_read_through() -> None:
    """Full tiles hang from full tiles that hang from the right edge; each is fetched once in log order."""
    files, root = big()
    files.asked.clear()
    tree = VerifiedTree(size=BIG, root=root, read=files.read)
    hashes = rfc6962.leaves(BIG)

    assert hashes == tree.leaf_hashes(0, BIG)
    assert sorted(tile_paths(BIG), key=str) == sorted(files.asked, key=str)
    for size in (1, 256, 65_535, 65_536, 65_537, BIG - 1):
        assert merkle.root_of(hashes[:size]) == tree.root_at(size)


@pytest.mark.parametrize("path", list(tile_paths(SIZE)), ids=TilePath.format)
@given(data=st.data())
def test_a_flipped_bit_in_any_tile_is_refused(path: TilePath, data: st.DataObject) -> None:
    """Whichever byte of whichever tile a lying log changes, no hash of it is handed out."""
    at = data.draw(st.integers(min_value=0, max_value=32 * path.width - 1))
    files = rfc6962.Tiles(ALL).flip(path, at=at, bit=data.draw(st.integers(min_value=0, max_value=7)))

    with pytest.raises(ProofError):
        opened(files, size=SIZE).leaf_hashes(0, SIZE)


def test_every_byte_of_every_tile_of_a_small_log_is_bound() -> None:
    """A log of one full tile and two partial ones, byte by byte: nothing in the tiles is free to change."""
    size = 258
    files, root = rfc6962.Tiles(ALL[:size]), rfc6962.mth(ALL[:size])
    edge = [path for path in files.files if path.is_partial]

    for path in edge:
        for at in range(32 * path.width):
            with pytest.raises(ProofError):
                VerifiedTree(size=size, root=root, read=files.flip(path, at=at, bit=0).read)
    tree = VerifiedTree(size=size, root=root, read=files.read)
    for at in range(0, 8_192, 7):
        tree._read = files.flip(TilePath(level=0, index=0), at=at, bit=7).read
        with pytest.raises(ProofError):
            tree.leaf_hashes(0, 1)


def test_a_tile_is_not_believed_for_having_been_refused_once() -> None:
    """A second try at the same lying tile is refused again: nothing unverified stays in the reader."""
    files = rfc6962.Tiles(ALL).flip(TilePath(level=0, index=1), at=0, bit=0)
    tree = opened(files, size=SIZE)

    for _ in range(2):
        with pytest.raises(ProofError):
            tree.leaf_hashes(256, 257)
    assert ALL[:256] == tree.leaf_hashes(0, 256)


@pytest.mark.parametrize("swap", [(0, 1), (0, 3), (2, 1)])
def test_two_tiles_swapped_are_refused(swap: tuple[int, int]) -> None:
    """True tiles in each other's places would reorder the log."""
    files = rfc6962.Tiles(ALL)
    one, other = (TilePath(level=0, index=index) for index in swap)
    files.files[one], files.files[other] = files.files[other], files.files[one]

    with pytest.raises(ProofError):
        opened(files, size=SIZE).leaf_hashes(0, SIZE)


def test_a_rewritten_tile_with_a_rewritten_parent_is_refused() -> None:
    """A log that recomputes upwards what it changed fails where its signed root stands."""
    forged = (rfc6962.h(b"forged"), *ALL[1:])

    with pytest.raises(ProofError):
        opened(rfc6962.Tiles(forged), size=SIZE)


def test_a_log_of_another_size_than_its_checkpoint_is_refused() -> None:
    """A rolled-back log has not the tiles that the checkpoint's size implies."""
    with pytest.raises(NotFoundError):
        opened(rfc6962.Tiles(ALL[:1_050]), size=SIZE)


def test_a_fork_does_not_have_the_root_held_before() -> None:
    """Two logs of one origin that differ in the past: the newer one's tiles cannot give the older one's root."""
    fork = (*ALL[:700], rfc6962.h(b"fork"), *ALL[701:])
    tree = VerifiedTree(size=SIZE, root=rfc6962.mth(fork), read=rfc6962.Tiles(fork).read)

    assert rfc6962.mth(ALL[:700]) == tree.root_at(700)
    assert rfc6962.mth(ALL[:701]) != tree.root_at(701)


def test_the_empty_tree_needs_no_tile_and_has_one_root() -> None:
    """Size 0 with another root than H() is a contradiction in terms."""
    files = rfc6962.Tiles(())
    tree = opened(files, size=0)

    assert tree.leaf_hashes(0, 0) == ()
    assert rfc6962.h(b"") == tree.root_at(0)
    assert files.asked == []
    with pytest.raises(ProofError):
        VerifiedTree(size=0, root=bytes(32), read=files.read)


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (2, 1), (0, SIZE + 1)])
def test_ranges_outside_the_tree_are_refused(start: int, end: int) -> None:
    """Python would take a negative index for one from the end."""
    with pytest.raises(ProofError):
        opened(rfc6962.Tiles(ALL), size=SIZE).leaf_hashes(start, end)


@pytest.mark.parametrize("size", [-1, SIZE + 1])
def test_the_tree_has_no_root_at_a_size_it_never_had(size: int) -> None:
    """The future and the negative have no root."""
    with pytest.raises(ProofError):
        opened(rfc6962.Tiles(ALL), size=SIZE).root_at(size)


def test_deleted_partial_tiles_are_no_obstacle() -> None:
    """A reader of an older checkpoint reads the full tiles of today."""
    files = rfc6962.Tiles(ALL[:1_024])

    assert ALL[:1_000] == opened(files, size=1_000).leaf_hashes(0, 1_000)


@given(raw=st.binary(max_size=200))
def test_arbitrary_tiles_are_refused(raw: bytes) -> None:
    """Whatever a log sends instead of its tiles, the reader raises ProofError."""
    with pytest.raises(ProofError):
        VerifiedTree(size=3, root=rfc6962.mth(ALL[:3]), read=lambda _: raw)
