"""One form, one outcome, whatever is clicked and whatever breaks."""

import threading
from pathlib import Path

import pytest

from clients.database import open_database
from clients.desk.once import KEPT_SECONDS, ONCE, DoneBeforeError, Forms
from clients.errors import ListError
from tests.support.desks import Desk
from tests.support.fakes import FixedClock

NUMBER = bytes(range(16))


@pytest.fixture
def clock() -> FixedClock:
    """Give a clock that stands."""
    return FixedClock()


@pytest.fixture
def forms(tmp_path: Path, clock: FixedClock) -> Forms:
    """Give the numbers of a desk where no form was sent yet."""
    return Forms(open_database(tmp_path / "desk.sqlite", ONCE, key=bytes(32)), clock=clock)


def test_a_form_is_carried_out_once(kept_desk: Desk, forms: Forms) -> None:
    """The second time it is told what came of it, and nothing is done."""
    done: list[str] = []
    with kept_desk.app.test_request_context():
        assert forms.once(NUMBER, 1, lambda: done.append("x") or "sent") == "sent"  # type: ignore[func-returns-value]  # it counts, and then says
        with pytest.raises(DoneBeforeError, match="carried out once: sent"):
            forms.once(NUMBER, 1, lambda: done.append("x") or "sent")  # type: ignore[func-returns-value]  # as above

    assert done == ["x"]


def test_a_form_that_failed_may_be_sent_again(kept_desk: Desk, forms: Forms) -> None:
    """It gives its number back, so that what was wrong can be put right on the same page."""
    with kept_desk.app.test_request_context():
        with pytest.raises(ListError):
            forms.once(NUMBER, 1, _fail)

        assert forms.once(NUMBER, 1, lambda: "sent") == "sent"


def test_two_clicks_at_once_have_one_outcome(kept_desk: Desk, forms: Forms) -> None:
    """While the first is still at work the second is told so."""
    at_work, go_on, done = threading.Event(), threading.Event(), []

    def act() -> str:
        at_work.set()
        assert go_on.wait(10)
        done.append("x")
        return "sent"

    first = threading.Thread(target=lambda: forms.once(NUMBER, 1, act))
    first.start()
    assert at_work.wait(10)
    with kept_desk.app.test_request_context(), pytest.raises(DoneBeforeError, match="is being carried out"):
        forms.once(NUMBER, 1, act)
    go_on.set()
    first.join(10)

    assert done == ["x"]


def test_a_form_that_was_cut_off_is_not_carried_out_again(kept_desk: Desk, forms: Forms) -> None:
    """What a killed desk had begun may be done: it is looked at, never repeated."""
    with pytest.raises(SystemExit):
        forms.once(NUMBER, 1, _killed)
    with kept_desk.app.test_request_context(), pytest.raises(DoneBeforeError, match="or was interrupted"):
        forms.once(NUMBER, 1, lambda: "sent")


def test_nobody_is_told_what_came_of_anothers_form(kept_desk: Desk, forms: Forms) -> None:
    """A number that somebody else's page drew tells nothing."""
    forms.once(NUMBER, 1, lambda: "sent to xbe-cib")
    with kept_desk.app.test_request_context(), pytest.raises(DoneBeforeError) as told:
        forms.once(NUMBER, 2, lambda: "sent")

    assert "xbe-cib" not in str(told.value)


def test_numbers_are_forgotten_when_no_page_can_hold_them_any_more(
    kept_desk: Desk, forms: Forms, clock: FixedClock
) -> None:
    """A session lasts half a day: after a week its pages are refused before their number is looked at."""
    forms.once(NUMBER, 1, lambda: "sent")
    clock.advance(KEPT_SECONDS + 1)
    with kept_desk.app.test_request_context():
        assert forms.once(bytes(16), 1, lambda: "other") == "other"
        assert forms.once(NUMBER, 1, lambda: "sent") == "sent"


def _fail() -> str:
    raise ListError("nobody is asked")


def _killed() -> str:
    raise SystemExit
