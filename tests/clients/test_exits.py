"""Every error has its exit code and its words: what happened, which check, what to do next."""

import inspect

import pytest

from clients import errors as client_errors
from clients.cli import exits
from clients.cli.exits import Exit, code_of, lines, next_step, to_json
from clients.errors import (
    ClientError,
    HomeError,
    ListError,
    NotPermittedError,
    PassphraseError,
    StaleError,
    TrustError,
    UnreachableError,
)
from crypto.errors import KeystoreError
from ledger import decision
from ledger import errors as ledger_errors
from ledger.checks import refuse
from ledger.errors import (
    BusyError,
    LedgerError,
    MalformedError,
    NotAMemberError,
    ProofError,
    QuotaError,
    SequenceError,
    StaleEpochError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnreachableError("x"), 3),
        (BusyError("x", retry_after_seconds=7), 3),
        (StaleError("x"), 4),
        (NotPermittedError("x"), 5),
        (NotAMemberError("x"), 5),
        (QuotaError("x"), 5),
        (HomeError("x"), 2),
        (PassphraseError("x"), 2),
        (ListError("x"), 1),
        (TrustError("x"), 1),
        (MalformedError("x"), 1),
        (KeystoreError("x"), 1),
        (ValueError("x"), 1),
    ],
)
def test_each_error_has_the_code_that_scripts_rely_on(error: Exception, code: int) -> None:
    """3 unreachable, 4 stale, 5 not permitted, 2 usage; whatever else was refused is 1."""
    assert code_of(error) == code


def test_a_denied_decision_is_not_permitted() -> None:
    """What a label forbids ends as 5, like what the service forbids."""
    (kind,) = {
        found
        for _, found in inspect.getmembers(decision, inspect.isclass)
        if issubclass(found, LedgerError) and found.__module__ == decision.__name__
    }

    assert kind.__name__ == "NotPermittedError"
    assert dict(exits._CODES)[kind] is Exit.NOT_PERMITTED


def test_the_codes_are_those_of_the_documents() -> None:
    """Six, from 0 to 5."""
    assert [code.value for code in Exit] == [0, 1, 2, 3, 4, 5]


def test_every_error_of_the_clients_has_a_next_step() -> None:
    """The words and the step go in by name, and the step may be empty."""
    kinds = [found for _, found in inspect.getmembers(client_errors, inspect.isclass) if issubclass(found, ClientError)]

    assert len(kinds) >= 8
    assert {kind("what", next_step="do this").next_step for kind in kinds} == {"do this"}
    assert {kind("what").next_step for kind in kinds} == {""}


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (ListError("x", next_step="mend it"), "mend it"),
        (ListError("x"), "nothing was changed"),
        (BusyError("x", retry_after_seconds=7), "try again in 7 s"),
        (StaleEpochError("x"), "run the same command again"),
        (MalformedError("x"), "check what was typed"),
        (KeystoreError("x"), "see that the keystore"),
        (ProofError("x"), "believe nothing of it"),
        (ValueError("x"), ""),
    ],
)
def test_the_next_step_is_told_where_it_is_known(error: Exception, step: str) -> None:
    """An error of ours says it itself, or its kind does; what was not foreseen has none."""
    assert next_step(error).startswith(step)
    assert bool(next_step(error)) is bool(step)


def test_a_failed_check_is_told_with_both_values() -> None:
    """Which check, what was expected, what was found: under the error, and as members for machines."""
    error = refuse("batch/seq", expected=3, found=5, refusal=SequenceError("out of turn", seq=2, prev=b"", index=None))
    shown = to_json(error)

    assert lines(error)[1] == "  check batch/seq: expected 3, found 5"
    assert (shown["check"], shown["expected"], shown["found"]) == ("batch/seq", "3", "5")


def test_an_error_without_a_check_has_two_lines_at_most() -> None:
    """What happened and what to do."""
    assert lines(ListError("what", next_step="do this")) == ["✗ what", "  next: do this"]
    assert lines(ValueError("what")) == ["✗ what"]


def test_machines_get_the_kind_of_an_error_by_name() -> None:
    """So that a script need not parse words."""
    assert to_json(ListError("what", next_step="do this")) == {"error": "ListError", "what": "what", "next": "do this"}


def test_no_two_kinds_of_the_table_shadow_each_other() -> None:
    """An earlier row never hides a later one with another code."""
    kinds = [kind for kind, _ in exits._CODES]

    assert all(not issubclass(later, earlier) for at, earlier in enumerate(kinds) for later in kinds[at + 1 :])


def test_every_error_of_the_ledger_has_a_code() -> None:
    """None falls through to something that is no exit code."""
    kinds = [found for _, found in inspect.getmembers(ledger_errors, inspect.isclass) if issubclass(found, LedgerError)]

    assert len(kinds) > 10
    assert {code_of(kind.__new__(kind)) for kind in kinds} <= set(Exit)


def test_every_error_of_the_ledger_has_a_next_step() -> None:
    """Whatever fails, a person is told what to do; no kind's step is hidden by a wider one before it."""
    kinds = [found for _, found in inspect.getmembers(ledger_errors, inspect.isclass) if issubclass(found, LedgerError)]
    told = [kind for kind, _ in exits._STEPS]

    assert all(exits._by_kind(kind.__new__(kind)) for kind in kinds)
    assert all(not issubclass(later, earlier) for at, earlier in enumerate(told) for later in told[at + 1 :])
