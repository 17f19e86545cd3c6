"""Which checkpoint is to be published next, and by whose leave (docs/protocol.md, 8.7 and 9.5)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from ledger.charter import Charter, signed_by_all_kept
from ledger.log import Store
from ledger.notes import VerifierKey
from ledger.tiles import TilePath
from ledger.witnesses import LogName, witness_vkeys
from server.highest import HighestSigned
from server.state import SharedState


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A signed checkpoint without cosignatures, and the charter that judges it.

    The first that holds a charter satisfies the one before too, but for a quorum that is lost for good.
    """

    size: int
    note: bytes
    charter: Charter
    previous: Charter | None = None
    old_quorum_lost: bool = False
    log: LogName = LogName.LOG

    @property
    def charters(self) -> tuple[Charter, ...]:
        """Return every charter whose witnesses are asked."""
        return (self.charter,) if self.previous is None else (self.charter, self.previous)

    @property
    def needs_witnesses(self) -> bool:
        """Say whether anybody has to cosign it: a log that was witnessed once is so for ever."""
        return self.charter.is_witnessed

    def keys_of(self, agency: str) -> tuple[tuple[VerifierKey, VerifierKey], ...]:
        """Return the pairs of keys that count for an agency; none if it is no witness."""
        named = [charter for charter in self.charters if agency in charter.witness.agencies]
        return tuple(dict.fromkeys(witness_vkeys(charter, agency) for charter in named))


class SignedLog(Protocol):
    """A log that is signed here and published once its witnesses have cosigned it: the log itself, the access log."""

    @property
    def name(self) -> LogName:
        """Return which of the two it is."""

    @property
    def origin(self) -> str:
        """Return the name its checkpoints begin with."""

    def next(self, published: int) -> Target | None:
        """Return what is to be published after a checkpoint of size `published` (0: nothing yet); None if all is."""

    def newest(self) -> Target | None:
        """Return the newest signed checkpoint again, for fresh cosignatures; None for an empty log."""

    def tile(self, path: TilePath) -> bytes:
        """Return a hash tile of the signed tree; raise NotFoundError."""

    def cover(self, target: Target) -> None:
        """Make it durable that this much was signed, before it leaves (docs/adr/0029)."""


class MainLog:
    """The log of records. Charters stand in it, so it is published in steps: none of them is passed over."""

    name = LogName.LOG

    def __init__(
        self, *, store: Store, state: SharedState, highest: HighestSigned, origin: str, lost: Collection[int]
    ) -> None:
        """Take the log's parts, and the charters whose old quorum the operator says is lost."""
        self.origin = origin
        self._store = store
        self._state = state
        self._highest = highest
        self._lost = lost

    def next(self, published: int) -> Target | None:
        """Return the first checkpoint with a charter that readers have not seen, else the newest one.

        A larger one would hide from them by whose leave the rules changed. Nothing, too, while another thread or
        process has appended what this one has not taken in: which charter judges it is not known then.
        """
        head = self._store.head()
        charters = self._charters(head.size)
        if head.size <= published or not charters:
            return None
        for at, (index, charter) in enumerate(charters):
            if index >= published:
                note = head.checkpoint if index + 1 == head.size else self._store.handover(index)
                previous = charters[at - 1][1] if at else None
                lost = previous is not None and self._is_lost(charter, previous)
                return Target(
                    size=index + 1, note=note, charter=charter, previous=previous, old_quorum_lost=lost, log=self.name
                )
        return Target(size=head.size, note=head.checkpoint, charter=charters[-1][1], log=self.name)

    def newest(self) -> Target | None:
        """Return the head as it is signed."""
        head = self._store.head()
        charters = self._charters(head.size)
        if not charters:
            return None
        return Target(size=head.size, note=head.checkpoint, charter=charters[-1][1], log=self.name)

    def tile(self, path: TilePath) -> bytes:
        """Return a hash tile of the signed tree."""
        return self._store.tile(path)

    def cover(self, target: Target) -> None:
        """Raise the highest-signed file to the target or beyond."""
        self._highest.cover(size=target.size, checkpoint=target.note)

    def _charters(self, size: int) -> list[tuple[int, Charter]]:
        with self._state.locked() as state:
            if state.size < size:
                return []
            return [(index, charter) for index, charter in state.membership.charters() if index < size]

    def _is_lost(self, charter: Charter, previous: Charter) -> bool:
        return charter.ver in self._lost and signed_by_all_kept(self._store.charter(charter.ver), previous)
