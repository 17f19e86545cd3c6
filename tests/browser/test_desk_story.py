"""The desk in Debian's Chromium: two desks and the service as their own commands start them, and people with passkeys."""

import pytest

from tests.support.deskstory import Story

pytestmark = pytest.mark.slow


def test_a_link_lets_one_person_in_once(story: Story) -> None:
    """The first administrator's link is dead for whoever opens it after them, the same person too."""
    assert story.found["link again"] == "404"


def test_a_saved_cookie_is_dead_after_signing_out(story: Story) -> None:
    """Attack: the very cookie put back into the browser opens nothing but the sign-in."""
    assert story.found["after signing out"] == "/signin"


def test_problems_are_named_by_line_and_column(story: Story) -> None:
    """The bad line is named by its number and its column, with what to do; the good ones go in without it."""
    assert "date" in story.found["problems"]
    assert "3" in story.found["problems"]


def test_two_officers_sign_and_a_receipt_proves_it(story: Story) -> None:
    """What two officers agreed on is logged, and the page that says so names checkpoint and batch."""
    assert "records are logged, each proved by the log's signature" in story.found["receipt"]


def test_no_page_asks_anything_of_another_host(story: Story) -> None:
    """Not one request, by any tab, to anywhere but its own desk."""
    assert story.seen.elsewhere == []


def test_the_browser_complains_of_nothing(story: Story) -> None:
    """No error of a script, nothing refused by the content policy: what a page brings is what it may bring."""
    assert story.seen.complaints == []
