"""Valid input of every kind, made from the consortium of the tests: where a fuzzer starts."""

import json
import tempfile
from dataclasses import asdict
from functools import cache
from pathlib import Path

from crypto import portionkeys
from ledger import (
    charterpayload,
    expunges,
    jsontext,
    jws,
    labels,
    messages,
    opening,
    presentation,
    profiletoml,
    recordform,
    renewals,
    slips,
    treestate,
)
from ledger.kinds import Role
from ledger.labels import Level, MembersAt
from ledger.profiles import default_profile
from ledger.sealing import portion_context
from ledger.statements import SealedStatement
from tests.support import keystores
from tests.support.consortium import ORIGIN, epoch_key, log_keys, make_consortium
from tests.support.dossiers import ISS, READER, Dossier, cases


@cache
def sample() -> Dossier:
    """Return one valid submission, in parts."""
    return cases(ORIGIN)[0].dossier


@cache
def valid() -> dict[str, bytes]:
    """Return valid input by what it is: the parts of the submission, and kinds that it does not hold."""
    consortium = make_consortium()
    sign, kid = consortium.signing(READER, Role.SIGN)
    slip = slips.build_slip(slips.SlipDraft(hit=slips.Hit.OFF), of=bytes(16))
    tree, _ = treestate.TreeState.empty().append([bytes([number]) * 32 for number in range(7)])
    label = labels.Label(level=Level.SECRET, rel=(ISS,), purp=frozenset(labels.Purpose))
    spoken = spoken_message()
    return {
        **asdict(sample()),
        "charter entry": charterpayload.charter_entry(sample().charter),
        "charter payload": jws.parse_general(sample().charter, limit=2**22, signatures=99).payload,
        "header": sample().record.partition(b".")[0],
        "message": spoken.entry,
        "route": spoken.blobs[2],
        "renewal": renewals.build_renewal(signer=sign, kid=kid, iat=1, batch=1, slips=[slip]).entry,
        "expunge": expunges.build_expunge(signer=sign, kid=kid, iat=1, of=bytes(16), why=expunges.Why.ERROR).entry,
        "vkey": log_keys().vkeys[1].format().encode(),
        "tlog-proof": sample().proof + sample().checkpoint,
        "tree": tree.encode(),
        "presentation": presentation.present(sample().record, [sample().disclosure.decode()]),
        "profile": profiletoml.to_toml(default_profile(READER, MembersAt(version=1))).encode(),
        "label": jsontext.dump(label.to_json()),
        "plaintext": plaintext(),
        "submission": b"\n".join((sample().batch, sample().grant, sample().record)),
        "message box": spoken.blobs[0],
    }


def plaintext() -> bytes:
    """Return what was sealed in the portion of the submission."""
    record = recordform.parse_record(sample().record)
    keys = portionkeys.derive(epoch_key=epoch_key(f"{ISS} 1"), context=portion_context(record.name, "item"))
    opened = opening.open_with_keys(record, "item", keys=keys, ciphertext=sample().portion)
    text = "~".join(opened.disclosures).encode()
    return (len(text).to_bytes(4, "big") + text).ljust(recordform.SIZES["item"], b"\0")


@cache
def small_keystore() -> bytes:
    """Return a keystore file that is cheap to open."""
    with tempfile.TemporaryDirectory() as folder:
        return keystores.small_keystore(Path(folder)).read_bytes()


@cache
def spoken_message() -> SealedStatement:
    """Return a message from the reader of the submission to its author."""
    consortium = make_consortium()
    sign, kid = consortium.signing(READER, Role.SIGN)
    inner = messages.Inner(kind=messages.Kind.RECEIPT, to=ISS, thread=bytes(16), re=None, part=1, parts=1, body={})
    recipient, own = (consortium.newest(agency, Role.HPKE).public_key for agency in (ISS, READER))
    return messages.seal_message(signer=sign, kid=kid, iat=1, inner=inner, recipient_key=recipient, own_key=own)


def charter_part(name: str) -> bytes:
    """Return one member of a charter's payload."""
    return json.dumps(json.loads(valid()["charter payload"])[name], separators=(",", ":"), ensure_ascii=False).encode()
