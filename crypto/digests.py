"""SHA-256 and the one-block HKDF expansion the protocol derives every key with (docs/protocol.md, Notation)."""

from hashlib import sha256 as _sha256

_BLOCK_BYTES = 64
_INNER = int.from_bytes(b"\x36" * _BLOCK_BYTES, "little")
_OUTER = int.from_bytes(b"\x5c" * _BLOCK_BYTES, "little")


def sha256(data: bytes) -> bytes:
    """Return H(data), 32 bytes."""
    return _sha256(data).digest()


def expand(key: bytes, info: bytes) -> bytes:
    """Return Expand(key, info) = HMAC-SHA256(key, info ‖ 0x01): the first block of HKDF-Expand (RFC 5869, 2.3).

    HMAC written out (RFC 2104, 2): `hmac.digest` would look its algorithm up anew at each call, which costs more than the
    four blocks it then hashes.
    """
    inner, outer = _padded(key)
    return _sha256(outer + _sha256(inner + info + b"\x01").digest()).digest()


def expand_each(key: bytes, *infos: bytes) -> list[bytes]:
    """Return Expand(key, info) for each of several infos; the key is padded once for all of them."""
    inner, outer = _padded(key)
    return [_sha256(outer + _sha256(inner + info + b"\x01").digest()).digest() for info in infos]


def _padded(key: bytes) -> tuple[bytes, bytes]:
    """Return the inner and the outer key of HMAC. On numbers, which takes the same time for every key of a length."""
    number = int.from_bytes(key if len(key) <= _BLOCK_BYTES else sha256(key), "little")
    return (number ^ _INNER).to_bytes(_BLOCK_BYTES, "little"), (number ^ _OUTER).to_bytes(_BLOCK_BYTES, "little")


def expand16(key: bytes, info: bytes) -> bytes:
    """Return the first 16 bytes of Expand(key, info)."""
    return expand(key, info)[:16]
