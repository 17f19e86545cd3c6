"""Entries are read in bundles, and each is one of the log's or nothing is read."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.entries import Entries, fetch_bundle
from ledger.errors import LedgerError, MalformedError, NotFoundError, ProofError
from ledger.tiles import TILE_WIDTH, TilePath, encode_entry_bundle, entry_bundle_path
from tests.support.consortium import Consortium, agency_ids, make_consortium
from tests.support.logfiles import Files, publish_log
from tests.support.views import LogTransport, view_of

(A,) = agency_ids(1)
PAGES = 7


@cache
def consortium() -> Consortium:
    """Return a log of more bundles than are kept."""
    found = make_consortium(1)
    found.open_epoch(A)
    one = found.record(A)
    found.submit(A, [one, *(found.record(A) for _ in range(299))])
    return found


@cache
def published() -> Files:
    """Return its files."""
    return publish_log(consortium())


class Reader:
    """The files of a log, and what was read of them."""

    def __init__(self, files: Files) -> None:
        """Take the files."""
        self.files = files
        self.read: list[str] = []

    def tile(self, path: TilePath) -> bytes:
        """Return a tile or bundle."""
        self.read.append(path.format())
        return self.files.tile(path)


def entries(files: Files | None = None) -> tuple[Entries, Reader]:
    """Return the entries of the honest view, as read from some files."""
    reader = Reader(files or published())
    return Entries(view_of(consortium(), published()), reader), reader  # type: ignore[arg-type]  # bundles are all it reads


def logged() -> tuple[bytes, ...]:
    """Return the log's entries."""
    return tuple(consortium().store.entries(0, consortium().state.size))


@given(st.data())
def test_any_range_is_read_as_it_was_logged(data: st.DataObject) -> None:
    """From any index to any other, over the edges of bundles too."""
    size = len(logged())
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))

    assert entries()[0].read(start, end) == logged()[start:end]


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (2, 1), (0, 10_000), (10_000, 10_001)])
def test_what_is_no_range_of_the_log_is_refused(start: int, end: int) -> None:
    """Beyond the checkpoint nothing is believed."""
    with pytest.raises(ProofError):
        entries()[0].read(start, end)


def test_a_bundle_is_fetched_once() -> None:
    """Reading entry by entry costs one request a bundle."""
    found, reader = entries()
    for index in range(40):
        found.read(index, index + 1)

    assert reader.read == ["tile/entries/000"]


def test_the_oldest_bundle_is_forgotten_first() -> None:
    """Memory holds a few bundles, not the log."""
    found, _ = entries()
    kept = found._kept
    found.read(0, len(logged()))
    found._kept.update({1_000 + page: () for page in range(PAGES)})
    found._kept.pop(1)
    found.read(256, 257)

    assert 0 not in kept
    assert 1 in kept


@given(st.integers(0, 255), st.data())
def test_an_altered_entry_is_never_read(index: int, data: st.DataObject) -> None:
    """One bit of one entry changed: its whole bundle is refused."""
    bundle = list(logged()[:TILE_WIDTH])
    entry = bytearray(bundle[index])
    entry[data.draw(st.integers(0, len(entry) - 1))] ^= 1
    bundle[index] = bytes(entry)
    found, _ = entries(published().changed({"tile/entries/000": encode_entry_bundle(bundle)}))

    with pytest.raises(ProofError, match="not those of the log"):
        found.read(0, 1)


def test_swapped_entries_are_never_read() -> None:
    """Both are in the log, but not there."""
    bundle = list(logged()[:TILE_WIDTH])
    bundle[3], bundle[4] = bundle[4], bundle[3]
    found, _ = entries(published().changed({"tile/entries/000": encode_entry_bundle(bundle)}))

    with pytest.raises(ProofError):
        found.read(3, 4)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_bundle_raise_only_our_error(raw: bytes) -> None:
    """Whatever is served in place of a bundle."""
    found, _ = entries(published().changed({"tile/entries/000": raw}))

    with pytest.raises(LedgerError):
        found.read(0, 1)


def test_a_bundle_that_has_grown_full_stands_in_for_the_partial_one() -> None:
    """A log drops a partial bundle once the full one exists; what was asked for is cut out of it."""
    size = 40
    full = published().changed({entry_bundle_path(index=0, size=size).format(): None})

    assert fetch_bundle(full.tile, index=0, size=size) == logged()[:size]


def test_a_missing_full_bundle_is_not_found() -> None:
    """Where no other file could stand in for it."""
    with pytest.raises(NotFoundError):
        fetch_bundle(published().changed({"tile/entries/000": None}).tile, index=0, size=len(logged()))


def test_a_bundle_of_another_width_is_malformed() -> None:
    """More or fewer entries than its path says."""
    short = published().changed({"tile/entries/000": encode_entry_bundle(logged()[:255])})

    with pytest.raises(MalformedError):
        fetch_bundle(short.tile, index=0, size=len(logged()))


def test_the_fakes_of_these_tests_answer_as_the_log_does() -> None:
    """An entry asked for by its index is the log's own, with a proof."""
    transport = LogTransport(consortium(), published())

    assert transport.service().entry(5).entry == logged()[5]
    assert transport.service().agency_head(A).kx == 0
