"""The outbox holds what was signed before it is sent, and remembers which rows went in."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from clients.errors import HomeError
from clients.outbox import Outbox
from clients.outboxrows import Letter, OpenEpoch, OutboxBatch, Posted, SentRow
from ledger.identifiers import StatementName
from tests.support.encrypted import by_hand
from tests.support.keystores import DATABASE_KEY

FIRST = OutboxBatch(seq=1, payload_hash=b"\x01" * 32, body=b"one")
SECOND = OutboxBatch(seq=2, payload_hash=b"\x02" * 32, body=b"two")
ROW = SentRow(fingerprint=b"f", key=b"k", names=(StatementName("xar-arms", bytes(16)),))
EPOCH = OpenEpoch(ep=1, opened=1_700_000_000, audiences={"RESTRICTED xar-arms": "00ff"})


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """Give an empty outbox."""
    return Outbox(tmp_path / "outbox.sqlite", key=DATABASE_KEY)


def test_a_batch_survives_the_program(tmp_path: Path, outbox: Outbox) -> None:
    """What was put is there for the next program, to the byte, with its rows and epoch."""
    outbox.put(FIRST, rows=[ROW], epoch=EPOCH)
    outbox.close()

    again = Outbox(tmp_path / "outbox.sqlite", key=DATABASE_KEY)
    assert again.waiting() == FIRST
    assert again.sent([b"f", b"g"]) == {b"f": ROW}
    assert again.sent_by_key([b"k"]) == {b"k": ROW}
    assert again.epoch() == EPOCH


def test_an_empty_outbox_has_nothing(outbox: Outbox) -> None:
    """Nothing waits, nothing was sent, no epoch is open."""
    assert outbox.waiting() is None
    assert outbox.last() is None
    assert outbox.epoch() is None
    assert outbox.sent([b"f"]) == {}


def test_one_batch_waits_at_a_time(outbox: Outbox) -> None:
    """Two desks of one agency cannot both sign on top of the same batch."""
    outbox.put(FIRST)
    with pytest.raises(HomeError, match="waits to be sent"):
        outbox.put(SECOND)
    outbox.logged(FIRST, first=10, index=13)
    outbox.put(SECOND)

    assert outbox.waiting() == SECOND


def test_a_logged_batch_keeps_its_place_and_drops_its_body(outbox: Outbox) -> None:
    """Where a batch stands is kept; the bytes are in the log now."""
    outbox.put(FIRST)
    outbox.logged(FIRST, first=10, index=13)

    last = outbox.last()
    assert last == OutboxBatch(seq=1, payload_hash=FIRST.payload_hash, body=b"", first=10, index=13)


def test_a_batch_signed_anew_takes_its_rows_along(outbox: Outbox) -> None:
    """After a sequence conflict the same statements wait under the new number."""
    outbox.put(FIRST, rows=[ROW], epoch=EPOCH)
    outbox.replace(FIRST, SECOND)

    assert outbox.waiting() == SECOND
    assert outbox.sent([b"f"]) == {b"f": ROW}
    with pytest.raises(HomeError, match="changed meanwhile"):
        outbox.replace(FIRST, SECOND)


ROOT = b"\x0a" * 32


def test_a_discarded_batch_frees_its_rows(outbox: Outbox) -> None:
    """Records that must be sealed again are not taken for sent; that they were once sealed is remembered."""
    outbox.put(FIRST, rows=[ROW], epoch=EPOCH)
    outbox.discard(FIRST, root=ROOT)

    assert outbox.waiting() is None
    assert outbox.sent([b"f"]) == {}
    assert outbox.epoch() is None
    assert (outbox.discarded(ROOT), outbox.discarded(FIRST.payload_hash)) == (True, False)


def test_only_a_batch_that_waits_is_discarded(outbox: Outbox) -> None:
    """One that is logged, was replaced, or was discarded already stays as it is."""
    outbox.put(FIRST, rows=[ROW])
    outbox.replace(FIRST, SECOND)
    with pytest.raises(HomeError, match="changed meanwhile"):
        outbox.discard(FIRST, root=ROOT)
    outbox.logged(SECOND, first=3, index=4)
    with pytest.raises(HomeError, match="changed meanwhile"):
        outbox.discard(SECOND, root=ROOT)

    assert outbox.sent([b"f"]) == {b"f": ROW}
    assert not outbox.discarded(ROOT)


def test_a_discarded_batch_that_comes_back_brings_its_rows_and_epoch(outbox: Outbox) -> None:
    """They count again, in the batch and at the place where the log holds them."""
    outbox.put(FIRST, rows=[ROW], epoch=EPOCH)
    outbox.discard(FIRST, root=ROOT)
    outbox.take_back(replace(FIRST, body=b"", first=10, index=13), root=ROOT)

    assert outbox.last() == outbox.last_logged() == replace(FIRST, body=b"", first=10, index=13)
    assert outbox.sent([b"f"]) == {b"f": ROW}
    assert outbox.epoch() == replace(EPOCH, first=13, index=13)
    assert not outbox.discarded(ROOT)


def test_repeated_grants_that_are_discarded_leave_the_epoch_as_it_was(outbox: Outbox) -> None:
    """It was opened by an earlier batch, which is logged; taken back, the repeat counts again."""
    outbox.put(FIRST, epoch=EPOCH)
    outbox.logged(FIRST, first=2, index=3)
    outbox.put(SECOND, repeats=EPOCH)
    assert outbox.epoch() == replace(EPOCH, first=3)
    outbox.discard(SECOND, root=ROOT)
    assert outbox.epoch() == replace(EPOCH, first=3, index=3)
    outbox.take_back(replace(SECOND, first=4, index=5), root=ROOT)

    assert outbox.epoch() == replace(EPOCH, first=3, index=5)


def test_a_row_without_a_key_comes_back_too(outbox: Outbox) -> None:
    """Not every map names a key."""
    row = replace(ROW, key=None)
    outbox.put(FIRST, rows=[row])
    outbox.discard(FIRST, root=ROOT)
    outbox.take_back(replace(FIRST, first=1, index=2), root=ROOT)

    assert outbox.sent([b"f"]) == {b"f": row}


def test_the_last_logged_batch_is_not_the_one_that_waits(outbox: Outbox) -> None:
    """What is proved, and what was only signed, are told apart."""
    assert outbox.last_logged() is None
    outbox.put(FIRST)
    outbox.logged(FIRST, first=1, index=2)
    outbox.put(SECOND)
    logged, last = outbox.last_logged(), outbox.last()

    assert (logged.seq if logged else None, last) == (1, SECOND)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A damaged outbox is said to be one."""
    (tmp_path / "outbox.sqlite").write_bytes(b"not a database" * 100)

    with pytest.raises(HomeError, match="cannot be opened"):
        Outbox(tmp_path / "outbox.sqlite", key=DATABASE_KEY)


def test_the_outbox_is_private(tmp_path: Path, outbox: Outbox) -> None:
    """Nobody else on the machine reads what is about to be sent."""
    outbox.put(FIRST)

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_the_kinds_of_a_row_s_records_are_kept(outbox: Outbox) -> None:
    """As fingerprints, in the order of its records."""
    row = SentRow(fingerprint=b"f", key=b"k", names=ROW.names, parts=(b"\x01" * 32,))
    outbox.put(FIRST, rows=[row])

    assert outbox.sent([b"f"]) == {b"f": row}


def test_rows_of_an_earlier_version_are_read(tmp_path: Path, outbox: Outbox) -> None:
    """It kept names alone."""
    outbox.put(FIRST, rows=[ROW])
    outbox.close()
    with by_hand(tmp_path / "outbox.sqlite", DATABASE_KEY) as connection:
        connection.execute("UPDATE row SET names = ?", (json.dumps([str(name) for name in ROW.names]),))

    assert Outbox(tmp_path / "outbox.sqlite", key=DATABASE_KEY).sent([b"f"]) == {b"f": ROW}


def test_a_row_sent_again_takes_its_place_with_its_new_records(outbox: Outbox) -> None:
    """Corrected back to what it once said: the newest records count."""
    newer = SentRow(fingerprint=b"f", key=b"k", names=(StatementName("xar-arms", b"\1" * 16),))
    outbox.put(FIRST, rows=[ROW])
    outbox.logged(FIRST, first=1, index=2)
    outbox.put(SECOND, rows=[newer])

    assert outbox.sent([b"f"]) == {b"f": newer}
    assert outbox.sent_by_key([b"k"]) == {b"k": newer}


def test_the_newest_row_of_a_key_is_that_of_the_last_batch(outbox: Outbox) -> None:
    """Whatever order the rows were written in."""
    later = SentRow(fingerprint=b"a", key=b"k", names=ROW.names)
    outbox.put(FIRST, rows=[ROW])
    outbox.logged(FIRST, first=1, index=2)
    outbox.put(SECOND, rows=[later])

    assert outbox.sent_by_key([b"k", b"other"]) == {b"k": later}


def test_records_are_counted_in_their_epoch(outbox: Outbox) -> None:
    """So that it ends at its limit; a grant batch counts none."""
    outbox.put(FIRST, epoch=EPOCH)
    outbox.logged(FIRST, first=0, index=1)
    outbox.put(SECOND, rows=[ROW])
    epoch = outbox.epoch()

    assert epoch is not None
    assert (epoch.records, epoch.index) == (1, 1)


def test_thousands_of_rows_are_looked_up(outbox: Outbox) -> None:
    """More than one question of SQLite may hold."""
    rows = [
        SentRow(fingerprint=number.to_bytes(4, "big"), key=None, names=(StatementName("xar-arms", bytes(16)),))
        for number in range(1_200)
    ]
    outbox.put(FIRST, rows=rows)

    assert len(outbox.sent([row.fingerprint for row in rows])) == 1_200
    assert outbox.sent_by_key([b"k"]) == {}


def test_a_refused_put_leaves_nothing(outbox: Outbox) -> None:
    """Neither the batch nor its rows."""
    outbox.put(FIRST)
    with pytest.raises(HomeError):
        outbox.put(SECOND, rows=[ROW], epoch=EPOCH)

    assert outbox.sent([b"f"]) == {}
    assert outbox.epoch() is None
    assert outbox.waiting() == FIRST


def test_letters_of_a_discarded_batch_wait_again(outbox: Outbox) -> None:
    """They are sealed anew; if the log shows the batch after all, they were sent in it."""
    letter = Letter(to="xbe-cib", kind="request", thread=b"t" * 16, re=None, body=b"{}")
    outbox.write_letters([letter])
    (number,) = outbox.letters()
    outbox.put(FIRST, letters=[Posted(number=number, place=0, names=ROW.names)])
    assert outbox.letters() == {}
    outbox.discard(FIRST, root=ROOT)
    assert outbox.letters() == {number: letter}
    outbox.take_back(replace(FIRST, first=10, index=11), root=ROOT)

    assert outbox.letters() == {}
    assert [(one.number, one.index) for one in outbox.sent_letters()] == [(number, 10)]


def test_a_promise_is_kept_with_its_bytes_until_it_is_fulfilled(outbox: Outbox) -> None:
    """A batch whose receipt no witness had seen counts as logged, and can still be sent again, with all that came after."""
    outbox.put(FIRST)
    outbox.logged(FIRST, first=0, index=1, promise=b"a receipt")
    outbox.put(SECOND)
    outbox.logged(SECOND, first=2, index=4, promise=b"another")
    promises = [(one.seq, one.index, one.body, one.note) for one in outbox.promises()]

    assert promises == [(1, 1, FIRST.body, b"a receipt"), (2, 4, SECOND.body, b"another")]
    assert outbox.waiting() is None
    outbox.send_again(from_seq=1)
    assert outbox.waiting() == FIRST
    outbox.logged(FIRST, first=0, index=1)
    assert outbox.waiting() == SECOND
    assert outbox.promises() == ()


def test_a_promise_that_was_fulfilled_is_forgotten(outbox: Outbox) -> None:
    """Nothing of it can be sent again by mistake."""
    outbox.put(FIRST)
    outbox.logged(FIRST, first=0, index=1, promise=b"a receipt")
    outbox.keep_promises([1])
    outbox.send_again(from_seq=1)

    assert outbox.promises() == ()
    assert outbox.waiting() is None


def test_an_act_is_kept_with_the_letters_that_it_wrote(outbox: Outbox) -> None:
    """Or neither; the same act a second time writes nothing."""
    letter = Letter(to="xbe-cib", kind="receipt", thread=bytes(16), re=None, body=b"{}")
    with outbox._engine.begin() as connection:
        connection.exec_driver_sql("CREATE TRIGGER full BEFORE INSERT ON letter BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(IntegrityError):
        outbox.write_letters([letter], act=b"act")
    assert (outbox.is_used(b"act"), outbox.letters()) == (False, {})
    with outbox._engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
    outbox.write_letters([letter], act=b"act")
    with pytest.raises(HomeError, match="carried out before"):
        outbox.write_letters([letter], act=b"act")

    assert (outbox.is_used(b"act"), [*outbox.letters().values()]) == (True, [letter])
