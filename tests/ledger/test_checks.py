"""What a refusal carries to whoever has to explain it."""

import pytest

from crypto.encoding import b64u
from crypto.signing import Algorithm
from ledger.checks import CheckFailedError, evidence, locate, refuse, require, require_signature, shown
from ledger.errors import (
    BadSignatureError,
    DuplicateError,
    LedgerError,
    MalformedError,
    NotAMemberError,
    NotFoundError,
    SequenceError,
    TooLargeError,
)
from ledger.identifiers import KeyId
from ledger.labels import Level
from tests.support.consortium import signer

_SIGNER = signer("checks", Algorithm.ED25519)
_KID = KeyId("xaa-arms", 4)


def test_equal_values_pass() -> None:
    """A check whose values agree raises nothing."""
    require("batch/seq", expected=3, found=3, refusal=MalformedError("no"))


def test_unequal_values_raise_the_refusal_with_both() -> None:
    """A refusal names the check, what was expected and what was found."""
    with pytest.raises(MalformedError, match="does not fit") as caught:
        require("batch/seq", expected=3, found=4, refusal=MalformedError("does not fit"))

    failed = evidence(caught.value)

    assert (failed.check, failed.expected, failed.found, failed.place) == ("batch/seq", "3", "4", None)
    assert str(failed) == "batch/seq: expected 3, found 4"


def test_a_refusal_without_comparison_carries_evidence_too() -> None:
    """`refuse` gives back the refusal it was given, with its evidence attached."""
    refusal = NotAMemberError("no")

    found = refuse("record/role", expected="submit", found="read", refusal=refusal)

    assert found is refusal
    assert evidence(found).found == "read"


def test_a_good_signature_passes() -> None:
    """A signature by the key over the message raises nothing."""
    require_signature(
        "x/signature",
        kid=_KID,
        key=_SIGNER.public_key,
        message=b"m",
        signature=_SIGNER.sign(b"m"),
        refusal=BadSignatureError("no"),
    )


def test_a_bad_signature_names_the_key_and_keeps_the_cause() -> None:
    """A signature that does not verify says whose it should have been, and why it failed stays traceable."""
    with pytest.raises(BadSignatureError) as caught:
        require_signature(
            "x/signature",
            kid=_KID,
            key=_SIGNER.public_key,
            message=b"other",
            signature=_SIGNER.sign(b"m"),
            refusal=BadSignatureError("no"),
        )

    failed = evidence(caught.value)

    assert failed.expected == "a good signature by xaa-arms#4"
    assert failed.__cause__ is not None


def test_a_place_is_kept_with_the_evidence() -> None:
    """An error can be told which statement of a batch it is about, and keeps the evidence it had."""
    error = refuse("grant/ceiling", expected="a", found="b", refusal=MalformedError("no"))

    locate(error, 7)

    assert (evidence(error).check, evidence(error).place) == ("grant/ceiling", 7)


@pytest.mark.parametrize(
    ("error", "check"),
    [
        (MalformedError("m"), "form"),
        (TooLargeError("m"), "size"),
        (NotAMemberError("m"), "member"),
        (DuplicateError("m"), "duplicate"),
        (NotFoundError("m"), "missing"),
        (SequenceError("m", seq=0, prev=bytes(32), index=None), "refused"),
        (LedgerError("m"), "refused"),
    ],
)
def test_an_error_without_evidence_is_named_by_its_kind(error: LedgerError, check: str) -> None:
    """What raised without evidence is still reported, under its kind and with its text."""
    failed = evidence(error)

    assert (failed.check, failed.found) == (check, "m")


def test_an_error_without_evidence_keeps_its_cause() -> None:
    """Evidence that is made up later does not hide what the error came from."""
    error, cause = MalformedError("m"), ValueError("v")
    error.__cause__ = cause

    locate(error, 0)

    assert isinstance(error.__cause__, CheckFailedError)
    assert error.__cause__.__cause__ is cause


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"\x00" * 32, b64u(bytes(32))),
        (Level.SECRET, "SECRET"),
        ((1, [b"\xff", "b"]), "1, _w, b"),
        (frozenset({"xab-arms", "xaa-arms"}), "xaa-arms, xab-arms"),
        (None, "None"),
        (KeyId("xaa-arms", 1), "xaa-arms, 1"),
    ],
)
def test_values_are_shown_as_text(value: object, text: str) -> None:
    """Hashes are shown in base64url, sets in order, so that two runs show the same."""
    assert shown(value) == text
