"""What became of a row since it was sent: nothing, a correction with a place for each record, or an obstacle."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clients.corrections import sort_rows
from clients.importing import PlannedRow
from clients.outbox import Outbox
from clients.outboxrows import OutboxBatch, SentRow
from clients.replica import Replica, StoredPortion, StoredRecord
from ledger.expunges import Expunge, Why
from ledger.identifiers import KeyId, StatementName
from ledger.labels import Level
from tests.support.keystores import DATABASE_KEY

SALE, RECOVERY, THEFT, LOSS = b"sale", b"recovery", b"theft", b"loss"
KEY = b"key of the row"


def name(number: int) -> StatementName:
    """Return the name of a record."""
    return StatementName("xar-arms", number.to_bytes(16, "big"))


def row(fingerprint: bytes, *parts: bytes, key: bytes | None = KEY, line: int = 2) -> PlannedRow:
    """Return a planned row; its plans are not looked at."""
    return PlannedRow(line=line, plans=(), drafts=(), fingerprint=fingerprint, key=key, parts=parts)


@dataclass
class Desk:
    """An outbox and a replica, filled step by step."""

    outbox: Outbox
    replica: Replica
    sent: list[OutboxBatch] = field(default_factory=list)

    def send(self, fingerprint: bytes, *records: tuple[bytes, int], key: bytes | None = KEY) -> OutboxBatch:
        """Remember a row as sent in a batch of its own."""
        seq = len(self.sent) + 1
        batch = OutboxBatch(seq=seq, payload_hash=bytes([seq]) * 32, body=b"body")
        sent = SentRow(
            fingerprint=fingerprint,
            key=key,
            names=tuple(name(number) for _, number in records),
            parts=tuple(part for part, _ in records if part),
        )
        self.outbox.put(batch, rows=[sent])
        self.outbox.logged(batch, first=seq, index=seq)
        self.sent.append(batch)
        return batch

    def sort(self, *rows: PlannedRow) -> tuple[int, list[int], list[tuple[int | None, ...] | str]]:
        """Return how many rows are new, the lines unchanged, and of each correction its places or its obstacle."""
        found = sort_rows(rows, outbox=self.outbox, replica=self.replica)
        places = [
            one.obstacle or tuple(sup and int.from_bytes(sup.jti, "big") for sup in one.sups)
            for one in found.corrections
        ]
        return len(found.fresh), [one.line for one in found.unchanged], places


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a desk that has sent nothing."""
    return Desk(
        Outbox(tmp_path / "outbox.sqlite", key=DATABASE_KEY), Replica(tmp_path / "replica.sqlite", key=DATABASE_KEY)
    )


def test_a_row_never_seen_is_new(desk: Desk) -> None:
    """With a key or without one."""
    assert desk.sort(row(b"a", SALE), row(b"b", SALE, key=None)) == (2, [], [])


def test_a_row_that_says_the_same_is_unchanged(desk: Desk) -> None:
    """By its fingerprint alone; a key named later changes nothing."""
    desk.send(b"a", (SALE, 1))
    desk.send(b"b", (SALE, 2), key=None)

    assert desk.sort(row(b"a", SALE, line=2), row(b"b", SALE, key=b"new key", line=3)) == (0, [2, 3], [])


def test_a_changed_row_takes_its_record_s_place(desk: Desk) -> None:
    """One record, corrected."""
    desk.send(b"a", (SALE, 1))

    assert desk.sort(row(b"b", SALE)) == (0, [], [(1,)])


def test_each_kind_takes_the_place_of_its_own(desk: Desk) -> None:
    """Whatever order the rules of a map stand in."""
    desk.send(b"a", (SALE, 1), (RECOVERY, 2))

    assert desk.sort(row(b"b", RECOVERY, SALE)) == (0, [], [(2, 1)])


def test_a_record_that_was_not_there_supersedes_nothing(desk: Desk) -> None:
    """The sale became known later: the recovery is corrected, the sale is new."""
    desk.send(b"a", (RECOVERY, 1))

    assert desk.sort(row(b"b", SALE, RECOVERY)) == (0, [], [(None, 1)])


def test_a_corrected_kind_takes_the_place_that_is_left(desk: Desk) -> None:
    """No recovery after all but a theft: as many new kinds as old, so each has its place."""
    desk.send(b"a", (SALE, 1), (RECOVERY, 2))

    assert desk.sort(row(b"b", SALE, THEFT)) == (0, [], [(1, 2)])


@pytest.mark.parametrize("parts", [(SALE,), (THEFT, LOSS, RECOVERY)])
def test_a_record_left_over_is_an_obstacle(desk: Desk, parts: tuple[bytes, ...]) -> None:
    """A sale that the row no longer gives cannot be superseded by a recovery: a person decides."""
    desk.send(b"a", (SALE, 1), (RECOVERY, 2))
    fresh, _, (obstacle,) = desk.sort(row(b"b", *parts))

    assert fresh == 0
    assert "other kinds of records" in str(obstacle)


def test_the_newest_row_of_a_key_counts(desk: Desk) -> None:
    """Corrected twice: the third takes the place of the second."""
    desk.send(b"a", (SALE, 1))
    desk.send(b"b", (SALE, 2))

    assert desk.sort(row(b"c", SALE)) == (0, [], [(2,)])
    assert desk.sort(row(b"b", SALE)) == (0, [2], [])


def test_a_row_corrected_back_is_a_correction_again(desk: Desk) -> None:
    """What it once said is superseded; saying it again needs a new record, and then it is unchanged."""
    desk.send(b"a", (SALE, 1))
    desk.send(b"b", (SALE, 2))
    assert desk.sort(row(b"a", SALE)) == (0, [], [(2,)])

    desk.send(b"a", (SALE, 3))
    assert desk.sort(row(b"a", SALE)) == (0, [2], [])
    assert desk.sort(row(b"b", SALE)) == (0, [], [(3,)])


def test_a_discarded_correction_leaves_the_record_it_meant(desk: Desk) -> None:
    """Its batch had to be sealed anew: the row is a correction of the same record still."""
    desk.send(b"a", (SALE, 1))
    waiting = OutboxBatch(seq=2, payload_hash=b"\2" * 32, body=b"body")
    desk.outbox.put(waiting, rows=[SentRow(fingerprint=b"b", key=KEY, names=(name(2),), parts=(SALE,))])
    desk.outbox.discard(waiting, root=bytes(32))

    assert desk.sort(row(b"b", SALE)) == (0, [], [(1,)])


def test_rows_that_an_early_version_sent_are_paired_in_order(desk: Desk) -> None:
    """Without kinds, as many records as before take their places one by one; another number is an obstacle."""
    desk.send(b"a", (b"", 1), (b"", 2))

    assert desk.sort(row(b"b", SALE, RECOVERY)) == (0, [], [(1, 2)])
    assert "other kinds" in str(desk.sort(row(b"b", SALE))[2][0])


def stored(number: int, *, sup: int | None = None) -> StoredRecord:
    """Return a record as a sync stores it."""
    return StoredRecord(
        index=number,
        name=name(number),
        kid="xar-arms#4",
        iat=0,
        ep=1,
        sup=None if sup is None else name(sup).jti,
        batch=number,
        seq=1,
        entry=b"entry",
        portions={
            "item": StoredPortion(portion="item", level=Level.RESTRICTED, label={}, fields={}, disclosures=("d",))
        },
    )


def test_a_record_superseded_elsewhere_is_an_obstacle(desk: Desk) -> None:
    """After a lost outbox the log may know a later correction than this home does: once synced, it is seen."""
    desk.send(b"a", (SALE, 1))
    desk.replica.add(records=[stored(1), stored(7, sup=1)])
    (obstacle,) = desk.sort(row(b"b", SALE))[2]

    assert "superseded already" in str(obstacle)


def test_an_expunged_record_is_superseded_by_nothing(desk: Desk) -> None:
    """Nothing is left of it; the corrected row goes in as a new record."""
    desk.send(b"a", (SALE, 1), (RECOVERY, 2))
    order = Expunge(name=name(9), kid=KeyId("xar-arms", 4), iat=0, of=name(1).jti, why=Why.ERROR)
    desk.replica.expunge({9: order})

    assert desk.sort(row(b"b", SALE, RECOVERY)) == (0, [], [(None, 2)])
