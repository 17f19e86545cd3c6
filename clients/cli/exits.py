"""From errors to exit codes and words: the only such table on the agency's side (docs/commands.md)."""

from enum import IntEnum

from clients.errors import (
    ClientError,
    HomeError,
    NotPermittedError,
    PassphraseError,
    StaleError,
    UnreachableError,
)
from ledger import decision
from ledger.checks import CheckFailedError
from ledger.errors import BusyError, NotAMemberError, QuotaError, StaleEpochError
from ledger.jsontext import JsonValue
from ledger.officers import ApprovalError


class Exit(IntEnum):
    """Exit codes that scripts rely on."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    STALE = 4
    NOT_PERMITTED = 5


_CODES: tuple[tuple[type[Exception], Exit], ...] = (
    (UnreachableError, Exit.UNREACHABLE),
    (BusyError, Exit.UNREACHABLE),
    (StaleError, Exit.STALE),
    (NotPermittedError, Exit.NOT_PERMITTED),
    (decision.NotPermittedError, Exit.NOT_PERMITTED),
    (ApprovalError, Exit.NOT_PERMITTED),
    (NotAMemberError, Exit.NOT_PERMITTED),
    (QuotaError, Exit.NOT_PERMITTED),
    (HomeError, Exit.USAGE),
    (PassphraseError, Exit.USAGE),
)


def code_of(error: Exception) -> Exit:
    """Return the exit code of an error of ours."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.REFUSED)


def to_json(error: Exception) -> dict[str, JsonValue]:
    """Return an error for machines: what happened, the check with its two values where it has one, the next step."""
    shown: dict[str, JsonValue] = {"error": type(error).__name__, "what": str(error), "next": next_step(error)}
    failed = error.__cause__
    if isinstance(failed, CheckFailedError):
        shown |= {"check": failed.check, "expected": failed.expected, "found": failed.found}
    return shown


def lines(error: Exception) -> list[str]:
    """Return an error for a person: what happened, which check, what to do."""
    found = [f"✗ {error}"]
    failed = error.__cause__
    if isinstance(failed, CheckFailedError):
        found.append(f"  check {failed.check}: expected {failed.expected}, found {failed.found}")
    if next_step(error):
        found.append(f"  next: {next_step(error)}")
    return found


def next_step(error: Exception) -> str:
    """Return what to do about an error, where that is known."""
    return "; ".join(filter(None, [_advice(error), *getattr(error, "__notes__", ())]))


def _advice(error: Exception) -> str:
    if isinstance(error, ClientError):
        return error.next_step
    if isinstance(error, StaleEpochError):
        return "run the same command again: a new epoch is opened and the rows are sealed anew"
    if isinstance(error, BusyError):
        return f"try again in {error.retry_after_seconds} s"
    return ""
