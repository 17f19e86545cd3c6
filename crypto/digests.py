"""SHA-256 and the one-block HKDF expansion the protocol derives every key with (docs/protocol.md, Notation)."""

import hashlib
import hmac

from crypto.errors import EncodingError

_BLOCK_BYTES = 64
_INNER = int.from_bytes(b"\x36" * _BLOCK_BYTES, "little")
_OUTER = int.from_bytes(b"\x5c" * _BLOCK_BYTES, "little")


def sha256(data: bytes) -> bytes:
    """Return H(data), 32 bytes."""
    return hashlib.sha256(data).digest()


def expand(key: bytes, info: bytes) -> bytes:
    """Return Expand(key, info) = HMAC-SHA256(key, info ‖ 0x01): the first block of HKDF-Expand (RFC 5869, 2.3)."""
    return hmac.digest(key, info + b"\x01", "sha256")


def expand_each(key: bytes, *infos: bytes) -> list[bytes]:
    """Return Expand(key, info) for each of several infos, under a key of at most 64 bytes.

    HMAC written out (RFC 2104, 2): the key is padded once for all of them, and OpenSSL is not asked to look its
    algorithm up for each. The padding is done on numbers, which takes the same time for every key.
    """
    if len(key) > _BLOCK_BYTES:
        raise EncodingError("a key of more than one block, which HMAC would hash first")
    number = int.from_bytes(key, "little")
    inner = (number ^ _INNER).to_bytes(_BLOCK_BYTES, "little")
    outer = (number ^ _OUTER).to_bytes(_BLOCK_BYTES, "little")
    return [sha256(outer + sha256(inner + info + b"\x01")) for info in infos]


def expand16(key: bytes, info: bytes) -> bytes:
    """Return the first 16 bytes of Expand(key, info)."""
    return expand(key, info)[:16]
