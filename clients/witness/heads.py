"""The head of one HTTP/1 request, as llhttp reads it, and that of an answer (RFC 9112; docs/adr/0084).

The parser is given a line at a time, so that what stands behind a head stays here until the head was judged. Whatever
two readers of HTTP might take for requests of different lengths is refused: so a proxy in front sees what we see.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from types import MappingProxyType

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from clients.witness.cosigner import Answer

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_LENGTH = re.compile(rb"0|[1-9][0-9]{0,18}")
_LINES: Mapping[int, bytes] = MappingProxyType(
    {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
)


class RefusedError(Exception):
    """A request that is refused before it is looked into; carries the status."""

    def __init__(self, status: HTTPStatus) -> None:
        """Hold the status."""
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a head says: what is asked for, how long the body is if it says so, and what becomes of the connection."""

    method: bytes
    target: bytes
    length: int | None = None
    keeps: bool = False
    waits: bool = False  # for `100 Continue`, before it sends its body


class HeadReader:
    """Reads the head of one request; each has a reader of its own."""

    def __init__(self, *, most_bytes: int) -> None:
        """Take how long request line and header fields may be together."""
        self.head: Head | None = None
        self._parser = HttpRequestParser(self)
        self._left = most_bytes
        self._target = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._whole = self._keeps = self._upgrades = False

    def read(self, data: bytes | bytearray) -> int:
        """Return how many of the bytes are of the head, and have `head` once it is whole; raise RefusedError."""
        at = 0
        while at < len(data) and self.head is None:
            end = data.find(b"\n", at) + 1 or len(data)
            self._left -= end - at
            require(self._left >= 0, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            self._feed(data[at:end])
            at = end
        return at

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target (a callback of the parser, as are the next two)."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field."""
        self._fields.append((name.lower(), value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        """Take what the parser knows at this moment alone."""
        self._keeps, self._upgrades = self._parser.should_keep_alive(), self._parser.should_upgrade()
        self._whole = True

    def _feed(self, line: bytes | bytearray) -> None:
        try:
            self._parser.feed_data(line)
        except (HttpParserError, HttpParserUpgrade) as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST) from error
        if self._whole:
            self.head = self._judged()

    def _judged(self) -> Head:
        version = self._parser.get_http_version()
        hosts, expected = self._values(b"host"), self._values(b"expect")
        bad = self._upgrades or version not in {"1.0", "1.1"} or self._values(b"transfer-encoding")
        require(not bad and len(hosts) <= 1 and (hosts or version == "1.0"), HTTPStatus.BAD_REQUEST)
        require(expected in ([], [b"100-continue"]), HTTPStatus.EXPECTATION_FAILED)
        return Head(
            method=self._parser.get_method(),
            target=self._target,
            length=_length(self._values(b"content-length")),
            keeps=self._keeps,
            waits=bool(expected) and version != "1.0",
        )

    def _values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self._fields if key == name]


def require(holds: object, status: HTTPStatus) -> None:
    """Raise RefusedError with the status unless the condition holds."""
    if not holds:
        raise RefusedError(status)


def refusal(status: HTTPStatus) -> Answer:
    """Return the answer that says no more than its status."""
    return Answer(status=int(status), body=f"{status.phrase}\n".encode())


def written(answer: Answer, *, now: int, closing: bool, bodiless: bool = False) -> bytes:
    """Return an answer as it is sent; to HEAD without its body."""
    fields = [
        f"date: {_date(now)}",
        f"content-type: {answer.content_type}",
        f"content-length: {len(answer.body)}",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        *(["connection: close"] if closing else []),
        *(["retry-after: 1"] if answer.status == HTTPStatus.SERVICE_UNAVAILABLE else []),
    ]
    head = _LINES[answer.status] + "\r\n".join(fields).encode("ascii") + b"\r\n\r\n"
    return head if bodiless else head + answer.body


def _length(values: Sequence[bytes]) -> int | None:
    if not values:
        return None
    require(len(values) == 1 and _LENGTH.fullmatch(values[0]), HTTPStatus.BAD_REQUEST)
    return int(values[0])


@lru_cache(maxsize=1)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)
