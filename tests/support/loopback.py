"""The real service in the same process, and a consortium of real homes around it: no socket, no stand-in."""

import secrets
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from flask import Flask

from clients import charters
from clients.agency import Identity, Passphrase, create_agency, create_auditor, parse_enrolment
from clients.home import Home, HomeConfig
from clients.keyring import Keyring
from clients.service import Service
from clients.session import Session, World, join, open_session
from clients.transport import Request, Response
from crypto.keystore import Cost
from ledger import fingerprints
from ledger.agencies import Contact
from ledger.labels import Level
from ledger.terms import Limits
from server.app import create_app, service_of
from server.config import Config
from server.highest import HighestSigned
from server.keys import ServiceKeys, create_keys, service_json
from tests.support.fakes import FixedClock

ORIGIN = "ledger.test/weapons"
URL = "https://ledger.test"
WEAK = Cost(memory_kib=8, passes=1, lanes=1)
PHRASE = b"correct horse battery staple"


class LoopbackTransport:
    """Hands requests to the app itself; keeps what went over it for those who look for leaks."""

    def __init__(self, app: Flask) -> None:
        """Take the app."""
        self._client = app.test_client()
        self.requests: list[Request] = []
        self.responses: list[Response] = []

    def send(self, request: Request, *, limit: int) -> Response:
        """Return the app's answer."""
        self.requests.append(request)
        answer = self._client.open(
            request.target, method=request.method, data=request.body, headers=list(request.headers), base_url=URL
        )
        body = answer.get_data()
        assert len(body) <= limit
        response = Response(
            status=answer.status_code,
            content_type=answer.headers.get("Content-Type", ""),
            body=body,
            retry_after_seconds=int(answer.headers.get("Retry-After", "1")),
        )
        self.responses.append(response)
        return response


@dataclass
class Walk:
    """A service with charter 1 logged, and the homes of its members; close it at the end."""

    folder: Path
    config: Config
    keys: ServiceKeys
    clock: FixedClock
    fingerprint: bytes
    charter_file: bytes
    homes: dict[str, Home]
    app: Flask = field(init=False)
    transport: LoopbackTransport = field(init=False)
    _open: list[Session] = field(default_factory=list)

    def start(self) -> None:
        """Open the service over whatever its folder holds."""
        self.app = create_app(self.config, keys=self.keys, clock=self.clock)
        self.transport = LoopbackTransport(self.app)

    def world(self) -> World:
        """Return the clock, chance and no waiting."""
        return World(clock=self.clock, token_bytes=secrets.token_bytes, sleep=lambda _seconds: None)

    def keyring(self, agency: str) -> Keyring:
        """Return an agency's working keys."""
        return Keyring.open(self.homes[agency].keystore, passphrase=PHRASE, allow_weak=True)

    def session(self, agency: str) -> Session:
        """Return a session of an agency that has joined."""
        found = open_session(self.homes[agency], self.keyring(agency), transport=self.transport, world=self.world())
        self._open.append(found)
        return found

    def copy_to(self, folder: Path) -> "Walk":
        """Return a closed walk's copy in `folder`, open: founding one takes ten times as long."""
        shutil.copytree(self.folder, folder)
        copied = Walk(
            folder=folder,
            config=replace(self.config, data=folder / self.config.data.name),
            keys=self.keys,
            clock=FixedClock(self.clock.now),
            fingerprint=self.fingerprint,
            charter_file=self.charter_file,
            homes={name: Home(folder / home.path.name) for name, home in self.homes.items()},
        )
        copied.start()
        return copied

    def close(self) -> None:
        """Close every session and the service."""
        for session in self._open:
            session.close()
        service_of(self.app).close()


def found_consortium(
    folder: Path,
    *agencies: str,
    auditor: str | None = None,
    ceiling: Level = Level.SECRET,
    entries: str = "open",
    url: str = URL,
) -> Walk:
    """Return a walk whose agencies made their keys, signed the charter, logged it and joined.

    `url` is the service's address, which every request signs: its own only where other programs are to reach it.
    """
    data = folder / "service"
    data.mkdir(mode=0o700)
    draft = Config(data=data, fingerprint=b"")
    keys = create_keys(draft.keystore, passphrase=PHRASE, cost=WEAK)
    draft.service.write_bytes(service_json(keys, origin=ORIGIN, url=url))
    HighestSigned(draft.highest).begin(keys, origin=ORIGIN)
    homes, requests = _enrol(folder, agencies, auditor, ceiling)
    terms = charters.Terms(limits=Limits(entries="open" if entries == "open" else "members"))
    file = charters.propose_charter(
        charters.parse_service(draft.service.read_bytes()), [parse_enrolment(raw) for raw in requests], terms
    )
    for agency in agencies:
        root = Keyring.open(homes[agency].root_keystore, passphrase=PHRASE, allow_weak=True)
        file = charters.sign(file, root)
    fingerprint = fingerprints.of_file(file)
    walk = Walk(
        folder=folder,
        config=Config(data=data, fingerprint=fingerprint),
        keys=keys,
        clock=FixedClock(),
        fingerprint=fingerprint,
        charter_file=file,
        homes=homes,
    )
    walk.start()
    charters.submit(Service(walk.transport), file)
    for home in homes.values():
        join(home, url=url, transport=walk.transport, fingerprint=fingerprint)
    return walk


def _enrol(
    folder: Path, agencies: tuple[str, ...], auditor: str | None, ceiling: Level
) -> tuple[dict[str, Home], list[bytes]]:
    homes: dict[str, Home] = {}
    requests: list[bytes] = []
    for agency in agencies:
        identity = Identity(
            id=agency,
            name=f"Office of {agency}",
            country=agency[:3].upper(),
            contact=Contact(name="Duty desk", hours="24/7", languages=("en",)),
            ceiling=ceiling,
        )
        phrases = Passphrase(working=PHRASE, root=PHRASE)
        home, request = create_agency(str(folder / agency), {}, identity, passphrases=phrases, cost=WEAK)
        homes[agency] = home
        requests.append(request)
    if auditor is not None:
        config = HomeConfig(id=auditor, name="Auditor", country="XAU")
        home, request = create_auditor(str(folder / auditor), {}, config, passphrase=PHRASE, cost=WEAK)
        homes[auditor] = home
        requests.append(request)
    return homes, requests
