"""Before a service signs again, it asks its witnesses what they have seen of it (docs/protocol.md, 9.6).

A database put back to an older day, with its highest-signed file, would sign a second history. What it has forgotten,
witnesses remember: n - k + 1 + f of them, so that one honest one is among every quorum that could have published it. Of the access
log they are asked the same: what was asked must not be forgotten either.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from ledger.charter import Charter
from ledger.checkpoints import Checkpoint
from ledger.errors import BusyError, LedgerError, UnwitnessedError
from ledger.notes import parse_note
from ledger.terms import WitnessPolicy
from ledger.witnesses import LogName
from server.errors import StartError, WitnessError
from server.evidence import KeyPair, open_evidence
from server.highest import require_reached
from server.publishing.link import WitnessLink
from server.publishing.timing import Timing
from server.startup import LoggedTree

_log = structlog.get_logger("sealtrace.publisher")

_FOUND = 200
_NOT_FOUND = 404


def needed(policy: WitnessPolicy) -> int:
    """Return how many witnesses have to be heard before anything is signed."""
    return len(policy.agencies) - policy.k + 1 + policy.f if policy.agencies else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedLog:
    """One of the two logs as it stands at the start: its tree, its name, and every pair of keys it signed with."""

    tree: LoggedTree
    origin: str
    keys: Sequence[KeyPair]


class Comparison:
    """Who was heard of both logs, and what came of it. `require` stands before every signature."""

    def __init__(
        self,
        *,
        logs: Mapping[LogName, ComparedLog],
        charter: Charter | None,
        links: Mapping[str, WitnessLink],
        timing: Timing,
    ) -> None:
        """Take the logs as they stand at the start, and the ways to the witnesses that the charter names."""
        self._logs = dict(logs)
        self._links = dict(links)
        self._timing = timing
        self._named = frozenset(charter.witness.agencies if charter else ())
        self._needed = needed(charter.witness) if charter else 0
        self._sizes = {name: log.tree.head().size for name, log in logs.items()}
        self._lock = threading.Lock()
        self._heard_of: dict[LogName, set[str]] = {name: set() for name in logs}
        self._noted: dict[str, str] = {}
        self._refusal: str | None = None
        self._closing = threading.Event()

    def start(self) -> None:
        """Begin to ask, where there is somebody to be asked: each on a thread of its own, so that none holds up another."""
        for agency in self._links if self._needed else ():
            # A daemon: an exchange that hangs in a name server must not keep the service from ending.
            threading.Thread(target=self._ask, args=(agency,), name=f"compare {agency}", daemon=True).start()

    def close(self) -> None:
        """Ask no more."""
        self._closing.set()

    def require(self) -> None:
        """Raise BusyError while too few witnesses were heard, UnwitnessedError for ever if one knows another tree."""
        with self._lock:
            if self._refusal is not None:
                raise UnwitnessedError(self._refusal)
            if self._heard() < self._needed:
                raise BusyError("the log is still being compared with what its witnesses know", retry_after_seconds=5)

    def waits(self) -> str | None:
        """Return in a few words why nothing may be signed; None if it may."""
        with self._lock:
            if self._refusal is not None:
                return self._refusal
            heard = self._heard()
        return None if heard >= self._needed else f"{heard} of {self._needed} witnesses heard"

    def cosigned(self, agency: str, size: int, *, log: LogName) -> None:
        """Count a witness that has just cosigned all there was of a log at the start: it knows no larger tree."""
        if size >= self._sizes[log]:
            with self._lock:
                self._heard_of[log].add(agency)

    def asked(self, agency: str, old: int, *, log: LogName) -> None:
        """Count a witness that comes itself and says it has cosigned nothing of a log that has nothing yet.

        Of an empty log there is no checkpoint to cosign by which it could be heard.
        """
        if old == self._sizes[log] == 0:
            self.cosigned(agency, 0, log=log)

    def _heard(self) -> int:
        """Return how many of the charter's witnesses were heard of both logs."""
        return len(self._named.intersection(*self._heard_of.values()))

    def _ask(self, agency: str) -> None:
        """Ask one witness until it or enough were heard: at least once, even where enough have cosigned the head by then."""
        failures = 0
        self._compare(agency)
        while self._is_missing(agency):
            failures += 1
            if self._closing.wait(self._timing.retry_seconds(failures)):
                return
            self._compare(agency)

    def _is_missing(self, agency: str) -> bool:
        """Say whether more have to be heard, and this one was not."""
        with self._lock:
            is_heard = all(agency in heard for heard in self._heard_of.values())
            return not is_heard and self._refusal is None and self._heard() < self._needed

    def _compare(self, agency: str) -> None:
        for name, log in self._logs.items():
            try:
                note = self._latest(agency, log.origin)
                if note is not None:
                    self._hold(agency, note, log)
            except (WitnessError, LedgerError) as error:
                self._note(agency, str(error))
                self.asked(agency, 0, log=name)  # its monitoring is closed: of an empty log nothing else could be heard
            except Exception as error:  # noqa: BLE001 — the answer of one witness must not end the others'
                self._note(agency, type(error).__name__)
            else:
                self.cosigned(agency, self._sizes[name], log=name)

    def _note(self, agency: str, why: str) -> None:
        """Write down what keeps a witness from being heard, once for each reason."""
        if self._noted.get(agency) != why:
            self._noted[agency] = why
            _log.warning("not compared", witness=agency, why=why)

    def _latest(self, agency: str, origin: str) -> bytes | None:
        """Return the checkpoint that a witness cosigned last; None if it has cosigned nothing of a log."""
        answer = self._links[agency].latest(origin)
        if answer.status not in (_FOUND, _NOT_FOUND):
            raise WitnessError(f"it answered with status {answer.status}")
        return answer.body if answer.status == _FOUND else None

    def hold(self, agency: str, note: bytes) -> None:
        """Hold a checkpoint that a witness brought, of either log, against the database; raise WitnessError."""
        origin = Checkpoint.parse(parse_note(note).text).origin
        log = next((one for one in self._logs.values() if one.origin == origin), None)
        if log is None:
            raise WitnessError("it brings a checkpoint of another log")
        self._hold(agency, note, log)

    def _hold(self, agency: str, note: bytes, log: ComparedLog) -> None:
        """Hold the checkpoint that a witness shows against the database; only the log's own signature makes it count."""
        try:
            evidence = open_evidence(note, source=agency, origin=log.origin, keys=log.keys)
        except StartError as error:
            raise WitnessError("it shows a checkpoint that this log's keys have not signed") from error
        try:
            require_reached(evidence.checkpoint, log.tree)
        except StartError as error:
            with self._lock:
                self._refusal = f"{agency} holds a checkpoint that {log.origin} signed and does not continue: {error}"
            _log.critical("nothing is signed", witness=agency, why=str(error))
            raise WitnessError("it knows another tree") from error
