"""The desk in Debian's Chromium: two desks and the service as their own commands start them, and people with passkeys."""

from urllib.parse import urlsplit

import pytest

from tests.support.chromium import Onlooker, Person
from tests.support.deskdisclosure import SECRET_WORDS, USE, look_at_release
from tests.support.deskstory import ADMINISTRATOR, ANALYST, FIRST, SECOND, STRANGER, SUBMITTER, Story

pytestmark = pytest.mark.slow

MOST_BYTES = 250_000
# What a release would do is shown in answer to a form; no address leads there.
LOOK, NOWHERE = "what a release would do", "/nowhere"
_ONLOOKER = Onlooker()


def pages(story: Story) -> dict[str, tuple[str, ...]]:
    """Return the pages that are looked at, each with somebody who may open it."""
    record, theirs = story.found["record"], story.found["their record"]
    return {
        FIRST: (
            *("/", "/submit", "/imports", story.found["import"], "/profile", "/me", "/me/ways", "/keys", "/inbox"),
            *(story.found["thread"], story.found["request"], story.found["waiting"], LOOK, "/inbox/release/expunge"),
        ),
        SUBMITTER: ("/find?words=GHK", record, record.replace("/records/", "/traces/"), f"/log{record}", "/traces"),
        SECOND: ("/log", "/use", "/inbox/release", "/inbox/officer", story.found["waiting"], story.found["proposal"]),
        ANALYST: ("/ask", "/ask/1", "/hits", "/inbox/request", f"/inbox/request?record={theirs[9:]}", theirs),
        ADMINISTRATOR: ("/members", "/people", "/people/new", "/people/2", "/people/notices", "/confirm", NOWHERE),
        STRANGER: ("/signin", story.found["a link"], f"{story.found['a link']}?name=Oto"),
    }


def speak(person: Person, language: str) -> None:
    """Choose a language on one's own page, as people do; who is not signed in has told the browser."""
    if person.name == STRANGER:
        person.context.set_extra_http_headers({"Accept-Language": language})
        return
    person.open("/me")
    person.page.locator("#language").select_option(language)
    with person.page.expect_navigation():
        person.page.locator("form:has(#language) button").click()


def look_at(story: Story, person: Person, path: str) -> dict[str, object]:
    """Open a page and return what is wrong with it."""
    if path == LOOK:
        look_at_release(person, story.found["record"])
    else:
        answer = person.open(path)
        if answer is None or answer.status != (404 if path == NOWHERE else 200) or person.path != urlsplit(path).path:
            return {path: f"{answer and answer.status} {person.path}"}
    broken: dict[str, object] = {f"{path} {what}": nodes for what, nodes in _ONLOOKER.look(person.page).items()}
    return broken if person.weigh() <= MOST_BYTES else {**broken, f"{path} bytes": person.weigh()}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_can_be_used_by_everybody(story: Story, language: str) -> None:
    """Axe finds nothing on any page, light or dark, from left to right or from right to left; none is over its weight."""
    found: dict[str, object] = {}
    for name, paths in pages(story).items():
        person = story.at(name)
        speak(person, language)
        for path in paths:
            found |= look_at(story, person, path)
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


def test_a_hit_is_three_clicks_from_a_readable_trace(story: Story) -> None:
    """Who asked and who was asked about get from the hit to the chain of transfer by three presses of a key, or fewer."""
    for who in ("asker", "owner"):
        assert story.clicks[who] <= 3
        assert "recovery" in story.found[f"traced by the {who}"]


def test_nobody_decides_before_they_saw_what_was_declared(story: Story) -> None:
    """The asker's use, and what its law may make of an answer, stand above the forms of both officers."""
    for page, first_form in (
        ("before deciding", "Acknowledge"),
        ("look", "Sign and"),
        ("seen by the second", "Approve"),
    ):
        shown = story.found[page]

        assert shown.index(USE) < shown.index("What the law of xbe-cib may make of an answer") < shown.index(first_form)


def test_a_release_takes_two_officers_and_says_that_it_is_for_ever(story: Story) -> None:
    """Below the label it is a downgrade; both officers are told so, and that it can be proved to be their own words."""
    for page in ("look", "seen by the second"):
        assert "This is a downgrade" in story.found[page]
        assert "A disclosure cannot be taken back." in story.found[page]
    assert "approved and carried out by B. Berg" in story.found["approved"]


def test_what_was_withheld_is_read_once_it_is_released_and_not_after_its_recall(story: Story) -> None:
    """A bar before, the words themselves under a release, and a bar again once its originator recalled it."""
    assert "withheld · ask xar-arms" in story.found["withheld"]
    assert SECRET_WORDS not in story.found["withheld"]
    assert SECRET_WORDS in story.found["released"]
    assert "released to you by xar-arms" in story.found["released"]
    assert "withheld · ask xar-arms" in story.found["recalled"]
    assert "good (classical)" in story.found["verified by the asker"]


def test_everything_on_the_way_is_reached_by_the_tab_key(story: Story) -> None:
    """From the hit to the trace, the request, the decision and the second officer: every stop is reached, ring in sight."""
    theirs = story.found["their record"]
    way = {
        ANALYST: (
            story.found["inquiry"],
            theirs,
            theirs.replace("/records/", "/traces/"),
            f"/inbox/request?record={theirs[9:]}",
        ),
        FIRST: ("/", "/inbox", story.found["thread"], story.found["request"]),
        SECOND: (story.found["waiting"],),
    }
    missed = {}
    for name, paths in way.items():
        for path in paths:
            story.at(name).open(path)
            missed[path] = story.at(name).tab_through()

    assert missed == {path: [] for path in missed}


_ON_PAPER = """() => {
  const seen = (chosen) => [...document.querySelectorAll(chosen)].filter((one) => one.checkVisibility()).length;
  const repeated = (chosen) => { const css = getComputedStyle(document.querySelector(chosen));
    return [css.display, css.breakInside]; };
  const folded = document.createElement("details");
  folded.innerHTML = "<summary>more</summary><p>what is folded in</p>";
  document.querySelector("main").append(folded);
  const height = folded.querySelector("p").getBoundingClientRect().height;
  folded.remove();
  return {
    "head": repeated("body > header"), "foot": repeated("body > footer"),
    "banners": seen("header .banner") + seen("footer .banner"),
    "screen only": seen("nav") + seen("button") + seen("input") + seen("select") + seen("textarea") + seen(".no-print"),
    "folded": height > 0, "foot says": document.querySelector(".receipt").innerText,
    "width": document.documentElement.scrollWidth <= document.documentElement.clientWidth,
  };
}"""


def test_every_sheet_of_a_printed_page_bears_its_label_and_whose_print_it_is(story: Story) -> None:
    """Head and foot are repeated, nothing to press is left, what was folded in is there, and the foot names reader and entry."""
    theirs = story.found["their record"]
    printed = {
        ANALYST: (theirs, theirs.replace("/records/", "/traces/"), f"{theirs}/bundle"),
        FIRST: (story.found["request"], story.found["thread"], story.found["import"]),
        SECOND: (story.found["waiting"],),
    }
    for name, paths in printed.items():
        person = story.at(name)
        for path in paths:
            person.open(path)
            person.page.emulate_media(media="print")
            found = person.page.evaluate(_ON_PAPER)
            person.page.emulate_media(media="screen")

            assert (found["head"], found["foot"]) == (["table-header-group", "avoid"], ["table-footer-group", "avoid"])
            assert (found["banners"], found["screen only"], found["folded"], found["width"]) == (2, 0, True, True), path
            assert f"Printed by {name}" in found["foot says"]
            assert "/use/" in found["foot says"]


def test_the_columns_of_an_asked_list_are_corrected_without_a_script(story: Story) -> None:
    """A browser with scripts switched off uploads a list of odd columns, says what they are, and sees what it costs."""
    analyst = story.at(ANALYST)
    plain = story.browser.new_context(java_script_enabled=False, storage_state=analyst.context.storage_state())
    page = plain.new_page()
    page.goto(f"{analyst.origin}/ask")
    page.locator("#file").set_input_files(
        {"name": "list.csv", "mimeType": "text/csv", "buffer": b"Firma;Kennung\nTaurus;TKD 480572\n"}
    )
    page.locator("#why-list").fill("container 12")
    page.locator("form[action='/ask/list'] > button").click()
    columns = urlsplit(page.url).path
    page.locator("[name=column-0]").select_option("item.make")
    page.locator("[name=column-1]").select_option("item.serials")
    page.locator("#columns > button").click()
    words = page.locator("main").inner_text()
    plain.close()
    analyst.open(columns)

    assert columns.endswith("/columns")
    assert _ONLOOKER.look(analyst.page) == {}
    assert "Taurus TKD 480572" in words
    assert "Left today after" in words
