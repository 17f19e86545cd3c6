"""The access log of one database: entries, tiles, head and checkpoint are one tree, in eights (docs/protocol.md, 6.12)."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from ledger.accesslog import FILL, parse_access_entry
from ledger.charterpayload import parse_charter
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.errors import BadSignatureError, LedgerError
from ledger.identifiers import access_origin
from ledger.log import EMPTY_HEAD
from ledger.merkle import leaf_hash, root_after
from ledger.tiles import FullTile
from ledger.treestate import TreeState
from server.fsck.findings import Findings

_AT_ONCE = 1_024
_ENTRIES = "SELECT idx, entry FROM access_entries WHERE idx >= ? ORDER BY idx LIMIT ?"
_TILE = "SELECT data FROM access_tiles WHERE level = ? AND idx = ?"


def check_access(connection: Connection, findings: Findings) -> None:
    """Note whatever of the access log does not fit together."""
    tree = TreeState.empty()
    leaves: list[bytes] = []
    for index, entry in _entries(connection):
        if index != len(leaves):
            _note(findings, "access/missing", row=len(leaves), expected="an entry at every index", found=index)
            return
        findings.count("access_entries")
        try:
            parse_access_entry(entry)
        except LedgerError as error:
            _note(findings, "access/form", row=index, expected="an entry of an access log", found=error)
        leaves.append(leaf_hash(entry))
        tree, tiles = tree.append(leaves[-1:])
        for tile in tiles:
            _check_tile(connection, findings, tile)
    _check_head(connection, findings, tree, root_after(peaks=(), size=0, leaves=leaves))


def _entries(connection: Connection) -> Iterator[tuple[int, bytes]]:
    start = 0
    while rows := connection.exec_driver_sql(_ENTRIES, (start, _AT_ONCE)).all():
        for index, entry in rows:
            yield index, bytes(entry)
        start = rows[-1][0] + 1


def _check_tile(connection: Connection, findings: Findings, tile: FullTile) -> None:
    found = connection.exec_driver_sql(_TILE, (tile.level, tile.index)).scalar()
    findings.count("access_tiles", 0 if found is None else 1)
    if found is None or bytes(found) != tile.data:
        _note(findings, "access/tile", row=tile.path.format(), expected="what the entries hash to", found="another")


def _check_head(connection: Connection, findings: Findings, tree: TreeState, root: bytes) -> None:
    row = connection.exec_driver_sql("SELECT size, tree, checkpoint FROM access_head WHERE id = 1").one_or_none()
    size, state, raw = row or (0, EMPTY_HEAD.tree.encode(), b"")
    _compare(findings, "access/eights", expected=0, found=tree.size % FILL)
    _compare(findings, "access/size", expected=tree.size, found=size)
    _compare(findings, "access/tree", expected=tree.root(), found=root if state == tree.encode() else state)
    if row is None:
        return
    files = connection.exec_driver_sql("SELECT file FROM charters ORDER BY ver DESC").scalars().all()
    try:
        checkpoint = _open(bytes(raw), files)
    except LedgerError as error:
        _note(findings, "access/checkpoint", row=1, expected="signed by the access log's two keys", found=error)
    else:
        _compare(findings, "access/signed", expected=(tree.size, root), found=(checkpoint.size, checkpoint.root))


def _open(raw: bytes, files: Sequence[bytes]) -> Checkpoint:
    """Return a checkpoint under the keys that any charter names: none was signed since the last of them, perhaps."""
    for file in files:
        charter = parse_charter(file)
        try:
            return open_checkpoint(raw, origin=access_origin(charter.origin), vkeys=charter.log.access)
        except BadSignatureError:
            continue
    raise BadSignatureError("no charter names the keys that signed it")


def _note(findings: Findings, check: str, *, row: object, expected: object, found: object) -> None:
    findings.note(check, table="access_entries", row=row, index=None, expected=expected, found=found)


def _compare(findings: Findings, check: str, *, expected: object, found: object) -> None:
    findings.compare(check, table="access_head", row="1", index=None, expected=expected, found=found)
