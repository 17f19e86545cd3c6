"""The story and the drill stop at the first step that does not lead where it must, and touch nobody's files."""

import json
import socket
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from clients.agency import create_auditor
from clients.cli.edge import Edge
from clients.cli.exits import Exit
from clients.home import HomeConfig
from clients.story import stage as stage_module
from clients.story import weapon
from clients.story.asking import Asking
from clients.story.cast import ARMS, BUREAU, OUTBOUND, PARTNER, WITNESSES
from clients.story.chapters import Story
from clients.story.drill import Drill, require_newer
from clients.story.evidence import Evidence
from clients.story.mending import Mending
from clients.story.scene import Scene
from clients.story.splitting import SplitView
from clients.story.stage import Stage, StoryError
from clients.story.telling import Telling
from ledger.wire.paths import CHECKPOINT
from ledger.witnesses import policy_of
from tests.support.consortium import make_consortium
from tests.support.keystores import WEAK
from tests.support.witnesses import over_http

Answer = tuple[int, str]


class Script:
    """A command line that answers as a test says: by the first words of the command."""

    def __init__(self, **answers: Answer) -> None:
        """Take what to answer; a command that is not named ends well and says nothing."""
        self.typed: list[tuple[str, ...]] = []
        self._answers = answers

    def __call__(self, arguments: Sequence[str], edge: Edge) -> int:
        """Run one command."""
        self.typed.append(tuple(arguments))
        code, said = self._answers.get(arguments[0], (0, ""))
        edge.write(said)
        edge.note("a note on the way")
        return code


def telling() -> Telling:
    """Return a telling that nobody reads."""
    return Telling(write=lambda _text: None, seconds=lambda: 0.0)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Give a stage on an empty folder, with passphrases of two members."""
    found = Stage(data=tmp_path / "story", port=1)
    found.clear()
    for member in (ARMS, PARTNER):
        found.draw_passphrase(member)
    return found


def drill(stage: Stage, script: Script) -> Drill:
    """Return a drill whose commands answer by the script."""
    return Drill(stage=stage, telling=telling(), type_command=script)


def test_a_folder_that_holds_other_files_is_left_alone(tmp_path: Path) -> None:
    """A mistyped DATA must not cost anybody a folder."""
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(StoryError, match="holds other files") as caught:
        Stage(data=tmp_path, port=1).clear()

    assert "DATA=dir" in caught.value.next_step
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_the_folder_of_an_earlier_story_is_made_new(stage: Stage) -> None:
    """What that one left is gone; homes are open to their owner alone."""
    (stage.data / "report.json").write_text("{}", encoding="utf-8")
    stage.clear()

    assert [path.name for path in sorted(stage.data.iterdir())] == [".sealtrace-story", "agencies"]
    assert (stage.data / "agencies").stat().st_mode & 0o777 == 0o700


def test_passphrases_are_drawn_anew_and_private(stage: Stage) -> None:
    """Two members, two passphrases, for the owner of the folder alone."""
    files = [stage.passphrase_file(member) for member in (ARMS, PARTNER)]

    assert files[0].read_text(encoding="ascii") != files[1].read_text(encoding="ascii")
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    with pytest.raises(FileExistsError):
        stage.draw_passphrase(ARMS)


def test_a_member_sees_its_own_home_and_passphrase(stage: Stage) -> None:
    """What it writes and notes goes where the story listens."""
    written: list[str] = []
    noted: list[str] = []
    edge = stage.edge(PARTNER, written=written, noted=noted)
    edge.write("a result")
    edge.note("progress")

    assert edge.environ == {"SEALTRACE_HOME": str(stage.data / "agencies" / PARTNER.id)}
    assert (written, noted) == (["a result"], ["progress"])


def test_a_port_that_somebody_has_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """The story would otherwise talk to a stranger."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        stage = Stage(data=tmp_path, port=taken.getsockname()[1])
        with pytest.raises(StoryError, match="is taken by another program") as caught, stage.serving(charter="x"):
            pass

    assert "PORT=n" in caught.value.next_step
    assert not stage.service_log.exists()


class Ready:
    """A service that says a few times that its witnesses are still to come."""

    answers = True

    def __init__(self, times: int, *, shown: bool = True) -> None:
        """Take how often, and whether anything is shown at all."""
        self.left = times
        self.shown = shown

    def body(self, path: str) -> bytes | None:
        """Answer `/readyz`."""
        if path == CHECKPOINT:
            return b"a checkpoint" if self.shown else None
        self.left -= 1
        return b"ready\n" if self.left < 0 else b"ready\npending, unwitnessed since 2027-01-15 08:00 UTC\n"


def test_the_next_command_begins_once_the_log_shows_what_was_logged(tmp_path: Path) -> None:
    """On a slow machine a member would ask for a record that nobody can be shown yet."""
    ready = Ready(2)
    with over_http(ready) as url:  # type: ignore[arg-type]  # it answers paths, which is all that is asked
        scene = Scene(
            stage=Stage(data=tmp_path, port=int(url.rpartition(":")[2])), telling=telling(), type_command=Script()
        )
        scene.stage.clear()
        scene.stage.draw_passphrase(ARMS)
        scene.run(ARMS, "submit")

    assert ready.left == -1


def test_a_log_that_was_never_shown_holds_nobody_up(tmp_path: Path) -> None:
    """Its first witnesses begin once its first charter is logged."""
    ready = Ready(1_000, shown=False)
    with over_http(ready) as url:  # type: ignore[arg-type]  # it answers paths, which is all that is asked
        Stage(data=tmp_path, port=int(url.rpartition(":")[2])).await_shown()

    assert ready.left == 1_000


def test_a_service_that_is_away_holds_nobody_up(stage: Stage) -> None:
    """Where the story has stopped it there is nothing to wait for."""
    stage.await_shown()


def test_a_command_of_the_drill_that_ends_otherwise_ends_the_drill(stage: Stage) -> None:
    """With who typed what, both codes, what it said, and where to read on."""
    failing = drill(stage, Script(sync=(3, "nobody answers")))
    with pytest.raises(StoryError) as caught:
        failing._run(PARTNER, "sync", "--full")

    assert f"{PARTNER.id}: sealtrace sync --full ended with 3 where 0 was expected: nobody answers" in str(caught.value)
    assert str(stage.service_log) in caught.value.next_step


def test_a_refusal_that_the_drill_expects_is_no_failure(stage: Stage) -> None:
    """And a command that succeeds where it must be refused is one."""
    assert drill(stage, Script(sync=(5, "no")))._run(PARTNER, "sync", expect=Exit.NOT_PERMITTED) == "no"
    with pytest.raises(StoryError, match="ended with 0 where 5"):
        drill(stage, Script())._run(PARTNER, "sync", expect=Exit.NOT_PERMITTED)


CHECKS: dict[str, tuple[str, str, Callable[[Drill], object]]] = {
    "a record was not logged": ("submit", '{"records": 0}', lambda one: one._submit()),
    "should open 1": ("sync", '{"records": 2}', lambda one: one._opened(PARTNER, expect=1)),
    "the epoch went on": ("sync", "", lambda _one: require_newer(4, before=4)),
}


@pytest.mark.parametrize("words", CHECKS)
def test_what_a_step_must_lead_to_is_checked(stage: Stage, words: str) -> None:
    """A command that ends well and did not do its work ends the drill."""
    command, said, step = CHECKS[words]
    config = HomeConfig(id=ARMS.id, name=ARMS.name, country=ARMS.country)
    passphrase = stage.passphrase_file(ARMS).read_bytes()
    create_auditor(str(stage.home(ARMS)), {}, config, passphrase=passphrase, cost=WEAK)
    with pytest.raises(StoryError, match=words):
        step(drill(stage, Script(**{command: (0, said)})))


def test_a_next_charter_is_proposed_signed_by_each_and_submitted(stage: Stage) -> None:
    """In this order, on top of the one in force; then it is the one in force."""
    script = Script()
    found = drill(stage, script)
    found.charter, found.version = stage.data / "charter.1", 1
    found._next(["--remove", "xco-npa"], signers=(ARMS, PARTNER))

    assert [words[:2] for words in script.typed] == [
        ("charter", "propose"), ("charter", "sign"), ("charter", "sign"), ("charter", "submit"),
    ]  # fmt: skip
    assert (found.charter, found.version) == (stage.data / "charter.2", 2)


def story(stage: Stage, script: Script) -> Story:
    """Return a story whose commands answer by the script."""
    return Story(stage=stage, telling=telling(), type_command=script)


def test_a_command_of_the_story_that_fails_ends_it(stage: Stage) -> None:
    """With what it said last."""
    with pytest.raises(StoryError, match=r"sealtrace sync ended with 1: .*forked") as caught:
        story(stage, Script(sync=(1, "the log has forked"))).run(PARTNER, "sync")

    assert str(stage.service_log) in caught.value.next_step


def test_a_story_without_both_kinds_of_case_is_not_told(stage: Stage) -> None:
    """Comparing a full case with a full one would show nothing."""
    script = Script(
        list=(0, json.dumps({"records": [{"record": "xar-arms/x"}]})),
        show=(0, json.dumps({"portions": {"case": {"fields": {"case.note": "x"}}}})),
        sync=(0, "{}"),
    )
    with pytest.raises(StoryError, match="no empty and no full case"):
        story(stage, script)._two_records()


HIT = {"record": "xbe-cib/x", "index": 7, "certainty": "hit"}
UNTRUE: dict[str, tuple[str, object, Callable[[Asking], object]]] = {
    "the theft was not found": ("match", {"asked": [{"found": []}]}, lambda one: one._match()),
    "a silent record was shown": ("match", {"asked": [{"found": [HIT]}]}, lambda one: one._match()),
    "does not run from manufacture": (
        "trace",
        {"events": [{"kind": "recovery"}], "outcome": {"name": "none"}},
        lambda one: one._trace(),
    ),
}


@pytest.mark.parametrize("words", UNTRUE)
def test_a_chapter_of_asking_that_is_not_true_is_not_told(stage: Stage, words: str) -> None:
    """A weapon that is not found, a silent record that is, a trace with a hole: each ends the story."""
    command, said, chapter = UNTRUE[words]
    script = Script(**{command: (0, json.dumps(said))})
    with pytest.raises(StoryError, match=words):
        chapter(Asking(stage=stage, telling=telling(), type_command=script))


FSCK: dict[str, tuple[object, Callable[[Mending], object]]] = {
    "did not name the entry": ({"findings": []}, lambda one: one._named(7)),
    "did not heal": (
        {"broken": 0, "size": 9, "healed": {"restored": [], "lost": []}},
        lambda one: one._heal("mirror"),
    ),
}


@pytest.mark.parametrize("words", FSCK)
def test_a_byte_that_is_not_named_or_not_healed_ends_the_story(stage: Stage, words: str) -> None:
    """The operator's check must name the very entry, and the mirror must have put something back."""
    said, step = FSCK[words]
    operated = Operated(data=stage.data, port=1, said=json.dumps(said))
    with pytest.raises(StoryError, match=words):
        step(Mending(stage=operated, telling=telling(), type_command=Script()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Operated(Stage):
    """A stage whose operator's commands say what a test says."""

    said: str

    def operate(self, *words: str, expect: int = 0) -> str:
        """Say it."""
        del words, expect
        return self.said


def test_an_operators_command_that_ends_otherwise_ends_the_story(stage: Stage) -> None:
    """With its words: nothing is told on top of a backup that was not made."""
    (stage.data / "service.passphrase").write_text("a passphrase of some length", encoding="ascii")
    with pytest.raises(StoryError, match="sealtrace-server backup ended with"):
        stage.operate("backup", "--data", str(stage.data / "nothing"), "--output", str(stage.data / "copy"))


SPLIT: dict[str, Callable[[SplitView], object]] = {
    "has no proof of it": lambda one: one._recover(),
    "was not convinced": lambda one: one.check(str(one.stage.service_log)),
}


@pytest.mark.parametrize("words", SPLIT)
def test_a_fork_that_is_not_proved_ends_the_story(stage: Stage, words: str) -> None:
    """To the agency that was shown it, and to a script that shares no line with what made the proof."""
    stage.draw_passphrase(BUREAU)
    stage.service_log.write_text("no proof at all", encoding="utf-8")
    with pytest.raises(StoryError, match=words):
        SPLIT[words](SplitView(stage=stage, telling=telling(), type_command=Script(submit=(1, ""))))


def test_a_fork_that_was_witnessed_ends_the_story(stage: Stage) -> None:
    """Then more witnesses than the charter tolerates lie, and nothing that follows would be true."""
    stage.draw_passphrase(BUREAU)
    witnessed = Script(submit=(0, json.dumps({"batches": [{"since": None}]})))
    split = SplitView(stage=stage, telling=telling(), type_command=witnessed)
    with pytest.raises(StoryError, match="a fork of the log was witnessed"):
        split._fork(stage)


def test_a_bundle_that_is_not_verified_ends_the_story(stage: Stage, tmp_path: Path) -> None:
    """The verifier is made from the sources, runs by itself, and its refusal is the story's."""
    evidence = Evidence(stage=stage, telling=telling(), type_command=Script())
    bundle = tmp_path / "theft.zip"
    bundle.write_bytes(b"no bundle at all")
    with pytest.raises(StoryError, match="was not verified"):
        evidence.verify(evidence.build(), bundle, anchor="A" * 43)


def test_what_is_asked_joins_the_canaries_once(stage: Stage) -> None:
    """Planted beside what the lists hold, each line once however often it is planted."""
    planted = stage.data / "canaries.txt"
    planted.write_text("a planted serial\n", encoding="utf-8")
    asking = Asking(stage=stage, telling=telling(), type_command=Script())
    asking._plant()
    once = planted.read_text(encoding="utf-8").splitlines()
    asking._plant()

    assert {"a planted serial", weapon.USE, weapon.PURPOSE, weapon.SERIAL} <= set(once)
    assert planted.read_text(encoding="utf-8").splitlines() == once


def test_a_member_of_the_story_does_not_wait_for_the_full_minute(stage: Stage) -> None:
    """Its commands nap where an agency's would wait."""
    edge = stage.edge(PARTNER, written=[], noted=[])
    begun = time.monotonic()
    edge.world.sleep(60)

    assert time.monotonic() - begun < 30


def test_plaintext_on_the_services_side_ends_the_story(stage: Stage) -> None:
    """One canary is enough, in the log of the service too."""
    (stage.data / "canaries.txt").write_text("a planted serial\n", encoding="utf-8")
    stage.service_log.write_text("request of a planted serial\n", encoding="utf-8")
    with pytest.raises(StoryError, match="plaintext was found"):
        story(stage, Script())._search()


def test_what_a_stranger_needs_is_written_down(stage: Stage) -> None:
    """The log's two keys, one a line, and the policy that the charter makes."""
    consortium = make_consortium()
    (stage.data / "charter").write_bytes(consortium.charter_file)
    story(stage, Script())._write_trust()
    keys = (stage.data / "log.vkey").read_text(encoding="utf-8").splitlines()
    policy = (stage.data / "policy").read_bytes()

    assert keys == [str(key) for key in consortium.charter.log.vkeys]
    assert policy == policy_of(consortium.charter).format()


def test_the_service_is_told_where_it_reaches_whom(stage: Stage) -> None:
    """An address for each that takes connections, on this machine, no two alike; none for the one that does not."""
    ports = stage.name_witnesses(one for one in WITNESSES if one != OUTBOUND)
    named = tomllib.loads((stage.data / "witnesses.toml").read_text(encoding="ascii"))

    assert named == {"witness": {agency: f"http://127.0.0.1:{port}" for agency, port in ports.items()}}
    assert set(ports) == {one.id for one in WITNESSES} - {OUTBOUND.id}
    assert len(set(ports.values())) == len(ports)


def test_a_witness_that_does_not_start_ends_the_story(stage: Stage) -> None:
    """A home without witness keys: the story says where to read why, and leaves no process behind."""
    if not stage_module._SEALTRACE.exists():
        pytest.skip("the program is not installed beside this Python: run the suite with `make test`")
    with pytest.raises(StoryError, match="do not cosign") as caught, stage.witnessing([ARMS], ports={}, charter="x"):
        pass

    assert f"witness-{ARMS.id}" in " ".join(path.name for path in stage.data.iterdir())
    assert "witness-*.log" in caught.value.next_step
