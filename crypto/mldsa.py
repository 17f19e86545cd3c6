"""ML-DSA-44 and ML-DSA-65 with the empty context (FIPS 204; RFC 9964; docs/protocol.md, 2 and 7).

Only the pure form is known here: a signature made with a context or over a hash does not verify.
"""

from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)

from crypto.errors import KeyRefusedError, SignatureError

PublicKey: TypeAlias = MLDSA44PublicKey | MLDSA65PublicKey
PrivateKey: TypeAlias = MLDSA44PrivateKey | MLDSA65PrivateKey

_Kind: TypeAlias = type[MLDSA44PublicKey | MLDSA65PublicKey]
_PrivateKind: TypeAlias = type[MLDSA44PrivateKey | MLDSA65PrivateKey]


def load_public_key(kind: _Kind, raw: bytes) -> PublicKey:
    """Return the public key of `kind` that `raw` encodes; raise KeyRefusedError for a wrong length.

    Every string of the right length encodes a key (FIPS 204, algorithm 23 has no failure), and exactly one.
    """
    try:
        return kind.from_public_bytes(raw)
    except ValueError as error:
        raise KeyRefusedError("an ML-DSA public key of the wrong length") from error


def load_private_key(kind: _PrivateKind, seed: bytes) -> PrivateKey:
    """Return the private key of a 32-byte seed, the ξ of FIPS 204, algorithm 6; raise KeyRefusedError otherwise."""
    try:
        return kind.from_seed_bytes(seed)
    except ValueError as error:
        raise KeyRefusedError("an ML-DSA seed has 32 bytes") from error


def verify(key: PublicKey, *, message: bytes, signature: bytes) -> None:
    """Raise SignatureError unless `signature` is one over `message` with the empty context (FIPS 204, 5.3)."""
    try:
        key.verify(signature, message)
    except InvalidSignature as error:
        raise SignatureError("the ML-DSA signature does not verify") from error
