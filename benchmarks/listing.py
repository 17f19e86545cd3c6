"""A list as an officer sends it: 10,000 rows read, planned, sealed, sent and logged by `sealtrace submit`, beside sealing alone."""

import json
import socket
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.material import senders
from benchmarks.measure import Figure, Limit, rate
from clients import generator
from clients.cli.app import run
from clients.cli.exits import Exit
from clients.story.cast import ARMS, BUREAU, Member
from clients.story.stage import HOST, Stage

_ROWS = 10_000
_WEAPONS = 7_000
_MOST_SECONDS = 60
_SEALED = 1_000
_MAP = "generated-lives"


def measure() -> list[Figure]:
    """Return the seconds that one list takes, against those that sealing as many records takes."""
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder:
        stage = Stage(data=Path(folder) / "stage", port=_free_port())
        stage.clear()
        fingerprint = _found(stage)
        made = _list(Path(folder) / "lists")
        with stage.serving(charter=fingerprint):
            _command(stage, ARMS, "charter", "submit", str(stage.data / "charter"))
            _command(stage, ARMS, "join", stage.url, "--charter", fingerprint)
            started = time.perf_counter()
            answer = json.loads(_command(stage, ARMS, "submit", str(made), "--map", _MAP, "--good-rows", "--json"))
            seconds = time.perf_counter() - started
    return [_figure(answer["records"], seconds)]


def _figure(records: int, seconds: float) -> Figure:
    (sender,) = senders(1, agencies=2)
    alone = records / rate(lambda: len(sender.records(_SEALED)), clock=time.perf_counter)
    return Figure(
        what=f"client: a CSV list of {_ROWS:,} rows ({records:,} records), read, sealed, sent, logged, proved",
        unit="s",
        median=seconds,
        low=seconds,
        high=seconds,
        target=f"≤ {_MOST_SECONDS}",
        met=seconds <= _MOST_SECONDS,
        limit=Limit(name="sealing as many records, s", median=alone, ratio=seconds / alone),
    )


def _found(stage: Stage) -> str:
    """Found a consortium of two; return the fingerprint of its charter."""
    service = stage.create_service(origin="sealtrace.invalid/benchmark")
    charter = str(stage.data / "charter")
    for member in (ARMS, BUREAU):
        stage.draw_passphrase(member)
        words = ("--id", member.id, "--name", member.name, "--country", member.country)
        _command(stage, member, "agency", "create", *words, "--contact", "duty desk", "--hours", "24/7")
    requests = [str(stage.home(member) / "enrolment.json") for member in (ARMS, BUREAU)]
    _command(stage, ARMS, "charter", "propose", *requests, "--service", str(service), "-o", charter)
    for member in (ARMS, BUREAU):
        _command(stage, member, "charter", "sign", charter)
    return str(json.loads(_command(stage, ARMS, "charter", "show", charter, "--json"))["fingerprint"])


def _list(folder: Path) -> Path:
    """Write the first rows of what one agency holds of a generated world."""
    lives = generator.generate(generator.Options(weapons=_WEAPONS, agencies=(ARMS.id,)))
    generator.write(lives, folder)
    path = folder / f"{ARMS.id}.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    if len(lines) <= _ROWS:
        raise RuntimeError(f"the generated list has only {len(lines) - 1:,} rows")
    path.write_text("".join(lines[: _ROWS + 1]), encoding="utf-8")
    return path


def _command(stage: Stage, member: Member, *arguments: str) -> str:
    """Run a member's command; return the last thing it printed."""
    written: list[str] = []
    noted: list[str] = []
    code = run(arguments, stage.edge(member, written=written, noted=noted))
    if code != Exit.DONE:
        raise RuntimeError(f"sealtrace {arguments[0]} ended with {code}: {_short([*written, *noted])}")
    return written[-1] if written else ""


def _short(written: Sequence[str]) -> str:
    return " ".join(written)[:300]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
