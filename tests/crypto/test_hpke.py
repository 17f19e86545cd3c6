"""Boxes: the suite against published vectors, and its refusals (RFC 9180; docs/protocol.md, 2)."""

import hmac
from typing import Any

import pytest
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st

from crypto import hpke
from crypto.digests import expand, sha256
from crypto.errors import KeyRefusedError, OpenError
from tests.support.reference import vector_json

SEED = bytes(range(32))
MINE = hpke.SeedDecapsulator(SEED)
P = 2**255 - 19

# draft-connolly-cfrg-xwing-kem, test vectors 1 and 2: seeds and SHA-256 of the public keys.
XWING = [
    (
        "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
        "2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb",
    ),
    (
        "badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea",
        "c42ba5f8430d7d2c83739338203819f090e8303ce9c8b02107c272bfa5376916",
    ),
]


@pytest.mark.parametrize(("seed", "digest"), XWING)
def test_a_seed_gives_the_published_key(seed: str, digest: str) -> None:
    """The split of SHAKE256(seed, 96) is that of the KEM inside: both halves of the public key come out."""
    assert sha256(hpke.SeedDecapsulator(bytes.fromhex(seed)).public_key).hex() == digest


def test_xwing() -> None:
    """From each of the three X-Wing seeds come the public key and, inside a box of our suite, the shared secret."""
    cases = vector_json("crypto/xwing/test-vectors.json")
    assert len(cases) == 3

    for case in cases:
        _opens(
            seed=bytes.fromhex(case["sk"]),
            public_key=bytes.fromhex(case["pk"]),
            enc=bytes.fromhex(case["ct"]),
            shared_secret=bytes.fromhex(case["ss"]),
        )


def test_hpke_pq_cases_of_our_kem() -> None:
    """From both published cases of KEM 0x647a come the public key and, inside a box of our suite, the shared secret."""
    cases = _cases_of_our_kem()
    assert len(cases) == 2

    for case in cases:
        _opens(
            seed=bytes.fromhex(case["skRm"]),
            public_key=bytes.fromhex(case["pkRm"]),
            enc=bytes.fromhex(case["enc"]),
            shared_secret=bytes.fromhex(case["shared_secret"]),
        )


def test_hpke_pq_ciphertexts_of_our_kem() -> None:
    """The library opens the published ciphertexts under our private keys, in the suites the cases were made with."""
    opened = 0
    for case in _cases_of_our_kem():
        kdf = {1: KDF.HKDF_SHA256, 17: KDF.SHAKE256}[case["kdf_id"]]
        first = case["encryptions"][0]
        plaintext = openssl.hpke._decrypt_with_aad(
            Suite(KEM.MLKEM768_X25519, kdf, AEAD.CHACHA20_POLY1305),
            bytes.fromhex(case["enc"] + first["ct"]),
            hpke.SeedDecapsulator(bytes.fromhex(case["skRm"]))._private_key,
            bytes.fromhex(case["info"]),
            bytes.fromhex(first["aad"]),
        )
        assert plaintext == bytes.fromhex(first["pt"])
        opened += 1
    assert opened == 2


def _cases_of_our_kem() -> list[dict[str, Any]]:
    return [case for case in vector_json("crypto/hpke/hpke-pq-test-vectors.json") if case["kem_id"] == 0x647A]


def _opens(*, seed: bytes, public_key: bytes, enc: bytes, shared_secret: bytes) -> None:
    decapsulator = hpke.SeedDecapsulator(seed)
    key, nonce = _key_schedule(shared_secret=shared_secret, info=b"sealtrace")
    box = enc + AESGCM(key).encrypt(nonce, b"epoch key", b"")

    assert decapsulator.public_key == public_key
    assert decapsulator.open(box=box, info=b"sealtrace") == b"epoch key"
    with pytest.raises(OpenError):
        decapsulator.open(box=box, info=b"sealtracE")


def _key_schedule(*, shared_secret: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Return key and base nonce in base mode, written out from RFC 9180, 5.1 with no help from the library."""
    suite = b"HPKE" + bytes.fromhex("647a00010002")
    context = (
        b"\x00"
        + _labeled_extract(suite, salt=b"", label=b"psk_id_hash", ikm=b"")
        + _labeled_extract(suite, salt=b"", label=b"info_hash", ikm=info)
    )
    secret = _labeled_extract(suite, salt=shared_secret, label=b"secret", ikm=b"")
    return (
        expand(secret, b"\x00\x20HPKE-v1" + suite + b"key" + context),
        expand(secret, b"\x00\x0cHPKE-v1" + suite + b"base_nonce" + context)[:12],
    )


def _labeled_extract(suite: bytes, *, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")


@given(st.binary(max_size=300), st.binary(max_size=100))
def test_what_is_sealed_opens(plaintext: bytes, info: bytes) -> None:
    """A box opens to what was sealed, and is longer by a constant."""
    box = hpke.seal(public_key=MINE.public_key, info=info, plaintext=plaintext)

    assert MINE.open(box=box, info=info) == plaintext
    assert len(box) == len(plaintext) + hpke.BOX_OVERHEAD


def test_sizes_are_those_of_the_protocol() -> None:
    """Keys and boxes have the sizes that the protocol's limits count on."""
    box = hpke.seal(public_key=MINE.public_key, info=b"", plaintext=bytes(32))

    assert (len(MINE.public_key), len(box), hpke.BOX_OVERHEAD) == (1_216, 1_168, 1_136)


def test_two_boxes_of_one_plaintext_differ() -> None:
    """Boxes are randomised: nobody sees that two recipients, or two epochs, were sent the same."""
    boxes = {hpke.seal(public_key=MINE.public_key, info=b"", plaintext=bytes(32)) for _ in range(3)}

    assert len({box[:1_120] for box in boxes}) == len({box[1_120:] for box in boxes}) == 3


def test_attack_box_for_another_purpose() -> None:
    """A box sealed with one info opens with no other, so a grant's box is none of a message's."""
    box = hpke.seal(public_key=MINE.public_key, info=b"sealtrace/v1/grant", plaintext=b"x")

    for info in (b"sealtrace/v1/message", b"", b"sealtrace/v1/grant\0"):
        with pytest.raises(OpenError):
            MINE.open(box=box, info=info)


def test_attack_box_for_another_recipient() -> None:
    """A box opens with the key it was sealed to and with no other."""
    box = hpke.seal(public_key=MINE.public_key, info=b"", plaintext=b"x")

    with pytest.raises(OpenError):
        hpke.SeedDecapsulator(bytes(32)).open(box=box, info=b"")


def test_damaged_boxes_do_not_open() -> None:
    """A bit changed in any 16th byte, in either half of enc or in the ciphertext, closes the box."""
    box = hpke.seal(public_key=MINE.public_key, info=b"", plaintext=bytes(32))

    for place in range(0, len(box), 16):
        damaged = box[:place] + bytes([box[place] ^ 0x10]) + box[place + 1 :]
        with pytest.raises(OpenError):
            MINE.open(box=damaged, info=b"")


@pytest.mark.parametrize("size", [0, 1, 1_119, 1_120, 1_135, 1_136, 1_167])
def test_truncated_boxes_do_not_open(size: int) -> None:
    """A box cut at any seam is refused with our error."""
    box = hpke.seal(public_key=MINE.public_key, info=b"", plaintext=bytes(32))

    with pytest.raises(OpenError):
        MINE.open(box=box[:size], info=b"")


@pytest.mark.parametrize("point", [0, 1, P - 1], ids=["zero", "one", "minus one"])
def test_attack_box_with_a_small_order_point(point: int) -> None:
    """A sender who puts a small-order X25519 point into enc is refused with our error."""
    box = hpke.seal(public_key=MINE.public_key, info=b"", plaintext=bytes(32))
    weak = box[:1_088] + point.to_bytes(32, "little") + box[1_120:]

    with pytest.raises(OpenError):
        MINE.open(box=weak, info=b"")


@given(st.binary(max_size=1_300))
def test_noise_raises_only_open_error(box: bytes) -> None:
    """Whatever comes in place of a box is refused with our error."""
    with pytest.raises(OpenError):
        MINE.open(box=box, info=b"")


def test_a_good_key_is_enrolled() -> None:
    """The check passes the keys that our own seeds give."""
    hpke.check_public_key(MINE.public_key)


@pytest.mark.parametrize(
    "curve",
    [
        0,
        1,
        P - 1,
        P,
        P + 1,
        2**255 - 1,
        2**255 + 9,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
    ],
    ids=["zero", "one", "minus one", "p", "p+1", "max", "top bit", "order eight"],
)
def test_attack_key_whose_x25519_half_gives_nothing(curve: int) -> None:
    """Points of small order (RFC 7748, 6.1) and spare spellings are never sealed to, so no half of the hybrid is void."""
    raw = MINE.public_key[:1_184] + curve.to_bytes(32, "little")

    with pytest.raises(KeyRefusedError):
        hpke.check_public_key(raw)
    with pytest.raises(KeyRefusedError):
        hpke.seal(public_key=raw, info=b"", plaintext=b"")


def test_attack_key_whose_ml_kem_half_is_not_reduced() -> None:
    """An ML-KEM coefficient at or above the modulus is refused (FIPS 203, 7.2): one key has one spelling."""
    unreduced = (3_329).to_bytes(2, "little") + MINE.public_key[2:]

    with pytest.raises(KeyRefusedError):
        hpke.check_public_key(unreduced)


@pytest.mark.parametrize("size", [0, 32, 1_184, 1_215, 1_217, 2_432])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    """A key for boxes has 1,216 bytes."""
    with pytest.raises(KeyRefusedError):
        hpke.check_public_key((MINE.public_key * 2)[:size])


@pytest.mark.parametrize("size", [0, 31, 33, 96])
def test_a_seed_of_another_length_is_refused(size: int) -> None:
    """A decapsulator is made of 32 bytes and of nothing else."""
    with pytest.raises(KeyRefusedError):
        hpke.SeedDecapsulator(bytes(size))


def test_no_secret_is_shown() -> None:
    """The repr of a decapsulator holds neither its seed nor its key."""
    assert repr(MINE) == "SeedDecapsulator()"
