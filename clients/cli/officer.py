"""`sealtrace officer`: officers of this agency and their own signing keys."""

from typing import Annotated

import typer

from clients.approvals import Hand
from clients.cli.edge import Edge
from clients.cli.moments import moment
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.home import Home
from clients.officers import create_officer, end_officer, ended, enrolled, officer_signer
from clients.passphrase import Purpose
from crypto.encoding import b64u
from crypto.keystore import STRONG
from ledger.jsontext import JsonValue

app = typer.Typer(help="Officers of this agency: each signs with a key of their own.", no_args_is_help=True)


@app.command(epilog="Example: sealtrace officer create 'A. Abiola'")
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The officer's name, as it will stand in approvals.")],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw an officer's own key under a passphrase that only this officer knows, and enrol it in the home."""
    edge = edge_of(context)
    place = edge.home(home)
    with place.exclusive():
        phrase = edge.passphrases.of(Purpose.OFFICER, new=True)
        key = create_officer(place, name, passphrase=phrase, cost=edge.cost)
    text = f"✓ enrolled   {name} · key {b64u(key)}\nnext         have it written down elsewhere whose key this is"
    edge.show(text, {"officer": name, "key": b64u(key)}, as_json=as_json)


@app.command("list", epilog="Example: sealtrace officer list")
def list_officers(context: typer.Context, *, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the officers that are enrolled in this home, and those whose keys have ended."""
    edge = edge_of(context)
    place = edge.home(home)
    found = {name: b64u(key) for name, key in enrolled(place).items()}
    gone = {name: (b64u(one.key), moment(one.at)) for name, one in ended(place).items()}
    lines = [f"{name:<30}{key}" for name, key in found.items()] or ["nobody yet: `sealtrace officer create NAME`"]
    lines += [f"{name:<30}{key}\n{'':<30}ended {at}" for name, (key, at) in gone.items()]
    told: JsonValue = {name: {"key": key, "at": at} for name, (key, at) in gone.items()}
    edge.show("\n".join(lines), {"officers": dict(found), "ended": told}, as_json=as_json)


@app.command(epilog="Example: sealtrace officer end 'A. Abiola'")
def end(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who left, or lost their passphrase.")],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let an officer's key sign no more; it is kept, and verifies what they signed before."""
    edge = edge_of(context)
    place, now = edge.home(home), edge.world.clock()
    with place.exclusive():
        end_officer(place, name, now=now)
    text = f"✓ ended      {name} signs no more; what they signed before {moment(now)} stays good"
    edge.show(text, {"officer": name, "at": moment(now)}, as_json=as_json)


def hand_of(edge: Edge, home: Home, name: str) -> Hand:
    """Return an officer who signs now, once the passphrase has opened their key."""
    phrase = edge.passphrases.of(Purpose.OFFICER)
    return Hand(officer=name, signer=officer_signer(home, name, passphrase=phrase, allow_weak=edge.cost != STRONG))
