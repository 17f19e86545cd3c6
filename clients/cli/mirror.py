"""`sealtrace mirror`: keep a verified copy of a log."""

from pathlib import Path
from typing import Annotated

import typer

from clients.cli.edge import Edge
from clients.cli.exits import Exit
from clients.cli.logservice import followed
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.errors import UnreachableError
from clients.freshness import require_fresh, vouched
from clients.mirroring import Mirror, Mirrored
from clients.plaintext import visible
from clients.service import Service
from ledger.counting import counted
from ledger.errors import BusyError
from ledger.jsontext import JsonValue


def mirror(  # noqa: PLR0913 - each option is one choice of what to copy, where to and how often
    context: typer.Context,
    url: Annotated[str | None, typer.Argument(help="The service; else the home's.")] = None,
    *,
    to: Annotated[
        Path, typer.Option("--to", metavar="DIR", help="The folder of the copy; an interrupted one is gone on with.")
    ],
    charter: Annotated[str | None, typer.Option(help="The fingerprint of charter 1; else the home's pin.")] = None,
    every: Annotated[
        int | None,
        typer.Option(metavar="SECONDS", min=1, help="Go on for ever, this long after each round; else once."),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Hash everything in the folder again, and fetch what is damaged.")
    ] = False,
    allow_unwitnessed: Annotated[
        bool, typer.Option("--allow-unwitnessed", help="Exit 0 though only the operator vouches for the log.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy checkpoint, tiles, entries and charters, each byte verified before it is written.

    Example: sealtrace mirror https://ledger.example --charter lusab-babad-… --to /srv/mirror --every 600
    """
    edge = edge_of(context)
    copy, source = _opened(edge, to, url=url, charter=charter, home=home)
    while True:
        done = _round(edge, copy, source, whole=whole, repeated=every is not None)
        if done is not None:
            edge.show(_text(done, to, edge.world.clock()), _json(done), as_json=as_json)
        if every is None or (done is not None and not done.view.charter.is_witnessed and not allow_unwitnessed):
            break
        edge.world.sleep(every)
    if done is not None:
        require_fresh(done.view.fresh, now=edge.world.clock())
        raise typer.Exit(Exit.DONE if done.view.charter.is_witnessed or allow_unwitnessed else Exit.STALE)


def _opened(edge: Edge, to: Path, *, url: str | None, charter: str | None, home: str | None) -> tuple[Mirror, Service]:
    """Return the copy under its pin, and the service: as told, else as the home has both."""
    log = followed(edge, url=url, charter=charter, home=home)
    copy = Mirror(to, fingerprint=log.fingerprint)
    for fingerprint in log.confirmed:
        copy.confirm(fingerprint)
    return copy, log.service


def _round(edge: Edge, copy: Mirror, source: Service, *, whole: bool, repeated: bool) -> Mirrored | None:
    """Bring the copy up to date; a service that is away for a while ends no mirror that is to go on."""
    try:
        return copy.update(source, progress=edge.progress("entries mirrored"), whole=whole)
    except (UnreachableError, BusyError) as error:
        if not repeated:
            raise
        edge.note(f"! {error}; tried again")
        return None


def _text(done: Mirrored, folder: Path, now: int) -> str:
    size = done.view.checkpoint.size
    access = "none shown" if done.access is None else counted(done.access, "entry", "entries")
    return (
        f"✓ {visible(done.view.checkpoint.origin)} · {counted(size, 'entry', 'entries')}, {size - done.before:,} of them new · "
        f"{vouched(done.view, now=now)} · access log: {access}\n  {counted(done.files, 'file')} written below {folder}"
    )


def _json(done: Mirrored) -> dict[str, JsonValue]:
    return {
        "origin": done.view.checkpoint.origin,
        "size": done.view.checkpoint.size,
        "root": done.view.checkpoint.root.hex(),
        "before": done.before,
        "files": done.files,
        "access": done.access,
        "witnesses": list(done.view.witnessed.times),
        "fresh": done.view.fresh,
    }
