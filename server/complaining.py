"""Complaints: what calls the charter's auditors to an entry of the access log before its 30 days (docs/protocol.md, 6.21).

A complaint is weighed by what the access log holds and the complainant shows, never by what came of the question. So
taking one tells nobody whether a silent record was met.
"""

from collections.abc import Callable

from sqlalchemy import Connection

from ledger.accesslog import AccessEntry, parse_access_entry
from ledger.complaints import Complaint, parse_complaint
from ledger.errors import MalformedError, NotAMemberError, NotFoundError
from ledger.identifiers import access_origin
from ledger.kinds import Role
from server.accessstore import AccessStore
from server.charges import keep_nonce
from server.sequencer import Sequencer
from server.signatures import Asker
from server.state import SharedState
from server.store import SqlStore

_KEEP = "INSERT INTO complaints (agency, idx, at, statement) VALUES (?, ?, ?, ?) ON CONFLICT (agency, idx) DO NOTHING"
_OPENING = "SELECT 1 FROM openings WHERE idx = ?"


class Complaining:
    """Takes complaints; each agency complains of an entry once, and is answered alike each time."""

    def __init__(self, *, store: SqlStore, state: SharedState, sequencer: Sequencer, clock: Callable[[], int]) -> None:
        """Take the store, who is a member, the thread that writes, and a clock (POSIX seconds)."""
        self._store = store
        self._access = AccessStore(store)
        self._state = state
        self._sequencer = sequencer
        self._clock = clock

    def complain(self, body: bytes, asker: Asker) -> None:
        """Keep a complaint for the auditors; raise for one that is not the asker's own, of an entry it can open."""
        complaint = parse_complaint(body)
        if complaint.iss != asker.agency:
            raise NotAMemberError("an agency complains for itself")
        self._verify(complaint)
        complaint.check(self._entry(complaint.own.index), origin=access_origin(self._state.charter().origin))
        self._sequencer.run(lambda: self._keep(complaint, body, asker))

    def _verify(self, complaint: Complaint) -> None:
        with self._state.locked() as state:
            state.membership.agency(complaint.iss, state.size)
            if complaint.held > state.size:
                raise MalformedError("the complaint names a larger tree than this log has")
            key = state.membership.key(complaint.kid, state.size)
            # In force now, and already where it says it was signed: an auditor asks for the latter, whenever it looks.
            state.membership.key(complaint.kid, complaint.held)
        if key.role is not Role.SIGN:
            raise NotAMemberError(f"{complaint.kid} is not a key for statements")
        complaint.verify(key.verifier())

    def _entry(self, index: int) -> AccessEntry:
        published = self._access.published()
        if published is None or index >= published.size:
            raise NotFoundError("the published access log does not reach that far")
        (entry,) = self._access.entries(index, index + 1)
        return parse_access_entry(entry)

    def _keep(self, complaint: Complaint, body: bytes, asker: Asker) -> None:
        with self._store.writing() as connection:
            keep_nonce(connection, asker.nonce)
            _require_opening(connection, complaint.own.index)
            connection.exec_driver_sql(_KEEP, (complaint.iss, complaint.own.index, self._clock(), body))


def _require_opening(connection: Connection, index: int) -> None:
    """Raise NotFoundError if the entry's openings are kept no longer: the auditors were shown them after 30 days."""
    if connection.exec_driver_sql(_OPENING, (index,)).first() is None:
        raise NotFoundError("the openings of that entry are kept no longer: the auditors were shown them in their time")
