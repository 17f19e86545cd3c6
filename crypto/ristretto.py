"""The prime-order group ristretto255 (RFC 9496) on libsodium, through the one binding that has it.

libsodium decodes only canonical elements but counts the identity among them, ignores the top bit of a scalar and
reads 32 bytes from wherever an argument begins. So whatever comes from outside passes `check_element` or
`check_scalar` first, which settle all three, and the operations below take checked values only.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import rbcl  # type: ignore[import-untyped]  # the package carries no types

from crypto.errors import OprfError

ELEMENT_BYTES = 32
SCALAR_BYTES = 32
WIDE_BYTES = 64
ORDER = 2**252 + 27742317777372353535851937790883648493
IDENTITY = bytes(ELEMENT_BYTES)

# The binding writes the library it carries into the temporary folder, loads it and leaves it there, 2.8 MB each start.
# Once loaded, the file is no longer needed; a name that is gone cannot be read or replaced by anybody either.
Path(sys.modules["rbcl._sodium"].lib_path).unlink(missing_ok=True)


def check_element(raw: bytes) -> bytes:
    """Return `raw` if it is the one spelling of an element other than the identity; raise OprfError otherwise."""
    if len(raw) != ELEMENT_BYTES or raw == IDENTITY or not rbcl.crypto_core_ristretto255_is_valid_point(raw):
        raise OprfError("not the canonical spelling of a group element, or the identity")
    return raw


def check_scalar(raw: bytes) -> bytes:
    """Return `raw` if it is the one spelling of a scalar other than zero; raise OprfError otherwise."""
    if len(raw) != SCALAR_BYTES or not 0 < int.from_bytes(raw, "little") < ORDER:
        raise OprfError("not the canonical spelling of a scalar, or zero")
    return raw


def random_scalar() -> bytes:
    """Return a scalar drawn uniformly, never zero."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_random())


def scalar_from(wide: bytes) -> bytes:
    """Return 64 bytes, read as a little-endian number, modulo the order."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_reduce(_wide(wide)))


def element_from(wide: bytes) -> bytes:
    """Return the element that 64 uniform bytes map to (RFC 9496, 4.3.4); raise OprfError for the identity."""
    element = bytes(rbcl.crypto_core_ristretto255_from_hash(_wide(wide)))
    if element == IDENTITY:
        raise OprfError("the input maps to the identity")
    return element


def multiply(*, scalar: bytes, element: bytes) -> bytes:
    """Return the product of a scalar and an element; raise OprfError if it is the identity."""
    try:
        return bytes(rbcl.crypto_scalarmult_ristretto255(scalar, element))
    except RuntimeError as error:
        raise OprfError("a product of the group is the identity") from error


def multiply_generator(scalar: bytes) -> bytes:
    """Return the product of a scalar other than zero and the generator."""
    return bytes(rbcl.crypto_scalarmult_ristretto255_base(scalar))


def add(one: bytes, other: bytes) -> bytes:
    """Return the sum of two elements."""
    return bytes(rbcl.crypto_core_ristretto255_add(one, other))


def scalar_product(one: bytes, other: bytes) -> bytes:
    """Return the product of two scalars."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_mul(one, other))


def scalar_difference(*, minuend: bytes, subtrahend: bytes) -> bytes:
    """Return `minuend` - `subtrahend` modulo the order."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_sub(minuend, subtrahend))


def inverses(scalars: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the inverse of each scalar, none of them zero.

    One inversion of the product of all, then two products each (Montgomery's trick): inverting each alone would cost
    a fifth of the client's whole work.
    """
    products = [_ONE]
    for scalar in scalars:
        products.append(scalar_product(products[-1], scalar))
    rest = bytes(rbcl.crypto_core_ristretto255_scalar_invert(products[-1]))
    found = []
    for scalar, before in zip(reversed(scalars), reversed(products[:-1]), strict=True):
        found.append(scalar_product(rest, before))
        rest = scalar_product(rest, scalar)
    return tuple(reversed(found))


_ONE = (1).to_bytes(SCALAR_BYTES, "little")


def _wide(raw: bytes) -> bytes:
    if len(raw) != WIDE_BYTES:
        raise OprfError("a hash to the group or to its scalars has 64 bytes")
    return raw
