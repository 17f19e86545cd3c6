"""Make records.json: statements sealed once and frozen, with the values that every later version must read in them.

Sealing draws its own randomness, so running this again gives other bytes that say the same: it is run only for a new
version of the protocol, and what it wrote before must open for ever. Run it from the root of the repository:

    python -m tests.vectors.make_records
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crypto.encoding import b64u
from ledger import jws
from ledger.batches import FIRST_PREV, build_batch, parse_batch
from ledger.expunges import Why, build_expunge
from ledger.grants import Use, seal_grant
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.kinds import Typ
from ledger.labels import Level
from ledger.messages import Inner, Kind, seal_message
from ledger.presentation import present
from ledger.recordform import PORTIONS, parse_record
from ledger.renewals import build_renewal
from ledger.slips import Hit, SlipDraft, build_slip
from ledger.statements import SealedStatement, sign_statement
from tests.support.records import (
    BATCH_KID,
    BATCH_SIGNER,
    EMPTY,
    EPOCH_KEYS,
    FIELDS,
    IAT,
    ISS,
    KID,
    LABEL,
    OWN_BOXES,
    PARTNER,
    PARTNER_BOXES,
    RECOVERY,
    SIGNER,
    open_portion,
    seal,
    seed,
)

FILE = Path(__file__).with_name("records.json")
FULL: Mapping[str, Mapping[str, JsonValue]] = {
    "item": {**FIELDS["item"], "item.description": "é" * 300},
    "event": {"event.kind": "export", "event.note": "x" * 1_000},
    "case": {f"case.f{number}": [number, {"b": None, "a": True}] for number in range(30)},
}
LOG = "log.example.org/weapons"


def main() -> None:
    """Write the file."""
    records = {"plain": seal(), "empty case": seal(EMPTY), "full": seal(FULL), "superseding": seal(sup=bytes(16))}
    grant = _grant()
    value: JsonValue = {
        "keys": _keys(),
        "records": [_record(comment, sealed) for comment, sealed in records.items()],
        "refused": _refused(records["plain"]),
        "grant": {**_statement(grant), "key": b64u(seed("xar-arms epoch item")), "ep": 3, "level": "RESTRICTED"},
        "message": {**_statement(_message()), "body": {"outcome": 3}, "kind": "response"},
        "renewal": {**_statement(_renewal()), "batch": 17},
        "expunge": {**_statement(_expunge()), "of": b64u(bytes(16)), "why": "safety"},
        "batch": _batch([grant.entry, records["plain"].entry]),
    }
    FILE.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _keys() -> JsonValue:
    return {
        "sign": b64u(SIGNER.public_key.raw),
        "batch": b64u(BATCH_SIGNER.public_key.raw),
        "epoch": {portion: b64u(key) for portion, key in EPOCH_KEYS.items()},
        "recovery seed": b64u(seed("xar-arms recovery")),
        "hpke seed": b64u(seed("xar-arms hpke")),
        "partner hpke seed": b64u(seed("xbe-cib hpke")),
    }


def _statement(sealed: SealedStatement) -> dict[str, JsonValue]:
    return {
        "entry": sealed.entry.decode(),
        "name": str(sealed.name),
        "iat": IAT,
        "blobs": [b64u(blob) for blob in sealed.blobs],
    }


def _record(comment: str, sealed: SealedStatement) -> JsonValue:
    record = parse_record(sealed.entry)
    opened = {
        portion: open_portion(record, portion, epoch_keys=EPOCH_KEYS.values(), ciphertext=ciphertext)
        for portion, ciphertext in zip(PORTIONS, sealed.blobs[1:], strict=True)
    }
    return {
        "comment": comment,
        **_statement(sealed),
        "ep": record.ep,
        "sup": None if record.sup is None else b64u(record.sup),
        "label": LABEL,
        "fields": {portion: dict(one.fields) for portion, one in opened.items()},
        "fetch tags": {portion: b64u(one.keys.fetch_tag) for portion, one in opened.items()},
        "record keys": {portion: b64u(one.keys.record_key) for portion, one in opened.items()},
        "presentation": present(sealed.entry, opened["item"].disclosures).decode(),
    }


def _refused(sealed: SealedStatement) -> JsonValue:
    """Return entries, all properly signed, that no parser may take for a record."""
    payload = jws.parse_compact(sealed.entry).payload
    changes: dict[str, Callable[[dict[str, Any]], object]] = {
        "version 2": lambda value: value.update(ver=2),
        "another agency's name": lambda value: value.update(iss=PARTNER),
        "47 digests": lambda value: value.update(_sd=value["_sd"][1:]),
        "digests out of order": lambda value: value.update(_sd=value["_sd"][::-1]),
        "two portions": lambda value: value.update(prt=value["prt"][:2]),
        "a further member": lambda value: value.update(exp=1),
        "epoch 0": lambda value: value.update(ep=0),
        "an epoch that is a text": lambda value: value.update(ep="3"),
        "no slip": lambda value: value.pop("slip"),
        "another hash": lambda value: value.update(_sd_alg="sha-512"),
    }
    refused: list[JsonValue] = []
    for comment, change in changes.items():
        value = json.loads(payload)
        change(value)
        raw = json.dumps(value, separators=(",", ":")).encode()
        entry = sign_statement(signer=SIGNER, kid=KID, typ=Typ.RECORD, payload=raw)
        refused.append({"comment": comment, "entry": entry.decode()})
    return refused


def _grant() -> SealedStatement:
    return seal_grant(
        signer=SIGNER,
        kid=KID,
        iat=IAT,
        use=Use.EPOCH,
        ep=3,
        level=Level.RESTRICTED,
        epoch_key=EPOCH_KEYS["item"],
        recipients={ISS: RECOVERY.public_key, PARTNER: PARTNER_BOXES.public_key},
    )


def _message() -> SealedStatement:
    inner = Inner(
        kind=Kind.RESPONSE,
        to=PARTNER,
        thread=bytes(16),
        re=StatementName(PARTNER, bytes(16)),
        part=1,
        parts=1,
        body={"outcome": 3},
    )
    return seal_message(
        signer=SIGNER,
        kid=KID,
        iat=IAT,
        inner=inner,
        recipient_key=PARTNER_BOXES.public_key,
        own_key=OWN_BOXES.public_key,
    )


def _renewal() -> SealedStatement:
    slips = [build_slip(SlipDraft(hit=hit, token_epoch=2), of=bytes(16)) for hit in Hit]
    return build_renewal(signer=SIGNER, kid=KID, iat=IAT, batch=17, slips=slips)


def _expunge() -> SealedStatement:
    return build_expunge(signer=SIGNER, kid=KID, iat=IAT, of=bytes(16), why=Why.SAFETY)


def _batch(statements: list[bytes]) -> JsonValue:
    entry = build_batch(
        log=LOG,
        iss=ISS,
        iat=IAT,
        seq=1,
        prev=FIRST_PREV,
        kx=4,
        statements=statements,
        sign=(SIGNER, KID),
        batch=(BATCH_SIGNER, BATCH_KID),
    )
    found = parse_batch(entry)
    return {
        "entry": entry.decode(),
        "statements": [statement.decode() for statement in statements],
        "root": b64u(found.root),
        "payload hash": b64u(found.payload_hash),
    }


if __name__ == "__main__":
    main()
