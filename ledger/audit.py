"""The audit: replay a log from its entries and say where it first breaks its own rules (docs/protocol.md, 7 to 9).

It uses the same judge as the server (`ledger/state.py`) and believes nothing else: every entry must hash to the leaf
that the verified tiles hold, every charter file to its entry. Three depths: structure, records, signatures.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from ledger.batches import MAX_STATEMENTS
from ledger.charterpayload import parse_charter_entry
from ledger.checks import CheckFailedError, evidence, locate, refuse
from ledger.errors import DuplicateError, LedgerError, MalformedError, NotAMemberError
from ledger.expunges import Expunge
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.log import RecordFacts
from ledger.merkle import leaf_hash
from ledger.recordform import Record
from ledger.state import LogState, VerifiedBatch, kind_of
from ledger.submissions import Depth, read_submission

MAX_FINDINGS = 100
BUNDLE = 256

CharterFile = Callable[[int], bytes]
ReadRange = Callable[[int, int], Sequence[bytes]]

_NEXT_STEPS: Mapping[str, str] = MappingProxyType(
    {
        "leaf": "The entry is not the one the signed tree commits to: keep both, compare with another copy of the log.",
        "charter": "Membership is not what the members signed: stop using this log and compare fingerprints by voice.",
        "key": "The entry is void for every purpose; the operator should have refused it: report it to the operator.",
        "batch": "The batch and its statements count for nothing: show the entry to its agency and to the operator.",
        "grant": "The operator should have refused this grant: show the batch to its agency and to the auditors.",
        "record": "The operator should have refused this record: show the batch to its agency and to the operator.",
        "statement": "The operator should have refused this statement: show the batch to its agency and the operator.",
        "read": "Fetch it again or from a mirror; if it stays away, the operator withholds what it has signed for.",
    }
)


class Verdict(Enum):
    """What an audit comes to, in the word that is shown."""

    VERIFIED = "VERIFIED"
    UNWITNESSED = "UNWITNESSED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken rule: the first index of what breaks it, the check, both values, and what to do next."""

    index: int
    check: str
    expected: str
    found: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was audited, how deep, and with what result; `findings` in log order, at most MAX_FINDINGS of `broken`."""

    size: int
    depth: Depth
    verdict: Verdict
    counts: Mapping[Typ, int]
    broken: int
    findings: tuple[Finding, ...]


class SeenStatements:
    """The names of all statements read so far and what later records must know of earlier ones."""

    def __init__(self) -> None:
        """Begin with none."""
        self._facts: dict[StatementName, RecordFacts | None] = {}

    def record_facts(self, name: StatementName) -> RecordFacts | None:
        """Return what is known of a record."""
        return self._facts.get(name)

    def enter(self, judged: VerifiedBatch) -> None:
        """Remember the statements of a judged batch; raise DuplicateError for a name seen before."""
        parsed = [statement for statement in judged.submission.parsed if statement is not None]
        for statement in parsed:
            if statement.name in self._facts:
                refusal = DuplicateError("a statement of this name is logged already")
                raise refuse("statement/name", expected="a new name", found=statement.name, refusal=refusal)
        for statement in parsed:
            ep = statement.ep if isinstance(statement, Record) else None
            self._facts[statement.name] = None if ep is None else RecordFacts(ep=ep, superseded=False)
            if isinstance(statement, Record) and statement.sup is not None:
                self._mark(StatementName(statement.name.iss, statement.sup), superseded=True)
            if isinstance(statement, Expunge):
                self._mark(StatementName(statement.name.iss, statement.of), expunged=True)

    def _mark(self, name: StatementName, **what: bool) -> None:
        facts = self._facts[name]
        self._facts[name] = None if facts is None else facts._replace(**what)


class Auditor:
    """Takes the entries of a log one by one, in order, and remembers what is wrong with them."""

    def __init__(self, *, origin: str, fingerprint: bytes, depth: Depth = Depth.STRUCTURE) -> None:
        """Begin with the pin: the log's origin and H(charter file 1)."""
        self.state = LogState(origin=origin, fingerprint=fingerprint)
        self.depth = depth
        self._seen = SeenStatements()
        self._size = 0
        self._pending: list[bytes] = []
        self._leaves: list[bytes] = []
        self._counts: Counter[Typ] = Counter()
        self._broken = 0
        self._findings: list[Finding] = []

    @property
    def size(self) -> int:
        """Return how many entries were taken."""
        return self._size

    def feed(self, index: int, entry: bytes, *, leaf: bytes, charter_file: CharterFile) -> None:
        """Take the next entry; `leaf` is the hash that the verified tiles hold for it."""
        if index != self._size:
            raise MalformedError("an audit takes entries in their order")
        self._size += 1
        found = leaf_hash(entry)
        if found != leaf:
            self._note(index, CheckFailedError(check="leaf", expected=leaf, found=found))
        if entry.startswith(b"{"):
            self._close(index, entry, charter_file)
        else:
            self._hold(entry, found)

    def fail(self, index: int, error: LedgerError, *, check: str = "read") -> None:
        """Note that entries, tiles or a checkpoint could not be read or verified at `index`."""
        self._note(index, CheckFailedError(check=check, expected="what the checkpoint commits to", found=error))

    def finish(self) -> Report:
        """Return the report; statements that no batch closed are a finding too."""
        if self._pending:
            self._drop_pending("the end of the log")
        return self.report()

    def report(self) -> Report:
        """Return how the audit stands now."""
        return Report(
            size=self._size,
            depth=self.depth,
            verdict=self._verdict(),
            counts=MappingProxyType(dict(self._counts)),
            broken=self._broken,
            findings=tuple(sorted(self._findings, key=lambda finding: finding.index)),
        )

    def _hold(self, statement: bytes, leaf: bytes) -> None:
        """Keep a statement until its batch: before that nobody can say under which keys it was signed."""
        self._pending.append(statement)
        self._leaves.append(leaf)
        if len(self._pending) > MAX_STATEMENTS:
            self._drop_pending(f"more than {MAX_STATEMENTS} statements")

    def _close(self, index: int, entry: bytes, charter_file: CharterFile) -> None:
        try:
            typ = kind_of(entry)
        except LedgerError as error:
            self._pending.append(entry)
            self._void(error)
            return
        if typ is Typ.BATCH:
            self._attempt(lambda: self._judge_batch(entry), entry)
            return
        if self._pending:
            self._drop_pending(f"a {typ.value} entry at {index}")
        self._attempt(lambda: self._judge_change(typ, entry, charter_file), entry)

    def _attempt(self, judge: Callable[[], None], entry: bytes) -> None:
        """Let the judge decide on what is pending and the entry that closes it; refused, all of it is void."""
        self._pending.append(entry)
        try:
            judge()
        except LedgerError as error:
            self._void(error)
        else:
            self._forget_pending()

    def _judge_batch(self, entry: bytes) -> None:
        submission = read_submission(entry, self._pending[:-1], depth=self.depth, leaves=self._leaves)
        known = None if self.depth is Depth.STRUCTURE else self._seen
        judged = self.state.judge_batch(submission, known=known, verify_statements=self.depth is Depth.SIGNATURES)
        if known is not None:
            self._seen.enter(judged)
        self.state.apply(judged)
        self._counts[Typ.BATCH] += 1
        for header, count in Counter(submission.headers).items():
            self._counts[submission.typs[header]] += count

    def _judge_change(self, typ: Typ, entry: bytes, charter_file: CharterFile) -> None:
        if typ is Typ.CHARTER:
            self.state.apply(self.state.judge_charter(entry, charter_file(parse_charter_entry(entry).ver)))
        else:
            self.state.apply(self.state.judge_key(entry))
        self._counts[typ] += 1

    def _drop_pending(self, before: str) -> None:
        refusal: LedgerError = MalformedError("statements that no batch closes")
        refusal = refuse("batch/closing", expected="the batch entry of the statements", found=before, refusal=refusal)
        locate(refusal, 0)
        self._void(refusal)

    def _void(self, error: LedgerError) -> None:
        failed = evidence(error)
        place = len(self._pending) - 1 if failed.place is None else failed.place
        self._note(self.state.size + place, failed)
        self.state.skip(len(self._pending))
        self._forget_pending()

    def _forget_pending(self) -> None:
        self._pending = []
        self._leaves = []

    def _note(self, index: int, failed: CheckFailedError) -> None:
        self._broken += 1
        if len(self._findings) < MAX_FINDINGS:
            self._findings.append(
                Finding(
                    index=index,
                    check=failed.check,
                    expected=failed.expected,
                    found=failed.found,
                    next_step=_NEXT_STEPS.get(failed.check.partition("/")[0], _NEXT_STEPS["batch"]),
                )
            )

    def _verdict(self) -> Verdict:
        if self._broken or not self._size:
            return Verdict.FAILED
        try:
            charter = self.state.membership.charter_before(self._size)
        except NotAMemberError:
            return Verdict.FAILED
        return Verdict.VERIFIED if charter.is_witnessed else Verdict.UNWITNESSED


def audit_log(
    auditor: Auditor, *, size: int, leaf_hashes: ReadRange, entries: ReadRange, charter_file: CharterFile
) -> Report:
    """Feed a whole log of `size` entries to an auditor and return its report.

    `leaf_hashes` are those of a VerifiedTree; what cannot be read or verified ends the audit with a finding.
    """
    while auditor.size < size:
        start, end = auditor.size, min(size, auditor.size + BUNDLE)
        try:
            pairs = list(zip(entries(start, end), leaf_hashes(start, end), strict=True))
        except (LedgerError, ValueError) as error:
            auditor.fail(start, error if isinstance(error, LedgerError) else MalformedError("entries are missing"))
            return auditor.report()
        for index, (entry, leaf) in enumerate(pairs, start=start):
            auditor.feed(index, entry, leaf=leaf, charter_file=charter_file)
    return auditor.finish()
