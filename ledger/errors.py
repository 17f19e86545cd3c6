"""What can go wrong in the protocol.

Each class is one stable problem type of docs/protocol.md, 10, or one kind of refusal on an agency's own
premises. There is no HTTP status here: `server/errors.py` holds the only table. No message quotes plaintext,
a key, a token or a serial number.
"""


class LedgerError(Exception):
    """The root of every error that `ledger` raises; the text is fit to be shown to anybody."""


class MalformedError(LedgerError):
    """Bytes that are not exactly what the formatter writes."""


class TooLargeError(LedgerError):
    """More bytes, entries or members than a limit of the protocol allows."""


class BadSignatureError(LedgerError):
    """A signature that is missing, by the wrong key, or does not verify."""


class NotAMemberError(LedgerError):
    """The agency is not in the charter in force, or has not the role this needs."""


class ReplayedError(LedgerError):
    """A request seen before, or too old to be told from one."""


class SequenceError(LedgerError):
    """A batch that does not continue its agency's chain; carries where the chain stands."""

    def __init__(self, message: str, *, seq: int, prev: bytes, index: int | None) -> None:
        """Hold the last logged `seq`, the hash of its payload (32 bytes) and its index (None before the first)."""
        super().__init__(message)
        self.seq = seq
        self.prev = prev
        self.index = index


class StaleKeysError(LedgerError):
    """A batch made under keys or a charter that have changed since; carries the `kx` that counts now."""

    def __init__(self, message: str, *, kx: int) -> None:
        """Hold the index of the later of the last charter entry and the agency's last key entry."""
        super().__init__(message)
        self.kx = kx


class StaleEpochError(LedgerError):
    """A record sealed under an epoch that has ended: seal again under the new one."""


class AboveCeilingError(LedgerError):
    """A grant to an agency at a level above its charter ceiling."""


class DuplicateError(LedgerError):
    """A statement name, key or leaf that the log holds already."""


class QuotaError(LedgerError):
    """A daily limit of the charter is used up."""


class NotFoundError(LedgerError):
    """Nothing of that name is logged, or it is not for the asker: the two look alike."""


class UnwitnessedError(LedgerError):
    """It is logged and signed, and too few witnesses have cosigned it to be shown."""


class BusyError(LedgerError):
    """The service has work in flight for this asker; try again after `retry_after_seconds`."""

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        """Hold how long to wait."""
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ConflictError(LedgerError):
    """The head moved between reading it and writing on top of it: nothing was written."""


class ProofError(LedgerError):
    """A Merkle proof, tile or checkpoint that does not prove what it claims."""


class LabelError(LedgerError):
    """A label, profile or code that sealing refuses; names the field and the rule, never the value."""
