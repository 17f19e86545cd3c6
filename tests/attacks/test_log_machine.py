"""The log over the real database as a state machine: it grows, breaks, starts again and is written to from two sides.

Whatever happens in whatever order, it holds what was acknowledged and what was committed, nothing else, once, in one
tree whose every earlier state is provably its beginning.
"""

import atexit
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.checkpoints import open_checkpoint
from ledger.errors import ConflictError, DuplicateError, LedgerError, ReplayedError
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.log import Append, BatchRow, Blob, Nonce, StatementRow
from ledger.merkle import leaf_hash, verify_consistency
from ledger.tileproofs import consistency_proof
from server import database, schema
from server.appending import SqlTransaction
from server.startup import verify_store
from server.store import SqlStore
from tests.support import rfc6962
from tests.support.consortium import ORIGIN, log_keys, make_log

ISS = "xaa-arms"


class PowerError(Exception):
    """The machine under the database went away."""


class BreakingStore(SqlStore):
    """A store whose next transaction fails before its commit, or after it: then the reply is lost."""

    before = after = False

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """Fail where it was told to, once."""
        before, after = self.before, self.after
        self.before = self.after = False
        with super().transaction() as transaction:
            yield transaction
            if before:
                raise PowerError
        if after:
            raise PowerError


@cache
def empty_database() -> Path:
    """Return a database with its tables: migrating one for every run would take longer than the run."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    path = Path(folder) / "ledger.sqlite"
    schema.migrate(path)
    return path


def open_store(path: Path) -> BreakingStore:
    """Open the database as one process does."""
    return BreakingStore(writer=database.writer(path), readers=database.readers(path, connections=2))


class LogMachine(RuleBasedStateMachine):
    """The log, and a list of what must be in it."""

    def __init__(self) -> None:
        """Begin with an empty database in a folder of its own."""
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "ledger.sqlite"

    @initialize()
    def open(self) -> None:
        """Open it for the first time."""
        shutil.copy(empty_database(), self.path)
        self.store = open_store(self.path)
        self.entries: list[bytes] = []
        self.roots: list[tuple[int, bytes]] = []
        self.seq = self.drawn = 0

    def draft(self, records: int, *, nonce: int | None = None) -> Append:
        """Return a batch that may stand next: entries and names never used before."""
        first, index = len(self.entries), len(self.entries) + records
        self.drawn += 1
        entries = tuple(f"entry {self.drawn}.{number}".encode() for number in range(records + 1))
        rows = tuple(
            StatementRow(
                index=first + number,
                name=StatementName(ISS, self.drawn.to_bytes(8, "big") + number.to_bytes(8, "big")),
                typ=Typ.RECORD,
                ep=1,
                kcs=(bytes(32),) * 3,
                blobs=(Blob(place="item", data=b"sealed", tag_hash=bytes(32)),),
            )
            for number in range(records)
        )
        return Append(
            entries=entries,
            statements=rows,
            batch=BatchRow(iss=ISS, seq=self.seq + 1, index=index, first=first, payload_hash=bytes(32)),
            nonce=None if nonce is None else Nonce(keyid=f"{ISS}#1", nonce=f"{nonce:022}", expires=1_000),
        )

    def keep(self, append: Append) -> None:
        """Expect an append to be in the log from now on."""
        self.entries += append.entries
        self.seq += 1

    def refuse(self, append: Append, error: type[LedgerError], *, first: int | None = None) -> None:
        """See an append refused; that nothing changed is for the invariants to find."""
        try:
            make_log(self.store).append(append, len(self.entries) if first is None else first)
        except error:
            return
        raise AssertionError(f"expected {error.__name__}")

    @rule(records=st.integers(1, 300))
    def append(self, records: int) -> None:
        """Append a batch."""
        append = self.draft(records)
        make_log(self.store).append(append, len(self.entries))
        self.keep(append)

    @rule(records=st.integers(1, 20))
    def fail_before_the_commit(self, records: int) -> None:
        """The machine goes away before the commit: nothing was written, and the same batch goes in afterwards."""
        append = self.draft(records)
        self.store.before = True
        self._breaks(append)
        assert self.store.head().size == len(self.entries)
        make_log(self.store).append(append, len(self.entries))
        self.keep(append)

    @rule(records=st.integers(1, 20))
    def lose_the_reply(self, records: int) -> None:
        """The machine goes away after the commit: all was written, and the same batch does not go in again."""
        append = self.draft(records)
        self.store.after = True
        self._breaks(append)
        first = len(self.entries)
        self.keep(append)
        self.refuse(append, ConflictError, first=first)
        self.refuse(append, DuplicateError)

    @rule()
    def restart(self) -> None:
        """Stop, start, and verify the whole tree by the second path, as the service does."""
        self.store.close()
        self.store = open_store(self.path)
        verify_store(self.store, origin=ORIGIN, vkeys=log_keys().vkeys)

    @rule()
    def crash(self) -> None:
        """End without closing: the next process finds the write-ahead log as it was left."""
        abandoned, self.store = self.store, open_store(self.path)
        verify_store(self.store, origin=ORIGIN, vkeys=log_keys().vkeys)
        abandoned._readers.dispose()
        abandoned._writer.invalidate()

    @rule(records=st.integers(1, 20), rivals=st.integers(2, 3))
    def write_from_several_sides(self, records: int, rivals: int) -> None:
        """Several processes append at the same place at the same time: one of them does, the others are told."""
        stores = [open_store(self.path) for _ in range(rivals)]
        appends = [self.draft(records) for _ in stores]
        outcomes: list[type[Exception] | None] = [ConflictError] * rivals
        gate = threading.Barrier(rivals)

        def write(number: int) -> None:
            gate.wait()
            try:
                make_log(stores[number]).append(appends[number], len(self.entries))
                outcomes[number] = None
            except LedgerError as error:
                outcomes[number] = type(error)

        _together([lambda number=number: write(number) for number in range(rivals)])
        for store in stores:
            store.close()
        assert sorted(map(str, outcomes)) == sorted(map(str, [None, *[ConflictError] * (rivals - 1)]))
        self.keep(appends[outcomes.index(None)])

    @precondition(lambda self: bool(self.entries))
    @rule(back=st.integers(1, 50))
    def append_in_the_past(self, back: int) -> None:
        """What was judged for an earlier place is refused."""
        self.refuse(self.draft(1), ConflictError, first=max(0, len(self.entries) - back))

    @rule(number=st.integers(0, 10**9))
    def replay_a_nonce(self, number: int) -> None:
        """A nonce is spent once, with the effect that it stands for."""
        append = self.draft(1, nonce=number + 10 * self.drawn)
        nonce = append.nonce
        make_log(self.store).append(append, len(self.entries))
        self.keep(append)
        again = self.draft(1)
        self.refuse(
            Append(entries=again.entries, statements=again.statements, batch=again.batch, nonce=nonce), ReplayedError
        )

    @invariant()
    def holds_what_was_committed(self) -> None:
        """Entries, size, tree and signed checkpoint are those of the list; every tree seen before is its beginning."""
        if not hasattr(self, "store"):
            return
        head = self.store.head()
        assert head.size == len(self.entries)
        assert tuple(self.store.entries(0, head.size)) == tuple(self.entries)
        if not self.entries:
            return
        root = rfc6962.mth([leaf_hash(entry) for entry in self.entries])
        checkpoint = open_checkpoint(head.checkpoint, origin=ORIGIN, vkeys=log_keys().vkeys)
        assert (checkpoint.size, checkpoint.root) == (head.size, root)
        for size, earlier in self.roots[-3:]:
            proof = consistency_proof(size1=size, size2=head.size, read=self.store.tile)
            verify_consistency(size1=size, size2=head.size, root1=earlier, root2=root, proof=proof)
        if not self.roots or self.roots[-1] != (head.size, root):
            self.roots.append((head.size, root))

    def teardown(self) -> None:
        """Close what is open."""
        if hasattr(self, "store"):
            self.store.close()
        self.folder.cleanup()

    def _breaks(self, append: Append) -> None:
        try:
            make_log(self.store).append(append, len(self.entries))
        except PowerError:
            return
        raise AssertionError("the power did not fail")


def _together(tasks: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
