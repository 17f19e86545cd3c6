"""Every command is documented, has help with an example, and takes --json."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from clients.cli.app import app

DOCS = Path(__file__).resolve().parents[2] / "docs" / "commands.md"


def commands(command: object = None, path: str = "sealtrace") -> Iterator[str]:
    """Yield the full name of every command."""
    found = get_command(app) if command is None else command
    children = getattr(found, "commands", None)
    if children is None:
        yield path
        return
    for name, child in children.items():
        yield from commands(child, f"{path} {name}")


@pytest.mark.parametrize("name", sorted(commands()))
def test_command_is_documented_with_an_example(name: str) -> None:
    """A person finds each command in the documentation and an example in its help; a machine finds --json."""
    shown = CliRunner().invoke(app, [*name.split()[1:], "--help"]).output

    assert f"`{name}`" in DOCS.read_text(encoding="utf-8")
    assert "Example:" in shown
    # The story prints for people; its figures go to report.json. What serves gives no result: its log is JSON throughout.
    assert "--json" in shown or name in {"sealtrace demo", "sealtrace witness serve", "sealtrace desk serve"}
