"""One rule for each page, and what happens where there is none."""

from http import HTTPStatus

import pytest
from flask import Flask

from clients.desk.people.person import Role
from clients.desk.people.sessions import FRESH_SECONDS
from clients.desk.rules import INSIDE, PUBLIC, RULES, Rule
from tests.support.desks import Desk, mandate

PAGES = {"/": INSIDE.roles, "/keys": INSIDE.roles, "/log": RULES["log.log"].roles}


def test_every_page_has_a_rule(kept_desk: Desk) -> None:
    """A page that somebody adds without saying whom it is for fails here, and is refused when it is opened."""
    assert set(kept_desk.app.view_functions) <= set(RULES)


def test_every_rule_is_of_a_page(kept_desk: Desk) -> None:
    """A rule that outlived its page would let in whoever takes its name."""
    assert set(RULES) <= set(kept_desk.app.view_functions)


def test_only_what_strangers_need_is_public() -> None:
    """Files of the desk and the ways in: the list grows in review, or not at all."""
    public = {endpoint for endpoint, rule in RULES.items() if rule.public}

    assert "static" in public
    assert all(endpoint == "static" or endpoint.startswith("signing.") for endpoint in public)


def test_a_page_without_a_rule_is_refused(desk: Desk) -> None:
    """Nothing is open because somebody forgot: not even to who has every role."""
    desk.app.add_url_rule("/new", "new.page", lambda: "open", methods=["GET", "POST"])
    browser = desk.browser(desk.add("Ana"))

    assert browser.get("/new").status_code == HTTPStatus.FORBIDDEN
    assert browser.submit("/new").status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("path", PAGES)
def test_a_role_opens_its_pages_and_no_others(kept_desk: Desk, path: str, role: Role) -> None:
    """Each page for each role: shown where the rule says so, refused in words elsewhere."""
    person = kept_desk.parts.people.accounts.named(role.value) or kept_desk.add(role.value, mandate(role))
    answer = kept_desk.browser(person).get(path)

    assert answer.status_code == (HTTPStatus.OK if role in PAGES[path] else HTTPStatus.FORBIDDEN)
    assert (path in _menu(answer.get_data(as_text=True))) == (role in PAGES[path] and path != "/keys")


def _menu(text: str) -> str:
    return text.partition("<nav")[2].partition("</nav>")[0].replace('href="/"', "") if "<nav" in text else ""


def test_a_stranger_sees_no_page(kept_desk: Desk) -> None:
    """Who is not signed in is sent to the sign-in, by a part of a page that htmx asks for as by a whole one."""
    for path in PAGES:
        whole, part = kept_desk.browser().get(path), kept_desk.browser().get(path, HX_Request="true")

        assert (whole.status_code, part.status_code) == (HTTPStatus.SEE_OTHER, HTTPStatus.UNAUTHORIZED)
        assert whole.location == part.headers["HX-Redirect"]
        assert part.data == b""


@pytest.mark.parametrize("cookie", ["", "x", "é", "A" * 43, "A" * 4_000])
def test_attack_an_invented_cookie(kept_desk: Desk, cookie: str) -> None:
    """Whatever stands in the cookie, the answer is the way to the sign-in and never a failure."""
    browser = kept_desk.browser()
    browser.put_cookie(cookie)

    assert browser.get("/").status_code == HTTPStatus.SEE_OTHER


def test_attack_a_remember_me_cookie_of_the_library(kept_desk: Desk) -> None:
    """flask-login knows cookies that outlive a session; this desk neither makes nor reads them."""
    browser = kept_desk.browser()
    for name in ("remember_token", "session"):
        browser.client.set_cookie(name, "1|0", domain="localhost")

    assert browser.get("/").status_code == HTTPStatus.SEE_OTHER


def test_what_needs_a_fresh_proof_asks_for_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five minutes after the last proof a page asks for another one; a form is refused, and nothing of it is done."""
    monkeypatch.setitem(RULES, "home.purpose", Rule(roles=INSIDE.roles, fresh=True))  # type: ignore[arg-type]  # a dict
    monkeypatch.setitem(RULES, "home.keys", Rule(roles=INSIDE.roles, fresh=True))  # type: ignore[arg-type]  # a dict
    browser = desk.browser(desk.add("Ana"))

    fresh = browser.get("/keys")
    desk.walk.clock.advance(FRESH_SECONDS)
    asked, refused = browser.get("/keys"), browser.submit("/purpose", purpose="CRIM")

    assert fresh.status_code == HTTPStatus.OK
    assert asked.status_code == HTTPStatus.SEE_OTHER
    assert "next=/keys" in asked.location.replace("%2F", "/")
    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert 'CRIM" selected' not in browser.text("/")


def test_public_lets_whoever_asks_in() -> None:
    """A public rule names no roles: the two would contradict each other."""
    assert PUBLIC.roles == frozenset()
    assert all(bool(rule.roles) != rule.public for rule in RULES.values())


def test_the_app_begins_without_any_page_of_its_own(kept_desk: Desk) -> None:
    """Flask adds one endpoint by itself, for files; every other one is ours."""
    assert set(Flask("x").view_functions) == {"static"}
    assert "static" in kept_desk.app.view_functions
