"""The page of one record: what it shows, what it draws as withheld, why it can be believed, and what became of it."""

from collections.abc import Iterator

import pytest

from clients.desk.people.person import Role
from clients.desk.recordlines import date_words, numbers, rest
from clients.views import PortionView
from ledger.bundle import verify_bundle
from ledger.labels import Level
from tests.support.charterlife import sync
from tests.support.deskreading import CASE, ITEM, OWNER, PARTNER, Reading, log, row
from tests.support.desks import Desk
from tests.support.loopback import Walk


class Noting:
    """A record of use in memory."""

    def __init__(self, rows: list[tuple[str, str, str]]) -> None:
        """Take where it is kept."""
        self._rows = rows

    def note(self, who: str, did: str, *of: str) -> int:
        """Keep rows."""
        self._rows += [(who, did, one) for one in of]
        return len(self._rows) - len(of)


SCRIPT = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def logged(founded: Walk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Give a consortium in which one agency has logged a record, and another has read what it may."""
    walk = founded.copy_to(tmp_path_factory.mktemp("records") / "walk")
    log(walk, OWNER, [row(), row(serial=SCRIPT + "9", description=SCRIPT, case=SCRIPT, make=SCRIPT)])
    for agency in (OWNER, PARTNER):
        sync(walk, agency)
    yield walk
    walk.close()


@pytest.fixture(scope="module")
def own(logged: Walk) -> Iterator[Reading]:
    """Give the desk of the agency whose record it is."""
    desk = Desk(logged, OWNER)
    yield Reading(desk)
    desk.close()


@pytest.fixture(scope="module")
def theirs(logged: Walk) -> Iterator[Reading]:
    """Give the desk of an agency that may read a part of it."""
    desk = Desk(logged, PARTNER)
    yield Reading(desk)
    desk.close()


def test_a_partner_sees_the_item_and_the_case_as_withheld(theirs: Reading) -> None:
    """Fields in words, the serial as marked, a bar where the case is, whom to ask, the marking above."""
    page = theirs.browser(Role.ANALYST).text(f"/records/{theirs.names()[0]}")

    for said in (
        ITEM,
        "A12345",
        "Colt",
        "recovery",
        "2024-02-11",
        f"withheld · ask {OWNER}",
        "(R)",
        "level-restricted",
    ):
        assert said in page, said
    assert CASE not in page
    assert page.count('class="withheld"') == 1


def test_a_tlp_mark_is_of_the_whole_page_and_stands_where_it_is_taken_along(own: Reading, theirs: Reading) -> None:
    """Beside portions that bear marks of their own it would say another thing of them: it says so, and in words."""
    path = f"/records/{own.names()[0]}"
    whole = own.browser(Role.ANALYST, clearance=Level.SECRET).text(path)
    part = theirs.browser(Role.ANALYST).text(f"/records/{theirs.names()[0]}")

    for page, mark in (
        (whole, "TLP:RED</strong> · for the originator"),
        (part, "TLP:GREEN</strong> · for all members"),
    ):
        head, _sign, taking = page.partition('id="taking"')
        assert "TLP:" not in head
        assert mark in taking


def test_a_cleared_officer_of_the_owner_sees_all(own: Reading) -> None:
    """Nothing is withheld, and the banner says SECRET."""
    page = own.browser(Role.ANALYST, clearance=Level.SECRET).text(f"/records/{own.names()[0]}")

    assert CASE in page
    assert "level-secret" in page
    assert 'class="withheld"' not in page


def test_stored_script_in_any_field_is_text(own: Reading) -> None:
    """Make, number, description, case number: shown, and nothing of it is markup, on any page."""
    browser = own.browser(Role.ANALYST, clearance=Level.SECRET)
    record = own.names()[1]
    for path in (f"/records/{record}", "/find", f"/records/{record}/bundle"):
        assert "<script>alert" not in browser.text(path), path
    assert "&lt;script&gt;" in browser.text(f"/records/{record}")


def test_a_record_as_a_file_holds_what_the_page_shows(theirs: Reading) -> None:
    """As JSON and as CSV: the item, not the case; with the mark of whoever took it."""
    browser, record = theirs.browser(Role.ANALYST, name="Bea"), theirs.names()[0]
    for form in ("json", "csv"):
        answer = browser.get(f"/records/{record}.{form}")
        text = answer.get_data(as_text=True)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert ITEM in text
        assert "Bea" in text
        assert CASE not in text


def test_without_clearance_nothing_of_a_record_is_shown(own: Reading) -> None:
    """The page, its files, its proof and its bundle are refused, and say nothing of what is in it."""
    browser, record = own.browser(Role.ANALYST, clearance=None), own.names()[0]
    for path in ("", ".json", ".csv", "/bundle"):
        answer = browser.get(f"/records/{record}{path}")
        assert answer.status_code == 403, path
        assert ITEM not in answer.get_data(as_text=True)
    assert browser.submit(f"/records/{record}/bundle").status_code == 403


def test_an_unknown_record_is_not_found(own: Reading) -> None:
    """One that nobody logged, and a name that is none."""
    browser = own.browser(Role.ANALYST)

    assert browser.get(f"/records/{OWNER}/AAAAAAAAAAAAAAAAAAAAAA").status_code == 404
    assert browser.get("/records/nobody/x").status_code in (404, 422)


def test_what_proves_a_record_is_one_click_away(theirs: Reading) -> None:
    """The badge leads to the proof, which is made anew; the old address leads there too."""
    browser, record = theirs.browser(Role.ANALYST), theirs.names()[0]

    assert f"/log/records/{record}" in browser.text(f"/records/{record}")
    assert browser.get(f"/records/{record}/proof").location == f"/log/records/{record}"
    assert browser.get(f"/log/records/{record}").status_code == 200


def test_a_bundle_proves_what_is_shown_and_no_more(theirs: Reading) -> None:
    """It verifies with the anchor alone, shows the item portion that was chosen, and names its copy."""
    browser, record = theirs.browser(Role.ANALYST), theirs.names()[0]
    answer = browser.submit(f"/records/{record}/bundle", portion=["item"])
    verdict = verify_bundle(answer.get_data(), anchor=theirs.desk.walk.fingerprint, held={})

    assert answer.status_code == 200
    assert verdict.name == record
    assert set(verdict.withheld) == {"event", "case"}
    assert "copy-" in answer.headers["Content-Disposition"]


def test_a_bundle_takes_a_fresh_proof_of_who_it_is(walk: Walk) -> None:
    """After five minutes its page leads to the confirmation, and its form makes nothing."""
    log(walk, OWNER, [row()])
    sync(walk, OWNER)
    reading = Reading(Desk(walk, OWNER))
    browser, record = reading.browser(Role.ANALYST), reading.names()[0]
    token = browser.token("/me")
    walk.clock.now += 6 * 60

    assert browser.get(f"/records/{record}/bundle").status_code == 303
    assert browser.send(f"/records/{record}/bundle", {"token": token}).status_code == 403
    reading.desk.close()


def test_every_opening_is_in_the_record_of_use(logged: Walk) -> None:
    """Who opened, exported or proved which record, by name; a refused page notes nothing."""
    noted: list[tuple[str, str, str]] = []
    desk = Desk(logged, PARTNER, use=Noting(noted))
    reading = Reading(desk)
    browser, record = reading.browser(Role.ANALYST, name="Cleo"), reading.names()[0]
    browser.text(f"/records/{record}")
    browser.get(f"/records/{record}.json")
    reading.browser(Role.ANALYST, clearance=None, name="Dan").get(f"/records/{record}")

    assert ("Cleo", "opened", str(record)) in noted
    assert any(did == "exported" and str(record) in of for _, did, of in noted)
    assert all(who != "Dan" for who, _, _ in noted)
    desk.close()


def test_a_line_of_a_record_says_who_vouches_and_nothing_twice(own: Reading) -> None:
    """Not the calibre's code beside its name, nor the condition that stands beside the number."""
    portion = PortionView(
        portion="item",
        level=Level.RESTRICTED,
        fields={
            "item.calibre": "9 mm Luger",
            "item.calibre_code": "9",
            "item.condition": "legible",
            "item.serials": [{"as_marked": "A 1", "location": "other", "condition": "legible"}],
            "item.lot": "L7",
        },
    )
    with own.desk.app.test_request_context():
        said = [word for word, _value in rest(portion)]
        (number,) = numbers(portion.fields)

    assert said == ["Lot"]
    assert number.about == ("legible",)


def test_a_date_stays_year_first_after_arabic_words() -> None:
    """Between Arabic words 2026-02-12 would read 12-02-2026, another day: what isolates it goes where the date goes."""
    assert date_words({"event.date": "2026-02-12"}) == "\u20682026-02-12\u2069"
