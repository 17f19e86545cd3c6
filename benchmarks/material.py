"""What the rows are measured on: a consortium, records of twelve fields, batches and bodies ready to be sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crypto.digests import sha256
from ledger.batches import FIRST_PREV, parse_batch
from ledger.disclosures import spell_value
from ledger.jsontext import JsonValue
from ledger.jws import parse_compact
from ledger.kinds import Role
from ledger.labels import Level
from ledger.recordform import PORTIONS
from ledger.sealing import PortionDraft, seal_record
from ledger.slips import Hit, SlipDraft
from ledger.statements import SealedStatement
from ledger.wire.frames import encode_frames
from tests.support.consortium import NOW, Consortium, make_consortium

BATCH = 1_000
_OFF = SlipDraft(hit=Hit.OFF)

# Twelve fields: what one line of a seizure list becomes.
FIELDS: Mapping[str, Mapping[str, JsonValue]] = {
    "item": {
        "item.kind": "small_arm",
        "item.type": "PI",
        "item.make": "TAU",
        "item.calibre": "9x19",
        "item.country_of_manufacture": "BRA",
        "item.serials": [{"as_marked": "ABE 573528", "location": "frame", "condition": "legible"}],
    },
    "event": {"event.kind": "recovery", "event.date": "2021-03-14", "event.place": {"country": "BRA"}},
    "case": {"case.case_number": "2021/5512", "case.offence": "tráfico", "item.description": "worn grip"},
}
EMPTY_CASE: Mapping[str, Mapping[str, JsonValue]] = {**FIELDS, "case": {}}


@dataclass
class Sender:
    """One agency of a consortium that seals and chains batches on its own, as fast as it can."""

    consortium: Consortium
    iss: str
    fields: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=lambda: FIELDS)
    seq: int = 0
    prev: bytes = FIRST_PREV

    def __post_init__(self) -> None:
        """Write the labels down: item and event for everybody, the case for oneself."""
        self._sign, self._kid = self.consortium.signing(self.iss, Role.SIGN)
        shared = _label([other for other in self.consortium.ids if other != self.iss][:20])
        self._labels = {"item": shared, "event": shared, "case": _label([])}
        self._keys = {portion: sha256(f"{self.iss} {portion == 'case'}".encode()) for portion in PORTIONS}

    @property
    def shared_key(self) -> bytes:
        """Return the epoch key of the audience that item and event are for."""
        return self._keys["item"]

    def record(self) -> SealedStatement:
        """Return one record: built, sealed and signed."""
        portions = {
            portion: PortionDraft(
                label=self._labels[portion], fields=self.fields[portion], epoch_key=self._keys[portion]
            )
            for portion in PORTIONS
        }
        return seal_record(signer=self._sign, kid=self._kid, iat=NOW, ep=1, portions=portions, slip=_OFF)

    def records(self, count: int = BATCH) -> list[SealedStatement]:
        """Return records for a batch."""
        return [self.record() for _ in range(count)]

    def grants(self) -> list[SealedStatement]:
        """Return the grants that open the epoch of the records: one for everybody, one for oneself."""
        return [
            self.consortium.grant(self.iss, self.consortium.ids, key=self._keys["item"]),
            self.consortium.grant(self.iss, [], level=Level.SECRET, key=self._keys["case"]),
        ]

    def batch(self, statements: Sequence[SealedStatement]) -> bytes:
        """Return the entry that closes the next batch of this agency."""
        entry = self.consortium.batch(self.iss, statements, seq=self.seq + 1, prev=self.prev)
        self.seq, self.prev = self.seq + 1, parse_batch(entry).payload_hash
        return entry

    def body(self, statements: Sequence[SealedStatement]) -> bytes:
        """Return the next batch as it is sent."""
        entry = self.batch(statements)
        entries = [statement.entry for statement in statements]
        return encode_frames([entry, *entries, *(blob for statement in statements for blob in statement.blobs)])


def senders(count: int, *, agencies: int) -> list[Sender]:
    """Return the first `count` agencies of a new consortium."""
    consortium = make_consortium(agencies)
    return [Sender(consortium, iss) for iss in consortium.ids[:count]]


def signed_parts(statements: Sequence[SealedStatement]) -> list[bytes]:
    """Return signature ‖ signed bytes of each statement: what libsodium verifies."""
    parts = [parse_compact(statement.entry) for statement in statements]
    return [part.signature + part.signing_input for part in parts]


def _label(rel: Sequence[str]) -> bytes:
    return spell_value("label", {"level": "RESTRICTED", "rel": list(rel), "comp": [], "purp": ["TRACE"], "cav": []})
