"""The form of a record: exactly one grammar, to the byte (docs/protocol.md, 4.1)."""

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u, b64u_ascii, unb64u
from ledger import jsontext, jws
from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.identifiers import KeyId, StatementName
from ledger.jsontext import JsonValue
from ledger.kinds import Typ
from ledger.recordform import (
    DIGESTS,
    PORTIONS,
    PortionCommitment,
    Record,
    RecordHead,
    parse_head,
    parse_record,
    record_payload,
)
from ledger.statements import sign_statement
from tests.support.records import IAT, ISS, KID, SIGNER, seal, seed

RAW = st.binary(min_size=32, max_size=32)
IDS = st.binary(min_size=16, max_size=16)
COMMITMENTS = st.builds(PortionCommitment, kc=RAW, a=RAW, ct=RAW)


def payload_of(entry: bytes) -> bytes:
    """Return the payload of an entry."""
    return jws.parse_compact(entry).payload


def signed(payload: bytes, *, kid: KeyId = KID, typ: Typ = Typ.RECORD) -> bytes:
    """Return any payload, properly signed as a record of the agency."""
    return sign_statement(signer=SIGNER, kid=kid, typ=typ, payload=payload)


RECORD = seal(sup=bytes(16))
PAYLOAD = payload_of(RECORD.entry)


def test_a_record_is_what_the_protocol_spells() -> None:
    """Members, their order and their sizes are those of the protocol, read by an ordinary JSON parser."""
    payload = json.loads(PAYLOAD)

    assert list(payload) == ["iss", "iat", "jti", "ver", "ep", "_sd_alg", "_sd", "prt", "slip", "sup"]
    assert [list(portion) for portion in payload["prt"]] == [["kc", "a", "ct"]] * 3
    assert (payload["iss"], payload["iat"], payload["ver"], payload["ep"]) == (ISS, IAT, 1, 3)
    assert payload["_sd_alg"] == "sha-256"
    assert len(payload["_sd"]) == DIGESTS == 48
    assert sorted(payload["_sd"]) == payload["_sd"]
    assert jsontext.dump(payload) == PAYLOAD


def test_a_record_says_what_its_payload_says() -> None:
    """The grammar reads the same values as an ordinary JSON parser does."""
    payload, record = json.loads(PAYLOAD), parse_record(RECORD.entry)

    assert (StatementName(ISS, unb64u(payload["jti"])), KID) == (record.name, record.kid)
    assert (IAT, 3, unb64u(payload["slip"]), bytes(16)) == (record.iat, record.ep, record.slip, record.sup)
    assert tuple(payload["_sd"]) == record.digests
    assert tuple(record.portions) == PORTIONS
    assert [tuple(map(unb64u, one.values())) for one in payload["prt"]] == [
        (one.kc, one.a, one.ct) for one in record.portions.values()
    ]
    assert RECORD.entry == record.entry


@given(
    iat=st.integers(0, 2**53 - 1),
    ep=st.integers(1, 2**53 - 1),
    jti=IDS,
    portions=st.tuples(COMMITMENTS, COMMITMENTS, COMMITMENTS),
    slip=RAW,
    sup=st.none() | IDS,
)
def test_a_record_is_read_back_as_it_was_written(
    *,
    iat: int,
    ep: int,
    jti: bytes,
    portions: tuple[PortionCommitment, PortionCommitment, PortionCommitment],
    slip: bytes,
    sup: bytes | None,
) -> None:
    """Any values of the right sizes survive the round trip, and the spelling is the one of JSON."""
    name = StatementName(ISS, jti)
    digests = sorted(b64u_ascii(seed(f"digest {number}")) for number in range(DIGESTS))
    payload = record_payload(name=name, iat=iat, ep=ep, digests=digests, portions=portions, slip=slip, sup=sup)

    record = parse_record(entry := signed(payload))

    assert payload == jsontext.dump(jsontext.load(payload))
    assert record == Record(
        name=name,
        kid=KID,
        iat=iat,
        ep=ep,
        listed=b'","'.join(digests),
        portions=dict(zip(PORTIONS, portions, strict=True)),
        slip=slip,
        sup=sup,
        entry=entry,
    )
    assert record.digests == tuple(text.decode() for text in digests)


def replaced(pattern: str, by: str) -> Callable[[bytes], bytes]:
    """Return a change that puts `by` in the place of the first match of `pattern`, which must be there."""

    def change(payload: bytes) -> bytes:
        changed, count = re.subn(pattern, by, payload.decode(), count=1)
        assert count == 1
        return changed.encode()

    return change


def reshaped(change: Callable[[dict[str, JsonValue]], object]) -> Callable[[bytes], bytes]:
    """Return a change made to the parsed payload and spelled again."""

    def spell(payload: bytes) -> bytes:
        value = json.loads(payload)
        change(value)
        return json.dumps(value, separators=(",", ":")).encode()

    return spell


def _digests(value: dict[str, JsonValue]) -> list[JsonValue]:
    listed = value["_sd"]
    assert isinstance(listed, list)
    return listed


ANOTHER = b64u(seed("another"))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(replaced(r'"iss":"xar-arms"', '"iss":"xbe-cib"'), id="another agency's name"),
        pytest.param(replaced(r'"iss":"xar-arms"', '"iss":"XAR-ARMS"'), id="an issuer in capitals"),
        pytest.param(replaced(r'"iss":"xar-arms",', ""), id="no issuer"),
        pytest.param(replaced(r'"iat":\d+', '"iat":"0"'), id="a time that is a text"),
        pytest.param(replaced(r'"iat":\d+', '"iat":01'), id="a time with a zero before"),
        pytest.param(replaced(r'"iat":\d+', '"iat":-1'), id="a time before 1970"),
        pytest.param(replaced(r'"iat":\d+', '"iat":1.0'), id="a time with a fraction"),
        pytest.param(replaced(r'"iat":\d+', '"iat":1e9'), id="a time with an exponent"),
        pytest.param(replaced(r'"iat":\d+', '"iat":9007199254740992'), id="a time out of bounds"),
        pytest.param(replaced(r'"iat":\d+', '"iat":\u0661'), id="a digit of another script"),
        pytest.param(replaced(r'"ver":1', '"ver":2'), id="another version"),
        pytest.param(replaced(r'"ver":1', '"ver":true'), id="a version that is true"),
        pytest.param(replaced(r'"ep":3', '"ep":0'), id="epoch 0"),
        pytest.param(replaced(r'"ep":3', '"ep":9007199254740992'), id="an epoch out of bounds"),
        pytest.param(replaced(r'"sha-256"', '"sha-512"'), id="another hash"),
        pytest.param(replaced(r'"_sd_alg":"sha-256",', ""), id="no hash named"),
        pytest.param(replaced(r'"jti":"[^"]{22}"', '"jti":"AAAAAAAAAAAAAAAAAAAAAB"'), id="stray bits in the id"),
        pytest.param(replaced(r'"jti":"[^"]{22}"', '"jti":"AAAAAAAAAAAAAAAAAAAAA"'), id="a short id"),
        pytest.param(replaced(r'"jti":"[^"]{22}"', '"jti":"AAAAAAAAAAAAAAAAAAAA=="'), id="a padded id"),
        pytest.param(replaced(r'"slip":"[^"]{42}.', '"slip":"' + "A" * 42 + "B"), id="stray bits in a hash"),
        pytest.param(replaced(r'"slip":"[^"]{42}.', '"slip":"' + "A" * 42 + "="), id="a hash with padding"),
        pytest.param(replaced(r'"slip":"[^"]{42}.', '"slip":"' + "A" * 42), id="a short hash"),
        pytest.param(replaced(r'"slip":"[^"]{42}.', '"slip":"' + "+" * 42 + "A"), id="the other alphabet"),
        pytest.param(replaced(r'"slip":"[^"]+",', ""), id="no slip"),
        pytest.param(replaced(r'"sup":"[^"]+"', '"sup":null'), id="supersedes null"),
        pytest.param(replaced(r'"sup":"[^"]+"', '"sup":""'), id="supersedes nothing"),
        pytest.param(replaced(r"\}$", ',"exp":1}'), id="an unknown member"),
        pytest.param(replaced(r"\}$", ',"sup":"AAAAAAAAAAAAAAAAAAAAAA"}'), id="a member twice"),
        pytest.param(replaced(r"\}$", "} "), id="a space after"),
        pytest.param(replaced(r"\}$", "}\n"), id="a line feed after"),
        pytest.param(replaced(r"^\{", "{ "), id="a space inside"),
        pytest.param(replaced(r'"iss"', '"\\\\u0069ss"'), id="an escaped name"),
        pytest.param(replaced(r'"kc":"[^"]+","a"', '"a"'), id="no key commitment"),
        pytest.param(replaced(r'"ct":"([^"]+)"', r'"ct":"\1","x":1'), id="an unknown member in a portion"),
        pytest.param(reshaped(lambda value: _digests(value).pop()), id="47 digests"),
        pytest.param(reshaped(lambda value: _digests(value).insert(0, "A" * 43)), id="49 digests"),
        pytest.param(reshaped(lambda value: _digests(value).reverse()), id="digests out of order"),
        pytest.param(reshaped(lambda value: _digests(value).__setitem__(1, _digests(value)[0])), id="one digest twice"),
        pytest.param(reshaped(lambda value: value.update(_sd=[])), id="no digests"),
        pytest.param(replaced(r'"_sd":\["[^"]{42}.', '"_sd":["' + "-" * 42 + "B"), id="stray bits in a digest"),
        pytest.param(replaced(r'"_sd":\["[^"]', '"_sd":["\n'), id="a line feed in a digest"),
        pytest.param(replaced(r'"_sd":\["[^"]', '"_sd":["+'), id="a digest in the other alphabet"),
        pytest.param(replaced(r'","', '"."'), id="digests joined by something else"),
        pytest.param(reshaped(lambda value: value.update(prt=[])), id="no portions"),
        pytest.param(reshaped(lambda value: value.update(iss=value.pop("iss"))), id="members in another order"),
        pytest.param(lambda payload: payload[:-1], id="cut short"),
        pytest.param(lambda payload: payload + payload, id="twice"),
        pytest.param(lambda _payload: b"", id="nothing"),
        pytest.param(lambda _payload: b"{}", id="an empty object"),
    ],
)
def test_another_payload_is_refused(change: Callable[[bytes], bytes]) -> None:
    """A properly signed payload of any other form is no record."""
    parse_record(signed(PAYLOAD))

    with pytest.raises(MalformedError):
        parse_record(signed(change(PAYLOAD)))


@pytest.mark.parametrize("typ", [typ for typ in Typ if typ is not Typ.RECORD])
def test_a_record_under_another_kind_is_refused(typ: Typ) -> None:
    """The kind in the header decides how an entry is read: a record signed as a grant is neither."""
    with pytest.raises(MalformedError):
        parse_record(signed(PAYLOAD, typ=typ))


def test_a_record_under_another_agencys_key_is_refused() -> None:
    """The issuer is the agency of the key that signed."""
    with pytest.raises(MalformedError):
        parse_record(signed(PAYLOAD, kid=KeyId("xbe-cib", 4)))


def test_another_algorithm_in_the_header_is_refused() -> None:
    """A statement is signed with Ed25519; a header that says otherwise is another form."""
    protected = jws.protected_header(alg="ML-DSA-65", kid=KID, typ=Typ.RECORD)

    with pytest.raises(MalformedError):
        parse_record(jws.format_compact(jws.signing_input(protected, PAYLOAD), bytes(64)))


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_signature_of_another_length_is_refused(size: int) -> None:
    """An Ed25519 signature has 64 bytes."""
    protected, payload, _ = RECORD.entry.split(b".")

    with pytest.raises(MalformedError):
        parse_record(jws.format_compact(protected + b"." + payload, bytes(size)))


def test_an_entry_that_is_too_large_is_refused() -> None:
    """Nothing above 65,535 bytes is looked at."""
    with pytest.raises(TooLargeError):
        parse_record(RECORD.entry + b"A" * 65_535)


@given(at=st.integers(0, len(RECORD.entry) - 1), byte=st.integers(0, 255))
def test_one_changed_byte_is_another_record_or_none(at: int, byte: int) -> None:
    """A changed byte is refused, or it is a record that says something else: no two spellings of one thing."""
    changed = RECORD.entry[:at] + bytes([byte]) + RECORD.entry[at + 1 :]
    try:
        record = parse_record(changed)
    except LedgerError:
        return

    original = jws.parse_compact(RECORD.entry)
    other = jws.parse_compact(changed)
    assert record.entry == changed
    assert (changed == RECORD.entry) == (other == original)


@given(
    at=st.integers(PAYLOAD.index(b'"_sd":') + 7, PAYLOAD.index(b'"prt":') - 3),
    byte=st.sampled_from(b'\x00\n!"+,-/=@ABEZ[_z{\x7f\x80\xff'),
)
def test_one_changed_byte_among_the_digests_is_refused_or_a_digest(at: int, byte: int) -> None:
    """The digests are cut out by their length alone: what stands there is held to the one spelling all the same."""
    payload = PAYLOAD[:at] + bytes([byte]) + PAYLOAD[at + 1 :]
    try:
        record = parse_record(signed(payload))
    except MalformedError:
        return

    assert json.loads(payload)["_sd"] == list(record.digests)
    assert all(b64u(unb64u(text, size=32)) == text for text in record.digests)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_only_our_error(raw: bytes) -> None:
    """Garbage is refused by our own error, as an entry and as a payload."""
    with pytest.raises(LedgerError):
        parse_record(raw)
    with pytest.raises(MalformedError):
        parse_record(signed(raw))


@pytest.mark.parametrize(("iat", "ep"), [(-1, 1), (2**53, 1), (0, 0), (0, -1), (0, 2**53)])
def test_numbers_out_of_bounds_are_never_written(iat: int, ep: int) -> None:
    """What could not be read back is not signed either."""
    none = PortionCommitment(kc=bytes(32), a=bytes(32), ct=bytes(32))

    with pytest.raises(MalformedError):
        record_payload(
            name=StatementName(ISS, bytes(16)),
            iat=iat,
            ep=ep,
            digests=[ANOTHER.encode()] * DIGESTS,
            portions=[none] * 3,
            slip=bytes(32),
            sup=None,
        )


def test_a_head_is_the_beginning_of_the_whole() -> None:
    """What an audit keeps of a record is what the record says."""
    whole = parse_record(RECORD.entry)

    assert parse_head(RECORD.entry) == RecordHead(name=whole.name, ep=whole.ep, sup=whole.sup)
    assert not isinstance(parse_head(RECORD.entry), Record)


@given(at=st.integers(0, len(RECORD.entry) - 1), byte=st.integers(0, 255))
def test_a_head_is_read_as_strictly_as_the_whole(at: int, byte: int) -> None:
    """There is no entry that one of the two readers takes and the other refuses."""
    entry = RECORD.entry[:at] + bytes([byte]) + RECORD.entry[at + 1 :]
    readings: list[object] = []
    for read in (parse_record, parse_head):
        try:
            found = read(entry)
        except LedgerError as error:
            readings.append(str(error))
        else:
            readings.append((found.name, found.ep, found.sup))

    assert readings[0] == readings[1]
