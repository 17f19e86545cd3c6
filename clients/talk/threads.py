"""Threads as this home knows them: put together from the replica, with the clocks that run in them."""

from collections.abc import Mapping
from dataclasses import dataclass

from clients.entrytimes import KnownTimes
from clients.errors import ListError
from clients.replica import Replica
from clients.talk.hearing import HeardThread, hear
from crypto.encoding import b64u
from ledger.errors import NotFoundError
from ledger.identifiers import StatementName, draw_jti, jti_of
from ledger.talk.clocks import Duty, duties
from ledger.talk.parts import Whole
from ledger.talk.state import Said, Thread

WITNESSED = "times are those of the log's witnesses"
FIRST_SEEN = "times are those at which this home first verified the entry: no witness vouches for all of them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One thread: its id, what it comes to, the messages that are damaged, what is owed, when everything was logged.

    `witnessed` says that every time is the witnesses'; otherwise some are this home's own.
    """

    id: bytes
    thread: Thread
    damaged: tuple[Whole, ...]
    duties: tuple[Duty, ...]
    times: Mapping[int, int | None]
    witnessed: bool = False

    @property
    def last(self) -> int:
        """Return where its newest message stands."""
        return max(self.times, default=0)

    @property
    def others(self) -> frozenset[str]:
        """Return all agencies that speak or are spoken to in it."""
        return frozenset(agency for one in self.thread.heard for agency in one.said.sides)


def talks(replica: Replica) -> tuple[Talk, ...]:
    """Return all threads, the one with the newest message last."""
    times = KnownTimes(replica)
    made = [_talk(heard, times) for heard in replica.hearing.threads()]
    return tuple(sorted(made, key=lambda talk: talk.last))


def talk(replica: Replica, ident: bytes) -> Talk:
    """Return one thread; raise NotFoundError."""
    arrived = replica.talk.messages(ident)
    if not arrived:
        raise NotFoundError("no thread of that id is here: run `sealtrace sync`, then `sealtrace inbox`")
    return _talk(hear(ident, arrived), KnownTimes(replica))


def talk_of(replica: Replica, name: StatementName) -> Talk:
    """Return the thread of a message; raise NotFoundError."""
    ident = replica.talk.thread_of(name)
    if ident is None:
        raise NotFoundError("no message of that name is here: run `sealtrace sync`, then `sealtrace inbox`")
    return talk(replica, ident)


def find(replica: Replica, text: str) -> Talk:
    """Return the thread that a person names: by its id, or by one of its messages."""
    if "/" in text:
        iss, _, jti = text.partition("/")
        return talk_of(replica, StatementName(iss, jti_of(jti)))
    return talk(replica, jti_of(text))


def message(found: Talk, name: StatementName) -> Said:
    """Return a message of a thread that counts; raise ListError with the reason for any other."""
    for one in found.thread.heard:
        if one.said.name == name:
            if one.fault is not None:
                raise ListError(f"this message changes nothing: {one.fault.value}")
            return one.said
    raise ListError("this message is damaged: it says nothing", next_step="ask its sender to say it again")


def draw_thread() -> bytes:
    """Return the id of a new thread, one whose spelling no command line takes for an option."""
    while spelled(drawn := draw_jti()).startswith("-"):
        pass
    return drawn


def spelled(ident: bytes) -> str:
    """Return a thread's id as commands and pages show it."""
    return b64u(ident)


def _talk(heard: HeardThread, times: KnownTimes) -> Talk:
    return Talk(
        id=heard.id,
        thread=heard.thread,
        damaged=heard.damaged,
        duties=duties(heard.thread, times.time),
        times={index: times.time(index) for index in heard.indices},
        witnessed=all(times.witnessed(index) is not None for index in heard.indices),
    )
