"""A line that dies at any request of a sync: the next sync leaves nothing out that the whole one had."""

from dataclasses import dataclass
from pathlib import Path

from clients.errors import UnreachableError
from clients.syncing import Sync
from clients.transport import Request, Response, Transport
from ledger.kinds import Role
from tests.e2e.test_epochs import PARTNER, keystore, repeat, rotate, submit
from tests.support.charterlife import over, quiet, sync
from tests.support.loopback import Walk

MOST = 100


@dataclass
class Dying:
    """A way to the service that dies before its n-th request from now on."""

    inner: Transport
    left: int

    def send(self, request: Request, *, limit: int) -> Response:
        """Pass requests on until it dies."""
        self.left -= 1
        if self.left < 0:
            raise UnreachableError("the line is dead")
        return self.inner.send(request, limit=limit)


def test_a_line_that_dies_while_late_keys_open_what_came_before_them(walk: Walk, tmp_path: Path) -> None:
    """Keys of an earlier epoch are granted late, and its records are read again: cut off anywhere, they are read at last."""
    keystore(walk, PARTNER).remove(f"{PARTNER}#7")
    submit(walk, "LATE1", "LATE2")
    assert sync(walk, PARTNER).records == 0
    keystore(walk, PARTNER).put(rotate(walk, PARTNER, Role.HPKE, f"{PARTNER}#8"))
    repeat(walk)
    walk.close()

    left: dict[int, int] = {}
    for requests in range(MOST):
        copy = walk.copy_to(tmp_path / str(requests))
        try:
            Sync(over(copy.session(PARTNER), Dying(copy.transport, requests)), progress=quiet).by_feed()
        except UnreachableError:
            sync(copy, PARTNER)
            left[requests] = copy.session(PARTNER).replica.count()
            copy.close()
        else:
            copy.close()
            break

    assert len(left) > 5
    assert set(left.values()) == {2}
