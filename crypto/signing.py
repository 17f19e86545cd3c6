"""Who signs and who verifies: one interface over the suite's signature algorithms (docs/protocol.md, 2).

A `PublicKey` that exists has been enrolled: its checks are done once, when it is made, and never forgotten. A
`Signer` may be a seed in memory or a token behind PKCS#11; nothing above this module can tell.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import NoReturn, Protocol, TypeAlias, assert_never

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)

from crypto import ed25519, mldsa

SEED_BYTES = 32

_Verify: TypeAlias = Callable[..., None]


class Algorithm(Enum):
    """A signature algorithm by its JOSE name (RFC 9864, RFC 9964)."""

    ED25519 = "Ed25519"
    ML_DSA_44 = "ML-DSA-44"
    ML_DSA_65 = "ML-DSA-65"

    @property
    def public_key_bytes(self) -> int:
        """Return the length of an encoded public key (RFC 8032, 5.1; FIPS 204, table 2)."""
        return _SIZES[self][0]

    @property
    def signature_bytes(self) -> int:
        """Return the length of a signature (RFC 8032, 5.1; FIPS 204, table 2)."""
        return _SIZES[self][1]


_SIZES = {
    Algorithm.ED25519: (32, 64),
    Algorithm.ML_DSA_44: (1_312, 2_420),
    Algorithm.ML_DSA_65: (1_952, 3_309),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """An enrolled public key: making one raises KeyRefusedError unless `raw` is fit to verify with."""

    algorithm: Algorithm
    raw: bytes = field(repr=False)
    _verify: _Verify = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check and load the key once; a frozen instance is filled in the one way Python leaves open."""
        object.__setattr__(self, "_verify", _enrol(self.algorithm, self.raw))

    def verify(self, *, message: bytes, signature: bytes) -> None:
        """Raise SignatureError unless `signature` is this key's over exactly these bytes."""
        self._verify(message=message, signature=signature)


class Signer(Protocol):
    """Whatever can sign under one key."""

    @property
    def public_key(self) -> PublicKey:
        """Return the key that verifies what this signs."""

    def sign(self, message: bytes) -> bytes:
        """Return a signature over `message`."""


class SeedSigner:
    """A signer whose 32-byte seed is in memory: an Ed25519 seed (RFC 8032, 5.1.5) or an ML-DSA ξ (FIPS 204)."""

    __slots__ = ("_public_key", "_sign")

    def __init__(self, algorithm: Algorithm, seed: bytes) -> None:
        """Derive the key pair; raise KeyRefusedError unless the seed has 32 bytes."""
        key = _private_key(algorithm, seed)
        self._sign = ed25519.signing(seed) if algorithm is Algorithm.ED25519 else key.sign
        self._public_key = PublicKey(algorithm=algorithm, raw=key.public_key().public_bytes_raw())

    @property
    def public_key(self) -> PublicKey:
        """Return the key that verifies what this signs."""
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        """Return a signature over `message`; ML-DSA signatures differ each time (FIPS 204, 3.4: hedged)."""
        return self._sign(message)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a seed stays in its process."""
        raise TypeError("a signer is not pickled")

    def __repr__(self) -> str:
        """Return the algorithm alone."""
        return f"SeedSigner({self._public_key.algorithm.value})"


def _enrol(algorithm: Algorithm, raw: bytes) -> _Verify:
    match algorithm:
        case Algorithm.ED25519:
            ed25519.check_public_key(raw)
            return partial(ed25519.verify, public_key=raw)
        case Algorithm.ML_DSA_44:
            return partial(mldsa.verify, mldsa.load_public_key(MLDSA44PublicKey, raw))
        case Algorithm.ML_DSA_65:
            return partial(mldsa.verify, mldsa.load_public_key(MLDSA65PublicKey, raw))
        case _:
            assert_never(algorithm)


def _private_key(algorithm: Algorithm, seed: bytes) -> Ed25519PrivateKey | mldsa.PrivateKey:
    match algorithm:
        case Algorithm.ED25519:
            return ed25519.load_private_key(seed)
        case Algorithm.ML_DSA_44:
            return mldsa.load_private_key(MLDSA44PrivateKey, seed)
        case Algorithm.ML_DSA_65:
            return mldsa.load_private_key(MLDSA65PrivateKey, seed)
        case _:
            assert_never(algorithm)
