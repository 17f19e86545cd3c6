"""One desk for one home: what one has begun, another that starts would take for broken off (docs/adr/0086)."""

from collections.abc import Iterator
from contextlib import contextmanager

from clients.errors import HomeError
from clients.home import Home
from crypto import privatefile


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Hold the home as its only desk, as long as this process or a worker of it lives; raise HomeError if there is one."""
    try:
        with privatefile.locked(home.path / "desk", wait=False):
            yield
    except BlockingIOError as error:
        raise HomeError(
            "another desk of this home is running", next_step="end it first, or serve this desk from another home"
        ) from error
