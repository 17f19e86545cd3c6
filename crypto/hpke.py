"""Boxes for one recipient: HPKE base mode, the one suite of the protocol (RFC 9180; docs/protocol.md, 2 and 5).

KEM 0x647a MLKEM768-X25519 (ML-KEM-768 and X25519 together: both must fall), HKDF-SHA256, AES-256-GCM. A box is
enc ‖ ct. A box says nothing about who made it; that is what the signature over its hash is for.
"""

import hashlib
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from crypto.errors import KeyRefusedError, OpenError

SEED_BYTES = 32
BOX_OVERHEAD = 1_136

_ML_KEM_KEY_BYTES = 1_184
_ML_KEM_SEED_BYTES = 64
_FIELD_PRIME = 2**255 - 19
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
# Any clamped scalar is a multiple of the cofactor, so one suffices to show that a point is of small order: the
# exchange fails where it gives zero (RFC 7748, 6.1).
_PROBE = X25519PrivateKey.from_private_bytes(bytes(32))


class Decapsulator(Protocol):
    """Whatever can open boxes sealed to one public key."""

    @property
    def public_key(self) -> bytes:
        """Return the key that boxes are sealed to, 1,216 bytes."""

    def open(self, *, box: bytes, info: bytes) -> bytes:
        """Return the plaintext; raise OpenError unless the box was sealed to this key with this `info`."""


class SeedDecapsulator:
    """A decapsulator whose 32-byte seed is in memory."""

    __slots__ = ("_private_key", "_public_key")

    def __init__(self, seed: bytes) -> None:
        """Expand the seed: SHAKE256(seed, 96) = ML-KEM seed (64) ‖ X25519 scalar (32) (docs/protocol.md, 2).

        Raises KeyRefusedError for a seed of another length.
        """
        if len(seed) != SEED_BYTES:
            raise KeyRefusedError("a seed for boxes has 32 bytes")
        expanded = hashlib.shake_256(seed).digest(_ML_KEM_SEED_BYTES + 32)
        lattice = MLKEM768PrivateKey.from_seed_bytes(expanded[:_ML_KEM_SEED_BYTES])
        curve = X25519PrivateKey.from_private_bytes(expanded[_ML_KEM_SEED_BYTES:])
        self._private_key = MLKEM768X25519PrivateKey(lattice, curve)
        self._public_key = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()

    @property
    def public_key(self) -> bytes:
        """Return the key that boxes are sealed to: ML-KEM-768 (1,184 bytes) ‖ X25519 (32 bytes)."""
        return self._public_key

    def open(self, *, box: bytes, info: bytes) -> bytes:
        """Return the plaintext; raise OpenError unless the box was sealed to this key with this `info`."""
        try:
            return _SUITE.decrypt(box, self._private_key, info)
        except InvalidTag as error:
            raise OpenError("the box does not open with this key and purpose") from error

    def __repr__(self) -> str:
        """Return the class alone."""
        return "SeedDecapsulator()"


def check_public_key(raw: bytes) -> None:
    """Raise KeyRefusedError unless `raw` is fit to seal to: canonical in both halves, X25519 not of small order."""
    _, point = _halves(raw)
    try:
        _PROBE.exchange(point)
    except ValueError as error:
        raise KeyRefusedError("the X25519 half of a key for boxes is of small order") from error


def seal(*, public_key: bytes, info: bytes, plaintext: bytes) -> bytes:
    """Return the box, BOX_OVERHEAD bytes longer than `plaintext`; raise KeyRefusedError for a key unfit to seal to."""
    recipient = MLKEM768X25519PublicKey(*_halves(public_key))
    try:
        return _SUITE.encrypt(plaintext, recipient, info)
    except ValueError as error:
        # The exchange inside refuses what `check_public_key` refuses, so it need not be probed a second time.
        raise KeyRefusedError("the X25519 half of a key for boxes is of small order") from error


def _halves(raw: bytes) -> tuple[MLKEM768PublicKey, X25519PublicKey]:
    lattice, curve = raw[:_ML_KEM_KEY_BYTES], raw[_ML_KEM_KEY_BYTES:]
    # X25519 ignores the top bit and reduces the rest, so one point would have several spellings (RFC 7748, 5).
    if int.from_bytes(curve, "little") >= _FIELD_PRIME:
        raise KeyRefusedError("the X25519 half of a key for boxes is not canonical")
    try:
        # The modulus check of FIPS 203, 7.2 is the library's.
        return MLKEM768PublicKey.from_public_bytes(lattice), X25519PublicKey.from_public_bytes(curve)
    except ValueError as error:
        raise KeyRefusedError("a key for boxes has the wrong length or values out of range") from error
