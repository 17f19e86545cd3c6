"""The service whose log a command reads: as a stranger, or as a member who signs what it asks."""

from clients.cli.edge import Edge
from clients.home import Home
from clients.requestsigning import RequestSigner
from clients.service import Service
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
