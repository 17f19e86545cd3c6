"""Audit a whole log, from a service or a folder, without a key (docs/protocol.md, 9).

The judging is `ledger/audit.py`'s; here a log is read, the charters verified up to the pin, and the result written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from clients.entries import fetch_bundle
from ledger import fingerprints
from ledger.audit import Auditor, Report, audit_log
from ledger.charter import Charter, verify_first_charter, verify_next_charter
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.errors import BadSignatureError, LedgerError, NotFoundError, ProofError
from ledger.handover import needs_handover, verify_handover
from ledger.jsontext import JsonValue
from ledger.submissions import Depth
from ledger.tiles import TILE_WIDTH, TilePath
from ledger.verifiedtree import VerifiedTree

Progress = Callable[[int, int], None]


class LogFiles(Protocol):
    """The open read path of a log."""

    def checkpoint(self) -> bytes:
        """Return the newest checkpoint."""

    def tile(self, path: TilePath) -> bytes:
        """Return a tile or bundle; raise NotFoundError."""

    def charter(self, ver: int) -> bytes:
        """Return a charter file; raise NotFoundError."""

    def handover(self, index: int) -> bytes:
        """Return the first checkpoint that held the charter at `index`; raise NotFoundError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was audited, and with what result."""

    origin: str
    charters: int
    root: bytes
    report: Report


def audit(files: LogFiles, *, fingerprint: bytes, depth: Depth, known: bytes | None, progress: Progress) -> Audit:
    """Return the audit of a log under a pinned charter; `known` is a checkpoint the log must still contain.

    Raises a LedgerError where not even the charter or the checkpoint can be believed.
    """
    note = files.checkpoint()
    charters = _charters(files, fingerprint)
    newest = _newest(charters)
    checkpoint, judge = _judged(note, charters)
    auditor = Auditor(origin=newest.origin, fingerprint=fingerprint, depth=depth)
    try:
        tree = VerifiedTree(size=checkpoint.size, root=checkpoint.root, read=files.tile)
        _check_known(known, charters, tree)
    except LedgerError as error:
        auditor.fail(0, error)
        report = auditor.report()
    else:
        report = audit_log(
            auditor,
            size=checkpoint.size,
            leaf_hashes=tree.leaf_hashes,
            entries=_reader(files, checkpoint.size, progress),
            charter_file=lambda ver: _file(charters, ver),
        )
        if report.size == checkpoint.size:
            _check_handovers(auditor, files, judge, tree)
            report = auditor.report()
    return Audit(origin=newest.origin, charters=len(charters), root=checkpoint.root, report=report)


def to_json(audit_: Audit) -> dict[str, JsonValue]:
    """Return an audit as `--json` and `--report` write it."""
    report = audit_.report
    return {
        "origin": audit_.origin,
        "size": report.size,
        "root": audit_.root.hex(),
        "charters": audit_.charters,
        "depth": report.depth.name.lower(),
        "verdict": report.verdict.value,
        "counts": {typ.value: count for typ, count in sorted(report.counts.items(), key=lambda one: one[0].value)},
        "broken": report.broken,
        "findings": [
            {
                "index": finding.index,
                "check": finding.check,
                "expected": finding.expected,
                "found": finding.found,
                "next": finding.next_step,
            }
            for finding in report.findings
        ],
    }


def _charters(files: LogFiles, fingerprint: bytes) -> Mapping[int, tuple[Charter, bytes]]:
    """Return every charter file by version, each verified by the one before, the first by the pin."""
    file = files.charter(1)
    charter = verify_first_charter(file, fingerprint=fingerprint)
    found = {1: (charter, file)}
    while True:
        try:
            file = files.charter(charter.ver + 1)
        except NotFoundError:
            return found
        previous_hash = fingerprints.of_file(found[charter.ver][1])
        charter = verify_next_charter(file, previous=charter, previous_hash=previous_hash)
        found[charter.ver] = (charter, file)


def _newest(charters: Mapping[int, tuple[Charter, bytes]]) -> Charter:
    return charters[max(charters)][0]


def _file(charters: Mapping[int, tuple[Charter, bytes]], ver: int) -> bytes:
    if ver not in charters:
        raise NotFoundError(f"charter {ver} is logged, and its file is missing")
    return charters[ver][1]


def _judged(note: bytes, charters: Mapping[int, tuple[Charter, bytes]]) -> tuple[Checkpoint, Charter]:
    """Return a checkpoint and the newest charter whose log keys signed it; which one should have is checked later."""
    refusal: LedgerError = NotFoundError("no charter")
    for charter, _ in reversed(list(charters.values())):
        try:
            return open_checkpoint(note, origin=charter.origin, vkeys=charter.log.vkeys), charter
        except LedgerError as error:
            refusal = error if charter is _newest(charters) else refusal
    raise refusal


def _check_handovers(auditor: Auditor, files: LogFiles, judge: Charter, tree: VerifiedTree) -> None:
    """Note every change of the log's keys that the old ones did not sign, and a checkpoint by keys out of force."""
    charters = auditor.state.membership.charters()
    if charters and charters[-1][1].log.vkeys != judge.log.vkeys:
        error = BadSignatureError("signed by keys of another charter than the last in the tree")
        auditor.fail(charters[-1][0], error, check="charter/checkpoint")
    for (_, previous), (index, charter) in pairwise(charters):
        if needs_handover(charter, previous):
            try:
                note = files.handover(index)
                verify_handover(note, index=index, charter=charter, previous=previous, tree=tree)
            except LedgerError as error:
                auditor.fail(index, error, check="charter/handover")


def _check_known(known: bytes | None, charters: Mapping[int, tuple[Charter, bytes]], tree: VerifiedTree) -> None:
    """Raise ProofError unless the log still begins with the tree of a checkpoint verified before."""
    if known is None:
        return
    before, _ = _judged(known, charters)
    if before.size > tree.size or tree.root_at(before.size) != before.root:
        raise ProofError(f"the log no longer begins with the {before.size:,} entries of an earlier checkpoint")


def _reader(files: LogFiles, size: int, progress: Progress) -> Callable[[int, int], Sequence[bytes]]:
    def read(start: int, end: int) -> Sequence[bytes]:
        entries = fetch_bundle(files.tile, index=start // TILE_WIDTH, size=size)
        progress(end, size)
        return entries[start % TILE_WIDTH :][: end - start]

    return read
