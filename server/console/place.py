"""Where the console is reached, and what follows from it: its Host, its Origin, its cookies."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from server.errors import ConfigError

PREFIX = "/console"

_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The console's origin as browsers spell it, like `https://console.ledger.example`."""

    origin: str
    host: str
    is_secure: bool

    @property
    def session_cookie(self) -> str:
        """Return the name of the cookie of somebody signed in; `__Host-` lets no other host set or share it."""
        return "__Host-sealtrace-console" if self.is_secure else "sealtrace-console"

    @property
    def form_cookie(self) -> str:
        """Return the name of the cookie that the sign-in form is bound to."""
        return "__Host-sealtrace-form" if self.is_secure else "sealtrace-form"


def parse_place(url: str) -> Place:
    """Return the place of an https URL, or of an http one on a loopback address; raise ConfigError for any other."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError("the console's address is not a URL") from error
    hostname = parts.hostname or ""
    shown = f"[{hostname}]" if ":" in hostname else hostname
    host = shown if port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f"{shown}:{port}"
    if parts.scheme not in _DEFAULT_PORTS or not hostname or url.rstrip("/") != f"{parts.scheme}://{host}":
        raise ConfigError("the console's address is like https://console.ledger.example: no path, no default port")
    if parts.scheme == "http" and not _is_loopback(hostname):
        raise ConfigError("without https the console is served on a loopback address only: passwords go over it")
    return Place(origin=f"{parts.scheme}://{host}", host=host, is_secure=parts.scheme == "https")


def _is_loopback(hostname: str) -> bool:
    try:
        return ipaddress.ip_address(hostname).is_loopback
    except ValueError:
        return hostname == "localhost"
