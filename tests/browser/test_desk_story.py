"""The desk in Debian's Chromium: two desks and the service as their own commands start them, and people with passkeys."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.support.chromium import Person
from tests.support.deskstory import ADMINISTRATOR, ANALYST, FIRST, SECOND, SUBMITTER, Story

pytestmark = pytest.mark.slow

MOST_BYTES = 250_000
_AXE = Axe()


def pages(story: Story) -> dict[str, tuple[str, ...]]:
    """Return the pages that are looked at, each with somebody who may open it."""
    record = story.found["record"]
    return {
        FIRST: ("/", "/submit", "/imports", story.found["import"], "/profile", "/me", "/me/ways", "/keys", "/inbox"),
        SUBMITTER: ("/find?words=GHK", record, record.replace("/records/", "/traces/"), f"{record}/proof", "/traces"),
        SECOND: ("/log", "/use", "/inbox/release", "/inbox/officer"),
        ANALYST: ("/ask", "/ask/1", "/hits", "/inbox/request"),
        ADMINISTRATOR: ("/people", "/people/new", "/people/2"),
    }


def speak(person: Person, language: str) -> None:
    """Choose a language on one's own page, as people do."""
    person.open("/me")
    person.page.locator("#language").select_option(language)
    with person.page.expect_navigation():
        person.page.locator("form:has(#language) button").click()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_can_be_used_by_everybody(story: Story, language: str) -> None:
    """Axe finds nothing on any page, light or dark, from left to right or from right to left; none is over its weight."""
    found: dict[str, object] = {}
    for name, paths in pages(story).items():
        person = story.at(name)
        speak(person, language)
        for path in paths:
            answer = person.open(path)
            if answer is None or answer.status != 200 or person.path == "/confirm":
                found[path] = f"{answer and answer.status} {person.path}"
                continue
            if person.weigh() > MOST_BYTES:
                found[f"{path} bytes"] = person.weigh()
            for scheme in ("light", "dark"):
                # Without motion: colours that are still on their way are no page's colours.
                person.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
                broken = _AXE.run(person.page).response["violations"]
                found |= {f"{path} {scheme} {one['id']}": [node["html"] for node in one["nodes"]] for one in broken}
        assert person.page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
        speak(person, "en")

    assert found == {}


def test_a_link_lets_one_person_in_once(story: Story) -> None:
    """The first administrator's link is dead for whoever opens it after them, the same person too."""
    assert story.found["link again"] == "422"


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


def test_a_question_says_its_cost_first_and_then_what_was_found(story: Story) -> None:
    """One question of the day's two hundred, and the owner of the weapon with the record that matches."""
    assert "199" in story.found["cost"]
    assert "hit: 1" in " ".join(story.found["told"].split())
    assert "entry" in story.found["told"]


def test_a_reader_sees_what_proves_a_record(story: Story) -> None:
    """Serial as marked, portions under their marks, and words that say who vouches for it: here nobody but the service."""
    shown = story.found["shown"]

    assert story.found["focus"] == "search"
    assert "GHK 221" in shown
    assert "(R) Item" in shown
    assert "verified, and unwitnessed" in shown
    assert "no record you may read before this" in story.found["trace"]


def test_a_bundle_made_at_the_desk_verifies(story: Story) -> None:
    """The file that the browser saved is all that a court needs besides the fingerprint of charter 1."""
    verdict = story.found["verified"]

    # Nobody witnesses this log, so the verdict is the one below the best; each of the two signatures is good.
    assert verdict.startswith("4 ! consistent")
    assert "good (classical)" in verdict


def test_no_page_asks_anything_of_another_host(story: Story) -> None:
    """Not one request, by any tab, to anywhere but its own desk."""
    assert story.seen.elsewhere == []


def test_the_browser_complains_of_nothing(story: Story) -> None:
    """No error of a script, nothing refused by the content policy: what a page brings is what it may bring."""
    assert story.seen.complaints == []
