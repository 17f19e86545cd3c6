"""The writer's memory of a tree: whatever the chunks it grew by, it is the tree of the definition."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle
from ledger.errors import MalformedError, NotFoundError, ProofError
from ledger.tiles import FullTile, TilePath, tile_paths
from ledger.treestate import TreeState, hashes_of
from tests.support import rfc6962

BIG = 65_536 + 3 * 256 + 5
CHUNKS = st.lists(st.sampled_from([0, 1, 2, 255, 256, 257, 511, 700]), max_size=6)


def grown(*chunks: int) -> tuple[TreeState, list[FullTile]]:
    """Return the tree appended to in these chunks, and every tile that became full on the way."""
    state, full = TreeState.empty(), list[FullTile]()
    hashes = rfc6962.leaves(5_000)
    for end, chunk in zip(itertools.accumulate(chunks), chunks, strict=True):
        state, tiles = state.append(hashes[end - chunk : end])
        full += tiles
    return state, full


@given(chunks=CHUNKS)
def test_any_chunking_gives_the_root_of_the_definition(chunks: list[int]) -> None:
    """Only which leaves were appended counts, not in how many steps."""
    state, _ = grown(*chunks)
    hashes = rfc6962.leaves(5_000)[: sum(chunks)]

    assert len(hashes) == state.size
    assert rfc6962.mth(hashes) == state.root()
    assert grown(sum(chunks))[0] == state


@given(chunks=CHUNKS)
def test_full_and_partial_tiles_cover_the_tree_exactly(chunks: list[int]) -> None:
    """Every tile of the definition is written once, when full, or stands in the state; and there is no other."""
    state, full = grown(*chunks)
    partial = [path for path in tile_paths(state.size) if path.is_partial]
    made = [(tile.path, tile.data) for tile in full] + [(path, state.tile(path)) for path in partial]

    assert len(made) == len(dict(made))
    assert rfc6962.Tiles(rfc6962.leaves(5_000)[: state.size]).files == dict(made)


def test_a_tree_of_three_levels_is_the_trees_of_the_definition() -> None:
    """Beyond 65,536 leaves a third level begins; tiles, root and peaks still are the definition's."""
    hashes = rfc6962.leaves(BIG)
    first, early = TreeState.empty().append(hashes[:65_000])
    state, late = first.append(hashes[65_000:])
    made = {tile.path: tile.data for tile in (*early, *late)}
    made |= {path: state.tile(path) for path in tile_paths(BIG) if path.is_partial}

    assert [len(level) for level in state.levels] == [5 * 32, 3 * 32, 32]
    assert rfc6962.Tiles(hashes).files == made
    assert rfc6962.mth(hashes) == state.root()


def test_tiles_are_given_lowest_level_first_and_in_order() -> None:
    """A store that writes them one by one never writes a parent before its children."""
    _, full = grown(0)
    assert full == []

    tiles = TreeState.empty().append(rfc6962.leaves(BIG))[1]

    assert [(0, number) for number in range(259)] + [(1, 0)] == [(tile.level, tile.index) for tile in tiles]


@given(chunks=CHUNKS, more=st.integers(min_value=0, max_value=300))
def test_the_peaks_lead_to_the_next_root_on_the_second_way(chunks: list[int], more: int) -> None:
    """What is hashed onto the peaks without tiles gives the root that the tiles give."""
    state, _ = grown(*chunks)
    leaves = rfc6962.leaves(5_000)[state.size : state.size + more]

    assert state.append(leaves)[0].root() == merkle.root_after(peaks=state.peaks(), size=state.size, leaves=leaves)


@given(chunks=CHUNKS)
def test_the_encoded_state_is_read_back_and_its_length_follows_from_the_size(chunks: list[int]) -> None:
    """The head row of a store loses nothing, and holds nothing that the size does not imply."""
    state, _ = grown(*chunks)
    raw = state.encode()

    assert state == TreeState.decode(raw)
    assert 8 + 32 * sum(state.size.to_bytes(8, "big")) == len(raw)


@given(raw=st.binary(max_size=120) | st.integers(min_value=0, max_value=3).map(lambda n: bytes(7) + bytes([n])))
def test_arbitrary_bytes_are_no_state_or_their_own(raw: bytes) -> None:
    """Decoding raises MalformedError, or gives a state that encodes to the same bytes."""
    try:
        state = TreeState.decode(raw)
    except MalformedError:
        return

    assert raw == state.encode()


@pytest.mark.parametrize("raw", [b"", bytes(7), bytes(9), bytes(7) + b"\1" + bytes(31), b"\x80" + bytes(7)])
def test_a_state_cut_short_or_too_large_is_refused(raw: bytes) -> None:
    """Half a size, half a hash, a byte too many, a size that no checkpoint can carry."""
    with pytest.raises(MalformedError):
        TreeState.decode(raw)


@pytest.mark.parametrize(
    ("size", "levels"), [(1, ()), (0, (b"",)), (256, (b"",)), (1, (bytes(33),)), (-1, ()), (2**63, (b"",) * 8)]
)
def test_levels_that_do_not_fit_the_size_are_refused(size: int, levels: tuple[bytes, ...]) -> None:
    """A state is made whole or not at all."""
    with pytest.raises(MalformedError):
        TreeState(size=size, levels=levels)


def test_a_leaf_of_another_length_is_not_appended() -> None:
    """A hash of 64 bytes would be two leaves in the tile."""
    with pytest.raises(ProofError):
        TreeState.empty().append([bytes(64)])


def test_a_log_that_is_full_takes_no_more() -> None:
    """Above 2^63 - 1 leaves no checkpoint could be signed."""
    full = TreeState(size=2**63 - 1, levels=(bytes(255 * 32),) * 7 + (bytes(127 * 32),))

    with pytest.raises(ProofError):
        full.append([bytes(32)])


def test_appending_leaves_the_old_state_as_it_was() -> None:
    """A writer whose transaction fails still has the state to start again from."""
    old, _ = grown(300)
    before = old.encode()
    old.append(rfc6962.leaves(300))

    assert before == old.encode()


def test_the_state_serves_partial_tiles_of_every_earlier_size_it_still_holds() -> None:
    """A reader of an older checkpoint finds its partial tile as the beginning of today's."""
    state, _ = grown(700)
    hashes = rfc6962.leaves(700)

    assert b"".join(hashes[512:600]) == state.tile(TilePath(level=0, index=2, width=88))
    assert rfc6962.mth(hashes[:256]) == state.tile(TilePath(level=1, index=0, width=1))


@pytest.mark.parametrize(
    "path",
    [
        TilePath(level=None, index=2, width=1),
        TilePath(level=0, index=1, width=1),
        TilePath(level=0, index=3, width=1),
        TilePath(level=0, index=2, width=189),
        TilePath(level=1, index=0, width=3),
        TilePath(level=2, index=0, width=1),
        TilePath(level=0, index=2),
    ],
)
def test_any_other_tile_is_not_found_in_the_state(path: TilePath) -> None:
    """Bundles, full tiles, and tiles wider than the tree are not here."""
    state, _ = grown(700)

    with pytest.raises(NotFoundError):
        state.tile(path)


def test_the_empty_tree_has_the_empty_root() -> None:
    """H() of nothing, and no level at all."""
    assert (TreeState.empty().size, TreeState.empty().levels) == (0, ())
    assert rfc6962.h(b"") == TreeState.empty().root()
    assert TreeState.empty().peaks() == ()


@given(hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=5))
def test_hashes_of_undoes_joining(hashes: list[bytes]) -> None:
    """A tile is its hashes joined, and nothing between them."""
    assert hashes == list(hashes_of(b"".join(hashes)))


@pytest.mark.parametrize("data", [b"x", bytes(31), bytes(33), bytes(8_191)])
def test_a_tile_that_ends_within_a_hash_is_refused(data: bytes) -> None:
    """A tile whose last hash is cut off is not taken for one of fewer hashes."""
    with pytest.raises(ProofError):
        hashes_of(data)
