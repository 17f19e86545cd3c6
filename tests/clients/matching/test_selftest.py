"""The alarm self-test: it finds what it planted, notices a service that does not, and leaves nothing on."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from clients.errors import TrustError
from clients.matching import selftest
from clients.matching.selftest import PURPOSE, self_test
from clients.session import Session, load_profile
from clients.transport import Request, Response, Transport
from ledger.profiles import Profile
from ledger.slips import Hit
from ledger.wire import paths
from tests.clients.matching.conftest import OWNER
from tests.support.loopback import Walk


class Deaf:
    """A service that forgets every token before it answers."""

    def __init__(self, walk: Walk) -> None:
        """Take the honest service, and where its database lies."""
        self._honest: Transport = walk.transport
        self._database = walk.config.database

    def send(self, request: Request, *, limit: int) -> Response:
        """Answer a question without tokens to match it."""
        if request.path == paths.MATCHES:
            with closing(sqlite3.connect(self._database)) as connection, connection:
                connection.execute("DELETE FROM tokens")
        return self._honest.send(request, limit=limit)


def profile_of(session: Session) -> Profile:
    """Return the profile in use."""
    return load_profile(session.home, session.stand().view.charter)


def policies(session: Session, tested: selftest.Tested) -> list[Hit | None]:
    """Return what the planted records answer now."""
    slips = [session.book.slip(name.jti) for name in tested.planted]
    return [None if slip is None else slip.hit for slip in slips]


def test_the_planted_record_is_found_and_both_are_off_afterwards(walk: Walk) -> None:
    """Two records, one question of the own kind; nothing planted is ever found by a partner."""
    with closing(walk.session(OWNER)) as session:
        done = self_test(session, profile_of(session))

        assert len(set(done.planted)) == 2
        assert policies(session, done) == [Hit.OFF, Hit.OFF]
        question = session.book.question(done.q)
        assert question is not None
        assert (question.what, question.purpose.text) == (PURPOSE, PURPOSE)


def test_every_test_plants_another_number(walk: Walk) -> None:
    """A service that had learned one item would not know the next."""
    with closing(walk.session(OWNER)) as session:
        tested = [self_test(session, profile_of(session)) for _ in range(2)]
        records = {record.name: record for record in session.replica.records()}
        numbers = {str(records[name].portions["item"].fields["item.serials"]) for one in tested for name in one.planted}

    assert len(numbers) == 2


def test_a_service_that_finds_nothing_is_noticed(walk: Walk) -> None:
    """It is told in plain words, and what was planted is turned off all the same."""
    walk.transport = Deaf(walk)  # type: ignore[assignment]  # it sends, which is all that a session asks
    with closing(walk.session(OWNER)) as session:
        before = {record.name for record in session.replica.records()}
        with pytest.raises(TrustError, match="did not find a record that was planted"):
            self_test(session, profile_of(session))
        planted = [record.name for record in session.replica.records() if record.name not in before]

        assert len(planted) == 2
        assert policies(session, selftest.Tested(planted=tuple(planted), q=b"")) == [Hit.OFF, Hit.OFF]


def test_a_profile_that_answers_nothing_openly_has_nothing_to_test(walk: Walk) -> None:
    """It is said before anything is logged."""
    with closing(walk.session(OWNER)) as session:
        profile = profile_of(session)
        closed = replace(
            profile, classes=tuple(replace(one, hit=dict.fromkeys(one.hit, Hit.OFF)) for one in profile.classes)
        )
        before = len(walk.transport.requests)
        with pytest.raises(TrustError, match="answers no kind of event openly"):
            self_test(session, closed)

    assert not [one for one in walk.transport.requests[before:] if one.path == paths.BATCHES]
