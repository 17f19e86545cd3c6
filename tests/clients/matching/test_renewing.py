"""Renewing slips: what changes, what becomes off, and what is refused whole (docs/protocol.md, 6.5)."""

from contextlib import closing
from dataclasses import replace

import pytest

from clients.errors import HomeError
from clients.matching.renewing import Renewed, Renewer
from clients.session import Session, load_profile
from ledger.charterpayload import parse_charter
from ledger.errors import LabelError
from ledger.profiles import default_profile
from ledger.slips import Hit
from ledger.wire import paths
from tests.clients.matching.conftest import ASKER, OWNER
from tests.support.loopback import Walk
from tests.support.matched import newest_charter
from tests.support.standings import standing_under


def renew(session: Session, *, to: Hit | None = None, everything: bool = False) -> Renewed:
    """Renew the slips of a home."""
    standing = session.stand()
    profile = load_profile(session.home, standing.view.charter)
    return Renewer(standing, profile, to=to, everything=everything).renew()


def policies(session: Session) -> list[Hit | None]:
    """Return what the home holds of each own record's policy."""
    own = [one.name for one in session.replica.records() if one.name.iss == session.config.id]
    slips = [session.book.slip(name.jti) for name in own]
    return [None if slip is None else slip.hit for slip in slips]


def submissions(walk: Walk) -> int:
    """Return how many batches were sent."""
    return sum(request.path == paths.BATCHES for request in walk.transport.requests)


def test_what_would_say_the_same_is_not_renewed(walk: Walk) -> None:
    """A slips statement is seen by everybody: none is sent for nothing."""
    with closing(walk.session(OWNER)) as session:
        before = submissions(walk)
        done = renew(session)

        assert done.batches == ()
        assert sum(done.policies.values()) == 0
        assert submissions(walk) == before


def test_everything_is_renewed_where_it_is_asked_for(walk: Walk) -> None:
    """A new canonical version changes tokens and no policy."""
    with closing(walk.session(OWNER)) as session:
        done = renew(session, everything=True)

        assert len(done.batches) == 1
        assert done.policies == {Hit.OPEN: 1, Hit.SILENT: 0, Hit.OFF: 0}


def test_a_record_turns_off_and_open_again(walk: Walk) -> None:
    """The book knows the newest policy, and the old slip stays for a proof."""
    with closing(walk.session(OWNER)) as session:
        assert policies(session) == [Hit.OPEN]

        assert renew(session, to=Hit.OFF).policies[Hit.OFF] == 1
        assert policies(session) == [Hit.OFF]
        assert renew(session).policies[Hit.OPEN] == 1
        assert policies(session) == [Hit.OPEN]
        (record,) = [one for one in session.replica.records() if one.name.iss == OWNER]
        assert len(session.book.slips(record.name.jti)) == 3


def test_a_record_that_others_read_does_not_turn_silent(walk: Walk) -> None:
    """It is refused whole, before a batch is made: nothing is sent and nothing is written down."""
    with closing(walk.session(OWNER)) as session:
        before = submissions(walk)
        with pytest.raises(LabelError, match="originator only"):
            renew(session, to=Hit.SILENT)

        assert submissions(walk) == before
        assert policies(session) == [Hit.OPEN]


def test_a_record_that_this_home_cannot_read_becomes_off(walk: Walk) -> None:
    """Without its item no token can be made of it; a random one in its name would answer nobody."""
    with closing(walk.session(OWNER)) as session:
        (record,) = [one for one in session.replica.records() if one.name.iss == OWNER]
        standing = session.stand()
        renewer = Renewer(standing, load_profile(session.home, standing.view.charter), everything=True)
        renewer._own = {record.name.jti: replace(record, portions={})}

        assert renewer.renew([record.batch]).policies == {Hit.OPEN: 0, Hit.SILENT: 0, Hit.OFF: 1}


def test_a_home_without_records_renews_nothing(walk: Walk) -> None:
    """Other agencies' batches are not looked at."""
    with closing(walk.session(ASKER)) as session:
        assert renew(session, everything=True) == Renewed(policies=dict.fromkeys(Hit, 0), batches=())


def test_without_a_matching_key_there_is_nothing_to_renew(walk: Walk) -> None:
    """While the charter names none every slip is off, and it is said so."""
    charter = replace(parse_charter(newest_charter(walk)), match=None)
    profile = default_profile(OWNER, (ASKER,))

    with pytest.raises(HomeError, match="names no matching key"):
        Renewer(standing_under(charter), profile)
