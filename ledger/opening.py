"""Opening a portion and checking disclosures against the record that signed them (docs/protocol.md, 4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType

from crypto import portionkeys
from crypto.digests import sha256
from crypto.encoding import HASH_BYTES
from crypto.errors import OpenError
from crypto.portionkeys import PortionKeys
from ledger.b64lists import spell_ascii
from ledger.disclosures import Disclosure, digest, parse_disclosures
from ledger.errors import ProofError
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.portions import unpack
from ledger.recordform import Record
from ledger.sealing import portion_context

MAX_TRIALS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPortion:
    """A portion in the clear, proved to be the signer's words; `disclosures` start with the label's."""

    portion: str
    label_json: JsonValue = field(repr=False)
    fields: Mapping[str, JsonValue] = field(repr=False)
    disclosures: tuple[str, ...] = field(repr=False)
    keys: PortionKeys = field(repr=False)


def which_key(name: StatementName, portion: str, kc: bytes, epoch_keys: Iterable[bytes]) -> PortionKeys | None:
    """Return the keys of a portion if one of at most 64 epoch keys fits its commitment.

    No portion names its key, since the name of a key would name its readers.
    """
    context = portion_context(name, portion)
    for epoch_key in islice(epoch_keys, MAX_TRIALS):
        keys = portionkeys.derive(epoch_key=epoch_key, context=context)
        if keys.commitment == kc:
            return keys
    return None


def open_with_keys(record: Record, portion: str, *, keys: PortionKeys, ciphertext: bytes) -> OpenedPortion:
    """Return a portion opened with its own keys, as found by trial or carried by a release.

    Raises ProofError for another ciphertext, one that does not open, or a field that the record did not sign.
    """
    sealed = record.portions[portion]
    if sha256(ciphertext) != sealed.ct:
        raise ProofError(f"{portion}: the ciphertext is not the one the record names")
    context = portion_context(record.name, portion)
    try:
        plaintext = portionkeys.open_sealed(keys, context=context, commitment=sealed.kc, ciphertext=ciphertext)
    except OpenError as error:
        raise ProofError(f"{portion}: the ciphertext does not open") from error
    label, *fields = found = unpack(portion, plaintext)
    _consume(record, found)
    return OpenedPortion(
        portion=portion,
        label_json=label.value,
        fields=MappingProxyType({one.name: one.value for one in fields}),
        disclosures=tuple(one.text for one in found),
        keys=keys,
    )


def check_disclosures(record: Record, disclosures: Iterable[str]) -> Mapping[str, JsonValue]:
    """Return name and value of each disclosure; raise unless each consumes exactly one digest (RFC 9901, 7.1)."""
    found = parse_disclosures(disclosures)
    _consume(record, found)
    return MappingProxyType({one.name: one.value for one in found})


def _consume(record: Record, disclosures: Sequence[Disclosure]) -> None:
    """Raise ProofError unless each disclosure has its digest in the record; no two are one, for no two share a name.

    Looked up in the text as signed: what stands between two digests is in none, so that one is found where it begins.
    """
    listed = record.listed
    spelled = spell_ascii([digest(one.text) for one in disclosures], size=HASH_BYTES)
    for one, found in zip(disclosures, spelled, strict=True):
        if found not in listed:
            raise ProofError(f"{one.name}: the record did not sign for this disclosure")
