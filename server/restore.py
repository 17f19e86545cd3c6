"""Put a service back, and never let it sign what it could have signed differently before (docs/adr/0029).

A backup does not know what was signed after it. So a restore asks for evidence from outside: the highest-signed file
that survived in the folder, a checkpoint that somebody holds, a mirror. The largest of them becomes the highest-signed
file; a database that does not reach it may be read, and signs nothing until it is caught up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crypto import privatefile
from ledger.charterpayload import parse_charter
from ledger.errors import LedgerError
from ledger.fingerprints import of_file
from ledger.state import LogState
from ledger.wire import paths
from server import database, schema, tombstones
from server.accesscatching import catch_up_access
from server.backup import buried_in, copy_database, read_manifest
from server.catchingup import CaughtUp, catch_up
from server.config import Config
from server.errors import ConfigError, StartError
from server.evidence import Evidence, KeyPair, Mirror, generations, highest_of, open_evidence
from server.fsck import check_database
from server.highest import HighestSigned, require_reached
from server.servicefile import read_service_file
from server.store import SqlStore

CHECKPOINT = paths.CHECKPOINT.lstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the operator gives: a backup to put back (else the folder is brought up to date), and evidence."""

    backup: Path | None = None
    checkpoints: Sequence[Path] = ()
    mirror: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Where the database stands now, how far the log is known to have signed, and what was caught up."""

    size: int
    signed: int
    caught_up: CaughtUp | None

    @property
    def may_sign(self) -> bool:
        """Return whether a service may be started on it."""
        return self.size >= self.signed


def restore(config: Config, sources: Sources) -> Restored:
    """Put a backup back, or bring the database in the folder up to date, and say how far the log had signed.

    Raises ConfigError for what cannot be done with these sources, StartError if they contradict each other.
    """
    _require_evidence(config, sources)
    _require_no_orphan(config.database)
    if sources.backup is not None:
        _put_files(config, sources.backup)
    database_path = _database(config, sources.backup)
    evidence = _evidence(config, sources, database_path)
    target = highest_of(evidence)
    # The file before the database: a crash in between leaves a service that refuses, never one that forks.
    HighestSigned(config.highest).raise_to(target.raw)
    size, caught_up = _grow(database_path, config, evidence, sources.mirror)
    _put(config, database_path)
    return Restored(size=size, signed=target.checkpoint.size, caught_up=caught_up)


def _require_evidence(config: Config, sources: Sources) -> None:
    if not (config.highest.exists() or sources.checkpoints or sources.mirror):
        raise ConfigError(
            f"nothing says how far this log had signed: {config.highest} is lost. Ask the members, the auditors and "
            "the mirrors for the newest checkpoint that each holds, and give them all with --checkpoint or --from"
        )


def _require_no_orphan(path: Path) -> None:
    """Refuse what a killed service left behind: SQLite would replay it over whatever database takes the old one's name."""
    wal = database.wal_path(path)
    if wal.exists() and not path.exists():
        raise ConfigError(
            f"{wal} is there without its database: move it aside too, beside the database that it belongs to"
        )


def _put_files(config: Config, backup: Path) -> None:
    """Take over what the folder has lost; what it still has is newer than any backup."""
    read_manifest(backup)
    if config.database.exists():
        raise ConfigError(f"{config.database} is there: move it aside first, and keep it until the restore is done")
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    copied = Config(data=backup, fingerprint=b"")
    lost = (
        (copied.keystore, config.keystore),
        (copied.service, config.service),
        (copied.witnesses, config.witnesses),
        (copied.highest_access, config.highest_access),
    )
    for source, target in lost:
        if source.exists() and not target.exists():
            privatefile.replace(target, source.read_bytes())
    tombstones.add_names(config.tombstones, tombstones.read_names(copied.tombstones))


def _database(config: Config, backup: Path | None) -> Path:
    """Return the database to work on: the folder's own, or a fresh one that takes its place when it is whole."""
    if config.database.exists():
        database.require_unused(config.database)
        schema.migrate(config.database)
        return config.database
    staged = config.database.with_name(f"{config.database.name}.restoring")
    for leftover in (staged, database.wal_path(staged)):
        leftover.unlink(missing_ok=True)
    if backup is not None:
        copy_database(Config(data=backup, fingerprint=b"").database, staged)
    schema.migrate(staged)
    _require_whole(staged)
    return staged


def _require_whole(path: Path) -> None:
    report = check_database(path, progress=lambda _: None)
    if report.broken:
        first = report.findings[0]
        raise StartError(
            f"the backup is damaged ({first.check}: {first.table} row {first.row}): take another one, and see what is "
            "wrong with this one with `sealtrace-server fsck --database`"
        )


def _evidence(config: Config, sources: Sources, path: Path) -> list[Evidence]:
    """Return everything that was given, each signed by the log, after what the folder and the backup know."""
    files = [config.highest, *sources.checkpoints]
    if sources.backup is not None:
        files.append(Config(data=sources.backup, fingerprint=b"").highest)
    if sources.mirror is not None:
        files.append(sources.mirror / CHECKPOINT)
    origin, keys = _keys(config, path)
    own = {config.highest, Config(data=sources.backup or config.data, fingerprint=b"").highest}
    found = [file for file in files if file not in own or file.exists()]
    return [open_evidence(_read(file), source=str(file), origin=origin, keys=keys) for file in found]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read as a checkpoint: {error.strerror}") from error


def _keys(config: Config, path: Path) -> tuple[str, tuple[KeyPair, ...]]:
    service = read_service_file(config.service)
    engine = database.read_only(path)
    with engine.connect() as connection:
        files = connection.exec_driver_sql("SELECT file FROM charters ORDER BY ver DESC").scalars().all()
    engine.dispose()
    return service.origin, generations(service.log.vkeys, [parse_charter(file) for file in files])


def _grow(path: Path, config: Config, evidence: Sequence[Evidence], mirror: Path | None) -> tuple[int, CaughtUp | None]:
    """Catch up with the mirror, hold the database against all evidence, and return its size."""
    store = SqlStore(writer=database.writer(path), readers=database.readers(path, connections=1))
    try:
        caught_up = None if mirror is None else _catch_up(store, config, evidence, mirror)
        if mirror is not None:
            charters = [parse_charter(store.charter(ver)) for ver, _, _ in store.charter_entries()]
            catch_up_access(store, mirror, charters)
        _require_prefixes(store, evidence)
        return store.head().size, caught_up
    finally:
        store.close()


def _catch_up(store: SqlStore, config: Config, evidence: Sequence[Evidence], folder: Path) -> CaughtUp | None:
    mirror = Mirror(folder)
    target = next(one for one in evidence if one.source == str(folder / CHECKPOINT))
    if target.checkpoint.size <= store.head().size:
        return None
    return catch_up(store, state=_judge(store, config, mirror), mirror=mirror, target=target)


def _judge(store: SqlStore, config: Config, mirror: Mirror) -> LogState:
    """Return the judge where the database stands. `serve` holds the first charter against its pin, as at every start."""
    size = store.head().size
    try:
        first = store.charter(1) if size else mirror.charter(1)
        state = LogState(origin=read_service_file(config.service).origin, fingerprint=of_file(first))
        state.replay(store.judged_entries(0), size=size, charter_file=store.charter)
    except LedgerError as error:
        raise StartError(f"the log cannot be judged from its first charter on: {error}") from error
    return state


def _require_prefixes(store: SqlStore, evidence: Sequence[Evidence]) -> None:
    """Raise StartError unless every checkpoint that the database reaches is of its own tree."""
    size = store.head().size
    for one in evidence:
        if one.checkpoint.size <= size:
            require_reached(one.checkpoint, store)


def _put(config: Config, path: Path) -> None:
    """Delete what was expunged since, and put the database in its place."""
    tombstones.bury_in_file(path, tombstones.read_names(config.tombstones))
    tombstones.add_names(config.tombstones, buried_in(path))
    if path != config.database:
        path.replace(config.database)
    database.sync_file(config.database)
