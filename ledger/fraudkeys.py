"""What somebody who checks a fraud proof believes already: charter files from a source of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ledger.charter import Charter, parse_charter
from ledger.charterpayload import entry_of
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.checks import refuse
from ledger.errors import BadSignatureError, LedgerError, MalformedError, NotFoundError, ProofError
from ledger.fraudform import Located, LocatedEntry
from ledger.merkle import leaf_hash, verify_inclusion
from ledger.witnesses import LogName


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """Charters by version, each with its file: whoever names them vouches for them, no signature is asked for."""

    charters: Mapping[int, tuple[Charter, bytes]]

    @classmethod
    def of_files(cls, files: Sequence[bytes]) -> "Believed":
        """Return what charter files say; raise MalformedError for files of two logs."""
        parsed = [(parse_charter(file), file) for file in files]
        found = {charter.ver: (charter, file) for charter, file in parsed}
        if len({charter.origin for charter, _ in parsed}) != 1 or len(found) != len(parsed):
            raise MalformedError("the charters of one log are needed, each once, and those of no other")
        return cls(charters=MappingProxyType(found))

    def charter(self, ver: int) -> tuple[Charter, bytes]:
        """Return a charter and its file; raise NotFoundError."""
        if ver not in self.charters:
            raise NotFoundError(f"charter {ver} is needed to check this proof: name its file")
        return self.charters[ver]

    def open_note(self, note: bytes) -> tuple[Charter, Checkpoint]:
        """Return a checkpoint of the log or its access log that both keys of some charter signed, and it.

        Raises BadSignatureError where there is none.
        """
        for charter, _ in reversed(list(self.charters.values())):
            for log in LogName:
                try:
                    return charter, open_checkpoint(note, origin=log.origin(charter), vkeys=log.vkeys(charter))
                except LedgerError:
                    continue
        refusal = BadSignatureError("no charter that was named has the log that signed this checkpoint")
        raise refuse("fraud/checkpoint", expected="both signatures of the log", found="not both", refusal=refusal)


def require_logged(one: LocatedEntry, checkpoint: Checkpoint) -> None:
    """Raise ProofError unless the entry is in the tree of the checkpoint, where the proof says."""
    require_leaf(one, leaf_hash(one.entry), checkpoint)


def require_charter(place: Located, believed: tuple[Charter, bytes], checkpoint: Checkpoint) -> None:
    """Raise ProofError unless a charter's entry is in the tree of the checkpoint, where the proof says."""
    require_leaf(place, leaf_hash(entry_of(*believed)), checkpoint)


def require_leaf(place: Located, leaf: bytes, checkpoint: Checkpoint) -> None:
    """Raise ProofError unless a leaf is in the tree of the checkpoint, where the proof says."""
    try:
        verify_inclusion(leaf=leaf, index=place.index, size=checkpoint.size, proof=place.path, root=checkpoint.root)
    except ProofError as error:
        refusal = ProofError(f"the log has not signed for this entry at {place.index:,}")
        raise refuse("fraud/place", expected="a path to the signed root", found=error, refusal=refusal) from (
            refusal.__cause__
        )
