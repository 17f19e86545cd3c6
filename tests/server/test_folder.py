"""The operator's commands run as the user that the service's folder belongs to, and say so to anybody else."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli import app

RUNNER = CliRunner()
NOBODY = 65_534

COMMANDS = [
    ["create", "--origin", "ledger.example/weapons", "--url", "https://ledger.example"],
    ["serve", "--charter", "A" * 43],
    ["rotate"],
    ["migrate"],
    ["doctor"],
    ["fsck"],
    ["backup", "--output", "never-made"],
    ["restore", "--backup", "never-read"],
    ["account", "list"],
    ["account", "create", "ana", "--role", "auditor"],
    ["account", "password", "ana"],
    ["account", "remove", "ana"],
]


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Return a folder of another user: for root one that it gives away, for anybody else root's."""
    if os.geteuid() != 0:
        return Path("/")
    os.chown(tmp_path, NOBODY, NOBODY)
    return tmp_path


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_a_command_of_another_user_touches_nothing(words: list[str], foreign: Path) -> None:
    """Root is told as whom to run it, instead of leaving files that the service cannot open."""
    before = sorted(foreign.iterdir())

    result = RUNNER.invoke(app, [*words, "--data", str(foreign)])

    assert result.exit_code == 2
    assert f"{foreign} belongs to " in result.stderr
    assert "runuser --user=" in result.stderr
    assert sorted(foreign.iterdir()) == before


def test_an_owner_without_a_name_is_told_by_number(tmp_path: Path) -> None:
    """A copy from another machine may belong to a number that no account has here."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away: the number was not shown")
    os.chown(tmp_path, 4_000_000, 4_000_000)

    result = RUNNER.invoke(app, ["migrate", "--data", str(tmp_path)])

    assert "belongs to 4000000:" in result.stderr
