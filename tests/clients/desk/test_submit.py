"""The form for one event: its errors at its fields, what was typed kept, and the same record as a row of a list."""

import re

import pytest

from clients.desk.fieldwords import EXAMPLES
from clients.desk.people.person import Role
from clients.intake.states import State
from clients.lists.values import Reading, Tables, read_cell
from clients.show import serials
from ledger import calibres, makes
from ledger.labels import Level
from ledger.vocabulary import check_field
from tests.support.deskimports import ENTERS, EVENT, hidden, imports_of, newest, press, work
from tests.support.desks import Browser, Desk, mandate


@pytest.fixture
def browser(desk: Desk) -> Browser:
    """Give the browser of A. Abiola, who may enter records and no more."""
    return desk.browser(desk.add("A. Abiola", ENTERS))


def send(browser: Browser, **changed: object) -> object:
    """Open the form and send it with some of it changed; None leaves a box out."""
    fields = {**EVENT, **{name.replace("__", "."): value for name, value in changed.items()}}
    return press(browser, "/submit", "/submit", **{name: value for name, value in fields.items() if value is not None})


def test_an_event_goes_from_the_form_to_its_receipt(desk: Desk, browser: Browser) -> None:
    """It waits for the signature with who will read what; then it is logged as one record."""
    answer = send(browser)
    assert (answer.status_code, answer.location) == (303, "/imports/1")
    assert newest(desk).state is State.CHECKED
    assert "Go on to sign it" in browser.text("/imports/1")
    press(browser, "/imports/1/sign", "/imports/1/sign")
    work(desk)
    assert newest(desk).state is State.DONE
    assert "1 record is logged" in browser.text("/imports/1")
    with desk.office.replica() as replica:
        (record,) = replica.records()

    fields = {name: value for portion in record.portions.values() for name, value in portion.fields.items()}
    assert fields["item.serials"][0] == {
        "as_marked": "ABE 573528",
        "script": "Latn",
        "location": "frame",
        "kind": "maker",
        "condition": "legible",
    }
    assert fields["item.condition"] == "legible"
    assert "item.calibre" not in fields
    assert serials(fields)


def test_another_serial_is_one_more_box_and_nothing_is_lost(desk: Desk, browser: Browser) -> None:
    """The button sends the form without a script; everything typed is in the page that comes back, up to eight boxes."""
    fields = {**EVENT, "another": "1", "serial": ["ABE 573528", "77"], "event.place": 'Rio "centro" <b>'}
    page = press(browser, "/submit", "/submit", **fields).get_data(as_text=True)

    assert page.count('name="serial"') == 3
    assert 'value="ABE 573528"' in page
    assert "Rio &#34;centro&#34; &lt;b&gt;" in page
    assert not imports_of(desk).listed()
    full = press(browser, "/submit", "/submit", **{**fields, "serial": [str(n) for n in range(8)]}).get_data(
        as_text=True
    )
    assert (full.count('name="serial"'), "Add another serial" in full) == (8, False)


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"item__make": None}, "item.make", "this is missing"),
        ({"unknown-item__make": "on"}, "item.make", "given, and said to be unknown"),
        ({"serial": [""]}, "item.serials", "this is missing"),
        ({"event__kind": None}, "event.kind", "this is missing"),
        ({"event__date": "14/03/2026"}, "event.date", "no date is spelled so"),
        ({"event__country": "Atlantis"}, "event.country", "no country has this name or code"),
        ({"event__count": "many"}, "event.count", "not a whole number"),
        ({"event__sale": "resale"}, "event.sale", "not a field of this kind of event"),
        ({"item__nsn": "5855"}, "item.nsn", "expected NATO stock number"),
        ({"item__description": "x" * 501}, "item.description", "expected text of at most 500 bytes"),
        ({"record_class": "sensitive"}, "record_class", "seals such an event as general"),
        ({"compartments": ["CT"]}, "record_class", "seals such an event as sensitive"),
        ({"serial-condition": ["shiny"]}, "item.serials", "a code that is not known"),
    ],
)
def test_an_error_stands_at_its_field_and_above(
    desk: Desk, browser: Browser, changed: dict[str, object], field: str, said: str
) -> None:
    """In the summary with a link to the field, at the field with what to do; the rest is kept and nothing is begun."""
    answer = send(browser, **changed)
    page = answer.get_data(as_text=True)

    assert answer.status_code == 422
    assert f'href="#f-{field}"' in page
    assert f'id="f-{field}"' in page
    assert said in page[page.index(f'id="e-{field}"') :]
    assert 'value="PT 92"' in page
    assert not imports_of(desk).listed()


def test_the_form_twice_is_one_import(desk: Desk, browser: Browser) -> None:
    """A double click begins one; the same event typed again is known, and is not sent twice."""
    fields = {**hidden(browser.text("/submit")), **EVENT}
    assert {browser.send("/submit", fields).location for _ in range(2)} == {"/imports/1"}
    press(browser, "/imports/1/sign", "/imports/1/sign")
    work(desk)
    assert send(browser).location == "/imports/2"

    assert "every row that can go in is logged already" in browser.text("/imports/2")
    assert press(browser, "/imports/2/sign", "/imports/2/sign").status_code == 422


def test_a_wording_for_a_missing_number_stays_one(desk: Desk, browser: Browser) -> None:
    """The word obliterated in the box is no number, whatever condition was chosen beside it."""
    send(browser, serial=["obliterated"])
    press(browser, "/imports/1/sign", "/imports/1/sign")
    work(desk)
    with desk.office.replica() as replica:
        (record,) = replica.records()

    assert record.portions["item"].fields["item.serials"][0]["condition"] == "obliterated"


def test_a_case_in_a_compartment_is_sealed_apart(browser: Browser) -> None:
    """The class that the profile has for it, to the originator alone: the next page says so before anything is signed."""
    assert send(browser, record_class="sensitive", compartments=["CT", "SRC"]).status_code == 303
    readers = browser.get("/imports/1/readers.json").get_json()

    assert [row["readers"] for row in readers] == [["xar-arms"]] * len(readers)
    assert "level-secret" in browser.text("/imports/1")


def test_values_above_a_submitters_clearance_are_typed_and_not_read_back(desk: Desk) -> None:
    """Whoever types a value knows it; once it is logged, what they may see of it is for their clearance to say."""
    low = desk.browser(desk.add("D. Diaz", mandate(Role.SUBMITTER, clearance=Level.UNCLASSIFIED)))
    assert send(low, case__offence="canary-offence").status_code == 303
    press(low, "/imports/1/sign", "/imports/1/sign")
    work(desk)

    assert newest(desk).state is State.DONE
    assert "canary-offence" not in low.text("/imports/1")
    assert low.get("/submit").status_code == 200


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_what_a_hint_shows_is_taken(name: str) -> None:
    """Every example beside a box is read as what is typed there is read, and the field may hold it."""
    reading = Reading(dates=("EDTF",), tables=Tables(makes=makes.BUILT_IN, calibres=calibres.BUILT_IN))
    for example in EXAMPLES[name].split(", "):
        for field, value in read_cell(name, example, reading).items():
            check_field(field, value)


def test_the_form_speaks_words_and_folds_what_most_leave_empty(browser: Browser) -> None:
    """No rule of the vocabulary and no code of a kind stands on it; what was typed into a folded part unfolds that."""
    page = browser.text("/submit")
    typed = press(browser, "/submit", "/submit", **{**EVENT, "another": "1", "event.mgrs": "23KPQ87"})

    assert "text of at most" not in page
    assert "found_abroad:" not in page
    assert page.count("<details>") == 5
    assert re.findall(r"<details open>\s*<summary>([^<]*)", typed.get_data(as_text=True)) == [
        "Where exactly, and how many"
    ]
