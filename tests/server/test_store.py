"""The SQL store: rows that only grow, a head that only moves by compare-and-swap, readers that see what was committed."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import QueuePool, create_engine, event
from sqlalchemy.exc import IntegrityError, OperationalError

from ledger.errors import BusyError, ConflictError, DuplicateError, NotFoundError, ReplayedError
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.log import EMPTY_HEAD, Append, BatchRow, Blob, CharterRow, Head, Nonce, RecordFacts, StatementRow
from ledger.merkle import leaf_hash
from ledger.tiles import TilePath
from server import database, schema
from server.accessstore import AccessStore
from server.models import APPEND_ONLY
from server.store import SqlStore
from tests.support.consortium import make_log

NONCE = Nonce(keyid="xaa-arms#6", nonce="A" * 22, expires=1_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of an empty database with its tables."""
    schema.migrate(tmp_path / "ledger.sqlite")
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    """Return a store over it."""
    store = open_store(path)
    yield store
    store.close()


def open_store(path: Path) -> SqlStore:
    """Open the database as one process does."""
    return SqlStore(writer=database.writer(path), readers=database.readers(path, connections=4))


def statement(index: int, *, jti: int | None = None, sup: int | None = None, place: str = "item") -> StatementRow:
    """Return a record's row; its jti comes from its index unless one is given."""
    return StatementRow(
        index=index,
        name=StatementName("xaa-arms", (index if jti is None else jti).to_bytes(16, "big")),
        typ=Typ.RECORD,
        ep=1,
        sup=None if sup is None else sup.to_bytes(16, "big"),
        kcs=(bytes(32), b"\x01" * 32, b"\x02" * 32),
        blobs=(Blob(place=place, data=b"sealed", tag_hash=bytes(32)),),
    )


def batch(first: int, *, seq: int, rows: tuple[StatementRow, ...], nonce: Nonce | None = None) -> Append:
    """Return an append of a batch with these statements."""
    index = first + len(rows)
    return Append(
        entries=tuple(f"entry {at}".encode() for at in range(first, index + 1)),
        statements=rows,
        batch=BatchRow(iss="xaa-arms", seq=seq, index=index, first=first, payload_hash=bytes(32)),
        nonce=nonce,
    )


def fill(store: SqlStore, *, batches: int = 1) -> Head:
    """Append batches of two records, and return the head."""
    log = make_log(store)
    head = store.head()
    for seq in range(1, batches + 1):
        rows = (statement(head.size), statement(head.size + 1))
        head = log.append(batch(head.size, seq=seq, rows=rows), head.size)
    return head


def write(store: SqlStore, append: Append, *, old: Head, new: Head, then: Callable[[], object] = bool) -> None:
    """Write without asking the log first, as a second process that raced the first would; `then` something happens."""
    first = append.statements[0].index
    with store.transaction() as transaction:
        transaction.insert(first, append, [leaf_hash(entry) for entry in append.entries], ())
        transaction.swap(old=old, new=new)
        then()


def test_an_empty_store_has_the_empty_head(store: SqlStore) -> None:
    """There is a head to swap from before the first append."""
    assert store.head() == EMPTY_HEAD


def test_what_is_appended_is_read_back(store: SqlStore) -> None:
    """Entries, batch, statement, facts and blob are what was written."""
    head = fill(store)

    assert store.head() == head
    assert store.entries(0, 3) == (b"entry 0", b"entry 1", b"entry 2")
    assert store.batch("xaa-arms", 1) == BatchRow(iss="xaa-arms", seq=1, index=2, first=0, payload_hash=bytes(32))
    assert store.statement_index(statement(1).name) == 1
    assert store.record_facts(statement(1).name) == RecordFacts(ep=1, superseded=False)
    assert store.blob(statement(0).name, "item") == statement(0).blobs[0]
    assert store.index_of(leaf_hash(b"entry 1")) == 1


def test_what_is_not_there_is_none_or_not_found(store: SqlStore) -> None:
    """A name nobody logged has no row."""
    fill(store)
    nobody = StatementName("xzz-arms", bytes(16))

    assert store.batch("xaa-arms", 2) is None
    assert store.statement_index(nobody) is None
    assert store.record_facts(nobody) is None
    assert store.blob(nobody, "item") is None
    assert store.beside([(nobody, ["item"])]) == [None]
    assert store.index_of(bytes(32)) is None
    for missing in (lambda: store.entries(2, 4), lambda: store.charter(1), lambda: store.entries(9, 10)):
        with pytest.raises(NotFoundError):
            missing()


def test_a_superseded_record_says_so(store: SqlStore) -> None:
    """Whoever judges a later record is told that this one has a successor."""
    fill(store)
    head = store.head()
    rows = (statement(3, sup=0),)

    make_log(store).append(batch(3, seq=2, rows=rows), head.size)  # type: ignore[arg-type]  # any Store will do

    assert store.record_facts(statement(0).name) == RecordFacts(ep=1, superseded=True)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {table} SET rowid = rowid", "DELETE FROM {table}"])
def test_a_person_with_a_database_shell_cannot_change_a_row(path: Path, table: str, change: str) -> None:
    """The triggers abort what the program would never do."""
    with_rows(path)
    query = change.format(table=table).replace(
        "rowid", {"charters": "ver", "tombstones": "jti", "published": "size"}.get(table, "idx")
    )
    shell = sqlite3.connect(path)

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        shell.execute(query)
    shell.close()


def with_rows(path: Path) -> None:
    """Fill every table with at least one row."""
    store = open_store(path)
    log = make_log(store)
    row = CharterRow(ver=1, index=0, file=b"file")
    log.append(Append(entries=(b"charter",), charter=row), 0, publish=True)
    grants = tuple(replace(statement(at), typ=Typ.GRANT, recipients=("xab-arms",)) for at in range(1, 257))
    log.append(batch(1, seq=1, rows=grants), 1)
    store.bury([grants[0].name])
    access = tuple(b"access %d" % at for at in range(256))
    make_log(AccessStore(store)).append(Append(entries=access), 0)
    store.close()


def test_the_head_moves_by_compare_and_swap(store: SqlStore) -> None:
    """A swap from another head than the database holds writes nothing."""
    head = fill(store)
    stale = replace(head, checkpoint=b"another")

    with pytest.raises(ConflictError), store.transaction() as transaction:
        transaction.swap(old=stale, new=head)

    assert store.head() == head


def test_the_first_head_is_set_once(store: SqlStore) -> None:
    """Two processes that both found the log empty cannot both begin it."""
    head = fill(store)

    with pytest.raises(ConflictError), store.transaction() as transaction:
        transaction.swap(old=EMPTY_HEAD, new=head)


def test_the_loser_of_a_race_writes_nothing(path: Path) -> None:
    """Two writers with one view of the log: one appends, the other is told of the conflict and leaves no row."""
    first, second = open_store(path), open_store(path)
    fill(first)
    stale = second.head()
    fill_rows = (statement(3),)
    log = make_log(first)
    log.append(batch(3, seq=2, rows=fill_rows), 3)
    other = replace(batch(3, seq=3, rows=(statement(3, jti=99),)), entries=(b"other", b"batch"))

    with pytest.raises(ConflictError):
        write(second, other, old=stale, new=first.head())

    assert second.head() == first.head()
    assert second.entries(3, 5) == (b"entry 3", b"entry 4")
    first.close()
    second.close()


@pytest.mark.parametrize(
    ("append", "refusal"),
    [
        (batch(3, seq=2, rows=(statement(3, jti=0),)), DuplicateError),
        (batch(3, seq=1, rows=(statement(3),)), DuplicateError),
        (replace(batch(3, seq=2, rows=(statement(3),)), entries=(b"entry 0", b"x")), DuplicateError),
        (batch(3, seq=2, rows=(statement(3, sup=0), statement(4, sup=0))), DuplicateError),
        (batch(2, seq=2, rows=(statement(2, jti=50),)), ConflictError),
    ],
)
def test_what_is_there_already_is_refused_whole(store: SqlStore, append: Append, refusal: type[Exception]) -> None:
    """A name, a leaf, a seq, a successor or an index that is taken stops the whole append."""
    head = fill(store)
    leaves = [leaf_hash(entry) for entry in append.entries]

    with pytest.raises(refusal), store.transaction() as transaction:
        transaction.insert(head.size if refusal is DuplicateError else 2, append, leaves, ())

    with pytest.raises(NotFoundError):
        store.entries(3, 4)
    assert store.statement_index(StatementName("xaa-arms", (3).to_bytes(16, "big"))) is None


def test_a_nonce_is_used_once(store: SqlStore) -> None:
    """The second request with a nonce has no effect."""
    log = make_log(store)
    log.append(batch(0, seq=1, rows=(statement(0),), nonce=NONCE), 0)

    with pytest.raises(ReplayedError):
        log.append(batch(2, seq=2, rows=(statement(2),), nonce=NONCE), 2)

    assert store.seen(NONCE)
    assert not store.seen(replace(NONCE, nonce="B" * 22))
    assert store.head().size == 2


def test_an_exception_rolls_back_everything(store: SqlStore) -> None:
    """Nothing of a transaction that does not end is kept."""
    with pytest.raises(ZeroDivisionError):
        write(store, batch(0, seq=1, rows=(statement(0),)), old=EMPTY_HEAD, new=EMPTY_HEAD, then=lambda: 1 // 0)

    assert store.head() == EMPTY_HEAD
    assert store.statement_index(statement(0).name) is None


def test_readers_see_only_what_is_committed(store: SqlStore) -> None:
    """A batch appears whole or not at all."""
    with store.transaction() as transaction:
        append = batch(0, seq=1, rows=(statement(0),))
        transaction.insert(0, append, [leaf_hash(entry) for entry in append.entries], ())
        inside = transaction.read_back(0, 2)
        outside = store.statement_index(statement(0).name)

    assert inside == append.entries
    assert outside is None


def test_a_second_thread_waits_for_the_writer(store: SqlStore) -> None:
    """The writer's connection is never in two hands at once."""
    order: list[str] = []
    entered = threading.Event()

    def second() -> None:
        entered.set()
        with store.transaction():
            order.append("second")

    with store.transaction():
        thread = threading.Thread(target=second)
        thread.start()
        entered.wait()
        thread.join(timeout=0.05)
        order.append("first")
    thread.join()

    assert order == ["first", "second"]


def test_tiles_full_and_partial(store: SqlStore) -> None:
    """Full tiles come from their rows, partial ones from the head, narrower ones from either."""
    fill(store, batches=100)
    leaves = b"".join(leaf_hash(f"entry {at}".encode()) for at in range(300))

    assert store.tile(TilePath(level=0, index=0)) == leaves[: 256 * 32]
    assert store.tile(TilePath(level=0, index=0, width=7)) == leaves[: 7 * 32]
    assert store.tile(TilePath(level=0, index=1, width=44)) == leaves[256 * 32 :]
    for beyond in (TilePath(level=0, index=1, width=45), TilePath(level=0, index=1), TilePath(level=2, index=0)):
        with pytest.raises(NotFoundError):
            store.tile(beyond)


def test_the_judged_entries_are_all_but_records_and_messages(store: SqlStore) -> None:
    """A restart reads charters, keys, grants and batches, in order, from where it stopped."""
    log = make_log(store)
    log.append(Append(entries=(b"charter",), charter=CharterRow(ver=1, index=0, file=b"file")), 0)
    log.append(Append(entries=(b"key",)), 1)
    grant = replace(statement(2), typ=Typ.GRANT, recipients=("xab-arms",))
    message = replace(statement(3), typ=Typ.MESSAGE, recipients=("xab-arms",))
    log.append(batch(2, seq=1, rows=(grant, message, statement(4))), 2)

    judged = list(store.judged_entries(0))

    assert judged == [(0, b"charter"), (1, b"key"), (2, b"entry 2"), (5, b"entry 5")]
    assert list(store.judged_entries(2)) == judged[2:]
    assert store.charter(1) == b"file"
    assert store.charter_entries() == [(1, 0, b"charter")]


def test_many_judged_entries_are_read_in_pieces(store: SqlStore) -> None:
    """A long log is replayed without holding it in memory or a snapshot open."""
    log = make_log(store)
    for at in range(3):
        first = at * 257
        rows = tuple(
            replace(statement(index), typ=Typ.GRANT, recipients=("xab-arms",)) for index in range(first, first + 256)
        )
        log.append(batch(first, seq=at + 1, rows=rows), first)

    assert [index for index, _ in store.judged_entries(0)] == list(range(771))


def test_a_feed_is_ordered_and_limited(store: SqlStore) -> None:
    """Grants to an agency, records of their epochs and messages to it; at most as many as asked."""
    log = make_log(store)
    grant = replace(statement(0), typ=Typ.GRANT, recipients=("xaa-arms", "xab-arms"))
    other = replace(statement(2), ep=2)
    message = replace(statement(3), typ=Typ.MESSAGE, recipients=("xac-arms",), ep=None)
    log.append(batch(0, seq=1, rows=(grant, statement(1), other, message)), 0)

    mine = store.feed(agency="xab-arms", after=-1, before=5, limit=10)

    assert [(row.statement.index, row.statement.typ, row.batch) for row in mine] == [
        (0, Typ.GRANT, 4),
        (1, Typ.RECORD, 4),
    ]
    assert mine[1].statement.kcs == statement(1).kcs
    assert [row.statement.index for row in store.feed(agency="xac-arms", after=-1, before=5, limit=10)] == [3]
    assert [row.statement.index for row in store.feed(agency="xab-arms", after=0, before=5, limit=10)] == [1]
    assert [row.statement.index for row in store.feed(agency="xab-arms", after=-1, before=5, limit=1)] == [0]
    assert [row.statement.index for row in store.feed(agency="xab-arms", after=-1, before=1, limit=10)] == [0]
    assert store.feed(agency="xad-arms", after=-1, before=5, limit=10) == ()


def test_readers_cannot_write(path: Path) -> None:
    """A reader's connection refuses to write, whatever code runs on it."""
    readers = database.readers(path, connections=1)

    with readers.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.exec_driver_sql("DELETE FROM nonces")
    readers.dispose()


def test_an_error_of_the_database_names_no_values(store: SqlStore) -> None:
    """What the driver says of a broken constraint carries no parameters."""
    fill(store)

    with pytest.raises(IntegrityError) as caught, store._writer.begin():
        store._writer.exec_driver_sql("INSERT INTO entries VALUES (0, 'x', 'SECRET', 'y')", ())

    assert "parameters hidden" in str(caught.value) or "SECRET" not in str(caught.value.params or "")


def test_a_full_disk_stops_nobody_who_deletes(path: Path) -> None:
    """After a commit that failed the writer is opened anew for whoever comes next: an append, a burial, the log's end."""
    store = open_store(path)
    failures = ["commit"]

    @event.listens_for(store._writer.engine, "commit")
    def fail(_connection: object) -> None:
        if failures:
            failures.clear()
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        store.bury([StatementName("xaa-arms", bytes(16))])
    store.empty_log()
    failures.append("commit")
    with pytest.raises(OSError, match="no space"):
        store.bury([StatementName("xaa-arms", bytes(16))])
    store.bury([StatementName("xaa-arms", bytes(16))])

    assert store.buried() == {StatementName("xaa-arms", bytes(16))}
    store.close()


def test_attack_readers_that_take_every_connection(path: Path) -> None:
    """Who finds no connection is told to come again, and of no failure: it is nobody's fault, and soon over."""
    readers = create_engine(
        f"sqlite+pysqlite:///{path}", poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0
    )
    store = SqlStore(writer=database.writer(path), readers=readers)

    with store.reading():
        for read in (store.head, store.published, lambda: store.beside([]), store.buried):
            with pytest.raises(BusyError):
                read()

    assert store.head() == EMPTY_HEAD
    store.close()
