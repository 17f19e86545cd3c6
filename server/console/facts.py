"""What the pages show, as values: read from the running service, never from what is sealed."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from crypto.encoding import b64
from ledger import fingerprints
from ledger.charter import Charter
from ledger.checkpoints import Checkpoint
from server import database, lastrun
from server.census import AgencyCount, BatchLine, Census, MatchingCount, Totals
from server.config import Config
from server.errors import StartError
from server.highest import HighestSigned
from server.lastrun import LastRun
from server.publishing.asker import Standing
from server.service import Service

BATCHES_A_PAGE = 50
_DAMAGED_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFacts:
    """Where the log stands. `signed` is what the highest-signed file says, None if it cannot be read.

    `pending_since` is when something signed began to wait for its witnesses, `not_signing` why nothing may be signed.
    `damaged` counts sealed blobs that readers asked for and that do not fit their statements.
    """

    origin: str
    size: int
    root: str
    totals: Totals
    matching: MatchingCount
    signed: Checkpoint | None
    started: int
    is_taking: bool
    published: int
    pending_since: int | None
    not_signing: str | None
    witnesses: Sequence[Standing]
    damaged: int
    first_damaged: Sequence[tuple[int, str]]

    @property
    def agrees(self) -> bool:
        """Return whether the highest-signed file is not ahead of the log."""
        return self.signed is not None and self.signed.size <= self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterFacts:
    """The charter in force, and the fingerprint of the first one as members compare it by telephone."""

    charter: Charter
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """What only the operator is shown: bytes of the database, of its write-ahead log, free on the disk; the last backup."""

    database_bytes: int
    wal_bytes: int
    free_bytes: int
    backup: LastRun | None
    is_backup_overdue: bool


class Facts:
    """Reads what the pages show."""

    def __init__(self, service: Service, config: Config) -> None:
        """Take the running service and the folder it runs in."""
        self._service = service
        self._config = config
        self._census = Census(config.database)
        self._started = service.clock()

    def close(self) -> None:
        """Close the connections."""
        self._census.close()

    @property
    def origin(self) -> str:
        """Return the log's name."""
        return self._service.identity.origin

    def log(self) -> LogFacts:
        """Return where the log stands."""
        head, published = self._service.store.head(), self._service.store.published()
        publishing = self._service.publishing
        return LogFacts(
            origin=self._service.identity.origin,
            size=head.size,
            root=b64(head.tree.root()),
            totals=self._census.totals(),
            matching=self._census.matching(),
            signed=self._signed(),
            started=self._started,
            is_taking=self._service.submitting.is_alive,
            published=0 if published is None else published.size,
            pending_since=publishing.pending_since,
            not_signing=publishing.not_compared(),
            witnesses=publishing.standings(),
            damaged=self._service.damage.count,
            first_damaged=self._service.damage.first(_DAMAGED_SHOWN),
        )

    def charter(self) -> CharterFacts | None:
        """Return the charter in force; None while the first is still to come."""
        charter = self._service.charter()
        if charter is None:
            return None
        return CharterFacts(charter=charter, fingerprint=fingerprints.to_words(self._config.fingerprint))

    def agencies(self) -> Sequence[AgencyCount]:
        """Return how much each agency has logged."""
        return self._census.agencies()

    def batches(self, *, before: int | None) -> Sequence[BatchLine]:
        """Return a page of batches, the newest first."""
        end = self._service.store.head().size if before is None else before
        return self._census.recent(before=end, limit=BATCHES_A_PAGE)

    def fsck(self) -> LastRun | None:
        """Return the last check of every stored byte."""
        return lastrun.read(self._config.data / lastrun.FSCK)

    def machine(self) -> MachineFacts:
        """Return what the operator has to look after."""
        wal = database.wal_path(self._config.database)
        backup = lastrun.read(self._config.data / lastrun.BACKUP)
        return MachineFacts(
            database_bytes=self._config.database.stat().st_size,
            wal_bytes=wal.stat().st_size if wal.exists() else 0,
            free_bytes=shutil.disk_usage(self._config.data).free,
            backup=backup,
            is_backup_overdue=backup is not None and lastrun.is_overdue(backup, now=self._service.clock()),
        )

    def _signed(self) -> Checkpoint | None:
        try:
            return HighestSigned(self._config.highest).read()
        except StartError:
            return None
