"""Tile paths, the tiles a size implies, and entry bundles (C2SP tlog-tiles)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import tiles
from ledger.errors import MalformedError, NotFoundError, ProofError, TooLargeError
from ledger.tiles import TilePath
from tests.support import rfc6962
from tests.support.reference import vector_json

PATHS = st.builds(
    TilePath,
    level=st.none() | st.integers(min_value=0, max_value=tiles.MAX_LEVEL),
    index=st.integers(min_value=0, max_value=tiles.MAX_INDEX),
    width=st.integers(min_value=1, max_value=tiles.TILE_WIDTH),
)
ENTRIES = st.lists(st.binary(max_size=300), min_size=1, max_size=20)


def test_published_tile_paths_are_spelled_and_read_back() -> None:
    """All 12 paths of tessera's layout tests are written as published, and read back to the same tile."""
    cases = vector_json("tlog/derived/tile_paths.json")
    entries, hashes = cases["entries_path_for_index"], cases["tile_path"]

    assert (len(entries), len(hashes)) == (7, 5)
    for case in entries:
        path = tiles.entry_bundle_path(index=case["index"] // tiles.TILE_WIDTH, size=case["log_size"])
        assert case["path"] == path.format()
        assert path == TilePath.parse(case["path"])
    for case in hashes:
        path = TilePath(level=case["level"], index=case["index"], width=case["partial"] or 256)
        assert case["path"] == path.format()
        assert path == TilePath.parse(case["path"])


def test_published_tile_names_are_parsed_or_refused_as_published() -> None:
    """All 19 names of tessera's parser tests get their published verdict, 15 of them refusal."""
    cases = vector_json("tlog/derived/tile_paths.json")["parse"]
    refused = [case for case in cases if case.get("error")]

    assert (len(cases), len(refused)) == (19, 15)
    for case in cases:
        path = f"tile/{case['level']}/{case['index']}"
        if case in refused:
            with pytest.raises(MalformedError):
                TilePath.parse(path)
        else:
            level, index, partial = case["want"]
            assert TilePath(level=level, index=index, width=partial or 256) == TilePath.parse(path)


@given(path=PATHS)
def test_every_path_has_one_spelling_and_is_read_back(path: TilePath) -> None:
    """What the formatter writes, the parser reads."""
    assert path == TilePath.parse(path.format())


@given(text=st.text(alphabet="tile/x0123456789.pentrs \n\u0663", max_size=40) | st.text(max_size=30))
def test_arbitrary_paths_are_refused_with_our_error(text: str) -> None:
    """A parser that takes a path takes only what the formatter writes; all else is MalformedError."""
    try:
        path = TilePath.parse(text)
    except MalformedError:
        return

    assert text == path.format()


@pytest.mark.parametrize(
    "text",
    [
        "tile/00/001",  # a level has no leading zero
        "tile/0/x000/001",  # nor has an index an empty group
        "tile/0/001.p/08",
        "tile/0/001.p/0",
        "tile/0/001.p/256",  # a full tile is not named as a partial one
        "tile/0/\u0660\u0660\u0661",  # digits are ASCII
        "/tile/0/001",
        "tile/0/001\n",
        "tile/0/../001",
        "tile/entries/1",
    ],
)
def test_a_second_spelling_of_a_path_is_refused(text: str) -> None:
    """One tile under two paths would be two cache entries, of which one could be poisoned."""
    with pytest.raises(MalformedError):
        TilePath.parse(text)


@pytest.mark.parametrize(
    ("level", "index", "width"), [(64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 10**18, 1), (0, 0, 0), (0, 0, 257)]
)
def test_a_tile_that_no_log_holds_has_no_path(level: int, index: int, width: int) -> None:
    """Level, index and width outside their bounds are refused when the path is made."""
    with pytest.raises(MalformedError):
        TilePath(level=level, index=index, width=width)


def test_a_partial_tile_names_the_full_one_that_replaces_it() -> None:
    """Partial and full are told apart, and one leads to the other."""
    partial = TilePath(level=1, index=7, width=3)

    assert partial.is_partial
    assert TilePath(level=1, index=7) == partial.full()
    assert not partial.full().is_partial
    assert partial.full() == tiles.FullTile(level=1, index=7, data=b"").path


@pytest.mark.parametrize(
    ("size", "paths"),
    [
        (0, []),
        (1, ["tile/0/000.p/1"]),
        (256, ["tile/0/000", "tile/1/000.p/1"]),
        (257, ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]),
    ],
)
def test_a_small_tree_has_these_tiles(size: int, paths: list[str]) -> None:
    """No empty tiles, and only full ones count in the level above."""
    assert paths == [path.format() for path in tiles.tile_paths(size)]


def test_the_specifications_example_of_seventy_thousand_entries() -> None:
    """Size 70,000 implies 273 full and one 112 wide tile, one full and one 17 wide, one 1 wide."""
    paths = list(tiles.tile_paths(70_000))
    partial = [path.format() for path in paths if path.is_partial]

    assert len([path for path in paths if not path.is_partial]) == 273 + 1
    assert partial == ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]
    assert tiles.entry_bundle_path(index=273, size=70_000).format() == "tile/entries/273.p/112"


@given(size=st.integers(min_value=0, max_value=1_500))
def test_a_size_implies_exactly_the_tiles_that_its_leaves_are_cut_into(size: int) -> None:
    """The paths of a size are those of the tiles made by the definition: none more, none less."""
    made = rfc6962.Tiles(rfc6962.leaves(1_500)[:size])

    assert list(made.files) == list(tiles.tile_paths(size))


def test_a_tile_is_there_from_its_end_on() -> None:
    """A tree has every tile that ends within it, and of a tree that is one leaf too small it is not one."""
    for size in (1, 256, 257, 1_000):
        paths = list(tiles.tile_paths(size))

        assert max(path.end for path in paths) == size
        assert not any(path in tiles.tile_paths(path.end - 1) for path in paths)


@pytest.mark.parametrize("size", [-1, 2**63])
def test_an_impossible_size_implies_no_tiles(size: int) -> None:
    """A size that no checkpoint can carry is refused rather than walked."""
    with pytest.raises(ProofError):
        list(tiles.tile_paths(size))


def test_tiles_beyond_the_tree_are_never_asked_for() -> None:
    """A client asks only for what a verified size implies."""
    with pytest.raises(ProofError):
        tiles.tile_path(level=0, index=1, size=256)
    with pytest.raises(ProofError):
        tiles.tile_path(level=1, index=0, size=255)
    with pytest.raises(ProofError):
        tiles.tile_path(level=0, index=-1, size=256)
    with pytest.raises(ProofError):
        tiles.entry_bundle_path(index=0, size=0)
    for index in (-1, 1):
        with pytest.raises(ProofError):
            tiles.entry_bundle_path(index=index, size=5)


def test_a_deleted_partial_tile_is_cut_from_its_full_one() -> None:
    """A log may delete a partial tile once it is full: the reader takes the beginning of the full tile."""
    files = rfc6962.Tiles(rfc6962.leaves(256))
    path = TilePath(level=0, index=0, width=200)

    assert b"".join(rfc6962.leaves(256)[:200]) == tiles.read_hashes(path, files.read)
    assert [path, path.full()] == files.asked


def test_a_tile_that_is_nowhere_is_not_found() -> None:
    """Neither the partial nor the full tile exists: the reader says so."""
    files = rfc6962.Tiles(())
    with pytest.raises(NotFoundError):
        tiles.read_hashes(TilePath(level=0, index=0, width=3), files.read)
    with pytest.raises(NotFoundError):
        tiles.read_hashes(TilePath(level=0, index=0), files.read)


@pytest.mark.parametrize("length", [0, 32, 64 - 1, 64 + 1, 96, 8_192])
def test_a_tile_of_another_length_than_its_path_says_is_refused(length: int) -> None:
    """A tile of width 2 has 64 bytes, whatever the log sends."""
    with pytest.raises(ProofError):
        tiles.read_hashes(TilePath(level=0, index=0, width=2), lambda _: bytes(length))


def test_a_full_tile_cut_short_does_not_stand_in_for_a_partial_one() -> None:
    """The stand-in must itself be a whole full tile."""

    def read(path: TilePath) -> bytes:
        if path.is_partial:
            raise NotFoundError("deleted")
        return bytes(64)

    with pytest.raises(ProofError):
        tiles.read_hashes(TilePath(level=0, index=0, width=2), read)


@given(entries=ENTRIES)
def test_bundles_are_read_back(entries: list[bytes]) -> None:
    """Entries, empty ones too, come back as they went in."""
    assert tuple(entries) == tiles.parse_entry_bundle(tiles.encode_entry_bundle(entries), width=len(entries))


def test_a_bundle_is_spelled_as_the_specification_says() -> None:
    """Each entry stands behind its length in two bytes, big-endian."""
    assert tiles.encode_entry_bundle([b"a", b"", b"b" * 256]) == b"\x00\x01a\x00\x00\x01\x00" + b"b" * 256


@given(raw=st.binary(max_size=60), width=st.integers(min_value=1, max_value=256))
def test_arbitrary_bundles_are_refused_with_our_error(raw: bytes, width: int) -> None:
    """Bytes that are no bundle raise MalformedError; what is taken is read back to the same bytes."""
    try:
        entries = tiles.parse_entry_bundle(raw, width=width)
    except MalformedError:
        return

    assert raw == tiles.encode_entry_bundle(entries)


@given(entries=ENTRIES, data=st.data())
def test_a_bundle_of_more_or_fewer_entries_is_refused(entries: list[bytes], data: st.DataObject) -> None:
    """A log cannot slip an entry in or leave one out, nor cut the last one short."""
    raw = tiles.encode_entry_bundle(entries)
    cut = data.draw(st.integers(min_value=1, max_value=len(raw)))

    for bad, width in [(raw, len(entries) + 1), (raw + b"\0\0", len(entries)), (raw[:-cut], len(entries))]:
        with pytest.raises(MalformedError):
            tiles.parse_entry_bundle(bad, width=width)


def test_bundles_beyond_their_limits_are_refused() -> None:
    """No bundle is empty, wider than 256, or holds an entry whose length two bytes cannot say."""
    for entries in ([], [b""] * 257, [bytes(65_536)]):
        with pytest.raises(TooLargeError):
            tiles.encode_entry_bundle(entries)
    with pytest.raises(TooLargeError):
        tiles.parse_entry_bundle(bytes(tiles.MAX_ENTRY_BUNDLE_BYTES + 1), width=256)


def test_the_largest_bundle_is_read_back() -> None:
    """256 entries of 65,535 bytes are exactly the limit."""
    entries = [bytes(65_535)] * 256
    raw = tiles.encode_entry_bundle(entries)

    assert len(raw) == tiles.MAX_ENTRY_BUNDLE_BYTES
    assert tuple(entries) == tiles.parse_entry_bundle(raw, width=256)
