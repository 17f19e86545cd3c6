"""The log: what it asks of a store, the values that pass between them, and the one who appends (docs/protocol.md, 7 and 9).

A store is rows and one compare-and-swap; it decides nothing. Whoever appends has judged the entries before
(`ledger/state.py`), and the tree is built here, so a store can be wrong only in ways that reading back shows.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from crypto.signing import Signer
from ledger.checkpoints import Checkpoint, cosigned, sign_checkpoint
from ledger.errors import ConflictError, MalformedError, ProofError, TooLargeError
from ledger.identifiers import StatementName
from ledger.jsontext import MAX_ENTRY_BYTES
from ledger.kinds import Typ
from ledger.merkle import leaf_hashes, root_after
from ledger.tiles import FullTile, TilePath
from ledger.treestate import TreeState


class Blob(NamedTuple):
    """Bytes beside the log that a statement names: a slip, a ciphertext, a box.

    `place` is `slip`, `item`, `event`, `case`, `box/<agency>`, `to`, `self`, `route` or `slips`.
    `tag_hash` (of item, event, case) is `a`: only who shows its preimage is given the bytes.
    `only_for` (of a box or a message) names the one agency that is given them.
    """

    place: str
    data: bytes
    tag_hash: bytes | None = None
    only_for: str | None = None

    def __repr__(self) -> str:
        """Return the place alone: a slip's bytes are tokens."""
        return f"Blob(place={self.place!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """What the service remembers of one statement to find it again; everything else is in the entry.

    `recipients` are the agencies whose feed it belongs to: those of a grant, the one a message is routed to.
    `expunges` is the record whose blobs go in the same write; a store remembers that they may be missing.
    `renews` is the issuer's batch whose records get new slips.
    """

    index: int
    name: StatementName
    typ: Typ
    ep: int | None = None
    sup: bytes | None = None
    expunges: bytes | None = None
    renews: int | None = None
    recipients: tuple[str, ...] = ()
    kcs: tuple[bytes, ...] = ()
    blobs: tuple[Blob, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """Where a batch stands: its entry at `index`, its statements from `first` to there."""

    iss: str
    seq: int
    index: int
    first: int
    payload_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterRow:
    """A charter file and the index of the entry that holds its hash."""

    ver: int
    index: int
    file: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonce:
    """The nonce of the request whose effect this is: stored with it, so that a replay finds it (10)."""

    keyid: str
    nonce: str
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Uses of a daily counter: whose, of what (docs/protocol.md, 6.10), on which day (UTC), of at most how many."""

    agency: str
    limit: str
    day: int
    most: int
    amount: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """All that one submission adds, or nothing of it: a batch, a charter entry, or (with neither) a key entry.

    `charges` count it in the same write, against the daily limits of the charter.
    """

    entries: tuple[bytes, ...]
    statements: tuple[StatementRow, ...] = ()
    batch: BatchRow | None = None
    charter: CharterRow | None = None
    nonce: Nonce | None = None
    charges: tuple[Charge, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the log stands: its size, the right edge of its tree, and the checkpoint signed over both."""

    size: int
    tree: TreeState
    checkpoint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A checkpoint that readers may see: the size of its tree, and the note with its cosignatures."""

    size: int
    note: bytes


EMPTY_HEAD = Head(size=0, tree=TreeState.empty(), checkpoint=b"")


class RecordFacts(NamedTuple):
    """What judging a `sup` or an expungement needs to know of the record it names."""

    ep: int
    superseded: bool
    expunged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """One line of an agency's feed: a statement that concerns it, and the index of the batch that closed it."""

    statement: StatementRow
    batch: int


class StoreTransaction(Protocol):
    """One write, all or nothing."""

    def insert(self, first: int, append: Append, leaves: Sequence[bytes], tiles: Sequence[FullTile]) -> None:
        """Write the rows of `append` from index `first` on; raise DuplicateError, ReplayedError, QuotaError."""

    def read_back(self, start: int, end: int) -> Sequence[bytes]:
        """Return the entries in [start, end) as the database now holds them."""

    def swap(self, *, old: Head, new: Head) -> None:
        """Move the head from `old` to `new` in one statement; raise ConflictError if it stands elsewhere."""

    def keep_handover(self, index: int, checkpoint: bytes) -> None:
        """Keep the first checkpoint that holds the charter at `index`."""

    def publish(self, published: Published) -> None:
        """Let readers see a checkpoint; one that is smaller than what they see already changes nothing."""


class TreeStore(Protocol):
    """What appending needs of a database. Reads outside a transaction see only what was committed."""

    def transaction(self) -> AbstractContextManager[StoreTransaction]:
        """Return a transaction that commits on leaving and rolls back on any exception."""

    def head(self) -> Head:
        """Return the head; that of an empty store is EMPTY_HEAD."""


class Store(TreeStore, Protocol):
    """What the database of a log must offer."""

    def entries(self, start: int, end: int) -> Sequence[bytes]:
        """Return the entries in [start, end); raise NotFoundError if not all of them exist."""

    def tile(self, path: TilePath) -> bytes:
        """Return a full or partial hash tile of the current tree; raise NotFoundError."""

    def batch(self, iss: str, seq: int) -> BatchRow | None:
        """Return the batch of that name, if it is logged."""

    def statement_index(self, name: StatementName) -> int | None:
        """Return the index of the statement of that name."""

    def record_facts(self, name: StatementName) -> RecordFacts | None:
        """Return what a later statement about this record must know; None if there is no such record."""

    def judged_entries(self, start: int) -> Iterator[tuple[int, bytes]]:
        """Yield the charter, key, grant and batch entries from `start` on, in order: LogState is rebuilt from them."""

    def charter(self, ver: int) -> bytes:
        """Return a charter file; raise NotFoundError."""

    def handover(self, index: int) -> bytes:
        """Return the first checkpoint signed over the charter at `index`; raise NotFoundError."""

    def published(self) -> Published | None:
        """Return the newest checkpoint that readers may see, with the newest cosignatures; None before the first."""

    def first_published(self, index: int) -> bytes:
        """Return the published checkpoint that first held the entry at `index`; raise NotFoundError."""

    def blob(self, name: StatementName, place: str) -> Blob | None:
        """Return the bytes beside a statement at a place, if they are (still) there."""

    def feed(self, *, agency: str, after: int, before: int, limit: int) -> Sequence[FeedRow]:
        """Return what concerns an agency between two indices, neither included, oldest first.

        That is: grants that name it, records of every (iss, ep) it holds a grant for, messages routed to it, and every
        expungement: whoever holds a copy, by whatever way it came, is told.
        """


class Log:
    """The one who appends: builds the tree, writes, reads back, signs, moves the head. It judges nothing."""

    def __init__(self, *, store: TreeStore, origin: str, ed25519: Signer, ml_dsa_44: Signer) -> None:
        """Hold the store and the log's two signers; the origin is the name they sign under."""
        self._store = store
        self._origin = origin
        self._ed25519 = ed25519
        self._ml_dsa_44 = ml_dsa_44

    def append(self, append: Append, first: int, *, successor: "Log | None" = None, publish: bool = False) -> Head:
        """Append what was judged to stand at `first`, all or nothing, and return the new head.

        With a `successor`, whose keys the appended charter names, the checkpoint carries the signatures of both.
        Signed is not published: with `publish`, for a charter without witnesses, it is both in one write.
        Raises ConflictError if the log stands elsewhere, DuplicateError or ReplayedError for what it holds already,
        and ProofError, signing nothing, if what the database holds is not what was judged.
        """
        _check_entries(append.entries)
        with self._store.transaction() as transaction:
            old = self._store.head()
            if old.size != first:
                raise ConflictError("the log has grown since this was judged")
            leaves = leaf_hashes(append.entries)
            tree, tiles = old.tree.append(leaves)
            transaction.insert(first, append, leaves, tiles)
            _check_written(transaction.read_back(first, tree.size), old=old.tree, new=tree)
            checkpoint = self.sign(tree) if successor is None else cosigned(self.sign(tree), successor.sign(tree))
            new = Head(size=tree.size, tree=tree, checkpoint=checkpoint)
            if append.charter is not None:
                transaction.keep_handover(append.charter.index, checkpoint)
            transaction.swap(old=old, new=new)
            if publish:
                transaction.publish(Published(size=new.size, note=checkpoint))
        return new

    def sign(self, tree: TreeState) -> bytes:
        """Return the checkpoint of a tree; who appends calls this, nobody else."""
        checkpoint = Checkpoint(origin=self._origin, size=tree.size, root=tree.root())
        return sign_checkpoint(checkpoint, ed25519=self._ed25519, ml_dsa_44=self._ml_dsa_44)


def _check_entries(entries: Sequence[bytes]) -> None:
    if not entries:
        raise MalformedError("an append of nothing")
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise TooLargeError(f"an entry of more than {MAX_ENTRY_BYTES} bytes")


def _check_written(entries: Sequence[bytes], *, old: TreeState, new: TreeState) -> None:
    """Raise ProofError unless the entries read back lead from the old right edge to the new root.

    They are hashed onto the perfect subtrees by code that knows no tiles: a fault in either path, in the database or
    in memory shows before a signature makes it everybody's problem.
    """
    root = root_after(peaks=old.peaks(), size=old.size, leaves=leaf_hashes(entries))
    if len(entries) != new.size - old.size or root != new.root():
        raise ProofError("the database does not hold what was to be appended: nothing was signed")
