"""Where the desk is reached, and what follows from it: its Host, its Origin, its cookies, and how one may sign in."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from clients.errors import HomeError

LOCAL = "localhost"

_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The desk's origin as browsers spell it, like `https://desk.agency.example`; `rp_id` is what passkeys are bound to."""

    origin: str
    host: str
    rp_id: str
    is_secure: bool

    @property
    def takes_passwords(self) -> bool:
        """Say whether a password will do: only where nothing between browser and desk could ask for it too."""
        return self.rp_id == LOCAL

    @property
    def session_cookie(self) -> str:
        """Return the name of the cookie of somebody signed in; `__Host-` lets no other host set or share it."""
        return self._cookie("sealtrace-desk")

    @property
    def form_cookie(self) -> str:
        """Return the name of the cookie that forms before a sign-in are bound to."""
        return self._cookie("sealtrace-form")

    def link(self, token: str) -> str:
        """Return the address at which somebody new comes in by a link."""
        return f"{self.origin}/welcome/{token}"

    def _cookie(self, name: str) -> str:
        # Cookies do not tell ports apart: two agencies' desks on one machine would sign each other's people out.
        port = urlsplit(self.origin).port
        named = name if port is None else f"{name}-{port}"
        return f"__Host-{named}" if self.is_secure else named


def parse_place(url: str) -> Place:
    """Return the place of an https URL with a name, or of http://localhost; raise HomeError for any other."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused("the desk's address is not a URL") from error
    name = parts.hostname or ""
    host = name if port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f"{name}:{port}"
    if parts.scheme not in _DEFAULT_PORTS or not name or url.rstrip("/") != f"{parts.scheme}://{host}":
        raise _refused("the desk's address has no path, no default port and no capital letters")
    if _is_address(name):
        raise _refused("the desk's address is a name: passkeys are bound to one, and not to a number")
    if parts.scheme == "http" and name != LOCAL:
        raise _refused("without https the desk is served as http://localhost alone")
    return Place(origin=f"{parts.scheme}://{host}", host=host, rp_id=name, is_secure=parts.scheme == "https")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _refused(what: str) -> HomeError:
    return HomeError(what, next_step="give --url https://desk.agency.example, or leave it out for this machine alone")
