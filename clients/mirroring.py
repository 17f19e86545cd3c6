"""A verified copy of a log in a folder, under the paths that the service has (docs/protocol.md, 10).

Nothing is written that does not hang from a checkpoint which its charter's quorum has published, and the checkpoint
itself is written last: whoever reads the folder at any moment, after a crash too, finds what the checkpoint in it says.
A mirror never goes back: what it once held binds it as a home is bound.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from clients.durable import make_folder, write_file
from clients.entries import fetch_bundle
from clients.errors import TrustError
from clients.sources import FolderLog
from clients.trust import LoggedCharter, LogReader, Trust, View
from crypto import privatefile
from ledger import fingerprints
from ledger.accessaudit import open_access
from ledger.accesslog import FILL, parse_access_entry
from ledger.charter import signed_by_all_kept
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.errors import BadSignatureError, LedgerError, NotFoundError, ProofError
from ledger.handover import is_judged_anew, verify_succession
from ledger.merkle import leaf_hashes
from ledger.tiles import TILE_WIDTH, ReadTile, TilePath, encode_entry_bundle, entry_bundle_path, tile_path
from ledger.verifiedtree import VerifiedTree
from ledger.wire import paths
from ledger.witnesses import LogName, open_published

Progress = Callable[[int, int], None]
ACCESS = "access"
_MOST_DIGITS = 18


class Source(LogReader, Protocol):
    """Where a log and its access log are read from: the service, as a stranger reaches it."""

    def access_checkpoint(self) -> bytes:
        """Return the published checkpoint of the access log; raise NotFoundError before the first."""

    def access_tile(self, path: TilePath) -> bytes:
        """Return a tile or bundle of the access log; raise NotFoundError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """What the folder holds now: the view it was verified by, and how many files were written for it.

    `access` is the size of the access log's copy; None where none is shown, or its quorum does not vouch for it yet.
    """

    view: View
    before: int
    files: int
    access: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """One of the two logs as it is shown now: its verified tree, its bundles, and where its copy lies."""

    tree: VerifiedTree
    read: ReadTile
    folder: Path
    check: Callable[[bytes], object]


class Mirror:
    """The copy below one folder; its own memory of what it believes lies in `trusted` there."""

    def __init__(self, folder: Path, *, fingerprint: bytes) -> None:
        """Take the folder and the pin; TrustError if the folder is the mirror of another log."""
        self._folder = folder
        self._trust = Trust(folder / "trusted")
        self._trust.pin(fingerprint)

    def confirm(self, fingerprint: bytes) -> None:
        """Remember a charter that may do without the witnesses of the one before: a person has compared it."""
        self._trust.confirm(fingerprint)

    def update(self, source: Source, *, progress: Progress, whole: bool = False) -> Mirrored:
        """Copy what the log has published since; with `whole`, hash all that is here again and fetch what is damaged.

        Raises TrustError for a log that is not what this folder holds continued, LedgerError for bytes that do not
        hang from the checkpoint; then nothing of these was written.
        """
        with privatefile.locked(self._folder / "mirror"):
            view = self._trust.refresh(source)
            before = self._held(view)
            shown = _Shown(tree=view.tree, read=source.tile, folder=self._folder, check=_anything)
            files = _copy(shown, start=0 if whole else before, progress=progress)
            files += self._copy_charters(view, source)
            files += _finish(self._folder, view.note, before=before, size=view.checkpoint.size)
            access = self._mirror_access(view, source, whole=whole)
        return Mirrored(view=view, before=before, files=files, access=access)

    def _held(self, view: View) -> int:
        """Return the size of the tree that is whole here; a checkpoint that cannot be read any more vouches for none."""
        keys = [(one.charter.origin, one.charter.log.vkeys) for one in reversed(view.charters)]
        for origin, vkeys in keys:
            try:
                held = open_checkpoint(FolderLog(self._folder).checkpoint(), origin=origin, vkeys=vkeys)
            except LedgerError:
                continue
            _require_continued(held, view.tree)
            return held.size
        return 0

    def _copy_charters(self, view: View, source: Source) -> int:
        """Write every charter file and the checkpoint by which readers came to it."""
        first, files = view.charters[0], 0
        for before, logged in ((first, first), *pairwise(view.charters)):
            files += _put(self._folder / paths.charter(logged.charter.ver).lstrip("/"), logged.file)
            note = self._handover(source, before, logged, view.tree)
            if note is not None:
                files += _put(self._folder / paths.handover_file(logged.index).lstrip("/"), note)
        return files

    def _handover(
        self, source: Source, before: LoggedCharter, logged: LoggedCharter, tree: VerifiedTree
    ) -> bytes | None:
        """Return the first checkpoint with a charter, verified: the one here, else the log's.

        None where nobody has one and no keys or witnesses changed, so that no reader will ask for it.
        """
        try:
            return self._succeed(FolderLog(self._folder).handover(logged.index), before, logged, tree)
        except LedgerError:
            pass  # not here, or damaged: fetched anew
        try:
            return self._succeed(source.handover(logged.index), before, logged, tree)
        except NotFoundError:
            if is_judged_anew(logged.charter, before.charter):
                raise
            return None

    def _succeed(self, note: bytes, before: LoggedCharter, logged: LoggedCharter, tree: VerifiedTree) -> bytes:
        confirmed = fingerprints.of_file(logged.file) in self._trust.confirmed()
        verify_succession(
            note,
            index=logged.index,
            charter=logged.charter,
            previous=before.charter,
            tree=tree,
            old_quorum_lost=confirmed and signed_by_all_kept(logged.file, before.charter),
        )
        return note

    def _mirror_access(self, view: View, source: Source, *, whole: bool) -> int | None:
        """Copy the access log as far as the quorum of the charter in force vouches for it; return its size."""
        folder = self._folder / ACCESS
        charters = [logged.charter for logged in reversed(view.charters)]
        try:
            held = open_access(FolderLog(self._folder).access_checkpoint(), charters=charters)
        except LedgerError:
            held = None
        try:
            note = source.access_checkpoint()
            found = open_published(note, charter=view.charter, log=LogName.ACCESS).checkpoint
        except (NotFoundError, BadSignatureError):
            return None  # nothing asked yet, or a new charter's witnesses have not come to it
        if found.size % FILL:
            raise ProofError("the access log does not grow by eights")
        if held is not None and held.size > found.size:
            raise _went_back(held, found.size)
        tree = VerifiedTree(size=found.size, root=found.root, read=source.access_tile)
        if held is not None:
            _require_continued(held, tree)
        shown = _Shown(tree=tree, read=source.access_tile, folder=folder, check=parse_access_entry)
        before = 0 if held is None else held.size
        _copy(shown, start=0 if whole else before, progress=lambda _done, _all: None)
        _finish(folder, note, before=before, size=found.size)
        return found.size


def _copy(shown: _Shown, *, start: int, progress: Progress) -> int:
    """Write bundles and tiles from entry `start` on, each verified first; return how many files were not there.

    Hash tiles are made from the entries, which must be the leaves of the tree: a tile that were fetched and one that is
    made could not differ.
    """
    size, files = shown.tree.size, 0
    first = start // TILE_WIDTH
    state = shown.tree.state_at(first * TILE_WIDTH)
    for index in range(first, -(-size // TILE_WIDTH)):
        at = index * TILE_WIDTH
        leaves = shown.tree.leaf_hashes(at, min(at + TILE_WIDTH, size))
        entries = _bundle(shown, index, leaves)
        files += _put(shown.folder / entry_bundle_path(index=index, size=size).format(), encode_entry_bundle(entries))
        state, tiles = state.append(leaves)
        for tile in tiles:
            files += _put(shown.folder / tile.path.format(), tile.data)
        progress(at + len(leaves), size)
    for path in _partial_tiles(size):
        if path.level is not None:
            files += _put(shown.folder / path.format(), state.tile(path))
    return files


def _bundle(shown: _Shown, index: int, leaves: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the entries of a bundle: those in the folder if they are the tree's, as after a crash, else the log's."""
    try:
        held = fetch_bundle(FolderLog(shown.folder).tile, index=index, size=shown.tree.size)
        if tuple(leaf_hashes(held)) == leaves:
            return held
    except LedgerError:
        pass  # not here, or damaged: fetched anew
    entries = fetch_bundle(shown.read, index=index, size=shown.tree.size)
    if tuple(leaf_hashes(entries)) != leaves:
        raise ProofError(f"the entries from {index * TILE_WIDTH:,} on are not those of the log")
    for entry in entries:
        shown.check(entry)
    return entries


def _finish(folder: Path, note: bytes, *, before: int, size: int) -> int:
    """Write the checkpoint over what is whole now; return 1 if it is another than before.

    Partial tiles of the tree before stay for one round more: somebody may be reading under the checkpoint they belong to.
    """
    if before != size:
        last = folder / "superseded"
        kept = {*_partial_tiles(before), *_partial_tiles(size)}
        for path in {*_partial_tiles(_size_in(last))} - kept:
            with suppress(FileNotFoundError):
                (folder / path.format()).unlink()
        write_file(last, f"{before}\n".encode())
    return _put(folder / "checkpoint", note)


def _size_in(file: Path) -> int:
    """Return the size of the tree before the last; 0 where that is not known, and nothing is to be deleted."""
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return 0
    return int(text) if text.isdigit() and len(text) < _MOST_DIGITS else 0


def _partial_tiles(size: int) -> Iterator[TilePath]:
    level = 0
    while count := size >> 8 * level:
        if count % TILE_WIDTH:
            yield tile_path(level=level, index=count // TILE_WIDTH, size=size)
            if level == 0:
                yield entry_bundle_path(index=count // TILE_WIDTH, size=size)
        level += 1


def _put(path: Path, data: bytes) -> int:
    """Write a file unless it is there to the byte; return how many were written."""
    try:
        if path.read_bytes() == data:
            return 0
    except OSError:
        make_folder(path.parent)
    write_file(path, data)
    return 1


def _require_continued(held: Checkpoint, tree: VerifiedTree) -> None:
    """Raise TrustError unless a tree begins with the one that is here."""
    if held.size > tree.size:
        raise _went_back(held, tree.size)
    if tree.root_at(held.size) != held.root:
        raise TrustError(
            f"the first {held.size:,} entries of {held.origin} are no longer those in this mirror",
            next_step="keep this folder: its checkpoint and the one now shown, both signed, convict the log",
        )


def _went_back(held: Checkpoint, size: int) -> TrustError:
    return TrustError(
        f"this mirror has {held.size:,} entries of {held.origin}, and {size:,} are shown now",
        next_step="keep this folder: its checkpoint is signed, and the log denies it",
    )


def _anything(_entry: bytes) -> None:
    """Check nothing more: the form of an entry of the log is for an audit, and a bad one has to be shown too."""
