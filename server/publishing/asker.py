"""One thread for each witness with an address: it asks for one cosignature at a time, and stands back when it fails.

A witness that is slow, gone or hostile costs its own thread and nobody else's.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from ledger.errors import LedgerError
from ledger.merkle import MAX_SIZE
from ledger.notes import NoteSignature
from ledger.tileproofs import consistency_proof
from ledger.witnessing import SIZE_TYPE, AddCheckpoint, Status
from server.errors import WitnessError
from server.publishing.gathering import Gathering
from server.publishing.link import Answer, WitnessLink
from server.publishing.target import SignedLog
from server.publishing.timing import Timing

_log = structlog.get_logger("sealtrace.publisher")

Deliver = Callable[[Gathering, str, tuple[NoteSignature, ...]], None]
"""Takes verified cosignature lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a witness does: the size it cosigned last here (None: not yet), failures in a row, and what the last was."""

    agency: str
    size: int | None = None
    failures: int = 0
    failure: str = ""


class Asker:
    """Asks one witness for cosignatures under whatever is to be published."""

    def __init__(self, agency: str, link: WitnessLink, *, log: SignedLog, deliver: Deliver, timing: Timing) -> None:
        """Take the way to the witness; nothing is asked before `start`."""
        self._agency = agency
        self._link = link
        self._log = log
        self._deliver = deliver
        self._timing = timing
        self._turn = threading.Condition()
        self._wanted: Gathering | None = None
        self._busy: Gathering | None = None
        self._closed = False
        self._failures = 0
        self._failure = ""
        self._not_before = 0.0
        self._size: int | None = None
        # A daemon: an exchange that hangs in a name server must not keep the service from ending.
        self._thread = threading.Thread(target=self._run, name=f"witness {agency}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def ask(self, gathering: Gathering) -> None:
        """Let the witness be asked to cosign this next; what was wanted before is forgotten."""
        with self._turn:
            self._wanted = gathering
            self._turn.notify()

    def is_asking(self, gathering: Gathering) -> bool:
        """Say whether an answer for `gathering` is on its way, from a witness that answered last time."""
        with self._turn:
            return self._failures == 0 and gathering in (self._wanted, self._busy)

    def standing(self) -> Standing:
        """Return how the witness does."""
        with self._turn:
            return Standing(agency=self._agency, size=self._size, failures=self._failures, failure=self._failure)

    def close(self) -> None:
        """Ask no more; an exchange under way is left to its deadline."""
        with self._turn:
            self._closed = True
            self._turn.notify()
        self._link.close()

    def _run(self) -> None:
        while (gathering := self._next()) is not None:
            try:
                lines = gathering.verify(self._agency, self._exchange(gathering))
            except (WitnessError, LedgerError) as error:
                self._failed(gathering, str(error))
            except Exception as error:  # noqa: BLE001 — whatever a witness brings about, the next round asks again
                self._failed(gathering, type(error).__name__)
            else:
                self._succeeded(gathering)
                self._deliver(gathering, self._agency, lines)

    def _next(self) -> Gathering | None:
        """Wait for something to ask for, and for the end of a pause after failures; None when closed."""
        with self._turn:
            while not self._closed:
                pause = self._not_before - self._timing.timer()
                if self._wanted is None:
                    self._turn.wait()
                elif pause > 0:
                    self._turn.wait(pause)
                else:
                    self._busy, self._wanted = self._wanted, None
                    return self._busy
            return None

    def _exchange(self, gathering: Gathering) -> bytes:
        """Return the answer with the cosignatures; a witness that stands elsewhere than remembered says where."""
        size = gathering.target.size
        old = self._size if self._size is not None and self._size <= size else 0
        answer = self._link.add_checkpoint(self._body(gathering, old))
        if answer.status == Status.CONFLICT:
            old = _told(answer)
            if old > size:
                raise WitnessError("it has cosigned a larger tree than this")
            answer = self._link.add_checkpoint(self._body(gathering, old))
        if answer.status != Status.OK:
            raise WitnessError(f"it answered with status {answer.status}")
        return answer.body

    def _body(self, gathering: Gathering, old: int) -> bytes:
        target = gathering.target
        proof: tuple[bytes, ...] = ()
        if 0 < old < target.size:
            proof = consistency_proof(size1=old, size2=target.size, read=self._log.tile)
        return AddCheckpoint(old=old, proof=proof, checkpoint=target.note).format()

    def _succeeded(self, gathering: Gathering) -> None:
        with self._turn:
            self._busy = None
            self._failures, self._failure, self._size = 0, "", gathering.target.size

    def _failed(self, gathering: Gathering, text: str) -> None:
        with self._turn:
            self._busy = None
            self._failures += 1
            self._failure = text
            self._not_before = self._timing.timer() + self._timing.retry_seconds(self._failures)
            # Asked again after the pause, unless there is something newer by then.
            self._wanted = self._wanted or gathering
            failures = self._failures
        if failures == 1 or failures % 100 == 0:
            _log.warning("no cosignature", witness=self._agency, log=self._log.name.value, times=failures, why=text)


def _told(answer: Answer) -> int:
    """Return the size that a 409 names, in its one spelling."""
    text = answer.body.removesuffix(b"\n").decode("ascii", "replace")
    is_size = answer.content_type == SIZE_TYPE and answer.body.endswith(b"\n") and text.isascii() and text.isdigit()
    if not is_size or len(text) > 19 or str(int(text)) != text or int(text) > MAX_SIZE:
        raise WitnessError("it answered with a conflict and no size")
    return int(text)
