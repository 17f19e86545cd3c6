"""SHA-256 and the one-block HKDF expansion the protocol derives every key with (docs/protocol.md, Notation)."""

from hashlib import sha256 as _sha256

_BLOCK_BYTES = 64
# Each byte of a key, exclusive-or 0x36 and 0x5c (RFC 2104, 2).
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def sha256(data: bytes) -> bytes:
    """Return H(data), 32 bytes."""
    return _sha256(data).digest()


def expand(key: bytes, info: bytes) -> bytes:
    """Return Expand(key, info) = HMAC-SHA256(key, info ‖ 0x01): the first block of HKDF-Expand (RFC 5869, 2.3)."""
    return hmac_sha256(key, info + b"\x01")


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """Return HMAC-SHA256 (RFC 2104, 2), spelled out over SHA-256.

    `hmac.digest` looks its algorithm up anew at each call, which costs more than the four blocks it then hashes; and
    every portion that is tried takes two.
    """
    block = (key if len(key) <= _BLOCK_BYTES else sha256(key)).ljust(_BLOCK_BYTES, b"\0")
    return sha256(block.translate(_OUTER) + sha256(block.translate(_INNER) + message))


def expand16(key: bytes, info: bytes) -> bytes:
    """Return the first 16 bytes of Expand(key, info)."""
    return expand(key, info)[:16]
