"""One check with its evidence: what was expected, what was found. A refusal carries it to whoever has to explain it.

The server answers with the refusal's class and text; the auditor prints the evidence beside the index. Only public
values are ever put here: hashes, names, numbers.
"""

from crypto.encoding import b64u
from ledger.errors import LedgerError


class CheckFailedError(LedgerError):
    """The evidence behind a refusal (its `__cause__`); never raised alone."""

    def __init__(self, *, check: str, expected: object, found: object) -> None:
        """Hold the name of the check and both values as they are shown."""
        self.check = check
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


def evidence(error: LedgerError) -> CheckFailedError:
    """Return the evidence an error carries, or what can be said without: its own text."""
    cause = error.__cause__
    if isinstance(cause, CheckFailedError):
        return cause
    return CheckFailedError(check="form", expected="an entry that every check admits", found=str(error))


def shown(value: object) -> str:
    """Return a value as a finding shows it: bytes in base64url, several values side by side, the rest as text."""
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value)
    return b64u(value) if isinstance(value, bytes) else str(value)
