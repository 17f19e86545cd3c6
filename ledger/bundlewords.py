"""What is said about a bundle: the README inside it, the verdict, and what to do where there is none."""

import datetime as dt
from collections.abc import Iterator, Mapping
from textwrap import wrap
from types import MappingProxyType

from ledger import fingerprints
from ledger.bundleverdict import Verdict
from ledger.checks import evidence
from ledger.counting import counted
from ledger.errors import LedgerError
from ledger.jsontext import JsonValue
from ledger.witnesswords import UNWITNESSED, witnessed_by

README = """\
This file proves that an agency signed a record, and that the record was logged.

To verify it you need no network and no account: the verifier of Sealtrace,
Python 3.11 or newer with the packages cryptography and PyNaCl, and one thing
from a source of your own, the fingerprint of the log's first charter. Ask a
member agency for it by telephone: it can be read out as sixteen words.

    python3 sealtrace-verify.pyz bundle THIS-FILE --anchor FINGERPRINT

or, where Sealtrace is installed,

    sealtrace bundle verify THIS-FILE --anchor FINGERPRINT

record.sdjwt        the record as its originator signed it, with the fields that
                    are shown (SD-JWT, RFC 9901); what is not shown is withheld
entry.tlog-proof    the record's place in the log (C2SP tlog-proof), signed by
                    the log and cosigned by its witnesses
batch.json          the batch that closes the record, signed a second time with
                    a post-quantum key (ML-DSA-65), and its paths
charter/            who the members are and which keys they have, back to the
                    first charter; a thin bundle leaves the charter files out
policy              the log's keys and its witnesses (C2SP tlog-policy)

A field that is shown cannot be taken back, and proves the originator's words to
anyone. Mind the caveats in the labels (item.label, event.label, case.label).
"""

_NEXT_STEPS: Mapping[str, str] = MappingProxyType(
    {
        "bundle/anchor": "Compare the fingerprint by voice with a member agency: this file is of another log, or made up.",
        "bundle/charter": "Ask for a bundle that is not thin, or give the charter file from a source of your own.",
        "bundle/container": "Fetch the file again; it must be passed on as it is, never unpacked and packed anew.",
        "bundle/judge": "Ask the exporter for a new bundle under a newer checkpoint.",
        "charter": "Membership is not what the members signed: do not rely on this file, and tell a member agency.",
        "key": "The keys are not what the agency's root keys signed: do not rely on this file, and tell that agency.",
        "batch": "The agency did not sign this batch: do not rely on this file, and show it to the agency.",
        "statement": "The agency did not sign this record: do not rely on this file, and show it to the agency.",
    }
)
_OTHERWISE = "Do not rely on this file: ask whoever exported it for a new bundle."


def next_step(error: LedgerError) -> str:
    """Return what to do about a bundle that was refused."""
    check = evidence(error).check
    return _NEXT_STEPS.get(check) or _NEXT_STEPS.get(check.partition("/")[0]) or _OTHERWISE


def refusal_lines(error: LedgerError) -> list[str]:
    """Return a refusal for a person: what happened, which check, what was expected and found, what to do next."""
    failed = evidence(error)
    return [
        f"✗ {error}",
        f"  check {failed.check}: expected {failed.expected}, found {failed.found}",
        f"  next: {next_step(error)}",
    ]


def verdict_lines(verdict: Verdict) -> list[str]:
    """Return the verdict for a person; the two signatures have a line each, since either algorithm may fall alone."""
    return [piece for line in _lines(verdict) for piece in _wrapped(line)]


def verdict_json(verdict: Verdict) -> dict[str, JsonValue]:
    """Return the verdict for machines, with every field that is shown."""
    classical, post_quantum = verdict.batch_keys
    return {
        "record": str(verdict.name),
        "verdict": "VERIFIED" if verdict.is_complete else "CONSISTENT" if verdict.is_witnessed else UNWITNESSED,
        "signature": {"kid": str(verdict.record.kid), "alg": "Ed25519"},
        "batch": {"seq": verdict.batch.seq, "kids": [str(classical), str(post_quantum)], "alg": "ML-DSA-65"},
        "log": {"origin": verdict.checkpoint.origin, "index": verdict.index, "size": verdict.checkpoint.size},
        "witnesses": dict(sorted(verdict.cosigned.items())),
        "logged_by": verdict.logged_by,
        "anchor": {"charter": fingerprints.to_text(verdict.fingerprint), "checked": verdict.anchored},
        "keys_as_of": verdict.keys_as_of,
        "fields": dict(verdict.fields),
        "withheld": list(verdict.withheld),
        "caveats": list(verdict.caveats),
    }


def _lines(verdict: Verdict) -> Iterator[str]:
    classical, post_quantum = verdict.batch_keys
    yield f"record       {verdict.name}"
    yield f"signature    good (classical): {verdict.record.kid}, Ed25519"
    yield f"batch {verdict.batch.seq:<6,} good (post-quantum): {post_quantum}, ML-DSA-65, beside {classical}"
    yield f"log          entry {verdict.index:,} of {verdict.checkpoint.size:,} · {verdict.checkpoint.origin}"
    yield f"witnesses    {_witnesses(verdict)}"
    yield f"anchor       {_anchor(verdict)}"
    yield f"keys         {_keys(verdict)}"
    withheld = f"; withheld: {', '.join(verdict.withheld)}" if verdict.withheld else ""
    yield f"shown        {counted(len(verdict.fields), 'field')}{withheld}"
    if verdict.caveats:
        yield f"caveats      {', '.join(verdict.caveats)}: they bind you too"


def _wrapped(line: str) -> list[str]:
    return wrap(line, 80, subsequent_indent=" " * 13, break_long_words=False, break_on_hyphens=False)


def _witnesses(verdict: Verdict) -> str:
    if not verdict.is_witnessed:
        return f"{UNWITNESSED}: nobody but the operator vouches for this log"
    policy = verdict.charter.witness
    agencies = f"{witnessed_by(cosigned=len(verdict.cosigned), of=len(policy.agencies))}, {policy.k} needed"
    if verdict.logged_by is None:
        return agencies
    return f"{agencies} · logged by {dt.datetime.fromtimestamp(verdict.logged_by, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def _anchor(verdict: Verdict) -> str:
    if verdict.anchored:
        return f"checked: charter 1 is {fingerprints.to_text(verdict.fingerprint)}"
    return f"CONSISTENT, ANCHOR NOT CHECKED: compare {fingerprints.to_words(verdict.fingerprint)}"


def _keys(verdict: Verdict) -> str:
    return (
        f"of charter {verdict.charter.ver} and {verdict.name.iss}'s own entries up to {verdict.keys_as_of:,};"
        " a later charter or revocation, an audit of the log tells"
    )
