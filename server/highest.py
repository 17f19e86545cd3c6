"""The highest checkpoint that may have left this service, in a file of its own beside the database (docs/adr/0029).

A database can be put back to an older day: by a restore, a snapshot of the machine, a copy. Signing on from there
would sign a second history. So each checkpoint is written here, durably, before anybody is given it, and a service
whose database does not reach this file signs nothing.
"""

from pathlib import Path

from crypto import privatefile
from crypto.errors import KeystoreError
from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.errors import LedgerError
from ledger.log import Head
from ledger.merkle import EMPTY_ROOT
from ledger.notes import parse_note
from ledger.verifiedtree import VerifiedTree
from ledger.wire import limits
from server.errors import StartError
from server.keys import ServiceKeys
from server.startup import LoggedTree

_RESTORE = "`sealtrace-server restore`"


class HighestSigned:
    """The file, and what is known to stand in it. Reading and raising it are safe between threads and processes."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is read yet."""
        self._path = path
        # Replaced as a whole: a thread that sees the older pair only asks the file once more.
        self._covered = (-1, b"\n")  # no note begins so

    def exists(self) -> bool:
        """Say whether there is a file."""
        return self._path.exists()

    def begin(self, keys: ServiceKeys, *, origin: str) -> None:
        """Write the file of a new log: its signed checkpoint of nothing. Raises StartError if there is one already."""
        if self._path.exists():
            raise StartError(f"{self._path} is there: another log was signed in this folder")
        nothing = Checkpoint(origin=origin, size=0, root=EMPTY_ROOT)
        privatefile.replace(self._path, sign_checkpoint(nothing, ed25519=keys.ed25519, ml_dsa_44=keys.ml_dsa_44))

    def read(self) -> Checkpoint:
        """Return the checkpoint in the file; raise StartError if it is missing or is none.

        The signatures in it are for those it is shown to. Here it is as good as the folder it lies in: who could
        change it could as well delete it.
        """
        try:
            raw = privatefile.read(self._path, limit=limits.MAX_JSON_BYTES)
            return Checkpoint.parse(parse_note(raw).text)
        except FileNotFoundError as error:
            raise StartError(
                f"{self._path} is missing, so what this service signed last is not known: "
                f"give the newest checkpoint that a member, auditor or mirror holds to {_RESTORE}"
            ) from error
        except (OSError, KeystoreError, LedgerError) as error:
            raise StartError(
                f"{self._path} cannot be believed ({error}): move it aside, and give the newest checkpoint that a "
                f"member, auditor or mirror holds to {_RESTORE}"
            ) from error

    def cover(self, *, size: int, checkpoint: bytes) -> None:
        """Make the file durably hold this checkpoint or a larger one; called before it leaves, to a witness too."""
        covered, text = self._covered
        # Cosignatures come and go below a text that stays.
        if size < covered or checkpoint.startswith(text):
            return
        self.raise_to(checkpoint)
        self._covered = (size, checkpoint.partition(b"\n\n")[0] + b"\n\n")

    def raise_to(self, raw: bytes) -> None:
        """Put a checkpoint, whose signatures the caller has verified, into the file if it is larger than what is there.

        Raises StartError if the file holds another log, or another tree of that size.
        """
        checkpoint = Checkpoint.parse(parse_note(raw).text)
        # The lock on the file keeps other handles out, those of other threads too.
        with privatefile.locked(self._path):
            known = self.read() if self._path.exists() else None
            if known is not None and known.origin != checkpoint.origin:
                raise StartError(f"{self._path} is of another log")
            if known is not None and known.size == checkpoint.size and known.root != checkpoint.root:
                raise StartError(f"two trees of {known.size:,} entries were signed: stop, and keep both checkpoints")
            if known is None or known.size < checkpoint.size:
                privatefile.replace(self._path, raw)


def require_reached(highest: Checkpoint, store: LoggedTree) -> None:
    """Raise StartError, so that nothing is signed, unless the tree in the database begins with that of `highest`."""
    head = store.head()
    if head.size < highest.size:
        raise StartError(
            f"{highest.size:,} entries were signed and published, and this database holds {head.size:,}: signing on "
            f"would fork the log. Catch up from a mirror or a newer backup with {_RESTORE}"
        )
    if highest.size and _root_at(store, head, highest.size) != highest.root:
        raise StartError(
            f"the first {highest.size:,} entries of this database are not those that were signed and published: keep "
            f"both, put back the database that belongs to this folder with {_RESTORE}"
        )


def _root_at(store: LoggedTree, head: Head, size: int) -> bytes:
    return VerifiedTree(size=head.size, root=head.tree.root(), read=store.tile).root_at(size)
