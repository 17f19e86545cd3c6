"""What was sealed once opens for ever: our own frozen vectors, made by tests/vectors/make_records.py."""

import json
from pathlib import Path
from typing import Any

import pytest

from crypto.digests import sha256
from crypto.encoding import b64u, unb64u
from crypto.hpke import SeedDecapsulator
from crypto.portionkeys import from_record_key
from crypto.signing import Algorithm, PublicKey
from ledger import batches, expunges, grants, jws, messages, renewals
from ledger.errors import MalformedError
from ledger.identifiers import statement_name
from ledger.opening import check_disclosures, open_with_keys
from ledger.presentation import parse_presentation
from ledger.recordform import PORTIONS, check_blobs, parse_record
from tests.support.records import open_portion

FROZEN = json.loads((Path(__file__).parents[1] / "vectors" / "records.json").read_text(encoding="utf-8"))
KEYS = FROZEN["keys"]
SIGN = PublicKey(algorithm=Algorithm.ED25519, raw=unb64u(KEYS["sign"]))
BATCH = PublicKey(algorithm=Algorithm.ML_DSA_65, raw=unb64u(KEYS["batch"]))
PARTNER = SeedDecapsulator(unb64u(KEYS["partner hpke seed"]))


def comments(name: str) -> list[Any]:
    """Return the cases of one list, each under its comment."""
    return [pytest.param(case, id=case["comment"]) for case in FROZEN[name]]


def blobs(case: dict[str, Any]) -> list[bytes]:
    """Return the blobs of a frozen statement."""
    return [unb64u(blob) for blob in case["blobs"]]


def check_signature(entry: str) -> None:
    """Verify a compact entry under the frozen key."""
    parts = jws.parse_compact(entry.encode())
    SIGN.verify(message=parts.signing_input, signature=parts.signature)


def test_no_vector_was_lost() -> None:
    """Four records, ten refusals and one of each other statement."""
    assert (len(FROZEN["records"]), len(FROZEN["refused"])) == (4, 10)


@pytest.mark.parametrize("case", comments("records"))
def test_a_frozen_record_is_read_and_opened_as_ever(case: dict[str, Any]) -> None:
    """Name, numbers, fields, labels, fetch tags and record keys are those of the day it was sealed."""
    check_signature(case["entry"])
    record = parse_record(case["entry"].encode())
    check_blobs(record, blobs(case))

    assert statement_name(case["name"]) == record.name
    assert (case["iat"], case["ep"]) == (record.iat, record.ep)
    assert case["sup"] == (None if record.sup is None else b64u(record.sup))
    for portion, ciphertext in zip(PORTIONS, blobs(case)[1:], strict=True):
        key = unb64u(KEYS["epoch"][portion])
        opened = open_portion(record, portion, epoch_keys=[key], ciphertext=ciphertext)
        assert (case["label"], case["fields"][portion]) == (opened.label_json, dict(opened.fields))
        assert case["fetch tags"][portion] == b64u(opened.keys.fetch_tag)
        assert sha256(opened.keys.fetch_tag) == record.portions[portion].a
        released = from_record_key(unb64u(case["record keys"][portion]))
        assert opened == open_with_keys(record, portion, keys=released, ciphertext=ciphertext)


@pytest.mark.parametrize("case", comments("records"))
def test_a_frozen_presentation_shows_its_item_and_nothing_else(case: dict[str, Any]) -> None:
    """Label and fields of the item come out, event and case stay withheld."""
    record, disclosures = parse_presentation(case["presentation"].encode())

    shown = dict(check_disclosures(record, disclosures))

    assert {"item.label": case["label"], **case["fields"]["item"]} == shown


@pytest.mark.parametrize("case", comments("refused"))
def test_a_frozen_refusal_is_refused_as_ever(case: dict[str, Any]) -> None:
    """The signature is good, the form is not."""
    check_signature(case["entry"])

    with pytest.raises(MalformedError):
        parse_record(case["entry"].encode())


def test_a_frozen_grant_opens_as_ever() -> None:
    """Both recipients get the key of that day."""
    case = FROZEN["grant"]
    check_signature(case["entry"])
    grant = grants.parse_grant(case["entry"].encode())
    grants.check_blobs(grant, blobs(case))
    recovery = SeedDecapsulator(unb64u(KEYS["recovery seed"]))

    assert (case["ep"], case["level"], case["iat"]) == (grant.ep, grant.level.name, grant.iat)
    for (agency, box), one in zip(
        zip(("xar-arms", "xbe-cib"), blobs(case), strict=True), (recovery, PARTNER), strict=True
    ):
        assert case["key"] == b64u(grants.open_box(grant, me=agency, decapsulator=one, box=box))


def test_a_frozen_message_opens_as_ever() -> None:
    """Recipient and sender read the words of that day."""
    case = FROZEN["message"]
    check_signature(case["entry"])
    message = messages.parse_message(case["entry"].encode())
    to, own, _ = blobs(case)
    own_boxes = SeedDecapsulator(unb64u(KEYS["hpke seed"]))

    assert messages.check_blobs(message, blobs(case)).to == "xbe-cib"
    read = messages.open_message(message, me="xbe-cib", decapsulator=PARTNER, box=to)
    assert (case["kind"], case["body"]) == (read.kind.value, read.body)
    assert read == messages.open_message(message, me="xar-arms", decapsulator=own_boxes, box=own)


def test_a_frozen_renewal_and_a_frozen_expungement_are_read_as_ever() -> None:
    """Batch, slips, record and ground are those of the day."""
    case, order = FROZEN["renewal"], FROZEN["expunge"]
    check_signature(case["entry"])
    check_signature(order["entry"])
    renewal = renewals.parse_renewal(case["entry"].encode())
    expunge = expunges.parse_expunge(order["entry"].encode())

    assert case["batch"] == renewal.batch
    assert [slip.hit.value for slip in renewals.check_blobs(renewal, blobs(case))] == ["open", "silent", "off"]
    assert (order["of"], order["why"]) == (b64u(expunge.of), expunge.why.value)


def test_a_frozen_batch_verifies_as_ever() -> None:
    """Both signatures, the root over its statements and the hash of its payload."""
    case = FROZEN["batch"]
    batch = batches.parse_batch(case["entry"].encode())

    for key, signature in zip((SIGN, BATCH), batch.general.signatures, strict=True):
        key.verify(message=batch.general.signing_input(signature), signature=signature.signature)
    assert (case["root"], case["payload hash"]) == (b64u(batch.root), b64u(batch.payload_hash))
    assert batches.statements_root([statement.encode() for statement in case["statements"]]) == batch.root
