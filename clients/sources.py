"""A log read from a folder: a mirror, a backup, a copy on a stick (docs/protocol.md, 10)."""

from pathlib import Path

from ledger.errors import NotFoundError, TooLargeError
from ledger.tiles import MAX_BUNDLE_BYTES, TilePath
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
        return self._read(f"/{path.format()}", MAX_BUNDLE_BYTES)

    def charter(self, ver: int) -> bytes:
        """Return a charter file; raise NotFoundError."""
        return self._read(paths.charter(ver), limits.MAX_CHARTER_BYTES)

    def handover(self, index: int) -> bytes:
        """Return the first checkpoint that held the charter at `index`; raise NotFoundError."""
        return self._read(paths.handover(index), limits.MAX_JSON_BYTES)

    def _read(self, path: str, limit: int) -> bytes:
        try:
            with (self._folder / path.lstrip("/")).open("rb") as file:
                raw = file.read(limit + 1)
        except OSError as error:
            raise NotFoundError(f"{path} cannot be read in this folder") from error
        if len(raw) > limit:
            raise TooLargeError(f"{path} has more than {limit:,} bytes")
        return raw
