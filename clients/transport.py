"""How requests leave the premises: one method, so that tests, proxies and bastions can stand in for the network.

The network is believed in nothing: answers are capped before they are read, redirects are not followed, and
every answer is verified by whoever asked for it.
"""

import ssl
import sys
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import urlsplit

from clients.errors import HomeError, UnreachableError

# httpx loads a command line of its own, and rich and pygments for it, wherever click is installed: 12 MB for nothing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None is how Python is told not to import

import httpx  # noqa: E402 - behind the line above

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; `path` begins with a slash, `query` is what follows the question mark."""

    method: str
    path: str
    query: str = ""
    body: bytes | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def target(self) -> str:
        """Return path and query as they stand in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer, whole: its status, its media type and its body."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    retry_after_seconds: int = 1


class Transport(Protocol):
    """Sends a request and returns the answer, whatever its status."""

    def send(self, request: Request, *, limit: int) -> Response:
        """Return the answer; raise UnreachableError if there is none, or one of more than `limit` bytes."""


class HttpTransport:
    """HTTP by httpx: one connection pool, time limits, size caps, no redirects, no proxy from the environment.

    The certificates that count are the system's, since a State may have an authority of its own; `SSL_CERT_FILE`
    names another list. What is read is verified in any case.
    """

    def __init__(self, url: str) -> None:
        """Take the base URL; plain http is for this machine alone."""
        self._client = httpx.Client(
            base_url=check_url(url),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
            verify=ssl.create_default_context(),
            headers={"User-Agent": "sealtrace", "Accept-Encoding": "identity"},
        )

    def send(self, request: Request, *, limit: int) -> Response:
        """Return the answer, read up to `limit` bytes."""
        try:
            with self._client.stream(
                request.method, request.target, content=request.body, headers=list(request.headers)
            ) as answer:
                return Response(
                    status=answer.status_code,
                    content_type=answer.headers.get("content-type", ""),
                    body=_read(answer, limit),
                    retry_after_seconds=_seconds(answer.headers.get("retry-after", "")),
                )
        except httpx.HTTPError as error:
            if _is_of_certificate(error):
                raise UnreachableError(
                    "the service's certificate was not accepted",
                    next_step="check the address and this machine's clock; an authority of your own goes into the "
                    "system's list, or SSL_CERT_FILE names it",
                ) from error
            raise UnreachableError(
                f"the service did not answer ({type(error).__name__})",
                next_step="check the address and the network; what was signed is kept and can be sent again",
            ) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class PrefixedTransport:
    """A transport below a path: where an agency answers for its witness under a prefix of its address."""

    def __init__(self, inner: Transport, prefix: str) -> None:
        """Take the way to the host, and the path that stands before every request's own."""
        self._inner = inner
        self._prefix = prefix

    def send(self, request: Request, *, limit: int) -> Response:
        """Return the answer to the request below the prefix."""
        return self._inner.send(replace(request, path=f"{self._prefix}{request.path}"), limit=limit)


def check_url(url: str) -> str:
    """Return `url` if requests may go there: https, or http to this machine, a host and at most a port."""
    try:
        parts = urlsplit(url)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_sound = urlsplit(""), False
    extra = parts.query or parts.fragment or "@" in parts.netloc or parts.path not in {"", "/"}
    if not parts.hostname or not port_is_sound or extra or parts.scheme not in {"https", "http"}:
        raise HomeError("not the address of a service", next_step="give one like https://ledger.example")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise HomeError("plain http is refused beyond this machine", next_step="use the service's https address")
    return url.rstrip("/")


def _is_of_certificate(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__context__
    return error is not None


def _read(answer: httpx.Response, limit: int) -> bytes:
    body = bytearray()
    for part in answer.iter_raw():
        body += part
        if len(body) > limit:
            raise UnreachableError(f"the service answered with more than {limit:,} bytes; nothing of it was used")
    return bytes(body)


def _seconds(text: str) -> int:
    return min(int(text), 60) if text.isascii() and text.isdigit() and len(text) < 6 else 1
