"""The operator's console in Debian's Chromium: pages without a script, and forms that say whose page they stood on."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from crypto.passwords import hash_password
from ledger.wire import paths
from server.accounts import Accounts, Role
from tests.support import chromium
from tests.support.chromium import Seen
from tests.support.consoles import PASSWORD, WEAK
from tests.support.consortium import NOW, make_consortium
from tests.support.processes import Running, consortium_config, free_port, serving

pytestmark = pytest.mark.slow

PAGES = ("/console/", "/console/members", "/console/batches", "/console/checks", "/console/accounts")


@dataclass
class Visit:
    """The service with its console, and a browser whose tabs are watched."""

    service: Running
    browser: Browser
    seen: Seen

    def tab(self) -> Page:
        """Open a profile of its own."""
        page = self.browser.new_context().new_page()
        self.seen.watch(page, self.service.url)
        return page

    def sign_in(self, page: Page, password: str = PASSWORD) -> None:
        """Fill in the form and send it."""
        page.goto(f"{self.service.url}/console/")
        page.get_by_label("Name").fill("ana")
        page.get_by_label("Password", exact=True).fill(password)
        with page.expect_navigation():
            page.keyboard.press("Enter")


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """Give a console with one operator, over the log of a consortium."""
    chromium.program()
    consortium = make_consortium()
    config = consortium_config(tmp_path_factory.mktemp("console") / "service", consortium)
    port = free_port()
    with serving(config, "--console", f"http://127.0.0.1:{port}", port=port) as running, chromium.browser() as browser:
        assert running.post(paths.CHARTERS, consortium.charter_file, paths.CHARTER_TYPE)[0] == 201
        kept = hash_password(PASSWORD.encode(), cost=WEAK)
        Accounts(config.database).create(name="ana", role=Role.OPERATOR, password=kept, must_change=False, now=NOW)
        yield Visit(service=running, browser=browser, seen=Seen())


def test_an_operator_signs_in_and_out(visit: Visit) -> None:
    """A browser's own form is taken: it names its origin, which a policy of no referrer at all would have kept back."""
    page = visit.tab()
    visit.sign_in(page)
    sign_out = page.get_by_role("button", name="Sign out")
    expect(sign_out).to_be_visible()
    saved = page.context.cookies()
    sign_out.click()
    expect(page.get_by_label("Name")).to_be_visible()
    page.context.add_cookies([{"name": one["name"], "value": one["value"], "url": visit.service.url} for one in saved])
    page.goto(f"{visit.service.url}/console/")

    expect(page.get_by_label("Name")).to_be_visible()


def test_a_wrong_password_opens_nothing(visit: Visit) -> None:
    """The form is shown again, and no page of the console."""
    page = visit.tab()
    visit.sign_in(page, "not this one at all")

    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_the_console_can_be_used_by_everybody(visit: Visit, scheme: str) -> None:
    """Axe finds nothing that keeps somebody out, in light and dark, and no page asks another host."""
    page = visit.tab()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    visit.sign_in(page)
    found = {}
    for path in PAGES:
        answer = page.goto(visit.service.url + path)
        assert answer is not None
        assert answer.status == 200, path
        found[path] = [one["id"] for one in Axe().run(page).response["violations"]]

    assert found == {path: [] for path in PAGES}
    assert visit.seen.elsewhere == []
