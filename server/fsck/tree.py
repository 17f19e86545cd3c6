"""Entries, leaf hashes, tiles, right edge and head of one database (docs/protocol.md, 9)."""

from collections.abc import Iterator

from sqlalchemy import Connection

from ledger.errors import LedgerError
from ledger.kinds import Typ
from ledger.merkle import leaf_hash, peaks_after, root_of_peaks
from ledger.state import kind_of
from ledger.tiles import FullTile
from ledger.treestate import TreeState
from server.fsck.findings import Findings

_AT_ONCE = 1_024
_ENTRIES = "SELECT idx, typ, entry, leaf FROM entries WHERE idx >= ? ORDER BY idx LIMIT ?"
_COLUMN = {Typ.CHARTER: "charter", Typ.KEY: "key", Typ.GRANT: "grant", Typ.BATCH: "batch"}


class Tree:
    """The tree grown anew from the stored entries, by the tiles' code and by one that knows no tiles."""

    def __init__(self, connection: Connection, findings: Findings) -> None:
        """Begin with the empty tree."""
        self._connection = connection
        self._findings = findings
        self.state = TreeState.empty()
        self._grown: tuple[int, tuple[bytes, ...]] = (0, ())

    def entries(self) -> Iterator[tuple[int, bytes, Typ | None]]:
        """Yield every entry with its index and kind (None for one of no kind), checking its row and all tiles under it."""
        start = 0
        while rows := self._connection.exec_driver_sql(_ENTRIES, (start, _AT_ONCE)).all():
            self._grow([leaf_hash(row[2]) for row in rows])
            for expected, (index, typ, entry, leaf) in enumerate(rows, start=start):
                if index != expected:
                    self._note(
                        "entry/missing", index=expected, expected="an entry at every index", found=f"next {index}"
                    )
                    return  # every later index belongs to another leaf: comparing on would only bury this finding
                yield index, entry, self._check_row(index, typ, entry, leaf)
            start += len(rows)

    def check_head(self) -> None:
        """Hold the head, its right edge and the number of tiles against the tree."""
        row = self._connection.exec_driver_sql("SELECT size, tree FROM head WHERE id = 1").one_or_none()
        size, tree = (0, TreeState.empty().encode()) if row is None else row
        self._findings.count("head", 0 if row is None else 1)
        self._compare("head/size", table="head", row="1", expected=self.state.size, found=size)
        if tree != self.state.encode():
            self._compare("head/tree", table="head", row="1", expected=self.state.root(), found=_root(tree))
        root = self.root_at(self.state.size)
        self._compare("head/root", table="entries", row="all", expected=self.state.root(), found=root)
        self._check_tiles_beyond()

    def _check_row(self, index: int, typ: str, entry: bytes, leaf: bytes) -> Typ | None:
        self._findings.count("entries")
        if leaf_hash(entry) != leaf:
            self._note("leaf", index=index, expected=leaf, found=leaf_hash(entry))
        try:
            kind = kind_of(entry)
        except LedgerError as error:
            self._note("entry/form", index=index, expected="an entry of a known kind", found=error)
            return None
        if typ != column_of(kind):
            self._note("entry/typ", index=index, expected=column_of(kind), found=typ)
        return kind

    def _grow(self, leaves: list[bytes]) -> None:
        self.state, tiles = self.state.append(leaves)
        for tile in tiles:
            self._check_tile(tile)

    def _check_tile(self, tile: FullTile) -> None:
        query = "SELECT data FROM tiles WHERE level = ? AND idx = ?"
        row = self._connection.exec_driver_sql(query, (tile.level, tile.index)).one_or_none()
        found = None if row is None else bytes(row[0])
        self._findings.count("tiles", 0 if row is None else 1)
        if found != tile.data:
            at = tile.index << 8 * (tile.level + 1)
            self._findings.note(
                "tile/missing" if found is None else "tile",
                table="tiles",
                row=tile.path.format(),
                index=at,
                expected=f"the 256 hashes from entry {at:,} on",
                found="no row" if found is None else f"another at {_first_difference(tile.data, found)}",
            )

    def root_at(self, size: int) -> bytes:
        """Return the root of the first `size` entries, read once more and hashed by the code that knows no tiles.

        Asked for one size after the other, as for every published checkpoint, each entry is read once.
        """
        before, peaks = self._grown if self._grown[0] <= size else (0, ())
        query = "SELECT entry FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx"
        rows = self._connection.exec_driver_sql(query, (before, size))
        peaks = peaks_after(peaks=peaks, size=before, leaves=(leaf_hash(row[0]) for row in rows))
        if len(peaks) == size.bit_count():
            self._grown = (size, peaks)
        return root_of_peaks(peaks)

    def _check_tiles_beyond(self) -> None:
        for level, index in self._connection.exec_driver_sql("SELECT level, idx FROM tiles ORDER BY level, idx"):
            if index >= self.state.size >> 8 * (level + 1):
                self._compare("tile/beyond", table="tiles", row=f"{level}/{index}", expected=None, found="a tile")

    def _note(self, check: str, *, index: int, expected: object, found: object) -> None:
        self._findings.note(check, table="entries", row=index, index=index, expected=expected, found=found)

    def _compare(self, check: str, *, table: str, row: str, expected: object, found: object) -> None:
        self._findings.compare(check, table=table, row=row, index=None, expected=expected, found=found)


def column_of(kind: Typ) -> str:
    """Return what the column `typ` of an entry of a kind holds."""
    return _COLUMN.get(kind, "statement")


def _root(tree: bytes) -> object:
    try:
        return TreeState.decode(tree).root()
    except LedgerError as error:
        return error


def _first_difference(expected: bytes, found: bytes) -> str:
    pairs = enumerate(zip(expected, found, strict=False))
    at = next((at for at, (one, other) in pairs if one != other), min(len(expected), len(found)))
    return f"byte {at:,}"
