"""`sealtrace-server`: what the operator runs."""

import getpass
import json
import os
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from crypto import privatefile
from crypto.errors import CryptoError
from ledger import fingerprints
from ledger.errors import LedgerError
from ledger.notes import check_name
from ledger.wire import requests
from server import accountcommands, schema, upkeep
from server.config import TICK_SECONDS, Config
from server.console.place import parse_place
from server.errors import ConfigError, StartError
from server.exits import fail
from server.folder import DataOption
from server.highest import HighestSigned
from server.keys import create_keys, open_keys, service_json
from server.passphrase import ask_passphrase, read_passphrase
from server.rotation import prepare_successor
from server.serve import LOOPBACK, serve
from server.wording import WordedGroup

app = typer.Typer(
    cls=WordedGroup,
    no_args_is_help=True,
    add_completion=True,
    # As `sealtrace` shows it: boxes leave an option and its words a third of 80 columns each.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    help="Run a Sealtrace ledger service.",
)


def _say_version(asked: bool) -> None:  # noqa: FBT001  the form that typer calls
    if asked:
        typer.echo(f"sealtrace-server {version('sealtrace')}")
        raise typer.Exit


@app.callback()
def _program(
    *,
    told_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say which version this is.")
    ] = False,
) -> None:
    pass


@app.command(
    short_help="make the service's keys, once",
    # Too long for one line, and broken where a shell reads on.
    epilog="\b\nExample: sealtrace-server create --data /srv/ledger \\\n"
    "    --origin ledger.example/weapons --url https://ledger.example",
)
def create(
    data: DataOption,
    origin: Annotated[str, typer.Option(metavar="NAME", help="The log's name for ever: a URL without its scheme.")],
    url: Annotated[
        str, typer.Option(metavar="URL", help="Where agencies reach the service, like https://ledger.example.")
    ],
    *,
    as_json: upkeep.JsonOption = False,
) -> None:
    """Make the service's keys, and write service.json: what the charter must name."""
    try:
        _check_new(data, origin=origin, url=url)
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        config = Config(data=data, fingerprint=b"")
        keys = create_keys(config.keystore, passphrase=_passphrase(twice=True))
        HighestSigned(config.highest).begin(keys, origin=origin)
        privatefile.replace(config.service, service_json(keys, origin=origin, url=url))
    except (ConfigError, StartError, CryptoError, LedgerError, OSError) as error:
        fail(error)
    typer.echo(config.service.read_text(encoding="utf-8"), nl=False)
    if not as_json:
        typer.echo(f"The charter must name these keys: they are in {config.service}", err=True)


def _check_new(data: Path, *, origin: str, url: str) -> None:
    """Raise unless a log of this name may begin here: nothing of it can be changed later."""
    check_name(origin)
    if "://" in origin:
        raise ConfigError("the origin is a URL without its scheme, like ledger.example/weapons: name it so, for ever")
    requests.authority(url)
    if Config(data=data, fingerprint=b"").keystore.exists():
        raise StartError(f"{data} holds a service's keys already, which are never replaced: name another folder")


@app.command("serve", short_help="serve the log, until it is told to end")
def serve_command(  # noqa: PLR0913  each option is one thing to listen on
    data: DataOption,
    *,
    charter: Annotated[
        str,
        typer.Option(
            metavar="FINGERPRINT", help="The fingerprint of charter 1, as words or as text.", envvar="SEALTRACE_CHARTER"
        ),
    ],
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on; TLS is for a proxy in front.")
    ] = LOOPBACK,
    port: Annotated[int, typer.Option(metavar="N", help="Port to listen on.", min=1, max=65_535)] = 8470,
    metrics_port: Annotated[
        int | None, typer.Option(metavar="N", help="Port for /metrics, on the loopback address.", min=1, max=65_535)
    ] = None,
    console: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where browsers reach /console, like https://console.ledger.example."),
    ] = None,
    tick: Annotated[
        int,
        typer.Option(
            metavar="SECONDS", help="Time between ticks; less tells who asked when: for rehearsals.", min=1, max=3_600
        ),
    ] = TICK_SECONDS,
    proxy: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="A proxy on another machine that names its clients; again for each."),
    ] = None,
) -> None:
    """Serve the log whose first charter has this fingerprint.

    Example: sealtrace-server serve --data /srv/ledger --charter babab-dabab-…
    """
    try:
        place = None if console is None else parse_place(console)
        told = Config.from_env({**os.environ, "SEALTRACE_DATA": str(data), "SEALTRACE_CHARTER": charter})
        config = replace(told, tick_seconds=tick)
        keys = open_keys(config.keystore, passphrase=_passphrase(twice=False))
    except (ConfigError, CryptoError) as error:
        fail(error)
    typer.echo(f"http://{host}:{port}, charter {fingerprints.to_words(config.fingerprint)}", err=True)
    try:
        serve(
            config,
            keys=keys,
            host=host,
            port=port,
            metrics_port=metrics_port,
            console=place,
            proxies=proxy or (),
            notify=os.environ.get("NOTIFY_SOCKET"),
        )
    except StartError as error:
        fail(error)


@app.command(short_help="prepare new keys of the log, for the next charter")
def rotate(
    data: DataOption,
    *,
    match_only: Annotated[
        bool, typer.Option("--match-only", help="Only the matching key: for a charter that removes an agency.")
    ] = False,
    as_json: upkeep.JsonOption = False,
) -> None:
    """Prepare new keys of the log, and write service.next.json: what the next charter must name.

    Start the service again, then have the members agree on a charter that names these keys: the log passes to them
    with the entry of that charter, and the old ones are destroyed by the rotation after.

    Example: sealtrace-server rotate --data /srv/ledger
    """
    config = Config(data=data, fingerprint=b"")
    try:
        raw = prepare_successor(config, passphrase=_passphrase(twice=False), match_only=match_only)
    except (ConfigError, StartError, CryptoError, LedgerError, OSError) as error:
        fail(error)
    typer.echo(raw.decode(), nl=False)
    if not as_json:
        typer.echo(f"Start the service again; the next charter names these keys: {config.next_service}", err=True)


@app.command(short_help="bring the database to the newest schema")
def migrate(data: DataOption, *, as_json: upkeep.JsonOption = False) -> None:
    """Bring the database to the newest schema; `serve` does so too.

    Example: sealtrace-server migrate --data /srv/ledger
    """
    try:
        schema.migrate(Config(data=data, fingerprint=b"").database)
    except (StartError, OSError) as error:
        fail(error)
    if as_json:
        typer.echo(json.dumps({"schema": schema.newest()}))


# In the order of a service's life: these stand behind those above.
app.command("export", short_help="write the open files of a log from its database")(upkeep.export_command)
app.command("fsck", short_help="hash every stored byte again; put back what is damaged")(upkeep.fsck_command)
app.command("backup", short_help="copy a service while it runs")(upkeep.backup_command)
app.command("restore", short_help="put a service back, from a backup or a mirror")(upkeep.restore_command)
app.command("doctor", short_help="find what keeps the service from running well")(upkeep.doctor_command)
app.add_typer(accountcommands.app, name="account", short_help="who may sign in to the console")


def main() -> None:
    """Run the command line."""
    app()


def _passphrase(*, twice: bool) -> bytes:
    prompt = getpass.getpass if sys.stdin.isatty() else None
    passphrase = ask_passphrase()
    if twice and prompt is not None and "SEALTRACE_PASSPHRASE_FD" not in os.environ:
        again = read_passphrase(os.environ, prompt=lambda _: prompt("The same again: "))
        if again != passphrase:
            raise ConfigError("the two passphrases differ")
    return passphrase
