"""Evidence bundles over the log of a consortium, witnessed or not; and the witnesses, who sign what they are asked to."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from crypto.encoding import b64
from ledger import notes
from ledger.batches import parse_batch
from ledger.bundleform import Bundle, CharterPart, Closing, KeyPart
from ledger.charter import Charter
from ledger.checkpoints import Checkpoint, cosign, open_checkpoint, sign_checkpoint
from ledger.fingerprints import of_file
from ledger.keys import of_role
from ledger.kinds import Role
from ledger.merkle import inclusion_proof_of, leaf_hash
from ledger.presentation import present
from ledger.proofs import TlogProof
from ledger.recordform import parse_record
from ledger.terms import WitnessPolicy, witness_name
from ledger.tileproofs import inclusion_proof
from ledger.witnesses import policy_of
from tests.support.consortium import (
    NOW,
    ROLES,
    Consortium,
    agency_ids,
    epoch_key,
    log_keys,
    make_agency,
    make_charter,
    make_keys,
    sign_by,
    signer,
    signer_of,
)
from tests.support.records import open_portion

ISS = "xaa-arms"
WITNESSES = agency_ids(5)[:4]


def witnessed_consortium(count: int = 5) -> Consortium:
    """Return a fresh log whose charter has `count` agencies, four of which witness: three must, one may lie."""
    charter, file = _witnessed_charter(count)
    return Consortium(charter=charter, charter_file=file)


@cache
def _witnessed_charter(count: int) -> tuple[Charter, bytes]:
    roles = (*ROLES, Role.WITNESS)
    agencies = [
        make_agency(one, keys=make_keys(one, roles=roles) if one in WITNESSES else None) for one in agency_ids(count)
    ]
    plain = make_charter([replace(one, keys=make_keys(one.id)) for one in agencies])
    charter = replace(plain, agencies=tuple(agencies), witness=WitnessPolicy(agencies=WITNESSES, k=3, f=1))
    return charter, sign_by(charter, charter.agencies)


def cosigned_by(note: bytes, charter: Charter, agencies: Sequence[str], *, time: int = NOW) -> bytes:
    """Return a checkpoint with both cosignatures of each of `agencies` added."""
    parsed = notes.parse_note(note)
    checkpoint = Checkpoint.parse(parsed.text)
    lines = list(parsed.signatures)
    for agency in agencies:
        member = charter.agency(agency)
        keys = of_role(member.keys, Role.WITNESS) if member else ()
        name = witness_name(charter.origin, agency)
        lines += [cosign(checkpoint, name=name, signer=signer_of(key), timestamp=time) for key in keys]
    return notes.format_note(parsed.text, lines)


def forged(checkpoint: Checkpoint) -> bytes:
    """Return a checkpoint of any tree, signed by the keys of the log: what only its operator can make."""
    ed25519, ml_dsa_44 = (signer("log", key.public_key.algorithm) for key in log_keys().vkeys)
    return sign_checkpoint(checkpoint, ed25519=ed25519, ml_dsa_44=ml_dsa_44)


def published(consortium: Consortium, *, witnesses: Sequence[str] = WITNESSES[:3]) -> bytes:
    """Return the newest checkpoint, cosigned by `witnesses` as far as the charter has them."""
    charter = consortium.current
    return cosigned_by(
        consortium.store.head().checkpoint, charter, [one for one in witnesses if one in charter.witness.agencies]
    )


def first_record(consortium: Consortium, iss: str = ISS) -> int:
    """Log an epoch and three records of `iss`, and return the index of the second record."""
    consortium.open_epoch(iss)
    return consortium.submit(iss, [consortium.record(iss) for _ in range(3)]).first + 1


def bundle_of(
    consortium: Consortium,
    index: int,
    *,
    portions: Sequence[str] = ("item",),
    note: bytes | None = None,
    thin: bool = False,
    keys: Sequence[int] = (),
) -> Bundle:
    """Return the bundle of the record at `index`; `keys` are the indexes of its issuer's key entries."""
    store = consortium.store
    note = note or published(consortium)
    charter = consortium.current
    size = open_checkpoint(note, origin=charter.origin, vkeys=charter.log.vkeys).size

    def path(at: int) -> tuple[bytes, ...]:
        return inclusion_proof(index=at, size=size, read=store.tile)

    (entry,) = store.entries(index, index + 1)
    closing = next(
        at for at in range(index, size) if (found := store.entries(at, at + 1)[0]).startswith(b"{") and _closes(found)
    )
    (batch_entry,) = store.entries(closing, closing + 1)
    first = closing - parse_batch(batch_entry).n
    leaves = [leaf_hash(one) for one in store.entries(first, closing)]
    places = consortium.state.membership.charters()
    return Bundle(
        presentation=present(entry, _disclosures(consortium, entry, portions)),
        proof=TlogProof(index=index, hashes=path(index), checkpoint=note),
        closing=Closing(
            entry=batch_entry, index=closing, path=inclusion_proof_of(leaves, index - first), proof=path(closing)
        ),
        charters=tuple(
            CharterPart(
                ver=one.ver,
                index=at,
                file_hash=of_file(consortium.files[one.ver]),
                path=path(at),
                file=None if thin else consortium.files[one.ver],
            )
            for at, one in places
        ),
        keys=tuple(KeyPart(index=at, entry=store.entries(at, at + 1)[0], path=path(at)) for at in keys),
        policy=None if thin else policy_of(charter).format(),
    )


def _closes(entry: bytes) -> bool:
    return b'"signatures"' in entry and parse_batch(entry) is not None


def _disclosures(consortium: Consortium, entry: bytes, portions: Sequence[str]) -> list[str]:
    record = parse_record(entry)
    texts: list[str] = []
    for portion in portions:
        blob = consortium.store.blob(record.name, portion)
        ciphertext = b"" if blob is None else blob.data
        opened = open_portion(record, portion, epoch_keys=[epoch_key(record.name.iss)], ciphertext=ciphertext)
        texts += opened.disclosures
    return texts


def flipped_line(note: bytes, number: int) -> bytes:
    """Return a note of which one bit of a signature line's signature is flipped."""
    parsed = notes.parse_note(note)
    line = parsed.signatures[number]
    signature = bytes([line.signature[0] ^ 1]) + line.signature[1:]
    old, new = b64(line.key_id + line.signature), b64(line.key_id + signature)
    return note.replace(old.encode(), new.encode())
