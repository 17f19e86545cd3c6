"""The trace of a weapon at the desk: what is known in the order of time, and what is not known said where it is not."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace

import pytest

from clients.desk.people.person import Role
from clients.session import load_profile
from ledger.labels import Level
from ledger.profiletoml import to_toml
from tests.support.charterlife import sync
from tests.support.deskreading import OWNER, PARTNER, Reading, log, row
from tests.support.desks import Desk
from tests.support.loopback import Walk

SERIAL = "TKD 480572"
THIRD = "xco-npa"
SCRIPT = "<script>alert(1)</script>"


def seal_events(walk: Walk) -> None:
    """Have the owner's profile seal events as it seals cases: to itself, SECRET."""
    home = walk.homes[OWNER]
    profile = load_profile(home, walk.session(OWNER).refresh().charter)
    general, *others = profile.classes
    sealed = replace(general, labels={**general.labels, "event": general.labels["case"]})
    home.profile.write_text(to_toml(replace(profile, classes=(sealed, *others))), encoding="utf-8")


@pytest.fixture(scope="module")
def logged(founded: Walk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Give a consortium in which two agencies have logged parts of one weapon's life, and something like it."""
    walk = founded.copy_to(tmp_path_factory.mktemp("traces") / "walk")
    same = {"make": "Taurus", "serial": SERIAL}
    log(
        walk,
        OWNER,
        [
            row(**same, event="manufacture", date="2009-03-12", description=SCRIPT),
            row(**same, event="issue_to_force", date="2011-01-15"),
            row(**same, event="theft", date="2016-09-02"),
            row(make="Taurus", serial="TKD 00480572", event="recovery", date="2020-01-01"),
            row(make="Glock", serial=SERIAL, event="recovery", date="2021-01-01"),
        ],
    )
    seal_events(walk)
    log(walk, OWNER, [row(**same, event="loss", date="2013-07-07", country="XBE")])
    log(walk, PARTNER, [row(make="Taurus", serial="tkd480572", date="2024-02-11", country="XBE")])
    for agency in (OWNER, PARTNER, THIRD):
        sync(walk, agency)
    yield walk
    walk.close()


@pytest.fixture(scope="module")
def third(logged: Walk) -> Iterator[Reading]:
    """Give the desk of an agency that logged nothing and may read all items and events."""
    desk = Desk(logged, THIRD)
    yield Reading(desk)
    desk.close()


def test_the_trace_of_a_record_tells_the_whole_life(third: Reading) -> None:
    """Events of two agencies in order, the bracket, the gap, the outcome; the other make is set apart."""
    page = third.browser(Role.ANALYST).text(f"/traces/{third.names()[0]}")

    chain = page.partition('<ol class="chain">')[2].partition("</ol>")[0]
    order = [chain.index(date) for date in ("2009-03-12", "2011-01-15", "2016-09-02", "2024-02-11")]
    assert order == sorted(order)
    for said in (
        "last lawful custody that you may read",
        "left lawful hands",
        "Point of diversion:",
        "no record you may read · 7 years, 5 months",
        "from the last lawful custody to the recovery: 4,775 days",
        "The same number under another make",
        'aria-current="step"',
        "level-restricted",
        OWNER,
        PARTNER,
    ):
        assert said in page, said
    assert "&lt;script&gt;" not in page
    assert SCRIPT not in page


def test_a_date_in_a_sentence_keeps_its_direction(third: Reading) -> None:
    """From right to left a date among Arabic words would be drawn day first: it is set apart, and so is the agency."""
    page = third.browser(Role.ANALYST).text(f"/traces/{third.names()[0]}")
    sentence = page.partition("Point of diversion:")[2].partition("</p>")[0]

    assert "\u20682016-09-02\u2069 (\u2068xar-arms\u2069)" in sentence


def test_a_weapon_that_is_typed_is_traced_without_its_number_in_an_address(third: Reading) -> None:
    """The form leads to a row of the person's own; to others it is as if there were none."""
    browser = third.browser(Role.ANALYST, name="Hal")
    answer = browser.submit("/traces", page="/traces", make="taurus", serial="Tkd480572")
    again = browser.submit("/traces", page="/traces", make="taurus", serial="Tkd480572")

    assert answer.location == again.location
    assert answer.location.startswith("/traces/weapon/")
    assert "2009-03-12" in browser.text(answer.location)
    assert "Tkd480572" in browser.text("/traces")
    assert third.browser(Role.ANALYST, name="Ida").get(answer.location).status_code == 404


def test_the_picture_is_a_file_of_its_own_without_script(third: Reading) -> None:
    """The page shows it as an image; its marking is drawn on it; it may load nothing."""
    browser, record = third.browser(Role.ANALYST), third.names()[0]
    answer = browser.get(f"/traces/{record}.svg")

    assert f'src="/traces/{record}.svg"' in browser.text(f"/traces/{record}")
    assert answer.content_type.startswith("image/svg+xml")
    assert "RESTRICTED" in answer.get_data(as_text=True)
    assert "<script" not in answer.get_data(as_text=True)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def lines_of(picture: str) -> set[str]:
    """Return what is written in a picture."""
    return {one.text or "" for one in ET.fromstring(picture).iter() if one.tag.endswith("text")}  # noqa: S314 - made by ourselves


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_picture_is_in_its_readers_language(third: Reading, language: str) -> None:
    """Only the banner, dates and agencies are the same in every language."""
    browser, path = third.browser(Role.ANALYST, name=f"Reads {language}"), f"/traces/{third.names()[0]}.svg"
    english = lines_of(browser.get(path).get_data(as_text=True))
    accounts = third.desk.parts.people.accounts
    person = accounts.named(f"Reads {language}")
    assert person is not None
    accounts.set_language(person.id, language)
    said = lines_of(browser.get(path).get_data(as_text=True))

    assert len(said) == len(english)
    assert {one for one in said & english if not one[0].isdigit()} == {
        OWNER,
        PARTNER,
        next(one for one in english if one.startswith("RESTRICTED")),
    }


def test_a_picture_that_leaves_says_whose_copy_it_is(third: Reading) -> None:
    """The exported picture bears the recipient's mark, readable on it; the page's own does not, and both are noted."""
    browser, record = third.browser(Role.ANALYST, name="Ilse"), third.names()[0]
    browser.submit("/traces", page="/traces", make="Taurus", serial=SERIAL)
    page = browser.text(f"/traces/{record}")
    taken = browser.get(f"/traces/{record}/copy.svg")
    weapon = browser.submit("/traces", page="/traces", make="Taurus", serial=SERIAL).location
    other = browser.text(f"{weapon}/copy.svg")
    noted = third.desk.parts.use.entries(limit=20)
    drawn = taken.get_data(as_text=True)

    assert f'href="/traces/{record}/copy.svg"' in page
    assert "attachment" in taken.headers["Content-Disposition"]
    assert f"Ilse, {THIRD} · TRACE" in drawn
    assert f"Ilse, {THIRD} · TRACE" in other
    assert "copy " not in browser.text(f"/traces/{record}.svg")
    copies = [one for one in noted if one.entry.did == "exported" and one.entry.who == "Ilse"]
    assert f"copy {THIRD}/use/{copies[-1].number}" in drawn


def test_the_table_says_what_the_page_says(third: Reading) -> None:
    """Each event as a row, for machines."""
    browser, record = third.browser(Role.ANALYST), third.names()[0]
    rows = browser.get(f"/traces/{record}.json").get_json()

    assert [one["date"] for one in rows] == ["2009-03-12", "2011-01-15", "2016-09-02", "2024-02-11", "no date"]
    assert browser.text(f"/traces/{record}.csv").startswith("\ufeffnumber,record")


def test_every_row_of_a_trace_says_whose_copy_it_is(third: Reading) -> None:
    """Who took it, what for and which entry of the record of use: in each row, since rows travel alone."""
    browser, record = third.browser(Role.ANALYST, name="Kim"), third.names()[0]
    rows = browser.get(f"/traces/{record}.json").get_json()

    assert rows
    assert all(one["export_for"].startswith("Kim, ") and one["export_copy"] for one in rows)
    assert len({one["export_copy"] for one in rows}) == 1


def test_a_record_that_a_hit_named_is_taken_in(third: Reading) -> None:
    """Named beside the first, it is part of the trace whatever its number says."""
    names = third.names()
    page = third.browser(Role.ANALYST).text(f"/traces/{names[0]}?with={names[4]}")

    assert "2021-01-01" in page
    assert f"with={names[4].iss}%2F" in page or f"with={names[4]}" in page


def test_a_record_named_in_the_address_leads_to_its_trace(third: Reading) -> None:
    """As other pages link to it; a name that is none is refused."""
    browser, record = third.browser(Role.ANALYST), third.names()[0]

    assert browser.get(f"/traces?record={record}").location == f"/traces/{record}"
    assert browser.get("/traces?record=nothing").status_code == 422


def test_nothing_is_traced_without_clearance(third: Reading) -> None:
    """No page, no picture, no table: neither by the record nor by the number, nor by a blank form."""
    browser, record = third.browser(Role.ANALYST, clearance=None), third.names()[0]
    for end in ("", ".svg", ".json", ".csv"):
        answer = browser.get(f"/traces/{record}{end}")
        assert answer.status_code == 403, end
        assert "480572" not in answer.get_data(as_text=True)
    path = browser.submit("/traces", page="/traces", make="Taurus", serial=SERIAL).location

    assert browser.get(path).status_code == 404
    assert browser.submit("/traces", page="/traces", make="Taurus", serial=" ").status_code == 422


def test_events_withheld_are_drawn_as_withheld(third: Reading, logged: Walk) -> None:
    """Who may read the item alone sees that there is an event, and whom to ask; its owner's cleared officer sees it."""
    record = third.names()[0]
    page = third.browser(Role.ANALYST).text(f"/traces/{record}")
    desk = Desk(logged, OWNER)
    cleared = Reading(desk).browser(Role.ANALYST, clearance=Level.SECRET).text(f"/traces/{record}")
    desk.close()

    assert page.count('class="withheld"') == 1
    assert f"withheld · ask {OWNER}" in page
    assert "2013-07-07" not in page
    assert "2013-07-07" in cleared
    assert 'class="withheld"' not in cleared


def test_from_a_record_to_its_trace_is_one_click(third: Reading) -> None:
    """And from a hit to the record another: three at most."""
    record = third.names()[0]

    assert f'href="/traces/{record}"' in third.browser(Role.ANALYST).text(f"/records/{record}")
