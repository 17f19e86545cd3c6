"""A weapon record, from fields to a proof and back (docs/protocol.md, 4). The one door to five small modules.

`recordform` is what everybody may read, `disclosures` and `portions` what stands inside, `sealing` makes a record,
`opening` reads what one holds keys for, `presentation` shows a part of it to anybody.
"""

from collections.abc import Sequence

from crypto.encoding import b64u_ascii
from ledger.errors import MalformedError
from ledger.opening import OpenedPortion, check_disclosures, open_portion, open_with_keys, which_key
from ledger.presentation import parse_presentation, present
from ledger.recordform import PLACES, PORTIONS, SIZES, TAG_BYTES, PortionCommitment, Record, parse_record
from ledger.sealing import PortionDraft, seal_record
from ledger.slips import parse_hit_policy
from ledger.statements import SealedStatement, check_blob

__all__ = [
    "PLACES",
    "PORTIONS",
    "SIZES",
    "OpenedPortion",
    "PortionCommitment",
    "PortionDraft",
    "Record",
    "SealedStatement",
    "check_blobs",
    "check_disclosures",
    "open_portion",
    "open_with_keys",
    "parse_presentation",
    "parse_record",
    "present",
    "seal_record",
    "which_key",
]


def check_blobs(record: Record, blobs: Sequence[bytes]) -> None:
    """Raise unless `blobs` are the slip, item, event and case that the record names, of their constant sizes."""
    if len(blobs) != len(PLACES):
        raise MalformedError("a record has four blobs: slip, item, event, case")
    raw, *sealed = blobs
    check_blob(raw, digest=record.slip, place="slip")
    for portion, data in zip(PORTIONS, sealed, strict=True):
        check_blob(data, digest=record.portions[portion].ct, place=portion, size=SIZES[portion] + TAG_BYTES)
    if parse_hit_policy(raw).spelled != b64u_ascii(record.name.jti):
        raise MalformedError("a slip of another record")
