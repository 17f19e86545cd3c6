"""The one table from exception to answer: complete, precise, and silent about what was sent."""

import inspect

import pytest

from crypto import errors as crypto_errors
from ledger import errors as ledger_errors
from ledger.errors import (
    BusyError,
    ConflictError,
    LedgerError,
    MalformedError,
    NotFoundError,
    SequenceError,
    StaleKeysError,
)
from ledger.wire.schemas import PROBLEM
from server import errors

TYPES = {
    "malformed",
    "too-large",
    "bad-signature",
    "not-a-member",
    "replayed",
    "batch-sequence",
    "stale-keys",
    "stale-epoch",
    "above-ceiling",
    "duplicate",
    "quota",
    "not-found",
    "unwitnessed",
    "busy",
}


@pytest.mark.parametrize(
    "error",
    [
        member
        for _, member in inspect.getmembers(ledger_errors, inspect.isclass)
        if issubclass(member, LedgerError) and member is not LedgerError
    ],
)
def test_every_error_of_the_ledger_is_in_the_table(error: type[LedgerError]) -> None:
    """A refusal without a row would be answered as a failure of the service."""
    assert error in errors.TABLE


def test_the_types_are_those_of_the_protocol() -> None:
    """Clients rely on them: docs/protocol.md, 10."""
    assert {kind.type for kind in errors.TABLE.values()} == TYPES


def test_every_kind_says_what_to_do_next() -> None:
    """A refusal without a next step leaves a person alone with it."""
    assert all(kind.next.endswith(".") and kind.title for kind in (*errors.TABLE.values(), errors.INTERNAL))


def test_a_sequence_problem_carries_where_the_chain_stands() -> None:
    """The client needs seq, prev and index to go on."""
    problem = errors.problem(SequenceError("x", seq=3, prev=b"\x01" * 32, index=9))

    assert PROBLEM.read(PROBLEM.write(problem)) == problem
    assert (problem.seq, problem.prev, problem.index) == (3, b"\x01" * 32, 9)


def test_a_sequence_problem_before_the_first_batch_has_no_index() -> None:
    """There is no entry to verify yet: the member is left out."""
    written = PROBLEM.write(errors.problem(SequenceError("x", seq=0, prev=bytes(32), index=None)))

    assert b'"index"' not in written


def test_a_stale_keys_problem_carries_kx() -> None:
    """The client reads the log up to there."""
    assert errors.problem(StaleKeysError("x", kx=7)).kx == 7


@pytest.mark.parametrize(
    "error", [RuntimeError("SECRET"), OSError("SECRET"), KeyError("SECRET"), LedgerError("SECRET")]
)
def test_a_failure_is_not_quoted(error: Exception) -> None:
    """Only refusals of ours speak; everything else is a failure whose text stays here."""
    problem = errors.problem(error)

    assert problem.status == 500
    assert b"SECRET" not in PROBLEM.write(problem)


def test_a_child_is_answered_as_its_parent() -> None:
    """A new kind of malformed input is malformed until somebody decides otherwise."""

    class NewError(MalformedError):
        """Something new."""

    assert errors.kind_of(NewError("x")) is errors.TABLE[MalformedError]


@pytest.mark.parametrize(
    "error", [crypto_errors.EncodingError("x"), crypto_errors.KeyRefusedError("x"), crypto_errors.SignatureError("x")]
)
def test_what_crypto_refuses_is_the_senders_fault(error: Exception) -> None:
    """Bad spelling, refused keys and bad signatures are no failures of the service."""
    assert errors.problem(error).status in {400, 401}


def test_only_what_waiting_helps_says_how_long() -> None:
    """Retry-After stands where the same bytes are welcome again."""
    assert errors.retry_after_seconds(BusyError("x", retry_after_seconds=5)) == 5
    assert errors.retry_after_seconds(ConflictError("x")) == 1
    assert errors.retry_after_seconds(NotFoundError("x")) is None


def test_a_type_with_two_statuses_is_explained_twice() -> None:
    """`malformed` is 400, 405 or 415: all are told."""
    assert {kind.status.value for kind in errors.kinds()["malformed"]} == {400, 405, 415}
