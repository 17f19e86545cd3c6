"""When an entry was logged, by the word of witnesses: computed here from published checkpoints (docs/protocol.md, 9.7).

The service names no time: it hands out the checkpoint that first held an entry, and that is verified like any other.
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Protocol

from clients.replica import Replica
from clients.trust import View
from ledger.checkpoints import claimed_size
from ledger.errors import ProofError
from ledger.handover import judge_of
from ledger.witnesses import entry_time, open_published

UNTIMED = -1
_STATE = "entry-time/"


class CheckpointReader(Protocol):
    """Where published checkpoints are read from."""

    def handover(self, index: int) -> bytes:
        """Return the published checkpoint that first held the entry at `index`; raise NotFoundError."""


class EntryTimes:
    """The times of entries in a verified view of the log, each verified once and kept in the replica."""

    def __init__(self, view: View, *, service: CheckpointReader, replica: Replica) -> None:
        """Take a view, where to ask, and where to remember."""
        self._view = view
        self._service = service
        self._replica = replica

    def time(self, index: int) -> int | None:
        """Return when the entry at `index` was there for certain (POSIX seconds); None before there were witnesses.

        Raises NotFoundError, or ProofError for a checkpoint that is not of this log or does not hold the entry.
        """
        if not 0 <= index < self._view.checkpoint.size:
            raise ProofError("the published log has no such entry")
        name = f"{_STATE}{index}"
        known = self._replica.state(name, default=0)
        if not known:
            known = self._verified(index)
            self._replica.add(state={name: known})
        return None if known == UNTIMED else known

    def _verified(self, index: int) -> int:
        note = self._service.handover(index)
        judge = judge_of([(one.index, one.charter) for one in self._view.charters], claimed_size(note))
        cosigned = open_published(note, charter=judge)
        checkpoint = cosigned.checkpoint
        if checkpoint.size <= index:
            raise ProofError("the checkpoint that was to hold an entry ends before it")
        if checkpoint.size > self._view.checkpoint.size:
            raise ProofError("the checkpoint that first held an entry is newer than one that holds it")
        if self._view.tree.root_at(checkpoint.size) != checkpoint.root:
            raise ProofError("the checkpoint that first held an entry is of another tree")
        time = entry_time(cosigned, f=judge.witness.f)
        return UNTIMED if time is None else time


class RemembersTimes(Protocol):
    """Where times are remembered."""

    def states(self, prefix: str) -> dict[str, int]:
        """Return all numbers remembered under names that begin with `prefix`, by the rest of each name."""

    def verified(self) -> tuple[tuple[int, int], ...]:
        """Return the sizes of the checkpoints that were verified here and when, the largest first."""


class KnownTimes:
    """The times of entries as a replica knows them, read at once: what counts by them asks for very many."""

    def __init__(self, replica: RemembersTimes) -> None:
        """Read what witnesses said, as the replica remembers it."""
        self._asked = {int(index): time for index, time in replica.states(_STATE).items()}
        self._replica = replica

    def is_asked(self, index: int) -> bool:
        """Say whether it was learnt already when an entry was logged, or that no witness vouches for it."""
        return index in self._asked

    def witnessed(self, index: int) -> int | None:
        """Return the time of an entry if it was verified here before; None too where no witness vouches for it."""
        known = self._asked.get(index, UNTIMED)
        return None if known == UNTIMED else known

    def first_verified(self, index: int) -> int | None:
        """Return when this home first verified a checkpoint that holds the entry."""
        sizes, firsts = self._checkpoints
        larger = bisect_left(sizes, -index)
        return firsts[larger - 1] if larger else None

    def time(self, index: int) -> int | None:
        """Return the witnesses' time, else when this home first verified a checkpoint with the entry."""
        witnessed = self.witnessed(index)
        return self.first_verified(index) if witnessed is None else witnessed

    @cached_property
    def _checkpoints(self) -> tuple[Sequence[int], Sequence[int]]:
        """Return all sizes that were verified, negated, and by when each or a larger one was.

        Read only for an entry that no witness dates: a home that syncs all day verifies tens of thousands in a year.
        """
        verified = self._replica.verified()
        return [-size for size, _ in verified], [*accumulate((at for _, at in verified), min)]
