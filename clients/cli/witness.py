"""`sealtrace witness`: keys for a witness, and the witness itself."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import clients
from clients.agency import witness_request
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.passphrase import Purpose
from clients.witnesskeys import draw_witness_keys

app = typer.Typer(help="Cosign the log on this agency's own premises.", no_args_is_help=True)


@app.command(epilog="Example: sealtrace witness keys -o xar.witness.json")
def keys(
    context: typer.Context,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the request goes.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new pair of witness keys, and the request that the next charter needs to name them."""
    edge = edge_of(context)
    with edge.session(home) as session:
        standing = session.stand()
        standing.authority.catch_up(standing.me)
        drawn = draw_witness_keys(
            session.home,
            first=standing.authority.membership.last_number(standing.me) + 1,
            passphrase=edge.passphrases.of(Purpose.KEYSTORE),
            cost=edge.cost,
        )
        path = session.home.witness_keystore
    output.write_bytes(witness_request(drawn))
    kids = [str(key.kid) for key in drawn.keys]
    text = (
        f"✓ drawn      {' and '.join(kids)} in {path}; change no other key until a charter names them\n"
        f"next         sealtrace charter propose {output} --witness {drawn.id} --witness … --previous CHARTER"
    )
    edge.show(text, {"keys": list(kids), "request": str(output), "keystore": str(path)}, as_json=as_json)


@app.command(epilog="Example: sealtrace witness serve --home ~/arms --port 8481")
def serve(  # noqa: PLR0913 - where it listens, whom it follows
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option(help="Where to listen; a proxy with TLS stands in front.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen on.")] = 8481,
    outbound: Annotated[
        bool, typer.Option("--outbound", help="Listen nowhere: ask the service what there is to cosign.")
    ] = False,
    url: Annotated[str | None, typer.Option(help="The service, for a home that has not joined yet.")] = None,
    charter: Annotated[str | None, typer.Option(help="The fingerprint of charter 1, likewise.")] = None,
    highest: Annotated[
        Path | None, typer.Option(help="Where the second file goes, best on another disk; else into the home.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Run the witness until it is told to end: it cosigns every checkpoint that grows from the one before.

    Its log, on standard error, is JSON.
    """
    edge_of(context)
    given = {"--home": home, "--url": url, "--charter": charter, "--highest": highest}
    words = ["--host", host, "--port", str(port), *(["--outbound"] if outbound else [])]
    # In one word each: a fingerprint may begin with a hyphen.
    words += [f"{name}={value}" for name, value in given.items() if value is not None]
    # A program of its own takes the place of this one, loaded from the very place that this one was loaded from.
    environ = {**os.environ, "PYTHONPATH": str(Path(clients.__file__).parents[1])}
    os.execve(sys.executable, [sys.executable, "-P", "-m", "clients.witness.program", *words], environ)  # noqa: S606 - our own program with checked words
