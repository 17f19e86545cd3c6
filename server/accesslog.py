"""The access log as it is published: signed on a tick, cosigned as the log is (docs/protocol.md, 6.12 and 9)."""

from ledger.accesslog import access_origin
from ledger.errors import NotAMemberError
from ledger.tiles import TilePath
from ledger.witnesses import LogName
from server.accessstore import AccessStore
from server.highest import HighestSigned
from server.publishing.target import Target
from server.state import SharedState


class AccessLog:
    """The access log (`server.publishing.target.SignedLog`): no charter stands in it, the newest one judges it."""

    name = LogName.ACCESS

    def __init__(self, *, store: AccessStore, state: SharedState, highest: HighestSigned, origin: str) -> None:
        """Take its rows, who its witnesses are, its file of the highest checkpoint, and the origin of the log."""
        self.origin = access_origin(origin)
        self._store = store
        self._state = state
        self._highest = highest

    def next(self, published: int) -> Target | None:
        """Return the head if readers have not seen it."""
        target = self.newest()
        return None if target is None or target.size <= published else target

    def newest(self) -> Target | None:
        """Return the head as it is signed."""
        head = self._store.head()
        try:
            charter = self._state.charter()
        except NotAMemberError:
            return None
        return Target(size=head.size, note=head.checkpoint, charter=charter, log=self.name) if head.size else None

    def tile(self, path: TilePath) -> bytes:
        """Return a hash tile of the signed tree."""
        return self._store.tile(path)

    def cover(self, target: Target) -> None:
        """Raise the file of the highest signed checkpoint to the target or beyond."""
        self._highest.cover(size=target.size, checkpoint=target.note)
