"""`sealtrace audit`: verify a whole log, with a home or without, from a service or a folder."""

import json
from pathlib import Path
from typing import Annotated

import typer

from clients import auditing
from clients.auditing import Audit, LogFiles
from clients.cli.edge import Edge
from clients.cli.exits import Exit
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.durable import write_file
from clients.errors import HomeError
from clients.home import Home
from clients.plaintext import visible, wrap
from clients.requestsigning import RequestSigner
from clients.service import Service
from clients.sources import FolderLog
from clients.trust import Trust
from ledger import fingerprints
from ledger.audit import Verdict
from ledger.kinds import Role
from ledger.submissions import Depth
from ledger.wire.requests import authority


def audit(  # noqa: PLR0913 - each option is one choice of what to audit and how deep
    context: typer.Context,
    *,
    url: Annotated[str | None, typer.Option(help="The service to audit; else the home's.")] = None,
    folder: Annotated[Path | None, typer.Option("--from", help="A mirror or copy to audit instead.")] = None,
    charter: Annotated[str | None, typer.Option(help="The fingerprint of charter 1; else the home's pin.")] = None,
    since: Annotated[Path | None, typer.Option(help="A checkpoint the log must still contain.")] = None,
    records: Annotated[bool, typer.Option("--records", help="Parse every statement strictly, too.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the findings as JSON.")] = None,
    allow_unwitnessed: Annotated[
        bool, typer.Option("--allow-unwitnessed", help="Exit 0 though only the operator vouches for the log.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify structure, batches, charters, grants and every leaf; name the first bad index and the check.

    Example: sealtrace audit --url https://ledger.example --charter lusab-babad-… --records
    """
    edge = edge_of(context)
    place = edge.home(home) if home or charter is None else None
    known = since.read_bytes() if since else Trust(place.trusted).note() if place else None
    done = auditing.audit(
        _files(edge, place, url, folder),
        fingerprint=fingerprints.parse(charter) if charter else _pin(place),
        depth=Depth.RECORDS if records else Depth.STRUCTURE,
        known=known,
        progress=edge.progress("entries audited"),
    )
    value = auditing.to_json(done)
    if report is not None:
        write_file(report, json.dumps(value, ensure_ascii=False, indent=2).encode())
    edge.show(_text(done), value, as_json=as_json)
    raise typer.Exit(_exit(done, allow_unwitnessed=allow_unwitnessed))


def _files(edge: Edge, place: Home | None, url: str | None, folder: Path | None) -> LogFiles:
    if folder is not None:
        return FolderLog(folder)
    if place is None:
        if url is None:
            raise HomeError("nothing to audit was named", next_step="give --url, --from or --home")
        return Service(edge.connect(url))
    address = url or place.joined().url
    key = edge.keyring(place).signer(Role.HTTP)
    signer = RequestSigner(
        signer=key.signer,
        kid=key.kid,
        authority=authority(address),
        clock=edge.world.clock,
        token_bytes=edge.world.token_bytes,
    )
    return Service(edge.connect(address), signer=signer)


def _pin(place: Home | None) -> bytes:
    if place is None:
        raise HomeError("no charter is pinned", next_step="give --charter FINGERPRINT, or --home of a member")
    return Trust(place.trusted).anchor()


def _exit(done: Audit, *, allow_unwitnessed: bool) -> Exit:
    match done.report.verdict:
        case Verdict.VERIFIED:
            return Exit.DONE
        case Verdict.UNWITNESSED:
            return Exit.DONE if allow_unwitnessed else Exit.STALE
        case Verdict.FAILED:
            return Exit.REFUSED


def _text(done: Audit) -> str:
    found = done.report
    sign = "✗" if found.verdict is Verdict.FAILED else "✓"
    lines = [
        f"{sign} {found.verdict.value}  {visible(done.origin)} · {found.size:,} entries · {found.depth.name.lower()}",
        *(f"  {count:>12,}  {typ.value}" for typ, count in sorted(found.counts.items(), key=lambda one: one[0].value)),
    ]
    for finding in found.findings:
        lines.append(f"✗ entry {finding.index:,}: {finding.check}")
        lines += [f"  {line}" for line in wrap(f"expected {visible(finding.expected)}", width=78, indent="")]
        lines += [f"  {line}" for line in wrap(f"found    {visible(finding.found)}", width=78, indent="")]
        lines += [f"  {line}" for line in wrap(f"next     {finding.next_step}", width=78, indent="")]
    if found.broken > len(found.findings):
        lines.append(f"  … {found.broken:,} broken rules in all")
    return "\n".join(lines)
