"""People through the desk's pages: coming in, going out, and proving once more who one is."""

import pytest

from clients.desk.i18n import LANGUAGES
from clients.desk.pages.signing import onward
from clients.desk.people import accounts
from clients.desk.people.deeds import ADMITTED, BY_PASSKEY, CONFIRMED, HALTED, SIGNED_IN, SIGNED_OUT
from clients.desk.people.invitations import FIRST_SECONDS
from clients.desk.people.person import Role
from clients.desk.people.sessions import FRESH_SECONDS, IDLE_SECONDS
from crypto.digests import sha256
from tests.support.deskpeople import PASSWORD, code_of
from tests.support.desks import Desk, mandate
from tests.support.loopback import Walk
from tests.support.passkeys import PRESENT, Authenticator
from tests.support.signingin import Visitor, options_of, secret_of, with_password

ADMINISTRATOR = mandate(Role.ADMINISTRATOR, clearance=None)
AUDITOR = mandate(Role.AUDITOR)


def noted(desk: Desk) -> list[tuple[str, str, str]]:
    """Return what the record of use says that people did, the oldest first."""
    return [(one.entry.who, one.entry.did, one.entry.of) for one in reversed(desk.parts.use.entries(limit=100))]


@pytest.fixture
def first(desk: Desk) -> str:
    """Return the token of the first link."""
    made = desk.parts.people.invitations.first()
    assert made is not None
    return made.token


def test_from_the_first_link_to_a_signed_in_administrator(desk: Desk, first: str) -> None:
    """Who opens the first link, gives a name and makes a passkey is inside, and comes in again with that passkey."""
    boss = Visitor(desk)
    welcomed = boss.come_by_passkey(first, name="B. Boss")
    assert (welcomed.status_code, welcomed.headers["Location"]) == (303, "/")
    assert "B. Boss" in boss.browser.text("/")
    boss.browser.submit("/signout")
    assert not boss.is_inside

    assert boss.sign_in().status_code == 303
    assert boss.is_inside


def test_from_a_link_to_a_password_and_back(desk: Desk) -> None:
    """Where no passkey can be used, on the machine itself, a password and an app let somebody in, without a script."""
    made = desk.parts.people.invitations.invite_from_machine("A. Abiola", AUDITOR)
    guest = Visitor(desk)
    assert guest.come_by_password(made.token).status_code == 303
    guest.browser.submit("/signout")
    desk.walk.clock.advance(30)

    assert guest.sign_in_by_password("a. abiola").status_code == 303
    assert guest.is_inside


def test_looking_at_a_link_does_not_use_it_up(desk: Desk, first: str) -> None:
    """A program that looks at links in mail does not spend them."""
    for _ in range(3):
        assert Visitor(desk).browser.get(f"/welcome/{first}").status_code == 200

    assert Visitor(desk).come_by_passkey(first, name="B. Boss").status_code == 303


@pytest.mark.parametrize("end", ["used", "expired", "administrator"])
def test_attack_a_link_that_is_over(desk: Desk, first: str, end: str) -> None:
    """A link that was used, that is an hour old, or that is a first one where somebody administers, opens nothing."""
    open_page = Visitor(desk)
    source = open_page.browser.text(f"/welcome/{first}?name=M")
    if end == "used":
        Visitor(desk).come_by_passkey(first, name="B. Boss")
    if end == "expired":
        desk.walk.clock.advance(FIRST_SECONDS)
    if end == "administrator":
        desk.add("B. Boss", ADMINISTRATOR)
    answer = open_page.key.create(options_of(source))
    sent = open_page.send_from(source, f"/welcome/{first}/passkey", answer=answer, name="M")

    assert sent.status_code == 422
    assert open_page.browser.get(f"/welcome/{first}").status_code == 422
    assert not open_page.is_inside


def test_what_is_wrong_on_a_welcome_page_is_said_there(desk: Desk) -> None:
    """A wrong code shows the form again without the secret; the app has it, and the next code is taken."""
    made = desk.parts.people.invitations.invite_from_machine("A. Abiola", AUDITOR)
    guest = Visitor(desk)
    source = guest.browser.text(f"/welcome/{made.token}")
    secret = secret_of(source)
    fields = {"password": PASSWORD, "again": PASSWORD}
    wrong = guest.send_from(source, f"/welcome/{made.token}/password", code="000000", **fields)
    shown = wrong.get_data(as_text=True)
    guest.secret = secret

    assert wrong.status_code == 403
    assert "the code is not right" in shown
    assert "data:image" not in shown
    assert PASSWORD not in shown
    assert guest.send_from(shown, f"/welcome/{made.token}/password", code=_code(guest), **fields).status_code == 303


def _code(visitor: Visitor) -> str:
    return code_of(visitor.secret, visitor.desk.walk.clock())


def test_attack_a_cookie_saved_before_signing_out(desk: Desk) -> None:
    """Whoever copied the cookie of a session finds it dead after the sign-out."""
    person = desk.add("A. Abiola", AUDITOR)
    mine, thief = desk.browser(person), Visitor(desk)
    cookie = mine.client.get_cookie(desk.place.session_cookie, domain=desk.place.rp_id)
    assert cookie is not None
    thief.browser.put_cookie(cookie.value)
    assert thief.is_inside
    out = mine.submit("/signout")

    assert out.headers["Location"] == "/signin"
    assert mine.client.get_cookie(desk.place.session_cookie, domain=desk.place.rp_id) is None
    assert not thief.is_inside


def test_attack_fixation(desk: Desk) -> None:
    """A session cookie that somebody planted before the sign-in is not the one that is signed in."""
    guest = with_password(desk, desk.add("A. Abiola", AUDITOR))
    planted = "A" * 43
    guest.browser.put_cookie(planted)
    guest.sign_in_by_password("A. Abiola")
    thief = Visitor(desk)
    thief.browser.put_cookie(planted)
    cookie = guest.browser.client.get_cookie(desk.place.session_cookie, domain=desk.place.rp_id)

    assert guest.is_inside
    assert not thief.is_inside
    assert cookie is not None
    assert cookie.value != planted
    assert cookie.http_only
    assert cookie.same_site == "Strict"


def test_attack_the_token_before_a_confirmation(desk: Desk) -> None:
    """A confirmation gives a new token; the one from before is dead."""
    person = desk.add("A. Abiola", AUDITOR)
    guest = with_password(desk, person)
    guest.sign_in_by_password("A. Abiola")
    before = guest.browser.client.get_cookie(desk.place.session_cookie, domain=desk.place.rp_id)
    assert before is not None
    desk.walk.clock.advance(30)
    source = guest.browser.text("/confirm?next=/me")
    answer = guest.send_from(source, "/confirm", password=PASSWORD, code=_code(guest), next="/me")
    thief = Visitor(desk)
    thief.browser.put_cookie(before.value)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/me")
    assert guest.is_inside
    assert not thief.is_inside


def test_attack_names_told_apart_at_the_sign_in(desk: Desk) -> None:
    """The page that refuses is the same for a name that there is and one that there is not, and repeats neither."""
    guest = with_password(desk, desk.add("A. Abiola", AUDITOR))
    pages = set()
    for name in ("A. Abiola", "N. Nobody"):
        answer = guest.sign_in_by_password(name, password="wrong password")
        assert answer.status_code == 403
        source = answer.get_data(as_text=True)
        pages.add(
            source.replace(options_of(source).replace('"', "&#34;"), "").partition("<h1>")[2].partition("<form")[0]
        )
        assert name not in source
        assert "wrong password" not in source

    assert len(pages) == 1


def test_attack_a_sign_in_form_sent_twice(desk: Desk) -> None:
    """A form that was sent and is sent again, by a double click or from the browser's history, signs in nobody new."""
    guest = with_password(desk, desk.add("A. Abiola", AUDITOR))
    source = guest.browser.text("/signin")
    fields = {"name": "A. Abiola", "password": PASSWORD, "code": _code(guest)}
    first_time = guest.send_from(source, "/signin", **fields)
    again = guest.send_from(source, "/signin", **fields)

    assert first_time.status_code == 303
    assert again.status_code == 403


def test_attack_an_answer_replayed_from_another_browser(desk: Desk, first: str) -> None:
    """An answer that was seen on its way is worth nothing in another browser, nor again in the same one."""
    boss = Visitor(desk)
    boss.come_by_passkey(first, name="B. Boss")
    boss.browser.submit("/signout")
    source = boss.browser.text("/signin")
    answer = boss.key.get(options_of(source))
    thief = Visitor(desk)
    stolen = thief.send_from(thief.browser.text("/signin"), "/signin/passkey", answer=answer)
    mine = boss.send_from(source, "/signin/passkey", answer=answer)

    assert stolen.status_code == 403
    assert not thief.is_inside
    assert mine.status_code == 303


def test_attack_a_sign_in_from_another_site(desk: Desk, first: str) -> None:
    """A form of another site, or without the token of our page, signs nobody in and nobody out."""
    boss = Visitor(desk)
    boss.come_by_passkey(first, name="B. Boss")
    token = boss.browser.token("/")
    for headers in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}, {"Origin": None}):
        assert boss.browser.send("/signout", {"token": token}, **headers).status_code == 403
    assert boss.browser.send("/signout", {"token": "x"}).status_code == 403

    assert boss.is_inside


def test_attack_a_key_that_nobody_unlocked(desk: Desk, first: str) -> None:
    """A stolen key without its PIN makes no passkey and signs nobody in, and the page says what to do."""
    boss = Visitor(desk)
    boss.key.flags = PRESENT
    refused = boss.come_by_passkey(first, name="B. Boss")

    assert refused.status_code == 403
    assert "the passkey was not accepted" in refused.get_data(as_text=True)
    assert not boss.is_inside


def test_attack_a_copied_key_is_put_on_record(walk: Walk) -> None:
    """A counter that went back is refused, and the record of use says whose passkey it was."""
    desk = Desk(walk, "xar-arms")
    made = desk.parts.people.invitations.first()
    assert made is not None
    boss = Visitor(desk)
    boss.come_by_passkey(made.token, name="B. Boss")
    boss.browser.submit("/signout")
    boss.sign_in()
    boss.browser.submit("/signout")
    boss.key.credentials[0].count = 0
    assert boss.sign_in().status_code == 403

    assert noted(desk) == [
        ("B. Boss", ADMITTED, BY_PASSKEY),
        ("B. Boss", SIGNED_OUT, "this browser"),
        ("B. Boss", SIGNED_IN, BY_PASSKEY),
        ("B. Boss", SIGNED_OUT, "this browser"),
        ("B. Boss", HALTED, "passkey 1"),
    ]
    desk.close()


def test_passwords_are_switched_off_over_a_network(walk: Walk) -> None:
    """On an https desk no page offers a password, and none is taken, known or new; passkeys are."""
    desk = Desk(walk, "xar-arms", url="https://desk.example")
    person = desk.add("A. Abiola", AUDITOR)
    guest = with_password(desk, person)
    made = desk.parts.people.invitations.invite_from_machine("O. Other", AUDITOR)

    assert 'name="password"' not in guest.browser.text("/signin")
    assert 'name="password"' not in guest.browser.text(f"/welcome/{made.token}")
    assert guest.sign_in_by_password("A. Abiola").status_code == 422
    assert guest.browser.submit(f"/welcome/{made.token}/password", page=f"/welcome/{made.token}").status_code == 422
    assert desk.browser(person).get("/me/password").status_code == 422
    assert desk.browser(person).submit("/me/password").status_code == 422
    assert desk.browser(person).submit("/confirm").status_code == 422
    assert Visitor(desk).come_by_passkey(made.token).status_code == 303
    desk.close()


def test_cookies_of_an_https_desk(walk: Walk) -> None:
    """Over a network both cookies are Secure and __Host-: no other host and no plain connection sets or sees them."""
    desk = Desk(walk, "xar-arms", url="https://desk.example")
    made = desk.parts.people.invitations.first()
    assert made is not None
    boss = Visitor(desk)
    form = boss.browser.get("/signin").headers["Set-Cookie"]
    session = boss.come_by_passkey(made.token, name="B. Boss").headers.getlist("Set-Cookie")[0]
    desk.close()

    for cookie in (form, session):
        assert cookie.startswith("__Host-sealtrace-")
        for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            assert word in cookie
        assert "Domain" not in cookie


def test_a_session_that_was_idle_leads_to_the_sign_in(desk: Desk) -> None:
    """After fifteen minutes of silence the next page is the sign-in."""
    browser = desk.browser(desk.add("A. Abiola", AUDITOR))
    desk.walk.clock.advance(IDLE_SECONDS)

    assert browser.get("/").headers["Location"] == "/signin"


def test_what_lets_others_in_wants_a_fresh_proof(desk: Desk) -> None:
    """Five minutes after the sign-in the pages about people and passkeys ask who one is, and go on there after it."""
    boss = with_password(desk, desk.add("B. Boss", ADMINISTRATOR))
    boss.sign_in_by_password("B. Boss")
    assert boss.browser.get("/people").status_code == 200
    desk.walk.clock.advance(FRESH_SECONDS)
    asked = boss.browser.get("/people")
    stale = boss.browser.submit("/people/new", page="/me", name="M. Mallory", role="analyst", purpose="TRACE")
    source = boss.browser.text(asked.headers["Location"])
    confirmed = boss.send_from(source, "/confirm", password=PASSWORD, code=_code(boss), next="/people")

    assert asked.headers["Location"] == "/confirm?next=/people"
    assert stale.status_code == 403
    assert desk.parts.people.invitations.waiting() == []
    assert confirmed.headers["Location"] == "/people"
    assert boss.browser.get("/people").status_code == 200


def test_attack_confirming_as_somebody_else(desk: Desk) -> None:
    """At somebody's open desk neither another person's passkey nor their password and code confirm anything."""
    victim, mallory = desk.add("A. Abiola", AUDITOR), desk.add("M. Mallory", AUDITOR)
    other = with_password(desk, mallory)
    open_desk = Visitor(desk)
    open_desk.browser.put_cookie(desk.parts.sessions.begin(victim))
    _add_passkey(desk, victim.id, Authenticator(desk.place.origin))
    _add_passkey(desk, mallory.id, open_desk.key)

    assert open_desk.answer("/confirm", "/confirm/passkey").status_code == 403
    assert (
        open_desk.browser.submit(
            "/confirm", page="/confirm", name="M. Mallory", password=PASSWORD, code=_code(other)
        ).status_code
        == 403
    )


def test_confirming_with_a_passkey(walk: Walk) -> None:
    """A passkey of the person who is signed in confirms, and is put on record."""
    desk = Desk(walk, "xar-arms")
    person = desk.add("A. Abiola", AUDITOR)
    mine = Visitor(desk)
    mine.browser.put_cookie(desk.parts.sessions.begin(person))
    _add_passkey(desk, person.id, mine.key)
    answer = mine.answer("/confirm?next=/me/ways", "/confirm/passkey", next="/me/ways")

    assert answer.headers["Location"] == "/me/ways"
    assert noted(desk) == [("A. Abiola", CONFIRMED, BY_PASSKEY)]
    desk.close()


def _add_passkey(desk: Desk, person_id: int, key: Authenticator) -> None:
    passkeys, holder = desk.parts.people.passkeys, sha256(b"a browser")
    handle = desk.parts.people.accounts.handle(person_id)
    made = passkeys.created(key.create(passkeys.to_create(holder=holder, handle=handle, name="x")), holder=holder)
    passkeys.add(person_id, made, label="a key")


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil",
        "javascript:x",
        "",
        "/a\nb",
        "/a\\b",
        "evil",
    ],
)
def test_attack_an_address_to_go_on_at(path: str) -> None:
    """After a confirmation one goes on at this desk, whatever the address in the form says."""
    assert onward(path) == "/"


@pytest.mark.parametrize("path", ["/", "/people", "/records/xar-arms/5tQx"])
def test_a_page_of_the_desk_to_go_on_at(path: str) -> None:
    """A page of this desk is gone on at."""
    assert onward(path) == path


def test_signed_in_people_are_led_past_the_sign_in(desk: Desk) -> None:
    """Who is inside and opens the sign-in is shown the first page."""
    browser = desk.browser(desk.add("A. Abiola", AUDITOR))

    assert browser.get("/signin").headers["Location"] == "/"


def test_a_link_opened_by_somebody_who_is_inside(desk: Desk) -> None:
    """Who uses a link up in a browser where somebody is signed in ends that session, and begins their own."""
    boss = Visitor(desk)
    boss_token = desk.parts.sessions.begin(desk.add("B. Boss", ADMINISTRATOR))
    boss.browser.put_cookie(boss_token)
    made = desk.parts.people.invitations.invite_from_machine("A. Abiola", AUDITOR)

    assert boss.come_by_passkey(made.token).status_code == 303
    assert "A. Abiola" in boss.browser.text("/me")
    assert desk.parts.sessions.find(boss_token) is None


def test_languages_are_those_of_the_desk() -> None:
    """A person may choose each language that the desk speaks, and no other."""
    assert set(accounts.LANGUAGES) == set(LANGUAGES)


def test_a_browser_may_name_the_origin_of_a_form(desk: Desk) -> None:
    """Under `no-referrer` browsers send `Origin: null` with a form (Fetch, 3.2), and every form would be refused."""
    assert desk.browser().get("/signin").headers["Referrer-Policy"] == "same-origin"
