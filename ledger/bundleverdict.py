"""What an evidence bundle proves, once every step of it was verified (docs/protocol.md, 9.11)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger.batches import Batch
from ledger.charter import Charter
from ledger.checkpoints import Checkpoint
from ledger.errors import LabelError
from ledger.identifiers import KeyId, StatementName
from ledger.jsontext import JsonValue
from ledger.jws import parse_header
from ledger.labels import label_from_json
from ledger.portions import label_name
from ledger.recordform import PORTIONS, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a bundle proves; there is none for one that proves nothing.

    `anchored` says whether charter 1 was held against the verifier's own fingerprint. `keys_as_of` is the index up to
    which the issuer's key entries are shown: a revocation that stands later needs an audit. `cosigned` is the time that
    counts of each agency that cosigned the checkpoint, `logged_by` the time by which the record was in the log.
    """

    record: Record
    fields: Mapping[str, JsonValue] = field(repr=False)
    index: int
    checkpoint: Checkpoint
    charter: Charter
    fingerprint: bytes
    anchored: bool
    batch: Batch
    batch_index: int
    keys_as_of: int
    cosigned: Mapping[str, int]
    logged_by: int | None

    @property
    def name(self) -> StatementName:
        """Return the record's name."""
        return self.record.name

    @property
    def is_witnessed(self) -> bool:
        """Say whether the charter's quorum vouches for the log, and not its operator alone."""
        return self.charter.is_witnessed

    @property
    def batch_keys(self) -> tuple[KeyId, KeyId]:
        """Return the names of the two keys that signed the batch, the classical one first."""
        first, second = (parse_header(item.protected).kid for item in self.batch.general.signatures)
        return first, second

    @property
    def caveats(self) -> tuple[str, ...]:
        """Return the caveats of all labels that are shown, sorted: they bind whoever reads on."""
        labels = [self.fields[label_name(one)] for one in PORTIONS if label_name(one) in self.fields]
        found = {item for label in labels for item in _caveats(label)}
        return tuple(sorted(found))

    @property
    def is_complete(self) -> bool:
        """Say whether nothing is left to ask: the anchor was checked, and a quorum vouches for the log."""
        return self.anchored and self.is_witnessed

    @property
    def withheld(self) -> tuple[str, ...]:
        """Return the portions of which the bundle shows nothing: whether they hold anything is not told."""
        shown = {name.partition(".")[0] for name in self.fields if name == label_name(name.partition(".")[0])}
        return tuple(portion for portion in PORTIONS if portion not in shown)


def _caveats(label: JsonValue) -> tuple[str, ...]:
    """Return the caveats of a label as signed; one that nobody could have sealed speaks for itself where it is shown."""
    try:
        return label_from_json(label).cav
    except LabelError:
        return ()
