"""What is fetched from the service comes in order, in parts, and each part while the one before is in use."""

import threading
from collections.abc import Sequence
from typing import cast

import pytest

from clients.blobs import fetch_blobs
from clients.errors import UnreachableError
from clients.service import Service
from ledger.wire.limits import MAX_BLOB_NAMES
from ledger.wire.schemas import BlobName

SECONDS = 10


class Blobs:
    """A service that answers with the first byte of each name's jti, and dies at part `dead`."""

    def __init__(self, *, dead: int | None = None) -> None:
        """Begin with nothing asked."""
        self.asked: list[int] = []
        self.second = threading.Event()
        self._dead = dead

    def blobs(self, names: Sequence[BlobName]) -> tuple[bytes, ...]:
        """Return a blob for each name."""
        if len(self.asked) == self._dead:
            raise UnreachableError("the line is dead", next_step="")
        self.asked.append(len(names))
        if len(self.asked) == 2:
            self.second.set()
        return tuple(name.jti for name in names)


def names(count: int) -> list[BlobName]:
    """Return so many names."""
    return [BlobName(iss="xar-arms", jti=number.to_bytes(16, "big"), place="box") for number in range(count)]


def service(blobs: Blobs) -> Service:
    """Return the fake where a service is asked for."""
    return cast("Service", blobs)


@pytest.mark.parametrize(("count", "parts"), [(0, []), (1, [1]), (MAX_BLOB_NAMES, [MAX_BLOB_NAMES])])
def test_nothing_is_asked_that_is_not_wanted(count: int, parts: list[int]) -> None:
    """No name, no request; as many as one request may hold, one."""
    blobs = Blobs()

    assert len(list(fetch_blobs(service(blobs), names(count)))) == count
    assert blobs.asked == parts


def test_blobs_come_in_the_order_they_were_asked_for() -> None:
    """However many requests that takes."""
    wanted = names(2 * MAX_BLOB_NAMES + 1)
    blobs = Blobs()

    assert list(fetch_blobs(service(blobs), wanted)) == [name.jti for name in wanted]
    assert blobs.asked == [MAX_BLOB_NAMES, MAX_BLOB_NAMES, 1]


def test_the_next_part_is_on_its_way_while_one_is_used() -> None:
    """Whoever opens the first blob need not wait for the second thousand to be asked for."""
    blobs = Blobs()
    found = fetch_blobs(service(blobs), names(MAX_BLOB_NAMES + 1))
    next(found)

    assert blobs.second.wait(SECONDS)
    assert len(list(found)) == MAX_BLOB_NAMES


def test_a_line_that_dies_is_told_where_its_blobs_would_stand() -> None:
    """What came before is used; then the error comes, and no blob in its place."""
    found = fetch_blobs(service(Blobs(dead=1)), names(MAX_BLOB_NAMES + 1))
    for _ in range(MAX_BLOB_NAMES):
        next(found)

    with pytest.raises(UnreachableError):
        next(found)
