"""The access log as an agency reads it: what stands in it, and what is no continuation of it (docs/protocol.md, 6.12)."""

from contextlib import closing
from dataclasses import replace

import pytest

from clients.errors import TrustError
from clients.matching.accessing import AccessLog
from clients.session import Session
from clients.transport import Request, Response, Transport
from ledger.accesslog import AccessEntry
from ledger.errors import LedgerError, NotFoundError, ProofError
from ledger.wire import paths
from tests.clients.matching.conftest import ASKER
from tests.support.loopback import Walk
from tests.support.matched import ask, tick


class Bending:
    """A service that answers some paths with other bytes."""

    def __init__(self, honest: Transport) -> None:
        """Take the honest one."""
        self._honest = honest
        self.bodies: dict[str, bytes] = {}

    def send(self, request: Request, *, limit: int) -> Response:
        """Return what was bent, or the honest answer."""
        response = self._honest.send(request, limit=limit)
        bent = next((body for path, body in self.bodies.items() if request.path.startswith(path)), None)
        return response if bent is None else replace(response, body=bent)


def note(walk: Walk) -> bytes:
    """Return the newest checkpoint of the access log."""
    with closing(walk.session(ASKER)) as session:
        return session.service.access_checkpoint()


def bent(walk: Walk) -> tuple[Bending, Session]:
    """Return a session whose service can be bent, and the bending."""
    bending = Bending(walk.transport)
    honest = walk.transport
    walk.transport = bending  # type: ignore[assignment]  # it sends, which is all that a session asks
    session = walk.session(ASKER)
    walk.transport = honest
    return bending, session


def test_entries_are_those_of_the_tree(walk: Walk) -> None:
    """Eight at a time, each proved under the checkpoint, which is remembered."""
    with closing(walk.session(ASKER)) as session:
        log = AccessLog(session.stand())

        entries = [log.entry(index) for index in range(8)]

        assert all(isinstance(one, AccessEntry) for one in entries)
        assert len({one.q for one in entries}) == 8
        assert session.home.access_checkpoint.read_bytes() == note(walk)


def test_an_entry_beyond_the_tree_is_none(walk: Walk) -> None:
    """A notice that names one is not believed."""
    with closing(walk.session(ASKER)) as session, pytest.raises(ProofError, match="does not hold"):
        AccessLog(session.stand()).entry(8)


def test_a_changed_entry_is_not_the_one_in_the_tree(walk: Walk) -> None:
    """A bundle is served by the service alone; its leaves are held against the signed tree."""
    bending, session = bent(walk)
    with closing(session):
        log = AccessLog(session.stand())
        path = "/access/tile/entries/000.p/8"
        raw = session.service._get(path, limit=2**16)
        bending.bodies[path] = raw.replace(b'"q":"', b'"q":"A', 1)[: len(raw)]

        with pytest.raises(LedgerError):
            log.entry(0)


def test_a_checkpoint_that_no_charter_key_signed_is_refused(walk: Walk) -> None:
    """Without both signatures there is no access log to read."""
    signed = note(walk)
    bending, session = bent(walk)
    with closing(session):
        bending.bodies[paths.ACCESS_CHECKPOINT] = signed.partition(b"\n\n")[0] + b"\n\n"

        with pytest.raises(LedgerError):
            AccessLog(session.stand())


def test_an_access_log_that_was_cut_back_is_no_continuation(walk: Walk) -> None:
    """What was verified once stays the beginning of whatever is shown later; the old note is kept as evidence."""
    before = note(walk)
    ask(walk, ASKER, "--make", "Glock", "--serial", "ABE573528")
    tick(walk)
    with closing(walk.session(ASKER)) as session:
        AccessLog(session.stand())
        kept = session.home.access_checkpoint.read_bytes()
    bending, session = bent(walk)
    with closing(session):
        bending.bodies[paths.ACCESS_CHECKPOINT] = before

        with pytest.raises(TrustError, match="not a continuation"):
            AccessLog(session.stand())
        assert session.home.access_checkpoint.read_bytes() == kept


def test_an_access_log_that_grew_is_a_continuation(walk: Walk) -> None:
    """The next eight stand behind the first."""
    with closing(walk.session(ASKER)) as session:
        first = AccessLog(session.stand()).entry(3)
    ask(walk, ASKER, "--make", "Glock", "--serial", "ABE573528")
    tick(walk)

    with closing(walk.session(ASKER)) as session:
        log = AccessLog(session.stand())

        assert log.entry(3) == first
        assert log.entry(15).q


def test_an_access_log_that_is_still_empty(walk: Walk) -> None:
    """A bundle that is not there is not found, and no entry is made up."""
    with closing(walk.session(ASKER)) as session, pytest.raises((ProofError, NotFoundError)):
        AccessLog(session.stand()).entry(10**6)
