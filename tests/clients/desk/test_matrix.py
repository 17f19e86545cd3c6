"""Every route of the desk by every role by every clearance by two agencies: nothing opens that no rule opens.

The routes are those of the app itself, so that a page which somebody adds is in this matrix without being named here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

import pytest
from werkzeug.routing import Rule as Route
from werkzeug.test import TestResponse

from clients.desk.people.mandates import Mandate
from clients.desk.people.person import Person, Role
from clients.desk.people.sessions import FRESH_SECONDS
from clients.desk.rules import RULES, Rule
from clients.views import view_record
from ledger.identifiers import StatementName
from ledger.labels import Compartment, Level, Purpose
from tests.support.charterlife import sync
from tests.support.desks import Browser, Desk
from tests.support.lists import MAP, submit_rows
from tests.support.loopback import Walk

OWNER, PARTNER = "xar-arms", "xbe-cib"
ITEM, CASE = "CANARYITEM7731", "CANARYCASE9942"
CLEARANCES = (None, *Level)
WITH_CASE = MAP + '"item.description" = { column = "description" }\n"case.case_number" = { column = "case" }\n'

_ARGUMENT = re.compile(r"<(?:\w+(?:\((?P<choices>[^)]*)\))?:)?(?P<name>\w+)>")

# By the default profile: an item is RESTRICTED to the members, a case SECRET to its originator alone.
SHOWN_AT = {(OWNER, ITEM): Level.RESTRICTED, (OWNER, CASE): Level.SECRET, (PARTNER, ITEM): Level.RESTRICTED}


@dataclass
class Agency:
    """One agency's desk over a replica that holds a record with canaries, and people of every kind."""

    desk: Desk
    record: StatementName
    people: dict[object, Person] = field(default_factory=dict)

    def person(self, *roles: Role, clearance: Level | None = None) -> Person:
        """Return somebody with these roles and this clearance, and otherwise with everything."""
        key = (roles, clearance)
        if key not in self.people:
            mandate = Mandate(
                roles=frozenset(roles),
                clearance=clearance,
                compartments=frozenset(Compartment),
                purposes=frozenset({Purpose.TRACE}),
            )
            self.people[key] = self.desk.add(f"Person {len(self.people) + 1}", mandate)
        return self.people[key]

    def browser(self, *roles: Role, clearance: Level | None = None) -> Browser:
        """Return a browser where somebody of that kind has just signed in."""
        return self.desk.browser(self.person(*roles, clearance=clearance))

    def routes(self) -> list[Route]:
        """Return every route but that of the files."""
        return [route for route in self.desk.app.url_map.iter_rules() if route.endpoint != "static"]

    def path(self, route: Route) -> str:
        """Return a path of a route: the record that there is, the first of whatever is counted or chosen from."""
        known = {"iss": self.record.iss, "jti": str(self.record).partition("/")[2]}
        return _ARGUMENT.sub(
            lambda found: known.get(found["name"]) or (found["choices"] or "1").split(",")[0], route.rule
        )


@pytest.fixture(scope="module")
def logged(founded: Walk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Give a consortium in which one agency has logged a record with canaries and another has read what it may."""
    walk = founded.copy_to(tmp_path_factory.mktemp("matrix") / "walk")
    rows = [{"make": "Colt", "serial": "12345", "description": ITEM, "case": CASE}]
    assert submit_rows(walk.session(OWNER), rows, text=WITH_CASE).records == 1
    for agency in (OWNER, PARTNER):
        sync(walk, agency)
    yield walk
    walk.close()


@pytest.fixture(scope="module", params=[OWNER, PARTNER])
def agency(request: pytest.FixtureRequest, logged: Walk) -> Iterator[Agency]:
    """Give each agency's desk in turn."""
    desk = Desk(logged, request.param)
    with desk.office.replica() as replica:
        (stored,) = replica.records()
    yield Agency(desk, stored.name)
    desk.close()


def rule_of(route: Route) -> Rule:
    """Return the rule of a route, which there must be."""
    return RULES[route.endpoint]


def is_reading(route: Route) -> bool:
    """Say whether a route is a page."""
    return "GET" in (route.methods or ())


def is_success(answer: TestResponse) -> bool:
    """Say whether an answer is one of the 200s."""
    return HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES


def test_every_route_has_a_rule(agency: Agency) -> None:
    """A route that nobody wrote a rule for fails here."""
    assert {route.endpoint for route in agency.routes()} <= set(RULES)


def test_a_stranger_opens_only_what_is_public(agency: Agency) -> None:
    """Who is not signed in is sent to the sign-in from every page and every form that is not part of it."""
    browser = agency.desk.browser()
    for route in agency.routes():
        if rule_of(route).public:
            continue
        path = agency.path(route)
        answer = browser.get(path) if is_reading(route) else browser.send(path, {})
        assert (answer.status_code, answer.location) == (HTTPStatus.SEE_OTHER, "/signin"), path


@pytest.mark.parametrize("role", Role)
def test_a_role_without_a_rule_for_it_opens_nothing(agency: Agency, role: Role) -> None:
    """Each route refuses each role that its rule does not name, with every clearance, also with a good form's token."""
    for clearance in CLEARANCES:
        browser = agency.browser(role, clearance=clearance)
        token = browser.token("/me")
        for route in agency.routes():
            rule = rule_of(route)
            if rule.public or role in rule.roles:
                continue
            path = agency.path(route)
            answer = browser.get(path) if is_reading(route) else browser.send(path, {"token": token})
            assert answer.status_code == HTTPStatus.FORBIDDEN, (path, role)


def test_every_role_that_a_rule_names_is_let_in(agency: Agency) -> None:
    """A page is no failure and no refusal for any role that its rule names, with no clearance and with the highest."""
    for role in Role:
        for clearance in (None, Level.SECRET):
            browser = agency.browser(role, clearance=clearance)
            for route in filter(is_reading, agency.routes()):
                if rule_of(route).public or role not in rule_of(route).roles:
                    continue
                answer = browser.get(agency.path(route))
                assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, (route.rule, role)
                assert "This page is not for your role" not in answer.get_data(as_text=True), (route.rule, role)


def test_no_form_is_taken_without_its_token(agency: Agency) -> None:
    """Whoever may send a form must send it from its page: without the page's token each one is refused, the ways in too."""
    inside, outside = agency.browser(*Role, clearance=Level.SECRET), agency.desk.browser()
    for route in agency.routes():
        if is_reading(route):
            continue
        for browser in (inside, outside) if rule_of(route).public else (inside,):
            for fields in ({}, {"token": ""}, {"token": "A" * 43}):
                answer = browser.send(agency.path(route), fields)
                assert answer.status_code == HTTPStatus.FORBIDDEN, route.rule


def test_no_form_is_taken_from_another_site(agency: Agency) -> None:
    """A good token does not help a form that another site's page sent."""
    browser = agency.browser(*Role, clearance=Level.SECRET)
    token = browser.token("/me")
    for route in agency.routes():
        if is_reading(route):
            continue
        for headers in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
            answer = browser.send(agency.path(route), {"token": token}, **headers)
            assert answer.status_code == HTTPStatus.FORBIDDEN, route.rule


def test_methods_that_no_route_has_do_nothing(agency: Agency) -> None:
    """No route answers a method that it does not name with success, whoever asks."""
    browser = agency.browser(*Role, clearance=Level.SECRET)
    for route in agency.routes():
        for method in ("OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"):
            answer = browser.client.open(
                agency.path(route),
                method=method,
                base_url=agency.desk.place.origin,
                headers={"Sec-Fetch-Site": "same-origin", "Origin": agency.desk.place.origin},
            )
            assert not is_success(answer), (route.rule, method)


def test_what_wants_a_fresh_proof_gets_none_that_is_old(agency: Agency) -> None:
    """Five minutes after the sign-in each route that wants a fresh proof asks for one, or refuses the form."""
    browser = agency.browser(*Role, clearance=Level.SECRET)
    token = browser.token("/me")
    agency.desk.walk.clock.advance(FRESH_SECONDS)
    fresh = [route for route in agency.routes() if rule_of(route).fresh]
    for route in fresh:
        path = agency.path(route)
        if is_reading(route):
            assert browser.get(path).location == f"/confirm?next={path}", path
        else:
            assert browser.send(path, {"token": token}).status_code == HTTPStatus.FORBIDDEN, path

    assert fresh


@pytest.mark.parametrize("clearance", CLEARANCES)
def test_no_canary_above_a_clearance_on_any_page(agency: Agency, clearance: Level | None) -> None:
    """What a person is not cleared for is on no page, in no export and in no answer, whatever they ask for."""
    browser = agency.browser(*Role, clearance=clearance)
    hidden = [canary for canary in (ITEM, CASE) if not _may_see(agency.desk.agency, canary, clearance)]
    for route in filter(is_reading, agency.routes()):
        for query in ("", f"?q={ITEM}", f"?q={CASE}"):
            text = browser.get(agency.path(route) + query).get_data(as_text=True)
            for canary in hidden:
                assert canary not in text.replace(f"q={canary}", "").replace(f'value="{canary}"', ""), route.rule


@pytest.mark.parametrize("clearance", CLEARANCES)
def test_the_canaries_are_there(agency: Agency, clearance: Level | None) -> None:
    """The search above is not for nothing: the decision shows each canary from its level on, and not below."""
    office = agency.desk.office
    with office.replica() as replica:
        (stored,) = replica.records()
    shown = view_record(stored, office.viewer(agency.person(*Role, clearance=clearance), Purpose.TRACE))
    values = repr(dict(shown.fields))

    for canary in (ITEM, CASE):
        assert (canary in values) == _may_see(agency.desk.agency, canary, clearance)


def _may_see(agency: str, canary: str, clearance: Level | None) -> bool:
    level = SHOWN_AT.get((agency, canary))
    return level is not None and clearance is not None and clearance >= level
