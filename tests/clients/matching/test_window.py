"""Asking while the log's witnesses are slow: who waits a little is answered, and nobody is called a liar for it."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace

import pytest

from clients import charters
from clients.errors import StaleError
from clients.matching.asking import Asker
from clients.matching.selftest import self_test
from clients.service import Service
from clients.session import Session, load_profile
from clients.transport import Request, Response, Transport
from ledger.errors import BusyError
from ledger.wire import paths, schemas
from server.errors import problem
from server.keys import open_keys
from server.rotation import prepare_successor
from tests.clients.matching.conftest import OWNER
from tests.support.charterlife import root
from tests.support.loopback import PHRASE, Walk
from tests.support.matched import AGENCIES, newest_charter
from tests.support.window import Window


@dataclass
class Slow:
    """A service that lets questions wait for the witnesses, so many times."""

    honest: Transport
    times: int
    asked: list[bytes] = field(default_factory=list)

    def send(self, request: Request, *, limit: int) -> Response:
        """Say that it is busy, as long as it is."""
        if request.path == paths.MATCHES:
            self.asked.append(request.body or b"")
            if len(self.asked) <= self.times:
                body = schemas.PROBLEM.write(problem(BusyError("slips that ended wait for the log's witnesses")))
                return Response(status=503, content_type=paths.PROBLEM_TYPE, body=body, retry_after_seconds=2)
        return self.honest.send(request, limit=limit)


def sleeping(session: Session, sleep: Callable[[float], None]) -> Session:
    """Return the session with what is done while it waits."""
    return replace(session, world=replace(session.world, sleep=sleep))


def test_a_question_is_sent_again_until_the_witnesses_came(walk: Walk) -> None:
    """The same bytes, after as long as the service says; it is in the book once."""
    slow = Slow(walk.transport, 2)
    walk.transport = slow  # type: ignore[assignment]  # it sends, which is all that a session asks
    slept: list[float] = []
    with closing(sleeping(walk.session(OWNER), slept.append)) as session:
        (record,) = (one for one in session.replica.records() if one.name.iss == OWNER)
        (told,) = Asker(session.stand(), purpose="review").ask_own([("the pistol", record.name.jti)])

        assert (slept, len(slow.asked), len(set(slow.asked))) == ([2, 2], 3, 1)
        assert [one.q for one in session.book.questions()] == [told.q]


def test_a_question_that_is_never_answered_is_not_in_the_book(walk: Walk) -> None:
    """It was refused, and not charged; it is asked five times and no more."""
    slow = Slow(walk.transport, 1_000)
    walk.transport = slow  # type: ignore[assignment]  # it sends, which is all that a session asks
    with closing(walk.session(OWNER)) as session:
        (record,) = (one for one in session.replica.records() if one.name.iss == OWNER)
        with pytest.raises(BusyError):
            Asker(session.stand(), purpose="review").ask_own([("the pistol", record.name.jti)])

        assert len(slow.asked) == 5
        assert session.book.questions() == []


def test_slow_witnesses_fail_no_self_test(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was planted is asked about once it is shown: before, an honest service does not find it."""
    window = Window(walk, monkeypatch)
    with closing(sleeping(walk.session(OWNER), lambda _seconds: window.show())) as session:
        window.hold()
        done = self_test(session, load_profile(session.home, session.trust.charters()[-1]))

        assert len(done.planted) == 2


def test_a_self_test_without_witnesses_accuses_nobody(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said that the log shows less than it holds, and nothing is asked."""
    window = Window(walk, monkeypatch)
    with closing(walk.session(OWNER)) as session:
        window.hold()
        with pytest.raises(StaleError, match="does not show yet"):
            self_test(session, load_profile(session.home, session.trust.charters()[-1]))

        assert session.book.questions() == []


def test_an_answer_under_a_charter_that_came_meanwhile_is_believed(walk: Walk) -> None:
    """The log's keys changed between the view that an asker began with and the tree that was matched."""
    proposal = _next_log_keys(walk)
    with closing(walk.session(OWNER)) as session:
        (record,) = (one for one in session.replica.records() if one.name.iss == OWNER)
        asker = Asker(session.stand(), purpose="review")
        charters.submit(Service(walk.transport), proposal)
        (told,) = asker.ask_own([("the pistol", record.name.jti)])

        assert session.book.questions()[0].answer is not None
        assert told.q == session.book.questions()[0].q


def _next_log_keys(walk: Walk) -> bytes:
    """Give the service a second generation of keys, and return the signed charter that names it."""
    walk.close()
    raw = prepare_successor(walk.config, passphrase=PHRASE, allow_weak=True)
    walk.keys = open_keys(walk.config.keystore, passphrase=PHRASE, allow_weak=True)
    walk.start()
    previous = newest_charter(walk)
    file = charters.propose_next(previous, [], charters.Terms(), service=charters.parse_service(raw))
    for agency in AGENCIES:
        file = charters.sign(file, root(walk, agency), previous=previous)
    return file
