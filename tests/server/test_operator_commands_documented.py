"""Every command of the operator is documented, and its help has an example."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from server import schema
from server.cli import app
from server.config import Config
from tests.support.copies import filled_world

DOCS = Path(__file__).resolve().parents[2] / "docs" / "operator-commands.md"
# These speak through what they make or do; the others tell something that a script may want to read.
SILENT = {"create", "serve", "rotate", "migrate"}


def commands(command: object = None, path: str = "") -> Iterator[str]:
    """Yield the name of every command."""
    children = getattr(get_command(app) if command is None else command, "commands", None)
    if children is None:
        yield path.strip()
        return
    for name, child in children.items():
        yield from commands(child, f"{path} {name}")


@pytest.mark.parametrize("name", sorted(commands()))
def test_an_operators_command_is_documented_with_an_example(name: str) -> None:
    """A person finds each command in the documentation and an example in its help; a machine finds --json."""
    shown = CliRunner().invoke(app, [*name.split(), "--help"]).output

    text = DOCS.read_text(encoding="utf-8")
    assert f"sealtrace-server {name}" in text or f"`{name}" in text
    assert "Example:" in shown
    assert "--json" in shown or name in SILENT


@pytest.mark.parametrize("path", ["", "account", *sorted(commands())])
def test_an_operators_help_is_whole_in_80_columns(path: str) -> None:
    """In plain lines, by either name of the option, and without a summary that breaks off."""
    shown = CliRunner().invoke(app, [*path.split(), "-h"])

    assert shown.exit_code == 0
    assert shown.output == CliRunner().invoke(app, [*path.split(), "--help"]).output
    assert max(map(len, shown.output.splitlines())) <= 80
    assert "─" not in shown.output
    assert "..." not in shown.output.partition("Commands:")[2]
    assert not any(sign in shown.output.replace("<=x<=", "") for sign in ("{", "<", "For machines"))


@pytest.mark.parametrize("name", sorted(commands()))
def test_an_operators_help_ends_with_an_example_that_the_program_reads(name: str) -> None:
    """Copied from the terminal, over two lines or one, it is a command line of this very command."""
    shown = CliRunner().invoke(app, [*name.split(), "--help"]).output
    example = shown.partition("  Example: ")[2]
    command: Any = get_command(app)
    for word in name.split():
        command = command.commands[word]
    words = shlex.split(example.replace("\\\n", " "))

    assert "Options:" not in example
    assert "\n" not in example.rstrip("\n") or "\\\n" in example
    assert words[: len(name.split()) + 1] == ["sealtrace-server", *name.split()]
    command.make_context(name, words[len(name.split()) + 1 :])


def test_a_machine_reads_what_people_read(tmp_path: Path) -> None:
    """With --json each command tells the same as without, in one object or list."""
    (tmp_path / "service").mkdir(mode=0o700)
    world = filled_world(tmp_path / "service")
    world.close()
    data, database = str(world.folder), str(world.config.database)

    def told(*arguments: str) -> object:
        return json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)

    exported = told("export", "--database", database, "--output", str(tmp_path / "mirror"))
    backup = told("backup", "--data", data, "--output", str(tmp_path / "backup"))
    restored = told("restore", "--data", data, "--from", str(tmp_path / "mirror"))
    made = told("account", "create", "ana", "--role", "operator", "--data", data)
    changed = told("account", "password", "ana", "--data", data)
    listed = told("account", "list", "--data", data)
    removed = told("account", "remove", "ana", "--data", data)

    assert isinstance(exported, dict)
    assert exported["size"] == 15
    assert isinstance(backup, dict)
    assert backup["size"] == 15
    assert restored == {"size": 15, "signed": 15, "caught_up": None, "may_sign": True}
    assert isinstance(made, dict)
    assert isinstance(changed, dict)
    assert made["one_time_password"] != changed["one_time_password"]
    assert isinstance(listed, list)
    assert [account["name"] for account in listed] == ["ana"]
    assert removed == {"removed": "ana"}


def test_the_newest_revision_is_known() -> None:
    """What doctor and fsck compare with is what `migrate` makes."""
    assert schema.newest() in schema.known()
    assert Config(data=Path("/x"), fingerprint=b"").highest == Path("/x/highest-signed")
