"""What can go wrong on the agency's side, beside what `crypto` and `ledger` raise.

Every error says what happened and, in `next_step`, what a person can do about it. `clients/cli/exits.py`
holds the only table from errors to exit codes. No text quotes a serial, a field's value, a key or a passphrase.
"""


class ClientError(Exception):
    """The root of every error that `clients` raises."""

    def __init__(self, message: str, *, next_step: str = "") -> None:
        """Hold what happened, and what to do next where that is known."""
        super().__init__(message)
        self.next_step = next_step


class HomeError(ClientError):
    """A home that is missing, open to others, or not what its files say."""


class PassphraseError(ClientError):
    """No passphrase was given, or not in a way that keeps it secret."""


class ListError(ClientError):
    """A list, map or code table that cannot be read as a whole; `sheets` are those of a workbook that can be named instead."""

    sheets: tuple[str, ...] = ()


class UnreachableError(ClientError):
    """The service did not answer, or not with anything it may answer."""


class NotPermittedError(ClientError):
    """The service, the charter or a label says no to this agency."""


class StaleError(ClientError):
    """What is known is too old, or nobody but the operator vouches for it."""


class UnseenError(StaleError):
    """A checkpoint that the quorum has cosigned and this agency's own witness has not: it may come in a moment."""


class TrustError(ClientError):
    """Something the service said contradicts what was verified before: evidence, kept aside, never overwritten."""


class AcceptedError(ClientError):
    """What was to be discarded is in the log: it stays, and what it stands for counts as sent."""
