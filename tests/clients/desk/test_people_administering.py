"""The pages about people: what administrators do there, and what they cannot."""

from collections.abc import Callable
from http import HTTPStatus

import pytest
from werkzeug.test import TestResponse

from clients.desk.people.deeds import CHANGED, INVITED
from clients.desk.people.person import Person, Role
from ledger.labels import Compartment, Level, Purpose
from tests.support.deskpeople import PASSWORD, code_of
from tests.support.desks import Browser, Desk, mandate
from tests.support.passkeys import Authenticator
from tests.support.signingin import Visitor, link_of, options_of, secret_of, value_of, with_password

ADMINISTRATOR = mandate(Role.ADMINISTRATOR, clearance=None)
ANALYST = {"role": ["analyst"], "clearance": "CONFIDENTIAL", "compartment": ["CT"], "purpose": ["TRACE"]}


@pytest.fixture
def boss(desk: Desk) -> Browser:
    """Return the browser of the only administrator."""
    return desk.browser(desk.add("B. Boss", ADMINISTRATOR))


@pytest.fixture
def abiola(desk: Desk) -> Person:
    """Return somebody who submits, and reads nothing."""
    return desk.add("A. Abiola", mandate(Role.SUBMITTER, clearance=None))


def test_an_administrator_invites_somebody(desk: Desk, boss: Browser) -> None:
    """The link is shown once, on the page that answers the form; it carries what was chosen, and whoever opens it is that."""
    answer = boss.submit("/people/new", name="A. Abiola", **ANALYST)
    token = link_of(answer.get_data(as_text=True))
    assert token not in boss.text("/people")
    guest = Visitor(desk)
    guest.come_by_passkey(token)
    found = desk.parts.people.accounts.named("A. Abiola")

    assert found is not None
    assert (found.roles, found.clearance) == ({Role.ANALYST}, Level.CONFIDENTIAL)
    assert (found.compartments, found.purposes) == ({Compartment.CT}, {Purpose.TRACE})
    assert guest.is_inside


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": []},
        {"role": ["king"]},
        {"clearance": "TOP SECRET"},
        {"purpose": []},
        {"compartment": ["X"]},
        {"name": ""},
        {"name": "b. boss"},
        {"name": "A\nB"},
    ],
)
def test_an_invitation_that_means_nothing_is_refused(desk: Desk, boss: Browser, wrong: dict[str, object]) -> None:
    """What is wrong is said above the form, and there is no link."""
    answer = boss.submit("/people/new", **{"name": "A. Abiola", **ANALYST, **wrong})

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'id="problems"' in answer.get_data(as_text=True)
    assert desk.parts.people.invitations.waiting() == []


def test_a_stored_script_is_text(desk: Desk, boss: Browser) -> None:
    """A name that is a script is shown as a name, on every page that has it."""
    script = "<script>alert(1)</script>"
    made = boss.submit("/people/new", name=script, **ANALYST).get_data(as_text=True)
    person = desk.add(f"{script}\"'", mandate(Role.ADMINISTRATOR))
    pages = [made, *(boss.text(path) for path in ("/people", f"/people/{person.id}"))]
    pages += [desk.browser(person).text(path) for path in ("/me", "/me/ways", "/me/password", "/confirm")]

    for page in pages:
        assert script not in page
        assert "&lt;script&gt;" in page


def test_changing_what_somebody_may_do(desk: Desk, boss: Browser, abiola: Person) -> None:
    """A change is made once, ends the person's sessions, and a page from before it changes nothing more."""
    theirs = desk.browser(abiola)
    page = boss.text(f"/people/{abiola.id}")
    held = {"held": value_of(page, "held")}
    first = boss.submit(f"/people/{abiola.id}", **ANALYST, **held)
    again = boss.submit(f"/people/{abiola.id}", **{**ANALYST, "clearance": "SECRET"}, **held)

    assert first.headers["Location"] == "/people"
    assert again.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert desk.parts.people.accounts.find(abiola.id).clearance is Level.CONFIDENTIAL
    assert theirs.get("/").headers["Location"] == "/signin"


def test_attack_a_change_without_what_was_shown(desk: Desk, boss: Browser, abiola: Person) -> None:
    """A form that does not say what its page showed changes nothing."""
    assert boss.submit(f"/people/{abiola.id}", **ANALYST).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert desk.parts.people.accounts.find(abiola.id) == abiola


def test_two_administrators_agree_on_pages(desk: Desk, boss: Browser, abiola: Person) -> None:
    """What one proposes is offered to the other alone, and done when that one approves; a second click finds it gone."""
    other = desk.browser(desk.add("D. Deputy", ADMINISTRATOR))
    page = boss.text(f"/people/{abiola.id}")
    held = {"held": value_of(page, "held")}
    boss.submit(f"/people/{abiola.id}", **ANALYST, **held)
    link = link_of(boss.submit("/people/new", name="N. New", **ANALYST).get_data(as_text=True))
    mine, theirs = boss.text("/people"), other.text("/people")
    assert desk.parts.people.accounts.find(abiola.id) == abiola
    assert Visitor(desk).browser.get(f"/welcome/{link}").status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "/approve" not in mine
    for path in ("/people/proposals/1/approve", "/people/links/1/approve"):
        assert path in theirs
        assert boss.submit(path).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert other.submit(path).headers["Location"] == "/people"

    assert other.submit("/people/proposals/1/approve").status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert desk.parts.people.accounts.find(abiola.id).clearance is Level.CONFIDENTIAL
    assert Visitor(desk).come_by_passkey(link).status_code == HTTPStatus.SEE_OTHER


def test_withdrawing(desk: Desk, boss: Browser, abiola: Person) -> None:
    """A proposal and a link can be taken back."""
    desk.add("D. Deputy", ADMINISTRATOR)
    page = boss.text(f"/people/{abiola.id}")
    held = {"held": value_of(page, "held")}
    boss.submit(f"/people/{abiola.id}", **ANALYST, **held)
    boss.submit("/people/new", name="N. New", **ANALYST)
    for path in ("/people/proposals/1/withdraw", "/people/links/1/withdraw"):
        assert boss.submit(path).headers["Location"] == "/people"

    assert desk.parts.people.changes.waiting() == []
    assert desk.parts.people.invitations.waiting() == []


def test_ending_somebody(desk: Desk, boss: Browser, abiola: Person) -> None:
    """Who is ended is out at once, is shown as ended, and a form sent again does nothing."""
    theirs = desk.browser(abiola)
    assert boss.submit(f"/people/{abiola.id}/end").headers["Location"] == "/people"
    assert boss.submit(f"/people/{abiola.id}/end").status_code == HTTPStatus.UNPROCESSABLE_ENTITY

    assert theirs.get("/").headers["Location"] == "/signin"
    assert "Ended." in boss.text(f"/people/{abiola.id}")


def test_ending_the_sessions_of_somebody(desk: Desk, boss: Browser, abiola: Person) -> None:
    """An administrator ends the sessions of somebody whose machine was stolen; the person may sign in again."""
    theirs = desk.browser(abiola)
    boss.submit(f"/people/{abiola.id}/out")

    assert theirs.get("/").headers["Location"] == "/signin"
    assert not desk.parts.people.accounts.find(abiola.id).ended


def test_new_ways_in_for_somebody(desk: Desk, boss: Browser, abiola: Person) -> None:
    """Who lost their key comes in by a new link as the same person."""
    link = link_of(boss.submit(f"/people/{abiola.id}/again").get_data(as_text=True))
    guest = Visitor(desk)
    guest.come_by_passkey(link)

    assert "A. Abiola" in guest.browser.text("/me")
    assert [abiola.id] == [one.id for one in desk.parts.people.accounts.all() if one.name == "A. Abiola"]


@pytest.mark.parametrize("path", ["", "/end", "/again"])
def test_attack_an_administrator_about_themselves(desk: Desk, path: str) -> None:
    """An administrator's own page offers nothing to change, and takes no form that changes them."""
    person = desk.add("B. Boss", ADMINISTRATOR)
    browser = desk.browser(person)
    answer = browser.submit(f"/people/{person.id}{path}", **ANALYST)

    assert 'name="held"' not in browser.text(f"/people/{person.id}")
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert desk.parts.people.accounts.find(person.id) == person


def test_a_number_that_is_nobodys(boss: Browser) -> None:
    """A person, a proposal or a link that there is not is refused with what to do."""
    assert boss.get("/people/99").status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    for path in ("/people/99/end", "/people/99/out", "/people/99/again", "/people/links/9/approve"):
        assert boss.submit(path).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert boss.submit("/people/links/9/steal").status_code == HTTPStatus.NOT_FOUND


def test_what_administrators_do_is_on_record(desk: Desk) -> None:
    """The record of use says who gave what to whom, and holds no link and no token."""
    boss, abiola = desk.browser(desk.add("B. Boss", ADMINISTRATOR)), desk.add("A. Abiola", mandate(Role.SUBMITTER))
    answer = boss.submit("/people/new", name="N. New", **ANALYST)
    page = boss.text(f"/people/{abiola.id}")
    held = {"held": value_of(page, "held")}
    boss.submit(f"/people/{abiola.id}", **ANALYST, **held)
    kept = [one.entry for one in desk.parts.use.entries(limit=9)][::-1]

    assert [(one.who, one.did) for one in kept] == [("B. Boss", INVITED), ("B. Boss", CHANGED)]
    assert "N. New" in kept[0].of
    assert "CONFIDENTIAL" in kept[0].of
    assert link_of(answer.get_data(as_text=True)) not in repr(kept)


def test_what_is_read_waits_for_no_writer(desk: Desk, abiola: Person) -> None:
    """People, links, proposals, imports and how fresh the replica is: while something else holds both write locks."""
    people = desk.parts.people
    with desk.office.replica() as replica, replica._engine.begin(), desk.parts.engine.begin():
        assert people.accounts.all() == [people.accounts.find(abiola.id)]
        assert (people.changes.waiting(), people.invitations.waiting()) == ([], [])
        assert not people.passkeys.of(abiola.id)
        assert desk.office.freshness().size == 0


def _everything(desk: Desk) -> list[list[object]]:
    """Return all that the desk knows of people and links."""
    with desk.parts.engine.begin() as connection:
        tables = ("person", "invitation", "proposal", "session", "passkey", "password", "use_entry")
        return [[tuple(row)[:6] for row in connection.exec_driver_sql(f"SELECT * FROM {one}")] for one in tables]  # noqa: S608 - our own names


def _fill_the_record(desk: Desk) -> None:
    """Let nothing more be written into the record of use, as where a disk is full."""
    with desk.parts.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON use_entry BEGIN SELECT raise(ABORT, 'full'); END"
        )


@pytest.mark.parametrize("path", ["/people/new", "/people/{}", "/people/{}/end", "/people/{}/again", "/people/{}/out"])
def test_attack_an_act_that_is_not_put_on_record(desk: Desk, boss: Browser, abiola: Person, path: str) -> None:
    """Where the record of use cannot be written, nobody is let in, changed, ended or sent away: both, or neither."""
    held = {"held": value_of(boss.text(f"/people/{abiola.id}"), "held")}
    desk.browser(abiola)
    before = _everything(desk)
    _fill_the_record(desk)
    answer = boss.submit(path.format(abiola.id), page="/people", name="N. New", **ANALYST, **held)

    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "welcome" not in answer.get_data(as_text=True)
    assert _everything(desk) == before


def _inside(desk: Desk, person: Person) -> Visitor:
    """Return somebody at a browser, signed in, with a passkey and a password."""
    found = with_password(desk, person)
    found.browser.put_cookie(desk.parts.sessions.begin(person))
    assert found.answer("/me/ways", "/me/ways", label="laptop").status_code == HTTPStatus.SEE_OTHER
    return found


def _set_password(mine: Visitor) -> TestResponse:
    source = mine.browser.text("/me/password")
    code = code_of(secret_of(source), mine.desk.walk.clock())
    return mine.send_from(source, "/me/password", password=PASSWORD, again=PASSWORD, code=code)


def _come_by_link(mine: Visitor) -> TestResponse:
    made = mine.desk.parts.people.invitations.invite_from_machine("N. New", mandate(Role.ANALYST))
    return Visitor(mine.desk).come_by_passkey(made.token)


OWN_ACTS: dict[str, Callable[[Visitor], TestResponse]] = {
    "adding a passkey": lambda mine: mine.answer("/me/ways", "/me/ways", label="key ring"),
    "removing a passkey": lambda mine: mine.browser.submit("/me/ways/1/remove"),
    "a password and an app": _set_password,
    "signing out": lambda mine: mine.browser.submit("/signout"),
    "signing out everywhere": lambda mine: mine.browser.submit("/me/out"),
    "confirming": lambda mine: mine.answer("/confirm", "/confirm/passkey"),
    "signing in": lambda mine: Visitor(mine.desk, secret=mine.secret).sign_in_by_password("A. Abiola"),
    "coming by a link": _come_by_link,
}


@pytest.mark.parametrize("act", OWN_ACTS.values(), ids=OWN_ACTS)
def test_attack_an_act_of_ones_own_that_is_not_put_on_record(
    desk: Desk, abiola: Person, act: Callable[[Visitor], TestResponse]
) -> None:
    """Where the record of use cannot be written, no way in and no session comes or goes: act and note are one outcome."""
    mine = _inside(desk, abiola)
    desk.walk.clock.advance(30)
    _fill_the_record(desk)
    before = _kept(desk)
    answer = act(mine)

    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "Set-Cookie" not in answer.headers
    assert _kept(desk) == before


def _kept(desk: Desk) -> list[object]:
    """Return the ways in and the sessions; a counter that was spent is spent, and a session that was looked at was."""
    with desk.parts.engine.begin() as connection:
        queries = (
            "SELECT id, label FROM passkey",
            "SELECT hash FROM password",
            "SELECT id, created, confirmed FROM session",
        )
        return [
            sorted(map(tuple, connection.exec_driver_sql(query))) for query in (*queries, "SELECT name FROM person")
        ]


def test_ones_own_page(desk: Desk, abiola: Person) -> None:
    """Everybody sees what they are trusted with, and chooses how their pages look."""
    browser = desk.browser(abiola)
    assert browser.submit("/me", language="ar", theme="dark").headers["Location"] == "/me"
    shown = browser.text("/me")

    assert 'dir="rtl"' in shown
    assert 'data-theme="dark"' in shown
    assert browser.submit("/me", language="xx", theme="dark").status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_signing_out_everywhere(desk: Desk, abiola: Person) -> None:
    """One button ends every session of one's own, in every browser."""
    here, there = desk.browser(abiola), desk.browser(abiola)
    assert here.submit("/me/out").headers["Location"] == "/signin"

    assert there.get("/").headers["Location"] == "/signin"
    assert here.get("/").headers["Location"] == "/signin"


def test_adding_and_removing_a_passkey(desk: Desk, abiola: Person) -> None:
    """A passkey is added under a name of one's own and removed again, but not the last one."""
    mine = Visitor(desk)
    mine.browser.put_cookie(desk.parts.sessions.begin(abiola))
    for label in ("laptop", "key ring"):
        assert mine.answer("/me/ways", "/me/ways", label=label).headers["Location"] == "/me/ways"
    first, second = desk.parts.people.passkeys.of(abiola.id)
    assert mine.browser.submit(f"/me/ways/{first.id}/remove").headers["Location"] == "/me/ways"
    last = mine.browser.submit(f"/me/ways/{second.id}/remove")

    assert last.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert [second] == list(desk.parts.people.passkeys.of(abiola.id))
    assert "key ring" in mine.browser.text("/me/ways")


def test_attack_a_passkey_made_for_another_session(desk: Desk, abiola: Person) -> None:
    """What another person's page asked an authenticator adds nothing to whoever sends it."""
    other = desk.browser(desk.add("O. Other", mandate(Role.SUBMITTER)))
    mine = Visitor(desk)
    mine.browser.put_cookie(desk.parts.sessions.begin(abiola))
    asked = options_of(other.text("/me/ways"))
    answer = mine.browser.submit("/me/ways", answer=mine.key.create(asked), label="x")

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert desk.parts.people.passkeys.of(abiola.id) == []


def test_choosing_a_password(desk: Desk, abiola: Person) -> None:
    """A new password with an app ends every session; from then on the two sign in, and the page never shows either again."""
    mine = Visitor(desk)
    mine.browser.put_cookie(desk.parts.sessions.begin(abiola))
    source = mine.browser.text("/me/password")
    mine.secret = secret_of(source)
    fields = {"password": PASSWORD, "again": PASSWORD}
    wrong = mine.send_from(source, "/me/password", code="000000", **fields)
    done = mine.send_from(source, "/me/password", code=code_of(mine.secret, desk.walk.clock()), **fields)
    desk.walk.clock.advance(30)

    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "data:image" not in wrong.get_data(as_text=True)
    assert done.headers["Location"] == "/signin"
    assert not mine.is_inside
    assert mine.sign_in_by_password("A. Abiola").status_code == HTTPStatus.SEE_OTHER


def test_a_halted_passkey_is_shown(desk: Desk, boss: Browser, abiola: Person) -> None:
    """A passkey that was halted is marked on its owner's page and on the administrator's."""
    key, passkeys = Authenticator(desk.place.origin), desk.parts.people.passkeys
    mine = Visitor(desk)
    mine.browser.put_cookie(desk.parts.sessions.begin(abiola))
    mine.key = key
    mine.answer("/me/ways", "/me/ways", label="laptop")
    with desk.parts.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE passkey SET halted = 1")

    assert passkeys.of(abiola.id)[0].halted == 1
    assert "may have been copied" in mine.browser.text("/me/ways")
    assert "may have been copied" in boss.text(f"/people/{abiola.id}")


def test_the_list_for_programs_and_spreadsheets(desk: Desk, boss: Browser) -> None:
    """The list of people comes as JSON and as CSV with what the page shows, and a name is no formula in a spreadsheet."""
    desk.add("=cmd()", mandate(Role.ANALYST))
    found = boss.get("/people.json").get_json()
    lines = boss.get("/people.csv").get_data().decode("utf-8-sig").splitlines()

    assert {name: value for name, value in found[0].items() if not name.startswith("export_")} == {
        "name": "=cmd()",
        "roles": ["analyst"],
        "clearance": "RESTRICTED",
        "compartments": [],
        "purposes": ["CRIM", "TRACE"],
        "ended": False,
    }
    assert lines[0].startswith("name,roles,clearance,compartments,purposes,ended,export_copy")
    assert lines[1].startswith('\'=cmd(),analyst,RESTRICTED,,"CRIM, TRACE",no,')
    assert lines[2].startswith("B. Boss,administrator,,")
