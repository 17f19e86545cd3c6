"""Between durable and published: what is answered in the moment before the witnesses have cosigned what is logged."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from clients.sources import FolderLog
from crypto.signing import Algorithm
from ledger.accessaudit import audit_access
from ledger.checkpoints import open_checkpoint
from ledger.denied import DenialEvidence, verify_denied
from ledger.errors import ProofError
from ledger.identifiers import KeyId, StatementName, access_origin
from ledger.kinds import Role
from ledger.log import Head
from ledger.recordform import parse_record
from ledger.slips import Hit
from ledger.statements import SealedStatement
from ledger.terms import Limits
from ledger.tiles import TILE_WIDTH, TilePath
from ledger.wire import paths, schemas
from ledger.witnesses import LogName, open_published
from server.accessstore import AccessStore
from server.app import build_app
from server.exporting import export
from server.keys import ServiceKeys
from server.metrics import Metrics
from server.store import SqlStore
from tests.server.test_charter_life import second_generation
from tests.support.consortium import ORIGIN, Consortium, make_key
from tests.support.matching import A, B, MatchWorld, matching_keys, token
from tests.support.services import assert_problem
from tests.support.witnessed import WitnessedWorld, make_witnessed

C, D = "xac-arms", "xad-arms"
ENDINGS = ("supersede", "expunge", "renew")


@dataclass
class WindowWorld(MatchWorld, WitnessedWorld):
    """A service that matches under four witnesses; while two are away nothing more is shown."""

    consortium: Consortium = field(default_factory=make_witnessed)
    keys: ServiceKeys = field(default_factory=matching_keys)

    def hold(self) -> None:
        """Let what is logged from now on be durable and not shown."""
        self.hurry()
        for agency in (C, D):
            self.cosigners[agency].down = True

    def release(self) -> None:
        """Let the witnesses come back, and wait until all that is logged is shown."""
        for agency in (C, D):
            self.cosigners[agency].down = False
        self.until(lambda: self.published().size == self.service.store.head().size)

    def end_slip(self, how: str, name: StatementName) -> None:
        """Log what ends the slip of the record, the only one of its batch."""
        seq = self.consortium.state.chain(A).seq
        statements: dict[str, SealedStatement] = {
            "supersede": self.record(A, "shotgun", sup=name.jti),
            "expunge": self.consortium.expunge(A, name),
            "renew": self.renewal(A, seq, [(name, "revolver", Hit.OFF)]),
        }
        self.log(A, [statements[how]])


@dataclass
class Patient:
    """A publishing that is waited for: whoever does finds that the witnesses come."""

    world: WindowWorld
    waited: list[int] = field(default_factory=list)

    def wait(self, index: int, _seconds: float) -> None:
        """Have them come."""
        self.waited.append(index)
        self.world.release()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WindowWorld]:
    """Return a service that matches, all of whose log is shown."""
    found = WindowWorld(tmp_path)
    found.begin()
    yield found
    found.close()


def _next_keys(world: WindowWorld) -> ServiceKeys:
    keys = world.keys.successor
    assert keys is not None
    return keys


@pytest.fixture
def rotating(tmp_path: Path) -> Iterator[WindowWorld]:
    """Return such a service whose keystore holds the next generation of its keys."""
    successor = replace(second_generation(), matching=matching_keys().matching)
    found = WindowWorld(tmp_path, keys=replace(matching_keys(), successor=successor))
    found.begin()
    yield found
    found.close()


@pytest.mark.parametrize("how", ENDINGS)
def test_an_honest_service_convicts_itself_of_no_denied_hit(world: WindowWorld, how: str) -> None:
    """A slip that ended beyond the tree that is shown is asked about after the witnesses have seen where it ended."""
    record = world.record(A, "revolver")
    index = world.log(A, [record]).first
    question = world.question(token("revolver"))
    world.hold()
    world.end_slip(how, record.name)
    before = world.standing()

    refused = world.post_question(B, question)

    assert_problem(refused, "busy", 503)
    assert refused.headers["Retry-After"] == "2"
    assert world.standing() == before
    world.release()
    evidence = DenialEvidence(
        record=parse_record(record.entry),
        index=index,
        slip=record.blobs[0],
        question=question,
        answer=world.post_question(B, question).data,
    )
    assert world.verified(B, question).n > index + 2
    with pytest.raises(ProofError, match="not among those"):
        verify_denied(evidence, charter=world.consortium.current, ended=index + 2)


def test_a_question_waits_a_moment_for_the_witnesses_of_a_slip_that_ended(world: WindowWorld) -> None:
    """Who asks while they are about to answer is told, not refused."""
    name = world.log_weapon(A, "revolver")
    world.hold()
    world.end_slip("supersede", name)
    patient = Patient(world)
    service = replace(world.service, publishing=patient)  # type: ignore[arg-type]  # views only wait for it
    world.client = build_app(service, metrics=Metrics()).test_client()

    answer = world.ask(B, token("revolver"))

    size = service.store.head().size
    assert (answer.n, answer.slots, patient.waited) == (size, (), [size - 2])


def test_what_is_logged_and_not_shown_matches_nobody(world: WindowWorld) -> None:
    """An answer is about the tree that is shown, and says how large that is."""
    world.log_weapon(A, "revolver")
    shown = world.published().size
    world.hold()
    world.log_weapon(A, "revolver")

    answer = world.ask(B, token("revolver"))

    assert answer.n == shown
    assert len(answer.slots) == 1


def test_keys_that_nobody_was_shown_sign_nothing_that_anybody_reads(rotating: WindowWorld) -> None:
    """While a charter waits for its witnesses, answers and the access log are under the keys of the one before."""
    rotating.log_weapon(A, "revolver")
    rotating.hold()
    handed = rotating.post_charter(rotating.charter_file(logged=False, log=_next_keys(rotating).named(ORIGIN)))

    answer = rotating.ask(B, token("revolver"))
    rotating.service.tick()

    assert handed.status_code == 201
    assert len(answer.slots) == 1
    access = AccessStore(rotating.service.store).head()
    log = rotating.consortium.current.log
    assert open_checkpoint(access.checkpoint, origin=access_origin(ORIGIN), vkeys=log.access).size == access.size


def test_what_is_exported_of_the_access_log_is_under_its_quorum(world: WindowWorld, tmp_path: Path) -> None:
    """A folder holds what readers were shown, not what is signed and waits."""
    world.ask(B, token("revolver"))
    world.service.tick()
    size = AccessStore(world.service.store).head().size
    world.until(lambda: _access_size(world) == size)
    world.hold()
    world.ask(B, token("revolver"))
    world.service.tick()

    export(world.config.database, output=tmp_path / "out")

    folder = FolderLog(tmp_path / "out")
    charter = world.consortium.current
    shown = open_published(folder.access_checkpoint(), charter=charter, log=LogName.ACCESS).checkpoint
    audited = audit_access(folder.access_checkpoint(), charters=[charter], read=folder.access_tile)
    assert (shown.size, audited.checkpoint.size) == (size, size)
    assert AccessStore(world.service.store).head().size > size


def test_a_key_entry_that_waits_is_named_to_its_own_agency_alone(world: WindowWorld) -> None:
    """It signs on top of it; others could not be shown it, and would read nothing until the witnesses came."""
    before = _keys(world, B)
    world.hold()
    key = make_key(KeyId(A, 30), Role.SIGN, Algorithm.ED25519)
    logged = world.post_key(world.consortium.key_entry(A, add=[key]))
    size = world.service.store.head().size

    assert logged.status_code == 201
    assert (_keys(world, A), _keys(world, B)) == (size - 1, before)
    world.release()
    assert _keys(world, B) == size - 1


def _keys(world: WindowWorld, asker: str) -> int:
    return schemas.AGENCY_HEAD.read(world.get(asker, paths.agency_head(A)).data).keys


def _access_size(world: WindowWorld) -> int:
    published = AccessStore(world.service.store).published()
    return 0 if published is None else published.size


@pytest.mark.parametrize("name", LogName)
def test_a_tile_that_fills_up_while_it_is_read_is_found(
    tmp_path: Path, name: LogName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read with the tree that it would be cut from: between two statements a writer may have filled it."""
    world = MatchWorld(tmp_path)
    world.begin(limits=Limits(entries="open", lookups=2 * TILE_WIDTH))
    world.ask(B, token("revolver"))
    world.service.tick()
    store: SqlStore | AccessStore = world.service.store
    store = store if name is LogName.LOG else AccessStore(store)
    path = TilePath(level=0, index=0, width=8)
    before = store.tile(path)
    heads = type(store).head

    def fill(_store: SqlStore | AccessStore) -> Head:
        monkeypatch.undo()
        _fill(world, name)
        return heads(_store)

    monkeypatch.setattr(type(store), "head", fill)  # the writer comes exactly between the two

    assert store.tile(path) == before
    world.close()


def _fill(world: MatchWorld, name: LogName) -> None:
    if name is LogName.LOG:
        world.log(A, [world.record(A, "revolver") for _ in range(TILE_WIDTH)])
    else:
        for _ in range(TILE_WIDTH):
            world.ask(B, token("revolver"))
        world.service.tick()
