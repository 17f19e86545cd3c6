"""The open files of a log, as a mirror holds them: honest, or as an operator with the log's keys publishes others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clients.transport import Request, Response
from crypto.signing import Algorithm
from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.errors import NotFoundError
from ledger.fingerprints import of_file
from ledger.identifiers import access_origin
from ledger.merkle import EMPTY_ROOT, leaf_hash
from ledger.tiles import TilePath, encode_entry_bundle, entry_bundle_path, tile_paths
from ledger.treestate import TreeState
from ledger.wire import paths
from ledger.wire.schemas import CHARTER_LIST, CharterList, CharterVersion
from tests.support.consortium import ORIGIN, Consortium, signer


@dataclass(frozen=True)
class Files:
    """The files by their relative paths."""

    by_path: Mapping[str, bytes]

    def checkpoint(self) -> bytes:
        """Return the checkpoint."""
        return self._read("checkpoint")

    def tile(self, path: TilePath) -> bytes:
        """Return a tile or bundle."""
        return self._read(path.format())

    def access_checkpoint(self) -> bytes:
        """Return the checkpoint of the access log."""
        return self._read("access/checkpoint")

    def access_tile(self, path: TilePath) -> bytes:
        """Return a tile or bundle of the access log."""
        return self._read(f"access/{path.format()}")

    def charter(self, ver: int) -> bytes:
        """Return a charter file."""
        return self._read(f"v1/charters/{ver}")

    def changed(self, changes: Mapping[str, bytes | None]) -> "Files":
        """Return the files with some replaced, or (None) taken away."""
        kept = {**self.by_path, **changes}
        return Files({path: data for path, data in kept.items() if data is not None})

    def write_to(self, folder: Path) -> Path:
        """Write the files below a folder and return it."""
        for path, data in self.by_path.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        return folder

    def _read(self, path: str) -> bytes:
        if path not in self.by_path:
            raise NotFoundError("no such file")
        return self.by_path[path]


def checkpoint_of(entries: Sequence[bytes]) -> bytes:
    """Return the checkpoint that the log's keys sign over exactly these entries."""
    tree, _ = TreeState.empty().append([leaf_hash(entry) for entry in entries])
    checkpoint = Checkpoint(origin=ORIGIN, size=tree.size, root=tree.root())
    return sign_checkpoint(
        checkpoint, ed25519=signer("log", Algorithm.ED25519), ml_dsa_44=signer("log", Algorithm.ML_DSA_44)
    )


def empty_access_log() -> bytes:
    """Return the checkpoint that the access log's keys sign over nothing."""
    nothing = Checkpoint(origin=access_origin(ORIGIN), size=0, root=EMPTY_ROOT)
    return sign_checkpoint(
        nothing, ed25519=signer("access", Algorithm.ED25519), ml_dsa_44=signer("access", Algorithm.ML_DSA_44)
    )


def publish(entries: Sequence[bytes], charters: Mapping[int, bytes]) -> Files:
    """Return the files of a log of these entries, signed by the log's keys whatever they are, and of an empty access log."""
    size = len(entries)
    tree, full = TreeState.empty().append([leaf_hash(entry) for entry in entries])
    found = {tile.path.format(): tile.data for tile in full}
    found |= {path.format(): tree.tile(path) for path in tile_paths(size) if path.is_partial}
    for index in range(-(-size // 256)):
        path = entry_bundle_path(index=index, size=size)
        found[path.format()] = encode_entry_bundle(entries[index * 256 : index * 256 + path.width])
    found |= {f"v1/charters/{ver}": file for ver, file in charters.items()}
    return Files({**found, "checkpoint": checkpoint_of(entries), "access/checkpoint": empty_access_log()})


def publish_log(consortium: Consortium) -> Files:
    """Return the files of a consortium's own log."""
    return publish(consortium.store.entries(0, consortium.state.size), consortium.files)


class FilesTransport:
    """The network to a service that shows nothing but these files; what else is asked for is not there."""

    def __init__(self, files: Files, charters: Mapping[int, tuple[int, bytes]]) -> None:
        """Take the files, and each charter's index and file by version."""
        listed = [CharterVersion(ver=ver, index=index, h=of_file(file)) for ver, (index, file) in charters.items()]
        self._by_path = {
            **files.by_path,
            paths.CHARTERS.lstrip("/"): CHARTER_LIST.write(CharterList(charters=tuple(listed))),
        }

    def send(self, request: Request, *, limit: int) -> Response:
        """Return a file."""
        body = self._by_path.get(request.path.lstrip("/"))
        if body is None:
            return Response(status=404, content_type="text/plain", body=b"")
        assert len(body) <= limit
        return Response(status=200, content_type="application/octet-stream", body=body)
