"""The record of use in one file, for the agency's auditor: verified offline, and against what was seen before."""

from dataclasses import dataclass

from clients.desk.use.entries import Entry, leaf_of, parse_entry
from ledger import jsontext
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.errors import LedgerError, MalformedError, ProofError
from ledger.merkle import root_of
from ledger.notes import VerifierKey

TYP = "sealtrace/v1/use"
MAX_EXPORT_BYTES = 512 * 1024 * 1024
MAX_ENTRIES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Every entry, the signed checkpoint over them, and the key that it names."""

    key: VerifierKey
    checkpoint: bytes
    entries: tuple[bytes, ...]

    def format(self) -> bytes:
        """Return the file."""
        return jsontext.dump(
            {
                "typ": TYP,
                "key": self.key.format(),
                "checkpoint": self.checkpoint.decode(),
                "entries": [raw.decode() for raw in self.entries],
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What an export was proved to hold; `anchored` where the key was the auditor's own."""

    checkpoint: Checkpoint
    entries: tuple[Entry, ...]
    anchored: bool


def parse_export(raw: bytes) -> Export:
    """Return the export that `raw` spells; raise MalformedError for anything else. Verifies nothing."""
    typ, key, checkpoint, entries = jsontext.members(
        jsontext.load(raw.strip(), limit=MAX_EXPORT_BYTES), "typ", "key", "checkpoint", "entries"
    )
    if typ != TYP:
        raise MalformedError("not an export of a record of use")
    return Export(
        key=VerifierKey.parse(jsontext.text(key)),
        checkpoint=jsontext.text(checkpoint).encode(),
        entries=tuple(jsontext.text(one).encode() for one in jsontext.array(entries, high=MAX_ENTRIES)),
    )


def verify_export(raw: bytes, *, key: VerifierKey | None = None, since: bytes | None = None) -> Verified:
    """Return what an export holds, or raise: entries are those signed for, and begin with those seen before.

    `key` is what the auditor keeps of this desk; without it the export's own is taken, and the result says so. `since` is
    an earlier export or the checkpoint of one.
    """
    export = parse_export(raw)
    if key is not None and key != export.key:
        raise ProofError("this export is signed by another key than the one you keep")
    checkpoint = _opened(export.checkpoint, export.key)
    leaves = [leaf_of(one) for one in export.entries]
    if (len(leaves), root_of(leaves)) != (checkpoint.size, checkpoint.root):
        raise ProofError(
            f"{len(leaves):,} entries that are not the {checkpoint.size:,} that the checkpoint was signed for"
        )
    if since is not None:
        _check_since(leaves, _opened(_checkpoint_in(since), export.key))
    return Verified(checkpoint=checkpoint, entries=tuple(map(parse_entry, export.entries)), anchored=key is not None)


def _check_since(leaves: list[bytes], earlier: Checkpoint) -> None:
    if earlier.size > len(leaves):
        raise ProofError(f"an older export: {earlier.size:,} entries were seen before, here are {len(leaves):,}")
    if root_of(leaves[: earlier.size]) != earlier.root:
        raise ProofError(
            f"a forked record: its first {earlier.size:,} entries are not those that were signed for before"
        )


def _opened(raw: bytes, key: VerifierKey) -> Checkpoint:
    return open_checkpoint(raw, origin=key.name, vkeys=[key])


def _checkpoint_in(raw: bytes) -> bytes:
    """Return the checkpoint of an export, or what is a checkpoint itself."""
    try:
        return parse_export(raw).checkpoint
    except LedgerError:
        return raw
