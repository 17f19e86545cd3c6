"""The inbox and the form that asks: what waits on either side, and requests that go out once."""

import json
import re
from http import HTTPStatus

import pytest

from clients.desk import ticks
from clients.desk.people.person import Role
from clients.talk.threads import spelled, talk_of
from ledger.identifiers import StatementName, statement_name
from ledger.labels import Level
from ledger.messages import Inner
from ledger.talk.answers import Acknowledgement
from ledger.talk.bodies import kind_of
from ledger.talk.parts import Arrived
from tests.support.commands import command
from tests.support.desks import mandate
from tests.support.desktalks import (
    ASKER,
    CASE_NUMBER,
    FIRST,
    OWNER,
    SERIAL,
    Pair,
    hidden,
    press,
    request_case,
    unsent,
)

HOUR = 3_600
WEAPON = {"make": "Taurus", "type": "pistol", "serial": "TJS 84213", "calibre": "9 mm", "country": "BRA"}
TRACE = {"kind": "trace", "to": OWNER, "use": "an inquiry", **WEAPON}
FORM = "/inbox/request"


def test_both_sides_see_the_same_clocks(pair: Pair) -> None:
    """What is owed, by whom, and that it is overdue: the same rows on both desks."""
    pair.walk.clock.advance(25 * HOUR)
    owed = []
    for desk, name in ((pair.owner, FIRST), (pair.asker, "Oto")):
        browser = desk.browser(name)
        rows = json.loads(browser.get("/inbox/list.json").get_data())
        owed.append([(row["task"], row["who"], row["overdue"]) for row in rows])
        assert "overdue since" in browser.text("/inbox")
        assert "overdue since" in browser.text("/inbox?overdue=1")
        assert "overdue since" in browser.text("/")

    assert owed[0] == owed[1] == [("acknowledge", OWNER, "yes"), ("decide", OWNER, "yes")]


def test_the_first_page_leads_to_the_conversation(pair: Pair) -> None:
    """What is due there is a link; the page that opens says who said what, when, and whose the times are."""
    browser = pair.owner.browser(FIRST)
    (row, *_) = json.loads(browser.get("/inbox/list.json").get_data())
    text = browser.text(f"/inbox/{row['thread']}")

    assert f'href="/inbox/{row["thread"]}"' in browser.text("/")
    assert "an inquiry into a shooting" in text
    assert "no witness vouches for all of them" in text
    assert "not confirmed" in pair.asker.browser("Oto").text(f"/inbox/{row['thread']}")
    ticks.sync(pair.asker.office)
    assert "confirmed by receipt" in pair.asker.browser("Oto").text(f"/inbox/{row['thread']}")


def test_single_fields_are_asked_for_by_their_words(pair: Pair) -> None:
    """The form offers the fields of what is withheld; two that are ticked are asked for, and no whole portion."""
    browser = pair.asker.browser("Oto")
    form = browser.text(f"/inbox/request?record={pair.record}")
    said = {"portion": [], "fields": ["case.offence", "case.circumstances"]}

    asked = request_case(pair, browser, **said)

    assert 'name="fields" value="case.offence"> Offence' in form
    text = pair.owner.browser(FIRST).text(f"/inbox/messages/{asked}")
    assert "Offence" in text
    assert "Circumstances" in text


def test_conversations_are_shown_a_hundred_at_a_time(pair: Pair) -> None:
    """The newest first, and each on one page; what is overdue is found on whichever page it would stand."""
    asked = pair.last(pair.owner, "disclosure_request")
    with pair.owner.office.replica() as replica:
        replica.talk.add_messages([_alone(1_000 + number) for number in range(150)])
        ident = spelled(talk_of(replica, statement_name(asked)).id)
    pair.walk.clock.advance(25 * HOUR)
    browser = pair.owner.browser(FIRST)
    first = browser.text("/inbox")
    (following,) = re.findall(r'href="(/inbox\?before=\d+)"', first)
    second = browser.text(following)
    found = [set(re.findall(r'href="/inbox/([\w-]{22})"', text)) for text in (first, second)]

    assert [len(one) for one in found] == [100, 51]
    assert not found[0] & found[1]
    assert ident in found[1]
    assert ident in browser.text("/inbox?overdue=1")
    assert "before=" not in browser.text("/inbox?overdue=1") + second
    assert "No conversation yet" not in browser.text("/inbox?before=1")


def test_messages_go_out_as_json_and_csv_without_formulas(pair: Pair) -> None:
    """The same messages as on the page, each cell text."""
    browser = pair.owner.browser(FIRST)
    (row, *_) = json.loads(browser.get("/inbox/list.json").get_data())
    said = json.loads(browser.get(f"/inbox/{row['thread']}/messages.json").get_data())
    table = browser.get(f"/inbox/{row['thread']}/messages.csv")

    assert said[0]["kind"] == "disclosure_request"
    assert said[0]["export_for"] == f"{FIRST}, {OWNER}"
    assert said[0]["export_marking"].startswith("RESTRICTED")
    assert table.headers["Content-Disposition"].startswith("attachment")
    assert "disclosure_request" in table.get_data(as_text=True)
    assert browser.get("/inbox/list.csv").status_code == HTTPStatus.OK


def test_a_weapon_that_was_typed_is_asked_about(pair: Pair) -> None:
    """A trace request goes out at the full minute, and stands on the other side with all that was declared."""
    oto = pair.asker.browser("Oto")
    answer = press(oto, FORM, FORM, **TRACE, reply_by="2031-12-31", onward=["COURT", "PUBLIC"], reference="K 17")
    assert answer.status_code == HTTPStatus.SEE_OTHER, answer.get_data(as_text=True)
    assert unsent(pair.asker) == ["trace_request"]
    assert "asks to trace a weapon" in oto.text("/inbox")
    pair.pass_on()
    text = pair.owner.browser(FIRST).text(f"/inbox/messages/{pair.last(pair.owner, 'trace_request')}")

    for word in ("TJS 84213", "2031-12-31", "a court, the public", "K 17", "an inquiry"):
        assert word in text


def test_a_double_click_on_ask_asks_once(pair: Pair) -> None:
    """One form, one thread."""
    oto = pair.asker.browser("Oto")
    fields = {**hidden(oto.text(FORM), FORM), **TRACE}
    first, second = (oto.send(FORM, fields) for _ in range(2))

    assert (first.status_code, second.status_code) == (HTTPStatus.SEE_OTHER, HTTPStatus.CONFLICT)
    assert unsent(pair.asker) == ["trace_request"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": []},
        {"use": ""},
        {"serial": ""},
        {"country": "Nowhere"},
        {"reply_by": "soon"},
        {"onward": "EVERYBODY"},
        {"kind": "disclosure"},
        {"use": "x" * 5_000},
    ],
    ids=str,
)
def test_a_request_that_cannot_be_taken_keeps_what_was_typed(pair: Pair, wrong: dict[str, object]) -> None:
    """What is wrong is said above the form, nothing is written, and the same form is then taken."""
    oto = pair.asker.browser("Oto")
    fields = {**hidden(oto.text(FORM), FORM), **TRACE}
    refused = oto.send(FORM, {**fields, **wrong})
    text = refused.get_data(as_text=True)

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "This cannot be taken as it is" in text
    assert 'value="Taurus"' in text
    assert unsent(pair.asker) == []
    assert oto.send(FORM, fields).status_code == HTTPStatus.SEE_OTHER


def test_a_request_to_a_stranger_is_not_written(pair: Pair) -> None:
    """Only members of the charter in force are asked."""
    oto = pair.asker.browser("Oto")
    answer = press(oto, FORM, FORM, **{**TRACE, "to": "xzz-none"})

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert unsent(pair.asker) == []


def test_a_purpose_that_is_not_ones_own_is_not_declared(pair: Pair) -> None:
    """A form made by hand does not lend anybody a purpose."""
    oto = pair.asker.browser("Oto")

    assert press(oto, FORM, FORM, **TRACE, purpose="SANCTIONS").status_code == HTTPStatus.FORBIDDEN
    assert unsent(pair.asker) == []


def test_the_form_begins_at_a_record(pair: Pair) -> None:
    """Its withheld portions are offered to be asked for, its weapon to be traced; nothing withheld is on the page."""
    oto = pair.asker.browser("Oto")
    page = f"{FORM}?record={pair.record}"
    text = oto.text(page)
    answer = press(oto, page, FORM, kind="trace", to=OWNER, use="an inquiry")

    assert 'name="portion" value="case"' in text
    assert CASE_NUMBER not in text
    assert SERIAL not in text
    assert answer.status_code == HTTPStatus.SEE_OTHER, answer.get_data(as_text=True)
    assert unsent(pair.asker) == ["trace_request"]


def test_a_request_of_a_record_is_read_at_the_level_of_its_item(pair: Pair) -> None:
    """The weapon goes along as its record shows it; at either desk nobody below the record's level reads it."""
    oto = pair.asker.browser("Oto")
    press(oto, f"{FORM}?record={pair.record}", FORM, kind="trace", to=OWNER, use="an inquiry")
    pair.pass_on()
    name = pair.last(pair.owner, "trace_request")
    low = pair.owner.browser(pair.owner.add("Low", mandate(Role.ANALYST, clearance=Level.UNCLASSIFIED)))

    assert SERIAL in pair.owner.browser(FIRST).text(f"/inbox/messages/{name}")
    assert SERIAL not in low.text(f"/inbox/messages/{name}")


def test_a_newcomer_asks_for_closed_epochs(pair: Pair) -> None:
    """The history is asked for; at the other side no epoch is closed yet, and that is said."""
    oto = pair.asker.browser("Oto")
    assert press(oto, FORM, FORM, kind="history", to=OWNER, use="we joined late").status_code == HTTPStatus.SEE_OTHER
    pair.pass_on()
    first = pair.owner.browser(FIRST)
    name = pair.last(pair.owner, "disclosure_request")
    page = f"/inbox/release/for/{name}"
    answer = press(first, page, "/inbox/release/look", epochs="all")

    assert "Closed epochs" in first.text(page)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "no closed epoch" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "path", ["/inbox/..", "/inbox/AAAAAAAAAAAAAAAAAAAAAA", "/inbox/messages/xar-arms/x", "/inbox/%00"]
)
def test_what_is_not_there_is_said_plainly(pair: Pair, path: str) -> None:
    """A thread or message that is none is no failure of the program."""
    answer = pair.owner.browser(FIRST).get(path)

    assert HTTPStatus.BAD_REQUEST <= answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR


def test_a_question_is_asked_back_and_answered_by_an_analyst(pair: Pair) -> None:
    """A releasing officer asks back, the asker's analyst answers; each answer is offered where it fits, and once."""
    request = pair.last(pair.owner, "disclosure_request")
    first, oto = pair.owner.browser(FIRST), pair.asker.browser("Oto")
    page = f"/inbox/messages/{request}"
    assert press(first, page, f"{page}/decide", say="ask", asks="which box?").status_code == HTTPStatus.SEE_OTHER
    assert "Ask back" not in first.text(page)
    pair.pass_on()
    question = f"/inbox/messages/{pair.last(pair.asker, 'more_information')}"
    assert "which box?" in oto.text(question)
    assert press(oto, question, f"{question}/tell", say="tell", answers="the green one").status_code == 303
    pair.pass_on()

    thread = command(pair.walk, "inbox", "--json", home=ASKER).json["threads"][0]["thread"]
    assert "the green one" in first.text(f"/inbox/{thread}")


def test_a_trace_is_answered_referred_and_its_end_told(pair: Pair) -> None:
    """Outcome, custodian and date go one way, and the asker's own word on how it ended the other."""
    oto, first = pair.asker.browser("Oto"), pair.owner.browser(FIRST)
    press(oto, FORM, FORM, **TRACE)
    pair.pass_on()
    page = f"/inbox/messages/{pair.last(pair.owner, 'trace_request')}"
    none = press(first, page, f"{page}/decide", say="respond", outcome="9")
    said = {"say": "respond", "outcome": "3", "custodian": "depot 2", "date": "2019"}
    assert none.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert press(first, page, f"{page}/decide", **said).status_code == HTTPStatus.SEE_OTHER
    pair.pass_on()
    ended = press(oto, page, f"{page}/tell", say="report", outcome="5")
    pair.pass_on()
    thread = f"/inbox/{json.loads(first.get('/inbox/list.json').get_data())[0]['thread']}"

    assert ended.status_code == HTTPStatus.SEE_OTHER, ended.get_data(as_text=True)
    for word in ("last lawful holder", "depot 2", "where it became illicit"):
        assert word in first.text(thread)


def test_a_request_is_referred_to_another_state(pair: Pair) -> None:
    """The referral names the State and whom to ask there."""
    press(pair.asker.browser("Oto"), FORM, FORM, **TRACE)
    pair.pass_on()
    page = f"/inbox/messages/{pair.last(pair.owner, 'trace_request')}"
    first = pair.owner.browser(FIRST)
    answer = press(first, page, f"{page}/decide", say="refer", refer="XDU", contact="duty desk")

    assert answer.status_code == HTTPStatus.SEE_OTHER, answer.get_data(as_text=True)
    assert unsent(pair.owner)[-1] == "referral"


def test_a_form_that_says_nothing_is_refused(pair: Pair) -> None:
    """An answer that no form of ours offers is not guessed at."""
    page = f"/inbox/messages/{pair.last(pair.owner, 'disclosure_request')}"
    for say in ("", "tell", "report", "release"):
        answer = press(pair.owner.browser(FIRST), page, f"{page}/decide", say=say)
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def _alone(index: int) -> Arrived:
    """Return a message that answers nothing, in a thread of its own."""
    named, body = StatementName(ASKER, index.to_bytes(16, "big")), Acknowledgement()
    inner = Inner(kind=kind_of(body), to=OWNER, thread=named.jti, re=None, part=1, parts=1, body=body.to_json())
    return Arrived(index=index, name=named, inner=inner)
