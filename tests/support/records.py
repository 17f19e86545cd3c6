"""One agency with fixed keys, and records it seals: what the tests of statements start from."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from crypto.encoding import b64u_ascii
from crypto.hpke import SeedDecapsulator
from crypto.signing import Algorithm, SeedSigner
from ledger.checkpoints import Checkpoint, open_checkpoint
from ledger.disclosures import join_disclosure, spell_value
from ledger.errors import ProofError
from ledger.identifiers import KeyId
from ledger.jsontext import JsonValue
from ledger.merkle import leaf_hash, verify_inclusion
from ledger.notes import VerifierKey
from ledger.opening import OpenedPortion, open_with_keys, which_key
from ledger.proofs import TlogProof
from ledger.recordform import PORTIONS, Record
from ledger.sealing import PortionDraft, seal_record
from ledger.slips import Hit, SlipDraft
from ledger.statements import SealedStatement

ISS = "xar-arms"
PARTNER = "xbe-cib"
KID = KeyId(ISS, 4)
BATCH_KID = KeyId(ISS, 5)
IAT = 1_790_000_000
LABEL: JsonValue = {"level": "RESTRICTED", "rel": ["xbe-cib", "xco-npa"], "comp": [], "purp": ["TRACE"], "cav": []}
OFF = SlipDraft(hit=Hit.OFF)

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
EMPTY: Mapping[str, Mapping[str, JsonValue]] = {**FIELDS, "case": {}}


def seed(name: str) -> bytes:
    """Return 32 bytes that follow from a name: a test's key, the same in every run."""
    return hashlib.sha256(name.encode()).digest()


SIGNER = SeedSigner(Algorithm.ED25519, seed("xar-arms sign"))
BATCH_SIGNER = SeedSigner(Algorithm.ML_DSA_65, seed("xar-arms batch"))
EPOCH_KEYS = {portion: seed(f"xar-arms epoch {portion}") for portion in PORTIONS}
RECOVERY = SeedDecapsulator(seed("xar-arms recovery"))
OWN_BOXES = SeedDecapsulator(seed("xar-arms hpke"))
PARTNER_BOXES = SeedDecapsulator(seed("xbe-cib hpke"))


def drafts(fields: Mapping[str, Mapping[str, JsonValue]] = FIELDS) -> dict[str, PortionDraft]:
    """Return the three portions of a record with one label each."""
    return {
        portion: PortionDraft(label=spell_value("label", LABEL), fields=fields[portion], epoch_key=EPOCH_KEYS[portion])
        for portion in PORTIONS
    }


def seal(
    fields: Mapping[str, Mapping[str, JsonValue]] = FIELDS, *, ep: int = 3, kid: KeyId = KID, sup: bytes | None = None
) -> SealedStatement:
    """Return a sealed record of the agency."""
    return seal_record(signer=SIGNER, kid=kid, iat=IAT, ep=ep, portions=drafts(fields), slip=OFF, sup=sup)


def make_disclosure(*, salt: bytes, name: str, value: JsonValue) -> str:
    """Return the disclosure of one field, as sealing makes it but for the salt, which is given."""
    return join_disclosure(salt=b64u_ascii(salt), name=name, spelled=spell_value(name, value)).decode("ascii")


def open_portion(record: Record, portion: str, *, epoch_keys: Iterable[bytes], ciphertext: bytes) -> OpenedPortion:
    """Return a portion as readers open it: the key that fits is found by trial; raise ProofError if none does."""
    keys = which_key(record.name, portion, record.portions[portion].kc, epoch_keys)
    if keys is None:
        raise ProofError(f"{portion}: none of the keys held fits the commitment")
    return open_with_keys(record, portion, keys=keys, ciphertext=ciphertext)


def verify_logged(proof: TlogProof, *, entry: bytes, origin: str, vkeys: Sequence[VerifierKey]) -> Checkpoint:
    """Return the checkpoint under which a proof shows an entry to be logged, as anybody's tool takes it (C2SP tlog-proof)."""
    checkpoint = open_checkpoint(proof.checkpoint, origin=origin, vkeys=vkeys)
    verify_inclusion(
        leaf=leaf_hash(entry), index=proof.index, size=checkpoint.size, proof=proof.hashes, root=checkpoint.root
    )
    return checkpoint
