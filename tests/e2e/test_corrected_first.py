"""A correction that reaches a home before the record it corrects, and one that never opens there."""

from dataclasses import replace

import pytest

from clients import expunging
from clients.session import Session, load_profile
from clients.submitting import submit
from clients.syncing import Sync
from clients.talk.answering import unasked
from clients.talk.releasing import Choice, offer_records, rebuild
from clients.talk.telling import offer_json, offer_lines
from clients.transport import Request, Response, Transport
from ledger.identifiers import StatementName
from ledger.profiletoml import to_toml
from ledger.wire import paths
from ledger.wire.frames import encode_frames, parse_frames
from ledger.wire.schemas import BLOB_REQUEST
from tests.support.charterlife import OWNER, PARTNER, quiet, sync
from tests.support.lists import MAP, plan_rows
from tests.support.loopback import Walk, found_consortium
from tests.support.officers import agreed

KEYED = f'key = ["make"]\n{MAP}'


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give a log with one record and its correction, closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, PARTNER)
    for serial in ("WRONG11", "RIGHT22"):
        session = found.session(OWNER)
        rows = plan_rows(session, [{"make": "Colt", "serial": serial}], text=KEYED).rows
        assert submit(
            session, rows, load_profile(session.home, session.refresh().charter), progress=quiet, correct=True
        )
    sync(found, OWNER)
    found.close()
    return found


class Keeping:
    """A service that keeps back every blob of one record."""

    def __init__(self, inner: Transport, name: StatementName) -> None:
        """Take the service, and whose blobs."""
        self._inner = inner
        self._name = name

    def send(self, request: Request, *, limit: int) -> Response:
        """Send; blank the blobs."""
        answer = self._inner.send(request, limit=limit)
        if request.path != paths.BLOBS:
            return answer
        assert request.body is not None
        wanted = BLOB_REQUEST.read(request.body).get
        frames = zip(wanted, parse_frames(answer.body, most=10_000), strict=True)
        left = [b"" if (one.iss, one.jti) == (self._name.iss, self._name.jti) else frame for one, frame in frames]
        return Response(status=200, content_type=answer.content_type, body=encode_frames(left))


def names(walk: Walk) -> list[StatementName]:
    """Return the record and its correction."""
    return [one.name for one in walk.session(OWNER).replica.records()]


def without(walk: Walk, name: StatementName) -> Session:
    """Return the partner's home after a sync in which one record did not open."""
    session = walk.session(PARTNER)
    session.service._transport = Keeping(walk.transport, name)
    assert Sync(session, progress=quiet).by_feed().records == 1
    return session


def test_the_older_record_that_opens_later_is_superseded_at_once(walk: Walk) -> None:
    """It is neither shown nor found as if it stood."""
    old, new = names(walk)
    without(walk, old)
    sync(walk, PARTNER, full=True)
    replica = walk.session(PARTNER).replica

    assert [one.superseded_by for one in replica.records()] == [new.jti, None]
    assert replica.live_names(OWNER) == (new,)


def test_a_correction_that_does_not_open_supersedes_all_the_same(walk: Walk) -> None:
    """The log says so to everybody: what only its readers learn is what it says."""
    old, new = names(walk)
    replica = without(walk, new).replica
    found = replica.find(old)

    assert found is not None
    assert (found.superseded_by, replica.find(new)) == (new.jti, None)


def corrected_for_itself(walk: Walk) -> StatementName:
    """Have the owner correct its record once more, in an epoch of which nobody else has a key; return the new one."""
    walk.clock.now += 8 * 86_400
    session = walk.session(OWNER)
    charter = session.refresh().charter
    profile = load_profile(session.home, charter)
    own = tuple(replace(one, labels=dict.fromkeys(one.labels, one.labels["case"])) for one in profile.classes)
    session.home.profile.write_text(to_toml(replace(profile, classes=own)), encoding="utf-8")
    rows = plan_rows(session, [{"make": "Colt", "serial": "SEALED33"}], text=KEYED).rows
    assert submit(session, rows, load_profile(session.home, charter), progress=quiet, correct=True)
    sync(walk, OWNER)
    return names(walk)[-1]


def test_a_correction_sealed_to_others_is_learned_by_the_feed(walk: Walk) -> None:
    """Whoever holds the record learns that it stands no more, and not what took its place."""
    sync(walk, PARTNER)
    new = corrected_for_itself(walk)

    report = sync(walk, PARTNER)
    replica = walk.session(PARTNER).replica

    assert replica.find(new) is None
    assert replica.live_names(OWNER) == ()
    assert not report.refused


def test_whoever_releases_what_was_corrected_is_told_first(walk: Walk) -> None:
    """Asked for the older record, an officer sees which one stands before anybody confirms; a second officer does, too."""
    old, new = names(walk)
    session = walk.session(OWNER)
    address = unasked(PARTNER)
    offers = {
        name: offer_records(session, address, [Choice(name=name, portions=("item",))], None) for name in (old, new)
    }
    told = offer_lines(rebuild(session, offers[old].plan(), ()), session.trust.charters()[-1], None)

    assert (offers[old].corrected, offers[new].corrected) == ((new,), ())
    assert str(new) in " ".join(told)
    assert str(new) not in " ".join(offer_lines(offers[new], session.trust.charters()[-1], None))
    assert offer_json(offers[old])["corrected"] == [str(new)]


def test_a_home_that_comes_after_the_correction_was_expunged_knows_of_it(walk: Walk) -> None:
    """The record whose place it took does not stand again, for nobody."""
    old, new = names(walk)
    session = walk.session(OWNER)
    order = expunging.plan_expunge(session, new, why="law")
    expunging.expunge(session, order, agreed(session, order))
    for agency in (OWNER, PARTNER):
        sync(walk, agency)
        found = walk.session(agency).replica.find(old)
        assert found is not None
        assert found.superseded_by == new.jti
