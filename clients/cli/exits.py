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
from crypto.errors import CryptoError
from ledger import decision
from ledger.checks import CheckFailedError
from ledger.errors import (
    AboveCeilingError,
    BadSignatureError,
    BusyError,
    DuplicateError,
    LabelError,
    LedgerError,
    MalformedError,
    NotAMemberError,
    NotFoundError,
    ProofError,
    QuotaError,
    ReplayedError,
    SequenceError,
    StaleEpochError,
    StaleKeysError,
    TooLargeError,
    UnwitnessedError,
)
from ledger.jsontext import JsonValue
from ledger.officers import ApprovalError

_UNTRUE = (
    "believe nothing of it, and try again; if it stays so, keep what you were shown and ask other members what they see"
)

# A backup in the place of a keystore that is whole would take keys away that were drawn since.
_UNUSED = "free space on its disk, or see who may read and write there, and try again: nothing in it has changed"


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
        return error.next_step or _by_kind(error)
    if isinstance(error, BusyError):
        return f"try again in {error.retry_after_seconds} s"
    return _by_kind(error)


def _by_kind(error: Exception) -> str:
    """Return what to do about an error that does not say it itself; what is no error of ours was not foreseen."""
    if isinstance(error, CryptoError) and isinstance(error.__cause__, OSError):
        return _UNUSED
    return next((step for kind, step in _STEPS if isinstance(error, kind)), "")


_STEPS: tuple[tuple[type[Exception], str], ...] = (
    (StaleEpochError, "run the same command again: a new epoch is opened and the rows are sealed anew"),
    (StaleKeysError, "run the same command again: it is signed anew under the keys that count now"),
    (SequenceError, "run `sealtrace submit --resume`, which signs on where the log says that the chain ends"),
    (ReplayedError, "run the same command again; if it stays so, set this machine's clock right"),
    (QuotaError, "try again tomorrow, or have the members agree on other limits (`sealtrace charter propose`)"),
    (
        NotAMemberError,
        "see with `sealtrace charter show` who is a member, and with `sealtrace key show` under which keys",
    ),
    (AboveCeilingError, "lower the level, or have the members raise the recipient's ceiling"),
    (UnwitnessedError, "try again in a while; if it lasts, ask the agencies that witness the log what they see"),
    (NotFoundError, "check the name; what was logged lately is found after `sealtrace sync`"),
    (DuplicateError, "run `sealtrace sync`: it is logged already"),
    (TooLargeError, "send it in smaller parts; of what was received nothing was used"),
    (BadSignatureError, _UNTRUE),
    (ProofError, _UNTRUE),
    (
        MalformedError,
        "check what was typed or given; if it came from the service or from a file, take it from its source again",
    ),
    (LabelError, "see `sealtrace profile check`, and what the label may say in docs/vocabulary.md"),
    (LedgerError, "nothing of it was taken over: run the command again, and ask the operator if it stays so"),
    (
        CryptoError,
        "see that the keystore and its passphrase belong together; restore the keystore from a backup if it is damaged",
    ),
    (HomeError, "see `sealtrace --help`"),
    (ClientError, "nothing was changed: run the command again, and see `sealtrace --help`"),
)
