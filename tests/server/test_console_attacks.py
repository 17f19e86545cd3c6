"""Attacks on the console, each by its name."""

import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from werkzeug.test import create_environ, run_wsgi_app

from crypto.encoding import b64u
from crypto.keystore import Cost
from crypto.passwords import hash_password
from server.accounts import IDLE_SECONDS, LIFE_SECONDS, Accounts, Role
from server.backup import copy_database
from server.console.gate import AT_ONCE, MOST_BODY_BYTES, RefusedError
from server.console.signingin import SigningIn
from tests.support.consoles import PASSWORD, WEAK, Console
from tests.support.consortium import NOW
from tests.support.fakes import FixedClock
from tests.support.services import World

NEW = "a rather new password"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a service with three agencies; no test here changes its log."""
    world = World(tmp_path_factory.mktemp("service"))
    world.found()
    yield world
    world.close()


@pytest.fixture
def console(service: World) -> Iterator[Console]:
    """Return a console of its own with fresh accounts and limits."""
    console = Console(service)
    yield console
    console.close()


def test_there_is_no_default_account(service: World) -> None:
    """A fresh service admits nobody: accounts are made on its machine alone."""
    accounts = Accounts(service.config.database)

    assert accounts.all() == []
    accounts.close()


def test_a_cookie_saved_before_sign_out_is_dead(console: Console) -> None:
    """Attack: somebody copies the cookie from a shared machine; after signing out it opens nothing."""
    browser = console.browser("ana")
    saved = browser.cookie()
    assert saved is not None

    signed_out = browser.submit("/logout", page="/")

    thief = console.browser()
    thief.put_cookie(saved)
    assert (signed_out.status_code, signed_out.location) == (303, "/login")
    assert not thief.is_inside
    assert not browser.is_inside


def test_a_cookie_saved_before_a_new_password_is_dead(console: Console) -> None:
    """Changing the password ends every session of the account, but for the one it was changed in."""
    thief, browser = console.browser("ana"), console.browser("ana")
    browser.submit("/password", old=PASSWORD, new=NEW, again=NEW)

    assert browser.is_inside
    assert not thief.is_inside
    assert not _signs_in(console, "ana", PASSWORD)
    assert _signs_in(console, "ana", NEW)


def test_a_cookie_of_a_removed_account_is_dead(console: Console) -> None:
    """An operator who left is out at once, in every browser."""
    browser = console.browser("oto")
    console.accounts.remove("oto")

    assert not browser.is_inside


def test_a_session_ends_when_it_is_idle(console: Console) -> None:
    """A forgotten browser is signed out after a quarter of an hour; one in use is not."""
    browser = console.browser("ana")
    for _ in range(4):
        console.world.clock.advance(IDLE_SECONDS - 60)
        assert browser.is_inside
    console.world.clock.advance(IDLE_SECONDS)

    assert not browser.is_inside


def test_a_session_ends_however_busy_it_is(console: Console) -> None:
    """After a working day the password is asked for again."""
    browser = console.browser("ana")
    for _ in range(LIFE_SECONDS // 600 - 1):
        console.world.clock.advance(600)
        assert browser.is_inside
    console.world.clock.advance(600)

    assert not browser.is_inside


def test_session_fixation(console: Console) -> None:
    """Attack: a cookie planted before the sign-in is not the session afterwards, nor is the browser's older one."""
    planted = b64u(bytes(32))
    browser = console.browser()
    browser.put_cookie(planted)
    browser.sign_in("ana")
    first = browser.cookie()
    again = browser.submit("/login", page="/", name="ana", password=PASSWORD)

    thief = console.browser()
    thief.put_cookie(planted)
    older = console.browser()
    older.put_cookie(first or "")
    assert again.status_code == 303
    assert len({planted, first, browser.cookie()}) == 3
    assert not thief.is_inside
    assert not older.is_inside


@pytest.mark.parametrize("cookie", ["", "x", b64u(bytes(32)), b64u(bytes(31)), b64u(bytes(32)) + "=", "é", "a" * 3_900])
def test_an_invented_cookie_opens_nothing(console: Console, cookie: str) -> None:
    """Whatever stands in the cookie, the answer is the sign-in form and never a failure."""
    browser = console.browser()
    browser.put_cookie(cookie)

    assert browser.get("/").status_code == 303


def test_a_remember_me_cookie_of_the_library_opens_nothing(console: Console) -> None:
    """flask-login knows cookies that outlive a session; this console neither makes nor reads them."""
    browser = console.browser()
    browser.client.set_cookie("remember_token", "ana|0", domain="console.test")
    browser.client.set_cookie("session", "eyJfdXNlcl9pZCI6ImFuYSJ9.x.x", domain="console.test")

    assert browser.get("/").status_code == 303


def test_the_table_of_sessions_signs_nobody_in(console: Console) -> None:
    """Attack: a copy of the database leaks. It holds hashes of tokens and of passwords, nothing to present."""
    browser = console.browser("ana")
    with console.accounts._reader.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT id FROM sessions").all()

    thief = console.browser()
    thief.put_cookie(b64u(row[0]))
    assert not thief.is_inside
    assert browser.cookie() != b64u(row[0])


def test_nobody_stays_signed_in_on_a_copy(console: Console, tmp_path: Path) -> None:
    """A restored backup must not bring yesterday's sessions back."""
    console.browser("ana")

    copy_database(console.world.config.database, tmp_path / "copy.sqlite")

    copy = Accounts(tmp_path / "copy.sqlite")
    with copy._reader.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar() == 0
    assert [account.name for account in copy.all()] == ["ana", "oto"]
    copy.close()


@pytest.mark.parametrize("path", ["/logout", "/password", "/login"])
@pytest.mark.parametrize(
    "origin", ["https://evil.test", "null", "http://console.test", "https://console.test.evil.test", None]
)
def test_cross_site_request_forgery_by_origin(console: Console, path: str, origin: str | None) -> None:
    """Attack: another site lets a signed-in browser send a form of ours; even with the right token it is refused."""
    browser = console.browser("ana")
    token = browser.token("/")

    response = browser.send(path, origin=origin, token=token, old=PASSWORD, new=NEW, again=NEW)

    assert response.status_code == 403
    assert browser.is_inside
    assert _signs_in(console, "ana", PASSWORD)


@pytest.mark.parametrize("token", ["", "x", "é"])
def test_cross_site_request_forgery_without_the_token(console: Console, token: str) -> None:
    """A form without the session's token changes nothing."""
    browser = console.browser("ana")

    assert browser.send("/logout", token=token).status_code == 403
    assert browser.send("/logout").status_code == 403
    assert browser.is_inside


def test_the_token_of_another_session_is_refused(console: Console) -> None:
    """Attack: an auditor uses the token of an own page in a form sent by the operator's browser."""
    operator, auditor = console.browser("ana"), console.browser("oto")

    assert operator.send("/logout", token=auditor.token("/")).status_code == 403
    assert operator.is_inside


def test_login_forgery(console: Console) -> None:
    """Attack: another site signs a person in as the attacker. Form and cookie must be a pair, and from here."""
    browser, attacker = console.browser(), console.browser()
    stolen = attacker.token("/login")
    browser.get("/login")

    assert browser.send("/login", token=stolen, name="oto", password=PASSWORD).status_code == 403
    assert console.browser().send("/login", token="", name="oto", password=PASSWORD).status_code == 403
    assert not browser.is_inside


@pytest.mark.parametrize("path", ["/", "/login", "/console.css", "/logout", "/nowhere"])
@pytest.mark.parametrize("host", ["evil.test", "console.test:8443", "console.test.evil.test", "127.0.0.1", ""])
def test_host_header_games(console: Console, path: str, host: str) -> None:
    """Attack: DNS rebinding, poisoned links. A name that is not the console's gets no page, whatever the path."""
    browser = console.browser("ana")

    response = browser.get(path, Host=host)

    assert response.status_code in {421, 400}
    assert b"ana" not in response.data


@pytest.mark.parametrize("path", ["/", "/login", "/console.css", "/nowhere", "/accounts", "/logout"])
def test_clickjacking_and_its_relatives(console: Console, path: str) -> None:
    """Every answer, refusals included, forbids frames, scripts, sniffing, referrers and storing."""
    for browser in (console.browser(), console.browser("oto")):
        headers = browser.get(path).headers

        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Strict-Transport-Security"].startswith("max-age=")


def test_cookies_are_the_hosts_alone(console: Console) -> None:
    """`__Host-`, Secure, HttpOnly, SameSite=Strict, path /, no Domain, gone with the browser."""
    browser = console.browser()
    page = browser.get("/login")
    answer = browser.submit("/login", name="ana", password=PASSWORD)

    kept = [page.headers.getlist("Set-Cookie")[0]]
    kept += [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("__Host-sealtrace-console")]
    assert len(kept) == 2
    for line in kept:
        parts = line.split("; ")
        assert parts[0].startswith("__Host-")
        assert set(parts[1:]) == {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"}


def test_without_https_cookies_need_no_prefix(service: World) -> None:
    """On a loopback address browsers would refuse `__Host-`; everything else stays."""
    console = Console(service, url="http://127.0.0.1:8470")
    answer = console.browser().submit("/login", name="ana", password=PASSWORD)

    assert "sealtrace-console=" in answer.headers["Set-Cookie"]
    assert "Secure" not in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in answer.headers
    console.close()


def test_enumeration_by_words(console: Console) -> None:
    """Attack: learn which names exist. A wrong password and an unknown name get the same bytes and status."""
    answers = []
    for name in ("ana", "nobody"):
        browser = console.browser()
        token = browser.token("/login")
        answer = browser.send("/login", token=token, name=name, password="wrong wrong wrong")
        answers.append(
            (answer.status_code, sorted(answer.headers.keys()), _without_token(answer.get_data(as_text=True)))
        )

    assert answers[0] == answers[1]
    assert answers[0][0] == 403


def test_enumeration_by_time(service: World) -> None:
    """Attack: measure how long a refusal takes. An unknown name costs the same hash as a known one."""
    cost = Cost(memory_kib=8_192, passes=1, lanes=1)
    accounts = Accounts(service.config.database)
    kept = hash_password(PASSWORD.encode(), cost=cost)
    accounts.create(name="ana", role=Role.OPERATOR, password=kept, must_change=False, now=NOW)
    clock = FixedClock()
    signing_in = SigningIn(accounts, clock=clock, cost=cost)
    spans: dict[str, list[float]] = {"ana": [], "nobody": []}

    for turn in range(10):
        clock.advance(3_600)
        for name, found in spans.items():
            started = time.thread_time()
            assert signing_in.check(name=name, password=f"wrong {turn}", address="a") is None
            found.append(time.thread_time() - started)

    accounts.remove("ana")
    accounts.close()
    known, unknown = (statistics.median(found) for found in spans.values())
    assert 0.5 < unknown / known < 2


def test_guessing_from_one_address(console: Console) -> None:
    """Attack: a dictionary from one machine. After twenty attempts it waits, also for names that exist."""
    browser = console.browser()
    answers = [browser.sign_in(f"name{turn % 7}", "wrong wrong").status_code for turn in range(20)]

    stopped = browser.sign_in("ana")

    assert set(answers) == {403}
    assert stopped.status_code == 429
    assert "Wait 300 seconds" in stopped.get_data(as_text=True)
    console.world.clock.advance(301)
    assert browser.sign_in("ana").status_code == 303


def test_guessing_one_name_from_many_addresses(console: Console) -> None:
    """Attack: a botnet against one account. The name itself is slowed down; whether it exists shows not."""
    signing_in = console.parts.signing_in
    for name in ("ana", "nobody"):
        for turn in range(10):
            signing_in.check(name=name, password="wrong", address=f"10.0.{turn}.1")

        with pytest.raises(RefusedError, match="Too many attempts"):
            signing_in.check(name=name, password=PASSWORD, address="10.1.1.1")


def test_filling_the_memory_with_wrong_passwords(service: World) -> None:
    """Attack: many sign-ins at once, 64 MiB each. Only two are computed at a time, and all are answered."""
    accounts = Accounts(service.config.database)
    signing_in = SigningIn(accounts, clock=service.clock, cost=WEAK)
    held, most = [0], [0]
    real = signing_in._places

    class Counting:
        def acquire(self, timeout: float) -> bool:
            found = real.acquire(timeout=timeout)
            held[0] += 1
            most[0] = max(most[0], held[0])
            return found

        def release(self) -> None:
            held[0] -= 1
            real.release()

    signing_in._places = Counting()  # type: ignore[assignment]  # counts and passes on
    threads = [
        threading.Thread(target=signing_in.check, kwargs={"name": f"n{turn}", "password": "x", "address": f"{turn}"})
        for turn in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accounts.close()

    assert most[0] <= 2


def test_a_busy_sign_in_is_told_to_wait(service: World) -> None:
    """When no place comes free in time, the answer is to try again, not a queue without end."""
    accounts = Accounts(service.config.database)
    signing_in = SigningIn(accounts, clock=service.clock, cost=WEAK)
    signing_in._places = _Taken()  # type: ignore[assignment]  # a semaphore with no place

    with pytest.raises(RefusedError, match="Others are signing in"):
        signing_in.check(name="ana", password="x", address="a")
    accounts.close()


class _Taken:
    def acquire(self, timeout: float) -> bool:
        return timeout < 0


def test_a_one_time_password_opens_one_page(console: Console) -> None:
    """Who signs in with it must choose an own password first; no other page is shown before."""
    console.add("eva", Role.OPERATOR, must_change=True)
    browser = console.browser()
    answer = browser.sign_in("eva")

    assert answer.location == "/password"
    for path in ("/", "/members", "/batches", "/checks", "/accounts"):
        assert browser.get(path).location == "/password"
    assert b"one-time password" in browser.get("/password").data
    browser.submit("/password", old=PASSWORD, new=NEW, again=NEW)
    assert browser.is_inside


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"old": "wrong wrong wrong", "new": NEW, "again": NEW}, "The old password is not right"),
        ({"old": PASSWORD, "new": NEW, "again": NEW + "x"}, "differ"),
        ({"old": PASSWORD, "new": PASSWORD, "again": PASSWORD}, "is the old one"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "at least 12 characters"),
        ({"old": PASSWORD, "new": "x" * 2_000, "again": "x" * 2_000}, "1,024 bytes"),
        ({}, "The old password is not right"),
    ],
)
def test_a_password_is_changed_with_care(console: Console, fields: dict[str, str], said: str) -> None:
    """Whoever finds an open browser cannot take the account over, and a slip of the fingers locks nobody out."""
    browser = console.browser("ana")

    answer = browser.submit("/password", **fields)

    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert _signs_in(console, "ana", PASSWORD)


def test_slow_forms_hold_a_few_threads_and_no_more(console: Console) -> None:
    """Attack: many forms sent a byte a minute. Beyond a few the console says busy at once; the log is not touched."""
    release, inside = threading.Event(), threading.Semaphore(0)

    class SlowBody:
        def read(self, _size: int = -1) -> bytes:
            inside.release()
            release.wait(10)
            return b""

        readline = read

    def send() -> None:
        environ = create_environ(
            "/login", console.place.origin, method="POST", headers={"Origin": console.place.origin}
        )
        environ |= {
            "CONTENT_LENGTH": "10",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "wsgi.input": SlowBody(),
        }
        run_wsgi_app(console.app, environ)

    threads = [threading.Thread(target=send) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=10)
    refused = console.browser().get("/login")
    release.set()
    for thread in threads:
        thread.join()

    assert refused.status_code == 503
    assert console.world.client.get("/checkpoint").status_code == 200
    assert console.browser().get("/login").status_code == 200


def test_a_long_form_is_refused_unread(console: Console) -> None:
    """Attack: megabytes as a password."""
    browser = console.browser()

    answer = browser.submit("/login", name="ana", password="x" * MOST_BODY_BYTES)

    assert answer.status_code == 413


def test_a_form_in_chunks_is_refused(console: Console) -> None:
    """A body that does not say its length could be of any."""
    response = console.browser().get("/login", **{"Transfer-Encoding": "chunked"})

    assert response.status_code == 413


@pytest.mark.parametrize("name", ["", "ANA", "ana\x00", "ana' OR 1=1 --", "é" * 40, "../../etc"])
def test_any_name_is_only_a_wrong_name(console: Console, name: str) -> None:
    """Whatever is typed, the answer is the same refusal."""
    assert console.browser().sign_in(name, PASSWORD).status_code == 403


def test_a_refused_sign_in_is_logged_without_what_was_typed(console: Console) -> None:
    """People type passwords into the field for names: neither field reaches the log."""
    with capture_logs() as lines:
        console.browser().sign_in("typed-into-name", "typed-into-password")
        console.browser("ana").submit("/password", old=PASSWORD, new=NEW, again=NEW)

    text = str(lines)
    assert "sign-in refused" in text
    assert "password changed" in text
    for secret in ("typed-into-name", "typed-into-password", PASSWORD, NEW):
        assert secret not in text


def test_other_methods_are_refused(console: Console) -> None:
    """Signing out by a link, and verbs no form has."""
    browser = console.browser("ana")

    assert browser.get("/logout").status_code == 405
    assert browser.client.put("/", base_url="https://console.test").status_code == 405
    assert browser.is_inside


def test_who_is_signed_in_needs_no_form(console: Console) -> None:
    """The sign-in page leads inside."""
    assert console.browser("ana").get("/login").location == "/"


def _signs_in(console: Console, name: str, password: str) -> bool:
    return console.browser().sign_in(name, password).status_code == 303


def _without_token(text: str) -> str:
    return "".join(line for line in text.splitlines() if 'name="token"' not in line)
