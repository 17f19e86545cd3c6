"""SHA-256 and the one-block expansion (FIPS 180-4; RFC 5869)."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from crypto.digests import expand, expand16, expand_each, sha256

# FIPS 180-4 examples (CSRC "SHA256.pdf") and the empty message.
SHA_256 = {
    b"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq": (
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
}

# RFC 5869, A.1 to A.3: PRK, info, and the first block of OKM.
RFC_5869 = [
    (
        "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
    ),
    (
        "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
        bytes(range(0xB0, 0x100)).hex(),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c",
    ),
    (
        "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
    ),
]


@pytest.mark.parametrize(("message", "digest"), SHA_256.items())
def test_sha256_matches_the_standard(message: bytes, digest: str) -> None:
    """H is SHA-256 and nothing else."""
    assert sha256(message).hex() == digest


@pytest.mark.parametrize(("key", "info", "block"), RFC_5869)
def test_expand_is_the_first_block_of_hkdf(key: str, info: str, block: str) -> None:
    """Expand gives the first block of RFC 5869's examples."""
    assert expand(bytes.fromhex(key), bytes.fromhex(info)).hex() == block


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
def test_expand_agrees_with_the_library(key: bytes, info: bytes) -> None:
    """Expand is HKDF-Expand of 32 bytes, as another implementation computes it."""
    assert expand(key, info) == HKDFExpand(SHA256(), 32, info).derive(key)


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=100))
def test_expand16_is_the_first_half(key: bytes, info: bytes) -> None:
    """A token is the first 16 bytes of the block, whatever the key's length."""
    block = hmac.new(key, info + b"\x01", hashlib.sha256).digest()

    assert expand16(key, info) == block[:16]
    assert expand(key, info) == block


@given(st.binary(max_size=64), st.lists(st.binary(max_size=200), max_size=4))
def test_expand_each_is_expand_of_each(key: bytes, infos: list[bytes]) -> None:
    """Several infos under one key give what each gives alone: HMAC written out is the library's HMAC."""
    assert expand_each(key, *infos) == [expand(key, info) for info in infos]


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 64, b"\x36" * 64, b"\x5c" * 64, bytes(63) + b"\1"])
def test_expand_each_pads_every_key_alike(key: bytes) -> None:
    """Keys that are zeros, a pad itself or empty are padded like any other."""
    assert expand_each(key, b"info") == [expand(key, b"info")]


@pytest.mark.parametrize("size", [0, 1, 32, 63, 64, 65, 200])
def test_expand_agrees_with_the_library_at_every_length_of_key(size: int) -> None:
    """A key of a block is taken as it is, a longer one hashed first, a shorter one filled with zeros (RFC 2104, 2)."""
    key, message = bytes(range(size)), b"what is authenticated"

    assert expand(key, message) == hmac.digest(key, message + b"\x01", "sha256")
