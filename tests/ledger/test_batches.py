"""Batches: a root over statements under two signatures, both of which count (docs/protocol.md, 7)."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS, InvalidJWSSignature

from crypto.encoding import b64u
from crypto.signing import Algorithm, SeedSigner, Signer
from ledger import jws
from ledger.batches import FIRST_PREV, MAX_STATEMENTS, build_batch, parse_batch, statements_root
from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.identifiers import KeyId
from ledger.kinds import Typ
from ledger.merkle import inclusion_proof_of, leaf_hash, root_of, verify_inclusion
from tests.support.records import BATCH_KID, BATCH_SIGNER, IAT, ISS, KID, SIGNER, seal, seed

LOG = "log.example.org/weapons"
STATEMENTS = [seal().entry for _ in range(3)]


def batch(
    *,
    statements: list[bytes] = STATEMENTS,
    seq: int = 17,
    prev: bytes = bytes(32),
    kx: int = 5,
    log: str = LOG,
    iss: str = ISS,
    sign: tuple[Signer, KeyId] = (SIGNER, KID),
    second: tuple[Signer, KeyId] = (BATCH_SIGNER, BATCH_KID),
) -> bytes:
    """Return a batch of the agency."""
    return build_batch(
        log=log, iss=iss, iat=IAT, seq=seq, prev=prev, kx=kx, statements=statements, sign=sign, batch=second
    )


RAW = batch()
BATCH = parse_batch(RAW)
PAYLOAD = json.loads(BATCH.payload)
CLASSICAL = {"kty": "OKP", "crv": "Ed25519", "x": b64u(SIGNER.public_key.raw)}
POST_QUANTUM = {"kty": "AKP", "alg": "ML-DSA-65", "pub": b64u(BATCH_SIGNER.public_key.raw)}


@given(seq=st.integers(1, 2**53 - 1), kx=st.integers(0, 2**53 - 1), prev=st.binary(min_size=32, max_size=32))
@settings(max_examples=15)
def test_a_batch_is_read_back_as_it_was_built(seq: int, kx: int, prev: bytes) -> None:
    """Every member comes back as it went in."""
    found = parse_batch(batch(seq=seq, kx=kx, prev=prev))

    assert (LOG, ISS, IAT, seq, prev, kx, 3) == (
        found.log, found.iss, found.iat, found.seq, found.prev, found.kx, found.n,
    )  # fmt: skip
    assert statements_root(STATEMENTS) == found.root


def test_a_batch_is_what_the_protocol_spells() -> None:
    """Members, their order, and the whole entry to the byte."""
    assert list(PAYLOAD) == ["typ", "log", "iss", "iat", "seq", "prev", "kx", "n", "root"]
    assert PAYLOAD["typ"] == "sealtrace/v1/batch"
    assert [list(one) for one in json.loads(RAW)["signatures"]] == [["protected", "signature"]] * 2
    assert list(json.loads(RAW)) == ["payload", "signatures"]
    assert json.dumps(json.loads(RAW), separators=(",", ":")).encode() == RAW


def test_the_root_is_the_rfc_6962_root_of_the_statements() -> None:
    """Each statement can be proved to stand under the batch's root."""
    leaves = [leaf_hash(statement) for statement in STATEMENTS]

    assert root_of(leaves) == BATCH.root
    for index, leaf in enumerate(leaves):
        verify_inclusion(leaf=leaf, index=index, size=3, proof=inclusion_proof_of(leaves, index), root=BATCH.root)


@pytest.mark.parametrize("key", [CLASSICAL, POST_QUANTUM], ids=["Ed25519", "ML-DSA-65"])
def test_another_library_verifies_each_signature(key: Mapping[str, str]) -> None:
    """Jwcrypto from PyPI verifies both signatures of our JSON General, the post-quantum one as RFC 9964 says."""
    verifier = JWS()
    verifier.deserialize(RAW.decode())

    verifier.verify(JWK(**key))

    assert BATCH.payload == verifier.payload


@pytest.mark.parametrize(("place", "key"), [(0, CLASSICAL), (1, POST_QUANTUM)], ids=["Ed25519", "ML-DSA-65"])
def test_another_library_refuses_a_changed_signature(place: int, key: Mapping[str, str]) -> None:
    """One changed letter in either signature, and that signature is refused."""
    entry = json.loads(RAW)
    signature = entry["signatures"][place]["signature"]
    entry["signatures"] = [
        {**entry["signatures"][place], "signature": ("A" if signature[0] != "A" else "B") + signature[1:]}
    ]
    verifier = JWS()
    verifier.deserialize(json.dumps(entry))

    with pytest.raises(InvalidJWSSignature):
        verifier.verify(JWK(**key))


@pytest.mark.parametrize(("place", "signer"), [(0, SIGNER), (1, BATCH_SIGNER)], ids=["Ed25519", "ML-DSA-65"])
def test_each_signature_is_over_the_bytes_received(place: int, signer: Signer) -> None:
    """The agency's keys verify, by name, the input that the entry itself gives."""
    signature = BATCH.general.signatures[place]

    signer.public_key.verify(message=BATCH.general.signing_input(signature), signature=signature.signature)


def test_the_next_batch_names_this_ones_payload() -> None:
    """The hash of the payload is over its decoded bytes, so re-signing changes nothing in the chain."""
    again = parse_batch(batch())

    assert BATCH.payload_hash == again.payload_hash
    assert parse_batch(batch(seq=18, prev=BATCH.payload_hash)).prev == BATCH.payload_hash


def test_the_first_batch_follows_zeros() -> None:
    """An agency's chain starts at seq 1 on 32 zero bytes."""
    assert bytes(32) == FIRST_PREV == parse_batch(batch(seq=1, prev=FIRST_PREV)).prev


def header(alg: str = "Ed25519", kid: KeyId = KID, typ: Typ = Typ.BATCH) -> bytes:
    """Return a protected header."""
    return jws.protected_header(alg=alg, kid=kid, typ=typ)


def resigned(*signatures: tuple[bytes, int], payload: bytes = BATCH.payload) -> bytes:
    """Return the batch with other headers and signatures of other sizes."""
    return jws.format_general(
        payload, tuple(jws.Signature(protected=protected, signature=bytes(size)) for protected, size in signatures)
    )


ED = (header(), 64)
PQ = (header("ML-DSA-65", BATCH_KID), 3_309)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(resigned(ED), id="only the classical signature"),
        pytest.param(resigned(PQ), id="only the post-quantum signature"),
        pytest.param(resigned(PQ, ED), id="in the other order"),
        pytest.param(resigned(ED, ED), id="the classical one twice"),
        pytest.param(resigned(PQ, PQ), id="the post-quantum one twice"),
        pytest.param(resigned(ED, PQ, PQ), id="three"),
        pytest.param(resigned((header(kid=KeyId("xbe-cib", 4)), 64), PQ), id="the first by another agency"),
        pytest.param(resigned(ED, (header("ML-DSA-65", KeyId("xbe-cib", 5)), 3_309)), id="the second by another"),
        pytest.param(resigned((header(typ=Typ.RECORD), 64), PQ), id="signed as a record"),
        pytest.param(resigned(ED, (header("ML-DSA-65", BATCH_KID, Typ.CHARTER), 3_309)), id="signed as a charter"),
        pytest.param(resigned(ED, (header("ML-DSA-44", BATCH_KID), 2_420)), id="a weaker algorithm"),
        pytest.param(resigned(ED, (header("none", BATCH_KID), 0)), id="no algorithm"),
        pytest.param(resigned((header(), 63), PQ), id="a short classical signature"),
        pytest.param(resigned(ED, (header("ML-DSA-65", BATCH_KID), 3_308)), id="a short post-quantum signature"),
        pytest.param(resigned(ED, (header("ML-DSA-65", BATCH_KID), 0)), id="an empty post-quantum signature"),
        pytest.param(RAW + b"\n", id="a line feed after"),
        pytest.param(RAW.replace(b'","signatures"', b'", "signatures"'), id="a space inside"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_batch_without_both_signatures_in_their_places_is_refused(raw: bytes) -> None:
    """One good signature of two is not enough, whichever it is; each stands in its place."""
    parse_batch(resigned(ED, PQ))

    with pytest.raises(MalformedError):
        parse_batch(raw)


def changed(**members: Any) -> bytes:
    """Return the batch with members of its payload exchanged."""
    return resigned(ED, PQ, payload=json.dumps({**PAYLOAD, **members}, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    "members",
    [
        {"typ": "sealtrace/v1/charter"},
        {"log": ""},
        {"log": "log example"},
        {"log": "log+example"},
        {"log": None},
        {"iss": "police"},
        {"iss": "xbe-cib"},
        {"iat": -1},
        {"iat": 1.0},
        {"seq": 0},
        {"seq": True},
        {"seq": 2**53},
        {"prev": ""},
        {"prev": b64u(bytes(31))},
        {"kx": -1},
        {"kx": None},
        {"n": 0},
        {"n": MAX_STATEMENTS + 1},
        {"root": b64u(bytes(33))},
        {"more": 1},
    ],
)
def test_another_payload_is_refused(members: Mapping[str, Any]) -> None:
    """A payload of any other form closes nothing."""
    with pytest.raises(MalformedError):
        parse_batch(changed(**members))


@pytest.mark.parametrize(
    "spell",
    [
        lambda value: json.dumps(value).encode(),
        lambda value: json.dumps(dict(reversed(value.items())), separators=(",", ":")).encode(),
        lambda value: json.dumps(value, separators=(",", ":"))[:-1].encode(),
        lambda _value: b"[]",
        lambda _value: b"",
    ],
)
def test_another_spelling_of_the_payload_is_refused(spell: Callable[[dict[str, Any]], bytes]) -> None:
    """Spacing and order of members are exact."""
    with pytest.raises(MalformedError):
        parse_batch(resigned(ED, PQ, payload=spell(PAYLOAD)))


def test_a_batch_larger_than_an_entry_is_refused() -> None:
    """The limit comes before the parser."""
    with pytest.raises(TooLargeError):
        parse_batch(RAW + b" " * 65_535)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_our_error(raw: bytes) -> None:
    """Garbage is refused by our own error, as an entry and as a payload."""
    with pytest.raises(LedgerError):
        parse_batch(raw)
    with pytest.raises(LedgerError):
        parse_batch(resigned(ED, PQ, payload=raw))


def test_batches_hold_one_to_a_thousand_statements() -> None:
    """An empty batch and one too large are not signed."""
    assert parse_batch(batch(statements=STATEMENTS[:1])).n == 1
    assert parse_batch(batch(statements=STATEMENTS[:1] * MAX_STATEMENTS)).n == MAX_STATEMENTS
    for statements in ([], STATEMENTS[:1] * (MAX_STATEMENTS + 1)):
        with pytest.raises(MalformedError):
            batch(statements=statements)


OTHER = SeedSigner(Algorithm.ML_DSA_44, seed("a weaker key"))


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"sign": (BATCH_SIGNER, BATCH_KID)}, id="twice the post-quantum key"),
        pytest.param({"second": (SIGNER, KID)}, id="twice the classical key"),
        pytest.param({"second": (OTHER, BATCH_KID)}, id="a weaker algorithm"),
        pytest.param({"iss": "xbe-cib"}, id="for another agency"),
        pytest.param({"log": "two words"}, id="no origin"),
        pytest.param({"seq": 0}, id="seq 0"),
        pytest.param({"prev": bytes(31)}, id="a short prev"),
    ],
)
def test_a_batch_nobody_could_take_is_not_handed_out(arguments: Mapping[str, Any]) -> None:
    """What the service would refuse is refused before it is written to the outbox."""
    with pytest.raises(MalformedError):
        batch(**arguments)
