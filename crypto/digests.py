"""SHA-256 and the one-block HKDF expansion the protocol derives every key with (docs/protocol.md, Notation)."""

import hashlib
import hmac


def sha256(data: bytes) -> bytes:
    """Return H(data), 32 bytes."""
    return hashlib.sha256(data).digest()


def expand(key: bytes, info: bytes) -> bytes:
    """Return Expand(key, info) = HMAC-SHA256(key, info ‖ 0x01): the first block of HKDF-Expand (RFC 5869, 2.3)."""
    return hmac.digest(key, info + b"\x01", "sha256")


def expand16(key: bytes, info: bytes) -> bytes:
    """Return the first 16 bytes of Expand(key, info)."""
    return expand(key, info)[:16]
