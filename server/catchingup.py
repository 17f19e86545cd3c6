"""Grow an older database to what its log had published, from a mirror's tiles: without a key, so without signing.

Every entry is judged again by the judge that admitted it, and the head is moved once, to a checkpoint that the log
itself has signed. What lies beside the log (ciphertexts, boxes, routes) is on no mirror: it stays missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ledger.appends import batch_append, charter_append, key_append
from ledger.charterpayload import Charter, parse_charter_entry
from ledger.errors import LedgerError, ProofError
from ledger.expunges import Expunge
from ledger.handover import verify_handover
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.log import Append, Head, Published, RecordFacts, Store
from ledger.merkle import leaf_hash
from ledger.recordform import Record
from ledger.state import LogState, kind_of
from ledger.submissions import Statement, read_submission
from ledger.tiles import TILE_WIDTH, entry_bundle_path, parse_entry_bundle
from ledger.treestate import TreeState
from ledger.verifiedtree import VerifiedTree
from ledger.witnesses import quorum_ready
from server.appending import SqlTransaction
from server.errors import StartError
from server.evidence import Evidence, Mirror
from server.store import SqlStore

_Judged: TypeAlias = tuple[Append, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtUp:
    """From which size to which, and how many statements came without the bytes that lay beside them."""

    before: int
    after: int
    bare: int


def catch_up(store: SqlStore, *, state: LogState, mirror: Mirror, target: Evidence) -> CaughtUp:
    """Append what the mirror has under `target` and the store has not; all of it in one transaction.

    `state` is the judge, standing where the store stands. Raises StartError if the store's tree is not the beginning
    of the mirror's, or if the mirror's entries are not what the log's own rules admit.
    """
    head = store.head()
    try:
        tree = VerifiedTree(size=target.checkpoint.size, root=target.checkpoint.root, read=mirror.tile)
        if tree.root_at(head.size) != head.tree.root():
            raise ProofError(f"the first {head.size:,} entries of the mirror are not those of the database")
        with store.transaction() as transaction:
            return _append_all(transaction, head, _Replay(store, state, mirror, tree), target)
    except LedgerError as error:
        raise StartError(f"{target.source} does not continue this database: {error}") from error


def _append_all(transaction: SqlTransaction, head: Head, replay: "_Replay", target: Evidence) -> CaughtUp:
    grown, bare = head.tree, 0
    for append, first in replay.appends(head.size):
        leaves = [leaf_hash(entry) for entry in append.entries]
        grown, tiles = grown.append(leaves)
        transaction.insert(first, append, leaves, tiles)
        if append.charter is not None:
            replay.keep_handover(transaction, first)
        bare += len(append.statements)
    _swap(transaction, head, grown, target)
    publish(transaction, Published(size=grown.size, note=target.raw), charter=replay.judge(), previous=None)
    return CaughtUp(before=head.size, after=grown.size, bare=bare)


def _swap(transaction: SqlTransaction, head: Head, grown: TreeState, target: Evidence) -> None:
    if (grown.size, grown.root()) != (target.checkpoint.size, target.checkpoint.root):
        raise ProofError("the entries of the mirror end within a batch")
    transaction.swap(old=head, new=Head(size=grown.size, tree=grown, checkpoint=target.raw))


def publish(transaction: SqlTransaction, found: Published, *, charter: Charter, previous: Charter | None) -> None:
    """Show readers what a mirror shows, if the quorum is under it; else the service asks its witnesses anew."""
    if quorum_ready(found.note, charter=charter, previous=previous):
        transaction.publish(found)


class _Replay:
    """Reads the mirror's entries in order and judges them as the service would."""

    def __init__(self, store: Store, state: LogState, mirror: Mirror, tree: VerifiedTree) -> None:
        self._known = _Known(store)
        self._state = state
        self._mirror = mirror
        self._tree = tree
        self._held: list[bytes] = []

    def appends(self, start: int) -> Iterator[_Judged]:
        """Yield what each submission from entry `start` on had added, with the index it stands at."""
        for entry in self._entries(start):
            if not entry.startswith(b"{"):
                self._held.append(entry)
            elif kind_of(entry) is Typ.BATCH:
                yield self._batch(entry)
            else:
                yield self._change(entry)

    def keep_handover(self, transaction: SqlTransaction, index: int) -> None:
        """Take over the checkpoint that first held the charter at `index`, signed under it and the one before."""
        membership = self._state.membership
        charter = membership.charter_before(index + 1)
        previous = membership.charter_before(index) if index else charter
        note = self._mirror.handover(index)
        checkpoint = verify_handover(note, index=index, charter=charter, previous=previous, tree=self._tree)
        transaction.keep_handover(index, note)
        publish(transaction, Published(size=checkpoint.size, note=note), charter=charter, previous=previous)

    def judge(self) -> Charter:
        """Return the charter in force at the end."""
        return self._state.membership.charter_before(self._tree.size)

    def _entries(self, start: int) -> Iterator[bytes]:
        size = self._tree.size
        for index in range(start // TILE_WIDTH, -(-size // TILE_WIDTH)):
            path = entry_bundle_path(index=index, size=size)
            entries = parse_entry_bundle(self._mirror.tile(path), width=path.width)
            first = index * TILE_WIDTH
            if tuple(map(leaf_hash, entries)) != self._tree.leaf_hashes(first, first + path.width):
                raise ProofError(f"{path.format()} of the mirror is not what its tiles commit to")
            yield from entries[max(0, start - first) :]

    def _batch(self, entry: bytes) -> _Judged:
        held, self._held = self._held, []
        judged = self._state.judge_batch(read_submission(entry, held), known=self._known)
        self._state.apply(judged)
        for parsed in judged.submission.parsed:
            self._known.enter(parsed)
        return batch_append(judged, attached=[()] * len(held)), judged.first

    def _change(self, entry: bytes) -> _Judged:
        if kind_of(entry) is Typ.KEY:
            key = self._state.judge_key(entry)
            self._state.apply(key)
            return key_append(entry=entry), key.index
        file = self._mirror.charter(parse_charter_entry(entry).ver)
        charter = self._state.judge_charter(entry, file)
        self._state.apply(charter)
        return charter_append(charter, entry=entry, file=file), charter.index


class _Known:
    """The records of the store and, over them, those that are appended and not committed yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._facts: dict[StatementName, RecordFacts] = {}

    def record_facts(self, name: StatementName) -> RecordFacts | None:
        """Return what is known of a record."""
        return self._facts.get(name) or self._store.record_facts(name)

    def enter(self, statement: Statement | None) -> None:
        """Remember a record, and what a statement says of an earlier one."""
        match statement:
            case Record(name=name, ep=ep, sup=sup):
                self._facts[name] = RecordFacts(ep=ep, superseded=False)
                if sup is not None:
                    self._change(StatementName(name.iss, sup), superseded=True)
            case Expunge(name=name, of=of):
                self._change(StatementName(name.iss, of), expunged=True)
            case _:
                pass

    def _change(self, name: StatementName, **facts: bool) -> None:
        known = self.record_facts(name)
        if known is not None:
            self._facts[name] = known._replace(**facts)
