"""Fraud proofs: signed words that convict whoever signed them, to anybody who has the charter (docs/protocol.md, 9.12).

Pure: a file and the checker's own charter files in, a conviction out. A file that proves nothing raises. What a proof
cannot rule out by itself, an entry that nobody has shown yet, is said beside the conviction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from ledger import denied
from ledger.answers import Answer
from ledger.batches import parse_batch
from ledger.charter import Charter
from ledger.checkpoints import Checkpoint, open_cosigned
from ledger.checks import refuse, require
from ledger.errors import BadSignatureError, LedgerError, ProofError
from ledger.fraudform import AboveCeiling, DeniedHit, Fork, Fraud, TwoBatches, format_fraud, parse_fraud
from ledger.fraudkeys import Believed, require_charter, require_logged
from ledger.grants import parse_grant
from ledger.merkle import verify_consistency
from ledger.notes import VerifierKey, keep_lines
from ledger.padding import pad
from ledger.recordform import parse_record
from ledger.witnesses import LogName, witness_vkeys

__all__ = [
    "AboveCeiling",
    "Beginning",
    "Believed",
    "Conviction",
    "DeniedHit",
    "Fork",
    "Fraud",
    "TwoBatches",
    "format_fraud",
    "make_fork",
    "verify_fraud",
]

Beginning: TypeAlias = tuple[bytes, tuple[bytes, ...]]
"""The root of a tree's beginning, and the consistency proof from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conviction:
    """Who is convicted (the log by its origin, a witness by its agency's id), of what; `unless` is what could still excuse it."""

    kind: str
    who: tuple[str, ...]
    what: str
    unless: str | None = None

    def lines(self) -> list[str]:
        """Return the conviction for a person."""
        found = [f"✓ proved     {self.what}", f"convicts     {', '.join(self.who)}"]
        return found if self.unless is None else [*found, f"unless       {self.unless}"]


def verify_fraud(raw: bytes, *, charters: Sequence[bytes]) -> Conviction:
    """Return whom the file convicts of what; raise a LedgerError that says which check failed where it convicts nobody.

    `charters` are charter files that the checker believes: the keys of the log and of the agencies come from them.
    """
    fraud, believed = parse_fraud(raw), Believed.of_files(charters)
    match fraud:
        case Fork():
            return _fork(fraud, believed)
        case TwoBatches():
            return _two_batches(fraud, believed)
        case AboveCeiling():
            return _above_ceiling(fraud, believed)
        case DeniedHit():
            return _denied_hit(fraud, believed)
        case _:
            assert_never(fraud)


def make_fork(
    one: bytes,
    other: bytes,
    *,
    believed: Believed,
    begins: Callable[[Checkpoint, Checkpoint], Beginning],
    by: str | None,
) -> Fork:
    """Return the proof that two checkpoints, in any order, contradict each other; raise a LedgerError if they do not.

    `begins` tells with which root the larger tree begins, and the consistency proof of that; for trees of one size it
    is not asked. The notes keep the lines that convict, and no others.
    """
    opened = sorted(((*believed.open_note(note), note) for note in (one, other)), key=lambda found: found[1].size)
    (_, first, _), (_, second, _) = opened
    root, path = (None, ()) if first.size == second.size else begins(first, second)
    notes = [keep_lines(note, keys=_convicting(charter, checkpoint, by)) for charter, checkpoint, note in opened]
    fork = Fork(first=notes[0], second=notes[1], root=root, path=path, by=by)
    _fork(fork, believed)
    return fork


def _convicting(charter: Charter, checkpoint: Checkpoint, by: str | None) -> tuple[VerifierKey, ...]:
    return (*_log_of(charter, checkpoint).vkeys(charter), *(() if by is None else witness_vkeys(charter, by)))


def _log_of(charter: Charter, checkpoint: Checkpoint) -> LogName:
    return LogName.LOG if checkpoint.origin == charter.origin else LogName.ACCESS


def _fork(fraud: Fork, believed: Believed) -> Conviction:
    judge, first = believed.open_note(fraud.first)
    other, second = believed.open_note(fraud.second)
    refusal: LedgerError = ProofError("two checkpoints of different logs contradict nothing")
    require("fraud/origin", expected=first.origin, found=second.origin, refusal=refusal)
    _require_contradiction(fraud, first, second)
    sizes = f"{first.size:,} entries" if first.size == second.size else f"{first.size:,} and {second.size:,} entries"
    what = f"two signed histories of {first.origin}, of {sizes}"
    if fraud.by is None:
        return Conviction(kind="fork", who=(first.origin,), what=what)
    _require_cosigned(fraud.first, fraud.by, judge, first)
    _require_cosigned(fraud.second, fraud.by, other, second)
    return Conviction(kind="cosignature", who=(first.origin, fraud.by), what=f"{what}; {fraud.by} cosigned both")


def _require_contradiction(fraud: Fork, first: Checkpoint, second: Checkpoint) -> None:
    """Raise ProofError unless both checkpoints cannot be true.

    A consistency proof shows which tree the larger one begins with, whatever the smaller one says: no leaf of the
    smaller tree has to be held, which whoever was shown a fork often cannot get any more.
    """
    if first.size == second.size and fraud.root is None and not fraud.path:
        began = second.root
    elif 0 < first.size < second.size and fraud.root is not None:
        began = fraud.root
        verify_consistency(size1=first.size, size2=second.size, root1=began, root2=second.root, proof=fraud.path)
    else:
        raise ProofError("a fork is two roots of one size, or two sizes, ascending, with a consistency proof")
    if began == first.root:
        refusal = ProofError("these two checkpoints agree")
        raise refuse("fraud/fork", expected="another root than the first", found=began, refusal=refusal)


def _require_cosigned(note: bytes, agency: str, charter: Charter, checkpoint: Checkpoint) -> None:
    """Raise BadSignatureError unless both keys of a witness cosigned: one alone may have been broken."""
    pair = witness_vkeys(charter, agency)
    opened = open_cosigned(
        note, origin=checkpoint.origin, vkeys=_log_of(charter, checkpoint).vkeys(charter), witnesses=pair
    )
    if {item.key for item in opened.cosignatures} != set(pair):
        refusal = BadSignatureError(f"{agency} has not cosigned both checkpoints")
        raise refuse("fraud/cosignature", expected="both of its keys", found="not both", refusal=refusal)


def _two_batches(fraud: TwoBatches, believed: Believed) -> Conviction:
    _, checkpoint = believed.open_note(fraud.checkpoint)
    first, second = (parse_batch(one.entry) for one in fraud.batches)
    for one, batch in zip(fraud.batches, (first, second), strict=True):
        require_logged(one, checkpoint)
        refusal: LedgerError = ProofError("a batch of another log")
        require("fraud/log", expected=checkpoint.origin, found=batch.log, refusal=refusal)
    refusal = ProofError("two batches of different names")
    require("fraud/seq", expected=f"{first.iss} {first.seq}", found=f"{second.iss} {second.seq}", refusal=refusal)
    if first.payload_hash == second.payload_hash:
        raise ProofError("one batch, signed twice, is no fraud")
    at, again = (found.index for found in fraud.batches)
    what = f"two batches {first.seq:,} of {first.iss}, entries {at:,} and {again:,}, both logged"
    # Not of the agency, though it may have signed both: it signs anew what the service refuses (docs/adr/0088).
    return Conviction(kind="batches", who=(checkpoint.origin,), what=what)


def _above_ceiling(fraud: AboveCeiling, believed: Believed) -> Conviction:
    _, checkpoint = believed.open_note(fraud.checkpoint)
    charter, _ = believed.charter(fraud.ver)
    require_logged(fraud.grant, checkpoint)
    _require_in_force(fraud, believed, checkpoint)
    grant, index = parse_grant(fraud.grant.entry), fraud.grant.index
    member = charter.agency(fraud.r)
    if fraud.r == grant.name.iss or fraud.r not in {one.r for one in grant.to}:
        raise ProofError(f"{fraud.r} is no recipient whom a ceiling binds")
    if member is not None and grant.level <= member.ceiling:
        refusal = ProofError("this grant is within the ceiling")
        expected = f"a level above {member.ceiling.name}"
        raise refuse("fraud/ceiling", expected=expected, found=grant.level.name, refusal=refusal)
    bound = "no member" if member is None else f"bound to {member.ceiling.name}"
    later = f"charter {fraud.ver + 1} is shown to be logged before entry {index:,}"
    # Not of its issuer: a grant is signed before it has a place, and only the log knows behind which charter.
    return Conviction(
        kind="ceiling",
        who=(checkpoint.origin,),
        what=f"entry {index:,} grants {grant.level.name} to {fraud.r}, {bound} by charter {fraud.ver}",
        unless=None if fraud.next is not None else later,
    )


def _require_in_force(fraud: AboveCeiling, believed: Believed, checkpoint: Checkpoint) -> None:
    """Raise ProofError unless the charter was in force for the grant: it stands before, and the next one behind or nowhere."""
    require_charter(fraud.charter, believed.charter(fraud.ver), checkpoint)
    if fraud.charter.index >= fraud.grant.index:
        raise ProofError("this charter was not in force for the grant")
    if fraud.next is None:
        if fraud.ver + 1 in believed.charters:
            raise ProofError(f"charter {fraud.ver + 1} exists, and where it stands is not shown")
        return
    require_charter(fraud.next, believed.charter(fraud.ver + 1), checkpoint)
    if fraud.next.index < fraud.grant.index:
        raise ProofError("another charter was in force for the grant")


def _denied_hit(fraud: DeniedHit, believed: Believed) -> Conviction:
    _, checkpoint = believed.open_note(fraud.checkpoint)
    require_logged(fraud.record, checkpoint)
    evidence = denied.DenialEvidence(
        record=parse_record(fraud.record.entry),
        index=fraud.record.index,
        slip=fraud.slip,
        question=fraud.question,
        answer=pad(fraud.answer),
    )
    answer = _denying_answer(evidence, believed)
    return Conviction(
        kind="denied",
        who=(checkpoint.origin,),
        what=f"the record at entry {fraud.record.index:,} matches, open, and the answer to {answer.to} leaves it out",
        unless=f"an entry before {answer.n:,} is shown that replaces, expunges or supersedes its slip",
    )


def _denying_answer(evidence: denied.DenialEvidence, believed: Believed) -> Answer:
    """Return the answer that denied the hit; which charter was in force for it, its matching key tells."""
    refusal: LedgerError = BadSignatureError("no charter was named")
    for charter, _ in believed.charters.values():
        try:
            return denied.verify_denied(evidence, charter=charter, ended=None)
        except LedgerError as error:
            refusal = error
    raise refusal
