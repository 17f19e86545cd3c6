"""`witnesses.toml`: where witnesses are reached, in the same form for the operator and for whoever watches them.

No charter holds an address: machines move more often than members agree. An agency that stands here without one, or
not at all, comes for its checkpoints itself (`sealtrace witness serve --outbound`).
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ledger.errors import LedgerError, MalformedError
from ledger.identifiers import agency_id

_MOST_BYTES = 65_536
_MOST_PORT = 65_535
_LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
# No user, query or fragment: they have no place here, and hide what comes after them (RFC 3986, 3).
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?:/[A-Za-z0-9._~!$&'()*+,;=:%-]*)*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The address of each witness that accepts connections, and the charters whose old quorum is lost for good.

    `lost` is the operator's word that it may stop asking for the quorum of the charter before: every client then stops
    until a person has confirmed the new charter.
    """

    urls: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    lost: frozenset[int] = frozenset()


def parse_addresses(raw: bytes) -> Addresses:
    """Return what a file says; raise MalformedError for anything else than docs/operations.md writes."""
    try:
        return _parse(raw)
    except (ValueError, TypeError, RecursionError, LedgerError) as error:
        raise MalformedError(
            "not what a list of witnesses looks like: a table [witness] with lines like "
            '`xar-arms = "https://witness.example"`, and lost = [] before it'
        ) from error


def witness_address(url: object) -> str:
    """Return an address without a slash at its end: https, or http to this machine alone; a path is allowed.

    Raises MalformedError.
    """
    found = _ADDRESS.fullmatch(url) if isinstance(url, str) else None
    if found is None or int(found["port"] or 1) > _MOST_PORT:
        raise MalformedError("the address of a witness is https://, a host, and perhaps a port and a path")
    if found["scheme"] == "http" and found["host"] not in _LOOPBACK:
        raise MalformedError("a witness is reached by https, or by http on this machine alone")
    return found[0].rstrip("/")


def _parse(raw: bytes) -> Addresses:
    if len(raw) > _MOST_BYTES:
        raise ValueError("too long")
    found = tomllib.loads(raw.decode())
    if not found.keys() <= {"witness", "lost"}:
        raise ValueError("an unknown member")
    urls = {agency_id(name): witness_address(url) for name, url in dict(found.get("witness", {})).items()}
    lost = found.get("lost", [])
    if not isinstance(lost, list) or not all(type(ver) is int and ver > 1 for ver in lost):
        raise ValueError("lost is a list of charter versions")
    return Addresses(urls=MappingProxyType(urls), lost=frozenset(lost))
