"""How the help of the operator's commands names values: in words, as `sealtrace` does, and not as Python's types."""

from typing import Any

from typer.core import TyperGroup

_EXAMPLE = "\n\nExample: "


class WordedGroup(TyperGroup):
    """Commands whose help says NAME where typer says `{name}` and `name <str>`, and ends with an example."""

    def __init__(self, **given: Any) -> None:
        """Take the commands, and word the help of each."""
        super().__init__(**given)
        for command in self.commands.values():
            _end_with_example(command)
            for parameter in command.params:
                if parameter.param_type_name == "argument":
                    _name_argument(parameter)


def _end_with_example(command: Any) -> None:
    text, found, example = (command.help or "").partition(_EXAMPLE)
    if found:
        command.help, command.epilog = text, f"Example: {example}"


def _name_argument(argument: Any) -> None:
    argument.get_usage_pieces = lambda _context: [argument.metavar]
    argument.display_type_rich = lambda ctx: None  # noqa: ARG005 - typer calls it by this name
