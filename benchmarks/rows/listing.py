"""A list as an officer sends it: 10,000 rows read, planned, sealed, sent and logged by `sealtrace submit`, beside sealing alone."""

import csv
import json
import socket
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook  # type: ignore[import-untyped]  # the library comes without types
from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]  # as above

from benchmarks.material import senders
from benchmarks.measure import Figure, Limit, at_most, rate
from benchmarks.processes import watching
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
_READER = "workbookchild"


def measure() -> list[Figure]:
    """Return the seconds that one workbook takes, against those that sealing as many records takes; and its reader's memory."""
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder:
        stage = Stage(data=Path(folder) / "stage", port=_free_port())
        stage.clear()
        fingerprint = _found(stage)
        made = _list(Path(folder) / "lists")
        with stage.serving(charter=fingerprint):
            _command(stage, ARMS, "charter", "submit", str(stage.data / "charter"))
            _command(stage, ARMS, "join", stage.url, "--charter", fingerprint)
            started = time.perf_counter()
            with watching(_READER) as reader:
                answer = json.loads(_command(stage, ARMS, "submit", str(made), "--map", _MAP, "--good-rows", "--json"))
            seconds = time.perf_counter() - started
    memory = at_most(
        what="client: memory of the workbook's reader", unit="MB", values=[reader.most_bytes / 1e6], most=256
    )
    return [_figure(answer["records"], seconds), memory]


def _figure(records: int, seconds: float) -> Figure:
    (sender,) = senders(1, agencies=2)
    alone = records / rate(lambda: len(sender.records(_SEALED)), clock=time.perf_counter)
    return Figure(
        what=f"client: an XLSX list of {_ROWS:,} rows ({records:,} records), read, sealed, sent, logged, proved",
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
    service = stage.create_service()
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
    with (folder / f"{ARMS.id}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if len(rows) <= _ROWS:
        raise RuntimeError(f"the generated list has only {len(rows) - 1:,} rows")
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("list")
    for row in rows[: _ROWS + 1]:
        sheet.append([_text(sheet, value) for value in row])
    path = folder / "list.xlsx"
    workbook.save(path)
    return path


def _text(sheet: Any, value: str) -> Any:
    """Return a cell of text: some officers' numbers begin with an equals sign, and openpyxl would make formulas of them."""
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    return cell


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
