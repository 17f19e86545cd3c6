"""A log that signs a second history for one agency alone: its receipt is kept, convicts it, and nothing is lost."""

import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from clients.errors import TrustError
from clients.keyring import Keyring
from clients.service import Service
from clients.session import Session, World, join, open_session
from clients.submitting import resume
from clients.witness.outbound import Outbound, requester
from ledger.fraud import verify_fraud
from ledger.witnesses import LogName
from server.app import create_app, service_of
from server.backup import back_up
from server.config import Config
from server.keys import open_keys
from tests.e2e.test_witnessed_consortium import AGENCIES, Witnessed
from tests.support.lists import submit_rows
from tests.support.loopback import PHRASE, URL, LoopbackTransport

SHOWN, OTHER = AGENCIES[:2]
ROWS = [{"make": "Colt", "serial": "FORKED1"}]


class Split:
    """A witnessed log, and a second service on a backup of it, with the same keys."""

    def __init__(self, folder: Path) -> None:
        """Found the log, have every member join, let each log a record, and make the second service."""
        self.honest = Witnessed(folder)
        self.ended = threading.Event()
        self.second: Flask | None = None
        self._sessions: list[Session] = []
        submitting = threading.Thread(target=Service(self.honest.transport).submit_charter, args=(self.honest.file,))
        submitting.start()
        submitting.join(timeout=60)
        self.witnesses = {agency: self.honest.witness(agency)[0] for agency in AGENCIES}
        self.threads = [
            threading.Thread(target=self._outbound(agency, self.honest.app).run, kwargs={"until": self.ended})
            for agency in AGENCIES
        ]
        for thread in self.threads:
            thread.start()
        service_of(self.honest.app).publishing.wait(0, 30)
        for home in self.honest.homes.values():
            join(home, url=URL, transport=self.honest.transport, fingerprint=self.honest.fingerprint)
        for agency in (SHOWN, OTHER):
            submit_rows(self.session(agency), [{"make": "Colt", "serial": f"FIRST {agency}"}])
        self._fork(folder / "second")

    def _fork(self, folder: Path) -> None:
        config = Config(data=folder.parent / "service", fingerprint=self.honest.fingerprint)
        back_up(config, output=folder, now=1)
        keys = open_keys(config.keystore, passphrase=PHRASE, allow_weak=True)
        second = replace(config, data=folder, witness_wait_seconds=0.05)
        self.second = create_app(second, keys=keys, clock=self.honest.clock)
        for agency in AGENCIES:
            # It still stands where they saw it last: so they are heard, and it may sign.
            outbound = self._outbound(agency, self.second)
            assert outbound.step(LogName.LOG), self.honest.events.noted
            # Of the access log, which is empty, nothing comes up: it is by asking that they say they know of nothing.
            threading.Thread(target=outbound.step, args=(LogName.ACCESS,), daemon=True).start()
        until = time.monotonic() + 30
        while service_of(self.second).publishing.not_compared() is not None and time.monotonic() < until:
            time.sleep(0.02)

    def _outbound(self, agency: str, app: Flask) -> Outbound:
        working = Keyring.open(self.honest.homes[agency].keystore, passphrase=PHRASE, allow_weak=True)
        signer = requester(working, url=URL, clock=self.honest.clock)
        return Outbound(self.witnesses[agency], Service(LoopbackTransport(app), signer=signer))

    def session(self, agency: str, *, led_to: Flask | None = None) -> Session:
        """Return a session of an agency; `led_to` is the service that its requests end up at."""
        home = self.honest.homes[agency]
        keyring = Keyring.open(home.keystore, passphrase=PHRASE, allow_weak=True)
        world = World(clock=self.honest.clock, token_bytes=secrets.token_bytes, sleep=lambda _seconds: None)
        transport = LoopbackTransport(led_to or self.honest.app)
        found = open_session(home, keyring, transport=transport, world=world)
        self._sessions.append(found)
        return found

    def close(self) -> None:
        """End every thread and close every file."""
        self.ended.set()
        for session in self._sessions:
            session.close()
        for app in (self.honest.app, self.second):
            if app is not None:
                service_of(app).close()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def split(tmp_path: Path) -> Iterator[Split]:
    """Four witnessing agencies, and two services that are one log."""
    found = Split(tmp_path)
    yield found
    found.close()


def test_attack_split_view_to_one_agency_that_submits(split: Split) -> None:
    """Its receipt is the fork: once the published log has grown past it, it convicts, and the batch is logged anew."""
    shown = submit_rows(split.session(SHOWN, led_to=split.second), ROWS)
    submit_rows(split.session(OTHER), [{"make": "Colt", "serial": "EVERYBODY"}])
    home = split.honest.homes[SHOWN]

    assert [one.since is not None for one in shown.batches] == [True]
    with pytest.raises(TrustError, match="shown another history"):
        resume(split.session(SHOWN))
    (proof,) = home.trusted.glob("fraud-*.json")
    assert verify_fraud(proof.read_bytes(), charters=[split.honest.file]).kind == "fork"

    again = resume(split.session(SHOWN))
    assert [one.seq for one in again.batches] == [one.seq for one in shown.batches]
    service_of(split.honest.app).publishing.wait(again.batches[0].index, 30)
    session = split.session(SHOWN)
    assert resume(session).batches == ()
    assert session.outbox.promises() == ()
    assert len(submit_rows(session, ROWS).unchanged) == 1


def test_what_witnesses_never_saw_is_kept_until_the_log_shows_it(split: Split) -> None:
    """A promise outlives sessions; while the log everybody sees is short of it, nothing is sent twice."""
    shown = submit_rows(split.session(SHOWN, led_to=split.second), ROWS)
    session = split.session(SHOWN)

    assert resume(session).batches == ()
    (promise,) = session.outbox.promises()
    assert (promise.seq, promise.index) == (shown.batches[0].seq, shown.batches[0].index)
