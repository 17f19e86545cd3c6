"""An act in another file than the record of use: what began and what came of it stand there, whatever ends the desk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.desk.use.intents import BEGINS, INTENTS, NOT_DONE, Intents
from clients.desk.use.record import UseRecord
from clients.errors import HomeError
from tests.clients.desk.test_use import Place

ACT = bytes(16)
OF = ["xar-arms/1 to xbe-cib", "xar-arms/2 to xbe-cib"]


class Killed(BaseException):
    """The end of the desk: nothing catches it."""


class Outbox:
    """What keeps acts: those that were done, until the machine goes out."""

    def __init__(self) -> None:
        """Begin with nothing done."""
        self.done: set[bytes] = set()
        self.is_out = False

    def is_used(self, act: bytes) -> bool:
        """Tell, or be gone."""
        if self.is_out:
            raise Killed
        return act in self.done


class Desk:
    """A record of use, and an outbox beside it."""

    def __init__(self, place: Place) -> None:
        """Start the desk."""
        self.outbox = Outbox()
        self._place = place
        self.start()

    def start(self) -> None:
        """Open the record as a desk that starts does, and settle what an earlier run left."""
        self.outbox.is_out = False
        self.record: UseRecord = self._place.open()
        engine = self._place.engines[-1]
        INTENTS.create_all(engine)
        self.intents = Intents(self.record, engine, is_done=self.outbox.is_used)
        self.intents.settle()

    def release(self, *, then: BaseException | None = None, before: BaseException | None = None) -> None:
        """Do something, or die before or after it was done."""
        with self.intents.doing(ACT, "Ana", "released", OF):
            self.outbox.is_out = isinstance(before or then, Killed)
            if before is not None:
                raise before
            self.outbox.done.add(ACT)
            if then is not None:
                raise then

    @property
    def noted(self) -> list[tuple[str, str]]:
        """Return what was noted, in order."""
        return [(one.entry.did, one.entry.of) for one in reversed(self.record.entries(limit=99))]


BEGUN = [(BEGINS, f"released: {one}") for one in OF]
DONE = [("released", one) for one in OF]
LEFT = [(NOT_DONE, f"released: {one}") for one in OF]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Give a desk."""
    place = Place(tmp_path / "home")
    yield Desk(place)
    place.close()


def test_what_was_done_is_noted_as_begun_and_as_done(desk: Desk) -> None:
    """In this order, an entry for each thing it is of."""
    desk.release()

    assert desk.noted == BEGUN + DONE


def test_an_error_before_the_act_is_noted_as_not_done(desk: Desk) -> None:
    """No note says that somebody did what was not done."""
    with pytest.raises(LookupError):
        desk.release(before=LookupError())

    assert desk.noted == BEGUN + LEFT


def test_an_error_after_the_act_does_not_deny_it(desk: Desk) -> None:
    """What was written is done, though sending it failed: the outbox is asked, not the error."""
    with pytest.raises(LookupError):
        desk.release(then=LookupError())

    assert desk.noted == BEGUN + DONE


def test_attack_a_desk_killed_between_an_act_and_its_note(desk: Desk) -> None:
    """At the next start the record says that it was done, once."""
    with pytest.raises(Killed):
        desk.release(then=Killed())
    assert desk.noted == BEGUN
    for _ in range(2):
        desk.start()

    assert desk.noted == BEGUN + DONE


def test_attack_a_desk_killed_between_a_note_and_its_act(desk: Desk) -> None:
    """At the next start the record says that it was not done."""
    with pytest.raises(Killed):
        desk.release(before=Killed())
    for _ in range(2):
        desk.start()

    assert desk.noted == BEGUN + LEFT


def test_what_cannot_be_noted_does_not_begin(desk: Desk) -> None:
    """A full disk stops the act, and leaves nothing to settle."""
    with desk.intents._engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON use_entry BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    with pytest.raises(HomeError, match="cannot be written"):
        desk.release()
    with desk.intents._engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
    desk.start()

    assert (desk.outbox.done, desk.noted) == (set(), [])
