"""`sealtrace watch`: a log and its witnesses, compared again and again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from clients.cli.edge import Edge
from clients.cli.exits import Exit
from clients.cli.logservice import followed
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.errors import UnreachableError
from clients.freshness import vouched
from clients.home import VARIABLE
from clients.plaintext import visible
from clients.service import Service
from clients.transport import Transport
from clients.watching import Round, Watch
from clients.witnesslinks import connect_witness, named_witnesses, read_witnesses
from clients.witnessviews import Word
from ledger.counting import counted
from ledger.errors import BusyError
from ledger.jsontext import JsonValue


def watch(  # noqa: PLR0913 - each option is one choice of what to watch, with whom and how often
    context: typer.Context,
    url: Annotated[str | None, typer.Argument(help="The service; else the home's.")] = None,
    *,
    state: Annotated[
        Path, typer.Option("--state", help="The folder in which the watch remembers, and keeps evidence.")
    ],
    witness: Annotated[
        list[str] | None,
        typer.Option(metavar="AGENCY=URL", help="A witness to compare with; else those of a file."),
    ] = None,
    witnesses: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A witnesses.toml, as operators have it; else the home's.")
    ] = None,
    charter: Annotated[str | None, typer.Option(help="The fingerprint of charter 1; else the home's pin.")] = None,
    every: Annotated[
        int | None, typer.Option(metavar="SECONDS", min=1, help="Go on until there is an alarm; else one round.")
    ] = None,
    allow_unwitnessed: Annotated[
        bool, typer.Option("--allow-unwitnessed", help="Exit 0 though only the operator vouches for the log.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify what is new in a log, and compare it with what its witnesses show: fork, rollback and freeze are alarms.

    Example: sealtrace watch https://ledger.example --charter lusab-… --state /srv/watch --every 300
    """
    edge = edge_of(context)
    memory, service = _opened(edge, state, url=url, charter=charter, home=home)
    asked = _witnesses(edge, witness or (), witnesses, home)
    while True:
        found = _look(edge, memory, service, asked, repeated=every is not None)
        code = Exit.UNREACHABLE if found is None else _exit(found, allow_unwitnessed=allow_unwitnessed)
        if found is not None:
            edge.show(_text(found, edge.world.clock()), _json(found), as_json=as_json)
        if every is None or code not in {Exit.DONE, Exit.UNREACHABLE}:
            raise typer.Exit(code)
        edge.world.sleep(every)


def _opened(
    edge: Edge, state: Path, *, url: str | None, charter: str | None, home: str | None
) -> tuple[Watch, Service]:
    log = followed(edge, url=url, charter=charter, home=home)
    memory = Watch(state, fingerprint=log.fingerprint)
    for fingerprint in log.confirmed:
        memory.confirm(fingerprint)
    return memory, log.service


def _witnesses(edge: Edge, named: Sequence[str], file: Path | None, home: str | None) -> Mapping[str, Transport]:
    """Return the ways to the witnesses: as named, else as a file has them, else as the home's does, if there is one."""
    if named:
        urls = named_witnesses(named)
    elif file is not None:
        urls = read_witnesses(file)
    else:
        place = home or edge.environ.get(VARIABLE)
        own = edge.home(place).witnesses_file if place else None
        urls = read_witnesses(own) if own is not None and own.exists() else {}
    return {agency: connect_witness(url, edge.connect) for agency, url in urls.items()}


def _look(
    edge: Edge, memory: Watch, service: Service, witnesses: Mapping[str, Transport], *, repeated: bool
) -> Round | None:
    """Return one round; a service that is away for a while ends no watch that is to go on."""
    try:
        return memory.look(service, witnesses, now=edge.world.clock())
    except (UnreachableError, BusyError) as error:
        if not repeated:
            raise
        edge.note(f"! {error}; tried again")
        return None


def _exit(found: Round, *, allow_unwitnessed: bool) -> Exit:
    if found.is_fraud:
        return Exit.REFUSED
    if found.alarms or not (found.view.charter.is_witnessed or allow_unwitnessed):
        return Exit.STALE
    return Exit.DONE


def _text(found: Round, now: int) -> str:
    checkpoint = found.view.checkpoint
    sign = "✗" if found.is_fraud else "!" if found.alarms else "✓"
    new = f"{checkpoint.size - found.start:,} of them new in {counted(found.batches, 'batch', 'batches')}"
    lines = [
        f"{sign} {visible(checkpoint.origin)} · {counted(checkpoint.size, 'entry', 'entries')}, {new} · {vouched(found.view, now=now)}",
        *(f"  {word.agency}: {word.standing.value}" for word in found.words),
        *_access_lines(found),
        *(f"✗ {alarm.kind}: {visible(alarm.what)}" for alarm in found.alarms),
    ]
    lines += [f"  kept: {name}" for name in found.proofs]
    if any(name.startswith("fraud-") for name in found.proofs):
        lines.append("  next: show it to the members: `sealtrace fraud verify` tells whom it convicts")
    return "\n".join(lines)


def _access_lines(found: Round) -> list[str]:
    """Return what was seen of the access log, where there is one to be seen."""
    if found.access is None:
        return []
    shown = found.access
    line = f"  access log: {counted(shown.size, 'entry', 'entries')}, {shown.size - shown.start:,} of them new"
    return [line, *(f"  access log, {word.agency}: {word.standing.value}" for word in shown.words)]


def _word(word: Word) -> JsonValue:
    return {"agency": word.agency, "standing": word.standing.name.lower(), "size": word.size}


def _json(found: Round) -> dict[str, JsonValue]:
    checkpoint = found.view.checkpoint
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "start": found.start,
        "batches": found.batches,
        "fresh": found.view.fresh,
        "witnesses": [_word(word) for word in found.words],
        "access": None
        if found.access is None
        else {"size": found.access.size, "witnesses": [_word(word) for word in found.access.words]},
        "alarms": [{"kind": one.kind, "what": one.what, "fraud": one.is_fraud} for one in found.alarms],
        "proofs": list(found.proofs),
    }
