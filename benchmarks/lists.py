"""A service over its socket, two agencies around it, and a workbook as large as officers send: what the rows about lists share."""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openpyxl import Workbook  # type: ignore[import-untyped]  # the library comes without types
from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]  # as above

from benchmarks.service import free_port
from clients import generator
from clients.cli.app import run
from clients.cli.exits import Exit
from clients.story.cast import ARMS, BUREAU, Member
from clients.story.stage import Stage

ROWS = 10_000
MAP = "generated-lives"

_WEAPONS = 7_000


@contextmanager
def serving(folder: Path) -> Iterator[Stage]:
    """Found a consortium of two in `folder`, and serve its log while the first of them has joined it."""
    stage = Stage(data=folder / "stage", port=free_port())
    stage.clear()
    fingerprint = _found(stage)
    with stage.serving(charter=fingerprint):
        command(stage, ARMS, "charter", "submit", str(stage.data / "charter"))
        command(stage, ARMS, "join", stage.url, "--charter", fingerprint)
        yield stage


def _found(stage: Stage) -> str:
    """Found a consortium of two; return the fingerprint of its charter."""
    service = stage.create_service()
    charter = str(stage.data / "charter")
    for member in (ARMS, BUREAU):
        stage.draw_passphrase(member)
        words = ("--id", member.id, "--name", member.name, "--country", member.country)
        command(stage, member, "agency", "create", *words, "--contact", "duty desk", "--hours", "24/7")
    requests = [str(stage.home(member) / "enrolment.json") for member in (ARMS, BUREAU)]
    command(stage, ARMS, "charter", "propose", *requests, "--service", str(service), "-o", charter)
    for member in (ARMS, BUREAU):
        command(stage, member, "charter", "sign", charter)
    return str(json.loads(command(stage, ARMS, "charter", "show", charter, "--json"))["fingerprint"])


def workbook(folder: Path) -> Path:
    """Write the first rows of what one agency holds of a generated world."""
    lives = generator.generate(generator.Options(weapons=_WEAPONS, agencies=(ARMS.id,)))
    generator.write(lives, folder)
    with (folder / f"{ARMS.id}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if len(rows) <= ROWS:
        raise RuntimeError(f"the generated list has only {len(rows) - 1:,} rows")
    book = Workbook(write_only=True)
    sheet = book.create_sheet("list")
    for row in rows[: ROWS + 1]:
        sheet.append([_text(sheet, value) for value in row])
    path = folder / "list.xlsx"
    book.save(path)
    return path


def _text(sheet: Any, value: str) -> Any:
    """Return a cell of text: some officers' numbers begin with an equals sign, and openpyxl would make formulas of them."""
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    return cell


def command(stage: Stage, member: Member, *arguments: str) -> str:
    """Run a member's command; return the last thing it printed."""
    written: list[str] = []
    noted: list[str] = []
    code = run(arguments, stage.edge(member, written=written, noted=noted))
    if code != Exit.DONE:
        raise RuntimeError(f"sealtrace {arguments[0]} ended with {code}: {_short([*written, *noted])}")
    return written[-1] if written else ""


def _short(written: Sequence[str]) -> str:
    return " ".join(written)[:300]
