"""`sealtrace charter` and `sealtrace join`: membership by threshold, and the pin everything else hangs from."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from clients import charters
from clients.agency import parse_enrolment
from clients.cli.edge import Edge
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.durable import rewrite_file
from clients.errors import ListError
from clients.freshness import pending, require_fresh, vouched
from clients.matching.keys import draw_matching_key
from clients.plaintext import visible
from clients.service import Service
from clients.session import join as join_log
from clients.story.drill import ORIGIN, Drill
from clients.story.stage import Stage
from clients.story.telling import Telling
from clients.trust import Trust
from ledger import fingerprints
from ledger.charter import Charter, Limits, Signatures
from ledger.counting import counted
from ledger.jsontext import JsonValue
from ledger.labels import Level, level_of
from ledger.wire.requests import authority

app = typer.Typer(help="Propose, sign, submit and read the charter.", no_args_is_help=True)


@app.command(
    epilog="Example: sealtrace charter propose *.enrolment.json --service service.json -o charter.proposal\n"
    "Example: sealtrace charter propose new.json --previous charter.json --remove xco-npa -o next.proposal"
)
def propose(  # noqa: PLR0913 - each option is one term of the charter
    context: typer.Context,
    enrolments: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="ENROLMENT", help="The enrolment requests of newcomers, and of members with a new root."
        ),
    ] = None,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the proposal goes.")],
    service: Annotated[
        Path | None, typer.Option(help="What `sealtrace-server create` (or `rotate`) printed: the log's keys.")
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(help="How many agencies change the charter; else a majority.")
    ] = None,
    ceiling: Annotated[list[str] | None, typer.Option(help="AGENCY=LEVEL that others may send it at most.")] = None,
    read_only: Annotated[list[str] | None, typer.Option(help="An agency that submits no records.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="An agency or auditor that leaves.")] = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="An agency that cosigns: name all; else they stay as they are.")
    ] = None,
    quorum: Annotated[
        int | None, typer.Option(help="How many witnesses must cosign; else the least that holds.")
    ] = None,
    dishonest: Annotated[int | None, typer.Option(help="How many of them may be dishonest; else a third.")] = None,
    entries: Annotated[str | None, typer.Option(help="Who reads entry bundles: open or members (at first).")] = None,
    match_by: Annotated[
        str | None, typer.Option(help="Start a token epoch; this agency, whose home it is, draws and grants its key.")
    ] = None,
    no_match: Annotated[bool, typer.Option("--no-match", help="Name no matching key: nothing is matched.")] = False,
    previous: Annotated[Path | None, typer.Option(help="The charter file in force, for the next version.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the proposal of a charter, for every member to read and sign."""
    before = previous.read_bytes() if previous else None
    limits = charters.read(before).limits if before else Limits()
    terms = charters.Terms(
        threshold=threshold,
        ceilings=dict(_ceiling(text) for text in ceiling or ()),
        read_only=frozenset(read_only or ()),
        removed=frozenset(remove or ()),
        match=_match(match_by, before, home, edge_of(context)) if match_by else None,
        unmatched=no_match,
        limits=replace(limits, entries=_entries(entries)) if entries else limits,
        witnesses=tuple(witness) if witness else None,
        quorum=quorum,
        dishonest=dishonest,
    )
    members = [parse_enrolment(path.read_bytes()) for path in enrolments or ()]
    log = charters.parse_service(service.read_bytes()) if service else None
    proposal = _proposal(before, members, terms, log)
    output.write_bytes(proposal)
    charter = charters.read(proposal)
    listed = f"{counted(len(charter.agencies), 'agency', 'agencies')}, {counted(len(charter.auditors), 'auditor')}"
    lines = [
        f"✓ proposal   {output}: version {charter.ver}, {listed}",
        _witnesses(charter),
        f"next         each agency: sealtrace charter show {output}; sealtrace charter sign {output}",
    ]
    edge_of(context).show("\n".join(lines), {"proposal": str(output), "version": charter.ver}, as_json=as_json)


@app.command(epilog="Example: sealtrace charter sign charter.proposal --home ~/arms -o charter.json")
def sign(  # noqa: PLR0913 - where the file is, where it goes, what came before
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A proposal, or a charter that others have signed.")],
    *,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where it goes; else FILE itself.")] = None,
    previous: Annotated[Path | None, typer.Option(help="The charter file in force, for the next version.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add this agency's root signatures: of its root, and of a new one that this version names."""
    edge = edge_of(context)
    before = previous.read_bytes() if previous else None
    place = edge.home(home)
    files = [path for path in (place.root_keystore, place.next_root_keystore) if path.exists()]
    signed = charters.sign(file.read_bytes(), *(edge.root_keyring(path) for path in files), previous=before)
    found = charters.signatures(signed, previous=before)
    rewrite_file(output or file, signed)  # the file holds others' signatures, and a full disk must not take them
    fingerprint = fingerprints.to_text(fingerprints.of_file(signed))
    lines = [
        f"✓ signed     {output or file}",
        f"fingerprint  {fingerprint} (each signature changes it)",
        *_signed_lines(found),
    ]
    value: dict[str, JsonValue] = {"charter": str(output or file), "fingerprint": fingerprint}
    edge.show("\n".join(lines), value | _signed_json(found), as_json=as_json)


@app.command(epilog="Example: sealtrace charter submit charter.json")
def submit(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The charter, signed by all that must.")],
    *,
    url: Annotated[str | None, typer.Option(help="The service; else the one the charter names.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Send a signed charter to the service, and prove that it was logged."""
    edge = edge_of(context)
    raw = file.read_bytes()
    receipt = charters.submit(Service(edge.connect(url or charters.read(raw).url)), raw)
    text = f"✓ logged     entry {receipt.index:,} of {receipt.size:,}, proved by the log's signature"
    if receipt.since is not None:
        text += f"\n{pending(receipt.since)}"
    value: dict[str, JsonValue] = {
        "index": receipt.index,
        "size": receipt.size,
        "stage": receipt.stage,
        "since": receipt.since,
    }
    edge.show(text, value, as_json=as_json)


@app.command(epilog="Example: sealtrace charter show charter.json")
def show(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A proposal or a charter.")],
    *,
    previous: Annotated[Path | None, typer.Option(help="The charter file before it: it says who must sign.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print what a charter says, who has signed it, and its fingerprint as words to read over the telephone."""
    raw = file.read_bytes()
    charter = charters.read(raw)
    digest = fingerprints.of_file(raw)
    found = charters.signatures(raw, previous=previous.read_bytes() if previous else None)
    lines = [*_lines(charter, digest), *_signed_lines(found)]
    edge_of(context).show("\n".join(lines), _json(charter, digest) | _signed_json(found), as_json=as_json)


@app.command(epilog="Example: sealtrace charter drill")
def drill(
    context: typer.Context,
    *,
    data: Annotated[
        Path | None, typer.Option(help="Where the scratch log and homes stay; else they are thrown away.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Where the scratch service listens.")] = 8471,
    as_json: JsonOption = False,
) -> None:
    """Rehearse on a scratch log all that can happen to a membership, and audit it. Touches no home."""
    from clients.cli.app import run  # noqa: PLC0415 - the application holds this command; the drill types commands into it

    edge = edge_of(context)
    with tempfile.TemporaryDirectory() as scratch:
        stage = Stage(data=(data or Path(scratch) / "drill").absolute(), port=port, origin=ORIGIN)
        telling = Telling(write=edge.note if as_json else edge.write, seconds=time.perf_counter)
        Drill(stage=stage, telling=telling, type_command=run).run()
    if as_json:
        edge.show("", telling.report, as_json=True)


def join(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The service's address.")],
    *,
    charter: Annotated[str, typer.Option(help="The fingerprint of charter 1, as words or as text.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pin the charter, verify the log under it, and follow that log from now on.

    Example: sealtrace join https://ledger.example --charter lusab-babad-…
    """
    edge = edge_of(context)
    place = edge.home(home)
    with place.exclusive():
        view = join_log(place, url=url, transport=edge.connect(url), fingerprint=fingerprints.parse(charter))
    found = view.charter
    agencies, entries = len(found.agencies), view.checkpoint.size
    listed = f"{counted(agencies, 'agency', 'agencies')}, {counted(entries, 'entry', 'entries')}"
    lines = [
        f"✓ joined     {found.origin}: charter {found.ver}, {listed}",
        f"log          both signatures good · {vouched(view, now=edge.world.clock())}",
    ]
    warning = _elsewhere(url, found)
    if warning is not None:
        lines.append(f"⚠ address    {warning['what']}; next: {warning['next']}")
    told: JsonValue = {"origin": found.origin, "charter": found.ver, "size": entries, "warning": warning}
    edge.show("\n".join(lines), told, as_json=as_json)
    require_fresh(view.fresh, now=edge.world.clock())


def _elsewhere(url: str, charter: Charter) -> dict[str, JsonValue] | None:
    """Return what does not work at another address than the charter's, and what to do; None at the charter's own."""
    if authority(url) == authority(charter.url):
        return None
    return {
        "what": "not the charter's: it can be read here, but what you sign for this address is refused",
        "next": f"`sealtrace join {visible(charter.url)}` with the same fingerprint, before you submit or ask",
    }


@app.command(epilog="Example: sealtrace charter confirm lusab-babad-…")
def confirm(
    context: typer.Context,
    fingerprint: Annotated[str, typer.Argument(help="The charter's fingerprint, as words or as text.")],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take over a charter that replaces lost witnesses, once a person has compared its fingerprint by telephone.

    Every agency that it keeps has signed it; the witnesses of before, who would have to vouch for it, are gone. So no
    program takes it over by itself.
    """
    edge = edge_of(context)
    place = edge.home(home)
    digest = fingerprints.parse(fingerprint)
    with place.exclusive():
        Trust(place.trusted).confirm(digest)
    words = fingerprints.to_words(digest)
    edge.show(f"✓ confirmed  {words}", {"fingerprint": fingerprints.to_text(digest)}, as_json=as_json)


def _proposal(
    before: bytes | None,
    members: Sequence[charters.Enrolment],
    terms: charters.Terms,
    log: charters.ServiceKeys | None,
) -> bytes:
    if before is not None:
        return charters.propose_next(before, members, terms, service=log)
    if log is None:
        raise ListError("the first charter names the log's keys", next_step="add --service service.json")
    return charters.propose_charter(log, members, terms)


def _ceiling(text: str) -> tuple[str, Level]:
    agency, _, level = text.partition("=")
    return agency, level_of(level)


def _match(by: str, before: bytes | None, home: str | None, edge: Edge) -> charters.MatchTerms:
    """Return the terms of a new token epoch; its key is in the keystore before the proposal names it."""
    place = edge.home(home)
    if place.config().id != by:
        raise ListError("the matching key is drawn by the agency that hands it out", next_step=f"propose at {by}")
    named = [charters.read(before)] if before else []
    named += Trust(place.trusted).charters() if place.config().joined else []
    newest = max((charter.match.ep for charter in named if charter.match), default=0)
    with place.exclusive():
        kcid = draw_matching_key(edge.keyring(place))
    return charters.MatchTerms(ep=newest + 1, by=by, kcid=kcid)


def _entries(text: str) -> Literal["open", "members"]:
    match text:
        case "open" | "members":
            return text
        case _:
            raise ListError("entry bundles are open or for members", next_step="say --entries open, or leave it out")


def _lines(charter: Charter, digest: bytes) -> Iterator[str]:
    yield f"charter      {charter.ver} of {visible(charter.origin)} at {visible(charter.url)}"
    yield f"fingerprint  {fingerprints.to_text(digest)}"
    words = fingerprints.to_words(digest).split("-")
    for start in range(0, len(words), 8):
        yield f"{'in words' if start == 0 else '':<13}{'-'.join(words[start : start + 8])}{'-' if start == 0 else ''}"
    yield f"threshold    {charter.threshold} of {counted(len(charter.agencies), 'agency', 'agencies')} · entries {charter.limits.entries}"
    yield _witnesses(charter)
    match = charter.match
    yield "matching     " + (
        f"token epoch {match.ep}, key by {match.by}" if match else "none yet: no record is matched"
    )
    for agency in charter.agencies:
        yield f"agency       {agency.id} · {visible(agency.name)} · {agency.country} · up to {agency.ceiling.value}"
        yield f"             {' and '.join(agency.roles)} · {visible(agency.contact.name)}, {visible(agency.contact.hours)}"
    for auditor in charter.auditors:
        yield f"auditor      {auditor.id}"


def _signed_lines(found: Signatures | None) -> Iterator[str]:
    if found is None:
        yield "signed       not counted: name the charter file before this one with --previous"
        return
    asked = len(found.signed) + len(found.missing)
    yield f"signed       {len(found.signed)} of {asked}: {', '.join(found.signed) or 'nobody'}"
    yield f"missing      {', '.join(found.missing) or 'nobody'}"
    threshold = f"{found.threshold} of the version before, {found.votes} of them signed" if found.threshold else ""
    newcomers = f"{'and ' if threshold else ''}{', '.join(found.needed)} must still sign" if found.needed else ""
    told = ", ".join(one for one in (threshold, newcomers) if one)
    yield f"enough       {'yes' if found.are_enough else 'not yet'}{': ' if told else ''}{told}"


def _signed_json(found: Signatures | None) -> dict[str, JsonValue]:
    """Return the same for machines: null of a later version without --previous."""
    if found is None:
        return {"signatures": None}
    return {
        "signatures": {
            "signed": list(found.signed),
            "missing": list(found.missing),
            "needed": list(found.needed),
            "votes": found.votes,
            "threshold": found.threshold,
            "enough": found.are_enough,
        }
    }


def _witnesses(charter: Charter) -> str:
    policy = charter.witness
    if not policy.agencies:
        return "witnesses    none: every verdict will say UNWITNESSED"
    line = (
        f"witnesses    {policy.k} of {len(policy.agencies)}, {policy.f} may be dishonest: {', '.join(policy.agencies)}"
    )
    if policy.f:
        return line
    return f"{line}\n⚠            f = 0 is for demonstrations: one dishonest witness can date entries as it likes"


def _json(charter: Charter, digest: bytes) -> dict[str, JsonValue]:
    return {
        "version": charter.ver,
        "origin": charter.origin,
        "url": charter.url,
        "fingerprint": fingerprints.to_text(digest),
        "words": fingerprints.to_words(digest),
        "threshold": charter.threshold,
        "entries": charter.limits.entries,
        "agencies": [
            {"id": agency.id, "name": agency.name, "country": agency.country, "ceiling": agency.ceiling.value}
            for agency in charter.agencies
        ],
        "auditors": [auditor.id for auditor in charter.auditors],
        "match": charter.match.to_json() if charter.match else None,
        "witnesses": list(charter.witness.agencies),
        "quorum": charter.witness.k,
        "dishonest": charter.witness.f,
    }
