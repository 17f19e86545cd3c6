"""Feeds for what the programs around the protocol read: files of a home, a service or a backup, and what people send."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from clients import agency, charters
from clients.witness.state import Reached
from clients.witnesskeys import WitnessKeys
from crypto.errors import CryptoError
from fuzz.parsers import Feed, as_text
from ledger.checkpoints import Checkpoint
from ledger.errors import LedgerError
from ledger.kinds import Role
from server import backup, evidence, lastrun, servicefile, tombstones
from server.console.place import parse_place
from server.errors import ConfigError, StartError
from server.highest import HighestSigned
from server.publishing import addresses
from tests.support.consortium import ORIGIN, URL, log_keys, make_agency, make_keys

REFUSALS = (CryptoError, LedgerError, ConfigError, StartError)


def in_file(name: str, read: Callable[[Path], object]) -> Feed:
    """Return a feed for what reads a private file of that name."""

    def feed(raw: bytes) -> object:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.touch(mode=0o600)
            path.write_bytes(raw)
            return read(path)

    return feed


def service_json() -> bytes:
    """Return what `sealtrace-server create` writes."""
    document = {"origin": ORIGIN, "url": URL, "log": log_keys().to_json()}
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def proof(raw: bytes) -> object:
    """Read a checkpoint that somebody brings to a restore."""
    return evidence.open_evidence(raw, source="x", origin=ORIGIN, keys=[log_keys().vkeys])


def enrolment() -> bytes:
    """Return an agency's request to be listed."""
    return agency.enrolment_of(make_agency("xaa-arms"))


SERVER: dict[str, tuple[Feed, bytes]] = {
    "server.backup.read_manifest": (
        in_file(backup.MANIFEST, lambda path: backup.read_manifest(path.parent)),
        b'{"created":1,"size":2}\n',
    ),
    "server.console.place.parse_place": (as_text(parse_place), b"https://console.ledger.example"),
    "server.highest.HighestSigned.read": (in_file("highest", lambda path: HighestSigned(path).read()), b""),
    "server.publishing.addresses.read_addresses": (
        in_file("witnesses.toml", addresses.read_addresses),
        b'lost = [2]\n[witness]\nxaa-arms = "https://witness.example"\n',
    ),
    "server.lastrun.read": (in_file("last", lastrun.read), b'{"at":1,"size":2,"broken":0}\n'),
    "server.servicefile.read_service_file": (in_file("service.json", servicefile.read_service_file), service_json()),
    "server.tombstones.read_names": (
        in_file("tombstones", tombstones.read_names),
        b"xaa-arms/AAAAAAAAAAAAAAAAAAAAAA\n",
    ),
    "server.evidence.open_evidence": (proof, b""),
}


def witness_keys() -> bytes:
    """Return the request of a witness."""
    keys = make_keys("xar-arms", roles=(Role.WITNESS,), start=8)
    return agency.witness_request(WitnessKeys(id="xar-arms", keys=keys))


def reached() -> bytes:
    """Return a line of a witness's second file."""
    return Reached(checkpoint=Checkpoint(origin=ORIGIN, size=7, root=bytes(32)), time=1).format().encode()


CLIENTS: dict[str, tuple[Feed, bytes]] = {
    "clients.agency.parse_enrolment": (agency.parse_enrolment, enrolment()),
    "clients.charters.parse_service": (charters.parse_service, service_json()),
    "clients.charters.read": (charters.read, b""),
    "clients.witnesskeys.parse_witness_keys": (agency.parse_enrolment, witness_keys()),
    "clients.witness.state.Reached.parse": (as_text(Reached.parse), reached()),
}
