"""A consortium that starts witnessed: the service and its witnesses, with nothing between them but the wire."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients import charters
from clients.agency import Identity, Passphrase, create_agency, parse_enrolment
from clients.home import Home
from clients.keyring import Keyring
from clients.service import Service
from clients.witness.opening import OpenWitness, Watch, open_witness, place_of
from clients.witness.outbound import Outbound, requester
from ledger import fingerprints
from ledger.agencies import Contact
from ledger.witnesses import LogName, open_published
from server.app import create_app, service_of
from server.config import Config
from server.highest import HighestSigned
from server.keys import create_keys, service_json
from tests.support.fakes import FixedClock
from tests.support.loopback import ORIGIN, PHRASE, URL, WEAK, LoopbackTransport
from tests.support.witnesses import Events

AGENCIES = ("xar-arms", "xbe-cib", "xco-npa", "xde-fed")


class Witnessed:
    """Four agencies that all witness, outbound, and their service."""

    def __init__(self, folder: Path) -> None:
        """Found it: keys, charter 1 with its witnesses, a service that publishes nothing without them."""
        data = folder / "service"
        data.mkdir(mode=0o700)
        draft = Config(data=data, fingerprint=b"")
        keys = create_keys(draft.keystore, passphrase=PHRASE, cost=WEAK)
        draft.service.write_bytes(service_json(keys, origin=ORIGIN, url=URL))
        HighestSigned(draft.highest).begin(keys, origin=ORIGIN)
        self.homes: dict[str, Home] = {}
        self.clock, self.events = FixedClock(), Events()
        requests = [self._create(folder, agency) for agency in AGENCIES]
        terms = charters.Terms(witnesses=AGENCIES)
        file = charters.propose_charter(charters.parse_service(draft.service.read_bytes()), requests, terms)
        for home in self.homes.values():
            file = charters.sign(file, Keyring.open(home.root_keystore, passphrase=PHRASE, allow_weak=True))
        self.file, self.fingerprint = file, fingerprints.of_file(file)
        config = Config(data=data, fingerprint=self.fingerprint, witness_wait_seconds=0.2)
        self.app = create_app(config, keys=keys, clock=self.clock)
        self.transport = LoopbackTransport(self.app)

    def _create(self, folder: Path, agency: str) -> charters.Enrolment:
        identity = Identity(
            id=agency,
            name=agency,
            country=agency[:3].upper(),
            contact=Contact(name="Desk", hours="24/7", languages=("en",)),
            witness=True,
        )
        phrases = Passphrase(working=PHRASE, root=PHRASE)
        self.homes[agency], request = create_agency(str(folder / agency), {}, identity, passphrases=phrases, cost=WEAK)
        return parse_enrolment(request)

    def witness(self, agency: str) -> tuple[OpenWitness, Outbound]:
        """Open an agency's witness, outbound."""
        home = self.homes[agency]
        keyring = Keyring.open(home.witness_keystore, passphrase=PHRASE, allow_weak=True)
        place = place_of(home, keyring, url=URL, fingerprint=self.fingerprint, highest=None)
        transport = LoopbackTransport(self.app)
        watch = Watch(clock=self.clock, sleep=lambda _seconds: None, log=self.events)
        witness = open_witness(place, transport, watch)
        working = Keyring.open(home.keystore, passphrase=PHRASE, allow_weak=True)
        return witness, Outbound(witness, Service(transport, signer=requester(working, url=URL, clock=self.clock)))

    def published(self) -> bytes | None:
        """Return what the service publishes."""
        answer = self.app.test_client().get("/checkpoint", base_url=URL)
        return answer.get_data() if answer.status_code == 200 else None


@pytest.fixture
def consortium(tmp_path: Path) -> Iterator[Witnessed]:
    """Four witnessing agencies; closed at the end."""
    found = Witnessed(tmp_path)
    yield found
    service_of(found.app).close()


def test_a_charter_is_published_once_its_witnesses_have_cosigned(consortium: Witnessed) -> None:
    """Nothing at two of four; at three it is published, with an entry time from all who count."""
    submitting = threading.Thread(target=Service(consortium.transport).submit_charter, args=(consortium.file,))
    submitting.start()
    submitting.join(timeout=60)
    charter = charters.read(consortium.file)
    for agency in AGENCIES[:3]:
        assert consortium.published() is None
        witness, outbound = consortium.witness(agency)
        assert witness.cosigner.given.keys
        assert outbound.step(LogName.LOG), consortium.events.noted
    until = time.monotonic() + 30
    while consortium.published() is None and time.monotonic() < until:
        time.sleep(0.02)  # the publisher is a thread of the service
    found = open_published(consortium.published() or b"", charter=charter)

    assert (charter.witness.k, charter.witness.f) == (3, 1)
    assert found.checkpoint.size == 1
    assert found.times == dict.fromkeys(AGENCIES[:3], consortium.clock.now)
