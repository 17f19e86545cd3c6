"""One interface over all signature algorithms (docs/protocol.md, 2)."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import KeyRefusedError, SignatureError
from crypto.signing import Algorithm, PublicKey, SeedSigner, Signer

SEED = bytes(range(32))

each_algorithm = pytest.mark.parametrize("algorithm", Algorithm)


def test_names_are_those_of_jose() -> None:
    """The value of an algorithm is its registered `alg` (RFC 9864, RFC 9964)."""
    assert [item.value for item in Algorithm] == ["Ed25519", "ML-DSA-44", "ML-DSA-65"]


@each_algorithm
def test_lengths_are_those_of_the_standards(algorithm: Algorithm) -> None:
    """Keys and signatures have exactly the lengths an algorithm states."""
    signer = SeedSigner(algorithm, SEED)

    assert len(signer.public_key.raw) == algorithm.public_key_bytes
    assert len(signer.sign(b"")) == algorithm.signature_bytes


@each_algorithm
@pytest.mark.parametrize("message", [b"", b"\0", b"record" * 10_000], ids=len)
def test_what_is_signed_verifies(algorithm: Algorithm, message: bytes) -> None:
    """A key enrolled from its bytes alone verifies what the signer signed."""
    signer: Signer = SeedSigner(algorithm, SEED)
    key = PublicKey(algorithm=algorithm, raw=signer.public_key.raw)

    key.verify(message=message, signature=signer.sign(message))
    assert key == signer.public_key


@each_algorithm
def test_another_key_does_not_verify(algorithm: Algorithm) -> None:
    """A signature names its signer: no other key accepts it."""
    signature = SeedSigner(algorithm, SEED).sign(b"record")

    with pytest.raises(SignatureError):
        SeedSigner(algorithm, bytes(32)).public_key.verify(message=b"record", signature=signature)


@each_algorithm
def test_another_message_does_not_verify(algorithm: Algorithm) -> None:
    """Changed, longer and shorter messages are refused."""
    signer = SeedSigner(algorithm, SEED)
    signature = signer.sign(b"record")

    for message in (b"recorD", b"record\0", b"recor", b""):
        with pytest.raises(SignatureError):
            signer.public_key.verify(message=message, signature=signature)


@each_algorithm
@given(signature=st.binary(max_size=100))
def test_noise_raises_only_signature_error(algorithm: Algorithm, signature: bytes) -> None:
    """Whatever comes in place of a signature is refused with our error."""
    key = KEYS[algorithm]

    with pytest.raises(SignatureError):
        key.verify(message=b"record", signature=signature)


KEYS = {algorithm: SeedSigner(algorithm, SEED).public_key for algorithm in Algorithm}


@each_algorithm
@pytest.mark.parametrize("shift", [-1, 1])
def test_a_key_of_another_length_is_refused(algorithm: Algorithm, shift: int) -> None:
    """No public key object exists whose bytes have the wrong length."""
    with pytest.raises(KeyRefusedError):
        PublicKey(algorithm=algorithm, raw=bytes([1]) * (algorithm.public_key_bytes + shift))


@pytest.mark.parametrize("other", [Algorithm.ML_DSA_44, Algorithm.ML_DSA_65])
def test_attack_key_under_another_algorithm(other: Algorithm) -> None:
    """A key is enrolled for one algorithm: presented under another it is refused."""
    with pytest.raises(KeyRefusedError):
        PublicKey(algorithm=other, raw=KEYS[Algorithm.ED25519].raw)
    with pytest.raises(KeyRefusedError):
        PublicKey(algorithm=Algorithm.ED25519, raw=KEYS[other].raw)


def test_attack_no_algorithm() -> None:
    """There is no way to ask for "none" or for an algorithm that nobody decided on."""
    with pytest.raises(AssertionError):
        PublicKey(algorithm="none", raw=b"")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(AssertionError):
        SeedSigner("none", SEED)  # type: ignore[arg-type]  # the point of the test


def test_attack_small_order_key() -> None:
    """There is no PublicKey for which one signature verifies every message."""
    with pytest.raises(KeyRefusedError):
        PublicKey(algorithm=Algorithm.ED25519, raw=(1).to_bytes(32, "little"))


@each_algorithm
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_seed_of_another_length_is_refused(algorithm: Algorithm, size: int) -> None:
    """A signer is made of 32 bytes and of nothing else."""
    with pytest.raises(KeyRefusedError):
        SeedSigner(algorithm, bytes(size))


@each_algorithm
def test_no_secret_is_shown(algorithm: Algorithm) -> None:
    """Neither repr nor text of a signer holds its seed, and it cannot be pickled out of the process."""
    signer = SeedSigner(algorithm, SEED)

    assert repr(signer) == str(signer) == f"SeedSigner({algorithm.value})"
    with pytest.raises(TypeError):
        pickle.dumps(signer)


@each_algorithm
def test_public_keys_are_values(algorithm: Algorithm) -> None:
    """Two enrolments of the same bytes are equal and hash alike; a key cannot be changed once enrolled."""
    key = KEYS[algorithm]
    again = PublicKey(algorithm=algorithm, raw=key.raw)

    assert {key, again} == {key}
    assert copy.copy(key) == key
    with pytest.raises(AttributeError):
        key.raw = b""  # type: ignore[misc]  # the point of the test
