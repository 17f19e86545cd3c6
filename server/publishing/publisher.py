"""The one thread that publishes: what is signed goes to every witness, and is shown once the quorum has cosigned it.

It fails closed: no quorum, nothing new is shown, whatever else happens. It owns its database connection and survives
every error; what it had gathered and not stored when it died is asked for again.
"""

import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog
from sqlalchemy import Connection, Engine

from ledger.log import Published
from ledger.notes import NoteSignature
from server.publishing import table
from server.publishing.asker import Asker, Standing
from server.publishing.comparison import Comparison
from server.publishing.gathering import Gathering
from server.publishing.link import WitnessLink
from server.publishing.target import SignedLog, Target
from server.publishing.timing import Timing

_log = structlog.get_logger("sealtrace.publisher")

_WAITERS = 16
_IDLE_SECONDS = 1.0

Delivery = tuple[Gathering, str, tuple[NoteSignature, ...]]


class Publisher:
    """Publishes one log."""

    def __init__(  # noqa: PLR0913  what is published, by whose leave and to where, all by name
        self,
        *,
        log: SignedLog,
        writer: Engine,
        reader: Engine,
        links: Mapping[str, WitnessLink],
        comparison: Comparison,
        clock: Callable[[], int],
        timing: Timing,
    ) -> None:
        """Take a log, engines for connections of its own, and the ways to the witnesses; `start` begins."""
        self._signed = log
        self._engine = writer
        self._reader = reader
        self._connection: Connection | None = None
        self._comparison = comparison
        self._clock = clock
        self._timing = timing
        self._askers = {
            agency: Asker(agency, link, log=log, deliver=self.deliver, timing=timing) for agency, link in links.items()
        }
        self._inbox: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._moved = threading.Condition()
        self._waiters = threading.Semaphore(_WAITERS)
        self._shown = 0
        self._current: Gathering | None = None
        self._last: Gathering | None = None
        self._since: int | None = None
        self._refresh_at = 0.0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"publisher {log.name.value}", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        for asker in self._askers.values():
            asker.start()
        self._thread.start()

    def close(self) -> None:
        """Publish no more; what readers see stays as it is."""
        self._closed = True
        for asker in self._askers.values():
            asker.close()
        self._inbox.put(None)
        with self._moved:
            self._moved.notify_all()
        if self._thread.ident is not None:
            self._thread.join()
        self._engine.dispose()
        self._reader.dispose()

    @property
    def is_alive(self) -> bool:
        """Say whether the thread runs."""
        return self._thread.is_alive()

    @property
    def pending_since(self) -> int | None:
        """Return since when something signed waits for its witnesses (POSIX seconds); None if nothing does."""
        return self._since

    @property
    def shown(self) -> int:
        """Return the size that is published, as far as this process knows."""
        return self._shown

    def standings(self) -> tuple[Standing, ...]:
        """Return how the witnesses with an address do."""
        return tuple(asker.standing() for asker in self._askers.values())

    def signed(self) -> None:
        """Say that the log has grown."""
        self._inbox.put(None)

    def deliver(self, gathering: Gathering, agency: str, lines: tuple[NoteSignature, ...]) -> None:
        """Hand in cosignature lines that `gathering` has verified."""
        self._inbox.put((gathering, agency, lines))

    def wait(self, index: int, seconds: float) -> None:
        """Wait until the entry at `index` is published, at most so long, and not at all where many wait already."""
        if not self._waiters.acquire(blocking=False):
            return
        try:
            with self._moved:
                self._moved.wait_for(lambda: self._shown > index or self._closed, timeout=seconds)
        finally:
            self._waiters.release()

    def wanted(self, agency: str, *, until: float, is_over: Callable[[], bool]) -> Gathering | None:
        """Return what an agency has not cosigned yet, waiting for it until then or until `is_over`; None if nothing."""
        with self._moved:
            while not (self._closed or is_over()):
                gathering = self._current or self._last
                if gathering is not None and gathering.target.keys_of(agency) and not gathering.holds(agency):
                    return gathering
                left = until - self._timing.timer()
                if left <= 0 or not self._moved.wait(left):
                    return None
        return None

    def asked_for(self, text: str) -> Gathering | None:
        """Return the gathering for a checkpoint's text: what waits for cosignatures, or was published last."""
        found = (self._current, self._last)
        return next((one for one in found if one is not None and one.text == text), None)

    def stir(self) -> None:
        """Let everybody who waits look again whether it is over."""
        with self._moved:
            self._moved.notify_all()

    def _run(self) -> None:
        failures = 0
        while not self._closed:
            try:
                self._step()
            except Exception as error:  # noqa: BLE001 — whatever went wrong, nobody else publishes
                failures += 1
                _log.error("not published", log=self._signed.name.value, error=type(error).__name__, times=failures)
                self._forget_connection()
                self._pause(self._timing.retry_seconds(failures))
            else:
                failures = 0
        self._forget_connection()

    def _step(self) -> None:
        """Publish the next target, or cosignatures that are fresh, or wait for something to do."""
        published = self._read()
        self._see(published)
        target = self._signed.next(0 if published is None else published.size)
        if target is None:
            self._since = None
            target = self._refresh()
        elif not target.needs_witnesses:
            self._write(Published(size=target.size, note=target.note))
            return
        elif self._since is None:
            self._since = self._clock()
        if target is None:
            self._take(_IDLE_SECONDS)
        else:
            self._gather(Gathering(target))

    def _refresh(self) -> Target | None:
        """Return the newest checkpoint once more when its cosignatures are no longer fresh, or a new charter judges it."""
        target = self._signed.newest()
        if target is None or not target.needs_witnesses:
            return None
        is_fresh = self._timing.timer() < self._refresh_at
        return None if is_fresh and not self._is_judged_anew(target) else target

    def _is_judged_anew(self, target: Target) -> bool:
        """Say whether readers judge what is published by a later charter, under which the same signatures stand."""
        last = None if self._last is None else self._last.target
        if last is None or last.charter.ver == target.charter.ver:
            return False
        return target.log.vkeys(last.charter) == target.log.vkeys(target.charter)

    def _gather(self, gathering: Gathering) -> None:
        """Ask everybody, and publish at the quorum; give up after a while, for what is newest by then."""
        self._signed.cover(gathering.target)
        self._open(gathering)
        until = self._timing.timer() + self._timing.round_seconds
        while not self._closed and (left := until - self._timing.timer()) > 0:
            note = gathering.published() if gathering.count >= gathering.target.charter.witness.k else None
            if note is not None:
                self._write(Published(size=gathering.target.size, note=note))
                self._refresh_at = self._timing.timer() + self._timing.republish_seconds
                self._since = self._clock()  # what is signed by now began to wait later, if anything is
                self._linger(gathering)
                return
            self._take(left)
        _log.warning("unwitnessed", log=self._signed.name.value, size=gathering.target.size, cosigned=gathering.count)

    def _open(self, gathering: Gathering) -> None:
        with self._moved:
            self._current = gathering
            self._moved.notify_all()
        for agency, asker in self._askers.items():
            if gathering.target.keys_of(agency):
                asker.ask(gathering)

    def _linger(self, gathering: Gathering) -> None:
        """Wait a moment for witnesses that are about to answer."""
        with self._moved:
            self._current, self._last = None, gathering
        until = self._timing.timer() + self._timing.linger_seconds
        while (left := until - self._timing.timer()) > 0 and not self._closed:
            if not any(asker.is_asking(gathering) for asker in self._askers.values()) and self._inbox.empty():
                return
            self._take(left)

    def _take(self, seconds: float) -> None:
        """Take one delivery, or a sign that something has changed; cosignatures that come late are still shown."""
        try:
            delivery = self._inbox.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            return
        if delivery is None:
            return
        gathering, agency, lines = delivery
        gathering.add(agency, lines)
        self._comparison.cosigned(agency, gathering.target.size, log=self._signed.name)
        if gathering is self._last and gathering.target.size == self._shown:
            self._write(Published(size=self._shown, note=gathering.note()))

    def _see(self, published: Published | None) -> None:
        size = 0 if published is None else published.size
        with self._moved:
            if size > self._shown:
                self._shown = size
                self._moved.notify_all()

    def _pause(self, seconds: float) -> None:
        with self._moved:
            self._moved.wait_for(lambda: self._closed, timeout=seconds)

    def _read(self) -> Published | None:
        with self._reader.connect() as connection:
            return table.newest(connection, self._signed.name.value)

    def _write(self, published: Published) -> None:
        with self._connected().begin():
            table.write(self._connected(), self._signed.name.value, published)
        self._see(published)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _forget_connection(self) -> None:
        """Close the connection: a commit that failed may have left its transaction open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.invalidate()
                connection.close()
