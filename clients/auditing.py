"""Audit a whole log, from a service or a folder, without a key (docs/protocol.md, 9).

The judging is `ledger/audit.py`'s; here a log is read, its charters verified up to the pin, and an earlier checkpoint
proved to be a beginning of it. What comes out depends on the log alone: no clock, no order of arrival.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from clients.auditcharters import CharterFiles, Charters, check_handovers, judged, newest, read_charters
from clients.entries import fetch_bundle
from clients.logproofs import Prefix, prove_inclusions, prove_prefix
from clients.seen import seen_on_disk
from ledger.accessaudit import AccessAudited, audit_access, open_access
from ledger.audit import Auditor, Report, audit_log
from ledger.charter import Charter
from ledger.checkpoints import Checkpoint
from ledger.checks import require
from ledger.errors import LedgerError, NotFoundError, ProofError
from ledger.findings import Verdict
from ledger.seen import Seen
from ledger.submissions import Depth
from ledger.tiles import TILE_WIDTH, ReadTile, TilePath, entry_bundle_path, tile_path
from ledger.verifiedtree import VerifiedTree
from ledger.witnesses import Cosigned, freshness

Progress = Callable[[int, int], None]


class LogFiles(CharterFiles, Protocol):
    """The open read path of a log, and of its access log."""

    def access_checkpoint(self) -> bytes:
        """Return the newest checkpoint of the access log; raise NotFoundError before the first."""

    def access_tile(self, path: TilePath) -> bytes:
        """Return a tile or bundle of the access log; raise NotFoundError."""

    def checkpoint(self) -> bytes:
        """Return the newest checkpoint."""

    def tile(self, path: TilePath) -> bytes:
        """Return a tile or bundle; raise NotFoundError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A log that is older than a checkpoint that was verified before; `proved` to be a beginning of it, or not shown."""

    checkpoint: Checkpoint
    proved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was audited, and with what result.

    `inclusion` holds, for the entries that findings name, the proof that the log signed for them: whoever is shown a
    finding needs no tile to check that. `missing` are files of a folder that is not whole. `witnesses`, of as
    many as the charter names, have cosigned the checkpoint, and vouch for it up to the time `fresh`. `access` is the
    access log, if there is one to be read yet.
    """

    fingerprint: bytes
    charters: int
    checkpoint: Checkpoint
    note: bytes
    since: Prefix | None
    report: Report
    inclusion: Mapping[int, tuple[bytes, ...]]
    missing: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()
    witnesses_of: int = 0
    fresh: int | None = None
    behind: Behind | None = None
    access: AccessAudited | None = None

    @property
    def is_stale(self) -> bool:
        """Return whether all that stands is true, and more is known to have been signed since."""
        return self.behind is not None and self.report.verdict is not Verdict.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What an auditor brings along: none of it is asked of the log.

    The log must still begin with the tree of `known`, a checkpoint verified before, and of `since`, up to which an
    audit of the same depth was made: signatures of statements before that are not verified again. The access log must
    still begin with that of `known_access`. A log never becomes smaller than these; one that was `copied` may be older,
    and must then be a beginning of them, which tiles of `newer`, where there are any, prove or refute. `confirmed` are
    the fingerprints of charters that may do without the witnesses of the one before: a person has compared them.
    """

    known: bytes | None = None
    since: bytes | None = None
    known_access: bytes | None = None
    confirmed: Collection[bytes] = ()
    copied: bool = False
    newer: ReadTile | None = None


NOTHING = Earlier()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What the log shows of itself, and the earlier checkpoints that it reaches and does not reach."""

    note: bytes
    checkpoint: Checkpoint
    charters: Charters
    judge: Charter
    read: ReadTile
    reached: Sequence[Checkpoint]
    larger: Sequence[Checkpoint]
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """The tree under the checkpoint, and how the earlier checkpoints stand to it."""

    tree: VerifiedTree
    prefixes: Sequence[Prefix]
    behind: Behind | None


def audit(
    files: LogFiles, *, fingerprint: bytes, depth: Depth, progress: Progress, earlier: Earlier = NOTHING
) -> Audit:
    """Return the audit of a log under a pinned charter, held against what is known of it.

    Raises a LedgerError where not even the charter or a checkpoint can be believed; whatever else is wrong is a finding.
    """
    shown = _shown(files, fingerprint, earlier)
    with _memory(depth) as seen:
        origin = shown.checkpoint.origin
        auditor = Auditor(origin=origin, fingerprint=fingerprint, depth=depth, since=shown.start, seen=seen)
        compared = _compared(auditor, shown, newer=earlier.newer)
        cosigned = _judged(auditor, shown, compared, files, earlier, progress) if compared else None
        inclusion = _inclusion(auditor, shown, compared) if compared else {}
        charters = _logged(auditor, shown.charters)
        access = _audit_access(files, auditor, (charters, shown.charters), earlier.known_access)
    witness = newest(charters).witness
    return Audit(
        fingerprint=fingerprint,
        charters=len(charters),
        checkpoint=shown.checkpoint,
        note=shown.note,
        since=compared.prefixes[-1] if compared and earlier.since is not None and not shown.larger else None,
        report=auditor.report(),
        inclusion=inclusion,
        witnesses=tuple(sorted(cosigned.times)) if cosigned else (),
        witnesses_of=len(witness.agencies),
        fresh=freshness(cosigned, f=witness.f) if cosigned else None,
        behind=compared.behind if compared else None,
        access=access,
    )


def _shown(files: LogFiles, fingerprint: bytes, earlier: Earlier) -> _Shown:
    """Return what there is to be audited; raise a LedgerError for a charter or a checkpoint that cannot be believed."""
    note = files.checkpoint()
    charters = read_charters(files, fingerprint)
    checkpoint, judge = judged(note, charters)
    before = [judged(raw, charters)[0] for raw in (earlier.known, earlier.since) if raw is not None]
    # Of an older copy nothing is taken for verified: whether the earlier audit went through it may not be shown.
    larger = [one for one in before if earlier.copied and one.size > checkpoint.size]
    return _Shown(
        note=note,
        checkpoint=checkpoint,
        charters=charters,
        judge=judge,
        read=_naming(files.tile, checkpoint.size),
        reached=[one for one in before if one not in larger],
        larger=larger,
        start=before[-1].size if earlier.since is not None and not larger else 0,
    )


def _compared(auditor: Auditor, shown: _Shown, *, newer: ReadTile | None) -> _Compared | None:
    """Return the tree once it continues every earlier checkpoint, or is a beginning; what is wrong is a finding."""
    checkpoint, read = shown.checkpoint, shown.read
    try:
        tree = VerifiedTree(size=checkpoint.size, root=checkpoint.root, read=read)
        behind = _behind(checkpoint, shown.larger, [read] if newer is None else [read, newer])
        prefixes = [prove_prefix(one, checkpoint=checkpoint, tree=tree, read=read) for one in shown.reached]
    except LedgerError as error:
        auditor.fail(0, error)
        return None
    return _Compared(tree=tree, prefixes=prefixes, behind=behind)


def _judged(  # noqa: PLR0913, PLR0917 - who judges, what, and by what
    auditor: Auditor, shown: _Shown, compared: _Compared, files: LogFiles, earlier: Earlier, progress: Progress
) -> Cosigned | None:
    """Let every entry be judged, then the charters' handovers and the quorum; return who has cosigned."""
    tree = compared.tree
    _replay(auditor, tree, read=shown.read, charters=shown.charters, progress=progress)
    if auditor.size != tree.size:
        return None
    check_handovers(auditor, files, shown.judge, tree, confirmed=earlier.confirmed)
    return auditor.check_quorum(shown.note)


def _inclusion(auditor: Auditor, shown: _Shown, compared: _Compared) -> Mapping[int, tuple[bytes, ...]]:
    """Return the proofs of the entries that findings name."""
    indexes = [finding.index for finding in auditor.report().findings]
    return prove_inclusions(indexes, checkpoint=shown.checkpoint, tree=compared.tree, read=shown.read)


def _logged(auditor: Auditor, charters: Charters) -> Charters:
    """Return the charters that stand in the tree; a service lists those, too, that wait for their witnesses.

    Where no tree could be read, they are all there is.
    """
    last = len(auditor.state.membership.charters())
    return {ver: one for ver, one in charters.items() if ver <= last} or charters


def _audit_access(
    files: LogFiles, auditor: Auditor, charters: tuple[Charters, Charters], known: bytes | None
) -> AccessAudited | None:
    """Return the access log, whole, or None where none is shown; what is wrong with it is a finding.

    Of `charters`, those that stand in the tree and all that are listed, the last in the tree judges who has cosigned it.
    """
    logged, listed = charters
    waiting = [charter for ver, (charter, _) in listed.items() if ver not in logged]
    newest_first = [*(charter for charter, _ in reversed(list(logged.values()))), *waiting]
    try:
        note = files.access_checkpoint()
    except NotFoundError as error:
        if known is not None:
            auditor.fail(0, error, check="access/missing")
        return None
    try:
        before = None if known is None else open_access(known, charters=newest_first)
        return audit_access(note, charters=newest_first, read=files.access_tile, known=before)
    except LedgerError as error:
        auditor.fail(0, error, check="access")
        return None


def _behind(checkpoint: Checkpoint, larger: Sequence[Checkpoint], reads: Sequence[ReadTile]) -> Behind | None:
    """Return the largest checkpoint that the log does not reach; raise ProofError if the log is no beginning of one.

    Only tiles of the larger tree can show either: whoever has none is told so, and a fork cannot hide behind it as
    verified.
    """
    proved = [_is_beginning(checkpoint, one, reads) for one in larger]
    return Behind(checkpoint=max(larger, key=lambda one: one.size), proved=all(proved)) if larger else None


def _is_beginning(checkpoint: Checkpoint, larger: Checkpoint, reads: Sequence[ReadTile]) -> bool:
    for read in reads:
        try:
            root = VerifiedTree(size=larger.size, root=larger.root, read=read).root_at(checkpoint.size)
        except LedgerError:
            continue  # tiles that do not hang from the larger root show nothing about it
        refusal = ProofError(f"this log is no beginning of the {larger.size:,} entries of a checkpoint verified before")
        require("consistency", expected=root, found=checkpoint.root, refusal=refusal)
        return True
    return False


def _replay(auditor: Auditor, tree: VerifiedTree, *, read: ReadTile, charters: Charters, progress: Progress) -> None:
    def entries(start: int, end: int) -> Sequence[bytes]:
        found = fetch_bundle(read, index=start // TILE_WIDTH, size=tree.size)
        progress(end, tree.size)
        return found[start % TILE_WIDTH :][: end - start]

    def charter_file(ver: int) -> bytes:
        if ver not in charters:
            raise NotFoundError(f"charter {ver} is logged, and its file is missing")
        return charters[ver][1]

    audit_log(auditor, size=tree.size, leaf_hashes=tree.leaf_hashes, entries=entries, charter_file=charter_file)


def _naming(read: ReadTile, size: int) -> ReadTile:
    """Return `read`, which names what is missing by the one path that a log of `size` has it under."""

    def named(path: TilePath) -> bytes:
        try:
            return read(path)
        except NotFoundError as error:
            if path.level is None:
                own = entry_bundle_path(index=path.index, size=size)
            else:
                own = tile_path(level=path.level, index=path.index, size=size)
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
