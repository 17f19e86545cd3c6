"""Steps in the life of a membership, on a walk of three agencies."""

from dataclasses import replace
from pathlib import Path

from clients import charters
from clients.errors import UnreachableError
from clients.keyring import Keyring
from clients.service import Service
from clients.session import Session
from clients.syncing import Sync, SyncReport
from clients.transport import Request, Response, Transport
from ledger.identifiers import StatementName
from server.keys import open_keys
from server.rotation import prepare_successor
from tests.support.lists import submit_rows
from tests.support.loopback import PHRASE, Walk, found_consortium

OWNER, PARTNER, THIRD = "xar-arms", "xbe-cib", "xco-npa"
MEMBERS = (OWNER, PARTNER, THIRD)


def found_members(folder: Path) -> Walk:
    """Return three agencies around a real service with one record in it, closed: a template to copy."""
    walk = found_consortium(folder, *MEMBERS)
    submit(walk, "LIFE1")
    walk.close()
    return walk


def root(walk: Walk, agency: str) -> Keyring:
    """Return an agency's root keys."""
    return Keyring.open(walk.homes[agency].root_keystore, passphrase=PHRASE, allow_weak=True)


def quiet(_done: int, _total: int) -> None:
    """Tell nobody how far it is."""


def sync(walk: Walk, agency: str, *, full: bool = False) -> SyncReport:
    """Sync an agency's home."""
    run = Sync(walk.session(agency), progress=quiet)
    return run.in_full() if full else run.by_feed()


def submit(walk: Walk, serial: str) -> None:
    """Log one more record of the owner."""
    assert submit_rows(walk.session(OWNER), [{"make": "Colt", "serial": serial}]).records == 1


def pass_charter(walk: Walk, proposal: bytes, previous: bytes, *keyrings: Keyring) -> bytes:
    """Sign a proposal with every root of today and more keyrings, log it, return the file."""
    file = charters.sign(proposal, *keyrings, previous=previous) if keyrings else proposal
    for agency in MEMBERS:
        if walk.homes[agency].root_keystore.exists():
            file = charters.sign(file, root(walk, agency), previous=previous)
    charters.submit(Service(walk.transport), file)
    return file


def prepare_log_keys(walk: Walk) -> bytes:
    """Give the service a second generation, and return the proposal that names it."""
    walk.close()
    raw = prepare_successor(walk.config, passphrase=PHRASE, allow_weak=True)
    walk.keys = open_keys(walk.config.keystore, passphrase=PHRASE, allow_weak=True)
    walk.start()
    return charters.propose_next(walk.charter_file, [], charters.Terms(), service=charters.parse_service(raw))


class Flaky:
    """A network that loses one answer, or one request, to a path."""

    def __init__(self, inner: Transport, path: str, *, delivered: bool) -> None:
        """Take the real one, and what is to be lost."""
        self._inner = inner
        self._path = path
        self._delivered = delivered

    def send(self, request: Request, *, limit: int) -> Response:
        """Lose what is to be lost."""
        if request.path == self._path and request.method == "POST":
            if self._delivered:
                self._inner.send(request, limit=limit)
            raise UnreachableError("the line is dead")
        return self._inner.send(request, limit=limit)


def over(session: Session, transport: Transport) -> Session:
    """Return the session over another network; key entries carry no request signature."""
    signer = session.service._signer
    return replace(session, service=Service(transport, signer=signer))


def next_name(walk: Walk) -> StatementName:
    """Return the name of the owner's first record."""
    session = walk.session(OWNER)
    Sync(session, progress=quiet).by_feed()
    return next(session.replica.records()).name
