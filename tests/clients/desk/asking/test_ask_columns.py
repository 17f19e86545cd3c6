"""The columns of a list to ask about: shown, corrected by the form that imports have, remembered for the next such list."""

import io
import re
from html import unescape

import pytest
from werkzeug.test import TestResponse

from clients.desk.asklists import AskedLists
from clients.desk.inquiries import Inquiries, Inquiry, State
from clients.desk.people.person import Role
from tests.support.deskreading import Reading
from tests.support.desks import Browser
from tests.support.workbooks import workbook

# Nothing here is called what it is: the numbers stand under "Kennung", the makes under "Firma".
ODD = "Firma;Kennung;Farbe\nTaurus;TKD 480572;blau\nGlock;ABC 12345;rot\n"
ODD_COLUMNS = {"column-0": "item.make", "column-1": "item.serials", "column-2": "", "item": "small_arm"}
WRONG = "make;serial;model\nTKD 480572;Taurus;x\n"


def take(browser: Browser, raw: str | bytes, *, name: str = "list.csv") -> TestResponse:
    """Send a list to ask about."""
    page = browser.text("/ask")
    once = re.findall(r'name="once" value="([^"]+)"', page)[1]
    given = raw if isinstance(raw, bytes) else raw.encode()
    fields = {"token": browser.token("/ask"), "once": once, "why": "case 2026-114"}
    return browser.send("/ask/list", {**fields, "file": (io.BytesIO(given), name)})


def hidden(page: str) -> dict[str, str]:
    """Return what a form of the columns carries unseen."""
    return {name: unescape(value) for name, value in re.findall(r'name="(token|revision|seen)" value="([^"]*)"', page)}


def correct(browser: Browser, path: str, **fields: object) -> TestResponse:
    """Open the columns and send them."""
    return browser.send(f"{path}/columns", {**hidden(browser.text(f"{path}/columns")), **ODD_COLUMNS, **fields})


def draft(reading: Reading, number: int = 1) -> Inquiry:
    """Return an inquiry."""
    return Inquiries(reading.desk.parts.engine, clock=reading.desk.parts.clock).get(number)


def lists(reading: Reading) -> AskedLists:
    """Return the lists that wait."""
    return AskedLists(reading.desk.parts.engine)


def test_a_list_whose_columns_say_nothing_leads_to_them(reading: Reading, browser: Browser) -> None:
    """The page says what lacks and shows each column with its first cells; nothing is asked, and nothing is lost."""
    answer = take(browser, ODD)
    page = browser.text(answer.location)

    assert answer.location == "/ask/1/columns"
    assert "no column holds serial numbers" in page
    assert "ABC 12345" in page
    assert "case.circumstances" not in page
    assert "event.date" not in page
    assert draft(reading).questions == 0


def test_corrected_columns_are_asked_by(reading: Reading, browser: Browser) -> None:
    """What each column is, as the officer says it; then what it costs is shown as of any other list."""
    take(browser, ODD)
    answer = correct(browser, "/ask/1")
    page = browser.text(answer.location)

    assert answer.location == "/ask/1"
    assert "Questions</dt><dd>2" in page
    assert "Taurus" in page
    assert "Correct the columns" in page
    assert [one["item.make"] for one in draft(reading).asked] == ["TAS", "GLC"]


def test_columns_that_were_understood_wrongly_are_corrected(reading: Reading, browser: Browser) -> None:
    """A list that could be read at once, with make and number the wrong way round, is put right before it is charged."""
    assert take(browser, WRONG).location == "/ask/1"
    before = draft(reading).asked
    swapped = {"column-0": "item.serials", "column-1": "item.make", "column-2": "item.model"}
    assert correct(browser, "/ask/1", **swapped).status_code == 303

    assert draft(reading).asked != before
    assert draft(reading).asked[0]["item.make"] == "TAS"
    assert draft(reading).asked[0]["item.model"] == "x"


def test_they_are_remembered_for_the_next_such_list(reading: Reading, browser: Browser) -> None:
    """Under the name that the officer gave: the next list of these columns is understood at once, and an import is not."""
    take(browser, ODD)
    assert correct(browser, "/ask/1", source="Customs").status_code == 303

    assert take(browser, ODD).location == "/ask/2"
    assert draft(reading, 2).questions == 2
    assert "as lists from Customs" in browser.text("/ask/2/columns")
    clerk = reading.browser(Role.SUBMITTER, name="Sub")
    once = re.findall(r'name="once" value="([^"]+)"', clerk.text("/imports"))[0]
    fields = {"token": clerk.token("/imports"), "once": once, "file": (io.BytesIO(ODD.encode()), "list.csv")}
    imported = clerk.send("/imports", fields).location
    assert "Customs" not in clerk.text(imported)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"column-0": "item.serials"}, "two columns are to fill item.serials"),
        ({"column-1": ""}, "no column holds serial numbers"),
        ({"column-2": "no.such"}, "a field that there is not"),
        ({"item": "no such thing"}, "item.kind is said"),
    ],
)
def test_columns_that_contradict_themselves_are_shown_with_everything_kept(
    reading: Reading, browser: Browser, fields: dict[str, str], said: str
) -> None:
    """The reason stands above the form as it was sent, and the draft asks nothing else than before."""
    take(browser, ODD)
    answer = correct(browser, "/ask/1", **fields)

    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert draft(reading).questions == 0


def test_a_map_as_text_serves_too(reading: Reading, browser: Browser) -> None:
    """For what the form cannot say; one that is none is shown again with its reason."""
    take(browser, ODD)
    map_text = 'ignore = ["Farbe"]\n[[record]]\nevent = "loss"\n[record.fields]\n'
    map_text += '"item.kind" = { value = "small_arm" }\n"item.make" = { column = "Firma" }\n"item.serials" = { column = "Kennung" }\n'
    sent = hidden(browser.text("/ask/1/columns"))
    refused = browser.send("/ask/1/text", {**sent, "map": "no map"})
    taken = browser.send("/ask/1/text", {**sent, "map": map_text})

    assert refused.status_code == 422
    assert "the map is not TOML" in refused.get_data(as_text=True)
    assert taken.location == "/ask/1"
    assert draft(reading).questions == 2


def test_a_list_that_was_read_wrongly_is_read_again(reading: Reading, browser: Browser) -> None:
    """Another line of the header, as for an import; what it then says is what would be asked."""
    take(browser, "make;serial;note\nFirma;Kennung;Farbe\nTaurus;TKD 480572;blau\n")
    sent = hidden(browser.text("/ask/1/columns"))
    answer = browser.send("/ask/1/read", {**sent, "header_line": "2"})
    page = browser.text(answer.location)

    assert answer.location == "/ask/1/columns"
    assert "Kennung" in page
    assert "no column holds serial numbers" in page
    assert draft(reading).questions == 0
    again = browser.send("/ask/1/read", {**hidden(page), "header_line": "x"})
    assert again.status_code == 422


def test_a_line_that_cannot_be_read_is_named_and_its_column_can_be_left_out(reading: Reading, browser: Browser) -> None:
    """One bad cell of a column that nobody needs does not keep the numbers from being asked about."""
    raw = "make;serial;country of manufacture\nTaurus;TKD 480572;Nowhere at all\n"
    assert take(browser, raw).location == "/ask/1/columns"
    assert "these lines cannot be read: 2" in browser.text("/ask/1/columns")
    assert correct(browser, "/ask/1").status_code == 303

    assert draft(reading).questions == 1


def test_a_workbook_is_corrected_alike(reading: Reading, browser: Browser) -> None:
    """What was uploaded is kept as it came, until it is asked."""
    take(browser, workbook([("Firma", "Kennung", "Farbe"), ("Taurus", "TKD 480572", "blau")]), name="list.xlsx")
    assert correct(browser, "/ask/1").status_code == 303

    assert draft(reading).questions == 1


def test_what_was_uploaded_goes_once_it_is_asked_or_dropped(reading: Reading, browser: Browser) -> None:
    """The list is deleted in the transaction that decides; after that no column can be corrected."""
    for _ in range(2):
        take(browser, "make;serial\nTaurus;TKD 480572\n")
    browser.send("/ask/1", hidden(browser.text("/ask/1")))
    browser.send("/ask/2/drop", hidden(browser.text("/ask/2")))

    assert draft(reading).state is State.WAITING
    assert not any(lists(reading).has(number) for number in (1, 2))
    assert browser.get("/ask/1/columns").status_code == 404
    assert "Correct the columns" not in browser.text("/ask/1")


def test_a_stale_page_of_the_columns_changes_nothing(reading: Reading, browser: Browser) -> None:
    """Corrected in another window meanwhile: the older page neither corrects nor asks what it did not show."""
    take(browser, WRONG)
    old_columns, old_questions = hidden(browser.text("/ask/1/columns")), hidden(browser.text("/ask/1"))
    swapped = {"column-0": "item.serials", "column-1": "item.make", "column-2": ""}
    correct(browser, "/ask/1", **swapped)
    after = draft(reading)

    assert browser.send("/ask/1/columns", {**old_columns, **ODD_COLUMNS}).status_code == 409
    assert browser.send("/ask/1/text", {**old_columns, "map": ""}).status_code == 409
    assert browser.send("/ask/1/read", old_columns).status_code == 409
    assert browser.send("/ask/1", old_questions).status_code == 409
    assert draft(reading) == after


def test_nobody_else_sees_or_corrects_them(reading: Reading, browser: Browser) -> None:
    """Another analyst's list is not there, as its draft is not."""
    take(browser, WRONG)
    other = reading.browser(Role.ANALYST, name="Oto")

    assert other.get("/ask/1/columns").status_code == 404
    for part in ("columns", "text", "read"):
        assert other.send(f"/ask/1/{part}", {"token": other.token("/ask")}).status_code == 404


def test_stored_script_in_a_list_is_text(browser: Browser) -> None:
    """In a column's name, in a cell."""
    attack = "<script>alert(1)</script>"
    page = browser.text(take(browser, f"{attack};Firma\n{attack};x\n").location)

    assert attack not in page
    assert "&lt;script&gt;" in page
