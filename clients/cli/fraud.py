"""`sealtrace fraud`: check a proof of fraud, or make one of two checkpoints that contradict each other."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from clients.cli.edge import Edge
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.durable import write_file
from clients.errors import HomeError, ListError
from clients.forks import fork_files, note_of
from clients.home import VARIABLE
from clients.plaintext import wrap
from clients.reports import read_report
from clients.show import WIDTH
from clients.trust import Trust
from ledger import fingerprints
from ledger.fraud import verify_fraud
from ledger.fraudform import MAX_FRAUD_BYTES
from ledger.jsontext import JsonValue
from ledger.reports import MAX_REPORT_BYTES

_TITLE_WIDTH = 13

app = typer.Typer(help="Signed words that convict whoever signed them.", no_args_is_help=True)

CharterOption = Annotated[
    list[Path] | None, typer.Option("--charter", help="A charter file that you believe; else the home's.")
]


@app.command("verify")
def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The proof.")],
    *,
    charter: CharterOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whom a proof of fraud convicts of what; uses no network and no key.

    Example: sealtrace fraud verify fraud-5tQxAAAA.json --charter charter-1.json
    """
    edge = edge_of(context)
    files = _charters(edge, charter, home)
    conviction = verify_fraud(_read(file), charters=files)
    believed = [fingerprints.to_text(fingerprints.of_file(one)) for one in files]
    text = [*conviction.lines(), *(f"believed     charter {one}" for one in believed)]
    value: JsonValue = {
        "kind": conviction.kind,
        "who": [*conviction.who],
        "what": conviction.what,
        "unless": conviction.unless,
        "believed": [*believed],
    }
    edge.show(_fitted(text), value, as_json=as_json)


@app.command("prove")
def prove(  # noqa: PLR0913 - two files in, one out, as every command has its home
    context: typer.Context,
    one: Annotated[Path, typer.Argument(metavar="ONE", help="A checkpoint, or a request that a witness kept.")],
    other: Annotated[Path, typer.Argument(metavar="OTHER", help="One that contradicts it.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write; more are FILE.2, FILE.3.")
    ],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the proof that two signed checkpoints cannot both be true, and one for each witness that cosigned both.

    Where their sizes differ the service is asked for the tiles of the larger tree, which show with what it begins.

    Example: sealtrace fraud prove evidence/4f….held evidence/4f….request -o fork.json
    """
    edge = edge_of(context)
    with edge.session(home) as session:
        files = session.trust.charter_files()
        notes = [note_of(_read(path)) for path in (one, other)]
        proofs = fork_files(notes[0], notes[1], charters=files, read=session.service.tile)
    if not proofs:
        raise ListError(
            "these two do not contradict each other, or the tiles that would show it are withheld",
            next_step="keep both files: other members may hold the tiles",
        )
    for number, proof in enumerate(proofs, start=1):
        write_file(output if number == 1 else output.with_name(f"{output.name}.{number}"), proof)
    convicted = [verify_fraud(proof, charters=files) for proof in proofs]
    text = [line for found in convicted for line in found.lines()]
    edge.show(
        _fitted(text), {"proofs": [{"kind": found.kind, "who": [*found.who]} for found in convicted]}, as_json=as_json
    )


@app.command("open")
def open_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sealed report, from a home's folder `reports`.")],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a report that a member sealed to this auditor, and say whether it is true.

    Example: sealtrace fraud open report-5tQxAAAA.json
    """
    edge = edge_of(context)
    place = edge.home(home)
    with file.open("rb") as opened:
        raw = opened.read(MAX_REPORT_BYTES + 1)
    upheld = read_report(raw, me=place.config().id, keyring=edge.keyring(place))
    text = [f"✓ upheld     {upheld.what}", f"issuer       {upheld.iss}"]
    edge.show(_fitted(text), {"iss": upheld.iss, "kind": upheld.fault.value, "what": upheld.what}, as_json=as_json)


def _fitted(lines: Iterable[str]) -> str:
    """Return lines of a title and its text as a terminal shows them: what is too long goes on below its own text."""
    return "\n".join(part for line in lines for part in wrap(line, width=WIDTH, indent=" " * _TITLE_WIDTH))


def _charters(edge: Edge, charter: list[Path] | None, home: str | None) -> tuple[bytes, ...]:
    if charter:
        return tuple(path.read_bytes() for path in charter)
    place = home or edge.environ.get(VARIABLE)
    if not place:
        raise HomeError("no charter to believe was named", next_step="give --charter FILE, or --home")
    return Trust(edge.home(place).trusted).charter_files()


def _read(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(MAX_FRAUD_BYTES + 1)
