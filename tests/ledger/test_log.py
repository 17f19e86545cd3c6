"""The one who appends: nothing is signed that the store does not hold, and nothing is half done."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crypto.signing import Algorithm
from ledger.checkpoints import open_checkpoint
from ledger.errors import ConflictError, DuplicateError, MalformedError, ProofError, TooLargeError
from ledger.log import EMPTY_HEAD, Append, Blob, Head, Log
from ledger.merkle import leaf_hash, root_of
from ledger.verifiedtree import VerifiedTree
from tests.support.consortium import ORIGIN, log_keys, make_log, signer
from tests.support.fakes import MemoryStore, MemoryTransaction


def _entries(*names: str) -> Append:
    return Append(entries=tuple(name.encode() for name in names))


def _open(head: Head) -> tuple[int, bytes]:
    checkpoint = open_checkpoint(head.checkpoint, origin=ORIGIN, vkeys=log_keys().vkeys)
    return checkpoint.size, checkpoint.root


def test_an_append_moves_the_head() -> None:
    """The new head has the size, the tree and a checkpoint that both log keys signed."""
    store = MemoryStore()
    head = make_log(store).append(_entries("a", "b", "c"), 0)
    root = root_of([leaf_hash(entry) for entry in (b"a", b"b", b"c")])

    assert store.head() == head
    assert _open(head) == (3, root)
    assert head.tree.root() == root


def test_appends_grow_one_tree() -> None:
    """Whatever the sizes of the appends, the root is that of all entries in order."""
    log = make_log(MemoryStore())
    names: list[str] = []
    for size in (1, 2, 254, 1, 300, 7):
        new = [f"entry {len(names) + number}" for number in range(size)]
        head = log.append(_entries(*new), len(names))
        names += new

        assert _open(head) == (len(names), root_of([leaf_hash(name.encode()) for name in names]))


def test_an_append_elsewhere_is_a_conflict() -> None:
    """What was judged for one place is not appended at another."""
    store = MemoryStore()
    log = make_log(store)
    log.append(_entries("a"), 0)

    for first in (0, 2):
        with pytest.raises(ConflictError):
            log.append(_entries("b"), first)
    assert store.head().size == 1


def test_an_append_of_nothing_is_refused() -> None:
    """A log does not sign the same tree again as if it had grown."""
    with pytest.raises(MalformedError):
        make_log(MemoryStore()).append(_entries(), 0)


def test_an_entry_that_no_bundle_can_carry_is_refused() -> None:
    """Entry bundles have two bytes for a length."""
    store = MemoryStore()

    with pytest.raises(TooLargeError):
        make_log(store).append(Append(entries=(bytes(65_536),)), 0)
    make_log(store).append(Append(entries=(bytes(65_535),)), 0)


def test_a_refused_insert_signs_nothing() -> None:
    """A duplicate leaves the head where it was."""
    store = MemoryStore()
    log = make_log(store)
    head = log.append(_entries("a"), 0)

    with pytest.raises(DuplicateError):
        log.append(_entries("a"), 1)
    assert store.head() == head


class _Lying(MemoryTransaction):
    """A database that reads back something else than was written."""

    def __init__(self, inner: MemoryTransaction, lie: Callable[[Sequence[bytes]], Sequence[bytes]]) -> None:
        super().__init__(inner._rows)
        self._lie = lie

    def read_back(self, start: int, end: int) -> Sequence[bytes]:
        return self._lie(super().read_back(start, end))


class _LyingStore(MemoryStore):
    def __init__(self, lie: Callable[[Sequence[bytes]], Sequence[bytes]]) -> None:
        super().__init__()
        self.lie = lie

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        transaction = _Lying(MemoryTransaction(self.rows), self.lie)
        yield transaction
        transaction.commit()


_LIES: dict[str, Callable[[Sequence[bytes]], Sequence[bytes]]] = {
    "a flipped bit": lambda entries: [bytes([entries[0][0] ^ 1]) + entries[0][1:], *entries[1:]],
    "a lost entry": lambda entries: entries[:-1],
    "an extra entry": lambda entries: [*entries, b"extra"],
    "another order": lambda entries: entries[::-1],
    "nothing": lambda _: (),
}


@pytest.mark.parametrize("name", sorted(_LIES))
def test_a_database_that_lies_is_found_before_anything_is_signed(name: str) -> None:
    """The entries are read back and hashed by another path: a difference stops the append."""
    store = _LyingStore(list)
    make_log(store).append(_entries("a", "b", "c"), 0)
    head = store.head()
    store.lie = _LIES[name]

    with pytest.raises(ProofError, match="nothing was signed"):
        make_log(store).append(_entries("d", "e"), 3)
    assert store.head() == head
    assert store.rows.entries == [b"a", b"b", b"c"]


class _Lost(Exception):  # noqa: N818  a network that goes away, no error of ours
    pass


class _FailingStore(MemoryStore):
    """A store whose commit fails before it is done, or is done and the reply is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.fails: str | None = None

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        transaction = MemoryTransaction(self.rows)
        yield transaction
        if self.fails == "before":
            raise _Lost
        transaction.commit()
        if self.fails == "after":
            raise _Lost


def test_a_write_that_fails_can_be_done_again() -> None:
    """Nothing was written, so the same append goes through."""
    store = _FailingStore()
    log = make_log(store)
    log.append(_entries("a"), 0)
    store.fails = "before"
    with pytest.raises(_Lost):
        log.append(_entries("b"), 1)
    store.fails = None

    assert store.head().size == 1
    assert log.append(_entries("b"), 1).size == 2


def test_a_write_whose_reply_is_lost_is_not_done_twice() -> None:
    """It was written: the head tells, and the same append meets a conflict instead of standing twice."""
    store = _FailingStore()
    log = make_log(store)
    store.fails = "after"
    with pytest.raises(_Lost):
        log.append(_entries("a"), 0)
    store.fails = None

    assert store.head().size == 1
    with pytest.raises(ConflictError):
        log.append(_entries("a"), 0)
    with pytest.raises(DuplicateError):
        log.append(_entries("a"), 1)


def test_two_processes_cannot_both_move_the_head() -> None:
    """Two logs over one store: who judged on an older head writes nothing."""
    store = MemoryStore()
    one, other = make_log(store), make_log(store)
    one.append(_entries("a"), 0)

    with pytest.raises(ConflictError):
        other.append(_entries("b"), 0)
    assert other.append(_entries("b"), 1).size == 2


def test_a_head_that_moves_in_between_is_a_conflict() -> None:
    """The last word is the compare-and-swap, not what was read before."""
    store = MemoryStore()
    make_log(store).append(_entries("a"), 0)
    stale = store.head()
    racing = _RacingStore(store)

    with pytest.raises(ConflictError):
        make_log(racing).append(_entries("b"), 1)
    assert store.head() == stale


class _RacingStore(MemoryStore):
    """A store on which somebody else moves the head between reading it and swapping it."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__()
        self.rows = store.rows

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        transaction = _Raced(self.rows)
        yield transaction
        transaction.commit()


class _Raced(MemoryTransaction):
    def swap(self, *, old: Head, new: Head) -> None:
        assert old != new
        super().swap(old=EMPTY_HEAD, new=new)


@settings(max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
class LogMachine(RuleBasedStateMachine):
    """A log over memory against a plain list."""

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self.store = MemoryStore()
        self.log = make_log(self.store)
        self.model: list[bytes] = []
        self.heads: list[Head] = []

    @rule(entries=st.lists(st.binary(max_size=20), min_size=1, max_size=300, unique=True))
    def append(self, entries: list[bytes]) -> None:
        """Append entries: all of them, or none if one stands already."""
        if set(entries) & set(self.model):
            with pytest.raises(DuplicateError):
                self.log.append(Append(entries=tuple(entries)), len(self.model))
            return
        self.heads.append(self.log.append(Append(entries=tuple(entries)), len(self.model)))
        self.model += entries

    @rule(off=st.integers(-3, 3).filter(bool))
    def append_elsewhere(self, off: int) -> None:
        """An append at another place changes nothing."""
        with pytest.raises(ConflictError):
            self.log.append(_entries("elsewhere"), len(self.model) + off)

    @rule()
    def restart(self) -> None:
        """Another process goes on."""
        self.log = make_log(self.store)

    @invariant()
    def holds_the_model(self) -> None:
        """The store holds what was appended, and every checkpoint ever signed is consistent with it."""
        assert list(self.store.entries(0, len(self.model))) == self.model
        if not self.model:
            assert self.store.head() == EMPTY_HEAD
            return
        size, root = _open(self.store.head())
        tree = VerifiedTree(size=size, root=root, read=self.store.tile)
        for head in self.heads[-3:]:
            assert _open(head) == (head.size, tree.root_at(head.size))


TestLogMachine = LogMachine.TestCase


def test_the_log_signs_with_both_algorithms() -> None:
    """A checkpoint without either signature is not opened by anybody."""
    store = MemoryStore()
    pair = signer("log", Algorithm.ED25519), signer("log", Algorithm.ML_DSA_44)
    head = Log(store=store, origin=ORIGIN, ed25519=pair[0], ml_dsa_44=pair[1]).append(_entries("a"), 0)

    assert head.checkpoint.count("\u2014 ".encode()) == 2


def test_a_blob_does_not_show_its_bytes_by_accident() -> None:
    """The repr, which ends in logs, holds neither a slip's tokens nor whom a box is for."""
    blob = Blob(place="slip", data=b"eight tokens", tag_hash=b"of a tag", only_for="xar-arms")

    assert repr(blob) == "Blob(place='slip')"
