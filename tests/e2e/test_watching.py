"""`sealtrace watch`: fork, rollback and freeze between a log and its witnesses are alarms, with evidence."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from clients.errors import ClientError, TrustError, UnreachableError
from clients.service import Service
from clients.transport import Request, Response, Transport
from clients.watching import Round, Watch
from clients.witnessviews import Standing
from crypto.digests import sha256
from ledger.checkpoints import Checkpoint
from ledger.errors import LedgerError
from ledger.fingerprints import of_file, to_words
from ledger.fraud import verify_fraud
from ledger.identifiers import access_origin
from ledger.notes import format_note, parse_note
from ledger.wire import paths
from tests.support.commands import command
from tests.support.loopback import LoopbackTransport, found_consortium
from tests.support.refusals import BUSY
from tests.support.witnessed import WitnessedWorld
from tests.support.witnessing import cosigned_note

A, B, C, D = "xaa-arms", "xab-arms", "xac-arms", "xad-arms"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WitnessedWorld]:
    """Return a service with four witnesses and two batches, all of it published."""
    (tmp_path / "service").mkdir()
    found = WitnessedWorld(tmp_path / "service")
    found.found()
    found.until(lambda: len(parse_note(found.client.get(paths.CHECKPOINT).data).signatures) == 10)
    for agency in (A, B):
        found.log(agency, [found.consortium.grant(agency, [])])
    found.until(lambda: found.published().size == 5 and len(_lines(found)) == 10)
    yield found
    found.close()


def _lines(world: WitnessedWorld) -> tuple[object, ...]:
    return parse_note(world.client.get(paths.CHECKPOINT).data).signatures


class Showing:
    """The network to a service, with something else shown on some paths."""

    def __init__(self, world: WitnessedWorld, shown: Mapping[str, bytes]) -> None:
        """Take the service and what is shown in its place."""
        self._inner = LoopbackTransport(world.app)
        self._shown = shown
        self.asked: list[str] = []

    def send(self, request: Request, *, limit: int) -> Response:
        """Return what is shown."""
        self.asked.append(request.path)
        if request.path in self._shown:
            return Response(status=200, content_type=paths.TEXT_TYPE, body=self._shown[request.path])
        return self._inner.send(request, limit=limit)


class Witness:
    """The monitoring endpoint of a witness (C2SP tlog-witness)."""

    def __init__(self, note: bytes | None, *, status: int = 200) -> None:
        """Take what it shows; None if it does not answer."""
        self._note = note
        self._status = status
        self.asked: list[str] = []

    def send(self, request: Request, *, limit: int) -> Response:
        """Answer."""
        self.asked.append(request.path)
        if self._note is None:
            raise UnreachableError("no witness here")
        assert len(self._note) <= limit
        return Response(status=self._status, content_type=paths.TEXT_TYPE, body=self._note)


def witnesses(world: WitnessedWorld, **others: Witness) -> dict[str, Transport]:
    """Return the four witnesses as they show what they cosigned, some replaced."""
    origin = world.consortium.origin
    honest = {name: Witness(one.notes[origin]) for name, one in world.cosigners.items()}
    return {**honest, **{f"{name}-arms": one for name, one in others.items()}}


def watch(world: WitnessedWorld, folder: Path) -> Watch:
    """Return the watch in a folder."""
    return Watch(folder / "watch", fingerprint=of_file(world.consortium.files[1]))


def look(
    world: WitnessedWorld,
    folder: Path,
    others: Mapping[str, Transport] | None = None,
    shown: Mapping[str, bytes] | None = None,
) -> Round:
    """Look once."""
    service = Service(Showing(world, shown or {}))
    return watch(world, folder).look(service, others or witnesses(world), now=world.clock())


def cosigned(world: WitnessedWorld, checkpoint: Checkpoint, *agencies: str) -> bytes:
    """Return a checkpoint under the log's keys and those of some witnesses, now."""
    return cosigned_note(checkpoint, world.consortium.charter, dict.fromkeys(agencies, world.clock()))


def fork_of(world: WitnessedWorld, size: int) -> Checkpoint:
    """Return another tree of the log."""
    return Checkpoint(origin=world.consortium.origin, size=size, root=bytes([7]) * 32)


def kinds(found: Round) -> set[tuple[str, bool]]:
    """Return the alarms of a round."""
    return {(alarm.kind, alarm.is_fraud) for alarm in found.alarms}


def test_a_log_and_its_witnesses_agree(world: WitnessedWorld, tmp_path: Path) -> None:
    """Everything new is verified, all four show the same, and nothing is an alarm."""
    found = look(world, tmp_path)

    assert (found.start, found.batches, found.alarms, found.proofs) == (0, 2, (), ())
    assert {word.agency: (word.standing, word.size) for word in found.words} == dict.fromkeys(
        (A, B, C, D), (Standing.AGREES, 5)
    )


def test_only_what_is_new_is_fetched(world: WitnessedWorld, tmp_path: Path) -> None:
    """A round in which nothing came fetches no entry; the next batch alone is verified after that."""
    look(world, tmp_path)
    quiet = Showing(world, {})
    again = watch(world, tmp_path).look(Service(quiet), witnesses(world), now=world.clock())
    world.log(A, [world.consortium.grant(A, [])])
    new = look(world, tmp_path)

    assert (again.start, again.batches) == (5, 0)
    assert not [path for path in quiet.asked if "entries" in path]
    assert (new.start, new.batches) == (5, 1)


def test_what_must_be_remembered_is_small(world: WitnessedWorld, tmp_path: Path) -> None:
    """The pin and `watched` make less than 1 kB; without the rest the watch goes on, and still cannot be rolled back."""
    old = world.client.get(paths.CHECKPOINT).data
    world.log(A, [world.consortium.grant(A, [])])
    look(world, tmp_path)
    folder = tmp_path / "watch"
    kept = {name: (folder / name).read_bytes() for name in ("watched", "trusted/anchor")}
    shutil.rmtree(folder)
    for name, raw in kept.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)

    assert sum(map(len, kept.values())) < 1_000
    with pytest.raises(TrustError, match="verified up to entry 7"):
        look(world, tmp_path, shown={paths.CHECKPOINT: old})
    assert look(world, tmp_path).start == 7


def test_attack_a_fork_that_one_witness_was_shown(world: WitnessedWorld, tmp_path: Path) -> None:
    """Another tree of the same size under a witness's keys: an alarm, and a proof that convicts the log."""
    fork = cosigned(world, fork_of(world, 5), D)
    found = look(world, tmp_path, witnesses(world, xad=Witness(fork)))
    files = list(world.consortium.files.values())
    proofs = [name for name in found.proofs if name.startswith("fraud-")]
    convicted = [verify_fraud((tmp_path / "watch" / name).read_bytes(), charters=files).who for name in proofs]

    assert kinds(found) == {("fork", True)}
    assert (world.consortium.origin,) in convicted
    assert (world.consortium.origin, D) in convicted
    assert {word.agency for word in found.words if word.standing is Standing.FORK} == {D}
    assert [(tmp_path / "watch" / name).read_bytes() for name in found.proofs if "evidence" in name] == [fork]


def test_attack_a_fork_at_an_earlier_size(world: WitnessedWorld, tmp_path: Path) -> None:
    """A smaller tree that the log no longer begins with is proved with the log's own tiles."""
    found = look(world, tmp_path, witnesses(world, xad=Witness(cosigned(world, fork_of(world, 3), D))))

    assert kinds(found) == {("fork", True)}
    assert [name for name in found.proofs if name.startswith("fraud-")]


def test_attack_two_witnesses_ahead_on_two_histories(world: WitnessedWorld, tmp_path: Path) -> None:
    """Neither is what the log shows yet, and both cannot be true: two notes of one size convict."""
    one = cosigned(world, fork_of(world, 9), C)
    other = cosigned(world, Checkpoint(origin=world.consortium.origin, size=9, root=bytes(32)), D)
    found = look(world, tmp_path, witnesses(world, xac=Witness(one), xad=Witness(other)))

    assert kinds(found) == {("fork", True)}
    assert [name for name in found.proofs if name.startswith("fraud-")]


def test_attack_a_log_that_shows_less_than_a_witness_cosigned(world: WitnessedWorld, tmp_path: Path) -> None:
    """A moment is what publishing takes; a minute is an alarm."""
    old = world.client.get(paths.CHECKPOINT).data
    world.log(A, [world.consortium.grant(A, [])])
    world.until(lambda: all(one.held[world.consortium.origin].size == 7 for one in world.cosigners.values()))
    at_once = look(world, tmp_path, shown={paths.CHECKPOINT: old})
    world.clock.advance(61)
    later = look(world, tmp_path, shown={paths.CHECKPOINT: old})

    assert kinds(at_once) == set()
    assert {word.standing for word in at_once.words} == {Standing.AHEAD}
    assert kinds(later) == {("rollback", False)}
    assert len(later.alarms) == 4


def test_attack_freeze(world: WitnessedWorld, tmp_path: Path) -> None:
    """A log that goes on showing an old checkpoint that nobody vouches for any more."""
    frozen = world.client.get(paths.CHECKPOINT).data
    world.clock.advance(1_801)
    found = look(world, tmp_path, shown={paths.CHECKPOINT: frozen})

    assert ("freeze", False) in kinds(found)


def test_attack_rollback(world: WitnessedWorld, tmp_path: Path) -> None:
    """A checkpoint from before the last round stops the watch, and is kept."""
    old = world.client.get(paths.CHECKPOINT).data
    world.log(A, [world.consortium.grant(A, [])])
    look(world, tmp_path)

    with pytest.raises(TrustError, match="now shows 5"):
        look(world, tmp_path, shown={paths.CHECKPOINT: old})
    assert list((tmp_path / "watch" / "trusted").glob("evidence-*"))


def test_a_witness_proves_nothing_without_its_keys(world: WitnessedWorld, tmp_path: Path) -> None:
    """No answer, an error, nothing yet, rubbish, another witness's word, a fork without one of its two keys: no alarm."""
    fork = cosigned(world, fork_of(world, 5), D)
    note = parse_note(fork)
    half = format_note(note.text, note.signatures[:-1])
    cases = {
        Witness(None): Standing.SILENT,
        Witness(b"", status=500): Standing.SILENT,
        Witness(b"", status=404): Standing.NOTHING,
        Witness(b"rubbish"): Standing.UNSIGNED,
        Witness(cosigned(world, fork_of(world, 5), C)): Standing.UNSIGNED,
        Witness(half): Standing.UNSIGNED,
    }
    for number, (witness, standing) in enumerate(cases.items()):
        found = look(world, tmp_path / str(number), witnesses(world, xad=witness))

        assert {word.agency: word.standing for word in found.words}[D] is standing
        assert found.alarms == ()
        origins = (world.consortium.origin, access_origin(world.consortium.origin))
        assert witness.asked == [f"/{sha256(origin.encode()).hex()}/checkpoint" for origin in origins]


def test_a_witness_that_lags_is_told_and_no_alarm(world: WitnessedWorld, tmp_path: Path) -> None:
    """It may be behind on the same history: an hour is what the specification allows."""
    origin = world.consortium.origin
    behind = Witness(world.cosigners[D].notes[origin])
    world.log(A, [world.consortium.grant(A, [])])
    found = look(world, tmp_path, witnesses(world, xad=behind))

    assert {word.agency: word.standing for word in found.words}[D] is Standing.BEHIND
    assert found.alarms == ()


@pytest.mark.parametrize("path", ["/tile/entries/000.p/5", "/tile/0/000.p/5"])
def test_attack_altered_entries(world: WitnessedWorld, tmp_path: Path, path: str) -> None:
    """An entry that is not the tree's stops the round; the watch stays where it was."""
    raw = bytearray(world.client.get(path).data)
    raw[-1] ^= 1

    with pytest.raises((LedgerError, ClientError)):
        look(world, tmp_path, shown={path: bytes(raw)})
    assert not (tmp_path / "watch" / "watched").exists()


def test_a_damaged_memory_is_named(world: WitnessedWorld, tmp_path: Path) -> None:
    """It is not taken for an empty one."""
    look(world, tmp_path)
    (tmp_path / "watch" / "watched").write_bytes(b"{}")

    with pytest.raises(TrustError, match="watched is damaged"):
        look(world, tmp_path)


def test_a_watch_that_goes_on_outlives_a_service_without_room(tmp_path: Path) -> None:
    """A service that starts anew behind its front is busy for a while: asked again, it is no alarm."""
    walk = found_consortium(tmp_path, "xar-arms", "xbe-cib")
    place = (
        "watch",
        "https://ledger.test",
        "--charter",
        to_words(walk.fingerprint),
        "--state",
        str(tmp_path / "watch"),
    )
    answers = iter([BUSY])

    class Busy:
        def send(self, request: Request, *, limit: int) -> Response:
            return next(answers, None) or walk.transport.send(request, limit=limit)

    on = command(walk, *place, "--every", "1", transport=Busy())

    assert (on.code, "tried again" in on.notes) == (4, True)
    walk.close()


def test_the_command_watches_until_there_is_an_alarm(tmp_path: Path) -> None:
    """By address and fingerprint, or as a home has them; an outage is told; exit 4 where nobody witnesses."""
    walk = found_consortium(tmp_path, "xar-arms", "xbe-cib")
    words = to_words(walk.fingerprint)
    place = ("watch", "https://ledger.test", "--charter", words, "--state", str(tmp_path / "watch"))
    asked = 0

    class Away:
        def send(self, request: Request, *, limit: int) -> Response:
            nonlocal asked
            asked += 1
            if asked == 1:
                raise UnreachableError("nobody there")
            return walk.transport.send(request, limit=limit)

    first = command(walk, *place, "--json")
    by_home = command(walk, "watch", "--state", str(tmp_path / "other"), "--allow-unwitnessed", home="xar-arms")
    on = command(walk, *place, "--every", "1", transport=Away())
    compared = command(walk, *place, "--witness", "xar-arms=https://w.test")

    assert (first.code, json.loads(first.output)["alarms"], by_home.code) == (4, [], 0)
    assert (on.code, "tried again" in on.notes) == (4, True)
    assert "xar-arms: has cosigned nothing yet" in compared.output
    (walk.homes["xar-arms"].path / "witnesses.toml").write_text(
        '[witness]\nxbe-cib = "https://w.test/x"\n', encoding="ascii"
    )
    (tmp_path / "list").write_text('[witness]\nxar-arms = "https://w.test"\n', encoding="ascii")
    by_own_file = command(walk, "watch", "--state", str(tmp_path / "third"), home="xar-arms")
    by_file = command(walk, *place, "--witnesses", str(tmp_path / "list"))
    assert "xbe-cib: " in by_own_file.output
    assert "xar-arms: has cosigned nothing yet" in by_file.output
    assert command(walk, *place, "--witnesses", str(tmp_path / "nothing")).code == 2
    assert command(walk, *place, "--witness", "nonsense").code == 2
    assert command(walk, *place, "--witness", "xar-arms").code == 2
    walk.close()
