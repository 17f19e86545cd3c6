"""`sealtrace audit`: verify a whole log, with a home or without, from a service or a folder."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from clients import auditing, auditreport
from clients.auditcharters import read_charters
from clients.auditing import Audit, Earlier, LogFiles
from clients.auditpage import to_html
from clients.cli.edge import Edge
from clients.cli.exits import Exit
from clients.cli.logservice import member, stranger
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.durable import write_file
from clients.errors import HomeError
from clients.evidence import prove_findings
from clients.forks import fork_files
from clients.freshness import in_words, require_fresh
from clients.home import Home
from clients.plaintext import visible, wrap
from clients.service import Service
from clients.sources import FolderLog
from clients.trust import Trust
from crypto.digests import sha256
from crypto.encoding import b64u
from ledger import fingerprints
from ledger.counting import counted
from ledger.findings import Finding, Verdict
from ledger.submissions import Depth

MAX_NAMES = 20


def audit(  # noqa: PLR0913 - each option is one choice of what to audit and how deep
    context: typer.Context,
    *,
    url: Annotated[
        str | None, typer.Option(help="The service to audit, or, with --from, to compare with; else the home's.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="A mirror or copy to audit instead.")
    ] = None,
    charter: Annotated[str | None, typer.Option(help="The fingerprint of charter 1; else the home's pin.")] = None,
    since: Annotated[
        Path | None, typer.Option(help="A checkpoint up to which it was audited: the log must still begin with it.")
    ] = None,
    records: Annotated[bool, typer.Option("--records", help="Parse every statement strictly, too.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Verify every statement's signature, too.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write the findings: FILE.html for people, FILE.json for machines.")
    ] = None,
    allow_unwitnessed: Annotated[
        bool, typer.Option("--allow-unwitnessed", help="Exit 0 though only the operator vouches for the log.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify structure, batches, charters, grants and every leaf; name the first bad index and the check.

    With --since and --deep, statements that an earlier audit went through are not verified a second time.

    Example: sealtrace audit --url https://ledger.example --charter lusab-babad-… --deep --report audit.html
    """
    edge = edge_of(context)
    place = edge.home(home) if home or charter is None else None
    files = _files(edge, place, url, folder)
    write = _writer(report)
    pin = fingerprints.parse(charter) if charter else _pin(place)
    known = Trust(place.trusted).note() if place else None
    done = auditing.audit(
        files,
        fingerprint=pin,
        depth=Depth.SIGNATURES if deep else Depth.RECORDS if records else Depth.STRUCTURE,
        progress=edge.progress("entries audited"),
        earlier=Earlier(
            known=known,
            since=since.read_bytes() if since else None,
            known_access=_known_access(place) if folder is None else None,
            confirmed=Trust(place.trusted).confirmed() if place else (),
            copied=folder is not None,
            newer=Service(edge.connect(url)).tile if folder and url else None,
        ),
    )
    if isinstance(files, FolderLog) and done.report.verdict is Verdict.FAILED:
        done = replace(done, missing=tuple(files.missing(done.checkpoint.size)))
    if report is not None:
        write_file(report, write(done))
    if done.report.verdict is Verdict.FAILED:
        _keep_proofs(edge, _proofs(files, done, pin, [known, since.read_bytes() if since else None]), place, report)
    edge.show(text_of(done, now=edge.world.clock()), auditreport.to_json(done), as_json=as_json)
    if folder is None and done.report.verdict is Verdict.VERIFIED:
        # A folder is of the day it was written: how old is for whoever holds it to judge.
        require_fresh(done.fresh, now=edge.world.clock())
    raise typer.Exit(_exit(done, allow_unwitnessed=allow_unwitnessed))


def _known_access(place: Home | None) -> bytes | None:
    """Return the checkpoint of the access log that this home verified last, if there is one."""
    return place.access_checkpoint.read_bytes() if place is not None and place.access_checkpoint.exists() else None


def _proofs(files: LogFiles, done: Audit, pin: bytes, earlier: Sequence[bytes | None]) -> tuple[bytes, ...]:
    """Return the proofs of fraud that the findings make, and those that an earlier checkpoint makes with this one."""
    found = prove_findings(done.report.findings, note=done.note, fingerprint=pin, files=files, read=files.tile)
    charters = [file for _, file in read_charters(files, pin).values()]
    forks = [fork_files(note, done.note, charters=charters, read=files.tile) for note in earlier if note is not None]
    return tuple(dict.fromkeys([*found, *(proof for proofs in forks for proof in proofs)]))


def _keep_proofs(edge: Edge, proofs: Sequence[bytes], place: Home | None, report: Path | None) -> None:
    """Write proofs beside the report, else into the home; without either there is no place to keep them."""
    folder = report.parent if report is not None else place.trusted if place is not None else None
    if folder is None:
        return
    for proof in proofs:
        name = f"fraud-{b64u(sha256(proof))[:16]}.json"
        write_file(folder / name, proof)
        edge.note(f"proof of fraud written: {name}; `sealtrace fraud verify` tells whom it convicts")


def _writer(report: Path | None) -> Callable[[Audit], bytes]:
    """Return what writes a report of the kind that its name asks for; refused before the work, not after it."""
    if report is None or report.suffix == ".json":
        return _to_json_bytes
    if report.suffix == ".html":
        return to_html
    raise HomeError(f"a report is F.html or F.json, not {report.name}", next_step="choose one of the two endings")


def _to_json_bytes(done: Audit) -> bytes:
    return json.dumps(auditreport.to_json(done), ensure_ascii=False, indent=2).encode()


def _files(edge: Edge, place: Home | None, url: str | None, folder: Path | None) -> LogFiles:
    if folder is not None:
        return FolderLog(folder)
    if place is None:
        if url is None:
            raise HomeError("nothing to audit was named", next_step="give --url, --from or --home")
        return stranger(edge, url)
    return member(edge, place, url)


def _pin(place: Home | None) -> bytes:
    if place is None:
        raise HomeError("no charter is pinned", next_step="give --charter FINGERPRINT, or --home of a member")
    return Trust(place.trusted).anchor()


def _exit(done: Audit, *, allow_unwitnessed: bool) -> Exit:
    if done.is_stale:
        return Exit.STALE
    match done.report.verdict:
        case Verdict.VERIFIED:
            return Exit.DONE
        case Verdict.UNWITNESSED:
            return Exit.DONE if allow_unwitnessed else Exit.STALE
        case Verdict.FAILED:
            return Exit.REFUSED


def text_of(done: Audit, *, now: int) -> str:
    """Return an audit as a terminal shows it."""
    found = done.report
    sign = "✗" if found.verdict is Verdict.FAILED else "!" if done.is_stale else "✓"
    size = counted(done.checkpoint.size, "entry", "entries")
    if found.size < done.checkpoint.size:
        size = f"{found.size:,} of {size}"
    lines = [
        f"{sign} {auditreport.verdict_of(done)}  {visible(done.checkpoint.origin)} · {size} · {found.depth.name.lower()}",
        *_wrapped(auditreport.verdict_in_words(done)),
        *_vouched(done, now),
        *(f"  {count:>12,}  {typ.value}" for typ, count in sorted(found.counts.items(), key=lambda one: one[0].value)),
    ]
    if done.since is not None:
        lines += _wrapped(
            f"begins with the {counted(done.since.checkpoint.size, 'entry', 'entries')} of the earlier checkpoint"
        )
    for finding in found.findings:
        lines += _finding(finding)
    if found.broken > len(found.findings):
        lines.append(f"  … {counted(found.broken, 'broken rule')} in all")
    for sentence in auditreport.bridges(done):
        lines += _wrapped(f"· {sentence}")
    if done.missing:
        lines.append(f"✗ missing in the folder: {counted(len(done.missing), 'file')}")
        lines += [f"  {name}" for name in done.missing[:MAX_NAMES]]
        lines += [f"  … and {len(done.missing) - MAX_NAMES:,} more, all of them in a report"] * (
            len(done.missing) > MAX_NAMES
        )
    return "\n".join(lines)


def _vouched(done: Audit, now: int) -> Iterator[str]:
    """Yield who vouches and since when, where a quorum does: the verdict names them, and its age is what a freeze changes."""
    if done.witnesses:
        cosigned, of = len(done.witnesses), done.witnesses_of
        yield f"  {in_words(cosigned=cosigned, of=of, fresh=done.fresh, now=now)}"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"✗ entry {finding.index:,}: {finding.check}"
    yield from _wrapped(f"expected {visible(finding.expected)}")
    yield from _wrapped(f"found    {visible(finding.found)}")
    if finding.follows is not None:
        yield from _wrapped(f"may follow from entry {finding.follows:,}, which could not be read or does not stand")
    yield from _wrapped(f"next     {finding.next_step}")


def _wrapped(text: str) -> Iterator[str]:
    return (f"  {line}" for line in wrap(text, width=78, indent=""))
