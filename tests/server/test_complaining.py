"""Complaints at the service: who may make one, what it opens to whom, and what it tells nobody (docs/protocol.md, 6.21)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from ledger.complaints import Own, OwnQuestion, OwnResult, build_complaint
from ledger.identifiers import access_origin
from ledger.kinds import Role
from ledger.notices import AskedStands, Complained, NoticePage, parse_page
from ledger.padding import PADDED_BYTES
from ledger.slips import Hit
from ledger.wire import paths
from tests.server.test_noticing import asked_of
from tests.support.matching import A, B, C, MatchWorld, token
from tests.support.services import SignedRequest, assert_problem

DAY = 86_400


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MatchWorld]:
    """Return a service that matches, with three agencies."""
    world = MatchWorld(tmp_path)
    world.begin()
    yield world
    world.close()


def question(world: MatchWorld, asker: str, weapon: str) -> SignedRequest:
    """Ask, let the tick pass, and return the request as its asker signed it."""
    body = world.question(token(weapon))
    request = world.signed(asker, "POST", paths.MATCHES, body=body, content_type=paths.QUESTION_TYPE)
    assert world.send(request).status_code == 200
    world.service.tick()
    return request


def askers(world: MatchWorld, asker: str, request: SignedRequest) -> OwnQuestion:
    """Return the opening that the asker of a request holds."""
    asked = asked_of(request)
    (stands,) = [one for one in world.told(asker) if isinstance(one, AskedStands) and one.body_hash == asked.body_hash]
    return OwnQuestion(index=stands.index, asked=asked, salt=stands.salt)


def originators(world: MatchWorld, owner: str) -> OwnResult:
    """Return the opening that an originator holds of what it was told last."""
    notice = world.matched(owner)[-1]
    return OwnResult(result=notice.result, opening=notice.opening)


def complaint(world: MatchWorld, own: Own, *, role: Role = Role.SIGN, held: int = 1) -> bytes:
    """Return the complaint of whoever holds an opening."""
    signer, kid = world.consortium.signing(own.agency, role)
    origin = access_origin(world.consortium.origin)
    held = held if held > 1 else world.service.store.head().size
    return build_complaint(signer=signer, kid=kid, iat=1, held=held, origin=origin, own=own)


def complain(world: MatchWorld, by: str, body: bytes) -> TestResponse:
    """Send a complaint."""
    return world.post(by, paths.COMPLAINTS, body, paths.COMPLAINT_TYPE)


def shown(world: MatchWorld, after: int = 0) -> NoticePage:
    """Return what the auditor is called to."""
    response = world.as_auditor(paths.COMPLAINTS, f"after={after}")
    assert response.status_code == 200
    assert len(response.data) == PADDED_BYTES
    return parse_page(response.data)


def test_an_auditor_is_called_to_an_entry_before_its_time(world: MatchWorld) -> None:
    """Both openings come with the complaint at once, and to nobody but an auditor of the charter."""
    world.log_weapon(A, "revolver")
    request = question(world, B, "revolver")
    own = originators(world, A)
    assert parse_page(world.as_auditor(paths.NOTICES, "after=0").data).items == ()

    assert complain(world, A, complaint(world, own)).data == b"ok\n"

    (item,) = shown(world).items
    assert isinstance(item, Complained)
    assert (item.complaint.iss, item.complaint.own) == (A, own)
    assert item.audited.asked == asked_of(request)
    assert item.audited.index == own.index
    assert_problem(world.get(A, paths.COMPLAINTS, query="after=0"), "not-a-member", 403)


def test_an_asker_complains_of_its_own_question(world: MatchWorld) -> None:
    """The asker holds its own opening, whether somebody was told or nobody."""
    request = question(world, B, "nobody has it")
    own = askers(world, B, request)

    assert complain(world, B, complaint(world, own)).status_code == 200

    (item,) = shown(world).items
    assert isinstance(item, Complained)
    assert item.audited.asked.iss == B


def test_auditors_go_on_by_a_cursor_of_complaints(world: MatchWorld) -> None:
    """A complaint opens its entry and no entry between: those wait for their 30 days, and are not passed over then."""
    requests = [question(world, B, weapon) for weapon in ("one", "two", "three")]
    own = askers(world, B, requests[-1])
    complain(world, B, complaint(world, own))
    page = shown(world)

    assert len(page.items) == 1
    assert shown(world, page.next).items == ()
    world.clock.now += 30 * DAY
    assert len(parse_page(world.as_auditor(paths.NOTICES, "after=0").data).items) == 3


def test_one_complaint_an_entry(world: MatchWorld) -> None:
    """Complaining twice is answered alike and calls the auditors once."""
    own = askers(world, B, question(world, B, "one"))
    answers = [complain(world, B, complaint(world, own)) for _ in range(2)]

    assert [one.data for one in answers] == [b"ok\n"] * 2
    assert len(shown(world).items) == 1


def test_silent_unmasked_by_complaint(world: MatchWorld) -> None:
    """The asker of a miss and of a silent match get the same answer, byte for byte, and nothing else changes for it."""
    world.log_weapon(A, "pistol", hit=Hit.SILENT)
    silent = askers(world, B, question(world, B, "pistol"))
    miss = askers(world, B, question(world, B, "rifle"))
    before = world.notices(B)

    answers = [complain(world, B, complaint(world, own)) for own in (silent, miss)]

    assert answers[0].data == answers[1].data == b"ok\n"
    varying = {"X-Request-Id", "Date"}
    heads = [{name: value for name, value in one.headers if name not in varying} for one in answers]
    assert heads[0] == heads[1]
    assert world.notices(B) == before


def test_a_stranger_to_an_entry_complains_of_it(world: MatchWorld) -> None:
    """An agency that was told nothing cannot open the entry, whatever number it names."""
    world.log_weapon(A, "revolver")
    request = question(world, B, "revolver")
    own = originators(world, A)
    stranger = OwnQuestion(index=own.index, asked=asked_of(request), salt=bytes(32))

    assert_problem(complain(world, C, complaint(world, own)), "not-a-member", 403)
    assert complain(world, B, complaint(world, stranger)).status_code == 400
    assert shown(world).items == ()


def test_a_complaint_with_a_key_for_requests(world: MatchWorld) -> None:
    """The `http` key signs requests and no complaints: who signs one has the agency's `sign` key."""
    own = askers(world, B, question(world, B, "one"))

    assert_problem(complain(world, B, complaint(world, own, role=Role.HTTP)), "not-a-member", 403)
    assert shown(world).items == ()


def test_a_complaint_of_a_log_that_is_not_there_yet(world: MatchWorld) -> None:
    """A size beyond the log's, and an index beyond the access log's, are refused."""
    own = askers(world, B, question(world, B, "one"))
    beyond = OwnQuestion(index=10_000, asked=own.asked, salt=own.salt)

    assert_problem(complain(world, B, complaint(world, own, held=10**6)), "malformed", 400)
    assert_problem(complain(world, B, complaint(world, beyond)), "not-found", 404)


def test_a_complaint_sent_again_has_no_effect(world: MatchWorld) -> None:
    """A request is taken once; nothing was kept of the second."""
    own = askers(world, B, question(world, B, "one"))
    request = world.signed(B, "POST", paths.COMPLAINTS, body=complaint(world, own), content_type=paths.COMPLAINT_TYPE)
    assert world.send(request).status_code == 200

    assert_problem(world.send(request), "replayed", 409)


def test_what_is_kept_no_longer_cannot_be_complained_of(world: MatchWorld) -> None:
    """Openings go after 90 days, and the complaints of them with them."""
    own = askers(world, B, question(world, B, "one"))
    complain(world, B, complaint(world, own))
    world.clock.now += 91 * DAY
    world.service.tick()

    assert shown(world).items == ()
    assert_problem(complain(world, B, complaint(world, own)), "not-found", 404)
