"""Sealing a record: what comes out, what is refused, and what no outsider can tell (docs/protocol.md, 4)."""

import inspect
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import portionkeys
from crypto.digests import expand, sha256
from crypto.encoding import b64u, lp, unb64u
from crypto.errors import CryptoError
from crypto.signing import Algorithm, SeedSigner
from ledger import jws
from ledger.disclosures import digest, spell_value
from ledger.errors import LabelError, LedgerError, MalformedError
from ledger.jsontext import JsonValue
from ledger.labels import Level
from ledger.recordform import PORTIONS, SIZES, check_blobs, parse_record
from ledger.sealing import PortionDraft, seal_record
from ledger.slips import Hit, SlipDraft, parse_slip
from ledger.statements import SealedStatement
from tests.support.records import (
    EMPTY,
    EPOCH_KEYS,
    FIELDS,
    IAT,
    KID,
    LABEL,
    OFF,
    SIGNER,
    drafts,
    open_portion,
    seal,
    seed,
)

Fields = Mapping[str, Mapping[str, JsonValue]]

TEXTS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=30)


def fields_of(portion: str) -> st.SearchStrategy[dict[str, JsonValue]]:
    """Return fields that a portion can hold."""
    return st.dictionaries(st.from_regex(rf"{portion}\.x[a-z]{{0,6}}", fullmatch=True), TEXTS, max_size=9)


RECORDS: st.SearchStrategy[Fields] = st.fixed_dictionaries({portion: fields_of(portion) for portion in PORTIONS})


def shape(sealed: SealedStatement) -> tuple[object, ...]:
    """Return everything an outsider can measure of a record: lengths, counts, order, members."""
    payload = json.loads(jws.parse_compact(sealed.entry).payload)
    return (
        len(sealed.entry),
        [len(blob) for blob in sealed.blobs],
        list(payload),
        len(payload["_sd"]),
        sorted(payload["_sd"]) == payload["_sd"],
        [[len(value) for value in portion.values()] for portion in payload["prt"]],
    )


@given(RECORDS)
@settings(max_examples=25)
def test_what_is_sealed_is_opened(fields: Fields) -> None:
    """Every field and label comes back from the portion it was sealed in, under that portion's key alone."""
    sealed = seal(fields)
    record = parse_record(sealed.entry)

    for portion, ciphertext in zip(PORTIONS, sealed.blobs[1:], strict=True):
        opened = open_portion(record, portion, epoch_keys=[EPOCH_KEYS[portion]], ciphertext=ciphertext)
        assert (LABEL, fields[portion]) == (opened.label_json, dict(opened.fields))


@given(RECORDS, RECORDS)
@settings(max_examples=25)
def test_two_records_look_alike_whatever_they_hold(first: Fields, second: Fields) -> None:
    """Sizes, counts and order say nothing of what is inside."""
    assert shape(seal(first)) == shape(seal(second))


def test_an_empty_case_looks_exactly_like_a_full_one() -> None:
    """A case of its label only and one filled to the last byte cannot be told apart from outside."""
    full: Fields = {**FIELDS, "case": {"case.circumstances": "x" * 2_850}}

    assert shape(seal(EMPTY)) == shape(seal(full)) == shape(seal())


def test_the_order_of_the_digests_says_nothing_of_the_fields() -> None:
    """Sealed twice, the digests of the fields stand in unrelated places among the decoys."""
    places = set()
    for _ in range(40):
        sealed = seal()
        record = parse_record(sealed.entry)
        opened = open_portion(record, "item", epoch_keys=[EPOCH_KEYS["item"]], ciphertext=sealed.blobs[1])
        places.add(record.digests.index(b64u(digest(opened.disclosures[0]))))

    assert len(places) > 10


def test_nothing_is_drawn_twice() -> None:
    """The same record sealed twice shares no id, digest, commitment, tag, ciphertext or slip."""
    first, second = (json.loads(jws.parse_compact(seal().entry).payload) for _ in range(2))

    assert first["jti"] != second["jti"]
    assert first["slip"] != second["slip"]
    assert not set(first["_sd"]) & set(second["_sd"])
    for one, other in zip(first["prt"], second["prt"], strict=True):
        assert not set(one.values()) & set(other.values())


def test_no_caller_can_supply_randomness() -> None:
    """Sealing takes no salt, nonce, id or generator: what cannot be handed in cannot be handed in twice."""
    assert set(inspect.signature(seal_record).parameters) == {
        "signer",
        "kid",
        "iat",
        "ep",
        "portions",
        "slip",
        "sup",
    }
    assert set(inspect.signature(PortionDraft).parameters) == {"label", "fields", "epoch_key"}


@pytest.mark.parametrize("portion", PORTIONS)
def test_keys_commitment_tag_and_ciphertext_follow_the_protocol(portion: str) -> None:
    """Every derivation of section 4.4, written out a second time from the epoch key."""
    sealed = seal()
    record = parse_record(sealed.entry)
    ciphertext = sealed.blobs[1 + PORTIONS.index(portion)]
    context = lp(record.name.iss, record.name.jti, portion)
    kr = expand(EPOCH_KEYS[portion], b"sealtrace/v1/record" + context)

    assert expand(kr, b"sealtrace/v1/commit") == record.portions[portion].kc
    assert sha256(expand(kr, b"sealtrace/v1/fetch")) == record.portions[portion].a
    assert sha256(ciphertext) == record.portions[portion].ct
    assert SIZES[portion] + 16 == len(ciphertext)
    keys = portionkeys.from_record_key(kr)
    plaintext = portionkeys.open_sealed(
        keys, context=context, commitment=record.portions[portion].kc, ciphertext=ciphertext
    )
    assert int.from_bytes(plaintext[:4], "big") == len(plaintext[4:].rstrip(b"\0"))


def test_the_entry_is_signed_over_its_bytes() -> None:
    """The agency's key verifies the signing input as it stands."""
    parts = jws.parse_compact(seal().entry)

    SIGNER.public_key.verify(message=parts.signing_input, signature=parts.signature)


def test_a_record_may_supersede_an_earlier_one() -> None:
    """`sup` names the earlier record."""
    assert parse_record(seal(sup=b"earlier record's").entry).sup == b"earlier record's"


def test_the_slip_belongs_to_the_record() -> None:
    """The first blob is the slip, for this record, as drafted."""
    sealed = seal()
    slip = parse_slip(sealed.blobs[0])

    check_blobs(parse_record(sealed.entry), sealed.blobs)
    assert (sealed.name.jti, Hit.OFF, 0) == (slip.of, slip.hit, slip.ep)


def refused(fields: Fields) -> str:
    """Return the text with which a record is refused."""
    with pytest.raises(LabelError) as error:
        seal(fields)
    return str(error.value)


@pytest.mark.parametrize(
    ("fields", "start"),
    [
        pytest.param({**FIELDS, "item": {"item.note": "x" * 2_000}}, "item.note: no room left", id="too long a text"),
        pytest.param({**FIELDS, "item": {"event.kind": "loss"}}, "event.kind: ", id="another portion's field"),
        pytest.param({**FIELDS, "event": {"case.note": "x"}}, "case.note: ", id="a case field in the event"),
        pytest.param({**FIELDS, "item": {"item.label": {}}}, "item.label: ", id="a label as a field"),
        pytest.param({**FIELDS, "case": {"event.label": {}}}, "event.label: ", id="a label in the case"),
        pytest.param({**FIELDS, "case": {"item.make": "TAU"}}, "item.make: a name stands once", id="a name twice"),
        pytest.param({**FIELDS, "item": {"item.Make": "x"}}, "item.Make: ", id="a capital in a name"),
        pytest.param({**FIELDS, "item": {"make": "x"}}, "make: ", id="a name without its portion"),
        pytest.param({**FIELDS, "item": {"item.make": {"_sd": []}}}, "item.make: ", id="a reserved member"),
        pytest.param({**FIELDS, "item": {"item.make": "a\x00"}}, "item.make: ", id="a control character"),
        pytest.param(
            {**FIELDS, "case": {f"case.f{number}": 1 for number in range(40)}}, "case.f", id="more than 48 disclosures"
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_field_named(fields: Fields, start: str) -> None:
    """The person learns which field and which rule, and nothing is sealed."""
    assert refused(fields).startswith(start)


def test_forty_eight_disclosures_fit_and_the_forty_ninth_is_named() -> None:
    """A record holds exactly 48 disclosures, three of them labels."""
    few = {portion: PortionDraft(label=b"0", fields={}, epoch_key=EPOCH_KEYS[portion]) for portion in PORTIONS}
    names = [f"case.f{number:02}" for number in range(46)]

    def sealed(count: int) -> SealedStatement:
        case = replace(few["case"], fields=dict.fromkeys(names[:count]))
        return seal_record(signer=SIGNER, kid=KID, iat=IAT, ep=1, portions={**few, "case": case}, slip=OFF)

    assert len(parse_record(sealed(45).entry).digests) == 48
    with pytest.raises(LabelError, match=r"^case\.f45: a record holds at most 48"):
        sealed(46)


@pytest.mark.parametrize(
    "label",
    [
        pytest.param(b'{"level": "SECRET"}', id="a space"),
        pytest.param(b'"a","b"', id="two values"),
        pytest.param(b'"a"]["b"', id="two arrays"),
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"_sd":[]}', id="a reserved member"),
        pytest.param(b"[" * 8 + b"]" * 8, id="nested eight deep, nine with the disclosure itself"),
        pytest.param(b'"\xff"', id="no text"),
    ],
)
def test_a_label_that_is_not_in_the_one_spelling_is_refused(label: bytes) -> None:
    """A label comes spelled, and is believed no more than a field: what is sealed, a reader can open."""
    portions = {**drafts(), "item": replace(drafts()["item"], label=label)}

    with pytest.raises(LedgerError):
        seal_record(signer=SIGNER, kid=KID, iat=IAT, ep=1, portions=portions, slip=OFF)


def test_a_refusal_never_quotes_a_value() -> None:
    """Error texts end in logs: none holds what the person typed into a field."""
    values: tuple[JsonValue, ...] = ("canary\x00", {"_sd": "canary"}, "canary" * 400)
    for value in values:
        assert "canary" not in refused({**FIELDS, "item": {"item.note": value}})


@pytest.mark.parametrize("left", ["item", "event", "case"])
def test_a_record_has_always_three_portions(left: str) -> None:
    """Leaving one out is refused: its absence would say something."""
    some = {portion: draft for portion, draft in drafts().items() if portion != left}

    with pytest.raises(MalformedError):
        seal_record(signer=SIGNER, kid=KID, iat=IAT, ep=1, portions=some, slip=OFF)


def test_a_fourth_portion_is_refused() -> None:
    """There is no place for it."""
    with pytest.raises(MalformedError):
        seal_record(signer=SIGNER, kid=KID, iat=IAT, ep=1, portions={**drafts(), "other": drafts()["case"]}, slip=OFF)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_an_epoch_key_of_another_length_is_refused(size: int) -> None:
    """A key is 32 bytes; a shorter one would seal just as silently."""
    short = replace(drafts()["item"], epoch_key=bytes(size))

    with pytest.raises((CryptoError, LedgerError)):
        seal_record(signer=SIGNER, kid=KID, iat=IAT, ep=1, portions={**drafts(), "item": short}, slip=OFF)


def test_only_an_ed25519_key_signs_a_record() -> None:
    """Another algorithm would be refused by every reader, so it is refused here."""
    other = SeedSigner(Algorithm.ML_DSA_65, seed("another algorithm"))

    with pytest.raises(MalformedError):
        seal_record(signer=other, kid=KID, iat=IAT, ep=1, portions=drafts(), slip=OFF)


def test_an_epoch_before_the_first_is_refused() -> None:
    """Epochs count from 1."""
    with pytest.raises(MalformedError):
        seal(ep=0)


def test_a_draft_shows_neither_key_nor_field() -> None:
    """The repr, which ends in logs, holds neither."""
    shown = repr(PortionDraft(label=b"canary", fields={"item.make": "canary"}, epoch_key=b"canary"))

    assert "canary" not in shown


def test_a_slip_that_cannot_be_is_refused_before_anything_is_signed() -> None:
    """A record that claims to be matched needs a token epoch."""
    with pytest.raises(LabelError):
        seal_record(signer=SIGNER, kid=KID, iat=IAT, ep=1, portions=drafts(), slip=SlipDraft(hit=Hit.OPEN))


def test_levels_are_the_labels_business() -> None:
    """A label of any level is sealed alike: nothing outside depends on it."""
    shapes = set()
    for level in Level:
        label = spell_value("label", {"level": level.name})
        portions = {name: replace(draft, label=label) for name, draft in drafts().items()}
        shapes.add(str(shape(seal_record(signer=SIGNER, kid=KID, iat=IAT, ep=1, portions=portions, slip=OFF))))

    assert len(shapes) == 1


def test_the_id_is_sixteen_bytes_of_a_hash() -> None:
    """The id in the name is the one in the payload."""
    sealed = seal()
    payload = json.loads(jws.parse_compact(sealed.entry).payload)

    assert sealed.name.jti == unb64u(payload["jti"], size=16)
