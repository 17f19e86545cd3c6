"""The access log as it is published: signed on a tick, cosigned as the log is (docs/protocol.md, 6.12 and 9)."""

from collections.abc import Callable

from ledger.identifiers import access_origin
from ledger.log import Published
from ledger.tiles import TilePath
from ledger.witnesses import LogName
from server.accessstore import AccessStore
from server.highest import HighestSigned
from server.publishing.target import Target
from server.state import SharedState


class AccessLog:
    """The access log (`server.publishing.target.SignedLog`): no charter stands in it, the newest one judges it.

    The newest that readers were shown: by one that waits for its witnesses nobody could judge.
    """

    name = LogName.ACCESS

    def __init__(
        self,
        *,
        store: AccessStore,
        state: SharedState,
        highest: HighestSigned,
        origin: str,
        shown: Callable[[], Published | None],
    ) -> None:
        """Take its rows, who its witnesses are, its file of the highest checkpoint, and the log: its origin, what is shown."""
        self.origin = access_origin(origin)
        self._store = store
        self._state = state
        self._highest = highest
        self._shown = shown

    def next(self, published: int) -> Target | None:
        """Return the head if readers have not seen it."""
        target = self.newest()
        return None if target is None or target.size <= published else target

    def newest(self) -> Target | None:
        """Return the head as it is signed."""
        head, shown = self._store.head(), self._shown()
        if shown is None or not head.size:
            return None
        charter = self._state.charter_before(shown.size)
        return Target(size=head.size, note=head.checkpoint, charter=charter, log=self.name)

    def tile(self, path: TilePath) -> bytes:
        """Return a hash tile of the signed tree."""
        return self._store.tile(path)

    def cover(self, target: Target) -> None:
        """Raise the file of the highest signed checkpoint to the target or beyond."""
        self._highest.cover(size=target.size, checkpoint=target.note)
