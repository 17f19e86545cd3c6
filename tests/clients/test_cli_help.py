"""What the command line says of itself: readable in 80 columns, in words, and with a next step where it was misused."""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version

import pytest
from typer.core import TyperCommand, TyperGroup

from clients.cli.app import _built, run
from clients.cli.edge import real_edge
from clients.cli.summaries import SUMMARIES


def said(*words: str) -> tuple[int, str]:
    """Return how a command ends that touches no home, and what it notes."""
    notes: list[str] = []
    code = run(words, replace(real_edge({}), note=notes.append))
    return code, "\n".join(notes)


def _paths(group: TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, TyperGroup):
            yield from _paths(command, (*path, name))


def _command(path: tuple[str, ...]) -> TyperCommand | TyperGroup:
    found: TyperCommand | TyperGroup = _built()
    for name in path:
        assert isinstance(found, TyperGroup)
        found = found.commands[name]  # type: ignore[assignment]  # a group's commands are typer's
    return found


PATHS = tuple(_paths(_built()))


@pytest.mark.parametrize("path", [(), *PATHS], ids=" ".join)
def test_every_help_is_whole_in_80_columns_and_names_values_in_words(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is wider, no summary is cut short, and no option wants a `list[str]` of anybody."""
    said(*path, "--help")
    shown = capsys.readouterr().out

    assert shown.startswith("Usage: sealtrace")
    assert max(map(len, shown.splitlines())) <= 80
    assert "..." not in shown.partition("Commands:")[2]
    assert "[[" not in shown
    assert not any(sign in shown.replace("1<=x<=", "").replace("<=x<=", "") for sign in ("{", "<"))


@pytest.mark.parametrize("path", [path for path in PATHS if not isinstance(_command(path), TyperGroup)], ids=" ".join)
def test_every_help_ends_with_an_example_that_the_program_reads(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Copied from the terminal, over several lines or one, it is a command line of this very command."""
    said(*path, "--help")
    shown = capsys.readouterr().out
    examples = shown.partition("  Example: ")[2].replace("\\\n", " ").split("Example: ")

    assert shown.count("Options:") == 1
    assert "Options:" not in "".join(examples)
    for example in examples:
        words = shlex.split(example.partition(" > ")[0])
        command = ["sealtrace", *path]
        assert words[: len(command)] == command
        _command(path).make_context(path[-1], words[len(command) :])


def test_the_program_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """As the installed package has it, and with exit 0."""
    assert said("--version") == (0, "")
    assert capsys.readouterr().out == f"sealtrace {version('sealtrace')}\n"


def test_every_command_has_its_line_and_no_line_is_of_none() -> None:
    """A command that is added says what it does where commands are listed."""
    assert {" ".join(path) for path in PATHS} == set(SUMMARIES)


@pytest.mark.parametrize(
    ("words", "what", "step"),
    [
        (("shwo",), "Did you mean 'show'?", "see `sealtrace --help`"),
        (("show",), "Missing argument", "see `sealtrace show --help`"),
        (("bundle", "export", "--frist"), "No such option", "see `sealtrace bundle export --help`; a value like -x"),
        (("charter", "show", "none"), "No such file", "check its name"),
        (("list", "--home", "none"), "no home at", "agency create"),
    ],
)
def test_what_was_typed_wrongly_is_answered_with_where_to_look(words: tuple[str, ...], what: str, step: str) -> None:
    """What is wrong, and the help of that very command."""
    code, notes = said(*words)

    assert code in {1, 2}
    assert what in notes
    assert f"next: {step}" in notes or step in notes
