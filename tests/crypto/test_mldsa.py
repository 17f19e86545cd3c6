"""ML-DSA with the empty context, against published keys and signatures (FIPS 204)."""

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)

from crypto import mldsa
from crypto.encoding import unb64
from crypto.errors import CryptoError, KeyRefusedError, SignatureError
from tests.support.reference import vector_json, vectors

PRIVATE = [MLDSA44PrivateKey, MLDSA65PrivateKey]
PUBLIC = [(MLDSA44PublicKey, 1_312), (MLDSA65PublicKey, 1_952)]

# RFC 9881, appendix C: the seed 00 01 … 1f, first and last 32 bytes of its public keys.
RFC_9881 = [
    (
        MLDSA44PrivateKey,
        "d7b2b47254aae0db45e7930d4a98d2c97d8f1397d1789dafa17024b316e9bec9",
        "2202766151f16a965f9f81ece76cc070b55869e4db9784cf05c830b3242c8312",
    ),
    (
        MLDSA65PrivateKey,
        "48683d91978e31eb3dddb8b0473482d2b88a5f625949fd8f58a561e696bd4c27",
        "ad18bd13fca55059dd9b185f79f9c47196a4e81b2104bc460a051e02f2e8444f",
    ),
]


@pytest.mark.parametrize(("kind", "head", "tail"), RFC_9881)
def test_key_generation_matches_the_rfc(
    kind: type[MLDSA44PrivateKey | MLDSA65PrivateKey], head: str, tail: str
) -> None:
    """A seed gives the key pair that FIPS 204, algorithm 6 says."""
    raw = mldsa.load_private_key(kind, bytes(range(32))).public_key().public_bytes_raw()

    assert (raw[:32].hex(), raw[-32:].hex()) == (head, tail)


def test_wycheproof() -> None:
    """All 210 of Wycheproof's ML-DSA-65 verdicts come out, where a context makes every signature invalid for us."""
    groups = vector_json("crypto/wycheproof/mldsa_65_verify_test.json")["testGroups"]
    cases = [(group["publicKey"], case) for group in groups for case in group["tests"]]
    assert len(cases) == 210

    with_context = 0
    for public_key, case in cases:
        with_context += bool(case.get("ctx"))
        expected = case["result"] == "valid" and not case.get("ctx")
        assert _accepted(public_key, case) == expected, case["tcId"]
    assert with_context == 7


def _accepted(public_key: str, case: dict[str, str]) -> bool:
    try:
        key = mldsa.load_public_key(MLDSA65PublicKey, bytes.fromhex(public_key))
        mldsa.verify(key, message=bytes.fromhex(case["msg"]), signature=bytes.fromhex(case["sig"]))
    except CryptoError:
        return False
    return True


def test_a_published_checkpoint_verifies_with_ml_dsa_44() -> None:
    """Another program's ML-DSA-44 signature, over a C2SP subtree message, verifies; over a larger size it does not."""
    name = "example.com/mldsa-log"
    vkey = vectors("tlog/torchwood/mldsa44-vkey.txt").read_text(encoding="utf-8").strip()
    _, size, root, _, line, *_ = (
        vectors("tlog/torchwood/mldsa44-checkpoint.txt").read_text(encoding="utf-8").split("\n")
    )
    key = mldsa.load_public_key(MLDSA44PublicKey, unb64(vkey.split("+", 2)[2])[1:])
    payload = unb64(line.rsplit(" ", 1)[1])
    timestamp, signature = payload[4:12], payload[12:]
    signed = [_subtree(name, end=end, root=unb64(root), timestamp=timestamp) for end in (int(size), int(size) + 1)]

    mldsa.verify(key, message=signed[0], signature=signature)
    with pytest.raises(SignatureError):
        mldsa.verify(key, message=signed[1], signature=signature)


def _subtree(name: str, *, end: int, root: bytes, timestamp: bytes) -> bytes:
    """Return the message of a C2SP tlog-cosignature of type 0x06 by the log itself."""
    spelled = bytes([len(name)]) + name.encode()
    return b"subtree/v1\n\0" + spelled + timestamp + spelled + bytes(8) + end.to_bytes(8, "big") + root


@pytest.mark.parametrize("kind", PRIVATE)
def test_signatures_differ_and_all_verify(kind: type[MLDSA44PrivateKey | MLDSA65PrivateKey]) -> None:
    """Signing is hedged: the same message twice gives two signatures, and both are good."""
    key = mldsa.load_private_key(kind, bytes(32))
    first, second = key.sign(b"batch"), key.sign(b"batch")

    assert first != second
    for signature in (first, second):
        mldsa.verify(key.public_key(), message=b"batch", signature=signature)


@pytest.mark.parametrize("kind", PRIVATE)
def test_attack_signature_with_a_context(kind: type[MLDSA44PrivateKey | MLDSA65PrivateKey]) -> None:
    """A signature made for another purpose, under a context, is none for us."""
    key = mldsa.load_private_key(kind, bytes(32))

    with pytest.raises(SignatureError):
        mldsa.verify(key.public_key(), message=b"batch", signature=key.sign(b"batch", b"other protocol"))


@pytest.mark.parametrize("kind", PRIVATE)
def test_damaged_signatures_are_refused(kind: type[MLDSA44PrivateKey | MLDSA65PrivateKey]) -> None:
    """Another message, another length, or a bit changed in any 100th byte: no signature."""
    key = mldsa.load_private_key(kind, bytes(32))
    signature = key.sign(b"batch")
    flipped = [
        signature[:place] + bytes([signature[place] ^ 1]) + signature[place + 1 :]
        for place in range(0, len(signature), 100)
    ]

    for damaged in (b"", signature[:-1], signature + b"\0", *flipped):
        with pytest.raises(SignatureError):
            mldsa.verify(key.public_key(), message=b"batch", signature=damaged)
    with pytest.raises(SignatureError):
        mldsa.verify(key.public_key(), message=b"catch", signature=signature)


@pytest.mark.parametrize(("kind", "size"), PUBLIC)
def test_keys_of_another_length_are_refused(kind: type[MLDSA44PublicKey | MLDSA65PublicKey], size: int) -> None:
    """A public key has exactly the length of its parameter set, so one set's key is never read as another's."""
    assert mldsa.load_public_key(kind, bytes(size)).public_bytes_raw() == bytes(size)

    for other in (0, 32, size - 1, size + 1, 1_312 + 1_952 - size):
        with pytest.raises(KeyRefusedError):
            mldsa.load_public_key(kind, bytes(other))


@pytest.mark.parametrize("kind", PRIVATE)
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_seeds_of_another_length_are_refused(kind: type[MLDSA44PrivateKey | MLDSA65PrivateKey], size: int) -> None:
    """A private key comes from 32 bytes and from nothing else."""
    with pytest.raises(KeyRefusedError):
        mldsa.load_private_key(kind, bytes(size))
