"""The commands of a member of a witnessed log: what waits is said to wait, what is stale ends with 4, a person confirms."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from clients.cli.exits import Exit
from clients.keyring import Keyring
from clients.service import Service
from clients.session import Session, World, open_session
from clients.talk.sending import letter, write
from clients.trust import Trust
from ledger import fingerprints
from ledger.wire import paths
from ledger.witnesses import LogName
from server.app import service_of
from tests.e2e.test_witnessed_consortium import AGENCIES, Witnessed
from tests.support.commands import Result, run_in
from tests.support.lists import MAP, table
from tests.support.loopback import PHRASE, URL
from tests.support.talks import trace

ME = AGENCIES[0]


@dataclass
class Desk:
    """A witnessed consortium, and the command line of one of its members."""

    consortium: Witnessed
    folder: Path

    def world(self) -> World:
        """Return the clock of the test, chance, and no waiting."""
        clock = self.consortium.clock
        return World(clock=clock, token_bytes=secrets.token_bytes, sleep=lambda _seconds: None)

    def type(self, *words: str, home: bool = True) -> Result:
        """Type a command."""
        place = ("--home", str(self.consortium.homes[ME].path)) if home else ()
        return run_in((*words, *place), self, self.consortium.transport)

    def witness(self) -> None:
        """Let every witness come and cosign once."""
        for agency in AGENCIES:
            _, outbound = self.consortium.witness(agency)
            assert outbound.step(LogName.LOG), self.consortium.events.noted

    def submit(self, serial: str) -> Result:
        """Submit a list of one weapon."""
        (self.folder / "list.csv").write_bytes(table([{"make": "Colt", "serial": serial}]))
        (self.folder / "list.map.toml").write_text(MAP, encoding="utf-8")
        return self.type("submit", str(self.folder / "list.csv"), "--map", str(self.folder / "list.map.toml"))

    def session(self) -> Session:
        """Open the home."""
        home = self.consortium.homes[ME]
        keyring = Keyring.open(home.keystore, passphrase=PHRASE, allow_weak=True)
        return open_session(home, keyring, transport=self.consortium.transport, world=self.world())

    def published(self, size: int) -> None:
        """Wait until so much is shown."""
        service_of(self.consortium.app).publishing.wait(size - 1, 30)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Give a consortium whose first charter is logged, and which its witnesses have not seen yet."""
    found = Desk(Witnessed(tmp_path), tmp_path)
    (tmp_path / "charter").write_bytes(found.consortium.file)
    yield found
    service_of(found.consortium.app).close()


def joined(desk: Desk) -> None:
    """Log the charter, have it witnessed, and join."""
    sending = threading.Thread(target=Service(desk.consortium.transport).submit_charter, args=(desk.consortium.file,))
    sending.start()
    sending.join(timeout=60)
    desk.witness()
    desk.published(1)
    words = fingerprints.to_words(desk.consortium.fingerprint)
    done = desk.type("join", URL, "--charter", words)
    assert done.code == Exit.DONE, done.notes
    assert "witnessed by" in done.output
    assert "of 4 · just now" in done.output


def test_a_charter_that_waits_for_its_witnesses_says_so(desk: Desk) -> None:
    """Durable, and not yet shown: the receipt, `/readyz` and the command say since when, in the same words."""
    done = desk.type("charter", "submit", str(desk.folder / "charter"), home=False)
    ready = desk.consortium.app.test_client().get(paths.READYZ, base_url=URL).get_data(as_text=True)

    assert done.code == Exit.DONE
    assert "unwitnessed since 2027-01-15 08:00 UTC" in done.output
    assert "unwitnessed since 2027-01-15 08:00 UTC" in ready


def test_a_list_that_waits_for_the_witnesses_says_so_until_they_came(desk: Desk) -> None:
    """The submission ends well; what the log shows later is found by sending what waits, which is nothing."""
    joined(desk)
    waiting = desk.submit("AB12345")
    desk.witness()
    desk.published(3)
    later = desk.type("submit", "--resume")

    assert waiting.code == Exit.DONE, waiting.notes
    assert "pending      unwitnessed since" in waiting.output
    assert later.code == Exit.DONE, later.notes
    assert "pending" not in later.output
    assert desk.type("list").output.splitlines()[-1].startswith("0 of 0 records")


def test_a_log_that_stands_still_ends_every_reading_command_with_4(desk: Desk) -> None:
    """Half an hour after its witnesses last vouched for it, what was logged since may be missing: said, and told to scripts."""
    joined(desk)
    desk.submit("AB12345")
    desk.witness()
    desk.published(3)
    fresh = desk.type("sync")
    desk.consortium.clock.advance(1_801)
    stale = {words: desk.type(*words) for words in (("sync",), ("list",), ("audit",))}

    assert fresh.code == Exit.DONE, fresh.notes
    assert {words: done.code for words, done in stale.items()} == dict.fromkeys(stale, Exit.STALE)
    assert all("30 minutes" in done.notes for done in stale.values())
    assert "30 minutes ago" in stale["list",].output


def test_a_person_confirms_a_charter_by_its_words(desk: Desk) -> None:
    """By words or as text, and nothing but a fingerprint; what was confirmed is remembered by the home."""
    fingerprint = bytes(range(32))
    by_words = desk.type("charter", "confirm", fingerprints.to_words(fingerprint))
    as_text = desk.type("charter", "confirm", fingerprints.to_text(bytes(32)), "--json")
    refused = desk.type("charter", "confirm", "lusab-babad")

    assert (by_words.code, as_text.code, refused.code) == (Exit.DONE, Exit.DONE, Exit.REFUSED)
    assert f"✓ confirmed  {fingerprints.to_words(fingerprint)}" in by_words.output
    assert as_text.json == {"fingerprint": fingerprints.to_text(bytes(32))}
    assert Trust(desk.consortium.homes[ME].trusted).confirmed() == {fingerprint, bytes(32)}


def test_a_home_syncs_while_what_it_has_said_waits_for_the_witnesses(desk: Desk) -> None:
    """A message of its own is there before it is shown, and has no time until then: nothing to be refused for."""
    joined(desk)
    with closing(desk.session()) as session:
        write(session, [letter(trace(), to=AGENCIES[1], thread=bytes(16), re=None)])
    sent = desk.type("sync")
    waiting = desk.type("sync")
    desk.witness()
    desk.published(3)
    shown = desk.type("sync")

    assert [done.code for done in (sent, waiting, shown)] == [Exit.DONE] * 3, waiting.notes
