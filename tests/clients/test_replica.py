"""The replica gives back what was verified, keeps what supersedes what, and forgets what was expunged to the last byte."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.errors import HomeError
from clients.findindex import Unit
from clients.replica import CURSOR, SIZE, Replica, StoredGrant, StoredPortion, StoredRecord
from clients.talk.tables import HeldRelease, StoredRelease
from ledger.expunges import Expunge, Why
from ledger.identifiers import KeyId, StatementName
from ledger.jsontext import JsonValue
from ledger.labels import Level, Purpose, Terms
from tests.support.keystores import DATABASE_KEY

FIELDS: dict[str, JsonValue] = {"item.make": "TAU", "item.serials": [{"as_marked": "ABE 573528", "location": "frame"}]}
LABEL: JsonValue = {"level": "RESTRICTED", "rel": ["xbe-cib"], "comp": [], "purp": ["TRACE"], "cav": []}


def name(number: int, iss: str = "xar-arms") -> StatementName:
    """Return the name of a record."""
    return StatementName(iss, number.to_bytes(16, "big"))


def portion(which: str = "item", fields: dict[str, JsonValue] | None = None) -> StoredPortion:
    """Return an opened portion."""
    told = FIELDS if fields is None else fields
    return StoredPortion(portion=which, level=Level.RESTRICTED, label=LABEL, fields=told, disclosures=("one", "two"))


def record(number: int, *, iss: str = "xar-arms", ep: int = 1, sup: int | None = None) -> StoredRecord:
    """Return a verified record at an index that is its number."""
    return StoredRecord(
        index=number,
        name=name(number, iss),
        kid=f"{iss}#4",
        iat=1_700_000_000,
        ep=ep,
        sup=None if sup is None else name(sup).jti,
        batch=number + 1,
        seq=number,
        entry=b"entry %d" % number,
        portions={"item": portion()},
    )


TERMS = Terms(level=Level.RESTRICTED, comp=frozenset(), purp=frozenset({Purpose.TRACE}), cav=())
HELD = HeldRelease(index=90, name=StatementName("xar-arms", bytes(16)), thread=bytes(16), terms=TERMS, expires=None)


def shown() -> StoredRelease:
    """Return what a release shows of a record: its item."""
    return StoredRelease(portion="item", release=HELD, label=LABEL, fields=FIELDS, disclosures=("one", "two"))


def test_a_record_comes_back_as_it_went_in(replica: Replica, tmp_path: Path) -> None:
    """With its portions, fields, label and disclosures, in another program too."""
    told = replace(record(7), portions={"item": portion(), "event": portion("event", {})})
    replica.add(records=[told])
    again = Replica(tmp_path / "replica.sqlite", key=DATABASE_KEY)

    assert told == again.find(name(7))
    assert [told] == list(again.records())
    again.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    number=st.integers(0, 10**6),
    fields=st.dictionaries(
        st.from_regex(r"item\.[a-z]{1,6}", fullmatch=True),
        st.none()
        | st.booleans()
        | st.integers(-(2**53) + 1, 2**53 - 1)
        | st.text(max_size=10).map(lambda text: text.encode("utf-8", "ignore").decode()),
        max_size=4,
    ),
)
def test_fields_of_any_value_come_back(replica: Replica, number: int, fields: dict[str, JsonValue]) -> None:
    """Texts of any script, numbers, nothing at all."""
    replica.expunge({0: order(number, at=0)})
    replica.add(records=[replace(record(number), portions={"item": portion("item", fields)})])
    found = replica.find(name(number))

    assert found is not None
    assert dict(found.portions["item"].fields) == fields


def test_records_come_in_the_order_of_the_log(replica: Replica) -> None:
    """Whatever order they were learned in."""
    for number in (5, 3, 9):
        replica.add(records=[record(number)])

    assert [one.index for one in replica.records()] == [3, 5, 9]
    assert replica.count() == 3


def test_many_records_are_found_by_their_names(replica: Replica) -> None:
    """Each once and with its own portions, however often it is named; whose name is not here is left out."""
    stored = [record(number) for number in (1, 2, 3)]
    replica.add(records=stored)
    strangers = [name(9), StatementName("xbe-cib", stored[0].name.jti)]

    assert [*replica.named([name(3), *strangers, name(1), name(3)])] == [replica.find(name(1)), replica.find(name(3))]
    assert not [*replica.named([])]


def test_more_records_than_a_statement_takes_are_found_by_their_names(replica: Replica) -> None:
    """A list of hits has no end; a statement of SQLite has."""
    names = [name(number) for number in range(40_000)]
    replica.add(records=[record(1), record(39_999)])

    assert [one.name for one in replica.named(names)] == [name(1), name(39_999)]


def test_a_record_without_an_open_portion_is_not_kept(replica: Replica) -> None:
    """What one may not read is not listed either."""
    replica.add(records=[replace(record(1), portions={})])

    assert replica.count() == 0


def test_what_is_there_stays_as_it_is(replica: Replica) -> None:
    """A second reading of the same record changes nothing; a portion that opened later is added."""
    replica.add(records=[record(1)])
    later = replace(record(1), entry=b"another", portions={"item": portion("item", {}), "event": portion("event")})
    replica.add(records=[later])
    found = replica.find(name(1))

    assert found is not None
    assert found.entry == b"entry 1"
    assert dict(found.portions["item"].fields) == FIELDS
    assert set(found.portions) == {"item", "event"}


def test_a_superseded_record_names_its_successor(replica: Replica) -> None:
    """And the successor names it."""
    replica.add(records=[record(1)])
    replica.add(records=[record(2, sup=1)])
    first, second = replica.records()

    assert (first.superseded_by, second.sup) == (second.name.jti, first.name.jti)


def test_a_record_that_a_release_shows_corrects_like_any_other(replica: Replica) -> None:
    """A newcomer who is released the past sees what of it was corrected."""
    replica.add_released([replace(one, portions={}, released=(shown(),)) for one in (record(1), record(2, sup=1))])
    replica.talk.add_release(HELD)

    assert [name(2).jti, None] == [one.superseded_by for one in replica.records()]
    assert [(shown(),), (shown(),)] == [one.released for one in replica.records()]


def test_what_a_release_shows_of_a_record_that_is_here_leaves_the_rest_as_it_is(replica: Replica) -> None:
    """Its portions stay, and nothing is written twice, however often the release is taken over."""
    replica.add(records=[record(1)])
    replica.talk.add_release(HELD)
    for _ in range(2):
        replica.add_released([replace(record(1), portions={}, released=(shown(),))])

    assert [replace(record(1), released=(shown(),))] == list(replica.records())


def test_another_agency_s_record_is_superseded_by_nobody_else(replica: Replica) -> None:
    """The same id under another issuer is another record."""
    replica.add(records=[replace(record(1), name=name(1, "xbe-cib")), record(2, sup=1)])

    assert [one.superseded_by for one in replica.records()] == [None, None]


def test_what_is_open_is_known_by_index_and_portion(replica: Replica) -> None:
    """So that it is not fetched again."""
    replica.add(records=[record(1), replace(record(5), portions={"item": portion(), "event": portion("event")})])

    assert replica.opened(0, 5) == {(1, "item")}
    assert replica.opened(5, 6) == {(5, "item"), (5, "event")}
    assert replica.opened(6, 100) == frozenset()


def test_grants_are_found_by_issuer_and_epoch(replica: Replica) -> None:
    """In log order, and kept once."""
    grants = [
        StoredGrant(index=at, iss=iss, ep=ep, level=Level.SECRET, ek=f"{at:064x}")
        for at, iss, ep in ((4, "xar-arms", 1), (2, "xar-arms", 1), (3, "xar-arms", 2), (9, "xbe-cib", 1))
    ]
    for _ in range(2):
        replica.add(grants=grants)

    assert [one.index for one in replica.grants("xar-arms", 1)] == [2, 4]
    assert replica.last_epoch("xar-arms") == 2
    assert replica.last_epoch("xco-npa") == 0


def test_where_an_epoch_can_have_begun(replica: Replica) -> None:
    """Behind the last record or grant of an earlier epoch of the same agency."""
    replica.add(
        records=[record(10), record(20, ep=2), record(15, iss="xbe-cib")],
        grants=[StoredGrant(index=12, iss="xar-arms", ep=1, level=Level.SECRET, ek="00")],
    )

    assert replica.last_index_below("xar-arms", 1) == -1
    assert replica.last_index_below("xar-arms", 2) == 12
    assert replica.last_index_below("xar-arms", 3) == 20


def test_numbers_are_remembered_by_name(replica: Replica) -> None:
    """The newest counts; one that was never set has the caller's default."""
    replica.add(state={CURSOR: 5, SIZE: 10})
    replica.add(state={CURSOR: 7})

    assert [replica.state(one, default=-1) for one in (CURSOR, SIZE, "other")] == [7, 10, -1]


def test_key_entries_are_kept_by_index(replica: Replica) -> None:
    """In order, each once, the first that was verified."""
    replica.add(key_entries={9: b"nine", 3: b"three"})
    replica.add(key_entries={9: b"another"})

    assert list(replica.key_entries().items()) == [(3, b"three"), (9, b"nine")]


def order(number: int, *, at: int) -> Expunge:
    """Return an order to expunge a record."""
    return Expunge(name=name(at + 1_000), kid=KeyId("xar-arms", 4), iat=0, of=name(number).jti, why=Why.LAW)


def test_an_expunged_record_is_gone_to_the_last_byte(replica: Replica, tmp_path: Path) -> None:
    """Out of the tables, and out of the file and its write-ahead log too."""
    replica.add(
        records=[replace(record(1), portions={"item": portion("item", {"item.model": "canary-4711"})}), record(2)]
    )
    replica.expunge({9: order(1, at=9)})
    replica.close()
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert b"canary-4711" not in files
    again = Replica(tmp_path / "replica.sqlite", key=DATABASE_KEY)
    assert [one.index for one in again.records()] == [2]
    assert again.expunged() == {name(1): "law"}
    again.close()


def test_expunging_what_was_never_opened_is_remembered(replica: Replica) -> None:
    """So that it is not opened later either; a second order changes nothing."""
    replica.expunge({9: order(1, at=9)})
    replica.expunge({11: replace(order(1, at=11), why=Why.ERROR)})

    assert replica.expunged() == {name(1): "law"}


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A damaged replica is said to be one."""
    (tmp_path / "replica.sqlite").write_bytes(b"not a database" * 100)

    with pytest.raises(HomeError, match="cannot be opened"):
        Replica(tmp_path / "replica.sqlite", key=DATABASE_KEY)


def test_the_replica_is_private(replica: Replica, tmp_path: Path) -> None:
    """It holds everything in the clear."""
    replica.add(records=[record(1)])

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_no_content_is_shown_by_accident() -> None:
    """A repr ends in a log."""
    assert "573528" not in repr(record(1))
    assert "TAU" not in repr(Unit(1, "item", "xar-arms", "", "", 0, FIELDS))
    assert "TAU" not in repr(record(1))
