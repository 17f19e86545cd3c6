"""Asking at the desk: shown before it is charged, asked once, told to its asker and auditors, and never asked again by itself."""

import csv
import json
import re
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from clients.desk import asking
from clients.desk.exporting import MARK_COLUMNS
from clients.desk.inquiries import Inquiries, Inquiry, State
from clients.desk.people.person import Role
from clients.errors import ClientError
from clients.matching.book import Book
from ledger.answers import Slot
from ledger.notices import WatchFired
from ledger.wire.paths import MATCHES
from tests.clients.desk.asking.conftest import asker
from tests.support import matched
from tests.support.deskreading import Reading
from tests.support.desks import Browser, Desk, mandate
from tests.support.loopback import Walk

SERIAL = "TKD 480572"
LINES = f"Taurus; {SERIAL}\nGlock; ABC123\nColt; none"


def form(browser: Browser, which: int) -> dict[str, str]:
    """Return what the forms of the page carry unseen: its token, and the number of one of them."""
    page = browser.text("/ask")
    numbers = re.findall(r'name="once" value="([^"]+)"', page)
    return {"token": browser.token("/ask"), "once": numbers[which], "why": "case 2026-114"}


def one(browser: Browser, **fields: str) -> TestResponse:
    """Prepare to ask about one weapon."""
    return browser.send("/ask/one", {**form(browser, 0), "item.make_text": "Taurus", "serial": SERIAL, **fields})


def hidden(page: str) -> dict[str, str]:
    """Return what the button that asks carries unseen."""
    return dict(re.findall(r'name="(token|seen)" value="([^"]*)"', page))


def decide(browser: Browser, path: str) -> TestResponse:
    """Press the button that asks."""
    return browser.send(path, hidden(browser.text(path)))


def inquiries(reading: Reading) -> Inquiries:
    """Return the inquiries of the desk."""
    return Inquiries(reading.desk.parts.engine, clock=reading.desk.parts.clock)


def work(reading: Reading, number: int) -> Inquiry:
    """Let the worker do what waits."""
    asking.run(reading.desk.parts, number)
    return inquiries(reading).get(number)


def questions(reading: Reading) -> int:
    """Return how many questions were put to the service, ever, by this home."""
    requests = reading.desk.walk.transport.requests
    return sum(1 for sent in requests if sent.method == "POST" and sent.path == MATCHES)


def test_what_it_costs_is_shown_before_it_is_charged(reading: Reading, browser: Browser) -> None:
    """One question of twelve; nothing has gone to the service yet; what was typed is not in the address."""
    path = one(browser).location
    page = browser.text(path)

    assert re.fullmatch(r"/ask/\d+", path)
    assert re.search(r"Left today before</dt><dd>12 of 12", page)
    assert re.search(r"Left today after</dt><dd>11", page)
    assert "Taurus" in page
    assert questions(reading) == 0


def test_a_hit_is_told_with_its_purpose_and_leads_on(reading: Reading, browser: Browser) -> None:
    """A filled sign, the record with a link to it and to its trace, the purpose, what is left."""
    path = one(browser).location
    assert decide(browser, path).status_code == 303
    assert work(reading, 1).state is State.DONE
    page = browser.text(path)
    (record,) = set(re.findall(r'href="/records/([^"?]+)"', page))

    assert 'class="certainty hit"' in page.partition('<ul class="told">')[2]
    assert record.startswith("xar-arms/")
    assert f'href="/traces/{record}"' in page
    assert "case 2026-114" in page
    assert "11" in page.partition("left on that day")[2][:20]
    taken = browser.get(f"{path}.json").get_json()[0]
    assert taken["certainty"] == "hit"
    assert taken["export_marking"].endswith("ORIGINATOR ONLY")
    assert "hit" in browser.text(f"{path}.csv")


@pytest.mark.parametrize("path", ["/ask/list", "/ask/asked", "/hits/list"])
def test_what_was_asked_and_who_asked_leaves_marked_and_noted(reading: Reading, browser: Browser, path: str) -> None:
    """Each file of one's own questions and hits says whose copy it is, by the number that the record of use has of it."""
    drafted = one(browser).location
    decide(browser, drafted)
    work(reading, 1)
    auditor = reading.browser(Role.AUDITOR, name="Ute")
    head, *rows = csv.reader(StringIO(auditor.text(f"{path}.csv").removeprefix("\ufeff")))
    (noted,) = reading.desk.parts.use.entries(limit=1)

    assert head[-len(MARK_COLUMNS) :] == [*MARK_COLUMNS]
    assert (noted.entry.who, noted.entry.did) == ("Ute", "exported")
    assert {row[head.index("export_copy")] for row in rows} <= {f"{reading.desk.office.me}/use/{noted.number}"}


def test_a_possible_hit_says_what_to_compare_and_is_no_hit(reading: Reading, browser: Browser) -> None:
    """Zeros before the number: an outlined sign, and the frame to look at first."""
    path = one(browser, serial="00TKD480572").location
    decide(browser, path)
    work(reading, 1)
    told = browser.text(path).partition('<ul class="told">')[2]

    assert 'class="certainty possible"' in told
    assert 'class="certainty hit"' not in told
    assert "Before believing it:" in told


def test_nothing_is_said_to_mean_that_nobody_answers(reading: Reading, browser: Browser) -> None:
    """A silent record looks the same, and the page says so."""
    path = one(browser, serial="ZZ 99887766").location
    decide(browser, path)
    work(reading, 1)

    assert "a record that its originator keeps silent looks the same" in browser.text(path)


def test_a_double_click_is_one_question(reading: Reading, browser: Browser) -> None:
    """The form of the description makes one inquiry; the form that asks it asks once; the worker takes it once."""
    fields = {**form(browser, 0), "item.make_text": "Taurus", "serial": SERIAL}
    first, again = (browser.send("/ask/one", fields).location for _ in range(2))
    sent = hidden(browser.text(first))
    answers = [browser.send(first, sent).status_code for _ in range(3)]
    for _ in range(2):
        work(reading, 1)

    assert first == again
    assert answers == [303, 303, 303]
    assert questions(reading) == 1
    assert len(inquiries(reading).listed(None)) == 1


def test_what_a_restart_cut_off_is_not_asked_again(reading: Reading, browser: Browser) -> None:
    """It is said to have been cut off, the page offers no way to ask it again, and the worker leaves it alone."""
    path = one(browser).location
    decide(browser, path)
    asking.begin(reading.desk.parts)
    assert inquiries(reading).get(1).state is State.INTERRUPTED
    work(reading, 1)
    browser.send(path, {"token": browser.token("/ask")})
    work(reading, 1)

    assert questions(reading) == 0
    assert "is not asked again by itself" in browser.text(path)


def test_a_list_is_asked_and_what_cannot_be_is_said(reading: Reading, browser: Browser) -> None:
    """Pasted lines: two questions, a hit and a nothing; a wording in the number's place is not asked, and not charged."""
    path = browser.send("/ask/list", {**form(browser, 1), "lines": LINES}).location
    preview = browser.text(path)
    assert "Questions</dt><dd>2" in preview
    assert "nothing to ask by" in preview
    decide(browser, path)
    done = work(reading, 1)

    assert [bool(each["found"]) for each in done.told] == [True, False, False]
    assert done.told[2]["note"]
    assert done.left == 10


def test_a_file_is_asked_about_by_its_column_names(browser: Browser) -> None:
    """A CSV with more than is needed, a date that is none among it: its numbers are asked about."""
    raw = f"Marca;Número de série;Data\nTaurus;{SERIAL};yesterday\n".encode()
    path = browser.send("/ask/list", {**form(browser, 1), "file": (BytesIO(raw), "list.csv")}).location

    assert "Questions</dt><dd>1" in browser.text(path)


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/ask/one", {"why": " ", "serial": SERIAL}, "a question has a purpose"),
        ("/ask/one", {"serial": ""}, "nothing to ask about"),
        ("/ask/one", {"serial": "12???"}, "may stand for"),
        ("/ask/list", {"lines": "one column"}, "the lines have one column"),
        ("/ask/list", {"lines": "a;b;c;d;e\n1;2;3;4;5"}, "have no header"),
        ("/ask/own", {"once": "x"}, "has no number"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_reason(
    browser: Browser, path: str, fields: dict[str, str], said: str
) -> None:
    """Nothing is kept of it, and the page says what to do."""
    answer = browser.send(path, {**form(browser, 0), **fields})

    assert answer.status_code == 422
    assert re.search(said, answer.get_data(as_text=True))


def test_more_than_the_days_limit_is_not_asked_at_all(reading: Reading, browser: Browser) -> None:
    """The page says that it is too much, and a form sent all the same asks nothing."""
    lines = "\n".join(f"Taurus; AA {number}" for number in range(100000, 100013))
    path = browser.send("/ask/list", {**form(browser, 1), "lines": lines}).location
    page = browser.text(path)
    seen = inquiries(reading).get(1).seen
    answer = browser.send(path, {"token": browser.token("/ask"), "seen": seen})

    assert "not enough" in page
    assert "Ask now" not in page
    assert answer.status_code == 422
    assert inquiries(reading).get(1).state is State.DRAFT


def test_ones_own_records_are_asked_about(reading: Reading, browser: Browser) -> None:
    """By their slips: the other agency's record of the same weapon is found."""
    path = browser.send("/ask/own", form(browser, 2)).location
    decide(browser, path)
    done = work(reading, 1)

    assert [each["found"][0]["record"].partition("/")[0] for each in done.told] == ["xar-arms"]
    assert "with=xbe-cib" in browser.text(path)


def test_results_are_for_their_asker_and_for_auditors(reading: Reading, browser: Browser) -> None:
    """Another analyst finds no such inquiry; an auditor reads it, and can neither ask nor drop it."""
    path = one(browser).location
    other, auditor = reading.browser(Role.ANALYST, name="Oto"), reading.browser(Role.AUDITOR, name="Uma")
    assert auditor.get(path).status_code == 404  # a draft asks nothing, so there is nothing to audit
    decide(browser, path)
    work(reading, 1)

    for end in ("", ".json", ".csv"):
        assert other.get(path + end).status_code == 404
        assert "case 2026-114" in auditor.text(path) if not end else auditor.get(path + end).status_code == 200
    assert path not in other.text("/ask")
    assert path in auditor.text("/ask")
    assert auditor.submit(path, page="/ask").status_code == 403
    assert other.submit(path, page="/ask").status_code == 404
    assert "case 2026-114" in auditor.text("/ask/asked")
    assert "case 2026-114" in auditor.text("/ask/asked.csv")
    assert browser.get("/ask/asked").status_code == 403


def test_a_draft_is_dropped(reading: Reading, browser: Browser) -> None:
    """Nothing was asked, and nothing of it is left."""
    path = one(browser).location

    assert browser.submit(f"{path}/drop", page=path).status_code == 303
    assert browser.get(path).status_code == 404
    assert questions(reading) == 0


def test_what_fails_on_the_way_is_kept_with_the_inquiry(reading: Reading, browser: Browser) -> None:
    """The reason and what to do are on its page, what was told before stays, and it is not asked again."""
    path = one(browser).location
    decide(browser, path)
    browser2 = reading.browser(Role.ANALYST, name="Eve")
    eve = browser2.send(
        "/ask/list", {**form(browser2, 1), "lines": "\n".join(f"Taurus;A{n}" for n in range(1000, 1012))}
    )
    decide(browser2, eve.location)
    work(reading, 1)
    with pytest.raises(ClientError):
        asking.run(reading.desk.parts, 2)

    assert inquiries(reading).get(2).state is State.FAILED
    assert "left today" in browser2.text(eve.location)


def test_stored_script_is_text(browser: Browser) -> None:
    """In a make, a number, a purpose."""
    attack = "<script>alert(1)</script>"
    path = one(browser, **{"item.make_text": attack, "serial": f"A12345 {attack}", "why": attack}).location

    for page in (path, "/ask"):
        assert attack not in browser.text(page)
        assert "&lt;script&gt;" in browser.text(page)


def test_hits_are_listed_and_silent_ones_reviewed(reading: Reading) -> None:
    """Whoever was asked sees by whom; a silent hit waits until somebody says that they looked; twice is once."""
    desk = Desk(reading.desk.walk, "xar-arms")
    home = Reading(desk)
    profile = reading.desk.walk.homes["xar-arms"].path / "profile.toml"
    text = str(
        json.loads(matched.command(reading.desk.walk, "profile", "show", "--json", home="xar-arms").output)["profile"]
    )
    text = text.replace('rel = "members@2"', "rel = []").replace('recovery = "open"', 'recovery = "silent"')
    profile.write_text(text, encoding="utf-8")
    assert matched.submit(reading.desk.walk, "xar-arms", ["2021-01-01;recovery;pistol;Glock;9 mm;QZR 771930"]).code == 0
    matched.ask(reading.desk.walk, "xbe-cib", "--make", "Glock", "--serial", "QZR771930")
    matched.ask(reading.desk.walk, "xbe-cib", "--make", "Taurus", "--serial", SERIAL)
    matched.tick(reading.desk.walk)
    matched.command(reading.desk.walk, "sync", home="xar-arms")
    browser, auditor = home.browser(Role.ANALYST), home.browser(Role.AUDITOR)
    page = browser.text("/hits")
    (number,) = re.findall(r'name="number" value="(\d+)"', page)

    assert "Silent hits to review" in page
    assert "xbe-cib asked" in page
    assert 'name="number"' not in auditor.text("/hits")
    assert auditor.submit("/hits", page="/hits", number=number).status_code == 403
    assert browser.submit("/hits", page="/hits").status_code == 422
    token = {"token": browser.token("/hits"), "number": number}
    assert [browser.send("/hits", token).status_code for _ in range(2)] == [303, 303]
    assert "Silent hits to review" not in browser.text("/hits")
    assert {row["state"] for row in browser.get("/hits/list.json").get_json()} == {"", "reviewed"}
    desk.close()


def test_an_empty_page_of_hits_teaches_what_to_do(kept_desk: Desk) -> None:
    """Where nobody has asked, it says so, and where to ask."""
    kept_desk.parts.people.accounts.named("Una") or kept_desk.add("Una", mandate(Role.ANALYST))

    assert "/ask" in kept_desk.browser("Una").text("/hits").partition("<main")[2]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give a consortium in which ten records of one agency tell of one weapon: more than an answer holds."""
    walk = matched.found_matching(tmp_path_factory.mktemp("crowded"), lookups=3)
    rows = [f"2020-01-{day:02};recovery;pistol;Taurus;9 mm;{SERIAL}" for day in range(1, 11)]
    assert matched.submit(walk, "xar-arms", rows).code == 0
    assert matched.submit(walk, "xbe-cib", rows[:1]).code == 0
    walk.close()
    return walk


@pytest.fixture
def many(crowded: Walk, tmp_path: Path) -> Iterator[Reading]:
    """Give the asker's desk, over a copy of all of it."""
    with asker(crowded, tmp_path) as found:
        yield found


def asked_of_many(reading: Reading, browser: Browser) -> str:
    """Ask about the weapon of many records; return where what was told stands."""
    path = one(browser).location
    assert decide(browser, path).status_code == 303
    assert len(work(reading, 1).told[0]["found"]) == 8
    return path


def press_more(browser: Browser, path: str) -> dict[str, str]:
    """Press the button that asks on; return what it sent."""
    fields = dict(re.findall(r'name="(token|at|after)" value="([^"]*)"', browser.text(path).partition("/more")[2]))
    assert browser.send(f"{path}/more", fields).status_code == 303
    return fields


def test_matches_beyond_the_eighth_are_asked_for_on_the_page(many: Reading) -> None:
    """A button without any script asks for those that follow: a question of its own, its price said before, noted."""
    browser = many.browser(Role.ANALYST, name="Ana")
    path = asked_of_many(many, browser)
    before = browser.text(path)
    press_more(browser, path)
    told = work(many, 1)
    page = browser.text(path)

    assert "one question of the 2 left today" in before
    assert (told.state, told.questions, told.left) == (State.DONE, 2, 1)
    assert len({found["record"] for found in told.told[0]["found"]}) == 10
    assert [found["index"] for found in told.told[0]["found"]] == sorted(f["index"] for f in told.told[0]["found"])
    assert page.count('class="certainty hit"') == 11
    assert "/more" not in page
    noted = [row.entry.of for row in many.desk.parts.use.entries(limit=20) if row.entry.did == "asked"]
    assert noted == ["inquiry 1: 1 questions, lookup"] * 2


def test_asking_for_more_twice_is_charged_once(many: Reading) -> None:
    """A double click, and the same form again after the answer came, ask nothing more and note nothing more."""
    browser = many.browser(Role.ANALYST, name="Ana")
    path = asked_of_many(many, browser)
    sent = press_more(browser, path)
    browser.send(f"{path}/more", sent)
    work(many, 1)
    assert browser.send(f"{path}/more", sent).status_code in (303, 422)

    assert work(many, 1).questions == 2
    assert questions(many) == 2
    assert sum(row.entry.did == "asked" for row in many.desk.parts.use.entries(limit=20)) == 2


def test_more_that_the_service_refuses_leaves_what_was_told(many: Reading) -> None:
    """The eight stay, the page says why there are no others, and the button is there again."""
    browser = many.browser(Role.ANALYST, name="Ana")
    path = asked_of_many(many, browser)
    fields = press_more(browser, path)
    found = inquiries(many).begin(1)
    assert found is not None
    assert found.further == int(fields["at"])
    inquiries(many).fail(1, what="the service is away", fix="try again")
    page = browser.text(path)

    assert "the service is away" in page
    assert page.count('class="certainty hit"') == 9
    assert "/more" in page
    press_more(browser, path)
    assert len(work(many, 1).told[0]["found"]) == 10


def test_two_who_ask_on_from_one_place_are_one(many: Reading) -> None:
    """What was told meanwhile is never written over by who saw less of it."""
    browser = many.browser(Role.ANALYST, name="Ana")
    asked_of_many(many, browser)
    seen = inquiries(many).get(1)
    assert inquiries(many).further(seen, 0)
    work(many, 1)

    assert not inquiries(many).further(seen, 0)
    assert len(inquiries(many).get(1).told[0]["found"]) == 10


@pytest.mark.parametrize("fields", [{}, {"at": "x"}, {"at": "-1"}, {"at": "1"}, {"at": "0", "after": "0"}])
def test_more_of_what_is_not_there_asks_nothing(many: Reading, fields: dict[str, str]) -> None:
    """A place that nothing was told at, or from before what was told, is no question."""
    browser = many.browser(Role.ANALYST, name="Ana")
    path = asked_of_many(many, browser)
    browser.send(f"{path}/more", {"token": browser.token(path), **fields})

    assert inquiries(many).get(1).state is State.DONE
    assert questions(many) == 1


def test_more_than_a_page_of_answers_has_pages(reading: Reading, browser: Browser) -> None:
    """A hundred a page with links before and after, none twice and none left out; a place that there is not is the first."""
    path = one(browser).location
    rows = inquiries(reading)
    assert rows.decide(rows.get(1))
    rows.begin(1)
    told = {"question": "", "found": [], "more": False, "note": ""}
    rows.tell(1, [{**told, "what": f"weapon {number:03}"} for number in range(150)], left=1)
    first, second = browser.text(path), browser.text(f"{path}?from=100")

    assert "weapon 099" in first
    assert "weapon 100" not in first
    assert f'href="{path}?from=100"' in first
    assert "weapon 099" not in second
    assert "weapon 149" in second
    assert f'href="{path}">To the first page' in second
    assert browser.text(f"{path}?from=999").count("weapon 0") == 100


def test_hits_beyond_the_page_are_said_to_be_in_the_file(reading: Reading) -> None:
    """A hundred watches that fired stand on the page; of the others it says how many there are, and the file has all."""
    book = Book(reading.desk.office.home.matching, key=reading.desk.office.database_key)
    name = reading.names()[0]
    fired = [WatchFired(q=bytes(32), slot=Slot(index=index, name=name, c="T0")) for index in range(103)]
    book.put_notices(fired, now=reading.desk.walk.clock(), cursor=1)
    book.close()
    browser = reading.browser(Role.ANALYST, name="Ana")

    assert browser.text("/hits").count("<li>") >= 100
    assert "and 3 more, in the file" in browser.text("/hits")
    assert len(browser.get("/hits/list.json").get_json()) == 103


def test_a_hit_that_is_not_readable_yet_leads_on(reading: Reading, browser: Browser) -> None:
    """A record that the replica does not hold yet is said to come with the log, and the log can be read from there."""
    path = one(browser).location
    rows = inquiries(reading)
    assert rows.decide(rows.get(1))
    rows.begin(1)
    missing = {"record": "xar-arms/" + "A" * 22, "class": "T0", "certainty": "hit", "index": 5}
    shown = {**missing, "record": str(reading.names()[0])}
    told = {"question": "", "what": "small arm", "more": False, "note": ""}
    rows.tell(1, [{**told, "found": [missing]}], left=1)
    page = browser.text(path)
    rows.tell(1, [{**told, "found": [shown]}], left=1)

    assert "Not readable here yet?" in page
    assert 'action="/sync"' in page
    assert f'name="back" value="{path}"' in page
    assert "Not readable here yet?" not in browser.text(path)
