"""Whole batches out of the log, verified as whoever relies on them must (docs/protocol.md, 7 and 8)."""

from dataclasses import dataclass

from clients.authority import Authority
from clients.entries import Entries
from ledger.batchcheck import Chain, verify_batch
from ledger.batches import parse_batch
from ledger.errors import ProofError
from ledger.submissions import Statement, Submission, read_submission


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBatch:
    """A verified batch: its statements stand from `first` on, its entry at `index`."""

    submission: Submission
    first: int
    index: int

    def at(self, index: int) -> Statement:
        """Return the parsed statement at `index` of the log."""
        found = self.submission.parsed[index - self.first] if self.first <= index < self.index else None
        if found is None:
            raise ProofError("the batch holds no such statement")
        return found


def read_batch(entries: Entries, authority: Authority, index: int) -> ReadBatch:
    """Return the batch whose entry stands at `index`: in the tree, both signatures and every statement's good.

    That it follows the agency's batch before is for a reader of the whole log to check: here one is read alone.
    """
    (entry,) = entries.read(index, index + 1)
    batch = parse_batch(entry)
    first = index - batch.n
    if first < 0:
        raise ProofError("a batch that says to close more statements than stand before it")
    statements = entries.read(first, index)
    authority.learn(batch.iss, batch.kx)
    submission = read_submission(entry, statements)
    alone = Chain(seq=batch.seq - 1, prev=batch.prev)
    verify_batch(submission, membership=authority.membership, first=first, chain=alone)
    return ReadBatch(submission=submission, first=first, index=index)
