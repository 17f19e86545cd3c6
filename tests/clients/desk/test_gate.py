"""What a request must pass before a page is made, each way around it by its name."""

import threading
from http import HTTPStatus

import pytest
from flask import request
from structlog.testing import capture_logs
from werkzeug.test import Client, TestResponse, create_environ, run_wsgi_app

from clients.desk.gate import BODIES_AT_ONCE, MOST_FORM_BYTES, MOST_UPLOAD_BYTES, Crowd, RefusedError, check_body
from clients.desk.headers import ALWAYS, POLICY
from tests.support.desks import Browser, Desk
from tests.support.loopback import Walk

PATHS = ("/", "/keys", "/log", "/static/desk.css", "/static/htmx.min.js", "/nowhere", "/%2e%2e/desk.sqlite", "/purpose")


@pytest.fixture
def browser(kept_desk: Desk) -> Browser:
    """Return a browser of somebody who may do everything."""
    return kept_desk.browser("Ana")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_every_header(kept_desk: Desk, browser: Browser, path: str) -> None:
    """Pages, files, errors and ways to the sign-in alike: nothing is framed, stored, sniffed or run from elsewhere."""
    for answer in (
        browser.get(path),
        kept_desk.browser().get(path),
        browser.send(path, {}),
        browser.get(path, Host="evil.example"),
    ):
        assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS, (path, answer.status_code)


def test_the_policy_lets_nothing_inline_run() -> None:
    """No directive allows inline code, evaluation or another origin."""
    assert POLICY.startswith("default-src 'none'")
    assert "unsafe" not in POLICY
    assert "http" not in POLICY


def test_https_is_remembered_by_the_browser(kept_walk: Walk) -> None:
    """Over https the browser is told never to come without it again; over http://localhost it is not."""
    desk = Desk(kept_walk, "xbe-cib", url="https://desk.example")
    secure = desk.browser().get("/static/desk.css").headers["Strict-Transport-Security"]
    desk.close()

    assert secure == "max-age=31536000"


def test_plain_localhost_sets_no_transport_rule(kept_desk: Desk) -> None:
    """A rule for localhost would break every other program of that machine."""
    assert "Strict-Transport-Security" not in kept_desk.browser().get("/static/desk.css").headers


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8480", "localhost", "localhost:8481", "evil.example", "localhost:8480.evil.example", "LOCALHOST:8480 "],
)
def test_attack_a_name_rebound_to_this_machine(browser: Browser, host: str) -> None:
    """A page is made for the desk's own name alone, whoever is signed in; a static file neither."""
    for path in ("/", "/static/desk.css"):
        assert browser.get(path, Host=host).status_code == HTTPStatus.MISDIRECTED_REQUEST


@pytest.mark.parametrize("headers", [{"X_Forwarded_Host": "evil.example"}, {"Forwarded": "host=evil.example"}])
def test_attack_a_forwarded_host(browser: Browser, headers: dict[str, str]) -> None:
    """What a header claims of another host changes nothing: neither refusal nor address."""
    answer = browser.get("/", **headers)

    assert answer.status_code == HTTPStatus.OK
    assert "evil.example" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 43])
def test_attack_a_form_without_the_sessions_token(browser: Browser, token: str) -> None:
    """A form that does not carry the session's own token changes nothing."""
    assert browser.send("/purpose", {"token": token, "purpose": "CRIM"}).status_code == HTTPStatus.FORBIDDEN


def test_attack_a_form_with_another_sessions_token(kept_desk: Desk, browser: Browser) -> None:
    """A token is worth nothing beside another session's cookie, not even the same person's."""
    other = kept_desk.browser("Oto").token("/")

    assert browser.send("/purpose", {"token": other, "purpose": "CRIM"}).status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    "origin",
    [None, "null", "https://localhost:8480", "http://localhost", "http://localhost:8481", "http://evil.example"],
)
def test_attack_a_form_from_another_origin(browser: Browser, origin: str | None) -> None:
    """The browser names the origin of every form: another one, or none, is refused although the token is right."""
    token = browser.token("/")

    answer = browser.send("/purpose", {"token": token, "purpose": "CRIM"}, Origin=origin)

    assert answer.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None, "", "Same-Origin"])
def test_attack_a_form_that_the_browser_says_came_from_elsewhere(browser: Browser, site: str | None) -> None:
    """What changes something must be said to come from our own page; silence is a no."""
    token = browser.token("/")

    answer = browser.send("/purpose", {"token": token, "purpose": "CRIM"}, Sec_Fetch_Site=site)

    assert answer.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200), (None, 200), ("x", 403)],
)
def test_attack_a_page_fetched_by_another_site(browser: Browser, site: str | None, status: int) -> None:
    """Another site's link, image or script gets no page; an address that was typed does, and so does a program."""
    assert browser.get("/", Sec_Fetch_Site=site).status_code == status


@pytest.mark.parametrize("place", ["iframe", "frame", "embed", "object", "serviceworker", "fencedframe"])
def test_attack_a_page_in_a_frame_or_worker(browser: Browser, place: str) -> None:
    """No page goes into a frame, and no file becomes a worker that would outlive its page."""
    for path in ("/", "/static/desk.js"):
        assert browser.get(path, Sec_Fetch_Dest=place).status_code == HTTPStatus.FORBIDDEN


def test_a_form_that_is_right_is_taken(browser: Browser) -> None:
    """The same form with the session's token from our own page does what it says."""
    answer = browser.submit("/purpose", purpose="CRIM", back="/log")

    assert (answer.status_code, answer.location) == (HTTPStatus.SEE_OTHER, "/log")
    assert '<option value="CRIM" selected>' in browser.text("/")


def test_a_script_may_send_the_token_in_a_header(browser: Browser) -> None:
    """Passkeys are sent by a script without a form: its header counts as the hidden field does."""
    answer = browser.send("/purpose", {"purpose": "CRIM"}, X_Desk_Token=browser.token("/"))

    assert answer.status_code == HTTPStatus.SEE_OTHER


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_attack_other_methods(kept_desk: Desk, browser: Browser, method: str) -> None:
    """There is reading and there are forms; whatever else a client says, nothing is done."""
    answer = browser.client.open("/", method=method, base_url=kept_desk.place.origin)

    assert answer.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED}


def test_attack_an_oversized_form(browser: Browser) -> None:
    """A form above 64 kB is refused by what it announces, before it is read."""
    answer = browser.send("/purpose", {"token": "x" * (MOST_FORM_BYTES + 1)})

    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_attack_a_form_of_unknown_length(browser: Browser) -> None:
    """A body in chunks says nothing of its length: refused."""
    answer = browser.send("/purpose", {}, Transfer_Encoding="chunked")

    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_attack_a_page_asked_for_with_a_body(kept_desk: Desk, browser: Browser) -> None:
    """Whoever reads sends nothing: a body beside it is refused."""
    answer = browser.client.get("/", base_url=kept_desk.place.origin, data=b"x")

    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_attack_a_form_of_very_many_fields(browser: Browser) -> None:
    """Ten thousand small fields cost more than their bytes: the form is not parsed."""
    fields = {f"f{number}": "" for number in range(7_000)}

    assert browser.send("/purpose", {"token": browser.token("/"), **fields}).status_code >= HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    ("upload", "length", "taken"),
    [
        (False, MOST_FORM_BYTES, True),
        (False, MOST_FORM_BYTES + 1, False),
        (True, MOST_UPLOAD_BYTES, True),
        (True, MOST_UPLOAD_BYTES + 1, False),
    ],
)
def test_a_file_is_taken_where_files_are_taken_alone(kept_desk: Desk, upload: bool, length: int, taken: bool) -> None:  # noqa: FBT001 - parameters of a test
    """Sixteen megabytes where the rule says so, 64 kB elsewhere; one byte more is refused."""
    with kept_desk.app.test_request_context("/", method="POST", environ_overrides={"CONTENT_LENGTH": str(length)}):
        if not taken:
            with pytest.raises(RefusedError, match="too long"):
                check_body(request, upload=upload)
            return
        check_body(request, upload=upload)
        assert request.max_content_length == (MOST_UPLOAD_BYTES if upload else MOST_FORM_BYTES)


def test_attack_slow_senders_hold_every_thread() -> None:
    """While as many bodies as there is room for trickle in, one more is turned away at once, and pages still come."""
    arrived, go_on = threading.Semaphore(0), threading.Event()

    def slow(environ: dict[str, object], start_response: object) -> list[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            arrived.release()
            go_on.wait(10)
        start_response("200 OK", [])  # type: ignore[operator]  # as WSGI has it
        return [b""]

    crowd = Crowd(slow)  # type: ignore[arg-type]  # typed as far as the test needs
    held = [threading.Thread(target=Client(crowd).post, args=("/",)) for _ in range(BODIES_AT_ONCE)]
    for thread in held:
        thread.start()
        arrived.acquire(timeout=10)
    turned_away, page = Client(crowd).post("/"), Client(crowd).get("/")
    go_on.set()
    for thread in held:
        thread.join()

    assert (turned_away.status_code, turned_away.headers["Retry-After"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "2")
    assert {name: turned_away.headers[name] for name in ALWAYS} == ALWAYS
    assert page.status_code == HTTPStatus.OK
    assert Client(crowd).post("/").status_code == HTTPStatus.OK


def test_a_crowd_lets_go_of_whoever_failed() -> None:
    """An app that raises gives its place back."""

    def broken(_environ: object, _start: object) -> list[bytes]:
        raise ZeroDivisionError

    crowd = Crowd(broken, most=1)  # type: ignore[arg-type]  # typed as far as the test needs
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            run_wsgi_app(crowd, create_environ(method="POST"))


def test_the_log_names_pages_and_never_what_was_asked_for(browser: Browser) -> None:
    """Neither path, query nor form reaches the log: record names and search words stay at the desk."""
    with capture_logs() as logs:
        browser.get("/nowhere/SECRETPATH?q=SECRETQUERY")
        browser.send("/purpose", {"token": "SECRETFORM"})

    text = repr(logs)
    assert "SECRET" not in text
    assert {"page": "home.purpose", "status": 403, "method": "POST"}.items() <= logs[-1].items()


def _cookie_flags(answer: TestResponse) -> str:
    return answer.headers.get("Set-Cookie", "")


def test_no_cookie_of_the_framework_is_set(browser: Browser) -> None:
    """Flask and flask-login would sign cookies of their own: none of them leaves."""
    for path in ("/", "/log", "/nowhere"):
        assert _cookie_flags(browser.get(path)) == ""
