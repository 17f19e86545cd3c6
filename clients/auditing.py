"""Audit a whole log, from a service or a folder, without a key (docs/protocol.md, 9).

The judging is `ledger/audit.py`'s; here a log is read, the charters verified up to the pin, an earlier checkpoint proved
to be a beginning of this log. What comes out depends on the log alone: no clock, no order of arrival.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from clients.entries import fetch_bundle
from clients.seen import seen_on_disk
from ledger import fingerprints
from ledger.audit import Auditor, Report, audit_log
from ledger.charter import Charter, verify_first_charter, verify_next_charter
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.checks import refuse, require
from ledger.errors import BadSignatureError, LedgerError, NotFoundError, ProofError
from ledger.merkle import verify_consistency, verify_inclusion
from ledger.seen import Seen
from ledger.submissions import Depth
from ledger.tileproofs import consistency_proof, inclusion_proof
from ledger.tiles import TILE_WIDTH, ReadTile, TilePath, bundle_path, tile_path
from ledger.verifiedtree import VerifiedTree

Progress = Callable[[int, int], None]
Charters = Mapping[int, tuple[Charter, bytes]]


class LogFiles(Protocol):
    """The open read path of a log."""

    def checkpoint(self) -> bytes:
        """Return the newest checkpoint."""

    def tile(self, path: TilePath) -> bytes:
        """Return a tile or bundle; raise NotFoundError."""

    def charter(self, ver: int) -> bytes:
        """Return a charter file; raise NotFoundError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """An earlier checkpoint that this log still begins with, and the proof of it (RFC 9162, 2.1.4)."""

    checkpoint: Checkpoint
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was audited, and with what result.

    `inclusion` holds, for the entries that findings name, the proof that the log signed for them: whoever is shown a
    finding needs no tile to check that. `missing` are files of a folder that is not whole.
    """

    fingerprint: bytes
    charters: int
    checkpoint: Checkpoint
    note: bytes
    since: Prefix | None
    report: Report
    inclusion: Mapping[int, tuple[bytes, ...]]
    missing: tuple[str, ...] = ()


def audit(  # noqa: PLR0913 - what is audited, how deep and against what, each by name
    files: LogFiles,
    *,
    fingerprint: bytes,
    depth: Depth,
    progress: Progress,
    known: bytes | None = None,
    since: bytes | None = None,
) -> Audit:
    """Return the audit of a log under a pinned charter.

    The log must still begin with the tree of `known`, a checkpoint verified before, and of `since`, up to which an
    audit of this depth was made: signatures of statements before that are not verified again. Raises a LedgerError
    where not even the charter or a checkpoint can be believed.
    """
    charters = _charters(files, fingerprint)
    newest = charters[max(charters)][0]
    note = files.checkpoint()
    checkpoint = open_checkpoint(note, origin=newest.origin, vkeys=newest.log.vkeys)
    earlier = [_open_earlier(raw, charters) for raw in (known, since) if raw is not None]
    read = _naming(files.tile, checkpoint.size)
    with _memory(depth) as seen:
        start = earlier[-1].size if since is not None else 0
        auditor = Auditor(origin=newest.origin, fingerprint=fingerprint, depth=depth, since=start, seen=seen)
        try:
            tree = VerifiedTree(size=checkpoint.size, root=checkpoint.root, read=read)
            prefixes = [_prove_prefix(before, tree, read) for before in earlier]
        except LedgerError as error:
            auditor.fail(0, error)
            report, prefixes, inclusion = auditor.report(), [], {}
        else:
            report = _replay(auditor, tree, read=read, charters=charters, progress=progress)
            inclusion = _inclusion(report, tree, checkpoint, read)
    return Audit(
        fingerprint=fingerprint,
        charters=len(charters),
        checkpoint=checkpoint,
        note=note,
        since=prefixes[-1] if prefixes and since is not None else None,
        report=report,
        inclusion=inclusion,
    )


def _replay(auditor: Auditor, tree: VerifiedTree, *, read: ReadTile, charters: Charters, progress: Progress) -> Report:
    def entries(start: int, end: int) -> Sequence[bytes]:
        found = fetch_bundle(read, index=start // TILE_WIDTH, size=tree.size)
        progress(end, tree.size)
        return found[start % TILE_WIDTH :][: end - start]

    def charter_file(ver: int) -> bytes:
        if ver not in charters:
            raise NotFoundError(f"charter {ver} is logged, and its file is missing")
        return charters[ver][1]

    return audit_log(auditor, size=tree.size, leaf_hashes=tree.leaf_hashes, entries=entries, charter_file=charter_file)


def _charters(files: LogFiles, fingerprint: bytes) -> Charters:
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


def _open_earlier(note: bytes, charters: Charters) -> Checkpoint:
    """Return an earlier checkpoint, signed by the log's keys of any charter so far; the newest are tried first."""
    for ver in sorted(charters, reverse=True):
        charter = charters[ver][0]
        try:
            return open_checkpoint(note, origin=charter.origin, vkeys=charter.log.vkeys)
        except BadSignatureError:
            if ver == 1:
                raise
    raise NotFoundError("there is no charter yet")


def _prove_prefix(before: Checkpoint, tree: VerifiedTree, read: ReadTile) -> Prefix:
    """Return the proof that the log still begins with the tree of a checkpoint; raise ProofError if it does not."""
    refusal = ProofError(f"the log no longer begins with the {before.size:,} entries of an earlier checkpoint")
    if before.size > tree.size:
        raise refuse(
            "consistency", expected=f"{before.size:,} entries or more", found=f"{tree.size:,}", refusal=refusal
        )
    require("consistency", expected=before.root, found=tree.root_at(before.size), refusal=refusal)
    if before.size == 0:
        return Prefix(checkpoint=before, proof=())
    proof = consistency_proof(size1=before.size, size2=tree.size, read=read)
    root = tree.root_at(tree.size)
    verify_consistency(size1=before.size, size2=tree.size, root1=before.root, root2=root, proof=proof)
    return Prefix(checkpoint=before, proof=proof)


def _inclusion(
    report: Report, tree: VerifiedTree, checkpoint: Checkpoint, read: ReadTile
) -> dict[int, tuple[bytes, ...]]:
    """Return the inclusion proofs of the entries that findings name, as far as their tiles are there."""
    found: dict[int, tuple[bytes, ...]] = {}
    for index in dict.fromkeys(finding.index for finding in report.findings):
        with suppress(LedgerError):
            (leaf,) = tree.leaf_hashes(index, index + 1)
            proof = inclusion_proof(index=index, size=tree.size, read=read)
            verify_inclusion(leaf=leaf, index=index, size=tree.size, proof=proof, root=checkpoint.root)
            found[index] = proof
    return found


def _naming(read: ReadTile, size: int) -> ReadTile:
    """Return `read`, which names what is missing by the one path that a log of `size` has it under."""

    def named(path: TilePath) -> bytes:
        try:
            return read(path)
        except NotFoundError as error:
            index, level = path.index, path.level
            own = (
                bundle_path(index=index, size=size) if level is None else tile_path(level=level, index=index, size=size)
            )
            raise NotFoundError(f"{own.format()} is missing") from error

    return named


@contextmanager
def _memory(depth: Depth) -> Iterator[Seen | None]:
    """Give a memory for names, on disk, where the depth asks for one."""
    if depth is Depth.STRUCTURE:
        yield None
    else:
        with seen_on_disk() as seen:
            yield seen
