"""Witnesses for tests: charters that name them, and the cosignatures they give."""

from collections.abc import Mapping
from dataclasses import replace

from crypto.signing import Algorithm
from ledger import notes
from ledger.charter import Charter
from ledger.checkpoints import Checkpoint, cosign, sign_checkpoint
from ledger.keys import Key, of_role
from ledger.kinds import Role
from ledger.notes import NoteSignature
from ledger.terms import WitnessPolicy, witness_name
from ledger.witnesses import LogName
from tests.support.consortium import agency_ids, make_agency, make_charter, make_keys, signer, signer_of


def witnessed_charter(count: int, *, k: int, f: int, start: int = 40) -> Charter:
    """Return charter 1 of `count` agencies who all witness, with witness keys numbered from `start`."""
    agencies = [make_agency(agency) for agency in agency_ids(count)]
    with_keys = tuple(
        replace(agency, keys=(*agency.keys, *make_keys(agency.id, roles=(Role.WITNESS,), start=start)))
        for agency in agencies
    )
    policy = WitnessPolicy(agencies=agency_ids(count), k=k, f=f)
    return replace(make_charter(agencies), agencies=with_keys, witness=policy)


def cosignatures_of(
    checkpoint: Checkpoint, charter: Charter, times: Mapping[str, int], *, later: int = 0
) -> list[NoteSignature]:
    """Return both lines of each agency at its time; the second key's clock shows `later`."""
    return [
        cosign(
            checkpoint,
            name=witness_name(charter.origin, agency),
            signer=signer_of(key),
            timestamp=time + place * later,
        )
        for agency, time in times.items()
        for place, key in enumerate(of_role(_member_keys(charter, agency), Role.WITNESS))
    ]


def signed_note(checkpoint: Checkpoint, *lines: NoteSignature, log: LogName = LogName.LOG) -> bytes:
    """Return a checkpoint signed by the log's two keys, with more lines below."""
    keys = {algorithm: signer(log.value, algorithm) for algorithm in (Algorithm.ED25519, Algorithm.ML_DSA_44)}
    raw = sign_checkpoint(checkpoint, ed25519=keys[Algorithm.ED25519], ml_dsa_44=keys[Algorithm.ML_DSA_44])
    parsed = notes.parse_note(raw)
    return notes.format_note(parsed.text, [*parsed.signatures, *lines])


def cosigned_note(
    checkpoint: Checkpoint, charter: Charter, times: Mapping[str, int], *, log: LogName = LogName.LOG
) -> bytes:
    """Return a checkpoint signed by its log and cosigned by these agencies at these times."""
    return signed_note(checkpoint, *cosignatures_of(checkpoint, charter, times), log=log)


def _member_keys(charter: Charter, agency: str) -> tuple[Key, ...]:
    member = charter.agency(agency)
    assert member is not None
    return member.keys
