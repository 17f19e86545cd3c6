"""One spelling for every value: length prefixes and strict base64 (docs/protocol.md, Notation and 1).

Decoders skip characters they do not know and ignore stray bits in the last one, so two different texts would name one
value. Here the decoder is told to skip nothing, and the end, the only place that can hide stray bits, is looked at by
itself: what encoding everything again would say, in half the time.
"""

import binascii
import struct
from collections.abc import Callable, Iterator
from functools import lru_cache

from crypto.codec import b64decode, b64encode
from crypto.errors import EncodingError

HASH_BYTES = 32
_PREFIX_BYTES = 4
_prefix = struct.Struct(">I").pack

# As numbers: looking for a number in bytes costs a tenth of looking for bytes.
_PLUS, _SLASH, _EQUALS = b"+/="
_PADDING = (b"", b"===", b"==", b"=")
# What a text may end in, by its length modulo four, without stray bits: no text ends one character behind whole groups.
_ENDS = (b"", b"", b"AQgw", b"AEIMQUYcgkosw048")
_URL = b"-_"


def lp(*parts: bytes | str | int) -> bytes:
    """Return each part behind its uint32 big-endian length: text as UTF-8, integers as ASCII decimal."""
    raws = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    return b"".join([_prefix(len(raw)) + raw for raw in raws])


def unlp(raw: bytes) -> tuple[bytes, ...]:
    """Return the parts that `lp` framed; raise EncodingError unless the frames fill `raw` exactly."""
    return tuple(unlp_each(raw))


def unlp_each(raw: bytes) -> Iterator[bytes]:
    """Yield the parts that `lp` framed, one by one; raise EncodingError at a frame that is longer than what is left.

    For whoever knows how many there may be: an empty part takes four bytes in `raw`, and twice as many in a list.
    """
    start = 0
    while start < len(raw):
        length = int.from_bytes(raw[start : start + _PREFIX_BYTES], "big")
        end = start + _PREFIX_BYTES + length
        # A prefix cut short reads as a smaller number, but then `end` lies past the bytes there are.
        if end > len(raw):
            raise EncodingError("a length prefix points past the end")
        yield raw[start + _PREFIX_BYTES : end]
        start = end


def cut(data: bytes, *, size: int, gap: int = 0) -> tuple[bytes, ...]:
    """Return the pieces of `size` bytes that `data` is made of, without the `gap` bytes after each.

    All in one call, for lists of a bounded length: one by one, the 48 digests of a record took five times as long.
    """
    return _cutter(len(data) // (size + gap), size, gap)(data)


def b64u(data: bytes) -> str:
    """Return unpadded base64url (RFC 4648, 5)."""
    return b64u_ascii(data).decode("ascii")


def b64u_ascii(data: bytes) -> bytes:
    """Return what `b64u` does as the bytes that are hashed and signed."""
    return b64encode(data, _URL).rstrip(b"=")


def unb64u(text: str | bytes, *, size: int | None = None) -> bytes:
    """Return the bytes of unpadded base64url text; raise EncodingError for any other spelling or size."""
    raw = text.encode("ascii", "replace") if isinstance(text, str) else text
    if _PLUS in raw or _SLASH in raw or _EQUALS in raw:
        raise EncodingError("not base64url")
    beyond = len(raw) % 4
    if beyond and raw[-1] not in _ENDS[beyond]:
        raise EncodingError("not base64url in its one spelling")
    return _decode(raw + _PADDING[beyond], _URL, size)


def b64(data: bytes) -> str:
    """Return padded standard base64 (RFC 4648, 4), as notes and proofs carry it."""
    return b64encode(data).decode("ascii")


def unb64(text: str | bytes, *, size: int | None = None) -> bytes:
    """Return the bytes of padded standard base64 text; raise EncodingError for any other spelling or size."""
    raw = text.encode("ascii", "replace") if isinstance(text, str) else text
    data = _decode(raw, None, size)
    # The last four characters encoded again: they hold the padding too.
    if b64encode(data[(len(data) - 1) // 3 * 3 :]) != raw[-4:]:
        raise EncodingError("not base64 in its one spelling")
    return data


@lru_cache(maxsize=128)
def _cutter(count: int, size: int, gap: int) -> Callable[[bytes], tuple[bytes, ...]]:
    return struct.Struct(f"{size}s{gap}x" * count).unpack


def _decode(padded: bytes, alphabet: bytes | None, size: int | None) -> bytes:
    try:
        data: bytes = b64decode(padded, alphabet, validate=True)
    except binascii.Error as error:
        raise EncodingError("not base64") from error
    if size is not None and len(data) != size:
        raise EncodingError(f"expected {size} bytes, found {len(data)}")
    return data
