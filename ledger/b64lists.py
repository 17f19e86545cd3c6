"""Lists of equal-sized values to base64url and back in one call: a record has 80, one call for each took a third.

A value and the zero bytes that fill it to a multiple of three become whole groups of four characters: exactly what
`crypto.encoding.b64u` writes for the value, then one or two "A". Such blocks stand side by side unmixed.
"""

from collections.abc import Sequence

from crypto.codec import b64decode, b64encode
from crypto.encoding import cut

# Patterns of the one spelling of 32 and of 16 bytes: the last character carries four bits, or two.
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LAST_OF_32 = b"AEIMQUYcgkosw048"
SPELLED_32 = f"[A-Za-z0-9_-]{{42}}[{LAST_OF_32.decode()}]"
SPELLED_16 = "[A-Za-z0-9_-]{21}[AQgw]"

_URL = b"-_"


def spell_ascii(values: Sequence[bytes], *, size: int) -> tuple[bytes, ...]:
    """Return each value of `size` bytes in unpadded base64url, as the bytes that a payload is made of."""
    fill = b"\0" * (-size % 3)
    return cut(b64encode(fill.join([*values, b""]), _URL), size=(size * 4 + 2) // 3, gap=len(fill))


def spell_list(values: Sequence[bytes], *, size: int) -> list[str]:
    """Return each value of `size` bytes in unpadded base64url."""
    return [text.decode("ascii") for text in spell_ascii(values, size=size)]


def read_list(texts: Sequence[bytes], *, size: int) -> tuple[bytes, ...]:
    """Return the values that `texts` spell; the caller has checked that each is the one spelling of `size` bytes."""
    fill = b"A" * (-size % 3)
    return cut(b64decode(fill.join([*texts, b""]), _URL, validate=True), size=size, gap=len(fill))
