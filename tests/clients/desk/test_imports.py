"""The import wizard as an officer's browser drives it, without a script."""

import io
import json
from typing import Any

import pytest
from sqlalchemy import update

from clients.desk.filters import moment
from clients.desk.people.person import Role
from clients.intake.states import State
from clients.intake.tables import IMPORT
from ledger.labels import Level
from tests.support.deskimports import (
    COLUMNS,
    ENTERS,
    FIXED,
    enrol,
    hidden,
    imports_of,
    newest,
    press,
    share_secrets,
    to_checked,
    to_columns,
    upload,
    work,
)
from tests.support.desks import Browser, Desk, mandate
from tests.support.imports import CSV
from tests.support.loopback import PHRASE
from tests.support.workbooks import workbook

# What a disk that has no room for one more entry of the record of use does to whoever writes one.
FULL = "CREATE TRIGGER full BEFORE INSERT ON use_entry BEGIN SELECT RAISE(ABORT, 'full'); END"
FRESH = 1_700_000_000


def _hide_a_second(sheet: Any) -> None:
    sheet.parent.create_sheet("Second").sheet_state = "hidden"


@pytest.fixture
def browser(desk: Desk) -> Browser:
    """Give the browser of A. Abiola, who may enter records and no more."""
    return desk.browser(desk.add("A. Abiola", ENTERS))


def test_a_list_goes_from_upload_to_receipt(desk: Desk, browser: Browser) -> None:
    """Upload, columns, problems, readers, signature, progress, receipt: each page leads to the next."""
    one = to_columns(desk, browser)
    columns = browser.text(f"/imports/{one.number}")
    assert '<option value="item.make" selected>' in columns
    assert "ABE 573528" in columns
    one = to_checked(desk, browser)
    page = browser.text(f"/imports/{one.number}")
    assert "xar-arms</span>, <span" in page
    assert "Go on to sign it" in page
    signed = press(browser, f"/imports/{one.number}/sign", f"/imports/{one.number}/sign")
    assert signed.status_code == 303
    assert 'hx-trigger="every 2s"' in browser.text(f"/imports/{one.number}")
    work(desk)
    receipt = browser.text(f"/imports/{one.number}")

    assert newest(desk).state is State.DONE
    assert "2 records are logged" in receipt
    assert "UNWITNESSED" in receipt
    assert receipt.count('href="/records/xar-arms/') == 2


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ({"vouched": "witnessed by 2 of 3", "fresh": FRESH}, "witnessed by 2 of 3 · {} <span"),
        ({"vouched": "witnessed by 2 of 3 · 2 minutes ago"}, "witnessed by 2 of 3</dd>"),
    ],
)
def test_a_receipt_says_when_its_witnesses_vouched(
    desk: Desk, browser: Browser, kept: dict[str, object], shown: str
) -> None:
    """It keeps the moment and not its age: that is told when it is shown; an age that was kept once is shown no more."""
    one = to_checked(desk, browser)
    press(browser, f"/imports/{one.number}/sign", f"/imports/{one.number}/sign")
    work(desk)
    receipt = {key: value for key, value in newest(desk).receipt.items() if key not in {"vouched", "fresh"}} | kept
    with desk.parts.engine.begin() as connection:
        connection.execute(update(IMPORT).values(receipt=json.dumps(receipt)))
    page = " ".join(browser.text(f"/imports/{one.number}").split()).replace(" </dd>", "</dd>")

    assert shown.format(moment(FRESH)) in page
    assert "2 minutes ago" not in page


def test_the_part_that_waits_has_the_page_opened_anew_at_its_end(desk: Desk, browser: Browser) -> None:
    """While the program works it is a part of the page; then the browser is told to look at the whole."""
    upload(browser)
    number = newest(desk).number
    assert "being read" in browser.text(f"/imports/{number}/part")
    work(desk)

    assert browser.get(f"/imports/{number}/part").headers["HX-Refresh"] == "true"


def test_a_double_click_on_upload_begins_one_import(desk: Desk, browser: Browser) -> None:
    """The form has a number: sent twice it is one import, whatever it holds."""
    fields = hidden(browser.text("/imports"))
    answers = [browser.send("/imports", {**fields, "file": (io.BytesIO(CSV), "list.csv")}) for _ in range(2)]

    assert {answer.location for answer in answers} == {"/imports/1"}
    assert len(imports_of(desk).listed()) == 1


def test_a_double_click_on_sign_has_one_outcome(desk: Desk, browser: Browser) -> None:
    """The second finds the import further on, and is told so."""
    one = to_checked(desk, browser)
    fields = hidden(browser.text(f"/imports/{one.number}/sign"))
    first, second = (browser.send(f"/imports/{one.number}/sign", fields) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 409)
    work(desk)
    assert newest(desk).receipt["records"] == 2


def _noted(desk: Desk) -> list[str]:
    """Return what the record of use says was done to imports, the newest first."""
    return [one.entry.did for one in desk.parts.use.entries(limit=200) if one.entry.of.startswith("import ")]


def test_a_step_that_cannot_be_noted_is_not_taken(desk: Desk, browser: Browser) -> None:
    """A full disk leaves neither a step that nobody can see, nor a note of a step that was not taken."""
    fields = hidden(browser.text("/imports"))
    with desk.parts.engine.begin() as connection:
        connection.exec_driver_sql(FULL)
    answer = browser.send("/imports", {**fields, "file": (io.BytesIO(CSV), "list.csv")})
    assert answer.status_code >= 400
    assert imports_of(desk).listed() == ()
    _empty(desk)
    one = to_checked(desk, browser)
    fields = hidden(browser.text(f"/imports/{one.number}/sign"))
    before = _noted(desk)
    with desk.parts.engine.begin() as connection:
        connection.exec_driver_sql(FULL)
    for path in ("sign", "end", "read"):
        assert browser.send(f"/imports/{one.number}/{path}", {**fields, **COLUMNS, **FIXED}).status_code >= 400

    assert (newest(desk).revision, newest(desk).state) == (one.revision, State.CHECKED)
    assert _noted(desk) == before
    _empty(desk)
    assert browser.send(f"/imports/{one.number}/sign", fields).status_code == 303
    assert _noted(desk)[0] == "signed"


def _empty(desk: Desk) -> None:
    with desk.parts.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")


def test_a_step_that_is_refused_is_not_noted(desk: Desk, browser: Browser) -> None:
    """Of two clicks one has an outcome, and one a note."""
    one = to_checked(desk, browser)
    fields = hidden(browser.text(f"/imports/{one.number}/sign"))
    answers = [browser.send(f"/imports/{one.number}/sign", fields).status_code for _ in range(2)]

    assert answers == [303, 409]
    assert _noted(desk).count("signed") == 1


def test_a_stale_page_changes_nothing(desk: Desk, browser: Browser) -> None:
    """A page opened before the columns were confirmed can neither confirm others nor sign."""
    one = to_columns(desk, browser)
    old = hidden(browser.text(f"/imports/{one.number}"))
    to_checked(desk, browser)
    checked = press(browser, f"/imports/{one.number}", f"/imports/{one.number}/columns", **COLUMNS, **FIXED)
    assert checked.status_code == 303

    for path in ("columns", "sign", "end", "read"):
        answer = browser.send(f"/imports/{one.number}/{path}", {**old, **COLUMNS, **FIXED})
        assert answer.status_code == 409, path


def test_bad_rows_are_told_and_come_back_as_csv(desk: Desk, browser: Browser) -> None:
    """By line and column with a fix; good rows alone go in only when that is said; what is in a cell is text."""
    raw = CSV + b'<script>alert(1)</script>,"=HYPERLINK(1)",yesterday,"<img src=x>"\n'
    one = to_checked(desk, browser, raw)
    page = browser.text(f"/imports/{one.number}")
    assert "no date is spelled so" in page
    assert "<script>alert" not in page
    rejected = browser.get(f"/imports/{one.number}/rejected.csv")
    assert "'=HYPERLINK(1)" in rejected.get_data(as_text=True)
    assert rejected.headers["Content-Disposition"].startswith("attachment")
    assert "yesterday" not in browser.text(f"/imports/{one.number}/problems.csv")
    sign = f"/imports/{one.number}/sign"
    assert press(browser, sign, sign).status_code == 422

    assert press(browser, sign, sign, good_rows="on").status_code == 303
    work(desk)
    assert newest(desk).receipt["records"] == 2
    assert "<dt>Rows that stayed out</dt><dd>1</dd>" in browser.text(f"/imports/{one.number}")


def test_a_corrected_row_that_no_column_names_is_not_passed_over_in_silence(desk: Desk, browser: Browser) -> None:
    """Beside rows that are logged already a new one may be a correction: before it is sealed, that is said."""
    one = to_checked(desk, browser)
    sign = f"/imports/{one.number}/sign"
    assert "Is a new one a correction?" not in browser.text(f"/imports/{one.number}")
    assert press(browser, sign, sign).status_code == 303
    work(desk)

    again = to_checked(desk, browser, CSV.replace(b"ABE 573528", b"ABE 573529"))

    page = browser.text(f"/imports/{again.number}")
    assert "<dt>Rows that are new</dt><dd>1</dd>" in page
    assert "Is a new one a correction?" in page


def test_stored_script_in_names_and_cells_is_text(desk: Desk, browser: Browser) -> None:
    """A file's name, a column's name, a sample: all of it is shown, none of it is read as markup."""
    attack = "<script>alert(1)</script>"
    upload(browser, f"{attack},serial\n{attack},1234567\n".encode(), name=f"{attack}.csv")
    work(desk)
    for path in ("/imports", f"/imports/{newest(desk).number}"):
        page = browser.text(path)
        assert attack not in page
        assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (workbook([("make", "serial"), ("Taurus", "=1+1")]), "is a formula"),
        (b"PK\x03\x04" + bytes(100), "damaged"),
        (b"", "no list was chosen"),
    ],
)
def test_a_list_that_cannot_be_read_says_why(desk: Desk, browser: Browser, raw: bytes, said: str) -> None:
    """With the cell where there is one, and what to do; nothing of it is kept."""
    answer = upload(browser, raw)
    if answer.status_code == 422:
        assert said in answer.get_data(as_text=True)
        return
    work(desk)

    assert newest(desk).state is State.REFUSED
    assert said in browser.text(f"/imports/{newest(desk).number}")


def test_columns_are_offered_by_the_words_of_their_fields(desk: Desk, browser: Browser) -> None:
    """Each field goes by its name in the reader's language, under its portion; what is sent is the code all the same."""
    one = to_columns(desk, browser)
    page = browser.text(f"/imports/{one.number}")

    assert '<optgroup label="Case">' in page
    assert '<option value="item.country_of_manufacture">Country of manufacture</option>' in page


def test_columns_that_contradict_each_other_keep_what_was_chosen(desk: Desk, browser: Browser) -> None:
    """Two columns for one field: said above, every choice kept, nothing changed."""
    one = to_columns(desk, browser)
    wrong = {**COLUMNS, "column-3": "item.make"}
    answer = press(browser, f"/imports/{one.number}", f"/imports/{one.number}/columns", **wrong, **FIXED)
    page = answer.get_data(as_text=True)

    assert (answer.status_code, newest(desk).revision) == (422, one.revision)
    assert "two columns are to fill item.make" in page
    assert page.count('<option value="item.make" selected>') == 2


def test_columns_are_remembered_by_the_name_of_their_source(desk: Desk, browser: Browser) -> None:
    """The next list with these columns is filled in as the last one was."""
    one = to_columns(desk, browser)
    path = f"/imports/{one.number}"
    press(browser, path, f"{path}/columns", **{**COLUMNS, "column-3": "event.place"}, **FIXED, source="Border post 4")
    again = to_columns(desk, browser)
    page = browser.text(f"/imports/{again.number}")

    assert '<option value="event.place" selected>' in page
    assert "as lists from Border post 4" in page


def test_a_map_as_text_says_what_the_form_cannot(desk: Desk, browser: Browser) -> None:
    """Two records a row; what is no map is said, with the text kept."""
    one = to_columns(desk, browser)
    path = f"/imports/{one.number}"
    wrong = press(browser, path, f"{path}/text", map="[[record]]\nevent = 7")
    assert (wrong.status_code, "event = 7" in wrong.get_data(as_text=True)) == (422, True)
    two = (
        'ignore = ["note"]\n[fields]\n"item.kind" = { value = "small_arm" }\n"item.serials" = { column = "serial" }\n'
        '"item.make" = { column = "make" }\n[[record]]\nevent = "recovery"\nfields."event.date" = { column = "date" }\n'
        '[[record]]\nevent = "loss"\n'
    )
    assert press(browser, path, f"{path}/text", map=two.replace("\n", "\r\n")).status_code == 303
    work(desk)

    assert newest(desk).findings["records"] == 4
    assert browser.text(f"{path}/map.toml").partition("\n")[2] == two


def test_a_list_that_cannot_be_read_so_stays_to_be_read_another_way(desk: Desk, browser: Browser) -> None:
    """A list that was read wrongly goes back to its upload, with what the officer says of it, and stays where that fails."""
    one = to_columns(desk, browser, workbook([("make", "serial"), ("Taurus", "1")], title="March"))
    path = f"/imports/{one.number}"
    assert press(browser, path, f"{path}/read", sheet="March", header_line="x").status_code == 422
    assert press(browser, path, f"{path}/read", sheet="April").status_code == 303
    work(desk)

    assert newest(desk).state is State.UPLOADED
    page = browser.text(path)
    assert "not read yet" in page
    assert "no sheet" in page
    assert press(browser, path, f"{path}/read", sheet="").status_code == 303
    work(desk)
    assert "ABE" not in browser.text(path)
    assert '<option value="item.make" selected>' in browser.text(path)


def test_of_a_workbook_with_a_hidden_sheet_the_officer_chooses_one(desk: Desk, browser: Browser) -> None:
    """The page names the sheets that can be seen; the hidden one is not among them, and is refused all the same."""
    raw = workbook([("make", "serial"), ("Taurus", "1")], touch=_hide_a_second, title="March")
    one = to_columns(desk, browser, raw)
    path = f"/imports/{one.number}"
    page = browser.text(path)
    assert "is hidden" in page
    assert "<option>March</option>" in page
    assert "<option>Second</option>" not in page

    assert press(browser, path, f"{path}/read", sheet="Second").status_code == 303
    work(desk)
    assert "is hidden" in browser.text(path)
    assert press(browser, path, f"{path}/read", sheet="March").status_code == 303
    work(desk)

    page = browser.text(path)
    assert '<option value="item.make" selected>' in page
    assert "<option selected>March</option>" in page


def test_another_sheet_is_chosen_by_its_name(desk: Desk, browser: Browser) -> None:
    """Of two sheets the first is read; the other is chosen, and nobody types its name."""

    def touch(sheet: Any) -> None:
        other = sheet.parent.create_sheet("April")
        other.append(["make", "serial"])
        other.append(["Norinco", "A7"])

    one = to_columns(desk, browser, workbook([("make", "serial"), ("Taurus", "1")], touch=touch, title="March"))
    path = f"/imports/{one.number}"
    assert "<option>April</option>" in browser.text(path)
    assert press(browser, path, f"{path}/read", sheet="April").status_code == 303
    work(desk)

    assert "Norinco" in browser.text(path)


def test_two_officers_where_the_label_asks(desk: Desk, browser: Browser) -> None:
    """One proposes under their own key, another approves under theirs; the same one cannot, nor one without the clearance."""
    share_secrets(desk)
    enrol(desk, "A. Abiola", "B. Berg", "C. Costa")
    second = desk.browser(desk.add("B. Berg", mandate(Role.RELEASING, clearance=Level.SECRET)))
    uncleared = desk.browser(desk.add("C. Costa", mandate(Role.RELEASING, clearance=Level.RESTRICTED)))
    one = to_checked(desk, browser)
    sign = f"/imports/{one.number}/sign"
    assert second.get(f"/imports/{one.number}").status_code == 404
    assert press(browser, sign, sign, passphrase="wrong").status_code == 403
    assert press(browser, sign, sign, passphrase=PHRASE.decode()).status_code == 303
    work(desk)
    assert newest(desk).state is State.PROPOSED
    assert uncleared.get(f"/imports/{one.number}").status_code == 404
    assert uncleared.get("/imports").get_data(as_text=True).count("/imports/1") == 0
    approve = f"/imports/{one.number}/approve"
    fields = hidden(browser.text(sign))
    own = browser.send(
        approve, {**fields, **hidden(browser.text(f"/imports/{one.number}")), "passphrase": PHRASE.decode()}
    )
    assert (own.status_code, "same officer" in own.get_data(as_text=True)) == (403, True)
    assert second.get(f"/imports/{one.number}/rejected.csv").status_code == 403
    assert press(second, sign, approve, passphrase=PHRASE.decode()).status_code == 303
    work(desk)

    assert newest(desk).state is State.DONE
    assert newest(desk).receipt["records"] == 2
    assert len(list(desk.office.home.approvals.iterdir())) == 1


def test_what_waits_is_on_the_first_page(desk: Desk, browser: Browser) -> None:
    """For whoever brought it, and for whoever may approve it; not for others, and not once it is over."""
    to_checked(desk, browser)
    other = desk.browser(desk.add("B. Berg", ENTERS))
    assert "Import 1</a> · <bdi>seizures.csv</bdi> · to be signed" in browser.text("/")
    assert "Import 1" not in other.text("/")
    press(browser, "/imports/1", "/imports/1/end")

    assert "Import 1" not in browser.text("/")


def test_a_second_officer_refuses(desk: Desk, browser: Browser) -> None:
    """Nothing is sent, the reason is shown to whoever proposed it, the list is deleted."""
    share_secrets(desk)
    enrol(desk, "A. Abiola")
    second = desk.browser(desk.add("B. Berg", mandate(Role.RELEASING, clearance=Level.SECRET)))
    one = to_checked(desk, browser)
    sign = f"/imports/{one.number}/sign"
    press(browser, sign, sign, passphrase=PHRASE.decode())
    refuse = f"/imports/{one.number}/refuse"
    own = browser.send(refuse, {**hidden(browser.text(f"/imports/{one.number}")), "why": "mine"})
    assert own.status_code == 403
    assert press(second, sign, refuse, why="wrong <b>readers</b>").status_code == 303

    assert newest(desk).state is State.REFUSED
    assert "B. Berg: wrong &lt;b&gt;readers&lt;/b&gt;" in browser.text(f"/imports/{one.number}")


def test_a_proposal_is_taken_back_and_an_import_ended(desk: Desk, browser: Browser) -> None:
    """By whoever brought it; afterwards nothing of the list is left."""
    share_secrets(desk)
    enrol(desk, "A. Abiola")
    one = to_checked(desk, browser)
    path = f"/imports/{one.number}"
    press(browser, f"{path}/sign", f"{path}/sign", passphrase=PHRASE.decode())
    assert press(browser, path, f"{path}/back").status_code == 303
    assert newest(desk).state is State.CHECKED
    assert press(browser, path, f"{path}/end").status_code == 303

    assert newest(desk).state is State.ENDED
    assert "deleted" in browser.text(path)
    assert browser.get(f"{path}/rejected.csv").status_code == 404


def test_another_officers_import_is_as_if_it_were_not(desk: Desk, browser: Browser) -> None:
    """Not in the list, not by its number, not by any of its forms or files."""
    one = to_checked(desk, browser)
    other = desk.browser(desk.add("B. Berg", ENTERS))
    path = f"/imports/{one.number}"

    assert other.get("/imports").get_data(as_text=True).count(path) == 0
    assert other.get("/imports/list.json").get_json() == []
    for part in ("", "/part", "/sign", "/map.toml", "/problems.json", "/readers.csv", "/rejected.csv"):
        assert other.get(path + part).status_code == 404, part
    token = {"token": other.token("/imports"), "revision": str(one.revision)}
    for part in ("/read", "/columns", "/text", "/sign", "/approve", "/refuse", "/back", "/end"):
        assert other.send(path + part, token).status_code == 404, part


def test_signing_takes_a_fresh_proof_of_who_it_is(desk: Desk, browser: Browser) -> None:
    """After five minutes the page of the signature leads to the confirmation first, and its form does nothing."""
    one = to_checked(desk, browser)
    sign = f"/imports/{one.number}/sign"
    fields = hidden(browser.text(sign))
    desk.walk.clock.now += 6 * 60

    assert browser.send(sign, fields).status_code == 403
    assert browser.get(sign).status_code == 303
    assert newest(desk).state is State.CHECKED


def test_whoever_brings_a_list_sees_it_whatever_their_clearance(desk: Desk) -> None:
    """They know what they typed; the banner says what it will be sealed as, and the records are for their clearance."""
    low = desk.browser(desk.add("D. Diaz", mandate(Role.SUBMITTER, clearance=None)))
    one = to_checked(desk, low)

    assert "level-secret" in low.text(f"/imports/{one.number}")
    assert "ABE 573528" in low.text(f"/imports/{one.number}")


def test_tables_for_machines_say_what_the_page_says(desk: Desk, browser: Browser) -> None:
    """Imports, problems and readers as JSON and CSV."""
    one = to_checked(desk, browser)
    path = f"/imports/{one.number}"
    listed = browser.get("/imports/list.json").get_json()
    readers = browser.get(f"{path}/readers.json").get_json()

    assert [(row["number"], row["state"], row["records"]) for row in listed] == [(1, "checked", 2)]
    assert {row["portion"] for row in readers} == {"item", "event", "case"}
    assert browser.text(f"{path}/readers.csv").startswith("\ufeffclass,event,portion")
    assert browser.get(f"{path}/problems.json").get_json() == []
