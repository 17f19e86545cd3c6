"""Lists of equal-sized values to base64url and back in one call: a record has 80, one call for each took a third.

A value and the zero bytes that fill it to a multiple of three become whole groups of four characters: exactly what
`crypto.encoding.b64u` writes for the value, then one or two "A". Such blocks stand side by side unmixed.
"""

from collections.abc import Sequence

from crypto.codec import b64decode, b64encode

# Patterns of the one spelling of 32 and of 16 bytes: the last character carries four bits, or two.
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LAST_OF_32 = b"AEIMQUYcgkosw048"
SPELLED_32 = f"[A-Za-z0-9_-]{{42}}[{LAST_OF_32.decode()}]"
SPELLED_16 = "[A-Za-z0-9_-]{21}[AQgw]"

_URL = b"-_"


def spell_list(values: Sequence[bytes], *, size: int) -> list[str]:
    """Return each value of `size` bytes in unpadded base64url."""
    fill = b"\0" * (-size % 3)
    text = b64encode(fill.join([*values, b""]), _URL).decode("ascii")
    step, length = (size + len(fill)) // 3 * 4, (size * 4 + 2) // 3
    return [text[at : at + length] for at in range(0, len(text), step)]


def read_list(texts: Sequence[bytes], *, size: int) -> list[bytes]:
    """Return the values that `texts` spell; the caller has checked that each is the one spelling of `size` bytes."""
    fill = b"A" * (-size % 3)
    block = b64decode(fill.join([*texts, b""]), _URL, validate=True)
    return [block[at : at + size] for at in range(0, len(block), size + len(fill))]


def slices(drawn: bytes, *, size: int) -> list[bytes]:
    """Return `drawn` cut into pieces of `size` bytes."""
    return [drawn[at : at + size] for at in range(0, len(drawn), size)]
