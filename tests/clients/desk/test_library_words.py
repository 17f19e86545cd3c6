"""Officers who read French or Arabic meet what the library says in their own language: refusals, problems, reasons."""

import html
from http import HTTPStatus

import pytest

from clients.desk.catalogues import SDK, TRANSLATIONS
from clients.desk.sentences import translations
from clients.session import load_profile
from ledger.profiletoml import to_toml
from tests.support.deskimports import ENTERS, enrol, newest, press, share_secrets, to_checked, upload, work
from tests.support.deskimports import hidden as fields_of
from tests.support.desks import Browser, Desk
from tests.support.desktalks import FIRST, Pair, look
from tests.support.imports import CSV
from tests.support.loopback import PHRASE
from tests.support.workbooks import workbook

LONG = 20
BAD = CSV + b"ABE 1,TAURUS,yesterday,Rio\n"


def reader(desk: Desk, name: str, language: str) -> Browser:
    """Return the browser of somebody who reads in a language."""
    person = desk.parts.people.accounts.named(name)
    assert person is not None
    desk.parts.people.accounts.set_language(person.id, language)
    return desk.browser(name)


def english_in(page: str) -> list[str]:
    """Return each whole sentence of the library that a page says in English; short ones may be a part of another word."""
    found = translations(TRANSLATIONS / "fr" / "LC_MESSAGES" / f"{SDK}.po")
    texts = [text for text, _said in found if "%(" not in text and len(text) >= LONG]
    return [text for text in texts if text in html.unescape(page)]


@pytest.mark.parametrize(
    ("language", "what", "step"),
    [
        ("fr", "est dans la réplique locale", "vérifiez le nom"),
        ("ar", "ليس في النسخة المحلية بطاقة بهذا الاسم", "افحص الاسم"),
    ],
)
def test_a_refusal_is_in_its_readers_language(kept_desk: Desk, language: str, what: str, step: str) -> None:
    """What happened and what to do: all of a page is in one language."""
    answer = reader(kept_desk, "Ana", language).get("/records/xar-arms/" + "A" * 22)
    page = html.unescape(answer.get_data(as_text=True))

    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert (what in page, step in page) == (True, True)
    assert english_in(page) == []


def test_machines_are_told_in_english(kept_desk: Desk) -> None:
    """What a program asks for as JSON is what the command line says, whoever asks."""
    answer = reader(kept_desk, "Ana", "fr").get("/records/xar-arms/" + "A" * 22 + ".json")

    assert answer.get_json()["what"].startswith("no record of that name is in the replica")


@pytest.mark.parametrize(
    ("language", "cause", "fix"),
    [
        ("fr", "aucune date ne", "ou comme une année seule"),
        ("ar", "لا يُكتب تاريخ هكذا", "أو سنة وحدها"),
    ],
)
def test_the_problems_of_a_list_are_in_its_readers_language(desk: Desk, language: str, cause: str, fix: str) -> None:
    """By line and column with a fix; the files for machines say it in English as ever."""
    desk.add("A. Abiola", ENTERS)
    browser = reader(desk, "A. Abiola", language)
    one = to_checked(desk, browser, BAD)
    page = html.unescape(browser.text(f"/imports/{one.number}"))

    assert (cause in page, fix in page) == (True, True)
    assert english_in(page) == []
    assert "no date is spelled so" in browser.text(f"/imports/{one.number}/problems.csv")


@pytest.mark.parametrize(
    ("language", "plain", "other"),
    [
        ("en", "same weapon as on line 2: same serial, make, model", "ays the same as line 4"),
        ("fr", "arme qu\u2019à la ligne 2\u00a0: mêmes numéro de série", "it la même chose que la ligne 4"),
        ("ar", "السلاح نفسه الذي في السطر", "يقول ما يقوله السطر"),
    ],
)
def test_equal_rows_are_told_before_anybody_signs(desk: Desk, language: str, plain: str, other: str) -> None:
    """In three languages, with both lines; the list can be signed all the same."""
    desk.add("A. Abiola", ENTERS)
    browser = reader(desk, "A. Abiola", language)
    rows = b"Taurus,ABE 573528,2026-03-14,\n" * 2 + b"Rossi,,2026-03-14,\n" * 2
    one = to_checked(desk, browser, b"make,serial,date,note\n" + rows)
    page = html.unescape(browser.text(f"/imports/{one.number}"))

    assert (plain in page, other in page, f"/imports/{one.number}/sign" in page) == (True, True, True)
    assert (one.findings["warnings"], one.findings["rejected"]) == (2, 0)
    assert language == "en" or english_in(page) == []
    assert [each["line"] for each in browser.get(f"/imports/{one.number}/problems.json").get_json()] == [3, 5]


@pytest.mark.parametrize(("language", "said"), [("fr", "est une formule"), ("ar", "صيغة حسابية")])
def test_a_list_that_cannot_be_read_says_why(desk: Desk, language: str, said: str) -> None:
    """What the worker kept in English is said to each reader in their own language."""
    desk.add("A. Abiola", ENTERS)
    browser = reader(desk, "A. Abiola", language)
    upload(browser, workbook([("make", "serial"), ("Taurus", "=1+1")]))
    work(desk)
    page = browser.text(f"/imports/{newest(desk).number}")

    assert newest(desk).told.what.endswith("is a formula")
    assert said in page
    assert english_in(page) == []


@pytest.mark.parametrize(
    ("language", "reason", "refused"),
    [
        ("fr", "autres comme SECRET", "le même officier a signé deux fois"),
        ("ar", "\u2068item\u2069 مختوم لآخرين بدرجة \u2068SECRET\u2069", "وقّع الضابط نفسه مرتين"),
    ],
)
def test_why_two_officers_must_agree_is_in_their_language(desk: Desk, language: str, reason: str, refused: str) -> None:
    """The reasons stand above the signature; who approves their own list is told why not."""
    desk.add("A. Abiola", ENTERS)
    share_secrets(desk)
    enrol(desk, "A. Abiola")
    browser = reader(desk, "A. Abiola", language)
    sign = f"/imports/{to_checked(desk, browser).number}/sign"
    page = browser.text(sign)
    press(browser, sign, sign, passphrase=PHRASE.decode())
    fields = {**fields_of(browser.text(sign)), **fields_of(browser.text("/imports/1"))}
    own = browser.send("/imports/1/approve", {**fields, "passphrase": PHRASE.decode()})

    assert reason in html.unescape(page)
    assert own.status_code == HTTPStatus.FORBIDDEN
    assert refused in html.unescape(own.get_data(as_text=True))
    assert english_in(page + own.get_data(as_text=True)) == []


@pytest.mark.parametrize(
    ("language", "reason"),
    [("fr", "est communiqué au-dessous de son étiquette pour"), ("ar", "إتاحته دون وسم أصله في")],
)
def test_what_a_release_would_do_is_in_its_officers_language(pair: Pair, language: str, reason: str) -> None:
    """A downgrade says that it is one, and why it takes two, before anybody signs."""
    browser = reader(pair.owner, FIRST, language)
    page = look(browser, pair.last(pair.owner, "disclosure_request"))

    assert reason in html.unescape(page)
    assert english_in(page) == []


@pytest.mark.parametrize(
    ("language", "said"),
    [("fr", "nomme xbe-cib, qui ne peut pas la lire"), ("ar", "يسمّي \u2068xbe-cib\u2069، وهو لا يستطيع قراءته")],
)
def test_what_a_profile_will_not_do_is_in_its_readers_language(desk: Desk, language: str, said: str) -> None:
    """A finding names the agency as it is, in a sentence of the reader's."""
    home = desk.office.home
    text = to_toml(load_profile(home, desk.office.charter()))
    home.profile.write_text(text.replace('"*" = "RESTRICTED"', '"*" = "UNCLASSIFIED"'), encoding="utf-8")
    desk.add("A")

    assert said in html.unescape(reader(desk, "A", language).text("/profile"))


def test_attack_a_value_with_markup_in_a_sentence_of_the_library(desk: Desk) -> None:
    """A column that is named like a script is text in every language."""
    desk.add("A. Abiola", ENTERS)
    browser = reader(desk, "A. Abiola", "fr")
    attack = "<script>alert(1)</script>%(name)s{0}"
    upload(browser, f"serial,make,{attack}\n1234567,Taurus,1\n".encode())
    work(desk)
    path = f"/imports/{newest(desk).number}"
    wrong = press(browser, path, f"{path}/text", map='[fields]\n"item.serials" = { column = "serial" }\n[[record]]\n')
    page = wrong.get_data(as_text=True) + browser.text(path)

    assert "<script>alert" not in page
    assert html.escape(attack) in page
