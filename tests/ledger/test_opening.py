"""Opening a portion, and every way to pass off one ciphertext for another (docs/protocol.md, 4.5 and 4.6)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import portionkeys
from crypto.digests import sha256
from crypto.encoding import b64u
from ledger.errors import LedgerError, MalformedError, ProofError
from ledger.identifiers import KeyId, StatementName
from ledger.jsontext import JsonValue
from ledger.opening import check_disclosures, open_with_keys, which_key
from ledger.portions import pack
from ledger.recordform import DIGESTS, PORTIONS, PortionCommitment, Record, check_blobs, parse_record
from ledger.sealing import portion_context
from ledger.statements import SealedStatement
from tests.support.records import EPOCH_KEYS, FIELDS, ISS, LABEL, make_disclosure, open_portion, seal, seed

SEALED = seal()
RECORD = parse_record(SEALED.entry)
CIPHERTEXTS = dict(zip(PORTIONS, SEALED.blobs[1:], strict=True))
ALL_KEYS = list(EPOCH_KEYS.values())


def disclosures(portion: str) -> tuple[str, ...]:
    """Return the disclosures of one portion of the record."""
    return open_portion(RECORD, portion, epoch_keys=ALL_KEYS, ciphertext=CIPHERTEXTS[portion]).disclosures


ITEM, EVENT, CASE = (disclosures(portion) for portion in PORTIONS)


@pytest.mark.parametrize("portion", PORTIONS)
def test_the_key_that_fits_is_found_by_trial(portion: str) -> None:
    """No portion names its key: among many, the one that fits opens it."""
    keys = [*(seed(f"other {number}") for number in range(20)), *ALL_KEYS]

    opened = open_portion(RECORD, portion, epoch_keys=keys, ciphertext=CIPHERTEXTS[portion])

    assert (portion, LABEL, FIELDS[portion]) == (opened.portion, opened.label_json, dict(opened.fields))
    assert opened.keys == which_key(RECORD.name, portion, RECORD.portions[portion].kc, [EPOCH_KEYS[portion]])


def test_at_most_sixty_four_keys_are_tried() -> None:
    """A reader that holds very many keys spends a bounded time on a record: the 64th counts, the 65th does not."""
    others = [seed(f"other {number}") for number in range(64)]
    kc = RECORD.portions["item"].kc

    assert which_key(RECORD.name, "item", kc, [*others[:63], EPOCH_KEYS["item"]]) is not None
    assert which_key(RECORD.name, "item", kc, [*others, EPOCH_KEYS["item"]]) is None


def test_keys_are_taken_one_by_one() -> None:
    """A generator of keys is asked for no key after the one that fits."""
    asked = []

    def keys() -> Iterator[bytes]:
        for key in ALL_KEYS:
            asked.append(key)
            yield key

    which_key(RECORD.name, "item", RECORD.portions["item"].kc, keys())

    assert [EPOCH_KEYS["item"]] == asked


@pytest.mark.parametrize("portion", PORTIONS)
def test_without_its_key_a_portion_stays_closed(portion: str) -> None:
    """The keys of the two other portions, or none, open nothing."""
    others = [key for name, key in EPOCH_KEYS.items() if name != portion]

    for keys in (others, []):
        with pytest.raises(ProofError, match=rf"^{portion}: none of the keys held fits"):
            open_portion(RECORD, portion, epoch_keys=keys, ciphertext=CIPHERTEXTS[portion])


@pytest.mark.parametrize("portion", PORTIONS)
def test_a_record_key_opens_its_one_portion(portion: str) -> None:
    """A release carries kr: it opens this portion, and no other portion of the record."""
    kr = portionkeys.derive(epoch_key=EPOCH_KEYS[portion], context=portion_context(RECORD.name, portion)).record_key
    keys = portionkeys.from_record_key(kr)

    opened = open_with_keys(RECORD, portion, keys=keys, ciphertext=CIPHERTEXTS[portion])

    assert FIELDS[portion] == dict(opened.fields)
    for other in set(PORTIONS) - {portion}:
        with pytest.raises(ProofError):
            open_with_keys(RECORD, other, keys=keys, ciphertext=CIPHERTEXTS[other])


def lying(**changes: object) -> Record:
    """Return the record as if its signed statement had said something else of its item portion."""
    item = RECORD.portions["item"]._replace(**changes)
    return replace(RECORD, portions={**RECORD.portions, "item": item})


def attempt(record: Record, ciphertext: bytes, *, portion: str = "item") -> None:
    """Try to open a portion with every key there is."""
    open_portion(record, portion, epoch_keys=ALL_KEYS, ciphertext=ciphertext)


def test_the_ciphertext_of_another_record_is_refused() -> None:
    """The same portion of another record of the same epoch and key does not pass for this one's."""
    with pytest.raises(ProofError):
        attempt(RECORD, seal().blobs[1])


def test_the_ciphertext_of_another_record_is_refused_even_if_the_hash_were_signed() -> None:
    """An issuer that names another record's ciphertext gains nothing: keys and context are this record's own."""
    other = seal().blobs[1]

    with pytest.raises(ProofError):
        attempt(lying(ct=sha256(other)), other)


def test_another_records_commitment_and_ciphertext_together_are_refused() -> None:
    """A whole portion copied from another record opens under no key here: the key binds the record id."""
    sealed = seal()
    other = parse_record(sealed.entry).portions["item"]

    with pytest.raises(ProofError):
        attempt(lying(kc=other.kc, a=other.a, ct=other.ct), sealed.blobs[1])


def test_a_portion_moved_to_another_place_is_refused() -> None:
    """The event's ciphertext in the item's place, hash and commitment included, does not open."""
    event = RECORD.portions["event"]

    with pytest.raises(ProofError):
        attempt(RECORD, CIPHERTEXTS["event"])
    with pytest.raises(ProofError):
        attempt(lying(kc=event.kc, a=event.a, ct=event.ct), CIPHERTEXTS["event"])


def test_a_portion_of_another_epoch_is_refused() -> None:
    """A record sealed under the next epoch's keys does not open with this epoch's."""
    with pytest.raises(ProofError):
        open_portion(
            RECORD,
            "item",
            epoch_keys=[seed(f"next epoch {portion}") for portion in PORTIONS],
            ciphertext=CIPHERTEXTS["item"],
        )


def test_a_portion_claimed_by_another_issuer_is_refused() -> None:
    """A copied record under another agency's name opens with nobody's key: the key binds the issuer."""
    stolen = replace(RECORD, name=StatementName("xbe-cib", RECORD.name.jti), kid=KeyId("xbe-cib", 1))

    with pytest.raises(ProofError):
        attempt(stolen, CIPHERTEXTS["item"])


def test_a_portion_under_another_id_is_refused() -> None:
    """A record given another id opens with nobody's key."""
    with pytest.raises(ProofError):
        attempt(replace(RECORD, name=StatementName(ISS, bytes(16))), CIPHERTEXTS["item"])


@given(at=st.integers(0, len(CIPHERTEXTS["item"]) - 1), flip=st.integers(1, 255))
def test_one_changed_byte_of_a_ciphertext_is_refused(at: int, flip: int) -> None:
    """Every byte counts, by its hash and, were the hash changed too, by the seal."""
    raw = bytearray(CIPHERTEXTS["item"])
    raw[at] ^= flip

    with pytest.raises(ProofError):
        attempt(RECORD, bytes(raw))
    with pytest.raises(ProofError):
        attempt(lying(ct=sha256(bytes(raw))), bytes(raw))


@pytest.mark.parametrize("ciphertext", [b"", CIPHERTEXTS["item"][:-1], CIPHERTEXTS["item"] + b"\0"])
def test_a_ciphertext_of_another_length_is_refused(ciphertext: bytes) -> None:
    """Shorter and longer ones do not open, whatever hash was signed."""
    with pytest.raises(ProofError):
        attempt(lying(ct=sha256(ciphertext)), ciphertext)


def test_the_wrong_commitment_is_found_before_decryption() -> None:
    """A ciphertext that would decrypt is refused if the signed commitment is not its key's."""
    keys = which_key(RECORD.name, "item", RECORD.portions["item"].kc, ALL_KEYS)
    assert keys is not None

    with pytest.raises(ProofError, match="does not open"):
        open_with_keys(lying(kc=bytes(32)), "item", keys=keys, ciphertext=CIPHERTEXTS["item"])


def forged(
    fields: Sequence[tuple[str, JsonValue]], *, digests: tuple[str, ...] = RECORD.digests
) -> tuple[Record, bytes]:
    """Return a record of a dishonest issuer, whose item portion holds any fields, and that portion's ciphertext."""
    listed = [(name, make_disclosure(salt=bytes(16), name=name, value=value).encode()) for name, value in fields]
    return forged_plaintext(pack("item", listed), digests=digests)


def forged_plaintext(plaintext: bytes, *, digests: tuple[str, ...] = RECORD.digests) -> tuple[Record, bytes]:
    """Return a record of a dishonest issuer, whose item portion holds any plaintext."""
    context = portion_context(RECORD.name, "item")
    sealed = portionkeys.seal(epoch_key=EPOCH_KEYS["item"], context=context, plaintext=plaintext)
    kc, tag, ciphertext = sealed
    commitment = PortionCommitment(kc=kc, a=sha256(tag), ct=sha256(ciphertext))
    return replace(
        RECORD, listed='","'.join(digests).encode(), portions={**RECORD.portions, "item": commitment}
    ), ciphertext


@pytest.mark.parametrize("shown", [1, len(ITEM) - 1])
def test_attack_a_reader_seals_a_portion_anew_with_fewer_of_its_fields(shown: int) -> None:
    """Whoever holds the key can seal signed fields anew for the operator to hand out: only the hash shows what is left out."""
    fewer = [(f"item.{place}", text.encode()) for place, text in enumerate(ITEM[:shown])]
    _, ciphertext = forged_plaintext(pack("item", fewer))

    with pytest.raises(ProofError, match=r"^item: the ciphertext is not the one the record names"):
        attempt(RECORD, ciphertext)


def test_fields_the_issuer_did_not_sign_for_are_refused() -> None:
    """A portion whose disclosures have no digest in the record is not shown: it could be denied later."""
    record, ciphertext = forged([("item.label", {}), ("item.make", "TAU")])

    with pytest.raises(ProofError, match=r"^item\.label: the record did not sign"):
        attempt(record, ciphertext)


def test_a_single_unsigned_field_among_signed_ones_is_refused() -> None:
    """One added field spoils the portion; the others are not shown without it."""
    unsigned = make_disclosure(salt=bytes(16), name="item.x", value=1).encode()
    record, ciphertext = forged_plaintext(pack("item", [("item.label", ITEM[0].encode()), ("item.x", unsigned)]))

    with pytest.raises(ProofError, match=r"^item\.x: the record did not sign"):
        attempt(record, ciphertext)


@pytest.mark.parametrize(
    "plaintext",
    [
        pytest.param(bytes(2_048), id="nothing inside"),
        pytest.param(b"\xff" * 2_048, id="a length past the end"),
        pytest.param(pack("item", [("item.make", ITEM[1].encode())]), id="no label"),
        pytest.param(
            pack("item", [("item.label", ITEM[0].encode()), ("event.kind", EVENT[1].encode())]), id="the event's field"
        ),
        pytest.param(bytes(2_047), id="a byte short"),
    ],
)
def test_a_portion_of_another_form_is_refused(plaintext: bytes) -> None:
    """Even the right key and a good seal do not excuse a wrong form inside."""
    with pytest.raises(LedgerError):
        attempt(*forged_plaintext(plaintext))


def test_disclosures_are_read_with_their_values() -> None:
    """Any choice of disclosures, from several portions, gives names and values."""
    shown = check_disclosures(RECORD, [ITEM[3], CASE[1], EVENT[0]])

    assert dict(shown) == {"item.make": "TAU", "case.case_number": "2021/5512", "event.label": LABEL}
    assert dict(check_disclosures(RECORD, [])) == {}


def test_a_disclosure_of_another_record_is_refused() -> None:
    """A true field of another record proves nothing about this one."""
    other = seal()
    stolen = open_portion(
        parse_record(other.entry), "item", epoch_keys=ALL_KEYS, ciphertext=other.blobs[1]
    ).disclosures[1]

    with pytest.raises(ProofError):
        check_disclosures(RECORD, [stolen])


def test_one_disclosure_cannot_be_shown_twice() -> None:
    """Every disclosure consumes exactly one digest."""
    with pytest.raises(MalformedError):
        check_disclosures(RECORD, [ITEM[1], ITEM[1]])


def test_a_name_signed_for_twice_is_refused() -> None:
    """An issuer that signed two values for one name, in two portions, cannot have both shown."""
    listed = [make_disclosure(salt=bytes([at] * 16), name="item.make", value=at) for at in (1, 2)]
    digests = tuple(sorted([b64u(sha256(text.encode())) for text in listed] + list(RECORD.digests[2:])))
    record = replace(RECORD, listed='","'.join(digests).encode())
    assert len(digests) == DIGESTS

    for text in listed:
        check_disclosures(record, [text])
    with pytest.raises(MalformedError):
        check_disclosures(record, listed)


def test_an_opened_portion_shows_nothing_by_accident() -> None:
    """The repr, which ends in logs, holds neither fields nor disclosures nor keys."""
    shown = repr(open_portion(RECORD, "item", epoch_keys=ALL_KEYS, ciphertext=CIPHERTEXTS["item"]))

    assert shown == "OpenedPortion(portion='item')"


def altered(place: int, data: bytes) -> list[bytes]:
    """Return the record's blobs with one exchanged."""
    return [data if at == place else blob for at, blob in enumerate(SEALED.blobs)]


OTHER: SealedStatement = seal()


@pytest.mark.parametrize(
    "blobs",
    [
        pytest.param([], id="none"),
        pytest.param(SEALED.blobs[:3], id="one missing"),
        pytest.param([*SEALED.blobs, b""], id="one too many"),
        pytest.param(altered(0, OTHER.blobs[0]), id="another record's slip"),
        pytest.param(altered(1, OTHER.blobs[1]), id="another record's item"),
        pytest.param(altered(3, OTHER.blobs[3]), id="another record's case"),
        pytest.param([SEALED.blobs[0], SEALED.blobs[2], SEALED.blobs[1], SEALED.blobs[3]], id="in another order"),
        pytest.param(altered(2, b""), id="an empty one"),
    ],
)
def test_blobs_the_record_does_not_name_are_refused(blobs: Sequence[bytes]) -> None:
    """A service takes exactly the four blobs a record names, in their order."""
    with pytest.raises(MalformedError):
        check_blobs(RECORD, blobs)


@pytest.mark.parametrize("size", [0, 2_063, 2_065, 4_112])
def test_a_portion_of_another_size_is_refused_by_the_service(size: int) -> None:
    """The service keeps all portions the same, since it cannot see that a different one tells something."""
    data = bytes(size)

    with pytest.raises(MalformedError, match="size"):
        check_blobs(lying(ct=sha256(data)), altered(1, data))


def test_a_slip_of_another_record_is_refused_even_if_its_hash_were_signed() -> None:
    """A slip names its record, so one record's tokens cannot answer for another."""
    slip = OTHER.blobs[0]

    with pytest.raises(MalformedError, match="another record"):
        check_blobs(replace(RECORD, slip=sha256(slip)), altered(0, slip))


def test_portions_cannot_be_changed_after_parsing() -> None:
    """What was read from signed bytes stays as it was read."""
    portions: Mapping[str, PortionCommitment] = RECORD.portions

    with pytest.raises(TypeError):
        portions["item"] = portions["event"]  # type: ignore[index]  # that it fails is the point
