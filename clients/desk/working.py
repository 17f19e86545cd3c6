"""What the desk does beside answering: one thread for what comes round and for what takes long (docs/adr/0065).

One thread, so that no two jobs wait for each other's lock. A job that fails is tried again when its time comes; it never
ends the thread. Whatever a job changes, the SDK leaves whole or not begun, so ending in the middle loses nothing.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from clients.desk.sentences import in_words
from clients.errors import ClientError
from crypto.errors import CryptoError
from ledger.errors import LedgerError

STOP_SECONDS = 5.0

_log = structlog.get_logger("sealtrace.desk")

Job = Callable[[], str | None]
"""What is done; what it returns is told where it is shown how it went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a job went the last time: when it ended, what it told, and by its type what was wrong: that alone is logged."""

    at: int
    kind: str = ""
    what: str = ""

    @property
    def failed(self) -> bool:
        """Say whether something was wrong."""
        return bool(self.kind)


@dataclass(slots=True, kw_only=True)
class _Round:
    job: Job
    seconds: int
    due: int
    on_the_minute: bool

    def following(self, now: int) -> int:
        """Return when it comes round next if it does so now."""
        return now + self.seconds - (now % self.seconds if self.on_the_minute else 0)


@dataclass(slots=True)
class _State:
    rounds: dict[str, _Round] = field(default_factory=dict)
    queue: deque[tuple[str, Job]] = field(default_factory=deque)
    ran: dict[str, Ran] = field(default_factory=dict)
    now_doing: str = ""
    ending: bool = False


class Worker:
    """The one thread."""

    def __init__(
        self,
        *,
        clock: Callable[[], int],
        look_seconds: float = 1.0,
        before: Mapping[str, Ran] | None = None,
        keep: Callable[[str, Ran], None] = lambda _name, _ran: None,
    ) -> None:
        """Take the clock (POSIX seconds), looked at so often: it may be set, or the machine sleep.

        `keep` hears how each job went that was asked for, and `before` says how they went in an earlier run of the
        program. Nothing runs before `start`.
        """
        self._clock = clock
        self._keep = keep
        self._look_seconds = look_seconds
        self._state = _State(ran=dict(before or {}))
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="desk-worker", daemon=True)

    def every(self, seconds: int, job: Job, *, name: str, on_the_minute: bool = False) -> None:
        """Do a job now and then again and again; `on_the_minute` begins it when the clock shows a multiple of `seconds`."""
        now = self._clock()
        one = _Round(job=job, seconds=seconds, due=now, on_the_minute=on_the_minute)
        one.due = one.following(now) if on_the_minute else now
        with self._changed:
            self._state.rounds[name] = one
            self._changed.notify()

    def soon(self, job: Job, *, name: str) -> bool:
        """Do a job once, after those that wait; return False, and do nothing, if one of that name waits already."""
        with self._changed:
            if name == self._state.now_doing or any(name == waiting for waiting, _ in self._state.queue):
                return False
            self._state.queue.append((name, job))
            self._changed.notify()
            return True

    def wake(self, name: str) -> None:
        """Let a job that comes round be due at once."""
        with self._changed:
            if name in self._state.rounds:
                self._state.rounds[name].due = self._clock()
                self._changed.notify()

    @property
    def ran(self) -> Mapping[str, Ran]:
        """Return how each job went the last time, by its name."""
        with self._changed:
            return dict(self._state.ran)

    def is_waiting(self, name: str) -> bool:
        """Say whether a job runs, waits to run once, or comes round as soon as another ends."""
        with self._changed:
            if name == self._state.now_doing or any(name == waiting for waiting, _ in self._state.queue):
                return True
            one = self._state.rounds.get(name)
            return one is not None and one.due <= self._clock()

    def due(self, name: str) -> int | None:
        """Return when a job comes round next; None for one that does not."""
        with self._changed:
            one = self._state.rounds.get(name)
            return None if one is None else one.due

    @property
    def is_ending(self) -> bool:
        """Say whether long work should end where it can go on later."""
        return self._state.ending

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End: what runs may take a few seconds more; then it is left, to be gone on with at the next start."""
        with self._changed:
            self._state.ending = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while (chosen := self._next()) is not None:
            self._do(*chosen)

    def _next(self) -> tuple[str, Job] | None:
        """Wait for a job; None when the end has come."""
        with self._changed:
            while not self._state.ending:
                found = self._choose()
                if found is not None:
                    self._state.now_doing = found[0]
                    return found
                self._changed.wait(self._look_seconds)
            return None

    def _choose(self) -> tuple[str, Job] | None:
        now = self._clock()
        for one in self._state.rounds.values():
            # Under a clock that was put back, what was due then would wait until it is that late again.
            one.due = min(one.due, one.following(now))
        due = [(one.due, name) for name, one in self._state.rounds.items() if one.due <= now]
        if due:
            _, name = min(due)
            one = self._state.rounds[name]
            one.due = one.following(now)
            return name, one.job
        return self._state.queue.popleft() if self._state.queue else None

    def _do(self, name: str, job: Job) -> None:
        ran = self._attempt(job)
        if ran.failed:
            _log.warning("job failed", job=name, error=ran.kind)
        with self._changed:
            self._state.ran[name] = ran
            self._state.now_doing = ""
            asked_for = name not in self._state.rounds
        if asked_for:
            self._keep_quietly(name, ran)

    def _keep_quietly(self, name: str, ran: Ran) -> None:
        try:
            self._keep(name, ran)
        except Exception as error:  # noqa: BLE001 - a full disk must not end the thread
            _log.warning("not kept", job=name, error=type(error).__name__)

    def _attempt(self, job: Job) -> Ran:
        try:
            told = job()
        except (ClientError, LedgerError, CryptoError) as error:
            return Ran(at=self._clock(), kind=type(error).__name__, what=in_words(error))
        except Exception as error:  # noqa: BLE001 - no job may end the thread; what a defect says may hold content
            return Ran(at=self._clock(), kind=type(error).__name__)
        return Ran(at=self._clock(), what=told or "")
