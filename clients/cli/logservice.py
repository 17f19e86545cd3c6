"""The service whose log a command reads: as a stranger, or as a member who signs what it asks."""

from dataclasses import dataclass

from clients.cli.edge import Edge
from clients.home import Home
from clients.requestsigning import RequestSigner
from clients.service import Service
from clients.trust import Trust
from ledger import fingerprints
from ledger.kinds import Role
from ledger.wire.requests import authority


def stranger(edge: Edge, url: str) -> Service:
    """Return a service that is asked for what is open to all."""
    return Service(edge.connect(url))


def member(edge: Edge, place: Home, url: str | None) -> Service:
    """Return the home's service, or the one at `url`, with the home's `http` key: entries may be open to members only."""
    address = url or place.joined().url
    key = edge.keyring(place).signer(Role.HTTP)
    signer = RequestSigner(
        signer=key.signer,
        kid=key.kid,
        authority=authority(address),
        clock=edge.world.clock,
        token_bytes=edge.world.token_bytes,
    )
    return Service(edge.connect(address), signer=signer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A log that is followed: where it is asked for, its pin, and the charters that a person has confirmed since."""

    service: Service
    fingerprint: bytes
    confirmed: tuple[bytes, ...] = ()


def followed(edge: Edge, *, url: str | None, charter: str | None, home: str | None) -> Followed:
    """Return the log that a command is told, by address and fingerprint; else the home's, where one of them is missing."""
    if url is not None and charter is not None:
        return Followed(service=stranger(edge, url), fingerprint=fingerprints.parse(charter))
    place = edge.home(home)
    trust = Trust(place.trusted)
    return Followed(
        service=member(edge, place, url),
        fingerprint=fingerprints.parse(charter) if charter else trust.anchor(),
        confirmed=tuple(trust.confirmed()),
    )
