"""The group's operations, and what libsodium would let in that must stay out (RFC 9496)."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import ristretto
from crypto.errors import OprfError
from crypto.ristretto import IDENTITY, ORDER, check_element, check_scalar

# RFC 9496, A.1: the first multiples of the generator.
GENERATOR = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
TWICE = bytes.fromhex("6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919")
THRICE = bytes.fromhex("94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259")

# RFC 9496, A.2: encodings that must be refused, one or more of each reason named there.
BAD = {
    "a field element not reduced, all ones": "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "a field element not reduced, 2**255 - 1": "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "a field element not reduced, p + 6": "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "p itself, which is the identity spelled twice": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "a negative field element, one": "0100000000000000000000000000000000000000000000000000000000000000",
    "a negative field element": "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "a square root that does not exist": "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "another square root that does not exist": "4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
    "a negative product x y": "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
    "another negative product x y": "a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220",
    "y = 0": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

scalars = st.integers(min_value=1, max_value=ORDER - 1).map(lambda number: number.to_bytes(32, "little"))


def test_multiples_of_the_generator_are_the_published_ones() -> None:
    """The library computes in the published group (RFC 9496, A.1)."""
    assert ristretto.multiply_generator(_scalar(1)) == GENERATOR
    assert ristretto.multiply_generator(_scalar(2)) == TWICE
    assert ristretto.multiply(scalar=_scalar(3), element=GENERATOR) == THRICE
    assert ristretto.add(GENERATOR, TWICE) == THRICE


def test_a_hash_becomes_the_published_element() -> None:
    """The map from 64 bytes is the published one (RFC 9496, A.3, the first case)."""
    wide = bytes.fromhex(
        "5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c1"
        "4d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6"
    )

    assert ristretto.element_from(wide).hex() == "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46"


@pytest.mark.parametrize("spelled", BAD.values(), ids=BAD.keys())
def test_an_element_in_another_spelling_is_refused(spelled: str) -> None:
    """An element has one spelling; two for one would let a refused list come again in other bytes."""
    with pytest.raises(OprfError):
        check_element(bytes.fromhex(spelled))


def test_the_identity_is_refused() -> None:
    """The identity under any key is the identity: its evaluation would say nothing and prove anything."""
    with pytest.raises(OprfError, match="identity"):
        check_element(IDENTITY)


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_an_element_or_scalar_of_another_length_never_reaches_the_library(length: int) -> None:
    """The library reads 32 bytes whatever it is given; a shorter argument would show it foreign memory."""
    with pytest.raises(OprfError):
        check_element((GENERATOR * 2)[:length])
    with pytest.raises(OprfError):
        check_scalar(_scalar(5).ljust(64, b"\x01")[:length])


@pytest.mark.parametrize("number", [0, ORDER, ORDER + 1, 2**255 + 1, 2**256 - 1])
def test_a_scalar_out_of_range_is_refused(number: int) -> None:
    """A scalar is reduced and not zero; libsodium itself would ignore its top bit."""
    with pytest.raises(OprfError):
        check_scalar(number.to_bytes(32, "little"))


@given(st.binary(max_size=40))
def test_arbitrary_bytes_are_an_element_or_refused(raw: bytes) -> None:
    """Whatever comes is returned as it is or refused with our error."""
    try:
        assert check_element(raw) == raw
    except OprfError:
        return


@given(st.binary(min_size=64, max_size=64).filter(any))
def test_a_hash_becomes_an_element_and_a_scalar(wide: bytes) -> None:
    """What the two maps give passes the checks, and the scalar is the number modulo the order."""
    assert check_element(ristretto.element_from(wide))
    assert int.from_bytes(ristretto.scalar_from(wide), "little") == int.from_bytes(wide, "little") % ORDER


def test_sixty_four_zeros_map_to_the_identity_and_are_refused() -> None:
    """The one hash known to map to the identity is refused, not blinded."""
    with pytest.raises(OprfError, match="identity"):
        ristretto.element_from(bytes(64))


@pytest.mark.parametrize("function", [ristretto.scalar_from, ristretto.element_from])
def test_a_hash_of_another_length_is_refused(function: Callable[[bytes], bytes]) -> None:
    """The library reads 64 bytes whatever it is given."""
    with pytest.raises(OprfError, match="64 bytes"):
        function(bytes(63))


@settings(max_examples=20)
@given(st.lists(scalars, max_size=6))
def test_inverses_all_at_once_are_those_of_each(given_scalars: list[bytes]) -> None:
    """One inversion for many gives what Python's own arithmetic gives for each."""
    expected = [pow(int.from_bytes(one, "little"), -1, ORDER).to_bytes(32, "little") for one in given_scalars]

    assert list(ristretto.inverses(given_scalars)) == expected


@settings(max_examples=20)
@given(scalars, scalars)
def test_arithmetic_of_scalars(one: bytes, other: bytes) -> None:
    """Products and differences are those of numbers modulo the order."""
    first, second = int.from_bytes(one, "little"), int.from_bytes(other, "little")

    assert int.from_bytes(ristretto.scalar_product(one, other), "little") == first * second % ORDER
    assert (
        int.from_bytes(ristretto.scalar_difference(minuend=one, subtrahend=other), "little") == (first - second) % ORDER
    )


def test_a_product_that_is_the_identity_is_refused() -> None:
    """No operation hands the identity on as if it were somebody's element."""
    with pytest.raises(OprfError, match="identity"):
        ristretto.multiply(scalar=bytes(32), element=GENERATOR)


def test_random_scalars_are_reduced_and_differ() -> None:
    """Blinds and keys are drawn anew each time."""
    drawn = {check_scalar(ristretto.random_scalar()) for _ in range(50)}

    assert len(drawn) == 50


def test_the_library_leaves_no_file_behind(tmp_path: object) -> None:
    """Loading the group leaves the temporary folder as empty as it was."""
    look = "import crypto.ristretto, os, sys; print(os.listdir(sys.argv[1]))"
    done = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-c", look, str(tmp_path)],
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "[]\n"


def _scalar(number: int) -> bytes:
    return number.to_bytes(32, "little")
