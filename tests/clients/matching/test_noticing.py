"""Notices at home: fetched once, doubted where the access log says otherwise, reviewed in time (docs/protocol.md, 6.11)."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from clients.cli.exits import Exit
from clients.errors import ListError, TrustError
from clients.matching.book import NOTICES, Book
from clients.matching.noticing import HOUR, collect, overdue, review, settle, waits
from ledger.accesslog import Outcome, OutcomeOpening, Result, ToldHit
from ledger.answers import Slot
from ledger.errors import ProofError
from ledger.identifiers import StatementName
from ledger.notices import Matched, NoticePage, WatchFired
from ledger.slips import Hit, SlipDraft, build_slip
from tests.clients.matching.conftest import ASKER, OWNER
from tests.support.commands import command
from tests.support.keystores import DATABASE_KEY
from tests.support.loopback import Walk
from tests.support.matched import ask, tick
from tests.support.standings import FakeNotices, FakeSession, standing_under

WATCH = WatchFired(q=bytes(32), slot=Slot(index=4, name=StatementName(OWNER, bytes(16)), c="T0"))


def matched(number: int, *, hit: Hit = Hit.SILENT, to: str = OWNER) -> Matched:
    """Return a notice that somebody asked, which no access log bears out."""
    told = (ToldHit(index=7, jti=bytes([number]) * 16, c="T0", hit=hit),)
    outcome = Outcome(salt=bytes(32), hashes=(bytes(32),) * 16)
    return Matched(
        id=bytes([number]) * 16,
        result=Result(to=to, asker=ASKER, at=5, hits=told),
        opening=OutcomeOpening(index=0, outcome=outcome, place=0, salt=bytes(32)),
    )


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    """Give a new book."""
    found = Book(tmp_path / "matching.sqlite", key=DATABASE_KEY)
    yield found
    found.close()


def fake(book: Book, page: Callable[[int], NoticePage]) -> FakeSession:
    """Return a home with a book, and a service with these pages."""
    return FakeSession(book=book, service=FakeNotices(page))


NOBODY = standing_under(None)  # type: ignore[arg-type]  # no notice of a match comes, so no charter is asked


def test_pages_are_read_to_the_end_and_kept_once(book: Book) -> None:
    """The cursor is kept with the page: what was read is not fetched again, and not told again."""
    pages = {0: NoticePage(next=5, more=True, items=(WATCH,)), 5: NoticePage(next=6, more=False, items=(WATCH,))}
    session = fake(book, lambda after: pages.get(after, NoticePage(next=after, more=False, items=())))

    assert collect(session.as_session(), NOBODY).new == (WATCH,)
    assert book.state(NOTICES, default=0) == 6
    assert collect(session.as_session(), NOBODY).new == ()


@pytest.mark.parametrize("page", [NoticePage(next=0, more=True, items=()), NoticePage(next=2, more=False, items=())])
def test_notices_that_do_not_go_forward(book: Book, page: NoticePage) -> None:
    """A service that turns in a circle, or back, is caught by its own cursor."""
    book.remember(NOTICES, 3 if page.next else 0)

    with pytest.raises(ProofError, match="forward"):
        collect(fake(book, lambda _after: page).as_session(), NOBODY)


def test_notices_that_do_not_end(book: Book) -> None:
    """No service keeps a home busy for ever."""
    endless = fake(book, lambda after: NoticePage(next=after + 1, more=True, items=()))

    with pytest.raises(TrustError, match="do not end"):
        collect(endless.as_session(), NOBODY)


def test_a_silent_hit_waits_for_its_review_and_is_overdue_after_72_hours(book: Book) -> None:
    """From when this home first saw it; an open hit and a watch wait for nothing."""
    book.put_notices([matched(1), matched(2, hit=Hit.OPEN), WATCH], now=1_000, cursor=3)
    silent, open_, watch = book.notices()

    assert [waits(one) for one in (silent, open_, watch)] == [True, False, False]
    assert not overdue(silent, now=1_000 + 72 * HOUR - 1)
    assert overdue(silent, now=1_000 + 72 * HOUR)
    assert not overdue(open_, now=10**9)


def test_reviews_are_told_to_the_service_and_then_kept(book: Book) -> None:
    """In parts of a hundred, each written down once the service has it; nothing waits afterwards."""
    book.put_notices([matched(number) for number in range(150)], now=1_000, cursor=150)
    session = fake(book, lambda after: NoticePage(next=after, more=False, items=()))

    assert review(session.as_session(), None) == 150
    assert sorted(session.service.reviewed) == [bytes([number]) * 16 for number in range(150)]
    assert not any(waits(one) for one in book.notices())
    assert review(session.as_session(), None) == 0


def test_only_what_waits_can_be_reviewed(book: Book) -> None:
    """A number that is none, or was reviewed, changes nothing at all."""
    book.put_notices([matched(1), matched(2, hit=Hit.OPEN)], now=1_000, cursor=2)
    silent, open_ = book.notices()
    session = fake(book, lambda after: NoticePage(next=after, more=False, items=()))

    for wrong in (open_.number, 99):
        with pytest.raises(ListError, match=f"waits: {wrong}"):
            review(session.as_session(), [silent.number, wrong])
    assert session.service.reviewed == []
    assert review(session.as_session(), [silent.number]) == 1


def test_what_the_access_log_bears_out_is_no_doubt(walk: Walk) -> None:
    """Questions and evaluations of one's own, and who asked for one's record: all of them stand there."""
    ask(walk, ASKER, "--make", "Taurus", "--serial", "TJS84213")
    tick(walk)

    for agency in (OWNER, ASKER):
        with closing(walk.session(agency)) as session:
            arrived = collect(session, session.stand())
            assert arrived.doubts == ()
            assert len(arrived.new) == (1 if agency == OWNER else 0)


def test_a_notice_that_the_access_log_does_not_bear_out_is_a_doubt(walk: Walk) -> None:
    """It is told with its reason, each time until somebody has looked into it: who was named may never have asked."""
    with closing(walk.session(OWNER)) as session:
        told = FakeSession(
            book=session.book, service=FakeNotices(lambda _: NoticePage(next=99, more=False, items=(matched(1),)))
        )

        arrived = collect(told.as_session(), session.stand())
        later = collect(session, session.stand())
        settled = settle(session)

        assert len(arrived.doubts) == 1
        assert f"{ASKER} asked" in arrived.doubts[0]
        assert later.doubts == settled == arrived.doubts
        assert collect(session, session.stand()).doubts == session.book.doubts() == ()


def test_a_doubt_is_named_by_the_next_command_and_settled_by_a_person(walk: Walk) -> None:
    """A program that met it first may have told nobody; who settles it is shown it once more."""
    with closing(walk.session(OWNER)) as session:
        session.book.put_notices([], now=5, cursor=99, doubts=["a notice that somebody asked: it did not"])

    named = [command(walk, *words, home=OWNER) for words in (("notices",), ("sync",))]
    reviewed = command(walk, "notices", "--reviewed", home=OWNER)
    after = command(walk, "notices", home=OWNER)

    assert [done.code for done in named] == [Exit.REFUSED] * 2
    assert all("✗ a notice that somebody asked: it did not" in done.output for done in named)
    assert "looked into a notice that somebody asked" in reviewed.output
    assert (after.code, "it did not" in after.output) == (Exit.DONE, False)


def test_a_notice_for_another_agency_is_a_doubt(walk: Walk) -> None:
    """What was meant for another is not believed here."""
    with closing(walk.session(OWNER)) as session:
        page = NoticePage(next=99, more=False, items=(matched(1, to="xco-npa"),))
        arrived = collect(
            FakeSession(book=session.book, service=FakeNotices(lambda _: page)).as_session(), session.stand()
        )

    assert "another agency" in arrived.doubts[0]


def test_a_record_served_under_another_policy_is_a_doubt(walk: Walk) -> None:
    """An originator holds what it is told against its own slip: a silent record that was shown openly is found."""
    ask(walk, ASKER, "--make", "Taurus", "--serial", "TJS84213")
    tick(walk)
    with closing(walk.session(OWNER)) as session:
        (record,) = [one for one in session.replica.records() if one.name.iss == OWNER]
        session.book.put_slips([build_slip(SlipDraft(hit=Hit.SILENT, token_epoch=1), of=record.name.jti)])

        (doubt,) = collect(session, session.stand()).doubts

    assert "is silent, and was served as open" in doubt
