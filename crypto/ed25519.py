"""Ed25519 that means the same to every verifier (RFC 8032; docs/protocol.md, 1).

Libraries disagree about signatures that only a dishonest signer makes: small-order keys, points off the prime-order
group, spare spellings of a point. A statement that one member accepts and another refuses would split the log's
readers, so a key is enrolled only if it is a canonical point of prime order, and a signature whose R is the
identity is refused before a library sees it. Under these two rules libsodium and OpenSSL agree, and both compare R
byte for byte. libsodium is the faster one; the other stands beside it so that the tests can hold one against the other.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import BadSignatureError

from crypto.errors import KeyRefusedError, SignatureError

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64

# Every way to spell y = 1: reduced or not (2**255 - 18 is 1 modulo p), with either sign of x = 0.
_IDENTITY = frozenset(
    (y | sign << 255).to_bytes(PUBLIC_KEY_BYTES, "little") for y in (1, 2**255 - 18) for sign in (0, 1)
)


def check_public_key(raw: bytes) -> None:
    """Raise KeyRefusedError unless `raw` spells, in its one spelling, a point of prime order."""
    if len(raw) != PUBLIC_KEY_BYTES or not crypto_core_ed25519_is_valid_point(raw):
        raise KeyRefusedError("not the canonical spelling of an Ed25519 key of prime order")


def verify(*, public_key: bytes, message: bytes, signature: bytes) -> None:
    """Raise SignatureError unless libsodium accepts `signature`; `public_key` must have passed `check_public_key`.

    The check of the key is not repeated here because it costs as much as the verification itself. The GIL is
    released meanwhile, so two threads verify on two cores.
    """
    _check_shape(public_key=public_key, signature=signature)
    try:
        # The binding has no detached form. The lengths are settled above, so nothing can move between the two parts.
        crypto_sign_open(signature + message, public_key)
    except BadSignatureError as error:
        raise SignatureError("the Ed25519 signature does not verify") from error


def verify_cryptography(*, public_key: bytes, message: bytes, signature: bytes) -> None:
    """Raise SignatureError unless OpenSSL accepts `signature`: the second opinion on what `verify` says."""
    _check_shape(public_key=public_key, signature=signature)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature as error:
        raise SignatureError("the Ed25519 signature does not verify") from error


def signing(seed: bytes) -> Callable[[bytes], bytes]:
    """Return what signs with a 32-byte seed (RFC 8032, 5.1.6); raise KeyRefusedError for any other length.

    Signatures are deterministic, so libsodium's are `load_private_key`'s to the byte, in four fifths of the time.
    """
    load_private_key(seed)
    _, key = crypto_sign_seed_keypair(seed)

    def sign(message: bytes) -> bytes:
        return crypto_sign(message, key)[:SIGNATURE_BYTES]

    return sign


def load_private_key(seed: bytes) -> Ed25519PrivateKey:
    """Return the private key of a 32-byte seed (RFC 8032, 5.1.5); raise KeyRefusedError for any other length."""
    try:
        return Ed25519PrivateKey.from_private_bytes(seed)
    except ValueError as error:
        raise KeyRefusedError("an Ed25519 seed has 32 bytes") from error


def _check_shape(*, public_key: bytes, signature: bytes) -> None:
    # libsodium reads 32 bytes from wherever the key begins: a shorter one must never get there.
    if len(public_key) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        raise SignatureError("an Ed25519 key or signature of the wrong length")
    if signature[:PUBLIC_KEY_BYTES] in _IDENTITY:
        raise SignatureError("an Ed25519 signature whose R is the identity")
