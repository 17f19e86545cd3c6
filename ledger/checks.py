"""One check with its evidence: what was expected, what was found. A refusal carries it to whoever has to explain it.

The server answers with the refusal's class and text; the auditor prints the evidence beside the index. Only public
values are ever put here: hashes, names, numbers.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from crypto.encoding import b64u
from crypto.errors import SignatureError
from crypto.signing import PublicKey
from ledger.errors import DuplicateError, LedgerError, MalformedError, NotAMemberError, NotFoundError, TooLargeError
from ledger.identifiers import KeyId

_CHECKS: Mapping[type[LedgerError], str] = MappingProxyType(
    {
        MalformedError: "form",
        TooLargeError: "size",
        NotAMemberError: "member",
        DuplicateError: "duplicate",
        NotFoundError: "missing",
    }
)


class CheckFailedError(LedgerError):
    """The evidence behind a refusal (its `__cause__`); never raised alone."""

    def __init__(self, *, check: str, expected: object, found: object) -> None:
        """Hold the name of the check and both values as they are shown; `place` is a statement's within its batch."""
        self.check = check
        self.place: int | None = None
        self.expected = shown(expected)
        self.found = shown(found)
        super().__init__(f"{check}: expected {self.expected}, found {self.found}")


def require(check: str, *, expected: object, found: object, refusal: LedgerError) -> None:
    """Raise `refusal`, with its evidence, unless both values are equal."""
    if expected != found:
        raise refusal from CheckFailedError(check=check, expected=expected, found=found)


def refuse(check: str, *, expected: object, found: object, refusal: LedgerError) -> LedgerError:
    """Attach the evidence to a refusal that comes from no comparison; the caller raises what this returns."""
    refusal.__cause__ = CheckFailedError(check=check, expected=expected, found=found)
    return refusal


def require_signature(  # noqa: PLR0913  the parts of a verification, all by name
    check: str, *, kid: KeyId, key: PublicKey, message: bytes, signature: bytes, refusal: LedgerError
) -> None:
    """Raise `refusal`, with its evidence, unless `signature` is by `key` over exactly `message`."""
    try:
        key.verify(message=message, signature=signature)
    except SignatureError as error:
        failed = CheckFailedError(check=check, expected=f"a good signature by {kid}", found="a bad one")
        failed.__cause__ = error
        raise refusal from failed


def locate(error: LedgerError, place: int) -> None:
    """Note on an error which statement of a batch it is about, counted from 0."""
    failed = evidence(error)
    failed.place = place
    error.__cause__ = failed


def evidence(error: LedgerError) -> CheckFailedError:
    """Return the evidence an error carries, or what can be said without: its kind and its text."""
    cause = error.__cause__
    if isinstance(cause, CheckFailedError):
        return cause
    check = _CHECKS.get(type(error), "refused")
    failed = CheckFailedError(check=check, expected="what every check admits", found=error)
    failed.__cause__ = cause
    return failed


def shown(value: object) -> str:
    """Return a value as a finding shows it: bytes in base64url, several values side by side, the rest as text."""
    match value:
        case bytes():
            return b64u(value)
        case Enum():
            return str(value.value)
        case list() | tuple():
            return ", ".join(shown(item) for item in value)
        case frozenset():
            return ", ".join(sorted(shown(item) for item in value))
        case _:
            return str(value)
