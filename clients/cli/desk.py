"""`sealtrace desk`: the pages that this agency's officers work in."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import clients
from clients.cli.exits import Exit
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.desk.people.mandates import mandate_from_words
from clients.desk.people.person import Role
from clients.desk.place import parse_place
from clients.durable import write_file
from ledger.counting import counted
from ledger.jsontext import JsonValue
from ledger.notes import VerifierKey

_ROLES = ", ".join(role.value for role in Role)

app = typer.Typer(help="The pages that this agency's officers work in.", no_args_is_help=True)
use = typer.Typer(help="The record of use: who did what at the desk, for the agency's auditor.", no_args_is_help=True)
app.add_typer(use, name="use")


@app.command(epilog="Example: sealtrace desk serve --home ~/arms --url https://desk.agency.example")
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
    mail_password: Annotated[
        Path | None, typer.Option(help="A file of mode 0600: the mail relay's password, on its first line.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Run the desk until it is told to end: pages for this agency's people, over the home's keys and replica.

    Its log, on standard error, is JSON.
    """
    edge_of(context)
    given = {"--home": home, "--url": url, "--certificate": certificate, "--key": key, "--mail-password": mail_password}
    words = ["--host", host, "--port", str(port)]
    # In one word each: a fingerprint may begin with a hyphen.
    words += [f"{name}={value}" for name, value in given.items() if value is not None]
    # A program of its own takes the place of this one, loaded from the very place that this one was loaded from.
    environ = {**os.environ, "PYTHONPATH": str(Path(clients.__file__).parents[1])}
    os.execve(sys.executable, [sys.executable, "-P", "-m", "clients.desk.program", *words], environ)  # noqa: S606 - our own program with checked words


@app.command(epilog="Example: sealtrace desk invite 'Ana Sá' --role analyst --clearance CONFIDENTIAL --purpose TRACE")
def invite(  # noqa: PLR0913 - what one person is trusted with
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The person.")],
    *,
    role: Annotated[list[str] | None, typer.Option(help=f"{_ROLES}.")] = None,
    clearance: Annotated[str, typer.Option(help="The highest level they may read; else nothing at all.")] = "",
    compartment: Annotated[list[str] | None, typer.Option(help="A compartment they are read into.")] = None,
    purpose: Annotated[list[str] | None, typer.Option(help="What they may work for, else TRACE.")] = None,
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
    with open_door(place, edge.keyring(place), place=at, clock=edge.world.clock, tell=edge.note) as door:
        link = door.again(name) if trusted is None else door.invite(name, trusted)
    edge.show(f"✓ link       it lets one person in, once, within a day\n  {link}", {"link": link}, as_json=as_json)


@use.command("export", epilog="Example: sealtrace desk use export -o use.json")
def export_use(
    context: typer.Context,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file for the auditor.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the whole record of use into one file, with the checkpoint over it and the key that signed it."""
    # As above: the desk's tables are of no other command's business.
    from clients.desk.use.record import exported  # noqa: PLC0415 - see above

    edge = edge_of(context)
    place = edge.home(home)
    found = exported(place, edge.keyring(place), key=edge.database_key(place), clock=edge.world.clock)
    write_file(output, found.format())
    told = f"✓ exported   {counted(len(found.entries), 'entry', 'entries')}\nkey          {found.key.format()}\n             the auditor keeps it, and this file"
    value: dict[str, JsonValue] = {"entries": len(found.entries), "key": found.key.format(), "file": str(output)}
    edge.show(told, value, as_json=as_json)


@use.command("verify", epilog="Example: sealtrace desk use verify use.json --since last-month.json --key arms.vkey")
def verify_use(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `desk use export` wrote.")],
    *,
    since: Annotated[
        Path | None, typer.Option(help="An earlier export, or its checkpoint: nothing of it may be gone.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The desk's key, as you keep it: the line that `export` printed.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Verify an export of the record of use: no network, no home, no keys. Without --key it is STALE (exit 4)."""
    from clients.desk.use.exports import verify_export  # noqa: PLC0415 - as above

    edge = edge_of(context)
    earlier = None if since is None else since.read_bytes()
    found = verify_export(
        file.read_bytes(),
        key=None if key is None else VerifierKey.parse(key),
        since=earlier,
    )
    size = found.checkpoint.size
    lines = [
        f"✓ verified   {counted(size, 'entry', 'entries')} of {found.checkpoint.origin}, none taken, changed or moved"
    ]
    lines += ["✓ continues  what was exported before is the beginning of it"] if since else []
    lines += [] if found.anchored else ["? key        its own, not one that you keep: say --key"]
    value: dict[str, JsonValue] = {
        "entries": [one.to_json() for one in found.entries],
        "origin": found.checkpoint.origin,
        "anchored": found.anchored,
        "continues": since is not None,
    }
    edge.show("\n".join(lines), value, as_json=as_json)
    if not found.anchored:
        raise typer.Exit(Exit.STALE)
