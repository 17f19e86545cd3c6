"""`sealtrace watch` holds the access log against its witnesses too, and goes to witnesses below a path."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from clients.errors import HomeError
from clients.service import Service
from clients.transport import PrefixedTransport, Request, Response, Transport
from clients.watching import Round, Watch
from clients.watchingaccess import AccessRound
from clients.witnesslinks import connect_witness, named_witnesses, read_witnesses
from clients.witnessviews import Standing
from crypto.digests import sha256
from ledger.accesslog import FILL
from ledger.checkpoints import Checkpoint
from ledger.fingerprints import of_file
from ledger.fraud import verify_fraud
from ledger.identifiers import access_origin
from ledger.wire import paths
from ledger.witnesses import LogName
from tests.support.accesslogs import grow
from tests.support.loopback import LoopbackTransport
from tests.support.refusals import BUSY
from tests.support.witnessed import WitnessedWorld
from tests.support.witnessing import cosigned_note

A, B, C, D = "xaa-arms", "xab-arms", "xac-arms", "xad-arms"
GONE = Response(
    status=404,
    content_type=paths.PROBLEM_TYPE,
    body=b'{"type":"/problems/not-found","title":"t","status":404,"detail":"d","next":"n"}',
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WitnessedWorld]:
    """Return a service with four witnesses, and eight entries in its access log that all of them cosigned."""
    (tmp_path / "service").mkdir()
    found = WitnessedWorld(tmp_path / "service")
    found.found()
    grow(found, 1)
    yield found
    found.close()


class Witness:
    """The monitoring endpoint of a witness: what it cosigned last of each log."""

    def __init__(self, notes: Mapping[str, bytes]) -> None:
        """Take the notes by the path they stand at."""
        self._notes = notes
        self.asked: list[str] = []

    def send(self, request: Request, *, limit: int) -> Response:
        """Answer."""
        self.asked.append(request.path)
        found = self._notes.get(request.path)
        assert found is None or len(found) <= limit
        return Response(status=404 if found is None else 200, content_type=paths.TEXT_TYPE, body=found or b"")


def witnesses(world: WitnessedWorld, **others: Mapping[str, bytes]) -> dict[str, Transport]:
    """Return the four witnesses as they show what they cosigned, some of it replaced by origin."""
    shown: dict[str, Transport] = {}
    for name, one in world.cosigners.items():
        notes = {**one.notes, **others.get(name.removesuffix("-arms"), {})}
        shown[name] = Witness({paths_of(origin): note for origin, note in notes.items()})
    return shown


def paths_of(origin: str) -> str:
    """Return where a witness shows a log (C2SP tlog-witness)."""
    return f"/{sha256(origin.encode()).hex()}/checkpoint"


class Showing:
    """The network to a service, with something else shown on some paths."""

    def __init__(self, world: WitnessedWorld, shown: Mapping[str, Response]) -> None:
        """Take the service and what is shown in its place."""
        self._inner = LoopbackTransport(world.app)
        self._shown = shown
        self.asked: list[str] = []

    def send(self, request: Request, *, limit: int) -> Response:
        """Return what is shown."""
        self.asked.append(request.path)
        return self._shown.get(request.path) or self._inner.send(request, limit=limit)


def look(
    world: WitnessedWorld,
    folder: Path,
    others: Mapping[str, Transport] | None = None,
    shown: Mapping[str, Response] | None = None,
) -> tuple[Round, AccessRound, Showing]:
    """Look once."""
    network = Showing(world, shown or {})
    memory = Watch(folder / "watch", fingerprint=of_file(world.consortium.files[1]))
    found = memory.look(Service(network), others or witnesses(world), now=world.clock())
    assert found.access is not None
    return found, found.access, network


def access_of(world: WitnessedWorld) -> str:
    """Return the name of the access log."""
    return access_origin(world.consortium.origin)


def forked(world: WitnessedWorld, size: int, *agencies: str) -> bytes:
    """Return another tree of the access log, under its keys and those of some witnesses."""
    checkpoint = Checkpoint(origin=access_of(world), size=size, root=bytes([9]) * 32)
    times = dict.fromkeys(agencies, world.clock())
    return cosigned_note(checkpoint, world.consortium.charter, times, log=LogName.ACCESS)


def test_both_logs_are_compared_and_remembered(world: WitnessedWorld, tmp_path: Path) -> None:
    """All four agree on both; the next round reads only what is new of each."""
    found, access, _ = look(world, tmp_path)
    grow(world, 2)
    again, grown, network = look(world, tmp_path)
    state = (tmp_path / "watch" / "watched").read_bytes()

    assert (found.alarms, access.start, access.size) == ((), 0, FILL)
    assert {word.agency: word.standing for word in access.words} == dict.fromkeys((A, B, C, D), Standing.AGREES)
    assert (again.alarms, grown.start, grown.size) == ((), FILL, 2 * FILL)
    assert any("/access/tile/entries" in path for path in network.asked)
    assert json.loads(state)["access"]["size"] == 2 * FILL
    assert len(state) < 1_000


def test_attack_a_fork_of_the_access_log(world: WitnessedWorld, tmp_path: Path) -> None:
    """One witness was shown other questions than everybody else: the two convict the access log, and that witness shows it."""
    found, access, _ = look(world, tmp_path, witnesses(world, xad={access_of(world): forked(world, FILL, D)}))
    proofs = [name for name in found.proofs if name.startswith("fraud-")]
    convicted = verify_fraud((tmp_path / "watch" / proofs[0]).read_bytes(), charters=[world.consortium.files[1]])

    assert {word.agency for word in access.words if word.standing is Standing.FORK} == {D}
    assert found.is_fraud
    assert access_of(world) in convicted.who


def test_attack_rollback_of_the_access_log(world: WitnessedWorld, tmp_path: Path) -> None:
    """Questions that were asked are taken out again: what was verified once is remembered."""
    old = world.client.get(paths.ACCESS_CHECKPOINT).data
    grow(world, 2)
    look(world, tmp_path)
    shown = {paths.ACCESS_CHECKPOINT: Response(status=200, content_type=paths.TEXT_TYPE, body=old)}
    found, access, _ = look(world, tmp_path, shown=shown)

    assert [(one.kind, one.is_fraud) for one in found.alarms if one.kind == "access"] == [("access", True)]
    assert "smaller than it was" in access.alarms[0].what
    assert [name for name in found.proofs if name.startswith("evidence-")]


def test_attack_an_access_log_that_is_no_longer_shown(world: WitnessedWorld, tmp_path: Path) -> None:
    """Gone is less than it was."""
    look(world, tmp_path)
    found, access, _ = look(world, tmp_path, shown={paths.ACCESS_CHECKPOINT: GONE})

    assert [(one.kind, one.is_fraud) for one in access.alarms] == [("rollback", False)]
    assert found.alarms == access.alarms


def test_attack_an_access_log_that_was_never_shown(world: WitnessedWorld, tmp_path: Path) -> None:
    """A watch that begins after it was hidden hears of it from the witnesses, though the service says it is empty."""
    world.clock.advance(120)
    found, access, _ = look(world, tmp_path, shown={paths.ACCESS_CHECKPOINT: GONE})

    assert {word.standing for word in access.words} == {Standing.AHEAD}
    assert ("rollback", False) in {(one.kind, one.is_fraud) for one in found.alarms}
    assert "the log shows 0: it holds them back" in access.alarms[0].what


@pytest.mark.parametrize("silent", [Response(status=503, content_type="text/plain", body=b""), BUSY])
def test_attack_a_tile_of_the_access_log_withheld(world: WitnessedWorld, tmp_path: Path, silent: Response) -> None:
    """What nobody answers, or nobody has room to answer, is an alarm, and proves nothing against anybody."""
    look(world, tmp_path)
    grow(world, 2)
    shown = dict.fromkeys(("/access/tile/entries/000.p/16", "/access/tile/0/000.p/16"), silent)
    found, access, network = look(world, tmp_path, shown=shown)

    assert set(shown) & set(network.asked)
    assert [(one.kind, one.is_fraud) for one in access.alarms] == [("withheld", False)]
    assert found.access is not None
    assert found.access.checkpoint is None


def test_attack_freeze_of_the_access_log(world: WitnessedWorld, tmp_path: Path) -> None:
    """Its age tells, as the log's does."""
    world.clock.advance(1_801)
    _, access, _ = look(world, tmp_path)

    assert ("freeze", False) in {(one.kind, one.is_fraud) for one in access.alarms}


def test_attack_an_access_log_without_its_quorum(world: WitnessedWorld, tmp_path: Path) -> None:
    """Signed by the log alone, it may be shown to one watcher alone."""
    note = Response(status=200, content_type=paths.TEXT_TYPE, body=forked(world, 2 * FILL, A, B))
    found, _, _ = look(world, tmp_path, shown={paths.ACCESS_CHECKPOINT: note})

    assert found.is_fraud


def test_a_witness_below_a_path_is_asked_there(world: WitnessedWorld) -> None:
    """The prefix stands before every path; the host is connected to without it."""
    inner, hosts = Witness({}), []

    def connect(url: str) -> Transport:
        hosts.append(url)
        return inner

    link = connect_witness("https://agency.test/witness/log", connect)
    link.send(Request(method="GET", path="/healthz"), limit=10)
    bare = connect_witness("https://agency.test", connect)

    assert (hosts, inner.asked) == (["https://agency.test"] * 2, ["/witness/log/healthz"])
    assert isinstance(link, PrefixedTransport)
    assert bare is inner
    assert world.cosigners


def test_witnesses_are_named_or_read_from_a_file(tmp_path: Path) -> None:
    """In the operator's own form; what is none is refused with what to do."""
    file = tmp_path / "witnesses.toml"
    file.write_text('[witness]\nxaa-arms = "https://w.test/a/"\n', encoding="ascii")

    assert read_witnesses(file) == {"xaa-arms": "https://w.test/a"}
    assert named_witnesses(["xaa-arms=https://w.test/a/"]) == {"xaa-arms": "https://w.test/a"}
    for named in ("xaa-arms", "xaa-arms=ftp://w.test", "X=https://w.test", "xaa-arms=https://w.test/?q"):
        with pytest.raises(HomeError):
            named_witnesses([named])
    file.write_text("witness = 5", encoding="ascii")
    for path in (file, tmp_path / "nothing"):
        with pytest.raises(HomeError, match="cannot be used"):
            read_witnesses(path)
