"""Who really asks when a proxy stands in front: one header, believed from the proxy's own address alone.

Limits by address would otherwise count everybody behind a proxy as one. X-Forwarded-For is not read: it is a list that
anybody may begin, and every reader of it guesses which member to believe.
"""

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING

from server.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADER = "X-Sealtrace-Client"

_KEY = "HTTP_" + HEADER.upper().replace("-", "_")
_ADDRESS = "REMOTE_ADDR"


class Forwarding:
    """Puts the address that a trusted proxy names in the place of the proxy's own, and the header away in any case."""

    def __init__(self, app: "WSGIApplication", *, proxies: Iterable[str] = ()) -> None:
        """Stand before an app; loopback addresses are trusted, and those of `proxies`. Raises ConfigError."""
        self._app = app
        self._proxies = frozenset(map(_proxy, proxies))

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer as the app does."""
        told = environ.pop(_KEY, None)
        peer = _parse(environ.get(_ADDRESS, ""))
        if told is not None and peer is not None and (peer.is_loopback or str(peer) in self._proxies):
            # A proxy that names nobody, or two, is counted itself: everybody behind it then shares one limit.
            client = _parse(told)
            environ[_ADDRESS] = environ[_ADDRESS] if client is None else str(client)
        return self._app(environ, start_response)


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that `text` spells in its one way, or None."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return address if str(address) == text else None


def _proxy(text: str) -> str:
    if _parse(text) is None:
        raise ConfigError(f"{text!r} is not the address of a proxy: one IP address in its shortest spelling")
    return text
