"""`sealtrace desk`: the pages that this agency's officers work in."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import clients
from clients.cli.options import HomeOption, edge_of

app = typer.Typer(help="The pages that this agency's officers work in.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `serve` a command of its own while it is the only one."""


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
