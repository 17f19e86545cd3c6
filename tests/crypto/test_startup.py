"""A machine that lacks a primitive is refused (docs/protocol.md, 2)."""

from collections.abc import Callable

import pytest

from crypto import startup
from crypto.errors import PrimitiveError, SignatureError
from crypto.signing import Algorithm, PublicKey, SeedSigner
from crypto.startup import CHECKS, require_each, require_primitives


def test_this_machine_has_them_all() -> None:
    """Every known answer comes out on the machine that runs the tests."""
    require_primitives()


def test_every_primitive_of_the_suite_is_checked() -> None:
    """No primitive is used that is not exercised at start."""
    assert sorted(CHECKS) == [
        "AES-256-GCM",
        "Argon2id",
        "Ed25519",
        "HKDF-SHA256",
        "HPKE with MLKEM768-X25519",
        "ML-DSA-44",
        "ML-DSA-65",
        "SHA-256 and SHAKE256",
        "VOPRF with ristretto255-SHA512",
    ]


@pytest.mark.parametrize("error", [ImportError("x"), ValueError("x"), AttributeError("x"), PrimitiveError("x")])
def test_whatever_a_missing_primitive_raises_stops_the_start(error: Exception) -> None:
    """Any failure becomes PrimitiveError, says which primitive, and nothing starts."""

    def missing() -> None:
        raise error

    with pytest.raises(PrimitiveError, match="ML-DSA-65 is missing from this machine or broken"):
        require_each({"SHA-256": lambda: None, "ML-DSA-65": missing})


def test_a_wrong_answer_is_found() -> None:
    """A primitive that computes something else is as bad as none."""
    with pytest.raises(PrimitiveError, match="differently"):
        startup._same(b"\x01", "02")


class LaxKey:
    """A verifier that accepts everything."""

    def verify(self, *, message: bytes, signature: bytes) -> None:
        """Accept."""


class LaxSigner(SeedSigner):
    """A signer whose key verifies everything: what a broken library would look like."""

    @property
    def public_key(self) -> PublicKey:
        """Return the lax key."""
        return LaxKey()  # type: ignore[return-value]  # the point of the test


def test_a_verifier_that_accepts_everything_is_found() -> None:
    """A library that no longer refuses is found before it is trusted."""
    with pytest.raises(PrimitiveError, match="must be refused"):
        startup._signs(LaxSigner(Algorithm.ED25519, bytes(32)))


@pytest.mark.parametrize("attempt", [lambda: None, lambda: b"plaintext"])
def test_what_must_be_refused_and_is_not_stops_the_start(attempt: Callable[[], object]) -> None:
    """Acceptance where refusal is due is an error, whatever was returned."""
    with pytest.raises(PrimitiveError, match="must be refused"):
        startup._refuses(SignatureError, attempt)
