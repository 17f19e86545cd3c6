"""`sealtrace agency`: found an agency."""

from pathlib import Path
from typing import Annotated

import typer

from clients.agency import Identity, Passphrase, create_agency, create_auditor
from clients.cli.edge import Edge
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.home import Home, HomeConfig
from clients.passphrase import Purpose
from ledger.agencies import Contact, Law

app = typer.Typer(help="Found an agency: its keys, its home, its request to be enrolled.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `create` a command of its own while it is the only one."""


@app.command(
    epilog="Example: sealtrace agency create --home ~/arms --id xar-arms --name 'Arms Office' --country XAR "
    "--contact 'Duty desk' --hours 24/7 --languages en"
)
def create(  # noqa: PLR0913 - each option is one fact of the charter
    context: typer.Context,
    *,
    agency: Annotated[str, typer.Option("--id", help="The agency's id: country and body, like xar-arms.")],
    name: Annotated[str, typer.Option(help="The agency's name.")],
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-3, or XIN.")],
    contact: Annotated[str, typer.Option(help="The national point of contact.")] = "not named",
    hours: Annotated[str, typer.Option(help="When it is reached.")] = "office hours",
    languages: Annotated[str, typer.Option(help="In which languages, by commas.")] = "en",
    law: Annotated[list[str] | None, typer.Option(help="CODE:TEXT of a law that may force disclosure.")] = None,
    auditor: Annotated[bool, typer.Option("--auditor", help="Enrol as an auditor: keys for requests only.")] = False,
    witness: Annotated[bool, typer.Option("--witness", help="Make witness keys too: this agency will cosign.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where the enrolment request goes.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make all keys and a home, and write the enrolment request that a charter needs."""
    edge = edge_of(context)
    if auditor:
        config = HomeConfig(id=agency, name=name, country=country)
        passphrase = edge.passphrases.of(Purpose.KEYSTORE, new=True)
        made, request = create_auditor(home, edge.environ, config, passphrase=passphrase, cost=edge.cost)
    else:
        identity = Identity(
            id=agency,
            name=name,
            country=country,
            contact=Contact(name=contact, hours=hours, languages=tuple(languages.split(","))),
            law=tuple(_law(text) for text in law or ()),
            witness=witness,
        )
        made, request = create_agency(home, edge.environ, identity, passphrases=_passphrases(edge), cost=edge.cost)
    path = output or made.path / "enrolment.json"
    path.write_bytes(request)
    edge.show(_text(made, path, auditor=auditor), {"home": str(made.path), "enrolment": str(path)}, as_json=as_json)


def _passphrases(edge: Edge) -> Passphrase:
    return Passphrase(
        working=edge.passphrases.of(Purpose.KEYSTORE, new=True), root=edge.passphrases.of(Purpose.ROOT, new=True)
    )


def _law(text: str) -> Law:
    code, _, words = text.partition(":")
    return Law(code=code, text=words)


def _text(made: Home, path: Path, *, auditor: bool) -> str:
    offline = (
        "" if auditor else f"\nroot keys    {made.root_keystore}: take this file offline after signing the charter"
    )
    return f"✓ home       {made.path}{offline}\nrequest      {path}: send it to whoever proposes the charter"
