"""The console's pages: what they show, to whom, and that they show no more."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from crypto.encoding import b64u
from ledger import fingerprints
from ledger.wire import paths
from server import lastrun
from server.accounts import Role
from server.console import filters
from server.console.app import create_console, make_parts
from server.console.place import parse_place
from server.errors import ConfigError
from server.lastrun import LastRun
from tests.support.consoles import Console
from tests.support.consortium import Consortium, make_agency, make_charter, sign_by
from tests.support.copies import filled_world
from tests.support.services import World
from tests.support.witnessed import WitnessedWorld

PAGES = ("/", "/members", "/batches", "/checks", "/accounts", "/password")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Return the console of a service with a small log; the tests here only look."""
    world = filled_world(tmp_path_factory.mktemp("service"))
    console = Console(world)
    yield console
    console.close()
    world.close()


def _text(console: Console, path: str, name: str = "ana") -> str:
    response = console.browser(name).get(path)
    assert response.status_code == 200
    return response.get_data(as_text=True)


def test_the_first_page_tells_where_the_log_stands(console: Console) -> None:
    """Size, kinds of entries, root and charter: the figures of the store itself."""
    text = _text(console, "/")

    head = console.world.service.store.head()
    assert f"<dd>{head.size}</dd>" in text
    assert "9 statements in 4 batches, 1 charters, 0 key entries" not in text
    assert re.search(r"\d+ statements in 4 batches, 1 charters, 0 key entries", text)
    assert "version 1, 3 agencies" in text
    assert "✓ taking submissions" in text


def test_members_are_named_with_what_they_may(console: Console) -> None:
    """Every agency of the charter, its ceiling and point of contact; and that nobody witnesses yet."""
    text = _text(console, "/members")

    for agency in console.world.consortium.current.agencies:
        assert f'<bdi>{agency.name}</bdi> <span class="id">{agency.id}</span>' in text
    assert "UNWITNESSED" in text
    assert fingerprints.to_words(console.world.config.fingerprint) in text


def test_batches_are_counted_by_agency(console: Console) -> None:
    """Who submitted how much, and the newest batches; an auditor sees the same."""
    text = _text(console, "/batches", "oto")

    rows = re.findall(r'<tr><th scope="row">(x[a-z-]+)</th>((?:<td class="n">[0-9\u2013,]+</td>)+)', text)
    figures = [(iss, re.findall(r">([0-9\u2013,]+)<", cells)) for iss, cells in rows]
    assert ("xaa-arms", ["2", "6", "2", "8"]) in figures
    assert ("xab-arms", ["2", "4", "2", "14"]) in figures
    assert ("xab-arms", ["2", "2", "12\u201314"]) in figures


def test_older_batches_follow_on_their_own_page(console: Console) -> None:
    """A page goes back from an index; anything but an index is refused."""
    browser = console.browser("ana")

    older = browser.get("/batches?before=9").get_data(as_text=True)

    assert "xaa-arms" in older
    assert "xab-arms" not in older
    for wrong in ("0", "-1", "x", "1'", "9" * 17, "%00"):
        assert browser.get(f"/batches?before={wrong}").status_code == 400


def test_verification_tells_what_was_checked_and_when(console: Console) -> None:
    """Before a check the page says so; after it, its result and age; findings are never softened."""
    path = console.world.config.data / lastrun.FSCK
    before = _text(console, "/checks")
    lastrun.write(path, LastRun(at=console.world.clock() - 7_200, size=15, broken=0))
    whole = _text(console, "/checks")
    lastrun.write(path, LastRun(at=console.world.clock(), size=15, broken=3))
    broken = _text(console, "/checks")
    path.unlink()

    assert "not checked yet" in before
    assert "✓ 15 entries" in whole
    assert "2 hours ago" in whole
    assert "✗ 3 findings" in broken
    assert "✓ 15 of 15" in before


def test_a_log_behind_what_was_signed_is_said_in_red(tmp_path: Path, console: Console) -> None:
    """The highest-signed file is compared on every look, not only at the start."""
    highest = console.world.config.highest
    kept = highest.read_bytes()
    highest.write_bytes(kept.replace(b"\n15\n", b"\n16\n"))

    ahead = _text(console, "/")
    highest.write_bytes(b"")
    unknown = _text(console, "/checks")

    highest.write_bytes(kept)
    assert "doctor" in ahead
    assert "✗ it does not, or nothing tells" in unknown
    assert tmp_path.exists()


def test_only_an_operator_sees_the_machine_and_the_accounts(console: Console) -> None:
    """An auditor is shown the log; disk, backups and who may sign in are the operator's."""
    lastrun.write(console.world.config.data / lastrun.BACKUP, LastRun(at=1_700_000_000, size=9, broken=0))
    auditor = console.browser("oto")

    assert "Free on the disk" not in auditor.get("/").get_data(as_text=True)
    assert "Accounts</a>" not in auditor.get("/").get_data(as_text=True)
    assert auditor.get("/accounts").status_code == 403
    assert "2023-11-14 22:13 UTC, 9 entries" in _text(console, "/")
    assert '<th scope="row">oto</th><td>auditor</td>' in _text(console, "/accounts")


def test_two_nights_without_a_backup_are_said_in_red(console: Console) -> None:
    """The operator is told where they look anyway, and where the reason stands; one night may be missed."""
    path = console.world.config.data / lastrun.BACKUP
    lastrun.write(path, LastRun(at=console.world.clock() - 2 * 86_400, size=9, broken=0))
    missed = _text(console, "/")
    lastrun.write(path, LastRun(at=console.world.clock() - 2 * 86_400 - 1, size=9, broken=0))
    overdue = _text(console, "/")
    path.unlink()

    assert "none for two days" not in missed
    assert '<strong class="problem">✗ none for two days</strong>' in overdue
    assert "journalctl --unit sealtrace-backup" in overdue


def test_no_page_shows_anything_sealed_or_secret(console: Console) -> None:
    """Neither a password's hash, nor a jti, nor a byte of a blob, nor a cookie stands on any page."""
    browser = console.browser("ana")
    pages = "".join(browser.get(path).get_data(as_text=True) for path in PAGES)

    assert "$argon2id" not in pages
    assert (browser.cookie() or "no cookie") not in pages
    for name in console.world.consortium.store.rows.statements:
        assert b64u(name.jti) not in pages


def test_every_page_is_closed_to_strangers(console: Console) -> None:
    """Without a session each page leads to the sign-in form, and says nothing of the log."""
    for path in PAGES:
        response = console.browser().get(path)

        assert (response.status_code, response.location) == (303, "/login")
        assert b"xaa" not in response.data
    assert console.browser().send("/logout").status_code == 403


def test_pages_run_nothing_and_fetch_nothing(console: Console) -> None:
    """No script, no event handler, no inline style, no foreign address: the page is its text and one style sheet."""
    browser = console.browser("ana")

    for path in (*PAGES, "/nowhere"):
        text = browser.get(path).get_data(as_text=True)
        assert re.findall(r"<script|<style|<img|<iframe|\son[a-z]+=|\sstyle=|javascript:|https?://", text) == [], path
        assert text.count("<link") == text.count('rel="stylesheet"') == 1


def test_the_style_sheet_is_there(console: Console) -> None:
    """It is served by the console itself, to the sign-in page too, and prints."""
    response = console.browser().get("/console.css")

    assert (response.status_code, response.mimetype) == (200, "text/css")
    assert b"@media print" in response.data
    assert b"url(" not in response.data


def test_a_script_in_an_agencys_name_is_text(tmp_path: Path) -> None:
    """Attack: a member writes markup into the charter's free text; the page shows it and runs nothing."""
    evil = '<script>alert(1)</script>"onmouseover="x" \u202e'
    honest = make_agency("xaa-arms")
    agency = replace(honest, name=evil, contact=replace(honest.contact, name=evil))
    charter = make_charter([agency, make_agency("xab-arms")])
    world = World(tmp_path, consortium=Consortium(charter=charter, charter_file=sign_by(charter, charter.agencies)))
    world.found()
    console = Console(world)

    text = console.browser("ana").get("/members").get_data(as_text=True)
    console.close()
    world.close()

    assert "<script" not in text
    assert '"onmouseover' not in text
    assert text.count("<bdi>&lt;script&gt;alert(1)&lt;/script&gt;") == 2


def test_an_empty_log_teaches_the_first_step(empty_world: World) -> None:
    """Before charter 1 each page says what comes next instead of showing nothing."""
    console = Console(empty_world)
    browser = console.browser("ana")

    assert "sealtrace charter submit" in browser.get("/").get_data(as_text=True)
    assert "charter 1 is still to come" in browser.get("/members").get_data(as_text=True)
    assert "sealtrace submit" in browser.get("/batches").get_data(as_text=True)
    assert "no charter yet" in browser.get("/checks").get_data(as_text=True)
    console.close()


def test_what_waits_for_its_witnesses_is_said_everywhere(tmp_path: Path) -> None:
    """Receipt, `/readyz` and the first page tell since when; once the quorum is there, none of them does."""
    world = WitnessedWorld(tmp_path)
    world.found()
    world.cosigners["xac-arms"].down = world.cosigners["xad-arms"].down = True
    world.hurry()
    world.clock.advance(60)
    receipt = world.log("xaa-arms", [world.consortium.grant("xaa-arms", world.consortium.ids)])
    console = Console(world)
    page = console.browser("ana").get("/").get_data(as_text=True)
    ready = world.client.get(paths.READYZ).get_data(as_text=True)
    world.cosigners["xac-arms"].down = False
    world.until(lambda: world.published().size == receipt.size)
    later = console.browser("oto").get("/").get_data(as_text=True)
    calm = world.client.get(paths.READYZ).get_data(as_text=True)
    console.close()
    world.close()

    assert (receipt.stage, receipt.since) == ("durable", world.clock())
    assert "Pending, unwitnessed since 2027-01-15 08:01 UTC: readers see the log as it was before." in page
    assert "pending, unwitnessed since 2027-01-15 08:01 UTC" in ready
    assert "unwitnessed" not in later + calm


def test_a_service_that_takes_nothing_is_said_first(world: World) -> None:
    """When the writer has ended, the first page says so before any figure."""
    console = Console(world)
    browser = console.browser("ana")
    world.service.submitting.close()

    assert "No submissions are taken" in browser.get("/").get_data(as_text=True)
    console.close()


def test_below_the_service_it_has_its_prefix(world: World) -> None:
    """Mounted at /console its links stay below it, and the service's own paths are untouched."""
    parts = make_parts(world.service, world.config, parse_place("http://127.0.0.1:8470"))
    client = Client(DispatcherMiddleware(world.app, {"/console": create_console(parts)}))

    page = client.get("/console/login", base_url="http://127.0.0.1:8470")

    assert page.status_code == 200
    assert 'href="/console/console.css"' in page.get_data(as_text=True)
    assert 'action="/console/login"' in page.get_data(as_text=True)
    assert client.get("/checkpoint", base_url="http://anything.test").status_code == 200
    assert client.get("/console/", base_url="http://127.0.0.1:8470").location == "/console/login"
    parts.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://console.test",
        "http://10.0.0.1:80",
        "ftp://console.test",
        "https://console.test/path",
        "https://console.test:443",
        "https://Console.test",
        "https://user@console.test",
        "https://",
        "https://[::1",
        "https://console.test:port",
        "console.test",
        "",
    ],
)
def test_a_console_is_never_placed_where_passwords_are_read(url: str) -> None:
    """Plain http is for loopback alone; and an address has one spelling, or Host and Origin would not be comparable."""
    with pytest.raises(ConfigError):
        parse_place(url)


@pytest.mark.parametrize(
    ("url", "host", "is_secure"),
    [
        ("https://console.test", "console.test", True),
        ("https://console.test/", "console.test", True),
        ("https://console.test:8443", "console.test:8443", True),
        ("http://127.0.0.1:8470", "127.0.0.1:8470", False),
        ("http://[::1]:8470", "[::1]:8470", False),
        ("http://localhost:8470", "localhost:8470", False),
    ],
)
def test_a_place_is_what_browsers_send(url: str, host: str, is_secure: bool) -> None:  # noqa: FBT001  a case's column
    """Host and Origin follow from the address; cookies are bound to the host wherever there is https."""
    place = parse_place(url)

    assert (place.host, place.origin, place.is_secure) == (host, url.rstrip("/"), is_secure)
    assert place.session_cookie.startswith("__Host-") is is_secure


def test_numbers_are_spelled_for_people() -> None:
    """Thousands separators, whole units, times in UTC."""
    assert filters.number(1_234_567) == "1,234,567"
    assert [filters.age(span) for span in (5, 60, 7_200, 200_000)] == [
        "less than a minute",
        "1 minute",
        "2 hours",
        "2 days",
    ]
    assert [filters.size(count) for count in (999, 1_500, 2 * 10**9, 10**18)] == [
        "999 bytes",
        "1.5 kB",
        "2.0 GB",
        "1,000,000.0 TB",
    ]
    assert filters.moment(0) == "1970-01-01 00:00 UTC"


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"at":1,"size":2}\n', b'{"at":"1","size":2,"broken":0}\n', b"\xff"])
def test_a_damaged_note_of_a_run_is_no_run(tmp_path: Path, raw: bytes) -> None:
    """What cannot be read counts as never done: the safe side."""
    (tmp_path / lastrun.FSCK).write_bytes(raw)
    (tmp_path / lastrun.FSCK).chmod(0o600)

    assert lastrun.read(tmp_path / lastrun.FSCK) is None
    assert Role.AUDITOR.value == "auditor"
