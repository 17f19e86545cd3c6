"""Options that several commands share, spelled once."""

from typing import Annotated, TypeAlias

import typer

from clients.cli.edge import Edge

HomeOption: TypeAlias = Annotated[
    str | None, typer.Option("--home", metavar="DIR", help="The home to use; else SEALTRACE_HOME names it.")
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
MapOption: TypeAlias = Annotated[
    str | None, typer.Option("--map", metavar="MAP", help="A MAP.toml, or the name of a map that is shipped.")
]
SheetOption: TypeAlias = Annotated[
    str | None, typer.Option("--sheet", metavar="NAME", help="The sheet of a workbook; else its first.")
]
ProfileOption: TypeAlias = Annotated[
    str | None, typer.Option("--profile", metavar="FILE", help="A profile to use instead of the home's.")
]


def edge_of(context: typer.Context) -> Edge:
    """Return the edge that `main` handed in."""
    edge = context.obj
    if not isinstance(edge, Edge):
        raise typer.Exit(2)
    return edge
