"""What every store promises, whatever it is made of. Run by one test module for each store.

A module that tests a store defines a fixture `store` and takes all of this by `from ... import *`.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ledger.errors import ConflictError, DuplicateError, NotFoundError, QuotaError, ReplayedError
from ledger.fingerprints import of_file
from ledger.identifiers import StatementName
from ledger.kinds import Role, Typ
from ledger.log import EMPTY_HEAD, Append, BatchRow, Blob, Charge, Head, Nonce, RecordFacts, StatementRow, Store
from ledger.merkle import leaf_hash, root_of
from ledger.state import LogState
from ledger.statements import SealedStatement
from ledger.tiles import TilePath, tile_paths
from ledger.treestate import TreeState
from ledger.verifiedtree import VerifiedTree
from tests.support.consortium import ORIGIN, Consortium, agency_ids, first_charter, make_keys, make_log

A, B, C = agency_ids(3)
NONCE = Nonce(keyid=f"{A}#6", nonce="AAAAAAAAAAAAAAAAAAAAAA", expires=1_800_000_120)


def over(store: Store) -> Consortium:
    """Return a log of charter 1 over a store."""
    charter, file = first_charter(3)
    return Consortium(charter=charter, charter_file=file, store=store)


def busy(store: Store) -> Consortium:
    """Return a log in which every kind of entry stands."""
    consortium = over(store)
    consortium.submit(A, [consortium.grant(A, [B]), consortium.grant(A, [])])
    first = consortium.record(A)
    consortium.submit(A, [first, consortium.record(A)])
    consortium.submit_key_entry(consortium.key_entry(C, add=make_keys(C, roles=(Role.HTTP,), start=11)))
    consortium.submit(A, [consortium.record(A, sup=first.name.jti)])
    return consortium


def row(number: int, index: int, *, typ: Typ = Typ.MESSAGE, blobs: tuple[Blob, ...] = ()) -> StatementRow:
    """Return the row of a statement that says nothing."""
    return StatementRow(index=index, name=StatementName(A, number.to_bytes(16, "big")), typ=typ, blobs=blobs)


def append_raw(store: Store, append: Append, *, old: Head | None = None) -> Head:
    """Append entries past any judge and sign nothing."""
    old = store.head() if old is None else old
    leaves = [leaf_hash(entry) for entry in append.entries]
    tree, tiles = old.tree.append(leaves)
    new = Head(size=tree.size, tree=tree, checkpoint=b"%d" % tree.size)
    with store.transaction() as transaction:
        transaction.insert(old.size, append, leaves, tiles)
        transaction.swap(old=old, new=new)
    return new


def test_an_empty_store_has_the_empty_head(store: Store) -> None:
    """Before the first append there is nothing, and a head to swap from."""
    assert store.head() == EMPTY_HEAD
    assert store.entries(0, 0) == ()
    assert list(store.judged_entries(0)) == []
    assert store.batch(A, 1) is None
    assert store.feed(agency=A, after=-1, before=1_000, limit=10) == ()


def test_what_is_appended_is_read(store: Store) -> None:
    """Entries come back byte for byte, in order, by any range."""
    consortium = busy(store)
    head = store.head()
    entries = store.entries(0, head.size)

    assert head.size == consortium.state.size == len(entries) == 10
    assert head.tree.root() == root_of([leaf_hash(entry) for entry in entries])
    assert store.entries(3, 5) == entries[3:5]
    assert store.entries(head.size, head.size) == ()


@pytest.mark.parametrize(("start", "end"), [(0, 11), (10, 11), (11, 12)])
def test_a_range_that_does_not_exist_is_not_found(store: Store, start: int, end: int) -> None:
    """Nobody is given half of what was asked for."""
    busy(store)

    with pytest.raises(NotFoundError):
        store.entries(start, end)


def test_the_log_over_it_is_judged_again_from_its_rows(store: Store) -> None:
    """Charter, key, grant and batch entries come back in order: a restart knows what was known."""
    consortium = busy(store)
    state = LogState(origin=ORIGIN, fingerprint=of_file(consortium.charter_file))
    state.replay(store.judged_entries(0), size=store.head().size, charter_file=store.charter)

    assert [index for index, _ in store.judged_entries(0)] == [0, 1, 2, 3, 6, 7, 9]
    assert [index for index, _ in store.judged_entries(3)] == [3, 6, 7, 9]
    assert next(iter(store.judged_entries(0)))[1] == store.entries(0, 1)[0]
    assert state.chain(A) == consortium.state.chain(A)
    assert state.epochs.current(A) == consortium.state.epochs.current(A)


def test_charters_are_kept(store: Store) -> None:
    """A charter file is given back byte for byte, one that was never taken is not found."""
    consortium = busy(store)

    assert store.charter(1) == consortium.charter_file
    with pytest.raises(NotFoundError):
        store.charter(2)


def test_batches_are_found(store: Store) -> None:
    """By the agency's name and the number of the batch."""
    consortium = busy(store)
    chain = consortium.state.chain(A)
    last = BatchRow(iss=A, seq=3, index=9, first=8, payload_hash=chain.prev)

    assert store.batch(A, 3) == last
    assert store.batch(A, 4) is None
    assert store.batch(B, 1) is None


def test_statements_are_found(store: Store) -> None:
    """By name; and of a record what a correction must know."""
    consortium = over(store)
    grant = consortium.grant(A, [B])
    first, other = (consortium.record(A) for _ in range(2))
    consortium.submit(A, [grant, first, other])
    unknown = StatementName(A, bytes(16))

    assert [store.statement_index(name) for name in (grant.name, first.name, unknown)] == [1, 2, None]
    assert store.record_facts(first.name) == RecordFacts(ep=1, superseded=False)
    assert store.record_facts(grant.name) is None
    assert store.record_facts(unknown) is None

    consortium.submit(A, [consortium.record(A, sup=first.name.jti)])

    assert store.record_facts(first.name) == RecordFacts(ep=1, superseded=True)
    assert store.record_facts(other.name) == RecordFacts(ep=1, superseded=False)


def test_blobs_come_back_with_who_may_have_them(store: Store) -> None:
    """A blob is found by statement and place, with its tag hash and its one reader."""
    consortium = over(store)
    grant, record = consortium.grant(A, [B]), consortium.record(A)
    consortium.submit(A, [grant, record])
    box, item, slip = (
        store.blob(name, place)
        for name, place in ((grant.name, f"box/{B}"), (record.name, "item"), (record.name, "slip"))
    )

    assert box == Blob(place=f"box/{B}", data=grant.blobs[1], only_for=B)
    assert item is not None
    assert (item.data, len(item.tag_hash or b"")) == (record.blobs[1], 32)
    assert slip == Blob(place="slip", data=record.blobs[0])
    assert store.blob(record.name, f"box/{B}") is None
    assert store.blob(StatementName(A, bytes(16)), "item") is None


def _seen(store: Store, agency: str, *, after: int = -1, limit: int = 100) -> Sequence[int]:
    return [found.statement.index for found in store.feed(agency=agency, after=after, before=1_000, limit=limit)]


def test_the_feed_is_what_concerns_an_agency(store: Store) -> None:
    """Grants that name it and the records under them, with the batch that closed each; nothing else."""
    busy(store)

    assert _seen(store, A) == [1, 2, 4, 5, 8]
    assert _seen(store, B) == [1, 4, 5, 8]
    assert _seen(store, C) == []
    assert [found.batch for found in store.feed(agency=B, after=-1, before=1_000, limit=100)] == [3, 6, 6, 9]


def test_the_feed_tells_of_a_correction_that_is_sealed_to_others(store: Store) -> None:
    """Whoever was granted a record's epoch is told which one takes its place, and nobody else of either."""
    consortium = over(store)
    old = consortium.record(A)
    consortium.submit(A, [consortium.grant(A, [B]), old])
    consortium.submit(A, [consortium.grant(A, [], ep=2), consortium.record(A, ep=2)])
    new = consortium.record(A, ep=2, sup=old.name.jti)
    consortium.submit(A, [new, consortium.record(A, ep=2, sup=new.name.jti)])

    seen = [found.statement.name for found in store.feed(agency=B, after=2, before=1_000, limit=100)]
    assert seen == [new.name]
    assert _seen(store, C) == []


def test_the_feed_is_read_in_pieces(store: Store) -> None:
    """After an index, oldest first, at most so many."""
    busy(store)

    assert _seen(store, B, limit=2) == [1, 4]
    assert _seen(store, B, after=4, limit=2) == [5, 8]
    assert _seen(store, B, after=8) == []


def test_the_feed_tells_what_a_reader_tries_its_keys_on(store: Store) -> None:
    """A record's line carries name, epoch and the three key commitments."""
    consortium = over(store)
    record = consortium.record(A)
    consortium.submit(A, [consortium.grant(A, [B]), record])
    found = store.feed(agency=B, after=1, before=1_000, limit=1)[0].statement

    assert (found.name, found.typ, found.ep) == (record.name, Typ.RECORD, 1)
    assert [len(kc) for kc in found.kcs] == [32, 32, 32]


def test_every_tile_of_the_tree_is_served(store: Store) -> None:
    """Full tiles and partial ones lead a reader that believes nothing to every leaf."""
    entries = tuple(b"entry %d" % number for number in range(700))
    head = append_raw(store, Append(entries=entries[:300], batch=_batch(1, first=0, index=299)))
    head = append_raw(store, Append(entries=entries[300:], batch=_batch(2, first=300, index=699)))
    tree = VerifiedTree(size=head.size, root=head.tree.root(), read=store.tile)

    assert tree.leaf_hashes(0, 700) == tuple(leaf_hash(entry) for entry in entries)
    assert tree.root_at(300) == root_of([leaf_hash(entry) for entry in entries[:300]])
    for path in tile_paths(700):
        assert path.level is None or store.tile(path)


def _batch(seq: int, *, first: int, index: int) -> BatchRow:
    return BatchRow(iss=A, seq=seq, index=index, first=first, payload_hash=bytes([seq]) * 32)


@pytest.mark.parametrize(
    "path",
    [
        TilePath(level=0, index=1, width=256),
        TilePath(level=0, index=0, width=11),
        TilePath(level=1, index=0, width=1),
        TilePath(level=0, index=5, width=1),
    ],
)
def test_a_tile_outside_the_tree_is_not_found(store: Store, path: TilePath) -> None:
    """What the tree does not imply does not exist."""
    busy(store)

    with pytest.raises(NotFoundError):
        store.tile(path)


def test_an_exception_leaves_nothing_behind(store: Store) -> None:
    """Whatever goes wrong between insert and commit, the store is as it was."""
    busy(store)
    before = (store.head(), store.entries(0, 10), _seen(store, A))
    batch = _batch(9, first=10, index=11)
    append = Append(entries=(b"x", b"b9"), statements=(row(1, 10),), batch=batch, nonce=NONCE)
    leaves = [leaf_hash(entry) for entry in append.entries]
    tree, tiles = store.head().tree.append(leaves)

    with pytest.raises(ZeroDivisionError), store.transaction() as transaction:  # noqa: PT012  the failure lies within
        transaction.insert(10, append, leaves, tiles)
        transaction.swap(old=store.head(), new=Head(size=12, tree=tree, checkpoint=b"never"))
        raise ZeroDivisionError

    assert (store.head(), store.entries(0, 10), _seen(store, A)) == before
    assert store.statement_index(row(1, 10).name) is None
    assert store.batch(A, 9) is None
    append_raw(store, append)


def test_written_entries_are_read_back_within_the_transaction(store: Store) -> None:
    """Reading back sees what is about to be committed, and the reader outside does not."""
    busy(store)
    leaves = [leaf_hash(b"x")]
    with store.transaction() as transaction:
        transaction.insert(10, Append(entries=(b"x",)), leaves, ())
        inside, outside = transaction.read_back(9, 11), store.head().size
        tree, _ = store.head().tree.append(leaves)
        transaction.swap(old=store.head(), new=Head(size=11, tree=tree, checkpoint=b"c"))

    assert (inside[1], len(inside), outside) == (b"x", 2, 10)
    assert store.entries(9, 11) == inside


def test_the_head_moves_only_from_where_it_stands(store: Store) -> None:
    """Compare and swap: who read an older head writes nothing at all."""
    busy(store)
    old = store.head()
    append_raw(store, Append(entries=(b"first",)))
    before = store.head()

    with pytest.raises(ConflictError):
        append_raw(store, Append(entries=(b"second",)), old=old)
    assert store.head() == before
    with pytest.raises(NotFoundError):
        store.entries(11, 12)


@pytest.mark.parametrize("field", ["size", "tree", "checkpoint"])
def test_the_whole_head_is_compared(store: Store, field: str) -> None:
    """A head that differs in anything is another head."""
    busy(store)
    head = store.head()
    changes: dict[str, object] = {"size": head.size + 1, "tree": TreeState.empty(), "checkpoint": b"other"}
    wrong = replace(head, **{field: changes[field]})  # type: ignore[arg-type]  # members by name

    with pytest.raises(ConflictError), store.transaction() as transaction:
        transaction.swap(old=wrong, new=head)


def test_the_first_append_happens_once(store: Store) -> None:
    """Two processes that both find an empty store cannot both begin the log."""
    append_raw(store, Append(entries=(b"first",)), old=EMPTY_HEAD)

    with pytest.raises(ConflictError):
        append_raw(store, Append(entries=(b"other",)), old=EMPTY_HEAD)
    assert store.entries(0, 1) == (b"first",)


def test_a_leaf_stands_once(store: Store) -> None:
    """The same bytes are not logged a second time, in one append or in two."""
    append_raw(store, Append(entries=(b"x",)))

    for entries in ((b"x",), (b"y", b"y")):
        with pytest.raises(DuplicateError):
            append_raw(store, Append(entries=entries))
    assert store.head().size == 1


def test_a_statement_name_stands_once(store: Store) -> None:
    """(iss, jti) is unique, in one append or in two."""
    append_raw(store, Append(entries=(b"x", b"b1"), statements=(row(1, 0),), batch=_batch(1, first=0, index=1)))
    twice = (row(2, 2), row(2, 3))

    for number, statements in enumerate(((row(1, 2), row(3, 3)), twice), start=2):
        append = Append(entries=(b"y", b"z", b"b2"), statements=statements, batch=_batch(number, first=2, index=4))
        with pytest.raises(DuplicateError):
            append_raw(store, append)
    assert store.head().size == 2


def test_a_name_of_another_agency_is_another_name(store: Store) -> None:
    """Two agencies may draw the same id."""
    other = replace(row(1, 1), name=StatementName(B, row(1, 0).name.jti))
    append_raw(
        store, Append(entries=(b"x", b"y", b"b1"), statements=(row(1, 0), other), batch=_batch(1, first=0, index=2))
    )

    assert (store.statement_index(row(1, 0).name), store.statement_index(other.name)) == (0, 1)


def test_a_batch_name_stands_once(store: Store) -> None:
    """(iss, seq) is unique."""
    append_raw(store, Append(entries=(b"x", b"b1"), statements=(row(1, 0),), batch=_batch(1, first=0, index=1)))

    again = Append(entries=(b"y", b"b2"), statements=(row(2, 2),), batch=_batch(1, first=2, index=3))
    with pytest.raises(DuplicateError):
        append_raw(store, again)


def test_a_nonce_is_used_once(store: Store) -> None:
    """A request that was stored with its effect cannot be sent again; another key's nonce is another nonce."""
    append_raw(store, Append(entries=(b"x",), nonce=NONCE))

    with pytest.raises(ReplayedError):
        append_raw(store, Append(entries=(b"y",), nonce=NONCE))
    assert store.head().size == 1
    append_raw(store, Append(entries=(b"y",), nonce=replace(NONCE, keyid=f"{B}#6")))
    append_raw(store, Append(entries=(b"z",), nonce=replace(NONCE, nonce="BAAAAAAAAAAAAAAAAAAAAA")))


def test_a_refused_append_uses_up_no_nonce(store: Store) -> None:
    """Nothing of a refused request is kept, its nonce neither."""
    append_raw(store, Append(entries=(b"x",)))
    with pytest.raises(DuplicateError):
        append_raw(store, Append(entries=(b"x",), nonce=NONCE))

    append_raw(store, Append(entries=(b"y",), nonce=NONCE))
    assert store.head().size == 2


def test_a_log_goes_on_over_the_same_store(store: Store) -> None:
    """Another process with the same signers appends on top."""
    consortium = busy(store)
    consortium.log = make_log(store)
    consortium.submit(A, [consortium.record(A)])

    assert store.head().size == 12


def _expunging(store: Store) -> tuple[Consortium, SealedStatement, SealedStatement]:
    """Return a log with a record that is expunged, the record, and another that is not."""
    consortium = over(store)
    consortium.open_epoch(A)
    gone, kept = consortium.record(A), consortium.record(A)
    consortium.submit(A, [gone, kept])
    consortium.submit(A, [consortium.expunge(A, gone.name)])
    return consortium, gone, kept


def test_an_expunged_records_blobs_are_gone(store: Store) -> None:
    """Its ciphertexts and slip go in the transaction that logs the order; its entry, and every other blob, stays."""
    _, gone, kept = _expunging(store)

    assert [store.blob(gone.name, place) for place in ("slip", "item", "event", "case")] == [None] * 4
    assert None not in [store.blob(kept.name, place) for place in ("slip", "item", "event", "case")]
    assert store.statement_index(gone.name) is not None
    assert store.record_facts(gone.name) == RecordFacts(ep=1, superseded=False, expunged=True)
    assert store.record_facts(kept.name) == RecordFacts(ep=1, superseded=False, expunged=False)


def test_a_record_is_expunged_once(store: Store) -> None:
    """A second order has nothing to delete and is refused by the judge, who asks the store."""
    consortium, gone, kept = _expunging(store)

    with pytest.raises(DuplicateError, match="expunged already"):
        consortium.submit(A, [consortium.expunge(A, gone.name)])
    consortium.submit(A, [consortium.expunge(A, kept.name)])
    assert store.blob(kept.name, "item") is None


def test_everybody_is_told_of_an_expungement(store: Store) -> None:
    """Whoever holds a copy, by whatever way it came, finds the order in its feed."""
    consortium, _, _ = _expunging(store)
    orders = [consortium.state.size - 2]

    for agency in consortium.ids:
        found = store.feed(agency=agency, after=-1, before=1_000, limit=100)
        assert [row.statement.index for row in found if row.statement.typ is Typ.EXPUNGE] == orders


def test_a_daily_limit_is_counted_with_what_uses_it(store: Store) -> None:
    """The last use of a day is taken, the next refused with nothing written; another agency and day have their own."""
    charge = Charge(agency=A, limit="keys", day=20_000, most=2)
    for number in range(2):
        append_raw(store, Append(entries=(b"k%d" % number,), charges=(charge,)))

    with pytest.raises(QuotaError):
        append_raw(store, Append(entries=(b"k2",), charges=(charge,)))
    assert store.head().size == 2
    append_raw(store, Append(entries=(b"k3",), charges=(replace(charge, agency=B),)))
    append_raw(store, Append(entries=(b"k4",), charges=(replace(charge, day=20_001),)))


def test_a_limit_of_nothing_admits_nothing(store: Store) -> None:
    """Members may agree on a limit of 0."""
    with pytest.raises(QuotaError):
        append_raw(store, Append(entries=(b"k",), charges=(Charge(agency=A, limit="keys", day=1, most=0),)))


def test_what_is_refused_uses_up_no_limit(store: Store) -> None:
    """Nothing of a refused append is kept, its use of a limit neither."""
    charge = Charge(agency=A, limit="keys", day=1, most=1)
    append_raw(store, Append(entries=(b"x",)))
    with pytest.raises(DuplicateError):
        append_raw(store, Append(entries=(b"x",), charges=(charge,)))

    append_raw(store, Append(entries=(b"y",), charges=(charge,)))
    assert store.head().size == 2


def test_the_first_checkpoint_of_every_charter_is_kept(store: Store) -> None:
    """However long the log grows, the checkpoint that first held a charter is found by that charter's index."""
    consortium = over(store)
    first = store.head().checkpoint
    consortium.open_epoch(A)

    assert store.handover(0) == first
    with pytest.raises(NotFoundError):
        store.handover(1)
