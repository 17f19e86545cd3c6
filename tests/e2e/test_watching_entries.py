"""What a watch says of entries that an operator with the log's keys logs by itself."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from clients.service import Service
from clients.transport import Request, Response
from clients.watching import Round, Watch
from ledger.errors import BusyError
from ledger.fingerprints import of_file
from ledger.kinds import Role
from ledger.wire import paths
from tests.support.consortium import Consortium, make_consortium
from tests.support.logfiles import FilesTransport, publish
from tests.support.refusals import BUSY

A, B = "xaa-arms", "xab-arms"


@pytest.fixture
def consortium() -> Consortium:
    """Return a consortium that has logged four batches of one grant: A, B, A, A."""
    found = make_consortium()
    for agency in (A, B, A, A):
        found.submit(agency, [found.grant(agency, [])])
    return found


def entries_of(consortium: Consortium) -> list[bytes]:
    """Return the entries of its log."""
    return list(consortium.store.entries(0, consortium.state.size))


def look(
    consortium: Consortium, entries: list[bytes], folder: Path, changes: Mapping[str, bytes | None] | None = None
) -> Round:
    """Look once at a log of these entries, signed by the log's keys whatever they are; `changes` are to its files."""
    files = publish(entries, consortium.files).changed(changes or {})
    transport = FilesTransport(files, {1: (0, consortium.charter_file)})
    watch = Watch(folder, fingerprint=of_file(consortium.charter_file))
    return watch.look(Service(transport), {}, now=0)


def said(found: Round) -> list[str]:
    """Return the alarms, each of them a fraud."""
    assert all(alarm.is_fraud for alarm in found.alarms)
    return [alarm.what for alarm in found.alarms]


def test_an_honest_log_raises_no_alarm(consortium: Consortium, tmp_path: Path) -> None:
    """Every batch verified, the watch remembers where it stood."""
    found = look(consortium, entries_of(consortium), tmp_path)

    assert (found.batches, said(found)) == (4, [])
    assert (tmp_path / "watched").exists()


def test_attack_an_unsigned_statement_inserted(consortium: Consortium, tmp_path: Path) -> None:
    """A statement that no batch closes, in the middle or at the end, is named by its index."""
    entries = entries_of(consortium)
    middle = look(consortium, [*entries[:3], entries[1], *entries[3:]], tmp_path / "middle")
    end = look(consortium, [*entries, entries[1]], tmp_path / "end")

    assert any("entry 5: the statements from 3 on" in text for text in said(middle))
    assert said(end) == ["entry 9: statements that no batch closes"]
    assert not (tmp_path / "end" / "watched").exists()


def test_attack_a_batch_dropped(consortium: Consortium, tmp_path: Path) -> None:
    """The next batch of its agency does not follow the one before it; one that is logged twice does not either."""
    entries = entries_of(consortium)
    dropped = look(consortium, [*entries[:5], *entries[7:]], tmp_path / "dropped")
    twice = look(consortium, [*entries, *entries[7:]], tmp_path / "twice")

    assert said(dropped) == ["entry 6: the batch does not continue its agency's chain"]
    assert said(twice) == ["entry 10: the batch does not continue its agency's chain"]


def test_attack_a_statement_altered(consortium: Consortium, tmp_path: Path) -> None:
    """Whatever the log's keys sign, the agency's signatures do not fit."""
    entries = entries_of(consortium)
    entries[3] = entries[3][:-2] + (b"AA" if entries[3][-2:] != b"AA" else b"BB")
    found = look(consortium, entries, tmp_path)

    assert len(said(found)) == 1
    assert said(found)[0].startswith("entry 4: ")


def test_attack_a_charter_that_is_not_listed(consortium: Consortium, tmp_path: Path) -> None:
    """A charter's entry that the list of charters keeps quiet about."""
    entries = entries_of(consortium)
    found = look(consortium, [*entries, entries[0]], tmp_path)

    assert said(found) == ["entry 9: a charter is logged here that the service does not list"]


def test_attack_an_access_log_that_is_hidden(consortium: Consortium, tmp_path: Path) -> None:
    """A log without its access log is an alarm, no fraud by itself; and what is wrong with the log is told beside it."""
    entries = entries_of(consortium)
    hidden = look(consortium, entries, tmp_path / "hidden", {"access/checkpoint": None})
    both = look(consortium, [*entries, entries[1]], tmp_path / "both", {"access/checkpoint": None})

    assert [(alarm.kind, alarm.is_fraud) for alarm in hidden.alarms] == [("withheld", False)]
    assert "its access log cannot be had" in hidden.alarms[0].what
    assert [(alarm.kind, alarm.is_fraud) for alarm in both.alarms] == [("entry", True), ("withheld", False)]


def test_a_service_without_room_is_accused_of_nothing(tmp_path: Path) -> None:
    """What is fetched while a batch is judged may be refused for now: the round ends, and no entry is named."""
    consortium = make_consortium()
    first = consortium.submit_key_entry(consortium.key_entry(A, end=[consortium.newest(A, Role.SIGN).kid])).index
    files = FilesTransport(publish(entries_of(consortium), consortium.files), {1: (0, consortium.charter_file)})

    class Busy:
        def send(self, request: Request, *, limit: int) -> Response:
            return BUSY if request.path == paths.entry(first) else files.send(request, limit=limit)

    with pytest.raises(BusyError):
        Watch(tmp_path, fingerprint=of_file(consortium.charter_file)).look(Service(Busy()), {}, now=0)
