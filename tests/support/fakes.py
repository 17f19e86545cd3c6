"""Fakes: the outside world in memory. They keep the same contracts as the real things and are tested by them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from crypto.encoding import HASH_BYTES
from ledger.errors import ConflictError, DuplicateError, NotFoundError, QuotaError, ReplayedError
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.log import EMPTY_HEAD, Append, BatchRow, Blob, Charge, FeedRow, Head, Published, RecordFacts, StatementRow
from ledger.tiles import FullTile, TilePath


class FixedClock:
    """A clock that stands until it is told to move on."""

    def __init__(self, now: int = 1_800_000_000) -> None:
        """Begin at a POSIX time in seconds."""
        self.now = now

    def __call__(self) -> int:
        """Return the time."""
        return self.now

    def advance(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass
class _Rows:
    head: Head = EMPTY_HEAD
    entries: list[bytes] = field(default_factory=list)
    leaves: set[bytes] = field(default_factory=set)
    judged: list[int] = field(default_factory=list)
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)
    statements: dict[StatementName, FeedRow] = field(default_factory=dict)
    batches: dict[tuple[str, int], BatchRow] = field(default_factory=dict)
    charters: dict[int, bytes] = field(default_factory=dict)
    nonces: set[tuple[str, str]] = field(default_factory=set)
    used: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    handovers: dict[int, bytes] = field(default_factory=dict)
    published: dict[int, bytes] = field(default_factory=dict)

    def expunge(self, row: StatementRow) -> None:
        """Take the blobs of the record away that a statement expunges."""
        if row.expunges is not None:
            name = StatementName(row.name.iss, row.expunges)
            kept = self.statements[name]
            self.statements[name] = replace(kept, statement=replace(kept.statement, blobs=()))


class MemoryTransaction:
    """One write on a MemoryStore: nothing of it is seen before it is over."""

    def __init__(self, rows: _Rows) -> None:
        """Begin on what is committed."""
        self._rows = rows
        self._writes: list[tuple[int, Append, Sequence[bytes], Sequence[FullTile]]] = []
        self._head: Head | None = None
        self._handovers: dict[int, bytes] = {}
        self._published: list[Published] = []

    def insert(self, first: int, append: Append, leaves: Sequence[bytes], tiles: Sequence[FullTile]) -> None:
        """Stage the rows of `append`; raise as the constraints of a database would."""
        rows = self._rows
        if append.nonce is not None and (append.nonce.keyid, append.nonce.nonce) in rows.nonces:
            raise ReplayedError("a request with this nonce was seen before")
        if any(rows.used[_use(charge)] + charge.amount > charge.most for charge in append.charges):
            raise QuotaError("a daily limit of the charter is used up")
        if first != len(rows.entries):
            raise ConflictError("entries already stand at these indexes")
        names = [row.name for row in append.statements]
        if len(set(names)) != len(names) or not rows.statements.keys().isdisjoint(names):
            raise DuplicateError("a statement of this name is logged already")
        if len(set(leaves)) != len(leaves) or not rows.leaves.isdisjoint(leaves):
            raise DuplicateError("this entry is logged already")
        if append.batch is not None and (append.batch.iss, append.batch.seq) in rows.batches:
            raise DuplicateError("a batch of this name is logged already")
        if append.charter is not None and append.charter.ver in rows.charters:
            raise DuplicateError("a charter of this version is logged already")
        self._writes.append((first, append, leaves, tiles))

    def read_back(self, start: int, end: int) -> Sequence[bytes]:
        """Return the entries in [start, end), those of this transaction included."""
        staged = [entry for _, append, _, _ in self._writes for entry in append.entries]
        return tuple([*self._rows.entries, *staged][start:end])

    def swap(self, *, old: Head, new: Head) -> None:
        """Move the head; raise ConflictError if it stands elsewhere."""
        if self._rows.head != old:
            raise ConflictError("the head of the log moved; nothing was written")
        self._head = new

    def keep_handover(self, index: int, checkpoint: bytes) -> None:
        """Stage the first checkpoint that holds a charter."""
        self._handovers[index] = checkpoint

    def publish(self, published: Published) -> None:
        """Stage a checkpoint for readers."""
        self._published.append(published)

    def commit(self) -> None:
        """Let everything staged be seen at once."""
        rows = self._rows
        for first, append, leaves, tiles in self._writes:
            last = first + len(append.entries) - 1
            rows.entries += append.entries
            rows.leaves |= set(leaves)
            rows.judged += [row.index for row in append.statements if row.typ is Typ.GRANT] + [last]
            rows.tiles |= {(tile.level, tile.index): tile.data for tile in tiles}
            rows.statements |= {row.name: FeedRow(statement=row, batch=last) for row in append.statements}
            for row in append.statements:
                rows.expunge(row)
            if append.batch is not None:
                rows.batches[append.batch.iss, append.batch.seq] = append.batch
            if append.charter is not None:
                rows.charters[append.charter.ver] = append.charter.file
            if append.nonce is not None:
                rows.nonces.add((append.nonce.keyid, append.nonce.nonce))
            for charge in append.charges:
                rows.used[_use(charge)] += charge.amount
        rows.handovers |= self._handovers
        for one in self._published:
            if one.size > max(rows.published, default=-1):
                rows.published[one.size] = one.note
        if self._head is not None:
            rows.head = self._head


class MemoryStore:
    """A store of one process (`ledger.log.Store`)."""

    def __init__(self) -> None:
        """Begin empty."""
        self.rows = _Rows()

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        """Return a transaction that commits on leaving; an exception leaves nothing behind."""
        transaction = MemoryTransaction(self.rows)
        yield transaction
        transaction.commit()

    def head(self) -> Head:
        """Return the head."""
        return self.rows.head

    def entries(self, start: int, end: int) -> Sequence[bytes]:
        """Return the entries in [start, end)."""
        if not 0 <= start <= end <= len(self.rows.entries):
            raise NotFoundError("the log does not reach that far")
        return tuple(self.rows.entries[start:end])

    def tile(self, path: TilePath) -> bytes:
        """Return a full tile, or as much of one as `path` asks and the tree has."""
        full = self.rows.tiles.get((-1 if path.level is None else path.level, path.index))
        return self.rows.head.tree.tile(path) if full is None else full[: path.width * HASH_BYTES]

    def batch(self, iss: str, seq: int) -> BatchRow | None:
        """Return the batch of that name."""
        return self.rows.batches.get((iss, seq))

    def statement_index(self, name: StatementName) -> int | None:
        """Return the index of the statement of that name."""
        row = self.rows.statements.get(name)
        return None if row is None else row.statement.index

    def record_facts(self, name: StatementName) -> RecordFacts | None:
        """Return what a later record that supersedes this one must know."""
        row = self.rows.statements.get(name)
        if row is None or row.statement.typ is not Typ.RECORD or row.statement.ep is None:
            return None
        later = [other.statement for other in self.rows.statements.values() if other.statement.name.iss == name.iss]
        return RecordFacts(
            ep=row.statement.ep,
            superseded=any(other.sup == name.jti for other in later),
            expunged=any(other.expunges == name.jti for other in later),
        )

    def judged_entries(self, start: int) -> Iterator[tuple[int, bytes]]:
        """Yield the charter, key, grant and batch entries from `start` on, in order."""
        for index in self.rows.judged:
            if index >= start:
                yield index, self.rows.entries[index]

    def charter(self, ver: int) -> bytes:
        """Return a charter file."""
        if ver not in self.rows.charters:
            raise NotFoundError("there is no charter of that version")
        return self.rows.charters[ver]

    def handover(self, index: int) -> bytes:
        """Return the first checkpoint that held the charter at `index`."""
        if index not in self.rows.handovers:
            raise NotFoundError("no charter stands there")
        return self.rows.handovers[index]

    def published(self) -> Published | None:
        """Return the newest checkpoint that readers may see."""
        size = max(self.rows.published, default=None)
        return None if size is None else Published(size=size, note=self.rows.published[size])

    def first_published(self, index: int) -> bytes:
        """Return the published checkpoint that first held the entry at `index`."""
        sizes = [size for size in self.rows.published if size > index]
        if not sizes:
            raise NotFoundError("no published checkpoint holds that entry")
        return self.rows.published[min(sizes)]

    def blob(self, name: StatementName, place: str) -> Blob | None:
        """Return the bytes beside a statement at a place."""
        row = self.rows.statements.get(name)
        return next((blob for blob in row.statement.blobs if blob.place == place), None) if row else None

    def feed(self, *, agency: str, after: int, before: int, limit: int) -> Sequence[FeedRow]:
        """Return what concerns an agency between two indices, neither included, oldest first."""
        rows = [row.statement for row in self.rows.statements.values()]
        granted = {(row.name.iss, row.ep) for row in rows if row.typ is Typ.GRANT and agency in row.recipients}
        held = {row.name for row in rows if (row.name.iss, row.ep) in granted}
        found = [
            row
            for row in self.rows.statements.values()
            if after < row.statement.index < before and _concerns(row.statement, agency, granted, held)
        ]
        return tuple(sorted(found, key=lambda row: row.statement.index)[:limit])


def _use(charge: Charge) -> tuple[str, str, int]:
    return charge.agency, charge.limit, charge.day


def _concerns(row: StatementRow, agency: str, granted: set[tuple[str, int | None]], held: set[StatementName]) -> bool:
    if row.typ is Typ.EXPUNGE:
        return True
    corrects = row.sup is not None and StatementName(row.name.iss, row.sup) in held
    return agency in row.recipients or corrects or (row.typ is Typ.RECORD and (row.name.iss, row.ep) in granted)
