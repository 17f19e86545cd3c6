"""A redacted record as any SD-JWT verifier reads it: `jws~disclosure~…~` (RFC 9901, 4; docs/protocol.md, 4)."""

from collections.abc import Sequence

from ledger.errors import MalformedError, TooLargeError
from ledger.jsontext import MAX_ENTRY_BYTES
from ledger.opening import check_disclosures
from ledger.recordform import SIZES, Record, parse_record

# Every disclosure of a record stands in one of its portions, so more than this is no record's presentation.
MAX_PRESENTATION_BYTES = MAX_ENTRY_BYTES + sum(SIZES.values())


def present(entry: bytes, disclosures: Sequence[str]) -> bytes:
    """Return the presentation that shows exactly `disclosures`; raise ProofError for one the record did not sign."""
    check_disclosures(parse_record(entry), disclosures)
    return "~".join((entry.decode("ascii"), *disclosures, "")).encode("ascii")


def parse_presentation(raw: bytes) -> tuple[Record, tuple[str, ...]]:
    """Return the record and its disclosures, each found to consume one digest; verifies no signature.

    Raises TooLargeError or MalformedError, and ProofError for a disclosure that the record did not sign.
    """
    if len(raw) > MAX_PRESENTATION_BYTES:
        raise TooLargeError("more bytes than a record and all its disclosures have")
    try:
        entry, *disclosures, end = raw.decode("ascii").split("~")
    except ValueError as error:
        raise MalformedError("not an SD-JWT presentation") from error
    if end:
        raise MalformedError("a presentation ends in a tilde: records carry no key binding")
    record = parse_record(entry.encode("ascii"))
    check_disclosures(record, disclosures)
    return record, tuple(disclosures)
