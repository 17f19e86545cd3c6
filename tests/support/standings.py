"""A home's standing made of the parts that a test names: no log behind it, no service, no keys."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from clients.matching.book import Book
from clients.session import Session, Standing
from ledger.charter import Charter
from ledger.notices import NoticePage


@dataclass
class FakeView:
    """A view whose charter alone is asked."""

    charter: Charter


@dataclass
class FakeStanding:
    """A standing of which only the charter is asked."""

    view: FakeView


def standing_under(charter: Charter) -> Standing:
    """Return a standing under a charter, of which nothing else is asked."""
    return cast("Standing", FakeStanding(FakeView(charter)))


@dataclass
class FakeNotices:
    """A service that has pages of notices and takes reviews."""

    page: Callable[[int], NoticePage]
    reviewed: list[bytes] = field(default_factory=list)

    def notices(self, after: int) -> NoticePage:
        """Return the page after a cursor."""
        return self.page(after)

    def review(self, ids: list[bytes]) -> None:
        """Remember which were reviewed."""
        self.reviewed += ids


@dataclass
class FakeWorld:
    """A clock that a test sets."""

    now: int = 1_000

    def clock(self) -> int:
        """Return the time."""
        return self.now


@dataclass
class FakeSession:
    """A home that holds a book and asks a service for notices."""

    book: Book
    service: FakeNotices
    world: FakeWorld = field(default_factory=FakeWorld)

    def as_session(self) -> Session:
        """Return it as the session it stands for."""
        return cast("Session", self)
