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
from ledger.jws import split_compact
from ledger.keyentries import parse_key_entry, verify_signatures
from ledger.keys import HeaderKey, headers_of
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
        """Return a checkpoint of the log or its access log that both keys of some charter signed, and that charter."""
        for charter, _ in reversed(list(self.charters.values())):
            for log in LogName:
                try:
                    return charter, open_checkpoint(note, origin=log.origin(charter), vkeys=log.vkeys(charter))
                except LedgerError:
                    continue
        refusal = BadSignatureError("no charter that was named has the log that signed this checkpoint")
        raise refuse("fraud/checkpoint", expected="both signatures of the log", found="not both", refusal=refusal)

    def headers(self, key_entries: Sequence[bytes]) -> Mapping[bytes, HeaderKey]:
        """Return the headers of all keys that the charters list, and that key entries signed by their roots added."""
        keys = [key for charter, _ in self.charters.values() for key in charter.listed_keys()]
        for raw in key_entries:
            entry = parse_key_entry(raw)
            self._verify_key_entry(raw)
            keys += entry.add
        return MappingProxyType({header: found for key in keys for header, found in headers_of(key).items()})

    def _verify_key_entry(self, raw: bytes) -> None:
        entry = parse_key_entry(raw)
        for charter, _ in self.charters.values():
            agency = charter.agency(entry.iss)
            if agency is not None and entry.origin == charter.origin:
                try:
                    return verify_signatures(entry, agency.roots())
                except LedgerError:
                    continue
        refusal = BadSignatureError("a key entry that the roots of no charter named here signed")
        raise refuse("fraud/key", expected=f"both roots of {entry.iss}", found="others", refusal=refusal)


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


def signer_of_statement(entry: bytes, headers: Mapping[bytes, HeaderKey]) -> str | None:
    """Return the agency that signed a statement, by a key that is known here; None where it cannot be told."""
    item, signed = split_compact(entry)
    key = headers.get(item.protected)
    return key.agency if key is not None and key.is_good(message=signed, signature=item.signature) else None
