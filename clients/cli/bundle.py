"""`sealtrace bundle`: one file that proves a record to a court, a partner or anybody, and its verification."""

from pathlib import Path
from typing import Annotated

import typer

from clients.bundles import check_now, export
from clients.cli.edge import Edge
from clients.cli.exits import Exit
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.cli.reading import PurposeOption, viewer_of
from clients.durable import write_file
from clients.errors import ClientError
from clients.home import VARIABLE
from clients.trust import Trust
from ledger import fingerprints
from ledger.bundle import verify_bundle
from ledger.bundleform import MAX_BUNDLE_BYTES
from ledger.bundleverdict import Verdict
from ledger.bundlewords import next_step, verdict_json, verdict_lines
from ledger.checks import evidence
from ledger.counting import counted
from ledger.errors import LedgerError, NotFoundError
from ledger.identifiers import statement_name
from ledger.jsontext import JsonValue
from ledger.recordform import PORTIONS

app = typer.Typer(help="Evidence that travels: make a bundle of a record, verify one.", no_args_is_help=True)


class BundleError(ClientError):
    """A bundle that proves nothing; the cause says which check failed."""


@app.command("export")
def export_command(  # noqa: PLR0913 - each option says what goes in
    context: typer.Context,
    record: Annotated[str, typer.Argument(metavar="ISS/JTI", help="The record's name.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")],
    *,
    portion: Annotated[
        list[str] | None, typer.Option("--portion", help="Show only this portion: item, event or case.")
    ] = None,
    thin: Annotated[
        bool, typer.Option("--thin", help="Leave the charters out: for verifiers who have them from their own source.")
    ] = False,
    purpose: PurposeOption = "TRACE",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a record, as far as you may see it, with everything that proves it, into one file.

    Example: sealtrace bundle export xar-arms/5tQxAAAAAAAAAAAAAAAA9w -o trace.zip --portion item
    """
    edge = edge_of(context)
    portions = tuple(portion or ())
    if not set(portions) <= set(PORTIONS):
        raise typer.BadParameter(f"a portion is one of {', '.join(PORTIONS)}")
    viewer, _ = viewer_of(edge.home(home), purpose, edge)
    with edge.session(home) as session:
        found = session.replica.find(statement_name(record))
        if found is None:
            raise NotFoundError(
                "no record of that name is in the replica: run `sealtrace sync`, or it is sealed to others"
            )
        exported = export(session.stand(), found, viewer, portions=portions, thin=thin)
    write_file(output, exported.raw)
    text = [f"✓ written    {output} · {counted(len(exported.raw), 'byte')}", *verdict_lines(exported.verdict)]
    text += [f"! {words}" for words in exported.caveats]
    value: JsonValue = {**verdict_json(exported.verdict), "bytes": len(exported.raw), "words": [*exported.caveats]}
    edge.show("\n".join(text), value, as_json=as_json)


@app.command("verify")
def verify_command(  # noqa: PLR0913 - each option is a thing the verifier has of its own
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bundle.")],
    *,
    anchor: Annotated[
        str | None, typer.Option(help="The fingerprint of charter 1, from your own source; else the home's pin.")
    ] = None,
    charter: Annotated[
        list[Path] | None, typer.Option("--charter", help="A charter file of your own, for a thin bundle.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no service for what happened since.")] = False,
    allow_unwitnessed: Annotated[
        bool, typer.Option("--allow-unwitnessed", help="Exit 0 though only the operator vouches for the log.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify a bundle: with no network and no account; a home that is given adds its pin and what happened since.

    Example: sealtrace bundle verify trace.zip --anchor lusab-babad-… --offline
    """
    edge = edge_of(context)
    held = {fingerprints.of_file(raw): raw for raw in (path.read_bytes() for path in charter or ())}
    pin = fingerprints.parse(anchor) if anchor else None
    place = home or edge.environ.get(VARIABLE)
    if place:
        trust = Trust(edge.home(place).trusted)
        held |= {fingerprints.of_file(raw): raw for raw in trust.charter_files()}
        pin = pin or trust.anchor()
    verdict = _verify(file, anchor=pin, held=held)
    since = _since(edge, place, verdict) if place and not offline else ()
    lines = [f"{'✓ verified' if verdict.is_complete else '! consistent'}   {file.name}", *verdict_lines(verdict)]
    edge.show(
        "\n".join([*lines, *(f"! {one}" for one in since)]),
        {**verdict_json(verdict), "since": list(since)},
        as_json=as_json,
    )
    if not verdict.anchored or not (verdict.is_witnessed or allow_unwitnessed):
        raise typer.Exit(Exit.STALE)


def _verify(file: Path, *, anchor: bytes | None, held: dict[bytes, bytes]) -> Verdict:
    with file.open("rb") as opened:
        raw = opened.read(MAX_BUNDLE_BYTES + 1)
    try:
        return verify_bundle(raw, anchor=anchor, held=held)
    except LedgerError as error:
        raise BundleError(str(error), next_step=next_step(error)) from evidence(error)


def _since(edge: Edge, home: str | None, verdict: Verdict) -> tuple[str, ...]:
    with edge.session(home) as session:
        return check_now(session.stand(), verdict)
