"""`sealtrace desk`: the pages that this agency's officers work in."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import clients
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.desk.people.mandates import mandate_from_words
from clients.desk.people.person import Role
from clients.desk.place import parse_place

_ROLES = ", ".join(role.value for role in Role)

app = typer.Typer(help="The pages that this agency's officers work in.", no_args_is_help=True)


@app.command(epilog="Example: sealtrace desk serve --home ~/arms --url https://desk.agency.example; the log is JSON")
def serve(  # noqa: PLR0913 - where it listens, under which name, whose home
    context: typer.Context,
    *,
    host: Annotated[
        str, typer.Option(help="Where to listen: another address than this machine's needs a certificate.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen on.")] = 8480,
    url: Annotated[
        str | None,
        typer.Option(help="The address people type; else http://localhost and the port. Passkeys are bound to it."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="A certificate, where no proxy with TLS stands in front.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's key.")] = None,
    home: HomeOption = None,
) -> None:
    """Run the desk until it is told to end: pages for this agency's people, over the home's keys and replica."""
    edge_of(context)
    given = {"--home": home, "--url": url, "--certificate": certificate, "--key": key}
    words = ["--host", host, "--port", str(port)]
    words += [word for name, value in given.items() if value is not None for word in (name, str(value))]
    # A program of its own takes the place of this one, loaded from the very place that this one was loaded from.
    environ = {**os.environ, "PYTHONPATH": str(Path(clients.__file__).parents[1])}
    os.execve(sys.executable, [sys.executable, "-P", "-m", "clients.desk.program", *words], environ)  # noqa: S606 - our own program with checked words


@app.command(epilog="Example: sealtrace desk invite 'Ana Sá' --role analyst --clearance CONFIDENTIAL --purpose TRACE")
def invite(  # noqa: PLR0913 - what one person is trusted with
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The person.")],
    *,
    role: Annotated[list[str] | None, typer.Option(help=f"{_ROLES}; again for each.")] = None,
    clearance: Annotated[str, typer.Option(help="The highest level they may read; else nothing at all.")] = "",
    compartment: Annotated[
        list[str] | None, typer.Option(help="A compartment they are read into; again for each.")
    ] = None,
    purpose: Annotated[
        list[str] | None, typer.Option(help="What they may work for, else TRACE; again for each.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="A new way in for somebody who works here already.")] = False,
    url: Annotated[str, typer.Option(help="The address of the desk.")] = "http://localhost:8480",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a link that lets one person in, once: for who holds the home and its passphrase, without an administrator."""
    # Passkeys take a while to load, and no other command needs them.
    from clients.desk.inviting import open_door  # noqa: PLC0415 - see above

    edge = edge_of(context)
    place, at = edge.home(home), parse_place(url)
    trusted = (
        None
        if again
        else mandate_from_words(
            roles=role or [], clearance=clearance, compartments=compartment or [], purposes=purpose or ["TRACE"]
        )
    )
    with open_door(place, key=edge.database_key(place), place=at, clock=edge.world.clock) as door:
        link = door.again(name) if trusted is None else door.invite(name, trusted)
    edge.show(f"✓ link       it lets one person in, once, within a day\n  {link}", {"link": link}, as_json=as_json)
