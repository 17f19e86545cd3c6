"""What the threads of a replica come to, kept while it is open: a thread is read again when something was added to it.

Nothing that was said is ever changed or taken away, so a thread that has as many messages as before is as it was. Times are
not kept: whose time counts may be learnt later.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ledger.talk.parts import Arrived, Whole, put_together
from ledger.talk.state import Said, Thread
from ledger.talk.thread import listen


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardThread:
    """One thread: what it comes to, its damaged messages, and where all of them stand in the log."""

    id: bytes
    thread: Thread
    damaged: tuple[Whole, ...]
    indices: tuple[int, ...]


class GrowingThreads(Protocol):
    """Where messages are kept."""

    def grown(self, known: Mapping[bytes, int]) -> tuple[Mapping[bytes, int], Sequence[Arrived]]:
        """Return the number of messages of each thread, and in log order those of threads with another number than known."""


class Hearing:
    """The threads of one open replica. Used by several threads of a program at once, each at worst reads what another did."""

    def __init__(self, messages: GrowingThreads) -> None:
        """Take where the messages are."""
        self._messages = messages
        self._heard: dict[bytes, tuple[int, HeardThread]] = {}

    def threads(self) -> tuple[HeardThread, ...]:
        """Return all threads, in no order."""
        known = dict(self._heard)
        counts, arrived = self._messages.grown({ident: count for ident, (count, _) in known.items()})
        by_thread: dict[bytes, list[Arrived]] = {}
        for one in arrived:
            by_thread.setdefault(one.inner.thread, []).append(one)
        fresh = {ident: (len(parts), hear(ident, parts)) for ident, parts in by_thread.items()}
        self._heard.update(fresh)
        return tuple((fresh.get(ident) or known[ident])[1] for ident in counts)


def hear(ident: bytes, arrived: Iterable[Arrived]) -> HeardThread:
    """Return what messages of one thread, in log order, come to."""
    wholes = tuple(put_together(tuple(arrived)))
    said = [_said(one) for one in wholes if one.body is not None]
    return HeardThread(
        id=ident,
        thread=listen(one for one in said if one is not None),
        damaged=tuple(one for one in wholes if one.body is None),
        indices=tuple(one.index for one in wholes),
    )


def _said(one: Whole) -> Said | None:
    if one.body is None:
        return None
    return Said(index=one.index, name=one.name, to=one.inner.to, re=one.inner.re, body=one.body)
