"""A log read from a folder: a mirror, a backup, a copy on a stick (docs/protocol.md, 10)."""

from collections.abc import Iterator
from pathlib import Path

from ledger.errors import NotFoundError, TooLargeError
from ledger.tiles import MAX_ENTRY_BUNDLE_BYTES, TILE_WIDTH, TilePath, entry_bundle_path, tile_paths
from ledger.wire import limits, paths


class FolderLog:
    """The relative paths of the service, below a folder."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self._folder = folder

    def checkpoint(self) -> bytes:
        """Return the checkpoint in the folder."""
        return self._read(paths.CHECKPOINT, limits.MAX_JSON_BYTES)

    def tile(self, path: TilePath) -> bytes:
        """Return a tile or bundle; raise NotFoundError."""
        return self._read(f"/{path.format()}", MAX_ENTRY_BUNDLE_BYTES)

    def access_checkpoint(self) -> bytes:
        """Return the checkpoint of the access log in the folder."""
        return self._read(paths.ACCESS_CHECKPOINT, limits.MAX_JSON_BYTES)

    def access_tile(self, path: TilePath) -> bytes:
        """Return a tile or bundle of the access log; raise NotFoundError."""
        return self._read(f"/access/{path.format()}", MAX_ENTRY_BUNDLE_BYTES)

    def charter(self, ver: int) -> bytes:
        """Return a charter file; raise NotFoundError."""
        return self._read(paths.charter(ver), limits.MAX_CHARTER_BYTES)

    def handover(self, index: int) -> bytes:
        """Return the first checkpoint that held the charter at `index`; raise NotFoundError."""
        return self._read(paths.handover_file(index), limits.MAX_JSON_BYTES)

    def missing(self, size: int) -> Iterator[str]:
        """Yield what a log of `size` entries has and this folder has not, the full file standing in for a partial."""
        bundles = (entry_bundle_path(index=index, size=size) for index in range(-(-size // TILE_WIDTH)))
        for path in (*tile_paths(size), *bundles):
            if not any((self._folder / name).is_file() for name in (path.format(), path.full().format())):
                yield path.format()

    def _read(self, path: str, limit: int) -> bytes:
        try:
            with (self._folder / path.lstrip("/")).open("rb") as file:
                raw = file.read(limit + 1)
        except OSError as error:
            raise NotFoundError(f"{path.lstrip('/')} is not in this folder") from error
        if len(raw) > limit:
            raise TooLargeError(f"{path} has more than {limit:,} bytes")
        return raw
