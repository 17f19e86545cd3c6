"""The publishers of a service together: what a signature waits for, who is told, and the door for outbound witnesses."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ledger.errors import BusyError, NotAMemberError, NotFoundError
from ledger.identifiers import access_origin
from ledger.notes import parse_note
from ledger.tileproofs import consistency_proof
from ledger.tiles import ReadTile
from ledger.witnesses import LogName
from ledger.witnessing import AddCheckpoint
from server import database
from server.accesslog import AccessLog
from server.accessstore import AccessStore
from server.config import Config
from server.evidence import generations
from server.highest import HighestSigned
from server.keys import ServiceKeys
from server.publishing.addresses import Addresses, read_addresses
from server.publishing.asker import Standing
from server.publishing.comparison import ComparedLog, Comparison
from server.publishing.gathering import Gathering
from server.publishing.link import Link, WitnessLink
from server.publishing.publisher import Publisher
from server.publishing.target import MainLog, SignedLog
from server.publishing.timing import Timing
from server.state import SharedState
from server.store import SqlStore

# Threads that a service keeps for witnesses which come themselves; a few agencies, two logs each.
_POLLS = 16


Connect = Callable[[str], WitnessLink]
"""Returns the way to a witness at an address; tests have none over a network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One log as it is published: its publisher, and its tiles for proofs."""

    publisher: Publisher
    tile: ReadTile


class Publishing:
    """Everything between signed and published. `start` it once the service may sign, `close` it before its store."""

    def __init__(
        self,
        *,
        parts: Mapping[LogName, Part],
        comparison: Comparison,
        links: Mapping[str, WitnessLink],
        state: SharedState,
        timing: Timing,
    ) -> None:
        """Take the logs, the comparison that comes first, the ways to the witnesses, and who is one."""
        self._parts = parts
        self._comparison = comparison
        self._links = links
        self._state = state
        self._timing = timing
        self._polls = threading.Semaphore(_POLLS)
        self._turn = threading.Lock()
        self._turns: Counter[tuple[str, LogName]] = Counter()

    def start(self) -> None:
        """Begin to compare and to publish."""
        self._comparison.start()
        for part in self._parts.values():
            part.publisher.start()

    def close(self) -> None:
        """Stop asking; what readers see stays as it is."""
        self._comparison.close()
        for part in self._parts.values():
            part.publisher.close()
        for link in self._links.values():
            link.close()

    @property
    def is_alive(self) -> bool:
        """Say whether every publisher runs."""
        return all(part.publisher.is_alive for part in self._parts.values())

    @property
    def pending_since(self) -> int | None:
        """Return since when something of the log waits for its witnesses (POSIX seconds); None if nothing does."""
        return self._parts[LogName.LOG].publisher.pending_since

    def require_compared(self) -> None:
        """Raise BusyError or UnwitnessedError unless the log may be signed (docs/protocol.md, 9.6)."""
        self._comparison.require()

    def not_compared(self) -> str | None:
        """Return why nothing may be signed, in a few words; None if it may."""
        return self._comparison.waits()

    def standings(self) -> tuple[Standing, ...]:
        """Return how the witnesses with an address do."""
        return self._parts[LogName.LOG].publisher.standings()

    def signed(self, log: LogName = LogName.LOG) -> None:
        """Say that a log has grown."""
        self._parts[log].publisher.signed()

    def wait(self, index: int, seconds: float) -> None:
        """Wait a short while for an entry of the log to be published."""
        self._parts[LogName.LOG].publisher.wait(index, seconds)

    def pending(self, agency: str, *, log: LogName, old: int) -> bytes | None:
        """Return what a witness that has cosigned `old` entries is to cosign, waiting for it; None if nothing came.

        A later question of the same witness ends an earlier one: a connection that broke holds no place for long.
        Raises NotAMemberError to others than witnesses, BusyError where all places are taken.
        """
        part = self._part(log)
        self._require_witness(agency)
        self._comparison.asked(agency, old, log=log)
        turn = self._take_turn(agency, log)
        part.publisher.stir()
        if not self._polls.acquire(blocking=False):
            raise BusyError("too many witnesses wait here already", retry_after_seconds=5)
        try:
            until = self._timing.timer() + self._timing.poll_seconds
            wanted = part.publisher.wanted(agency, until=until, is_over=lambda: self._turns[agency, log] != turn)
        finally:
            self._polls.release()
        return None if wanted is None else _request(wanted, old, part.tile)

    def cosign(self, agency: str, note: bytes) -> int:
        """Take the cosignatures of a witness that came itself; return the published size.

        A checkpoint of this log that is not asked for is held against the database: a witness may know a larger tree.
        Raises NotAMemberError, a LedgerError for lines that are not good, NotFoundError or WitnessError for other notes.
        """
        self._require_witness(agency)
        parsed = parse_note(note)
        lines = "".join(line.format() for line in parsed.signatures).encode()
        for part in self._parts.values():
            gathering = part.publisher.asked_for(parsed.text)
            if gathering is not None:
                part.publisher.deliver(gathering, agency, gathering.verify(agency, lines))
                part.publisher.wait(gathering.target.size - 1, self._timing.linger_seconds)
                return part.publisher.shown
        self._comparison.hold(agency, note)
        raise NotFoundError("this checkpoint is not waiting for cosignatures")

    def _take_turn(self, agency: str, log: LogName) -> int:
        """Return a number that no other question of this witness has: of two that come at once, one ends the other."""
        with self._turn:
            self._turns[agency, log] += 1
            return self._turns[agency, log]

    def _part(self, log: LogName) -> Part:
        if log not in self._parts:
            raise NotFoundError("this service has no such log")
        return self._parts[log]

    def _require_witness(self, agency: str) -> None:
        """Raise unless the charter in force or the one before, whose quorum may be needed once more, names it."""
        with self._state.locked() as state:
            charters = state.membership.charters()[-2:]
        if not any(agency in charter.witness.agencies for _, charter in charters):
            raise NotAMemberError(f"{agency} is no witness of this log")


def _request(wanted: Gathering, old: int, read: ReadTile) -> bytes:
    target = wanted.target
    if old > target.size:
        raise BusyError("this witness has cosigned more than waits here", retry_after_seconds=5)
    proof: tuple[bytes, ...] = ()
    if 0 < old < target.size:
        proof = consistency_proof(size1=old, size2=target.size, read=read)
    return AddCheckpoint(old=old, proof=proof, checkpoint=target.note).format()


def open_publishing(  # noqa: PLR0913  the parts of the service that publishing needs, all by name
    config: Config,
    *,
    store: SqlStore,
    state: SharedState,
    keys: ServiceKeys,
    highest: HighestSigned,
    access: AccessLog,
    origin: str,
    clock: Callable[[], int],
    timing: Timing,
    connect: Connect | None = None,
) -> Publishing:
    """Return the publishing of a verified log; raise ConfigError if the addresses of its witnesses cannot be read."""
    addresses: Addresses = read_addresses(config.witnesses)
    links: dict[str, WitnessLink] = {
        agency: connect(url) if connect else Link(url, seconds=timing.request_seconds, timer=timing.timer)
        for agency, url in addresses.urls.items()
    }
    with state.locked() as known:
        charters = [charter for _, charter in known.membership.charters()]
    own = keys.named(origin)
    access_keys = tuple(dict.fromkeys([own.access, *(charter.log.access for charter in charters)]))
    comparison = Comparison(
        logs={
            LogName.LOG: ComparedLog(tree=store, origin=origin, keys=generations(own.vkeys, charters)),
            LogName.ACCESS: ComparedLog(tree=AccessStore(store), origin=access_origin(origin), keys=access_keys),
        },
        charter=charters[-1] if charters else None,
        links=links,
        timing=timing,
    )
    logs: tuple[SignedLog, ...] = (
        MainLog(store=store, state=state, highest=highest, origin=origin, lost=addresses.lost),
        access,
    )
    parts = {
        log.name: Part(
            publisher=Publisher(
                log=log,
                writer=database.writer(config.database),
                reader=database.readers(config.database, connections=1),
                links=links,
                comparison=comparison,
                clock=clock,
                timing=timing,
            ),
            tile=log.tile,
        )
        for log in logs
    }
    return Publishing(parts=parts, comparison=comparison, links=links, state=state, timing=timing)
