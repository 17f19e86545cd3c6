"""The open files of a log, written from a database: what a mirror holds and `audit --from` reads (docs/protocol.md, 10).

Nothing is verified here. Whoever reads the folder verifies it, and shall see what the database holds, not what it
should hold: a row that is missing leaves a file out, a row that was changed is written as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from crypto.encoding import HASH_BYTES
from ledger.errors import LedgerError, NotFoundError
from ledger.tiles import TILE_WIDTH, TilePath, encode_entry_bundle, entry_bundle_path, tile_paths
from ledger.treestate import TreeState
from ledger.wire import paths
from server import database
from server.errors import ConfigError, StartError
from server.publishing import table


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """How large the log is, and how many files were written of it."""

    size: int
    files: int


def export(source: Path, *, output: Path) -> Exported:
    """Write the open files of the log in the database `source` below `output`, a new or empty folder.

    Raises ConfigError for a folder that holds something, and StartError for a file that is not a log's database.
    """
    _require_empty(output)
    return write_open_files(source, output=output)


def write_open_files(source: Path, *, output: Path) -> Exported:
    """Write the open files below a folder that may hold other things: a backup, which is a mirror too.

    Raises StartError where they cannot be made.
    """
    engine = database.read_only(source)
    try:
        with engine.connect() as connection:
            return _export(connection, output)
    except DatabaseError as error:
        raise StartError(f"{source} cannot be read as the database of a log: {error.orig}") from error
    except LedgerError as error:
        raise StartError(f"{source} holds no log that can be written out: {error}") from error
    finally:
        engine.dispose()


def _require_empty(output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    if any(output.iterdir()):
        # Tiles of two logs, or of two sizes of one, would lie side by side.
        raise ConfigError(f"{output} is not empty: name a new folder")


def _export(connection: Connection, output: Path) -> Exported:
    row = connection.exec_driver_sql("SELECT tree FROM head WHERE id = 1").one_or_none()
    published = table.newest(connection, table.LOG)
    if row is None or published is None:
        raise NotFoundError("nothing of the log is published: its first charter, or its witnesses, are still to come")
    files = 0
    for path, data in _files(connection, published.size, TreeState.decode(row[0])):
        target = output / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        files += 1
    files += _export_access(connection, output)
    # Last, since who finds a checkpoint looks for the tiles under it.
    (output / paths.CHECKPOINT.lstrip("/")).write_bytes(published.note)
    return Exported(size=published.size, files=files + 1)


def _export_access(connection: Connection, output: Path) -> int:
    """Write the access log as far as it is published, if anything was asked yet, under its own folder."""
    tree = connection.exec_driver_sql("SELECT tree FROM access_head WHERE id = 1").scalar()
    published = table.newest(connection, table.ACCESS)
    if tree is None or published is None:
        return 0
    size = published.size
    named = [(path, _tile(connection, path, TreeState.decode(tree), "access_tiles")) for path in tile_paths(size)]
    bundles = [entry_bundle_path(index=index, size=size) for index in range(-(-size // TILE_WIDTH))]
    named += [(path, encode_entry_bundle(_entries(connection, path, "access_entries"))) for path in bundles]
    for path, data in named:
        if data is not None:
            target = output / "access" / path.format()
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    (output / paths.ACCESS_CHECKPOINT.lstrip("/")).write_bytes(published.note)
    return len(named) + 1


def _files(connection: Connection, size: int, tree: TreeState) -> Iterator[tuple[str, bytes]]:
    for path in tile_paths(size):
        data = _tile(connection, path, tree)
        if data is not None:
            yield path.format(), data
    for index in range(-(-size // TILE_WIDTH)):
        path = entry_bundle_path(index=index, size=size)
        entries = _entries(connection, path)
        if entries:
            yield path.format(), encode_entry_bundle(entries)
    for ver, file in connection.exec_driver_sql("SELECT ver, file FROM charters WHERE idx < ? ORDER BY ver", (size,)):
        yield paths.charter(ver), file
    query = "SELECT idx FROM handovers WHERE idx < ? ORDER BY idx"
    for index in connection.exec_driver_sql(query, (size,)).scalars().all():
        yield paths.handover_file(index), table.first_holding(connection, table.LOG, index)


def _tile(connection: Connection, path: TilePath, tree: TreeState, rows: str = "tiles") -> bytes | None:
    query = f"SELECT data FROM {rows} WHERE level = ? AND idx = ?"  # noqa: S608 - one of two names of ours
    row = connection.exec_driver_sql(query, (path.level, path.index)).one_or_none()
    if row is not None:
        return bytes(row[0][: path.width * HASH_BYTES])
    try:
        return tree.tile(path)
    except NotFoundError:
        return None


def _entries(connection: Connection, path: TilePath, rows: str = "entries") -> list[bytes]:
    first = path.index * TILE_WIDTH
    query = f"SELECT entry FROM {rows} WHERE idx >= ? AND idx < ? ORDER BY idx"  # noqa: S608 - one of two names of ours
    return [row[0] for row in connection.exec_driver_sql(query, (first, first + path.width))]
