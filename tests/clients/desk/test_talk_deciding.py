"""Deciding, releasing and agreeing at the desk: by whom, once, and only what was seen."""

import io
import json
import threading
from http import HTTPStatus

import pytest
from werkzeug.test import TestResponse

from clients.desk import ticks
from clients.desk.people.person import Role
from clients.desk.proposals import Proposals
from clients.desk.talking import outbox_of
from clients.desk.use.intents import NOT_DONE
from clients.officers import enrolled
from clients.superseding import Correction
from ledger.identifiers import StatementName, statement_name
from ledger.officers import LIFE_SECONDS
from tests.support.commands import command
from tests.support.desks import Browser, mandate
from tests.support.desktalks import (
    ASKER,
    CASE_NUMBER,
    FIRST,
    OWNER,
    SCRIPT,
    SECOND,
    SERIAL,
    Pair,
    hidden,
    look,
    officer,
    press,
    unsent,
)
from tests.support.loopback import PHRASE

PASSPHRASE = PHRASE.decode()


@pytest.fixture
def request_name(pair: Pair) -> str:
    """Give the name of the request."""
    return pair.last(pair.owner, "disclosure_request")


def propose(pair: Pair, request: str, name: str = FIRST, **fields: object) -> str:
    """Let an officer propose to release the case as RESTRICTED; return the proposal's page."""
    browser = pair.owner.browser(name)
    shown = look(browser, request, **fields)
    action = "/inbox/release/propose"
    answer = browser.send(action, {**hidden(shown, action), "passphrase": PASSPHRASE})
    assert answer.status_code == HTTPStatus.SEE_OTHER, answer.get_data(as_text=True)
    return str(answer.location)


def test_the_first_page_leads_a_second_officer_to_what_waits_for_them(pair: Pair, request_name: str) -> None:
    """A proposal stands there with its clock for whoever may release, and for nobody else."""
    path = propose(pair, request_name)
    page = pair.owner.browser(SECOND).text("/")
    analyst = pair.owner.browser(pair.owner.add("Ole", mandate(Role.ANALYST)))

    assert "Waits for a second officer" in page
    assert f'href="{path}"' in page
    assert "left</span>" in page
    assert path not in analyst.text("/")


def refuse(browser: Browser, request: str) -> TestResponse:
    """Refuse a request."""
    fields = {"say": "refuse", "how": "REFUSE", "ground": "LAW", "reason": "article 5"}
    return press(browser, f"/inbox/messages/{request}", f"/inbox/messages/{request}/decide", **fields)


def test_an_analyst_asks_and_does_not_decide(pair: Pair, request_name: str) -> None:
    """Who may ask sees the request and its clocks, is offered no decision, and none is taken from them."""
    oto = pair.owner.browser(pair.owner.add("Ole", mandate(Role.ANALYST)))
    page = oto.text(f"/inbox/messages/{request_name}")
    sent = oto.send(f"/inbox/messages/{request_name}/decide", {"token": oto.token("/inbox"), "say": "acknowledge"})
    told = oto.send(
        f"/inbox/messages/{request_name}/tell",
        {"token": oto.token("/inbox"), "say": "report", "outcome": "1", "once": "A" * 22},
    )

    assert "There is nothing that you may say to it now." in page
    assert sent.status_code == HTTPStatus.FORBIDDEN
    assert told.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY}
    assert oto.get(f"/inbox/release/for/{request_name}").status_code == HTTPStatus.FORBIDDEN
    assert oto.get("/inbox/request").status_code == HTTPStatus.OK
    assert unsent(pair.owner) == []


def test_a_submitter_neither_asks_nor_decides(pair: Pair, request_name: str) -> None:
    """Who enters records sees no conversation."""
    browser = pair.owner.browser(pair.owner.add("Sam", mandate(Role.SUBMITTER)))

    for path in ("/inbox", "/inbox/request", f"/inbox/messages/{request_name}", "/inbox/release"):
        assert browser.get(path).status_code == HTTPStatus.FORBIDDEN


def test_an_officer_is_shown_what_was_corrected_before_it_is_released(pair: Pair, request_name: str) -> None:
    """The page names the record that stands, to whoever proposes and to whoever approves."""
    new = StatementName(OWNER, bytes(16))
    sup = statement_name(pair.record).jti
    with pair.owner.office.replica() as replica:
        replica.add(corrections=[Correction(index=1_000_000, name=new, sup=sup)])

    for page in (
        look(pair.owner.browser(FIRST), request_name),
        pair.owner.browser(SECOND).text(propose(pair, request_name)),
    ):
        assert "Its originator has logged a correction of this record:" in page
        assert f'<bdi class="serial">{new}</bdi>' in page


def test_a_proposal_leads_to_its_record_and_its_conversation(pair: Pair, request_name: str) -> None:
    """A second officer can look at what they sign for, and at what became of it, by a link."""
    at = propose(pair, request_name)
    browser = pair.owner.browser(SECOND)
    (row,) = json.loads(browser.get("/inbox/list.json").get_data())[:1]
    waiting = browser.text(at)
    press(browser, at, f"{at}/approve", passphrase=PASSPHRASE)

    assert f'href="/records/{pair.record}"' in waiting
    assert "approved and carried out" in browser.text(at)
    assert all(f'href="/inbox/{row["thread"]}"' in page for page in (waiting, browser.text(at)))


def test_the_same_officer_does_not_approve_what_they_proposed(pair: Pair, request_name: str) -> None:
    """Two names are needed: the proposer's own approval is refused, and nothing is written."""
    at = propose(pair, request_name)
    browser = pair.owner.browser(FIRST)
    page = browser.text(at)
    answer = browser.send(
        f"{at}/approve", {"token": browser.token("/inbox"), "once": "A" * 22, "passphrase": PASSPHRASE}
    )

    assert "Another officer has to approve it" in page
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert unsent(pair.owner) == []


def test_a_double_click_on_approve_has_one_outcome(pair: Pair, request_name: str) -> None:
    """The second click is told that it was done, and nothing is written twice."""
    at = propose(pair, request_name)
    browser = pair.owner.browser(SECOND)
    fields = {**hidden(browser.text(at), f"{at}/approve"), "passphrase": PASSPHRASE}
    first, second = (browser.send(f"{at}/approve", fields) for _ in range(2))

    assert (first.status_code, second.status_code) == (HTTPStatus.SEE_OTHER, HTTPStatus.CONFLICT)
    assert "was sent before, and carried out once" in second.get_data(as_text=True)
    assert unsent(pair.owner) == ["disclosure_decision", "release"]
    assert "approved and carried out by B. Berg" in browser.text(at)


def test_two_officers_who_approve_at_once_have_one_outcome(pair: Pair, request_name: str) -> None:
    """Each from a page of their own: one carries it out, the other is told who did."""
    at = propose(pair, request_name)
    third = pair.owner.browser(officer(pair.owner, "C. Chen"))
    second = pair.owner.browser(SECOND)
    forms = [{**hidden(one.text(at), f"{at}/approve"), "passphrase": PASSPHRASE} for one in (second, third)]
    answers: dict[int, TestResponse] = {}
    clicks = [
        threading.Thread(target=lambda n=n, one=one: answers.update({n: one.send(f"{at}/approve", forms[n])}))
        for n, one in enumerate((second, third))
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join(60)

    assert sorted(one.status_code for one in answers.values()) == [303, 409]
    assert unsent(pair.owner) == ["disclosure_decision", "release"]
    assert "approved and carried out by" in second.text(at)


def test_a_proposal_that_was_refused_or_withdrawn_is_not_approved_from_an_old_page(
    pair: Pair, request_name: str
) -> None:
    """Whoever was there first has decided; the page that was open before changes nothing."""
    at = propose(pair, request_name)
    second = pair.owner.browser(SECOND)
    fields = {**hidden(second.text(at), f"{at}/approve"), "passphrase": PASSPHRASE}
    assert press(pair.owner.browser(FIRST), at, f"{at}/withdraw").status_code == HTTPStatus.SEE_OTHER
    late = second.send(f"{at}/approve", fields)

    assert late.status_code == HTTPStatus.CONFLICT
    assert "withdrawn by A. Abiola" in second.text(at)
    assert unsent(pair.owner) == []
    again = propose(pair, request_name)
    assert press(second, again, f"{again}/refuse").status_code == HTTPStatus.SEE_OTHER
    assert "refused by B. Berg" in second.text(again)


def test_a_wrong_passphrase_signs_nothing_and_may_be_typed_again(pair: Pair, request_name: str) -> None:
    """The form gives its number back: the same page is sent again with the right one."""
    at = propose(pair, request_name)
    browser = pair.owner.browser(SECOND)
    fields = hidden(browser.text(at), f"{at}/approve")
    wrong = browser.send(f"{at}/approve", {**fields, "passphrase": "battery horse staple"})
    right = browser.send(f"{at}/approve", {**fields, "passphrase": PASSPHRASE})

    assert wrong.status_code == HTTPStatus.FORBIDDEN
    assert "battery horse" not in wrong.get_data(as_text=True)
    assert right.status_code == HTTPStatus.SEE_OTHER


def test_a_proposal_that_ran_out_is_not_approved(pair: Pair, request_name: str) -> None:
    """After three days it waits no longer, and an old page does not help."""
    at = propose(pair, request_name)
    second = pair.owner.browser(SECOND)
    fields = {**hidden(second.text(at), f"{at}/approve"), "passphrase": PASSPHRASE}
    pair.walk.clock.advance(LIFE_SECONDS + 1)
    second = pair.owner.browser(SECOND)
    late = second.send(f"{at}/approve", {**fields, "token": second.token("/inbox")})

    assert late.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT}
    assert "It has run out" in second.text(at)
    assert "release to" not in second.text("/inbox")
    assert unsent(pair.owner) == []


def test_a_proposal_travels_as_a_file(pair: Pair, request_name: str) -> None:
    """The signed file is saved and taken over elsewhere; the same file is the same proposal; a changed one is refused."""
    at = propose(pair, request_name)
    browser = pair.owner.browser(SECOND)
    raw = browser.get(f"{at}/file").get_data()
    token = browser.token("/inbox")
    again = browser.send("/inbox/proposals/upload", {"token": token, "file": (io.BytesIO(raw), "p.json")})
    value = json.loads(raw)
    value["signatures"][0]["officer"] = SECOND
    forged = json.dumps(value, separators=(",", ":")).encode()
    for changed in (forged, raw[:-2], b"{}", b"x" * 300_000):
        answer = browser.send("/inbox/proposals/upload", {"token": token, "file": (io.BytesIO(changed), "p.json")})
        assert HTTPStatus.BAD_REQUEST <= answer.status_code < HTTPStatus.GATEWAY_TIMEOUT

    assert again.location == at
    assert len(Proposals(pair.owner.parts.engine, clock=pair.owner.parts.clock).waiting()) == 1


def test_a_page_that_is_stale_after_another_officer_decided_changes_nothing(pair: Pair, request_name: str) -> None:
    """Two officers within one minute: the first has decided, the second is told so, and one answer goes out."""
    first, second = pair.owner.browser(FIRST), pair.owner.browser(SECOND)
    action = f"/inbox/messages/{request_name}/decide"
    old = hidden(second.text(f"/inbox/messages/{request_name}"), action)
    looked = look(second, request_name)
    assert refuse(first, request_name).status_code == HTTPStatus.SEE_OTHER
    late = second.send(action, {**old, "say": "acknowledge"})
    granted = second.send("/inbox/release/grant", hidden(looked, "/inbox/release/grant"))

    assert late.status_code == granted.status_code == HTTPStatus.FORBIDDEN
    assert "decided before" in late.get_data(as_text=True)
    assert unsent(pair.owner) == ["refusal"]


def test_a_double_click_on_a_release_sends_it_once(pair: Pair) -> None:
    """What one officer may release alone goes out once, from one page and from another one that was open beside it."""
    browser = pair.owner.browser(FIRST)
    chosen = {"to": ASKER, "portion": "item", "record": pair.record}
    page = f"/inbox/release/of/{pair.record}"
    shown = press(browser, page, "/inbox/release/look", **chosen).get_data(as_text=True)
    assert "Two officers must agree" not in shown
    fields = {**hidden(shown, "/inbox/release/send"), "sure": "on"}
    first, second = (browser.send("/inbox/release/send", fields) for _ in range(2))

    assert (first.status_code, second.status_code) == (HTTPStatus.SEE_OTHER, HTTPStatus.CONFLICT)
    assert unsent(pair.owner) == ["release"]


def test_an_own_record_leads_to_its_release(pair: Pair) -> None:
    """From its page, for a releasing officer; nobody releases what another agency logged."""
    theirs, ours = pair.asker.browser("Rhea"), pair.owner.browser(FIRST)
    path = f"/inbox/release/of/{pair.record}"

    assert path in ours.text(f"/records/{pair.record}")
    assert path not in theirs.text(f"/records/{pair.record}")
    assert theirs.get(path).status_code == HTTPStatus.FORBIDDEN


def test_who_has_to_prove_who_they_are_comes_back_to_the_request(pair: Pair, request_name: str) -> None:
    """The way back names the request, so nothing has to be found again."""
    browser = pair.owner.browser(FIRST)
    pair.walk.clock.advance(301)

    assert browser.get(f"/inbox/release/for/{request_name}").location.endswith(f"/inbox/release/for/{request_name}")


def test_what_takes_two_officers_is_not_sent_by_one(pair: Pair, request_name: str) -> None:
    """A form made by hand that skips the second officer is refused."""
    browser = pair.owner.browser(FIRST)
    fields = hidden(look(browser, request_name), "/inbox/release/propose")

    assert browser.send("/inbox/release/send", fields).status_code == HTTPStatus.FORBIDDEN
    assert unsent(pair.owner) == []


def test_another_release_than_was_looked_at_is_not_made(pair: Pair, request_name: str) -> None:
    """The form carries the hash of what its page showed: more, or at another level, is refused."""
    browser = pair.owner.browser(FIRST)
    fields = hidden(look(browser, request_name), "/inbox/release/propose")
    for other in ({"portion": ["case", "item"]}, {"level": "UNCLASSIFIED"}, {"h": "A" * 43}):
        answer = browser.send("/inbox/release/propose", {**fields, **other, "passphrase": PASSPHRASE})
        assert answer.status_code >= HTTPStatus.BAD_REQUEST
    assert Proposals(pair.owner.parts.engine, clock=pair.owner.parts.clock).waiting() == ()


def test_script_in_anything_that_was_said_is_text(pair: Pair, request_name: str) -> None:
    """On no page of the conversation does another agency's word become markup."""
    browser = pair.owner.browser(FIRST)
    thread = command(pair.walk, "inbox", "--json", home=OWNER).json["threads"][0]["thread"]
    for path in (f"/inbox/{thread}", f"/inbox/messages/{request_name}", f"/inbox/release/for/{request_name}"):
        text = browser.text(path)
        assert SCRIPT not in text
        assert "&lt;script&gt;alert" in text
        assert 'dir="auto">&lt;script&gt;' in text
    assert SCRIPT not in look(browser, request_name)


def test_who_is_not_cleared_reads_no_words_and_decides_nothing(pair: Pair, request_name: str) -> None:
    """A releasing officer without clearance sees who talks and by when, no word of it, and may not answer unseen."""
    uma = pair.owner.browser("Uma")
    thread = command(pair.walk, "inbox", "--json", home=OWNER).json["threads"][0]["thread"]
    for path in (f"/inbox/{thread}", f"/inbox/{thread}/messages.json", f"/inbox/messages/{request_name}"):
        text = uma.text(path)
        assert "an inquiry into a shooting" not in text
        assert "withheld" in text
    fields = {"token": uma.token("/inbox"), "once": "A" * 22, "say": "acknowledge"}

    assert uma.send(f"/inbox/messages/{request_name}/decide", fields).status_code == HTTPStatus.FORBIDDEN
    assert uma.get(f"/inbox/release/for/{request_name}").status_code == HTTPStatus.FORBIDDEN


def test_who_may_not_read_a_portion_does_not_release_it(pair: Pair, request_name: str) -> None:
    """A releasing officer cleared for less is offered nothing above it, and a form made by hand is refused."""
    low = pair.owner.browser(pair.owner.add("Lea", mandate(Role.RELEASING)))
    page = low.text(f"/inbox/release/for/{request_name}")
    fields = {"token": low.token("/inbox"), "re": request_name, "portion": "case", "level": "RESTRICTED"}
    answer = low.send("/inbox/release/look", fields)

    assert "it is not yours to release" in page
    assert "case.case_number" not in page
    assert answer.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY}
    for canary in (CASE_NUMBER, SERIAL):
        assert canary not in page + answer.get_data(as_text=True)


def test_single_fields_are_released_without_their_label(pair: Pair, request_name: str) -> None:
    """One field of what was asked for, as two officers agreed; the page says what goes, never its value."""
    at = propose(pair, request_name, portion=[], field="case.case_number")
    second = pair.owner.browser(SECOND)
    shown = second.text(at)
    done = press(second, at, f"{at}/approve", passphrase=PASSPHRASE)

    assert "Case number of " in shown
    assert CASE_NUMBER not in shown
    assert "A whole portion shows its label" not in shown
    assert done.status_code == HTTPStatus.SEE_OTHER
    pair.pass_on()
    with pair.asker.office.replica() as replica:
        stored = replica.find(statement_name(pair.record))
        assert stored is not None
        assert [one.fields for one in stored.released] == [{"case.case_number": CASE_NUMBER}]


def test_a_grant_comes_before_its_release(pair: Pair, request_name: str) -> None:
    """One may say yes now and release later; the decision decides the request for both sides."""
    browser = pair.owner.browser(FIRST)
    shown = look(browser, request_name)
    answer = browser.send("/inbox/release/grant", hidden(shown, "/inbox/release/grant"))
    pair.pass_on()

    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert pair.last(pair.asker, "disclosure_decision")
    assert json.loads(pair.asker.browser("Oto").get("/inbox/list.json").get_data())[0]["task"] is None


def test_a_record_is_expunged_by_two_officers(pair: Pair) -> None:
    """One proposes, another approves; then its ciphertexts are gone here and at the partner that syncs."""
    name = pair.record
    first, second = pair.owner.browser(FIRST), pair.owner.browser(SECOND)
    action = "/inbox/release/expunge"
    made = press(first, action, action, record=name, why="law", passphrase=PASSPHRASE)
    assert made.status_code == HTTPStatus.SEE_OTHER, made.get_data(as_text=True)
    assert name in second.text(made.location)
    done = press(second, made.location, f"{made.location}/approve", passphrase=PASSPHRASE)
    ticks.sync(pair.asker.office)

    assert done.status_code == HTTPStatus.SEE_OTHER, done.get_data(as_text=True)
    for desk in (pair.owner, pair.asker):
        with desk.office.replica() as replica:
            found = replica.find(statement_name(name))
            assert found is None or not found.portions


def _noted(pair: Pair) -> list[tuple[str, str]]:
    """Return what the record of use says that was done, but for what was looked at, in order."""
    entries = reversed(pair.owner.parts.use.entries(limit=200))
    return [(one.entry.did, one.entry.of) for one in entries if one.entry.did != "opened"]


def test_what_goes_into_the_outbox_is_noted_when_it_begins_and_when_it_is_done(pair: Pair, request_name: str) -> None:
    """Both before the page answers; an outbox that cannot be written is noted as such, and the form may be sent again."""
    browser = pair.owner.browser(FIRST)
    page = browser.text(f"/inbox/messages/{request_name}")
    action = f"/inbox/messages/{request_name}/decide"
    fields = {**hidden(page, action), "say": "refuse", "how": "REFUSE", "ground": "LAW", "reason": "article 5"}
    with outbox_of(pair.owner.office) as outbox, outbox._engine.begin() as connection:
        connection.exec_driver_sql("CREATE TRIGGER full BEFORE INSERT ON letter BEGIN SELECT RAISE(ABORT, 'full'); END")
    assert browser.send(action, fields).status_code >= HTTPStatus.BAD_REQUEST
    assert _noted(pair)[-2:] == [("begins", f"refused: {request_name}"), (NOT_DONE, f"refused: {request_name}")]
    with outbox_of(pair.owner.office) as outbox, outbox._engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")

    assert browser.send(action, fields).status_code == HTTPStatus.SEE_OTHER
    assert _noted(pair)[-2:] == [("begins", f"refused: {request_name}"), ("refused", request_name)]
    assert unsent(pair.owner) == ["refusal"]


def test_an_approval_is_noted_as_done_once_the_outbox_has_used_it_up(pair: Pair, request_name: str) -> None:
    """By the id of the proposal itself."""
    at = propose(pair, request_name)
    press(pair.owner.browser(SECOND), at, f"{at}/approve", passphrase=PASSPHRASE)
    begun, done = _noted(pair)[-2:]

    assert (begun[0], begun[1].partition(":")[0], done[0]) == ("begins", "approved", "approved")
    assert done[1].startswith("proposal ")


def test_an_officer_draws_their_own_key(pair: Pair) -> None:
    """Under a passphrase that is long enough and typed twice, once; the page then shows the public key."""
    browser = pair.asker.browser("Rhea")
    action = "/inbox/officer"
    short = press(browser, action, action, passphrase="short", again="short")
    other = press(browser, action, action, passphrase=PASSPHRASE, again=PASSPHRASE + "x")
    drawn = press(browser, action, action, passphrase=PASSPHRASE, again=PASSPHRASE)

    assert short.status_code == other.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert drawn.status_code == HTTPStatus.SEE_OTHER
    assert "enrolled as Rhea" in browser.text(action)
    assert set(enrolled(pair.asker.office.home)) == {"Rhea"}


def test_everything_that_was_done_is_in_the_record_of_use(pair: Pair, request_name: str) -> None:
    """Openings, proposals, approvals and refusals, by name; never a word that was said."""
    at = propose(pair, request_name)
    press(pair.owner.browser(SECOND), at, f"{at}/approve", passphrase=PASSPHRASE)
    noted = [(one.entry.who, one.entry.did) for one in pair.owner.parts.use.entries(limit=200)]
    words = " ".join(one.entry.of for one in pair.owner.parts.use.entries(limit=200))

    assert (FIRST, "proposed") in noted
    assert (SECOND, "approved") in noted
    assert (SECOND, "opened") in noted
    assert "inquiry" not in words
    assert CASE_NUMBER not in words
