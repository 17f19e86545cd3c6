"""The audit: replay a log from its entries and say where it breaks its own rules (docs/protocol.md, 7 to 9).

It uses the same judge as the server (`ledger/state.py`) and believes nothing else: every entry must hash to the leaf
that the verified tiles hold, every charter file to its entry. Three depths: structure, records, signatures.

After a finding it goes on. An entry whose bytes are not those of the tree is one finding, and the tree's leaf stands in
for it; what does not stand counts for nothing, but for what `ledger/salvage.py` carries on.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import MappingProxyType

from ledger.batches import MAX_STATEMENTS, Batch, parse_batch
from ledger.charter import charter_entry
from ledger.charterpayload import parse_charter_entry
from ledger.checks import CheckFailedError, evidence
from ledger.errors import DuplicateError, LedgerError, MalformedError, NotAMemberError
from ledger.findings import MAX_FINDINGS, Bridge, Finding, Findings, Report, Verdict
from ledger.kinds import Typ
from ledger.merkle import leaf_hash, leaf_hashes
from ledger.salvage import salvage
from ledger.seen import Seen, SeenInMemory
from ledger.state import LogState, kind_of
from ledger.submissions import Depth, Statement, read_submission
from ledger.witnesses import Cosigned, open_published

__all__ = ["MAX_FINDINGS", "Auditor", "Finding", "Report", "Verdict", "audit_log"]

BUNDLE = 256

CharterFile = Callable[[int], bytes]
ReadRange = Callable[[int, int], Sequence[bytes]]


class Auditor:
    """Takes the entries of a log one by one, in order, and remembers what is wrong with them.

    It holds the entries that no batch has closed yet, at most one batch of them, and what its judge must remember.
    """

    def __init__(
        self,
        *,
        origin: str,
        fingerprint: bytes,
        depth: Depth = Depth.STRUCTURE,
        since: int = 0,
        seen: Seen | None = None,
    ) -> None:
        """Begin with the pin: the log's origin and H(charter file 1).

        Statements of batches that close before `since` were audited before: their signatures are not verified again.
        """
        self.state = LogState(origin=origin, fingerprint=fingerprint)
        self.depth = depth
        self.since = since
        self._seen = seen or SeenInMemory()
        self._findings = Findings()
        self._counts: Counter[Typ] = Counter()
        self._entries: list[bytes] = []
        self._leaves: list[bytes] = []
        self._unreadable: set[int] = set()
        self._loose = -1
        self._has_quorum = False
        self._charter_entries: dict[int, bytes | None] = {}

    @property
    def size(self) -> int:
        """Return how many entries were taken: those that are settled and those that wait for their batch."""
        return self.state.size + len(self._entries)

    def feed(self, index: int, entry: bytes, *, leaf: bytes, charter_file: CharterFile) -> None:
        """Take the next entry; `leaf` is the hash that the verified tiles hold for it."""
        self.feed_all(index, (entry,), leaves=(leaf,), charter_file=charter_file)

    def feed_all(
        self, start: int, entries: Sequence[bytes], *, leaves: Sequence[bytes], charter_file: CharterFile
    ) -> None:
        """Take the next entries, from index `start` on; raise MalformedError where it is another."""
        if start != self.size:
            raise MalformedError("an audit takes entries in their order")
        waiting = 0
        for place, (entry, leaf, found) in enumerate(zip(entries, leaves, leaf_hashes(entries), strict=True)):
            # Most entries are statements that wait for their batch: those are taken many at once.
            if found != leaf or entry.startswith(b"{"):
                self._wait(entries[waiting:place], leaves[waiting:place])
                self._take(start + place, entry, leaf=leaf, found=found, charter_file=charter_file)
                waiting = place + 1
        self._wait(entries[waiting:], leaves[waiting:])

    def fail(self, index: int, error: LedgerError, *, check: str = "read") -> None:
        """Note that entries, tiles or a checkpoint could not be read or verified at `index`, by their own evidence."""
        failed = error.__cause__
        if check != "read" or not isinstance(failed, CheckFailedError):
            failed = CheckFailedError(check=check, expected="what the checkpoint commits to", found=error)
        self._findings.note(index, failed)

    def check_quorum(self, note: bytes) -> Cosigned | None:
        """Hold the published checkpoint of the whole log against the charter in force in it; a finding if it fails.

        Only after this a log with witnesses is VERIFIED: entries and tiles say nothing of what others are shown.
        """
        try:
            charter = self.state.membership.charter_before(self.state.size)
            cosigned = open_published(note, charter=charter)
        except LedgerError as error:
            failed = CheckFailedError(check="checkpoint/quorum", expected="the charter's quorum under it", found=error)
            self._findings.note(max(self.size - 1, 0), failed)
            return None
        self._has_quorum = True
        return cosigned

    def finish(self) -> Report:
        """Return the report; statements that no batch closed are a finding too."""
        self._let_go(len(self._entries), before="the end of the log")
        return self.report()

    def report(self) -> Report:
        """Return how the audit stands now."""
        return Report(
            size=self.size,
            depth=self.depth,
            since=self.since,
            verdict=self._verdict(),
            counts=MappingProxyType(dict(self._counts)),
            broken=self._findings.broken,
            findings=self._findings.kept(),
            bridges=tuple(self._findings.bridges),
        )

    def _take(self, index: int, entry: bytes, *, leaf: bytes, found: bytes, charter_file: CharterFile) -> None:
        """Take an entry that may close a batch or stand outside of one, or whose bytes are not those of the tree."""
        taken = entry if found == leaf else self._altered(index, entry, leaf=leaf, charter_file=charter_file)
        self._entries.append(taken)
        self._leaves.append(leaf)
        if taken.startswith(b"{"):
            self._close(index, taken, charter_file)
        self._shed()

    def _wait(self, entries: Sequence[bytes], leaves: Sequence[bytes]) -> None:
        """Keep statements until their batch closes."""
        self._entries += entries
        self._leaves += leaves
        self._shed()

    def _shed(self) -> None:
        """Let go of statements that stand too far before any entry that could close them."""
        while len(self._entries) > MAX_STATEMENTS:
            self._let_go(1, before=f"more than {MAX_STATEMENTS} statements")

    def _altered(self, index: int, entry: bytes, *, leaf: bytes, charter_file: CharterFile) -> bytes:
        """Note bytes that are not those of the tree; return the entry that is, where it can be told: a charter's."""
        self._findings.note(index, CheckFailedError(check="leaf", expected=leaf, found=leaf_hash(entry)))
        expected = self._next_charter_entry(charter_file)
        if expected is not None and leaf_hash(expected) == leaf:
            return expected
        self._unreadable.add(index)
        return entry

    def _close(self, index: int, entry: bytes, charter_file: CharterFile) -> None:
        """Judge an entry that closes a batch or stands outside of one; what is neither waits until it is let go."""
        try:
            typ = kind_of(entry)
            batch = parse_batch(entry) if typ is Typ.BATCH else None
        except LedgerError as error:
            if index not in self._unreadable:
                self._findings.note(index, evidence(error))
                self._unreadable.add(index)
            return
        self._let_go(len(self._entries) - 1 - (batch.n if batch else 0), before=f"a {typ.value} entry at {index:,}")
        if batch is not None:
            self._judge_batch(batch)
        elif index in self._unreadable:
            self._findings.lose(index, change=True)
            self.state.skip(1)
        else:
            self._judge_change(typ, index, entry, charter_file)
        self._forget(len(self._entries))

    def _judge_batch(self, batch: Batch) -> None:
        """Judge the batch that all waiting entries make, but for what cannot be read; salvage what does not stand."""
        first, count = self.state.size, len(self._entries) - 1
        spoiled = frozenset(index - first for index in self._unreadable)
        if spoiled:
            self._findings.lose(first + min(spoiled), change=count in spoiled)
        if count not in spoiled:
            try:
                self._enter_batch(spoiled)
            except LedgerError as error:
                failed = evidence(error)
                self._findings.note(first + (count if failed.place is None else failed.place), failed)
                self._findings.lose(first + count, change=True)
            else:
                return
        sound = [b"" if place in spoiled else entry for place, entry in enumerate(self._entries[:-1])]
        read = salvage(self.state, batch, sound, depth=self._depth())
        with suppress(DuplicateError):
            self._remember(first, read)

    def _enter_batch(self, spoiled: frozenset[int]) -> None:
        """Let a batch count; raise, with nothing changed that is judged by, if it does not stand."""
        *statements, entry = self._entries
        depth = self._depth()
        submission = read_submission(
            entry, statements, depth=depth, leaves=self._leaves[:-1], only_heads=True, unreadable=spoiled
        )
        known = None if depth is Depth.STRUCTURE else self._seen
        judged = self.state.judge_batch(submission, known=known, verify_statements=depth is Depth.SIGNATURES)
        self._remember(judged.first, submission.parsed)
        self.state.apply(judged)
        if judged.over is not None:
            self._findings.bridge(Bridge(iss=judged.batch.iss, over=judged.over, by=judged.index))
        self._counts[Typ.BATCH] += 1
        for header, number in Counter(submission.headers).items():
            if header in submission.typs:
                self._counts[submission.typs[header]] += number

    def _judge_change(self, typ: Typ, index: int, entry: bytes, charter_file: CharterFile) -> None:
        try:
            if typ is Typ.CHARTER:
                self.state.apply(self.state.judge_charter(entry, charter_file(parse_charter_entry(entry).ver)))
            else:
                self.state.apply(self.state.judge_key(entry))
        except LedgerError as error:
            self._findings.note(index, evidence(error))
            # A bad key entry is void for every purpose, but who is a member after a bad charter is not known.
            if typ is Typ.CHARTER:
                self._findings.lose(index, change=True)
            self.state.skip(1)
        else:
            self._counts[typ] += 1

    def _remember(self, first: int, statements: Sequence[Statement | None]) -> None:
        """Remember names, if the depth asks; raise DuplicateError for one that was there before."""
        if self.depth is not Depth.STRUCTURE:
            self._seen.enter(first, statements)

    def _let_go(self, count: int, *, before: str) -> None:
        """Step over statements that no batch closes; a run of them is one finding, or none beside an unreadable entry."""
        if count <= 0:
            return
        first = self.state.size
        cause = min((index for index in self._unreadable if index < first + count), default=None)
        if cause is None and first != self._loose:
            expected = "the batch entry of the statements"
            self._findings.note(first, CheckFailedError(check="batch/closing", expected=expected, found=before))
        self._findings.lose(first if cause is None else cause, change=True)
        self.state.skip(count)
        self._loose = self.state.size
        self._forget(count)

    def _forget(self, count: int) -> None:
        del self._entries[:count], self._leaves[:count]
        self._unreadable = {index for index in self._unreadable if index >= self.state.size}

    def _depth(self) -> Depth:
        """Return how deep the batch that closes now is looked at."""
        return Depth.RECORDS if self.depth is Depth.SIGNATURES and self.size <= self.since else self.depth

    def _next_charter_entry(self, charter_file: CharterFile) -> bytes | None:
        version = self._charter_version() + 1
        if version not in self._charter_entries:
            try:
                self._charter_entries[version] = charter_entry(charter_file(version))
            except LedgerError:
                self._charter_entries[version] = None
        return self._charter_entries[version]

    def _charter_version(self) -> int:
        try:
            return self.state.membership.charter_before(self.state.size).ver
        except NotAMemberError:
            return 0

    def _verdict(self) -> Verdict:
        if self._findings.broken or not self._charter_version():
            return Verdict.FAILED
        charter = self.state.membership.charter_before(self.state.size)
        return Verdict.VERIFIED if charter.is_witnessed and self._has_quorum else Verdict.UNWITNESSED


def audit_log(
    auditor: Auditor, *, size: int, leaf_hashes: ReadRange, entries: ReadRange, charter_file: CharterFile
) -> Report:
    """Feed a whole log of `size` entries to an auditor and return its report.

    `leaf_hashes` are those of a VerifiedTree; what cannot be read or verified ends the audit with a finding.
    """
    while auditor.size < size:
        start, end = auditor.size, min(size, auditor.size + BUNDLE)
        try:
            read, leaves = entries(start, end), leaf_hashes(start, end)
            if not len(read) == len(leaves) == end - start:
                raise MalformedError("entries are missing")
        except LedgerError as error:
            auditor.fail(start, error)
            return auditor.report()
        auditor.feed_all(start, read, leaves=leaves, charter_file=charter_file)
    return auditor.finish()
