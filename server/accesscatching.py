"""Grow an older access log to what it had published, from a mirror: it must not fork either (docs/adr/0029).

Its entries are commitments, so a mirror has all of them. Notices and openings that came with them are on none: who was
told has its own copy, and what was not told in time is lost with the database it stood in.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ledger.accesslog import parse_access_entry
from ledger.charterpayload import Charter
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.errors import BadSignatureError, LedgerError, ProofError
from ledger.identifiers import access_origin
from ledger.log import Append, Head, Published
from ledger.merkle import leaf_hash
from ledger.tiles import TILE_WIDTH, entry_bundle_path, parse_entry_bundle
from ledger.verifiedtree import VerifiedTree
from ledger.wire import paths
from server.accessstore import AccessStore
from server.errors import StartError
from server.evidence import Mirror
from server.store import SqlStore

FOLDER = "access"


def catch_up_access(store: SqlStore, mirror: Path, charters: Sequence[Charter]) -> int:
    """Append what the mirror has of the access log and the store has not; return its size.

    Without a mirror of it, 0. Raises StartError for a mirror of another access log than this one.
    """
    file = mirror / paths.ACCESS_CHECKPOINT.lstrip("/")
    if not file.exists():
        return 0
    access = AccessStore(store)
    try:
        note = file.read_bytes()
        checkpoint = _open(note, charters)
        head = access.head()
        if checkpoint.size > head.size:
            _append(access, head, note, checkpoint, Mirror(mirror / FOLDER))
    except (LedgerError, OSError) as error:
        raise StartError(f"{file} does not continue the access log of this database: {error}") from error
    return checkpoint.size


def _open(note: bytes, charters: Sequence[Charter]) -> Checkpoint:
    for charter in charters:
        try:
            return open_checkpoint(note, origin=access_origin(charter.origin), vkeys=charter.log.access)
        except BadSignatureError:
            continue
    raise BadSignatureError("no charter names the keys that signed it")


def _append(access: AccessStore, head: Head, note: bytes, checkpoint: Checkpoint, mirror: Mirror) -> None:
    tree = VerifiedTree(size=checkpoint.size, root=checkpoint.root, read=mirror.tile)
    if tree.root_at(head.size) != head.tree.root():
        raise ProofError(f"its first {head.size:,} entries are others")
    entries = tuple(_entries(mirror, tree, head.size))
    leaves = [leaf_hash(entry) for entry in entries]
    grown, tiles = head.tree.append(leaves)
    if grown.root() != checkpoint.root:
        raise ProofError("its entries are not those of its checkpoint")
    with access.transaction() as transaction:
        transaction.insert(head.size, Append(entries=entries), leaves, tiles)
        transaction.swap(old=head, new=Head(size=grown.size, tree=grown, checkpoint=note))
        transaction.publish(Published(size=grown.size, note=note))


def _entries(mirror: Mirror, tree: VerifiedTree, start: int) -> Iterator[bytes]:
    for index in range(start // TILE_WIDTH, -(-tree.size // TILE_WIDTH)):
        path = entry_bundle_path(index=index, size=tree.size)
        for entry in parse_entry_bundle(mirror.tile(path), width=path.width)[max(0, start - index * TILE_WIDTH) :]:
            parse_access_entry(entry)
            yield entry
