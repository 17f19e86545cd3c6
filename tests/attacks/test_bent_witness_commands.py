"""What the commands read of witnesses, bent in one thing at a time: the witness a watch asks, and what a log shows of its own."""

import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest

from clients.cli.exits import Exit
from clients.session import World
from clients.transport import Request, Response, Transport
from crypto.digests import sha256
from ledger.checkpoints import claimed_size
from ledger.fingerprints import of_file, to_words
from ledger.notes import parse_note
from ledger.wire import paths
from tests.attacks.test_bent_witness_answers import EACH, READ
from tests.support.adversary import LyingServer, bends
from tests.support.commands import Result, run_in
from tests.support.loopback import URL, LoopbackTransport
from tests.support.witnessed import WitnessedWorld

A, B = "xaa-arms", "xab-arms"
WITNESSES = {agency: f"https://{agency}.test" for agency in (A, B)}
UNHEARD = {"nothing", "silent", "unsigned"}
WATCHED, READING = 40, 20


@dataclass
class Shown:
    """A witness as a watch meets it: the log's checkpoint under its two keys, bent or not."""

    note: bytes = field(repr=False)
    bend: Callable[[Response], Response] = lambda true: true

    def send(self, request: Request, *, limit: int) -> Response:
        """Answer the monitoring GET of one log."""
        if request.path != MONITORED:
            return Response(status=404, content_type=paths.TEXT_TYPE, body=b"")
        answer = self.bend(Response(status=200, content_type=paths.TEXT_TYPE, body=self.note))
        return replace(answer, body=answer.body[:limit])


MONITORED = f"/{sha256(b'log.test/weapons').hex()}/checkpoint"


@dataclass
class Scene:
    """A published log of four witnesses, and whoever watches, copies and audits it as a stranger."""

    service: WitnessedWorld
    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    def world(self) -> World:
        """Return the clock of the service."""
        return World(clock=self.service.clock, token_bytes=secrets.token_bytes, sleep=lambda _seconds: None)

    def type(self, *words: str, server: Transport, others: dict[str, Transport] | None = None) -> Result:
        """Type a command."""
        pin = to_words(of_file(self.service.consortium.files[1]))
        return run_in([*words, "--charter", pin, "--json"], self, server, others=others)

    def fresh(self) -> str:
        """Return a folder for what a command remembers: a copy of what it remembered before the lie."""
        place = self.folder / f"{next(self.numbers)}"
        if (self.folder / "before").exists():
            shutil.copytree(self.folder / "before", place)
        return str(place)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give a log with a batch, published under all four."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "service").mkdir()
    world = WitnessedWorld(folder / "service")
    world.found()
    world.log(A, [world.consortium.grant(A, [])])
    world.until(lambda: claimed_size(shown(world)) == 3 and len(parse_note(shown(world)).signatures) == 10)
    yield Scene(world, folder)
    world.close()


def shown(world: WitnessedWorld) -> bytes:
    """Return the checkpoint that readers see."""
    return world.client.get(paths.CHECKPOINT).data


def test_every_answer_of_a_witness_is_bent() -> None:
    """Those that the library reads and those that commands read: with the service's own, far more than 500."""
    assert EACH * len(READ) + WATCHED + READING * len(COMMANDS) >= 300


def test_attack_a_bent_answer_of_a_witness_told_to_a_watch(scene: Scene) -> None:
    """Forty ways: it is not heard, or it says what it said; it accuses nobody, and takes nobody else's word away."""
    world = scene.service
    notes = {agency: world.cosigners[agency].notes[world.consortium.origin] for agency in WITNESSES}
    server = LoopbackTransport(world.app)
    asked = [f"--witness={agency}={url}" for agency, url in WITNESSES.items()]

    def look(bend: Callable[[Response], Response]) -> Result:
        others: dict[str, Transport] = {WITNESSES[A]: Shown(notes[A], bend), WITNESSES[B]: Shown(notes[B])}
        return scene.type("watch", URL, "--state", scene.fresh(), *asked, server=server, others=others)

    true = look(lambda answer: answer)
    assert (true.code, standings(true)) == (Exit.DONE, {A: "agrees", B: "agrees"}), true
    outcome: Counter[str] = Counter()
    answer = Response(status=200, content_type=paths.TEXT_TYPE, body=notes[A])
    for bent in bends(answer, others=[notes[B], b""], seed="watch", count=WATCHED):
        told = look(bent.bend)
        assert told.code == Exit.DONE, (bent, told)
        assert told.json["alarms"] == [], bent
        assert told.json["proofs"] == [], bent
        assert standings(told)[B] == "agrees", bent
        outcome[standings(told)[A]] += 1

    assert set(outcome) <= {*UNHEARD, "agrees"}
    assert sum(outcome[word] for word in UNHEARD) > WATCHED * 3 // 4, outcome


def standings(told: Result) -> dict[str, str]:
    """Return how what each witness shows stands to what the log shows."""
    return {word["agency"]: word["standing"] for word in told.json["witnesses"]}


def watch(scene: Scene, server: Transport) -> Result:
    """Watch a log, without asking its witnesses."""
    return scene.type("watch", URL, "--state", scene.fresh(), server=server)


def mirror(scene: Scene, server: Transport) -> Result:
    """Copy a log."""
    return scene.type("mirror", URL, "--to", scene.fresh(), server=server)


def audit(scene: Scene, server: Transport) -> Result:
    """Audit a log."""
    return scene.type("audit", "--url", URL, server=server)


COMMANDS = [watch, mirror, audit]


@pytest.mark.parametrize("reading", COMMANDS, ids=[one.__name__ for one in COMMANDS])
def test_attack_a_bent_published_checkpoint_told_to_a_command(
    scene: Scene, reading: Callable[[Scene, Transport], Result]
) -> None:
    """What its witnesses cosigned, or nothing: whatever else is shown ends in words and an exit code of ours."""
    server = LyingServer(LoopbackTransport(scene.service.app))
    true = reading(scene, server)
    answer = server.heard["checkpoint"][0]
    others = [one.body for name in server.heard for one in server.heard[name] if one.body != answer.body]
    refused = 0
    assert true.code == Exit.DONE, true
    for bent in bends(answer, others=others, seed=reading.__name__, count=READING):
        done = reading(scene, server.lying("checkpoint", bent.bend))
        assert done.code in set(Exit), bent
        assert "Traceback" not in done.notes + done.output, bent
        if done.code != Exit.DONE:
            refused += 1
            continue
        assert {name: done.json[name] for name in ("size", "root") if name in true.json} == {
            name: true.json[name] for name in ("size", "root") if name in true.json
        }, bent

    assert refused > READING // 2
