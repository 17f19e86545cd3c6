"""The one judge: what one has to remember of a log to say whether the next entry may stand in it.

The server asks it before it appends, the auditor before it believes; so what one admits the other cannot refuse. It is
pure: judging raises or returns what would follow and changes nothing, `apply` lets it follow.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import assert_never

from ledger.batchcheck import Chain, find_logged, verify_batch, verify_chain
from ledger.batches import Batch, parse_batch
from ledger.charterpayload import is_charter_entry, parse_charter_entry
from ledger.checks import require
from ledger.epochs import Epochs, IssuerEpochs
from ledger.errors import ConflictError, MalformedError
from ledger.grants import Grant, parse_grant
from ledger.jws import parse_general, parse_header
from ledger.kinds import Typ
from ledger.log import BatchRow
from ledger.membership import CharterChange, KeyChange, Membership
from ledger.statementrules import KnownRecords, StatementRules
from ledger.submissions import Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedBatch:
    """A batch that may stand with its first statement at `first`, and what follows from it.

    `over` is the batch entry before it in its agency's chain, if that one does not stand: only an audit meets it.
    """

    submission: Submission
    first: int
    epochs: IssuerEpochs
    over: int | None = None

    @property
    def batch(self) -> Batch:
        """Return the batch itself."""
        return self.submission.batch

    @property
    def index(self) -> int:
        """Return the index of the batch entry."""
        return self.first + self.batch.n

    def row(self) -> BatchRow:
        """Return what a store remembers of the batch."""
        batch = self.batch
        return BatchRow(
            iss=batch.iss, seq=batch.seq, index=self.index, first=self.first, payload_hash=batch.payload_hash
        )


class LogState:
    """Members, keys, epochs and chains of one log up to `size`."""

    def __init__(self, *, origin: str, fingerprint: bytes) -> None:
        """Begin with the pin: the log's origin and H(charter file 1)."""
        self.size = 0
        self.membership = Membership(origin=origin, fingerprint=fingerprint)
        self.epochs = Epochs()
        self._chains: dict[str, Chain] = {}
        self._passed: dict[str, Chain] = {}

    def chain(self, iss: str) -> Chain:
        """Return where an agency's chain of batches stands."""
        return self._chains.get(iss, Chain())

    def find_logged(self, batch: Batch, logged: BatchRow | None) -> BatchRow | None:
        """Return where a batch stands already; asked first of all. SequenceError if its seq holds another payload."""
        return find_logged(batch, logged=logged, chain=self.chain(batch.iss))

    def judge_charter(self, entry: bytes, file: bytes) -> CharterChange:
        """Return what a charter entry changes if it stands next, or raise."""
        return self.membership.judge_charter(self.size, entry, file)

    def judge_key(self, entry: bytes) -> KeyChange:
        """Return what a key entry changes if it stands next, or raise: it is void then, for every purpose."""
        return self.membership.judge_key(self.size, entry)

    def judge_batch(
        self, submission: Submission, *, known: KnownRecords | None, verify_statements: bool = True
    ) -> VerifiedBatch:
        """Return what a batch changes if its statements stand next, or raise.

        `known` finds earlier records; None where no record is parsed. Without `verify_statements` the caller has
        verified their signatures, under the keys that `kx` vouches for.
        """
        iss = submission.batch.iss
        passed = self._passed_by(submission.batch)
        chain = passed or self.chain(iss)
        verify_batch(
            submission,
            membership=self.membership,
            first=self.size,
            chain=chain,
            verify_statements=verify_statements,
        )
        rules = StatementRules(membership=self.membership, iss=iss, first=self.size, seq=chain.seq, known=known)
        epochs = rules.judge(submission.parsed, self.epochs.current(iss))
        return VerifiedBatch(
            submission=submission, first=self.size, epochs=epochs, over=passed.index if passed else None
        )

    def apply(self, judged: VerifiedBatch | CharterChange | KeyChange) -> None:
        """Let what was judged count; ConflictError if it was judged for another place."""
        match judged:
            case VerifiedBatch():
                self._expect(judged.first)
                self._enter_batch(judged.batch, judged.index)
                self.epochs.enter(judged.batch.iss, judged.epochs)
            case CharterChange():
                self._expect(judged.index)
                self.membership.enter_charter(judged)
                self.epochs.enter_charter(judged)
                self.size += 1
            case KeyChange():
                self._expect(judged.index)
                self.membership.enter_key(judged)
                self.epochs.enter_key(judged)
                self.size += 1
            case _:
                assert_never(judged)

    def skip(self, count: int) -> None:
        """Step over entries that are void: they keep their places and change nothing."""
        self.size += count

    def pass_over(self, batch: Batch, count: int) -> None:
        """Step over the `count` entries of a batch that does not stand, as an audit must; a server never appends one.

        Its agency's chain goes on after it if the agency says so itself, by signing its next batch on top of this
        payload. Else the chain stays where it was.
        """
        self.size += count
        self._passed[batch.iss] = Chain(seq=batch.seq, prev=batch.payload_hash, index=self.size - 1)

    def replay(self, entries: Iterable[tuple[int, bytes]], *, size: int, charter_file: Callable[[int], bytes]) -> None:
        """Catch up with one's own log, from its charter, key, grant and batch entries between the two sizes.

        These were judged when they were appended; chains, grants, charters and keys are checked again, statements and
        batch signatures are not: that is the audit's work. Raises a LedgerError where one does not follow from those before.
        """
        grants: list[tuple[int, Grant]] = []
        for index, entry in entries:
            if not entry.startswith(b"{"):
                grants.append((index, parse_grant(entry)))
                continue
            if kind_of(entry) is Typ.BATCH:
                self._replay_batch(index, parse_batch(entry), grants)
                grants = []
            else:
                self.size = index
                self.apply(self._judge_change(entry, charter_file))
        if grants or self.size > size:
            raise MalformedError("the log ends within a batch")
        self.size = size

    def _judge_change(self, entry: bytes, charter_file: Callable[[int], bytes]) -> CharterChange | KeyChange:
        if is_charter_entry(entry):
            return self.judge_charter(entry, charter_file(parse_charter_entry(entry).ver))
        return self.judge_key(entry)

    def _replay_batch(self, index: int, batch: Batch, grants: Iterable[tuple[int, Grant]]) -> None:
        first = index - batch.n
        verify_chain(batch, self.chain(batch.iss))
        for at, grant in grants:
            self.epochs.apply_grant(grant, index=at, batch=first, membership=self.membership)
        self._enter_batch(batch, index)

    def _passed_by(self, batch: Batch) -> Chain | None:
        """Return the end of the batch that does not stand, if `batch` was signed on top of it.

        Never for a seq that the chain has reached by itself: that would hide a fork.
        """
        passed = self._passed.get(batch.iss)
        if passed is None or (batch.seq, batch.prev) != (passed.seq + 1, passed.prev):
            return None
        return passed if batch.seq > self.chain(batch.iss).seq else None

    def _enter_batch(self, batch: Batch, index: int) -> None:
        self._chains[batch.iss] = Chain(seq=batch.seq, prev=batch.payload_hash, index=index)
        self.size = index + 1

    def _expect(self, index: int) -> None:
        refusal = ConflictError("the log has grown since this was judged")
        require("state/size", expected=self.size, found=index, refusal=refusal)


def kind_of(entry: bytes) -> Typ:
    """Return the kind that an entry claims to be, by its form alone."""
    if is_charter_entry(entry):
        return Typ.CHARTER
    protected = parse_general(entry).signatures[0].protected if entry.startswith(b"{") else entry.partition(b".")[0]
    return parse_header(protected).typ
