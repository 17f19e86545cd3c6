"""The record of use: kept before the answer leaves, proved to the agency's auditor, and no entry can be taken from it."""

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, update

from clients.desk.database import open_desk
from clients.desk.use.entries import Entry, about_and_names, of_many, parse_entry
from clients.desk.use.exports import Export, parse_export, verify_export
from clients.desk.use.record import _ENTRY, _HEAD, USE, UseRecord, open_record
from clients.errors import HomeError, TrustError
from clients.home import Home, HomeConfig
from clients.keyring import Keyring, create_keystore
from crypto.errors import CryptoError
from crypto.signing import Algorithm, SeedSigner
from ledger.checkpoints import vkey
from ledger.errors import LedgerError, MalformedError, ProofError
from ledger.treestate import TreeState
from tests.support.fakes import FixedClock
from tests.support.keystores import DATABASE_KEY, PASSPHRASE, WEAK

SAID = [("Ana", "opened", f"xar-arms/{number}") for number in range(7)]


class Place:
    """A home with a desk's database, opened and closed as a desk does at its start and end."""

    def __init__(self, folder: Path) -> None:
        """Make the home."""
        folder.mkdir(mode=0o700, exist_ok=True)
        self.home = Home(folder)
        self.home.save(HomeConfig(id="xar-arms", name="Arms", country="XAR"))
        create_keystore(self.home.keystore, passphrase=PASSPHRASE, keys=[], cost=WEAK)
        self.clock = FixedClock()
        self.engines: list[Engine] = []

    def open(self) -> UseRecord:
        """Return the record as a desk that starts opens it."""
        self.close()
        keyring = Keyring.open(self.home.keystore, passphrase=PASSPHRASE, allow_weak=True)
        self.engines.append(open_desk(self.home, USE, key=DATABASE_KEY))
        return open_record(self.home, keyring, self.engines[-1], clock=self.clock)

    def filled(self) -> UseRecord:
        """Return a record with some entries."""
        record = self.open()
        for one in SAID:
            record.note(*one)
        return record

    def close(self) -> None:
        """Close the database."""
        while self.engines:
            self.engines.pop().dispose()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Give a home."""
    found = Place(tmp_path / "home")
    yield found
    found.close()


def test_what_was_done_is_kept_in_its_order(place: Place) -> None:
    """Over a restart, with its time and a number of its own."""
    assert [place.open().note(*SAID[0]), place.open().note(*SAID[1])] == [0, 1]
    place.clock.now += 60
    record = place.open()
    record.note("Ben", "exported", "copy")

    assert [(one.number, one.entry.who, one.entry.of) for one in record.entries(limit=2)] == [
        (2, "Ben", "copy"),
        (1, "Ana", "xar-arms/1"),
    ]
    assert [one.number for one in record.entries(before=2, limit=9)] == [1, 0]
    assert record.entries(limit=1)[0].entry.at == place.clock.now
    assert record.check().size == 3


def test_several_things_are_kept_in_one_step(place: Place) -> None:
    """An entry each, in order, under one checkpoint; the number is that of the first."""
    record = place.open()
    record.note("Ana", "signed in", "with a passkey")

    assert record.note("Ana", "opened", "xar-arms/1", "xar-arms/2") == 1
    assert [one.entry.of for one in record.entries(limit=2)] == ["xar-arms/2", "xar-arms/1"]
    assert place.open().check().size == 3


def test_what_is_done_together_is_kept_or_not_at_all(place: Place) -> None:
    """An error after the entry was written takes the entry and the act back, and the file that remembers stays as it was."""
    record = place.open()
    remembered = place.home.use.read_bytes()
    with pytest.raises(LookupError):
        _do(record, error=LookupError())

    assert (record.head().size, place.home.use.read_bytes()) == (0, remembered)
    _do(record)
    assert place.open().check().size == 1


def _do(record: UseRecord, *, error: Exception | None = None) -> None:
    """Do something that is noted; raise the error that comes after it."""
    with record.together() as act:
        act.connection.exec_driver_sql("CREATE TABLE done (it)")
        act.note("Ana", "did", "it")
        if error is not None:
            raise error


def test_an_act_that_notes_nothing_leaves_the_record_as_it_was(place: Place) -> None:
    """No entry, no other checkpoint."""
    record = place.filled()
    remembered = place.home.use.read_bytes()
    with record.together():
        pass

    assert (record.check().size, place.home.use.read_bytes()) == (7, remembered)


def test_an_export_proves_every_entry_to_whoever_has_the_key(place: Place) -> None:
    """Offline, from the file alone; without a key of one's own the answer says so."""
    record = place.filled()
    raw = record.export().format()

    assert [(one.who, one.did, one.of) for one in verify_export(raw, key=record.key).entries] == SAID
    assert verify_export(raw, key=record.key).anchored
    assert not verify_export(raw).anchored


def test_a_later_export_contains_an_earlier_one(place: Place) -> None:
    """Held against an earlier file, or against the checkpoint of one alone."""
    record = place.filled()
    earlier = record.export()
    record.note("Ben", "signed out", "this browser")
    later = record.export().format()

    for since in (earlier.format(), earlier.checkpoint):
        assert verify_export(later, key=record.key, since=since).checkpoint.size == 8


def test_an_empty_record_is_a_record(place: Place) -> None:
    """Nothing was done yet, and that is signed."""
    record = place.open()

    assert verify_export(record.export().format(), key=record.key).entries == ()


def forged(export: Export, entries: tuple[bytes, ...]) -> bytes:
    """Return an export with other entries under the same checkpoint."""
    return replace(export, entries=entries).format()


@pytest.mark.parametrize("at", range(len(SAID)))
def test_attack_an_entry_removed_from_an_export(place: Place, at: int) -> None:
    """Any of them, the last one too."""
    export = place.filled().export()
    with pytest.raises(ProofError, match="6 entries that are not the 7"):
        verify_export(forged(export, (*export.entries[:at], *export.entries[at + 1 :])))


def test_attack_an_entry_altered_in_an_export(place: Place) -> None:
    """One letter of a name."""
    export = place.filled().export()
    with pytest.raises(ProofError):
        verify_export(forged(export, (export.entries[0].replace(b"Ana", b"Bea"), *export.entries[1:])))


def test_attack_entries_reordered_in_an_export(place: Place) -> None:
    """Who was first is part of what was done."""
    export = place.filled().export()
    with pytest.raises(ProofError):
        verify_export(forged(export, (export.entries[1], export.entries[0], *export.entries[2:])))


def test_attack_an_export_signed_by_another_key(place: Place) -> None:
    """Whoever signs anew is noticed by an auditor who keeps the desk's key."""
    record = place.filled()
    other = SeedSigner(Algorithm.ED25519, bytes(32))
    stranger = UseRecord(
        place.engines[-1], remembered=place.home.use, signer=other, agency="xar-arms", clock=place.clock
    )
    resigned = replace(record.export(), key=vkey("xar-arms/use", other.public_key))
    with pytest.raises(ProofError, match="another key"):
        verify_export(resigned.format(), key=record.key)
    with pytest.raises((LedgerError, CryptoError)):
        verify_export(resigned.format())
    with pytest.raises((LedgerError, CryptoError)):
        verify_export(record.export().format(), since=stranger._signed(TreeState.empty()))


def test_attack_two_exports_forked(tmp_path: Path) -> None:
    """A copy of the home that went on by itself shows another history: two exports never pass for one record."""
    one = Place(tmp_path / "one")
    one.filled()
    one.close()
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    two = Place.__new__(Place)
    two.home, two.clock, two.engines = Home(tmp_path / "two"), one.clock, []
    left, right = one.open(), two.open()
    left.note("Ana", "opened", "left")
    right.note("Ana", "opened", "right")
    right.note("Ana", "opened", "more")
    with pytest.raises(ProofError, match="forked record: its first 8 entries"):
        verify_export(right.export().format(), key=right.key, since=left.export().format())
    one.close()
    two.close()


def test_attack_an_older_export_for_a_newer(place: Place) -> None:
    """What was seen before cannot be unseen."""
    record = place.filled()
    old = record.export().format()
    record.note("Ben", "exported", "all of it")
    with pytest.raises(ProofError, match="older export: 8 entries were seen before, here are 7"):
        verify_export(old, since=record.export().checkpoint)


def test_attack_the_database_rolled_back(place: Place) -> None:
    """A desk.sqlite of yesterday is behind what the home remembers: the desk does not start."""
    place.filled()
    place.close()
    yesterday = place.home.desk.read_bytes()
    record = place.open()
    record.note("Eve", "exported", "everything")
    place.close()
    place.home.desk.write_bytes(yesterday)
    with pytest.raises(TrustError, match="7 entries and does not begin with the 8") as caught:
        place.open()

    assert "auditor" in caught.value.next_step


def test_attack_the_database_thrown_away(place: Place) -> None:
    """An empty one is no new beginning."""
    place.filled()
    place.close()
    place.home.desk.unlink()
    with pytest.raises(TrustError, match="0 entries and does not begin with the 7"):
        place.open()


def test_attack_what_is_remembered_thrown_away(place: Place) -> None:
    """Without it nobody could tell; so without it nothing starts."""
    place.filled()
    place.home.use.unlink()
    with pytest.raises(TrustError, match="use-checkpoint of the home is missing"):
        place.open()


@pytest.mark.parametrize("change", ["remove", "alter", "tail", "head"])
def test_attack_entries_changed_in_the_database(place: Place, change: str) -> None:
    """By whoever has the home's key, too: the next start says so, and so does the next entry of a changed head."""
    place.filled()
    statements = {
        "remove": delete(_ENTRY).where(_ENTRY.c.number == 3),
        "alter": update(_ENTRY).where(_ENTRY.c.number == 3).values(raw=Entry(at=1, who="x", did="y", of="z").format()),
        "tail": delete(_ENTRY).where(_ENTRY.c.number == 6),
        "head": delete(_HEAD),
    }
    with place.engines[-1].begin() as connection:
        connection.execute(statements[change])
    with pytest.raises(TrustError):
        place.open()


def test_a_crash_between_the_database_and_the_file_is_no_attack(place: Place) -> None:
    """The file is one behind then: the record begins with what it says, and goes on."""
    record = place.filled()
    before = place.home.use.read_bytes()
    record.note("Ana", "opened", "the last one")
    place.home.use.write_bytes(before)

    assert place.open().check().size == 8


def test_a_lost_key_is_not_drawn_anew_over_entries(place: Place) -> None:
    """An auditor would see a new record where there was one."""
    place.filled()
    place.close()
    place.home.keystore.unlink()
    create_keystore(place.home.keystore, passphrase=PASSPHRASE, keys=[], cost=WEAK)
    with pytest.raises(HomeError, match="no key for it") as caught:
        place.open()

    assert "backup" in caught.value.next_step


def test_what_cannot_be_written_is_not_done(place: Place) -> None:
    """The error reaches whoever asked, so that no page leaves without its entry."""
    record = place.filled()
    with place.engines[-1].begin() as connection:
        connection.exec_driver_sql("DROP TABLE use_entry")
    with pytest.raises(HomeError, match="cannot be written, so nothing is shown"):
        record.note("Ana", "opened", "x")


def test_an_entry_beyond_its_size_is_refused(place: Place) -> None:
    """Before anything is written."""
    record = place.filled()
    with pytest.raises(MalformedError):
        record.note("Ana", "opened", "x" * 5_000)

    assert record.check().size == 7


def test_several_threads_write_one_record(place: Place) -> None:
    """Each entry has one number, none is lost, and the last file is the newest."""
    record = place.open()
    numbers: list[int] = []
    threads = [
        threading.Thread(target=lambda: numbers.extend(record.note(*SAID[0]) for _ in range(10))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(numbers) == list(range(40))
    assert place.open().check().size == 40


@given(st.integers(min_value=0, max_value=2**40), st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_an_entry_is_read_as_it_was_written(at: int, who: str, did: str, of: str) -> None:
    """In its one spelling."""
    try:
        raw = Entry(at=at, who=who, did=did, of=of).format()
    except LedgerError:
        return

    assert parse_entry(raw) == Entry(at=at, who=who, did=did, of=of)


@given(st.binary(max_size=200))
def test_no_bytes_get_an_error_of_others_out_of_the_parsers(raw: bytes) -> None:
    """What an auditor is given may be anything."""
    for read in (parse_entry, parse_export, verify_export):
        with pytest.raises(LedgerError):
            read(raw)


@pytest.mark.parametrize("name", ["typ", "key", "checkpoint", "entries"])
def test_an_export_without_one_of_its_members_is_none(place: Place, name: str) -> None:
    """Nothing is filled in."""
    value = json.loads(place.filled().export().format())
    del value[name]
    with pytest.raises(LedgerError):
        verify_export(json.dumps(value, separators=(",", ":")).encode())


def test_an_entry_in_a_second_spelling_is_refused() -> None:
    """Two readings of one entry would be two records."""
    with pytest.raises(LedgerError):
        parse_entry(b'{"who":"a","at":1,"did":"b","of":"c"}')


@given(st.lists(st.from_regex(r"x[a-z]{2}-[a-z]{3}/[A-Za-z0-9_-]{22}", fullmatch=True), max_size=100))
def test_what_was_listed_is_told_apart_again(names: list[str]) -> None:
    """Every name of every entry comes back from it, and what it is about is neither of them."""
    told = [about_and_names(text) for text in of_many("trace of some records", names)]

    assert [name for _about, found in told for name in found] == names
    assert told[0][0].startswith("trace of some records, list ")
    assert all(about.endswith("goes on") for about, _found in told[1:])


@pytest.mark.parametrize("text", ["", "xar-arms/x", "inquiry 1: 3 questions, lookup", "a copy for TRACE of: a b c d"])
def test_other_words_are_not_taken_for_names(text: str) -> None:
    """What is no list stays one text."""
    assert about_and_names(text) == (text, ())
