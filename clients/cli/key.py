"""`sealtrace key`: an agency's own keys, rotated, revoked, or all made anew under a new root."""

from pathlib import Path
from typing import Annotated

import typer

from clients import keychange, newroot
from clients.authority import Authority
from clients.cli.edge import Edge
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.durable import write_file
from clients.errors import HomeError
from clients.keychange import Changed
from clients.keyring import WORKING_ROLES, Keyring
from clients.passphrase import Purpose
from clients.service import Service
from clients.session import Standing
from clients.trust import Trust
from ledger.identifiers import key_id
from ledger.jsontext import JsonValue
from ledger.kinds import Role

app = typer.Typer(help="This agency's own keys: show, rotate, revoke, take a new root.", no_args_is_help=True)


@app.command(epilog="Example: sealtrace key show")
def show(context: typer.Context, *, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List this agency's keys in force."""
    edge = edge_of(context)
    with edge.session(home) as session:
        standing = session.stand()
        standing.authority.catch_up(standing.me)
        value = _in_force(standing)
    lines = [f"{kid:<16}{role}" for kid, role in value.items()]
    edge.show("\n".join(lines), {"keys": dict(value)}, as_json=as_json)


@app.command(epilog="Example: sealtrace key rotate --role hpke")
def rotate(
    context: typer.Context,
    *,
    role: Annotated[list[str] | None, typer.Option(help="sign, batch, http or hpke; else all four.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replace working keys by new ones: an entry that both root keys sign. Bring the root keystore."""
    edge = edge_of(context)
    roles = [_role(name) for name in role] if role else list(WORKING_ROLES)
    with edge.session(home) as session:
        changed = keychange.rotate(session, _root(edge, home), roles)
    _tell(edge, changed, as_json=as_json)


@app.command(epilog="Example: sealtrace key revoke xar-arms#4 --since 2114")
def revoke(
    context: typer.Context,
    kids: Annotated[list[str], typer.Argument(metavar="KEY", help="Keys like xar-arms#4.")],
    *,
    since: Annotated[
        int | None, typer.Option(help="The index from which what the keys signed is disputed; ends epochs too.", min=0)
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """End keys that others may hold; where none would be left, a new one comes with the same entry."""
    edge = edge_of(context)
    with edge.session(home) as session:
        changed = keychange.revoke(session, _root(edge, home), [key_id(kid) for kid in kids], since=since)
    _tell(edge, changed, as_json=as_json)


@app.command("new-root", epilog="Example: sealtrace key new-root -o xar-arms.enrolment.json")
def new_root(
    context: typer.Context,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the enrolment request goes.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make all keys anew. They count when the members' charter names them and `sealtrace key adopt` was run."""
    edge = edge_of(context)
    with edge.session(home) as session:
        request = newroot.draw(
            session.stand(),
            passphrase=edge.passphrases.of(Purpose.ROOT, new=True),
            working=edge.passphrases.of(Purpose.KEYSTORE),
            cost=edge.cost,
        )
        path = session.home.next_root_keystore
    write_file(output, request)
    text = f"✓ drawn      {path}: the new root, not in force yet\nrequest      {output}: send it to whoever proposes the charter"
    edge.show(text, {"request": str(output), "keystore": str(path)}, as_json=as_json)


@app.command(epilog="Example: sealtrace key adopt")
def adopt(context: typer.Context, *, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Take the new root and its keys into use, once the charter in force names them."""
    edge = edge_of(context)
    place = edge.home(home)
    if not place.next_root_keystore.exists():
        raise HomeError("no new root waits in this home", next_step="draw one with `sealtrace key new-root`")
    with place.exclusive():
        # Nothing can be signed yet: the old keys have ended, the new ones are not in use.
        service = Service(edge.connect(place.joined().url))
        view = Trust(place.trusted).refresh(service)
        with edge.replica(place) as replica:
            authority = Authority(view, service=service, replica=replica)
        adopted = newroot.adopt(
            place,
            edge.keyring(place),
            next_root=edge.root_keyring(place.next_root_keystore),
            membership=authority.membership,
            size=view.checkpoint.size,
        )
    text = f"✓ in force   {', '.join(map(str, adopted.kids))} and the keys under them\nkept         {adopted.retired}: its recovery key opens what was sealed before"
    edge.show(text, {"roots": [str(kid) for kid in adopted.kids], "retired": adopted.retired}, as_json=as_json)


def _root(edge: Edge, home: str | None) -> Keyring:
    return edge.keyring(edge.home(home), Purpose.ROOT)


def _role(name: str) -> Role:
    for role in WORKING_ROLES:
        if role.value == name:
            return role
    raise HomeError("a working key signs, closes batches, signs requests or opens boxes", next_step="say --role hpke")


def _in_force(standing: Standing) -> dict[str, JsonValue]:
    membership, size = standing.authority.membership, standing.view.checkpoint.size
    keys = [key for role in Role for key in membership.keys_of(standing.me, role=role, index=size)]
    return {str(key.kid): key.role.value for key in sorted(keys, key=lambda key: key.kid)}


def _tell(edge: Edge, changed: Changed, *, as_json: bool) -> None:
    lines = [f"✓ logged     entry {changed.index:,}; it counts from the next entry on"]
    lines += [f"new          {key.kid} {key.role.value}" for key in changed.added]
    lines += [f"ended        {kid}" for kid in changed.ended]
    if changed.since is not None:
        lines.append(f"disputed     what the ended keys signed from entry {changed.since:,} on")
    value: dict[str, JsonValue] = {
        "index": changed.index,
        "added": {str(key.kid): key.role.value for key in changed.added},
        "ended": [str(kid) for kid in changed.ended],
        "since": changed.since,
    }
    edge.show("\n".join(lines), value, as_json=as_json)
