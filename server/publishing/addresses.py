"""`witnesses.toml`: where the operator reaches the witnesses that the charter names (docs/operations.md).

No charter holds an address: machines move more often than members agree. An agency that stands here without one, or
not at all, comes for its checkpoints itself (`sealtrace witness serve --outbound`).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from ledger.errors import LedgerError
from ledger.identifiers import agency_id
from server.errors import ConfigError

_MOST_BYTES = 65_536
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The address of each witness that accepts connections, and the charters whose old quorum is lost for good.

    `lost` is the operator's word that it may stop asking for the quorum of the charter before: every client then stops
    until a person has confirmed the new charter.
    """

    urls: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    lost: frozenset[int] = frozenset()


def read_addresses(path: Path) -> Addresses:
    """Return what the file says, nothing if there is none; raise ConfigError for anything else than is written here."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Addresses()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return _parse(raw)
    except (ValueError, TypeError, RecursionError, LedgerError) as error:
        raise ConfigError(
            f"{path} is not what a list of witnesses looks like: a table [witness] with lines like "
            '`xar-arms = "https://witness.example"`, and lost = [] before it'
        ) from error


def _parse(raw: bytes) -> Addresses:
    if len(raw) > _MOST_BYTES:
        raise ValueError("too long")
    found = tomllib.loads(raw.decode())
    if not found.keys() <= {"witness", "lost"}:
        raise ValueError("an unknown member")
    urls = {agency_id(name): _address(url) for name, url in dict(found.get("witness", {})).items()}
    lost = found.get("lost", [])
    if not isinstance(lost, list) or not all(type(ver) is int and ver > 1 for ver in lost):
        raise ValueError("lost is a list of charter versions")
    return Addresses(urls=MappingProxyType(urls), lost=frozenset(lost))


def _address(url: object) -> str:
    """Return the address without a slash at its end: https, or http to this machine alone; a path is allowed."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        raise TypeError("not an address")
    parts = urlsplit(url)
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not (plain or parts.scheme == "https") or not parts.hostname or parts.port == 0:
        raise ValueError("not an address of a witness")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("an address with more than a host and a path")
    return url.rstrip("/")
