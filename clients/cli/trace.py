"""`sealtrace trace` and `indicator`: the chain of transfer of one weapon, and the figure a State reports of all."""

from pathlib import Path
from typing import Annotated

import typer

from clients.cli.edge import Edge
from clients.cli.exits import Exit
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.cli.reading import PurposeOption, viewer_of
from clients.codes import load_tables
from clients.durable import write_file
from clients.home import Home
from clients.lists.values import Tables
from clients.replica import Replica
from clients.tracing import drawing, figures, timeline
from clients.tracing.gathering import Sightings, Traced, trace_fields, trace_record
from clients.tracing.weaponforms import described
from clients.views import Viewer
from ledger.identifiers import StatementName, statement_name
from ledger.indicator import indicator as indicator_of


def trace(  # noqa: PLR0913 - each option says more about the weapon or the answer
    context: typer.Context,
    record: Annotated[str | None, typer.Argument(metavar="ISS/JTI", help="A record of the weapon.")] = None,
    *,
    make: Annotated[str | None, typer.Option(help="The weapon's make, with --serial.")] = None,
    serial: Annotated[str | None, typer.Option(help="The weapon's number, with --make.")] = None,
    linked: Annotated[
        list[str] | None, typer.Option("--with", metavar="ISS/JTI", help="A further record of it, as a hit named it.")
    ] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as a picture, too.")] = None,
    purpose: PurposeOption = "TRACE",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the chain of transfer of one weapon, over everything you may read.

    Example: sealtrace trace xar-arms/5tQxAAAAAAAAAAAAAAAA9w --svg trace.svg
    """
    edge = edge_of(context)
    place = edge.home(home)
    tables = load_tables(place)
    viewer, _ = viewer_of(place, purpose, edge)
    with edge.replica(place) as replica:
        found = _find(replica, viewer, tables, record, make, serial, linked=_names(linked))
    if svg is not None:
        write_file(svg, drawing.draw(found, makes=tables.makes).encode())
    edge.show(timeline.render(found, makes=tables.makes), timeline.to_json(found), as_json=as_json)
    if found.marking is None:
        raise typer.Exit(Exit.NOT_PERMITTED)


def indicator(
    context: typer.Context,
    *,
    year: Annotated[int | None, typer.Option(min=1900, max=9999, help="Only weapons recovered in this year.")] = None,
    purpose: PurposeOption = "STATS",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count SDG 16.4.2 over the records you may read; numbers below five are suppressed.

    Example: sealtrace indicator --year 2024
    """
    edge = edge_of(context)
    place = edge.home(home)
    found = indicator_of(_sightings(place, purpose, edge, load_tables(place)).all(), year=year)
    edge.show(figures.render(found, year=year), figures.to_json(found, year=year), as_json=as_json)


def _find(  # noqa: PLR0913, PLR0917 - where, for whom, and what the command line gave
    replica: Replica,
    viewer: Viewer,
    tables: Tables,
    record: str | None,
    make: str | None,
    serial: str | None,
    *,
    linked: frozenset[StatementName],
) -> Traced:
    if record is not None and make is None and serial is None:
        return trace_record(replica, viewer, tables, statement_name(record), linked=linked)
    if record is None and serial is not None and make is not None:
        fields = described(make=make, serial=serial, tables=tables)
        return trace_fields(replica, viewer, tables, fields, linked=linked)
    raise typer.BadParameter("name a record, or give both --make and --serial")


def _sightings(place: Home, purpose: str, edge: Edge, tables: Tables) -> Sightings:
    viewer, _ = viewer_of(place, purpose, edge)
    with edge.replica(place) as replica:
        return Sightings(replica.records(), viewer, tables)


def _names(texts: list[str] | None) -> frozenset[StatementName]:
    return frozenset(statement_name(text) for text in texts or ())
