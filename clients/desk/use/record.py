"""Writes the record of use, and notices at the next start if somebody took from it (docs/adr/0067).

An entry, the tree over all of them and a signed checkpoint are committed in one transaction, before the answer leaves.
The newest checkpoint is remembered in a file beside the database too: a database that was put back is behind it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from clients.database import reading
from clients.desk.database import open_desk
from clients.desk.use.entries import Entry, leaf_of, parse_entry
from clients.desk.use.exports import Export
from clients.durable import write_file
from clients.errors import HomeError, TrustError
from clients.home import Home
from clients.keyring import SEED_BYTES, Keyring
from crypto import privatefile
from crypto.signing import Algorithm, SeedSigner
from ledger.checkpoints import Checkpoint, open_checkpoint, vkey
from ledger.errors import LedgerError
from ledger.merkle import root_of
from ledger.notes import MAX_NOTE_BYTES, VerifierKey, format_note, sign_note
from ledger.treestate import TreeState

USE = MetaData()
_ENTRY = Table(
    "use_entry", USE, Column("number", Integer, primary_key=True), Column("raw", LargeBinary, nullable=False)
)
_HEAD = Table(
    "use_head",
    USE,
    Column("id", Integer, primary_key=True),
    Column("tree", LargeBinary, nullable=False),
    Column("checkpoint", LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """An entry with its place in the record."""

    number: int
    entry: Entry


Append = Callable[[Connection, str, str, Sequence[str]], tuple[int, bytes]]
"""Writes in a transaction that `who` `did` something of several things; returns the first entry's number and the checkpoint."""


class Act:
    """Something that is being done, and noted, in one transaction over the desk's database."""

    def __init__(self, connection: Connection, append: Append) -> None:
        """Take the transaction that is under way, and what writes entries in it."""
        self.connection = connection
        self.checkpoint: bytes | None = None
        self._append = append

    def note(self, who: str, did: str, *of: str) -> int:
        """Note that `who` `did` something of each of what `of` names; return the first one's number."""
        number, self.checkpoint = self._append(self.connection, who, did, of)
        return number


class UseRecord:
    """The record of one desk. Several threads and programs may write it: each waits for its turn."""

    def __init__(
        self, engine: Engine, *, remembered: Path, signer: SeedSigner, agency: str, clock: Callable[[], int]
    ) -> None:
        """Take the desk's database, the file that remembers, the record's own key, whose it is, and the clock."""
        self._engine = engine
        self._remembered = remembered
        self._signer = signer
        self._clock = clock
        self.origin = f"{agency}/use"

    @property
    def key(self) -> VerifierKey:
        """Return what an auditor verifies the record's checkpoints with."""
        return vkey(self.origin, self._signer.public_key)

    def begin(self) -> None:
        """Start a new record: nothing is in it, and that is signed."""
        with self._engine.begin() as connection:
            if connection.execute(select(func.count()).select_from(_ENTRY)).scalar_one():
                raise HomeError(
                    "the record of use has entries and the keystore no key for it",
                    next_step="restore the keystore and desk.sqlite from one backup",
                )
            write_file(self._remembered, self._signed(TreeState.empty()))
            connection.execute(_HEAD.delete())

    def note(self, who: str, did: str, *of: str) -> int:
        """Keep durably that `who` `did` something of each of what `of` names; return the first one's number, or raise."""
        with self.together() as act:
            return act.note(who, did, *of)

    @contextmanager
    def together(self) -> Iterator["Act"]:
        """Give a transaction over the desk's database: what is done in it and what is noted of it are kept, or neither.

        The lock on the file that remembers is taken second, and held until that file is written: everybody takes the two
        in this order, and the file never says an earlier checkpoint after a later one.
        """
        try:
            with ExitStack() as held:
                with self._engine.begin() as connection:
                    held.enter_context(privatefile.locked(self._remembered))
                    act = Act(connection, self._append)
                    yield act
                if act.checkpoint is not None:
                    write_file(self._remembered, act.checkpoint)
        except (SQLAlchemyError, OSError) as error:
            raise HomeError(
                "the record of use cannot be written, so nothing is shown", next_step="see whether the disk is full"
            ) from error

    def _append(self, connection: Connection, who: str, did: str, of: Sequence[str]) -> tuple[int, bytes]:
        raws = [Entry(at=self._clock(), who=who, did=did, of=one).format() for one in of]
        tree = self._tree(connection)
        grown, _ = tree.append([leaf_of(raw) for raw in raws])
        checkpoint = self._signed(grown)
        rows = [{"number": number, "raw": raw} for number, raw in enumerate(raws, tree.size)]
        connection.execute(insert(_ENTRY), rows)
        self._move(connection, tree, grown, checkpoint)
        return tree.size, checkpoint

    def check(self) -> Checkpoint:
        """Return what the record comes to; raise TrustError where entries were taken, changed, moved or put back."""
        try:
            with privatefile.locked(self._remembered):
                with reading(self._engine) as connection:
                    leaves = [leaf_of(row.raw) for row in connection.execute(_ordered())]
                    tree = self._tree(connection)
                seen = open_checkpoint(
                    self._remembered.read_bytes()[:MAX_NOTE_BYTES], origin=self.origin, vkeys=[self.key]
                )
        except OSError as error:
            raise TrustError(
                f"{self._remembered.name} of the home is missing: it says how far the record of use is"
            ) from error
        except LedgerError as error:
            raise TrustError("the record of use, or what is remembered of it, is not what this desk signed") from error
        if seen.size > len(leaves) or root_of(leaves[: seen.size]) != seen.root:
            raise TrustError(
                f"the record of use has {len(leaves):,} entries and does not begin with the {seen.size:,} that were kept",
                next_step="an older desk.sqlite was put back, or entries were taken: tell the agency's auditor",
            )
        if tree.size != len(leaves) or tree.root() != root_of(leaves):
            raise TrustError("the record of use was changed by hand", next_step="tell the agency's auditor")
        return Checkpoint(origin=self.origin, size=tree.size, root=tree.root())

    def head(self) -> Checkpoint:
        """Return how far the record is, as signed."""
        with reading(self._engine) as connection:
            tree = self._tree(connection)
        return Checkpoint(origin=self.origin, size=tree.size, root=tree.root())

    def entries(self, *, before: int | None = None, limit: int) -> list[Numbered]:
        """Return the newest entries, or those before a number, the newest first."""
        chosen = select(_ENTRY).order_by(_ENTRY.c.number.desc()).limit(limit)
        if before is not None:
            chosen = chosen.where(_ENTRY.c.number < before)
        with reading(self._engine) as connection:
            return [Numbered(number=row.number, entry=parse_entry(row.raw)) for row in connection.execute(chosen)]

    def export(self) -> Export:
        """Return the whole record with the checkpoint over it."""
        with reading(self._engine) as connection:
            entries = tuple(row.raw for row in connection.execute(_ordered()))
            checkpoint = self._signed(self._tree(connection))
        return Export(key=self.key, checkpoint=checkpoint, entries=entries)

    def _tree(self, connection: Connection) -> TreeState:
        row = connection.execute(select(_HEAD)).first()
        if row is None:
            return TreeState.empty()
        tree = TreeState.decode(row.tree)
        signed = open_checkpoint(row.checkpoint, origin=self.origin, vkeys=[self.key])
        if (signed.size, signed.root) != (tree.size, tree.root()):
            raise TrustError("the record of use was changed by hand", next_step="tell the agency's auditor")
        return tree

    def _move(self, connection: Connection, tree: TreeState, grown: TreeState, checkpoint: bytes) -> None:
        """Compare and swap: what was read is what is replaced."""
        values = {"tree": grown.encode(), "checkpoint": checkpoint}
        if not tree.size:
            connection.execute(insert(_HEAD).values(id=1, **values))
            return
        moved = connection.execute(update(_HEAD).where(_HEAD.c.tree == tree.encode()).values(**values))
        if moved.rowcount != 1:
            raise HomeError("the record of use moved meanwhile", next_step="try again")

    def _signed(self, tree: TreeState) -> bytes:
        text = Checkpoint(origin=self.origin, size=tree.size, root=tree.root()).format()
        return format_note(text, [sign_note(text, name=self.origin, signer=self._signer)])


def _ordered() -> Select[tuple[int, bytes]]:
    return select(_ENTRY).order_by(_ENTRY.c.number)


def open_record(home: Home, keyring: Keyring, engine: Engine, *, clock: Callable[[], int]) -> UseRecord:
    """Return the record of a home's desk, checked; at the first start of a desk it begins."""
    drawn = keyring.use_seed()
    seed = drawn or token_bytes(SEED_BYTES)
    signer = SeedSigner(Algorithm.ED25519, seed)
    record = UseRecord(engine, remembered=home.use, signer=signer, agency=home.config().id, clock=clock)
    if drawn is None:
        # Last: a crash before it leaves a record without a key, which has no entries and begins again.
        record.begin()
        keyring.put_use_seed(seed)
    record.check()
    return record


def exported(home: Home, keyring: Keyring, *, key: bytes, clock: Callable[[], int]) -> Export:
    """Return the record of a home's desk for the auditor, checked, whether the desk runs or not."""
    if keyring.use_seed() is None:
        raise HomeError("no desk was ever served from this home", next_step="see `sealtrace desk serve --help`")
    engine = open_desk(home, USE, key=key)
    try:
        return open_record(home, keyring, engine, clock=clock).export()
    finally:
        engine.dispose()
