"""The audit of an access log: one tree, in eights, that only grows (docs/protocol.md, 6.12).

Nobody but the parties can open its entries, so this is all that everybody can check: that nothing is taken out, and
that it is built of nothing but commitments.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.accesslog import FILL, parse_access_entry
from ledger.charterpayload import Charter
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.checks import require
from ledger.errors import BadSignatureError, LedgerError, MalformedError, ProofError
from ledger.identifiers import access_origin
from ledger.merkle import leaf_hash
from ledger.tiles import TILE_WIDTH, ReadTile, entry_bundle_path, parse_entry_bundle
from ledger.verifiedtree import VerifiedTree
from ledger.witnesses import LogName, open_published


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessAudited:
    """An access log that was audited whole: the note, the checkpoint in it, and who of its quorum has cosigned it.

    `witnesses` is empty where the quorum of the newest charter is not under the note: there are no witnesses, or a new
    charter's have not come to it yet.
    """

    note: bytes
    checkpoint: Checkpoint
    witnesses: tuple[str, ...] = ()


def open_access(note: bytes, *, charters: Sequence[Charter]) -> Checkpoint:
    """Return the checkpoint of an access log under the keys that one of the charters (the newest first) names.

    Raises BadSignatureError if none names its keys.
    """
    for charter in charters:
        try:
            return open_checkpoint(note, origin=access_origin(charter.origin), vkeys=charter.log.access)
        except BadSignatureError:
            continue
    raise BadSignatureError("no charter names the keys that signed the access log")


def audit_access(
    note: bytes, *, charters: Sequence[Charter], read: ReadTile, known: Checkpoint | None = None, start: int = 0
) -> AccessAudited:
    """Return the access log under `note` if it is whole; raise a LedgerError that says where it is not.

    `known` is a checkpoint that was verified before: the log must begin with its tree. What stands before `start` was
    read then, and is not read again.
    """
    checkpoint = open_access(note, charters=charters)
    refusal: LedgerError = ProofError("the access log does not grow by eights")
    require("access/eights", expected=0, found=checkpoint.size % FILL, refusal=refusal)
    tree = VerifiedTree(size=checkpoint.size, root=checkpoint.root, read=read)
    if known is not None:
        _check_prefix(tree, known)
    for index in range(start // TILE_WIDTH, -(-checkpoint.size // TILE_WIDTH)):
        _check_bundle(tree, index, read)
    return AccessAudited(note=note, checkpoint=checkpoint, witnesses=_witnesses(note, charters[0]))


def _witnesses(note: bytes, charter: Charter) -> tuple[str, ...]:
    try:
        return tuple(sorted(open_published(note, charter=charter, log=LogName.ACCESS).times))
    except BadSignatureError:
        return ()


def _check_prefix(tree: VerifiedTree, known: Checkpoint) -> None:
    if known.size > tree.size:
        raise ProofError("the access log is smaller than it was: entries were taken out of it")
    refusal: LedgerError = ProofError("the access log is not the one that was seen before: it was rewritten")
    require("access/root", expected=known.root, found=tree.root_at(known.size), refusal=refusal)


def _check_bundle(tree: VerifiedTree, index: int, read: ReadTile) -> None:
    path = entry_bundle_path(index=index, size=tree.size)
    first = index * TILE_WIDTH
    entries = parse_entry_bundle(read(path), width=path.width)
    refusal: LedgerError = ProofError("an entry of the access log is not the one that its tree holds")
    leaves = tree.leaf_hashes(first, first + path.width)
    for at, (entry, leaf) in enumerate(zip(entries, leaves, strict=True), start=first):
        require("access/leaf", expected=leaf, found=leaf_hash(entry), refusal=refusal)
        try:
            parse_access_entry(entry)
        except LedgerError as error:
            raise MalformedError(f"entry {at:,} of the access log is none") from error
