"""One way to make a page: marking, record of use, and text that stays text."""

import re
from http import HTTPStatus

import pytest
from flask import render_template_string
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from structlog.testing import capture_logs

from clients.desk.menu import MENU
from clients.desk.parts import note_use
from clients.desk.rendering import banner, page
from clients.desk.rules import INSIDE, RULES
from ledger.labels import Compartment, Level, Purpose
from ledger.markings import Marking
from tests.support.desks import Browser, Desk
from tests.support.loopback import Walk

SCRIPT = '"><script src=//evil.example></script>{{ 7*7 }}'
MARKING = Marking(
    originators=frozenset({"xar-arms"}),
    readers=frozenset({"xar-arms", "xco-npa", "xbe-cib"}),
    level=Level.CONFIDENTIAL,
    comp=frozenset({Compartment.CT}),
    purp=frozenset(Purpose),
    cav=frozenset({"ORCON"}),
    review_by=None,
    expires=None,
)


class Use:
    """A record of use that can be made to fail."""

    def __init__(self) -> None:
        """Begin empty."""
        self.rows: list[tuple[str, str, str]] = []
        self.broken = False

    def note(self, who: str, did: str, *of: str) -> None:
        """Keep rows, or fail as a full disk does."""
        if self.broken:
            raise OSError(28, "No space left on device")
        self.rows += [(who, did, one) for one in of]


@pytest.fixture
def use() -> Use:
    """Return the record of use of the desk under test."""
    return Use()


@pytest.fixture
def browser(walk: Walk, use: Use, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Return Ana's browser at a desk with one more page, which opens two records."""
    desk = Desk(walk, "xar-arms", use=use)
    monkeypatch.setitem(RULES, "test.record", INSIDE)  # type: ignore[arg-type]  # a dict
    desk.app.add_url_rule("/test", "test.record", lambda: page("keys.html", marking=MARKING, opened=["a/1", "b/2"]))
    return desk.browser(desk.add("Ana"))


def test_what_is_opened_is_written_down_first(browser: Browser, use: Use) -> None:
    """Every record whose content a page shows has a row, with who opened it."""
    browser.text("/test")

    assert use.rows == [("Ana", "opened", "a/1"), ("Ana", "opened", "b/2")]


def test_no_page_without_the_record_of_use(browser: Browser, use: Use) -> None:
    """Where the record of use cannot be written, nothing of the page leaves: not its marking, not its text."""
    use.broken = True

    answer = browser.get("/test")

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    text = answer.get_data(as_text=True)
    assert "CONFIDENTIAL" not in text
    assert "What the signs mean" not in text
    assert "disk" in text


def test_a_page_that_opens_nothing_needs_no_row(browser: Browser, use: Use) -> None:
    """What shows no record is shown although the record of use is broken: that is where one reads why."""
    use.broken = True

    assert browser.get("/keys").status_code == HTTPStatus.OK


def test_the_marking_stands_above_and_below(browser: Browser) -> None:
    """Text first, colour by a class: the same line twice on the page, and in print."""
    text = browser.text("/test")

    line = "CONFIDENTIAL · xar-arms · REL TO xbe-cib, xco-npa · CT · ORCON"
    assert text.count(f'<p class="banner level-confidential">{line}</p>') == 2


@pytest.mark.parametrize(
    ("originators", "readers", "shown"),
    [
        ({"xar-arms"}, {"xar-arms"}, "ORIGINATOR ONLY"),
        ({"xar-arms", "xbe-cib"}, {"xar-arms", "xbe-cib"}, "REL TO xar-arms, xbe-cib"),
        ({"xar-arms", "xbe-cib"}, {"xar-arms"}, "REL TO xar-arms"),
        ({"xar-arms", "xbe-cib"}, set(), "REL TO NOBODY"),
    ],
)
def test_a_join_names_who_may_read_all_of_it(
    kept_desk: Desk, originators: set[str], readers: set[str], shown: str
) -> None:
    """Of several originators' records the page may go to those alone who may read each of them."""
    joined = Marking(
        originators=frozenset(originators),
        readers=frozenset(readers),
        level=Level.SECRET,
        comp=frozenset(),
        purp=frozenset(),
        cav=frozenset(),
        review_by=None,
        expires=None,
    )
    with kept_desk.app.test_request_context("/"):
        found = banner(joined)

    assert (found.text, found.css) == (f"SECRET · {', '.join(sorted(originators))} · {shown}", "secret")


def test_a_page_without_a_record_claims_no_level(kept_desk: Desk) -> None:
    """Nobody has classified such a page, so it is not called unclassified."""
    text = kept_desk.browser("Ana").text("/")

    assert "no record is shown here" in text
    assert "UNCLASSIFIED" not in text


def test_attack_a_script_in_a_name(desk: Desk) -> None:
    """A person's name with markup and a template's braces in it is shown as it is written."""
    text = desk.browser(desk.add(SCRIPT)).text("/")

    assert "<script src=//evil" not in text
    assert "&lt;script src=//evil.example&gt;" in text
    assert "49" not in text


@given(st.text(max_size=60))
def test_whatever_stands_in_a_field_is_text(kept_desk: Desk, value: str) -> None:
    """No value reaches the source of a page in another form than escaped: not in text, not in an attribute."""
    with kept_desk.app.test_request_context("/"):
        shown = render_template_string(
            '{% from "macros.html" import serial %}<p title="{{ v }}">{{ serial(v) }}</p>', v=value
        )

    inner = shown.removeprefix('<p title="').partition('">')[0]
    assert not set("<>\"'") & set(inner)
    assert shown.count("<") == 4


def test_a_template_that_names_what_is_not_there_fails(kept_desk: Desk) -> None:
    """A misspelt name is a failure in the tests and no empty place on a page."""
    with kept_desk.app.test_request_context("/"), pytest.raises(UndefinedError):
        render_template_string("{{ nothing_of_that_name }}")


def test_the_menu_offers_what_may_be_opened(kept_desk: Desk) -> None:
    """Every link of the menu opens; a page that there is not, or not for this role, is not offered."""
    for name in ("Ana", "Oto"):
        browser = kept_desk.browser(name)
        nav = browser.text("/").partition("<nav")[2].partition("</nav>")[0]
        links = re.findall(r'href="([^"]+)"', nav)
        assert links
        assert all(browser.get(link).status_code == HTTPStatus.OK for link in links)
        assert len(links) <= len(MENU)


@pytest.mark.parametrize(
    ("path", "title"), [("/", "Today"), ("/inbox/release", "Inbox"), ("/people/notices", "People"), ("/me", None)]
)
def test_the_menu_says_where_one_is(kept_desk: Desk, path: str, title: str | None) -> None:
    """A page that lies below one of the menu is shown as part of that, whichever module makes it; no other is marked."""
    text = kept_desk.browser("Ana").text(path)

    assert re.findall(r'aria-current="page">([^<]*)<', text) == ([] if title is None else [title])


def test_a_defect_tells_nothing_of_what_it_held(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is not ours is shown and logged by its type: its text may be somebody's serial number."""

    def broken() -> str:
        raise ValueError("SECRET-SERIAL")

    monkeypatch.setitem(RULES, "test.broken", INSIDE)  # type: ignore[arg-type]  # a dict
    desk.app.add_url_rule("/broken", "test.broken", broken)
    desk.app.add_url_rule("/broken.json", "test.broken", broken)
    browser = desk.browser(desk.add("Ana"))
    with capture_logs() as logs:
        page_of, machine = browser.get("/broken"), browser.get("/broken.json")

    assert {page_of.status_code, machine.status_code} == {HTTPStatus.INTERNAL_SERVER_ERROR}
    assert "SECRET" not in page_of.get_data(as_text=True) + machine.get_data(as_text=True) + repr(logs)
    assert "ValueError" in page_of.get_data(as_text=True)
    assert machine.json is not None
    assert machine.json["what"] == "ValueError"


def test_an_error_page_that_breaks_is_plain_text(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Where even the sessions cannot be read, the answer is still ours: plain, with every header, and no trace."""
    browser = desk.browser(desk.add("Ana"))
    with desk.parts.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE session")

    answer = browser.get("/")

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.headers["Content-Security-Policy"]
    assert "Traceback" not in "".join(capsys.readouterr())


def test_what_somebody_did_is_noted_for_each_thing(walk: Walk, use: Use) -> None:
    """Two records exported are two rows."""
    desk = Desk(walk, "xbe-cib", use=use)
    with desk.app.test_request_context("/"):
        note_use("Ana", "exported", ["a/1", "b/2"])
    desk.close()

    assert [row[1:] for row in use.rows] == [("exported", "a/1"), ("exported", "b/2")]


def test_a_number_with_its_noun_has_thousands_separators(kept_desk: Desk) -> None:
    """2,078 records, as on every other line of a page; one record stays one."""
    text = "{{ ngettext('%(num)s record', '%(num)s records', n) }}"
    with kept_desk.app.test_request_context():
        found = [render_template_string(text, n=number) for number in (1, 2_078)]

    assert found == ["1 record", "2,078 records"]
