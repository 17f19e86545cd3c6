"""The outbox holds what was signed before it is sent, and remembers which rows went in."""

from pathlib import Path

import pytest

from clients.errors import HomeError
from clients.outbox import OpenEpoch, Outbox, OutboxBatch, SentRow
from ledger.identifiers import StatementName

FIRST = OutboxBatch(seq=1, payload_hash=b"\x01" * 32, body=b"one")
SECOND = OutboxBatch(seq=2, payload_hash=b"\x02" * 32, body=b"two")
ROW = SentRow(fingerprint=b"f", key=b"k", names=(StatementName("xar-arms", bytes(16)),))
EPOCH = OpenEpoch(ep=1, opened=1_700_000_000, audiences={"RESTRICTED xar-arms": "00ff"})


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """Give an empty outbox."""
    return Outbox(tmp_path / "outbox.sqlite")


def test_a_batch_survives_the_program(tmp_path: Path, outbox: Outbox) -> None:
    """What was put is there for the next program, to the byte, with its rows and epoch."""
    outbox.put(FIRST, rows=[ROW], epoch=EPOCH)
    outbox.close()

    again = Outbox(tmp_path / "outbox.sqlite")
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


def test_a_dropped_batch_frees_its_rows(outbox: Outbox) -> None:
    """Records that must be sealed again are not taken for sent."""
    outbox.put(FIRST, rows=[ROW], epoch=EPOCH)
    outbox.drop(FIRST)

    assert outbox.waiting() is None
    assert outbox.sent([b"f"]) == {}
    assert outbox.epoch() is None


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A damaged outbox is said to be one."""
    (tmp_path / "outbox.sqlite").write_bytes(b"not a database" * 100)

    with pytest.raises(HomeError, match="cannot be opened"):
        Outbox(tmp_path / "outbox.sqlite")


def test_the_outbox_is_private(tmp_path: Path, outbox: Outbox) -> None:
    """Nobody else on the machine reads what is about to be sent."""
    outbox.put(FIRST)

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
