"""What is corrected is known in whatever order records come: by a late key, a release, a restored replica."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect

from clients.database import open_database
from clients.findindex import TABLES
from clients.replica import Replica, StoredRecord
from clients.superseding import CORRECTED, Correction
from tests.clients.test_replica import HELD, TERMS, name, order, record, shown
from tests.support.keystores import DATABASE_KEY

NOBODY = "xbe-cib"


def corrected(replica: Replica) -> list[tuple[int, bytes | None]]:
    """Return which record each one here is corrected by, by its place; all that tells it has to agree."""
    found = [(one.index, one.superseded_by) for one in replica.records()]
    with replica.reading() as connection:
        marked = set(connection.exec_driver_sql(CORRECTED).scalars())
    live = {one for iss in ("xar-arms", NOBODY) for one in replica.live_names(iss)}

    assert marked == {index for index, by in found if by is not None}
    assert live == {one.name for one in replica.records() if one.superseded_by is None}
    for one in replica.records():
        assert (replica.corrected_at(one.name) is None) is (one.superseded_by is None)
    return found


def test_a_correction_that_came_first_is_known_when_the_older_record_comes(replica: Replica) -> None:
    """A newcomer who was given the later epoch first is not shown the older record as if it stood."""
    replica.add(records=[record(2, sup=1)])
    replica.add(records=[record(1)])

    assert corrected(replica) == [(1, name(2).jti), (2, None)]
    assert replica.corrected_at(name(1)) == 2


def test_a_correction_that_is_sealed_to_others_corrects_all_the_same(replica: Replica) -> None:
    """What it says is not for this home; that it takes the other's place stands in the log for everybody."""
    replica.add(corrections=[Correction(index=2, name=name(2), sup=name(1).jti)])
    replica.add(records=[record(1)])

    assert corrected(replica) == [(1, name(2).jti)]
    assert replica.find(name(2)) is None


def test_a_correction_of_a_correction_leaves_one_record(replica: Replica) -> None:
    """The last of a chain stands, whichever came first."""
    for one in (record(3, sup=2), record(1), record(2, sup=1)):
        replica.add(records=[one])

    assert corrected(replica) == [(1, name(2).jti), (2, name(3).jti), (3, None)]
    assert replica.live_names("xar-arms") == (name(3),)


def test_an_expunged_correction_has_corrected_all_the_same(replica: Replica) -> None:
    """What it said is gone; the record whose place it took does not stand again."""
    replica.add(records=[record(2, sup=1)])
    replica.expunge({9: order(2, at=9)})
    replica.add(records=[record(1)])

    assert corrected(replica) == [(1, name(2).jti)]


def test_a_recalled_correction_has_corrected_all_the_same(replica: Replica) -> None:
    """A recall takes a release away, not what the log says."""
    replica.add_released([replace(record(2, sup=1), portions={}, released=(shown(),))])
    replica.talk.add_release(HELD)
    replica.recall(HELD, index=91)
    replica.add(records=[record(1)])

    assert corrected(replica) == [(1, name(2).jti)]


@pytest.mark.parametrize("first", [2, 3])
def test_of_two_corrections_the_log_s_first_counts(replica: Replica, first: int) -> None:
    """No honest log has a second; of one that has, every home makes the same."""
    for number in (first, 5 - first):
        replica.add(records=[record(number, sup=1)])
    replica.add(records=[record(1)])

    assert corrected(replica) == [(1, name(2).jti), (2, None), (3, None)]


def test_nothing_corrects_what_comes_after_it(replica: Replica) -> None:
    """A record that names a later one, or itself, takes no place; a right one is not kept from doing so."""
    replica.add(records=[record(1, sup=2), record(2, sup=2), record(3, sup=2)])

    assert corrected(replica) == [(1, None), (2, name(3).jti), (3, None)]


def test_a_replica_of_an_earlier_version_learns_what_it_had_missed(tmp_path: Path) -> None:
    """Its column told what had come in order; the rest is told by the records, and what is gone from here stays known."""
    path = tmp_path / "replica.sqlite"
    replica = Replica(path, key=DATABASE_KEY)
    replica.add(records=[record(1), record(2, sup=1), record(3), record(5), record(6, sup=5)])
    replica.close()
    as_it_was(path, {3: name(4).jti, 5: name(6).jti})
    for _ in range(2):
        again = Replica(path, key=DATABASE_KEY)
        assert corrected(again) == [(1, name(2).jti), (2, None), (3, name(4).jti), (5, name(6).jti), (6, None)]
        again.close()
    engine = open_database(path, TABLES, key=DATABASE_KEY)
    columns = {column["name"] for column in inspect(engine).get_columns("record")}
    engine.dispose()

    assert "superseded_by" not in columns


def as_it_was(path: Path, columns: dict[int, bytes]) -> None:
    """Make of a replica one of the version before: a column on the record, and an index on it."""
    engine = open_database(path, TABLES, key=DATABASE_KEY)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE correction")
        connection.exec_driver_sql("ALTER TABLE record ADD COLUMN superseded_by BLOB")
        connection.exec_driver_sql("CREATE INDEX record_corrected ON record (position) WHERE superseded_by IS NOT NULL")
        for position, jti in columns.items():
            connection.exec_driver_sql("UPDATE record SET superseded_by = ? WHERE position = ?", (jti, position))
    engine.dispose()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that reaches a home: a record by grant or by release, unopened, its recall, or its expungement."""

    what: str
    number: int


# Two chains, of two issuers; a record that a grant and a release show; two corrections of one; one that stands alone.
SUPS = {1: None, 2: 1, 3: 2, 4: None, 5: 4, 6: None, 7: 6, 8: 6, 9: None}
FOREIGN = {4, 5}
EVENTS = (
    *(Event("granted", number) for number in (1, 2, 4, 5, 6, 9)),
    *(Event("released", number) for number in (2, 3, 7)),
    Event("read", 8),
    Event("recalled", 2),
    Event("recalled", 7),
    Event("expunged", 5),
    Event("expunged", 8),
    Event("expunged", 1),
)
EXPECTED = [(2, 3), (3, None), (4, 5), (6, 7), (9, None)]


def told(number: int) -> StoredRecord:
    """Return one of the records."""
    return record(number, sup=SUPS[number], iss=NOBODY if number in FOREIGN else "xar-arms")


def happen(replica: Replica, event: Event) -> None:
    """Do what a sync does when it meets an event: of an expunged record only what it corrects is noted."""
    one, held = told(event.number), replace(HELD, index=90 + event.number, name=name(90 + event.number), terms=TERMS)
    gone = one.name in replica.expunged()
    if event.what == "expunged":
        replica.expunge({20 + event.number: replace(order(event.number, at=20), name=name(20, one.name.iss))})
    elif event.what == "recalled":
        replica.recall(held, index=99)
    elif event.what == "read" or gone:
        replica.add(corrections=[Correction(index=one.index, name=one.name, sup=one.sup)] if one.sup else [])
    elif event.what == "granted":
        replica.add(records=[one])
    else:
        part = replace(shown(), release=held)
        replica.add_released([replace(one, portions={}, released=(part,))])
        replica.talk.add_release(held)


def possible(events: Sequence[Event]) -> list[Event]:
    """Return events in an order that can be: a recall is behind its release, and what was recalled is not taken over."""
    out: list[Event] = []
    for one in events:
        release = Event("released", one.number)
        if one.what == "recalled" and release not in out:
            out.append(release)
        if one.what != "released" or Event("recalled", one.number) not in out:
            out.append(one)
    return out


@settings(max_examples=40, deadline=None)
@given(
    events=st.permutations(EVENTS),
    again=st.lists(st.sampled_from(EVENTS), max_size=6),
    restored=st.integers(0, len(EVENTS)),
)
def test_every_order_of_arrival_ends_in_one_state(
    events: Sequence[Event], again: Sequence[Event], restored: int
) -> None:
    """Records, corrections of corrections, recalls, expungements, twice or from a backup: the same records stand."""
    with tempfile.TemporaryDirectory() as folder:
        for part in (events[:restored], [*events, *again]):
            replica = Replica(Path(folder) / "replica.sqlite", key=DATABASE_KEY)
            for event in possible(part):
                happen(replica, event)
            found = corrected(replica)
            replica.close()

    assert found == [(one, None if by is None else name(by).jti) for one, by in EXPECTED]
