"""`sealtrace profile` and `sealtrace codes`: an agency's standing decisions, and the official code lists."""

from pathlib import Path
from typing import Annotated

import typer

from clients.authority import members_of
from clients.cli.exits import Exit
from clients.cli.options import HomeOption, JsonOption, ProfileOption, edge_of
from clients.codes import import_codes
from clients.session import load_profile
from clients.trust import Trust
from ledger.plan import Planner
from ledger.profiles import audiences, check
from ledger.profiletoml import to_toml

app = typer.Typer(help="Default labels, audiences and hit policies.", no_args_is_help=True)
codes = typer.Typer(help="Official make and calibre lists.", no_args_is_help=True)


@app.command(epilog="Example: sealtrace profile show > profile.toml")
def show(
    context: typer.Context, *, profile: ProfileOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Print the profile in use, as the file a person can edit and keep in the home as profile.toml."""
    edge = edge_of(context)
    place = edge.home(home)
    charter = Trust(place.trusted).charters()[-1]
    found = load_profile(place, charter, path=Path(profile) if profile else None)
    edge.show(to_toml(found).rstrip(), {"profile": to_toml(found)}, as_json=as_json)


@app.command("check", epilog="Example: sealtrace profile check --profile profile.toml")
def check_profile(
    context: typer.Context, *, profile: ProfileOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Say what in a profile will not work as it reads under the charter in force."""
    edge = edge_of(context)
    place = edge.home(home)
    charters = Trust(place.trusted).charters()
    members = members_of(charters)
    found = load_profile(place, charters[-1], path=Path(profile) if profile else None)
    Planner(found, members)
    findings = check(found, members, today=edge.today())
    sealed = len(audiences(found, members))
    text = (
        "\n".join(f"! {one.where}: {one.what}" for one in findings) or f"✓ profile    {sealed} audiences, no findings"
    )
    edge.show(
        text,
        {"audiences": sealed, "findings": [{"where": one.where, "what": one.what} for one in findings]},
        as_json=as_json,
    )
    if findings:
        raise typer.Exit(Exit.REFUSED)


@codes.callback()
def _group() -> None:
    """Keep `import` a command of its own while it is the only one."""


@codes.command("import", epilog="Example: sealtrace codes import ncic_makes.csv --kind makes")
def import_list(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV with the columns code and description.")],
    *,
    kind: Annotated[str, typer.Option(help="makes or calibres.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an official list into the home; lists read from then on know its codes."""
    edge = edge_of(context)
    place = edge.home(home)
    with place.exclusive():
        found = import_codes(place, file.read_bytes(), kind=kind)
    lines = [f"✓ imported   {len(found.rows):,} {kind}"]
    lines += [f"! line {problem.line}: {problem.cause}" for problem in found.problems]
    edge.show(
        "\n".join(lines),
        {"kind": kind, "codes": len(found.rows), "problems": [[one.line, one.cause] for one in found.problems]},
        as_json=as_json,
    )
