"""An audit in words and in JSON: the same values whether they are printed, written or put on a page."""

from collections.abc import Iterator

from clients.auditing import Audit, Behind
from crypto.encoding import b64
from ledger import fingerprints
from ledger.counting import counted
from ledger.findings import Finding, Verdict
from ledger.jsontext import JsonValue
from ledger.submissions import Depth
from ledger.witnesswords import witnessed_by

STALE = "STALE"


def verdict_of(audit: Audit) -> str:
    """Return the verdict: that of the rules, or that this copy of a log is an old one."""
    return STALE if audit.is_stale else audit.report.verdict.value


def verdict_in_words(audit: Audit) -> str:
    """Return what the verdict means."""
    if audit.is_stale and audit.behind is not None:
        return _stale(audit, audit.behind)
    match audit.report.verdict:
        case Verdict.VERIFIED:
            names = ", ".join(audit.witnesses)
            said = witnessed_by(cosigned=len(audit.witnesses), of=audit.witnesses_of)
            return f"Every rule that was checked holds, and this very log is {said}: {names}."
        case Verdict.UNWITNESSED:
            return "Every rule that was checked holds. Only the operator says that everybody is shown this same log."
        case Verdict.FAILED if audit.report.size < audit.checkpoint.size:
            return f"The log could be read up to entry {audit.report.size:,} of {audit.checkpoint.size:,}, no further."
        case Verdict.FAILED:
            return "The log breaks its own rules. The first finding is the one to clear up: others may follow from it."


def _stale(audit: Audit, behind: Behind) -> str:
    shown = (
        "It is a true beginning of that log."
        if behind.proved
        else "That it is a beginning of that log is not shown: it takes tiles of the larger one; name a service or a mirror"
        " that has them with --url."
    )
    return (
        f"Every rule that was checked holds, and this log of {counted(audit.checkpoint.size, 'entry', 'entries')} is older than what you"
        f" verified: a checkpoint of {behind.checkpoint.size:,}. {shown}"
    )


def checked(audit: Audit) -> Iterator[str]:
    """Yield what was checked, a sentence each."""
    report, since = audit.report, audit.since
    yield "Every entry hashes to its leaf, every tile to the signed root; both log signatures are good."
    yield f"{audit.charters:,} charter(s), each signed by the members before it, the first with the pinned fingerprint."
    yield "Key entries, grants against ceilings, and of every batch both signatures, place in its chain, keys and root."
    if since is not None:
        yield f"The log still begins with the {counted(since.checkpoint.size, 'entry', 'entries')} of the earlier checkpoint."
    if audit.access is not None:
        size, witnesses = audit.access.checkpoint.size, audit.access.witnesses
        yield f"The access log: {counted(size, 'entry', 'entries')} in eights under its own two signatures, nothing taken out."
        if witnesses:
            said = witnessed_by(cosigned=len(witnesses), of=audit.witnesses_of)
            yield f"This very access log is {said}: {', '.join(witnesses)}."
        else:
            yield "No quorum has cosigned this access log: others may be shown another one."
    if report.depth is not Depth.STRUCTURE:
        yield "Every statement's form to the letter, its epoch, what it corrects, and that its name stands once."
    if report.depth is Depth.SIGNATURES and report.since:
        yield f"Every statement's own signature from entry {report.since:,} on; those before were audited earlier."
    elif report.depth is Depth.SIGNATURES:
        yield "Every statement's own signature."


def bridges(audit: Audit) -> Iterator[str]:
    """Yield, a sentence each, where a chain was followed over a batch that does not stand."""
    for bridge in audit.report.bridges:
        yield (
            f"{bridge.iss} signed its batch at entry {bridge.by:,} on top of the one at {bridge.over:,}, which does not"
            " stand: its later batches are judged as they follow."
        )


def to_json(audit: Audit) -> dict[str, JsonValue]:
    """Return an audit as `--json` and `--report F.json` write it."""
    report, since = audit.report, audit.since
    return {
        "origin": audit.checkpoint.origin,
        "size": audit.checkpoint.size,
        "audited": report.size,
        "root": audit.checkpoint.root.hex(),
        "checkpoint": audit.note.decode(),
        "fingerprint": fingerprints.to_text(audit.fingerprint),
        "charters": audit.charters,
        "witnesses": list(audit.witnesses),
        "fresh": audit.fresh,
        "depth": report.depth.name.lower(),
        "since": None
        if since is None
        else {
            "size": since.checkpoint.size,
            "root": since.checkpoint.root.hex(),
            "consistency": [b64(node) for node in since.proof],
        },
        "verdict": verdict_of(audit),
        "behind": None
        if audit.behind is None
        else {
            "size": audit.behind.checkpoint.size,
            "root": audit.behind.checkpoint.root.hex(),
            "proved": audit.behind.proved,
        },
        "access": None
        if audit.access is None
        else {
            "size": audit.access.checkpoint.size,
            "root": audit.access.checkpoint.root.hex(),
            "witnesses": list(audit.access.witnesses),
        },
        "counts": {typ.value: count for typ, count in sorted(report.counts.items(), key=lambda one: one[0].value)},
        "broken": report.broken,
        "findings": [_finding(finding, audit) for finding in report.findings],
        "bridges": [{"iss": bridge.iss, "over": bridge.over, "by": bridge.by} for bridge in report.bridges],
        "missing": list(audit.missing),
    }


def _finding(finding: Finding, audit: Audit) -> JsonValue:
    proof = audit.inclusion.get(finding.index)
    return {
        "index": finding.index,
        "check": finding.check,
        "expected": finding.expected,
        "found": finding.found,
        "next": finding.next_step,
        "follows": finding.follows,
        "inclusion": None if proof is None else [b64(node) for node in proof],
    }
