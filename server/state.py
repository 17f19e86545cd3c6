"""The log's state as the threads of one process share it: one lock, short holds, and catching up with the database."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from crypto.signing import PublicKey
from ledger.charter import Charter
from ledger.errors import NotAMemberError
from ledger.identifiers import KeyId
from ledger.kinds import Role
from ledger.log import Store
from ledger.state import LogState


class SharedState:
    """A `LogState` behind a lock: requests ask it, the sequencer lets it grow."""

    def __init__(self, *, origin: str, fingerprint: bytes) -> None:
        """Begin with the pin: the log's origin and H(charter file 1)."""
        self._state = LogState(origin=origin, fingerprint=fingerprint)
        self._lock = threading.RLock()

    @contextmanager
    def locked(self) -> Iterator[LogState]:
        """Return the state for as long as nobody else may look at it."""
        with self._lock:
            yield self._state

    def catch_up(self, store: Store) -> None:
        """Take in what the database holds beyond what is known: all at a start, else what another writer appended.

        Also after any failure to append: whether it was committed before the reply was lost, only the database knows.
        """
        size = store.head().size
        with self._lock:
            if size > self._state.size:
                self._state.replay(store.judged_entries(self._state.size), size=size, charter_file=store.charter)

    def charter(self) -> Charter:
        """Return the charter in force; raise NotAMemberError before the first."""
        with self._lock:
            return self._state.membership.charter_before(self._state.size)

    def charter_before(self, size: int) -> Charter:
        """Return the charter in force for a tree of `size`; raise NotAMemberError before the first."""
        with self._lock:
            return self._state.membership.charter_before(size)

    def http_key(self, kid: KeyId) -> PublicKey:
        """Return the `http` key of that id in force; raise NotAMemberError."""
        with self._lock:
            key = self._state.membership.key(kid, self._state.size)
        if key.role is not Role.HTTP:
            raise NotAMemberError(f"{kid} is not a key for requests")
        return key.verifier()
