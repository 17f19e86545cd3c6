"""One running log: opened, verified, then handed to the views."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from crypto.startup import require_primitives
from ledger.charter import Charter, parse_charter
from ledger.checkpoints import open_checkpoint
from ledger.errors import LedgerError, NotAMemberError
from ledger.identifiers import access_origin
from ledger.notes import VerifierKey
from server import database, schema
from server.accesslog import AccessLog
from server.accessstore import AccessStore
from server.burials import Burials
from server.complaining import Complaining
from server.config import Config
from server.errors import StartError
from server.expiry import BoxExpiry
from server.highest import HighestSigned, require_reached
from server.keys import ServiceKeys
from server.matching import Matching
from server.noticing import Noticing
from server.publishing.publishing import Connect, Publishing, open_publishing
from server.publishing.timing import Timing
from server.reading import Reading
from server.sealed import Damage
from server.sequencer import Sequencer
from server.servicefile import ServiceFile, read_service_file
from server.startup import verify_store
from server.state import SharedState
from server.store import SqlStore
from server.submitting import Submitting
from server.telling import Telling
from server.ticking import Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts that views call; no view sees a table."""

    identity: ServiceFile
    state: SharedState
    reading: Reading
    submitting: Submitting
    matching: Matching
    noticing: Noticing
    telling: Telling
    complaining: Complaining
    ticker: Ticker
    sequencer: Sequencer
    publishing: Publishing
    store: SqlStore
    boxes: BoxExpiry
    damage: Damage
    clock: Callable[[], int]
    wait_seconds: float

    def charter(self) -> Charter | None:
        """Return the charter in force, or None while the first is still to come."""
        try:
            return self.state.charter()
        except NotAMemberError:
            return None

    def url(self) -> str:
        """Return the url that requests are signed for: the charter's, never what a Host header says."""
        charter = self.charter()
        return self.identity.url if charter is None else charter.url

    def tick(self) -> int:
        """Make a tick now, as the ticker does at its times; return how many entries the access log has gained."""
        return self.sequencer.run(self.noticing.tick)

    def close(self) -> None:
        """Finish what was taken, empty the write-ahead log into the file, close the connections."""
        self.ticker.close()
        self.submitting.close()
        self.publishing.close()
        self.store.close()


def open_service(
    config: Config,
    *,
    keys: ServiceKeys,
    clock: Callable[[], int],
    timing: Timing | None = None,
    connect: Connect | None = None,
) -> Service:
    """Open the log of `config`; raise StartError, signing nothing, unless all of it fits together."""
    require_primitives()
    with ExitStack() as undone:
        log = _open_log(config, keys, undone)
        access = AccessLog(
            store=AccessStore(log.store),
            state=log.state,
            highest=log.highest_access,
            origin=log.identity.origin,
            shown=log.store.published,
        )
        publishing = open_publishing(
            config,
            store=log.store,
            state=log.state,
            keys=keys,
            highest=log.highest,
            access=access,
            origin=log.identity.origin,
            clock=clock,
            timing=timing or Timing(),
            connect=connect,
        )
        service = _assemble(config, log, keys=keys, clock=clock, publishing=publishing)
        undone.pop_all()
    publishing.start()
    return service


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenLog:
    """A log whose parts were found to fit together; `highest` are the files of what it and its access log signed."""

    identity: ServiceFile
    store: SqlStore
    state: SharedState
    burials: Burials
    highest: HighestSigned
    highest_access: HighestSigned


def _open_log(config: Config, keys: ServiceKeys, undone: ExitStack) -> _OpenLog:
    """Open the database and hold it against everything beside it; `undone` closes it if what follows fails."""
    identity = read_service_file(config.service)
    highest, highest_access = HighestSigned(config.highest), HighestSigned(config.highest_access)
    signed = highest.read()
    try:
        store = _open_store(config)
        undone.callback(store.close)
        state = _verified_state(store, config, identity, keys)
        burials = Burials(store, config.tombstones)
        burials.start()
        require_reached(signed, store)
        _check_access_log(store, highest_access, identity, keys)
    except SQLAlchemyError as error:
        raise StartError("the database cannot be read: restore it, or ask for help before anything is lost") from error
    return _OpenLog(
        identity=identity, store=store, state=state, burials=burials, highest=highest, highest_access=highest_access
    )


def _assemble(
    config: Config, log: _OpenLog, *, keys: ServiceKeys, clock: Callable[[], int], publishing: Publishing
) -> Service:
    """Put what views call over an opened log."""
    store, state = log.store, log.state
    sequencer, damage = Sequencer(), Damage()
    matching = Matching(store=store, state=state, keys=keys, sequencer=sequencer, clock=clock)
    noticing = Noticing(store=store, state=state, keys=keys, matching=matching, publishing=publishing, clock=clock)
    submitting = Submitting(
        store=store,
        state=state,
        keys=keys,
        burials=log.burials,
        publishing=publishing,
        sequencer=sequencer,
        clock=clock,
        threads=config.verify_threads,
    )
    return Service(
        identity=log.identity,
        state=state,
        reading=Reading(
            store=store,
            state=state,
            highest=log.highest,
            damage=damage,
            waiting_since=lambda: publishing.pending_since or clock(),
        ),
        submitting=submitting,
        publishing=publishing,
        matching=matching,
        noticing=noticing,
        telling=Telling(store=store, state=state, highest=log.highest_access, clock=clock),
        complaining=Complaining(store=store, state=state, sequencer=sequencer, clock=clock),
        ticker=Ticker(lambda: sequencer.run(noticing.tick), interval_seconds=config.tick_seconds, clock=clock),
        sequencer=sequencer,
        store=store,
        boxes=BoxExpiry(store, submitting, clock=clock),
        damage=damage,
        clock=clock,
        wait_seconds=config.witness_wait_seconds,
    )


def _open_store(config: Config) -> SqlStore:
    schema.migrate(config.database)
    return SqlStore(
        writer=database.writer(config.database),
        readers=database.readers(config.database, connections=config.reader_connections),
    )


def _check_access_log(store: SqlStore, highest: HighestSigned, identity: ServiceFile, keys: ServiceKeys) -> None:
    """Check the access log as the log itself is checked; a service that had none begins one."""
    access, signers = AccessStore(store), _in_force(store, keys).for_access()
    origin = access_origin(identity.origin)
    if not highest.exists() and not access.head().size:
        highest.begin(signers, origin=origin)
    verify_store(access, origin=origin, vkeys=_access_keys(store, access, keys, identity))
    require_reached(highest.read(), access)


def _access_keys(
    store: SqlStore, access: AccessStore, keys: ServiceKeys, identity: ServiceFile
) -> tuple[VerifierKey, ...]:
    """Return the keys that signed the access log's head: those of an earlier charter, if nothing was asked since."""
    head = access.head()
    charters = [parse_charter(store.charter(ver)) for ver, _, _ in store.charter_entries()]
    for charter in reversed(charters):
        vkeys = charter.log.access
        with suppress(LedgerError):
            open_checkpoint(head.checkpoint, origin=access_origin(identity.origin), vkeys=vkeys)
            return vkeys
    return _in_force(store, keys).named(identity.origin).access


def _verified_state(store: SqlStore, config: Config, identity: ServiceFile, keys: ServiceKeys) -> SharedState:
    state = SharedState(origin=identity.origin, fingerprint=config.fingerprint)
    try:
        verify_store(store, origin=identity.origin, vkeys=_in_force(store, keys).named(identity.origin).vkeys)
        state.catch_up(store)
    except (LedgerError, TypeError) as error:
        # A TypeError is a row of another type than was ever written: somebody had a database shell.
        raise StartError(f"the log in the database is not one that this service wrote: {error}") from error
    if store.head().size:
        keys.require_named_by(state.charter())
        keys.matching.require_named_by(state.charter())
    return state


def _in_force(store: SqlStore, keys: ServiceKeys) -> ServiceKeys:
    """Return the generation that the newest charter names; the first while there is none."""
    versions = store.charter_entries()
    return keys.require_named_by(parse_charter(store.charter(versions[-1][0]))) if versions else keys
