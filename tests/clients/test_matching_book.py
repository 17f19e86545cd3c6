"""The book of matching: what is kept is found again, once, and survives reopening."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.matching.book import NOTICES, AskedQuestion, Book
from ledger.answers import Slot
from ledger.identifiers import StatementName
from ledger.notices import AskedStands, WatchFired
from ledger.questions import Asking, draw_purpose
from ledger.slips import Hit, SlipDraft, build_slip, parse_slip
from tests.support.keystores import DATABASE_KEY

JTI = bytes(range(16))
FIRED = WatchFired(q=bytes(32), slot=Slot(index=4, name=StatementName("xbe-cib", JTI), c="T0"))


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    """Give a new book."""
    found = Book(tmp_path / "matching.sqlite", key=DATABASE_KEY)
    yield found
    found.close()


def question(number: int, *, asked: int = 100, asking: Asking = Asking.LOOKUP) -> AskedQuestion:
    """Return a question."""
    return AskedQuestion(
        q=bytes([number]) * 32, asked=asked, asking=asking, what="a gun", purpose=draw_purpose("why"), body=b"{}"
    )


def slip(hit: Hit, *, ep: int = 1) -> bytes:
    """Return a slip of the record."""
    return build_slip(SlipDraft(hit=hit, token_epoch=ep), of=JTI)


def test_only_its_owner_reads_the_book(book: Book, tmp_path: Path) -> None:
    """It holds purposes and slips: nobody else on the machine sees them."""
    assert (tmp_path / "matching.sqlite").stat().st_mode & 0o077 == 0
    assert book.questions() == []


def test_tokens_are_found_again(book: Book) -> None:
    """What was evaluated once is not paid for again, and the first answer stays."""
    book.put_tokens({b"a": b"1" * 16, b"b": b"2" * 16})
    book.put_tokens({b"a": b"3" * 16})
    book.put_tokens({})

    assert book.tokens([b"a", b"b", b"c"]) == {b"a": b"1" * 16, b"b": b"2" * 16}
    assert book.tokens([bytes([index % 256, index // 256]) for index in range(1_200)]) == {}


def test_the_newest_slip_of_an_epoch_counts_and_the_first_is_kept(book: Book) -> None:
    """A renewal changes what is answered; the entry commits to the first slip, which a proof may need."""
    first, second, later = slip(Hit.OPEN), slip(Hit.OFF), slip(Hit.OPEN, ep=2)
    for one in (first, second, later, later):
        book.put_slips([one])
    book.put_slips([])

    assert book.slips(JTI) == (later, second, first)
    assert book.live_slips(JTI) == (parse_slip(later), parse_slip(second))
    assert book.slip(JTI) == parse_slip(later)
    assert book.slip(bytes(16)) is None


def test_a_question_is_kept_with_its_purpose_and_its_answer(book: Book) -> None:
    """The salt and the words come back as they were; a question that was refused is forgotten."""
    one, other = question(1), question(2)
    book.put_question(one)
    book.put_question(other)
    book.put_answer(one.q, b"answer")
    book.drop_question(other.q)
    (kept,) = book.questions()

    assert (kept.purpose, kept.answer, kept.what) == (one.purpose, b"answer", "a gun")
    assert book.question(one.q) == kept
    assert book.question(other.q) is None


def test_questions_are_counted_by_kind_and_day(book: Book) -> None:
    """What is left of a limit counts what was charged to it, from midnight on."""
    for number, (asked, asking) in enumerate([(99, Asking.LOOKUP), (100, Asking.WATCH), (101, Asking.OWN)]):
        book.put_question(question(number, asked=asked, asking=asking))

    assert book.asked_since(100, Asking.LOOKUP, Asking.WATCH) == 1
    assert book.asked_since(0, Asking.LOOKUP, Asking.WATCH) == 2
    assert book.asked_since(0, Asking.OWN) == 1


def test_notices_are_kept_once_with_the_cursor_behind_them(book: Book) -> None:
    """A page that comes twice tells nothing new, and the cursor is where the last page said."""
    stands = AskedStands(body_hash=bytes(32), index=1, salt=bytes(32))
    first = book.put_notices([FIRED, stands], now=5, cursor=2)
    again = book.put_notices([FIRED], now=6, cursor=3)

    assert (first, again) == ([FIRED, stands], [])
    assert [(one.notice, one.seen) for one in book.notices()] == [(FIRED, 5), (stands, 5)]
    assert book.state(NOTICES, default=0) == 3


def test_a_review_is_remembered_once(book: Book) -> None:
    """The time of the first review stays."""
    book.put_notices([FIRED], now=5, cursor=1)
    number = book.notices()[0].number
    book.mark_reviewed([number], now=7)
    book.mark_reviewed([number], now=9)

    assert book.notices()[0].reviewed == 7


def test_the_book_survives_reopening(tmp_path: Path) -> None:
    """What was written is there after the program ended."""
    first = Book(tmp_path / "book.sqlite", key=DATABASE_KEY)
    first.remember("epoch/1", 4)
    first.remember("epoch/1", 5)
    first.close()
    again = Book(tmp_path / "book.sqlite", key=DATABASE_KEY)

    assert again.state("epoch/1", default=0) == 5
    assert again.state("epoch/2", default=7) == 7
    again.close()


def test_no_repr_shows_what_was_asked(book: Book) -> None:
    """A question in a log tells neither weapon nor purpose."""
    assert "gun" not in repr(question(1))
    assert "why" not in repr(question(1))
    assert book.notices() == []
