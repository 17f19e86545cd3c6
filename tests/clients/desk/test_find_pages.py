"""Searching at the desk: what is found, counted and offered is what may be shown, and nothing of it stands in an address."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from werkzeug.test import TestResponse

from clients.desk.kept import MOST_RECENT
from clients.desk.people.person import Role
from ledger.labels import Level
from tests.support.charterlife import sync
from tests.support.deskreading import CASE, OWNER, PARTNER, Reading, log, row
from tests.support.desks import Browser, Desk
from tests.support.loopback import Walk

MANY = 60


@pytest.fixture(scope="module")
def logged(founded: Walk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Give a consortium in which one agency has logged sixty records, and another has read what it may."""
    walk = founded.copy_to(tmp_path_factory.mktemp("find") / "walk")
    rows = [row(serial=f"B{number:05}", case=f"{CASE}-{number}") for number in range(MANY - 2)]
    log(walk, OWNER, [*rows, row(event="theft", serial="TKD 480572", make="Taurus"), row(event="loss", country="XBE")])
    for agency in (OWNER, PARTNER):
        sync(walk, agency)
    yield walk
    walk.close()


@pytest.fixture(scope="module")
def theirs(logged: Walk) -> Iterator[Reading]:
    """Give the desk of the agency that may read a part."""
    desk = Desk(logged, PARTNER)
    yield Reading(desk)
    desk.close()


@pytest.fixture(scope="module")
def own(logged: Walk) -> Iterator[Reading]:
    """Give the desk of the agency whose records they are."""
    desk = Desk(logged, OWNER)
    yield Reading(desk)
    desk.close()


def look(browser: Browser, **fields: object) -> TestResponse:
    """Send the form of a search, and return the page that it leads to."""
    answer = browser.submit("/find", page="/find", **fields)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return browser.get(answer.location)


def names(page: str) -> list[str]:
    """Return the records of a page, as it links to them."""
    return re.findall(r'<tr><td data-head="Record"><a href="/records/([^"]+)"', page)


def test_a_number_is_found_however_it_is_written(theirs: Reading) -> None:
    """Without the space, in small letters; and what was typed is not in the address."""
    browser = theirs.browser(Role.ANALYST)
    answer = browser.submit("/find", page="/find", words="tkd480572")
    page = browser.text(answer.location)

    assert re.fullmatch(r"/find/\d+", answer.location)
    assert len(names(page)) == 1
    assert "TKD 480572" in page
    assert "level-restricted" in page


@pytest.mark.parametrize(
    "fields",
    [
        {"add": "state=lost"},
        {"add": "event=lost in the post"},
        {"facet-item": "cannon"},
        {"facet-level": "TOP SECRET"},
        {"facet-shown": "half"},
        {"facet-type": "PI"},
    ],
)
def test_what_nothing_is_called_is_said_to_be_unknown(theirs: Reading, fields: dict[str, str]) -> None:
    """A filter or a code that there is not finds neither everything nor nothing: the page says that it is unknown."""
    browser = theirs.browser(Role.ANALYST)
    answer = browser.submit("/find", page="/find", **fields)

    assert answer.status_code == 422
    assert "there is nothing called" in answer.get_data(as_text=True)


@pytest.mark.parametrize("field", [{"add": "iss=xar-amrs"}, {"facet-iss": "xar-amrs"}])
def test_an_agency_that_there_never_was_is_said_to_be_unknown(theirs: Reading, field: dict[str, str]) -> None:
    """A misspelled originator finds nothing in silence no more than a misspelled event does: the nearest are named."""
    answer = theirs.browser(Role.ANALYST).submit("/find", page="/find", **field)

    assert answer.status_code == 422
    assert "no agency of the charter is called xar-amrs: the most like it are xar-arms" in answer.get_data(as_text=True)


def test_facets_are_counted_added_and_taken_away(theirs: Reading) -> None:
    """Each button narrows what is found to as many as it says; another takes it away again."""
    browser = theirs.browser(Role.ANALYST)
    page = browser.text("/find")
    offered = re.findall(r'name="add" value="(event=[^"]+)"><bdi>[^<]*</bdi></button> <span class="n">([\d,]+)<', page)
    assert dict(offered) == {"event=recovery": "58", "event=theft": "1", "event=loss": "1"}

    narrowed = look(browser, add="event=theft", order="newest").get_data(as_text=True)
    assert len(names(narrowed)) == 1
    assert 'name="facet-event" value="theft"' in narrowed
    widened = look(browser, **{"facet-event": "theft", "drop": "event"}).get_data(as_text=True)
    assert f"{MANY} records" in widened


def test_pages_follow_each_other_without_gap_or_repeat(theirs: Reading) -> None:
    """Two pages hold every record once, newest first; the file of each page holds the same records."""
    browser = theirs.browser(Role.ANALYST)
    first = browser.text("/find")
    (after,) = re.findall(r'href="/find\?after=(\d+)"', first)
    second = browser.text(f"/find?after={after}")
    listed = [one["record"] for one in browser.get(f"/find/all.json?after={after}").get_json()["records"]]

    assert len({*names(first), *names(second)}) == len(names(first)) + len(names(second)) == MANY
    assert listed == names(second)
    assert f"after={after}" in browser.get("/find/all.json").headers["Link"]


@pytest.mark.parametrize("after", ["-1", "x", "9" * 30, "\uff11"])
def test_a_place_that_no_page_names_is_refused(theirs: Reading, after: str) -> None:
    """It is said, and nothing breaks."""
    assert theirs.browser(Role.ANALYST).get(f"/find?after={after}").status_code == 422


@pytest.mark.parametrize("clearance", [None, *Level])
def test_what_is_found_is_what_may_be_shown(own: Reading, clearance: Level | None) -> None:
    """A word of the case finds records for who may read the case, and for nobody else: no line, count, facet or file."""
    browser = own.browser(Role.ANALYST, clearance=clearance)
    page = look(browser, words=f"{CASE}-7").get_data(as_text=True)
    cleared = clearance is Level.SECRET

    assert bool(names(page)) == cleared
    assert ("Nothing that you may read" in page) == (not cleared)
    everything = browser.text("/find") + (browser.get("/find/all.csv").get_data(as_text=True))
    assert (f"{CASE}-13" in everything) == cleared
    assert (">SECRET<" in everything) == cleared


def test_the_banner_is_the_join_of_all_that_was_found(own: Reading) -> None:
    """Facets tell something of every record found, so the page is marked for all of them."""
    assert "level-secret" in own.browser(Role.ANALYST, clearance=Level.SECRET).text("/find")
    assert "level-restricted" in own.browser(Role.ANALYST, clearance=Level.RESTRICTED).text("/find")


def test_a_search_is_saved_and_forgotten(theirs: Reading) -> None:
    """It is listed under its name for whoever saved it, and for nobody else."""
    browser, other = theirs.browser(Role.ANALYST, name="Eva"), theirs.browser(Role.ANALYST, name="Fay")
    path = browser.submit("/find", page="/find", words="taurus").location
    assert browser.submit(f"{path}/save", page=path, name="  Our  <b>Taurus</b> ").status_code == 303
    assert "Our &lt;b&gt;Taurus&lt;/b&gt;" in browser.text("/find")
    assert "Taurus&lt;/b&gt;" not in other.text("/find")
    assert other.get(path).status_code == 404
    assert other.submit(f"{path}/save", page="/find", name="mine").status_code == 404
    assert browser.submit(f"{path}/forget", page=path).status_code == 303

    assert "Our &lt;b&gt;" not in browser.text("/find")


def test_the_same_search_is_kept_once_and_old_ones_go(theirs: Reading) -> None:
    """A double click makes one row; beyond the newest ones nothing is kept that has no name."""
    browser = theirs.browser(Role.ANALYST, name="Gil")
    first, again = (browser.submit("/find", page="/find", words="colt").location for _ in range(2))
    assert first == again
    for number in range(MOST_RECENT + 1):
        browser.submit("/find", page="/find", words=f"word{number}")

    assert browser.get(first).status_code == 404


def test_words_are_text(theirs: Reading) -> None:
    """Script, quotes and the search engine's own commands are looked for, and shown as they were typed."""
    browser = theirs.browser(Role.ANALYST)
    for words in ('<script>alert("x")</script>', '" OR 1 --', "NEAR(a b)", "*", "a" * 5000):
        page = look(browser, words=words).get_data(as_text=True)
        assert "<script>alert" not in page
        assert words.split()[0][:200] in unescape(page)


def test_an_empty_desk_teaches_the_first_step(desk: Desk) -> None:
    """Where nothing can be read yet, the page says what to do."""
    submitter = Reading(desk).browser(Role.ANALYST, Role.SUBMITTER)

    assert "/submit" in submitter.text("/find").partition("<main")[2]
    assert "every ten minutes" in Reading(desk).browser(Role.ANALYST).text("/find")
