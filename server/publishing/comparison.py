"""Before a service signs again, it asks its witnesses what they have seen of it (docs/protocol.md, 9.6).

A database put back to an older day, with its highest-signed file, would sign a second history. What it has forgotten,
witnesses remember: n - k + 1 + f of them, so that one honest one is among every quorum that could have published it.
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog

from ledger.charter import Charter
from ledger.errors import BusyError, LedgerError, UnwitnessedError
from ledger.log import Store
from ledger.terms import WitnessPolicy
from server.errors import StartError, WitnessError
from server.evidence import KeyPair, open_evidence
from server.highest import require_reached
from server.publishing.link import WitnessLink
from server.publishing.timing import Timing

_log = structlog.get_logger("sealtrace.publisher")

_FOUND = 200
_NOT_FOUND = 404


def needed(policy: WitnessPolicy) -> int:
    """Return how many witnesses have to be heard before anything is signed."""
    return len(policy.agencies) - policy.k + 1 + policy.f if policy.agencies else 0


class Comparison:
    """Who was heard, and what came of it. `require` stands before every signature."""

    def __init__(  # noqa: PLR0913  what is compared with whom, all by name
        self,
        *,
        store: Store,
        origin: str,
        charter: Charter | None,
        keys: Sequence[KeyPair],
        links: Mapping[str, WitnessLink],
        timing: Timing,
    ) -> None:
        """Take the log as it stands at the start, every pair of keys it signed with, and the ways to its witnesses."""
        self._store = store
        self._origin = origin
        self._keys = keys
        self._links = dict(links)
        self._timing = timing
        self._named = frozenset(charter.witness.agencies if charter else ())
        self._needed = needed(charter.witness) if charter else 0
        self._size = store.head().size
        self._lock = threading.Lock()
        self._heard: set[str] = set()
        self._noted: dict[str, str] = {}
        self._refusal: str | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="comparison", daemon=True)

    def start(self) -> None:
        """Begin to ask, where there is somebody to be asked."""
        if self._needed:
            self._thread.start()

    def close(self) -> None:
        """Ask no more."""
        self._closing.set()

    def require(self) -> None:
        """Raise BusyError while too few witnesses were heard, UnwitnessedError for ever if one knows another tree."""
        with self._lock:
            if self._refusal is not None:
                raise UnwitnessedError(self._refusal)
            if len(self._heard & self._named) < self._needed:
                raise BusyError("the log is still being compared with what its witnesses know", retry_after_seconds=5)

    def waits(self) -> str | None:
        """Return in a few words why nothing may be signed; None if it may."""
        with self._lock:
            if self._refusal is not None:
                return self._refusal
            heard = len(self._heard & self._named)
        return None if heard >= self._needed else f"{heard} of {self._needed} witnesses heard"

    def cosigned(self, agency: str, size: int) -> None:
        """Count a witness that has just cosigned all there was at the start: it knows no larger tree."""
        if size >= self._size:
            with self._lock:
                self._heard.add(agency)

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set() and self.waits() is not None and self._refusal is None:
            asked = [agency for agency in self._links if agency not in self._heard]
            with ThreadPoolExecutor(max(1, len(asked)), thread_name_prefix="compare") as pool:
                list(pool.map(self._compare, asked))
            failures += 1
            self._closing.wait(self._timing.retry_seconds(failures))

    def _compare(self, agency: str) -> None:
        try:
            note = self._latest(agency)
            if note is not None:
                self.hold(agency, note)
        except (WitnessError, LedgerError) as error:
            self._note(agency, str(error))
        except Exception as error:  # noqa: BLE001 — the answer of one witness must not end the others'
            self._note(agency, type(error).__name__)
        else:
            with self._lock:
                self._heard.add(agency)

    def _note(self, agency: str, why: str) -> None:
        """Write down what keeps a witness from being heard, once for each reason."""
        if self._noted.get(agency) != why:
            self._noted[agency] = why
            _log.warning("not compared", witness=agency, why=why)

    def _latest(self, agency: str) -> bytes | None:
        """Return the checkpoint that a witness cosigned last; None if it has cosigned nothing of this log."""
        answer = self._links[agency].latest(self._origin)
        if answer.status not in (_FOUND, _NOT_FOUND):
            raise WitnessError(f"it answered with status {answer.status}")
        return answer.body if answer.status == _FOUND else None

    def hold(self, agency: str, note: bytes) -> None:
        """Hold the checkpoint that a witness shows against the database; only the log's own signature makes it count."""
        try:
            evidence = open_evidence(note, source=agency, origin=self._origin, keys=self._keys)
        except StartError as error:
            raise WitnessError("it shows a checkpoint that this log's keys have not signed") from error
        try:
            require_reached(evidence.checkpoint, self._store)
        except StartError as error:
            with self._lock:
                self._refusal = f"{agency} holds a checkpoint that this log signed and does not continue: {error}"
            _log.critical("nothing is signed", witness=agency, why=str(error))
            raise WitnessError("it knows another tree") from error
