"""The story of a desk as people live it in a browser: who comes in, what they bring, ask, read and release.

Each step leaves the pages it showed; the tests then say of what was seen that it holds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Download, expect

from ledger.fingerprints import to_text
from tests.support.chromium import Person, Seen, keep_picture, sit_down
from tests.support.commands import command
from tests.support.loopback import PHRASE
from tests.support.twodesks import ASKER, OWNER, TwoDesks

ADMINISTRATOR, SUBMITTER, FIRST, SECOND, ANALYST = "Ines Okoro", "Ana Sá", "A. Abiola", "B. Berg", "C. Castro"
EVERY_PURPOSE = ("TRACE", "CRIM")
LIST = """make,serial,date,calibre,circumstances
Taurus,ABE 573528,2026-03-14,9x19,under the floor of a boat
Colt,LGC 004417,2026-13-15,5.56x45,
Zastava,,2026-03-16,7.62x39,in a parcel
Glock,GHK 221,2026-03-17,9x19,beside the road
"""
COLUMNS = {"make": "item.make", "serial": "item.serials", "date": "event.date", "calibre": "item.calibre"}


STRANGER = "somebody at the door"


@dataclass
class Story:
    """The two desks, the browser, who sits at it, and what was seen."""

    world: TwoDesks
    browser: Browser
    pictures: Path | None
    seen: Seen = field(default_factory=Seen)
    people: dict[str, Person] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)
    clicks: dict[str, int] = field(default_factory=dict)

    def at(self, name: str) -> Person:
        """Return somebody's browser."""
        return self.people[name]

    def picture(self, name: str, title: str) -> None:
        """Keep what somebody sees."""
        keep_picture(self.at(name), self.pictures, title)

    def come(self, name: str, agency: str, link: str) -> Person:
        """Have somebody open the link they were given, and make a passkey."""
        person = sit_down(self.browser, name, self.world.origin(agency), self.seen)
        self.people[name] = person
        person.open(link)
        if person.page.locator("#name").count():
            person.page.locator("#name").fill(name)
            person.press("Go on")
        person.press("Make a passkey")
        return person


def first_administrator(story: Story) -> None:
    """The one link that the desk printed lets one person in, who becomes its administrator."""
    for agency, name in ((OWNER, ADMINISTRATOR), (ASKER, f"{ADMINISTRATOR} of {ASKER}")):
        link = story.world.desks[agency].link()
        assert link is not None
        person = story.come(name, agency, link)
        expect(person.page.locator("h1")).to_have_text("Today")
    person = story.at(ADMINISTRATOR)
    link = story.world.desks[OWNER].link() or ""
    story.found["link again"] = str(getattr(person.open(link), "status", 0))


def invite(story: Story, by: str, name: str, roles: tuple[str, ...]) -> str:
    """Have an administrator make a link for somebody; return it."""
    page = story.at(by).page
    story.at(by).open("/people/new")
    page.get_by_label("Name, as it will stand").fill(name)
    for role in roles:
        page.get_by_label(role, exact=True).check()
    page.get_by_label("Clearance").select_option("SECRET")
    for purpose in EVERY_PURPOSE:
        page.get_by_label(purpose, exact=True).check()
    story.at(by).press("Make the link")
    link = page.locator("code").first.inner_text()
    return "/welcome/" + link.rpartition("/welcome/")[2]


def everybody_comes(story: Story) -> None:
    """The administrators let four people in; each makes a passkey of their own."""
    asker = f"{ADMINISTRATOR} of {ASKER}"
    for by, agency, name, roles in (
        (ADMINISTRATOR, OWNER, SUBMITTER, ("submitter", "analyst")),
        (ADMINISTRATOR, OWNER, FIRST, ("releasing officer", "submitter")),
        (ADMINISTRATOR, OWNER, SECOND, ("releasing officer", "auditor")),
        (asker, ASKER, ANALYST, ("analyst", "releasing officer")),
    ):
        person = story.come(name, agency, invite(story, by, name, roles))
        expect(person.page.locator("h1")).to_have_text("Today")


def a_saved_cookie(story: Story) -> None:
    """Attack: somebody saves the cookie before its owner signs out, and puts it back."""
    person = story.at(SUBMITTER)
    saved = person.context.cookies()
    person.press("Sign out")
    person.context.add_cookies([{"name": one["name"], "value": one["value"], "url": person.origin} for one in saved])
    person.open("/")
    story.found["after signing out"] = person.path
    person.context.clear_cookies()
    person.open("/signin")
    person.press("Sign in with a passkey")
    expect(person.page.locator("h1")).to_have_text("Today")


def a_list_goes_in(story: Story) -> None:
    """A list with bad lines: problems, who will read what, one officer proposes, another approves, a receipt."""
    person = story.at(FIRST)
    page = person.page
    person.open("/imports")
    page.locator("#file").set_input_files({"name": "seizures.csv", "mimeType": "text/csv", "buffer": LIST.encode()})
    person.press("Upload")
    page.get_by_role("button", name="Check the list", exact=True).wait_for()
    story.picture(FIRST, "import-columns")
    for column, name in {**COLUMNS, "circumstances": "case.circumstances"}.items():
        page.get_by_label(f"Field for the column {column}").select_option(name)
    page.get_by_label("What happened, where").select_option("recovery")
    person.press("Check the list")
    page.get_by_role("heading", name="to be signed").wait_for()
    story.found["import"] = person.path
    story.found["problems"] = page.locator(".table", has_text="What is wrong").inner_text()
    story.found["readers"] = page.locator(".table", has_text="Readers").inner_text()
    story.picture(FIRST, "import-checked")
    person.follow("Go on to propose it to a second officer")
    page.get_by_label("Import the good rows only").check()
    page.get_by_label("The passphrase of your own").fill(PHRASE.decode())
    story.picture(FIRST, "import-sign")
    person.press("Sign and propose it")
    page.get_by_role("heading", name="waits for a second officer").wait_for()


def a_second_officer_approves(story: Story) -> None:
    """Another officer sees the same schedule, and approves with a key of their own."""
    person = story.at(SECOND)
    person.open(story.found["import"] + "/sign")
    person.page.get_by_label("The passphrase of your own").fill(PHRASE.decode())
    person.press("Approve and send it")
    person.page.get_by_role("heading", name="logged").wait_for()
    story.found["receipt"] = person.page.locator("main").inner_text()
    story.picture(SECOND, "import-receipt")


def a_weapon_is_matched(story: Story) -> None:
    """An analyst of the other agency sees what a question costs, asks it, and is told of a hit by the keyboard alone."""
    person = story.at(ANALYST)
    page = person.page
    person.say("g", "a")
    page.get_by_label("Make").first.fill("Taurus")
    page.get_by_label("Serial number, as marked").first.fill("ABE 573528")
    page.get_by_label("What it is for").first.fill("recovered in our port")
    person.press("See what it costs")
    story.found["cost"] = page.locator("main").inner_text()
    person.press("Ask now")
    asked = story.found["inquiry"] = person.path
    for _ in range(60):
        if page.get_by_role("link", name="Look again").count() == 0:
            break
        page.wait_for_timeout(500)
        person.open(asked)
    story.found["told"] = page.locator("main").inner_text()
    story.picture(ANALYST, "asked")


def a_record_is_found_and_traced(story: Story) -> None:
    """Somebody who was not there finds the record by its number, reads it, and sees its chain of transfer."""
    person = story.at(SUBMITTER)
    page = person.page
    person.say("/")
    page.locator("main").focus()
    page.keyboard.press("/")
    story.found["focus"] = str(page.evaluate("document.activeElement.type"))
    page.keyboard.type("GHK 221")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    story.picture(SUBMITTER, "find")
    with page.expect_navigation():
        page.locator("main table a[href*='/records/']").first.press("Enter")
    story.found["record"] = person.path
    story.found["shown"] = page.locator("main").inner_text()
    story.picture(SUBMITTER, "record")
    person.follow("Trace this weapon")
    story.found["trace"] = page.locator("main").inner_text()
    story.picture(SUBMITTER, "trace")


def a_bundle_is_verified(story: Story) -> None:
    """The record leaves as one file, which the agency's own command verifies offline against the charter's fingerprint."""
    person = story.at(SUBMITTER)
    page = person.page
    person.open(story.found["record"])
    person.follow("Make an evidence bundle")
    person.confirm()
    story.picture(SUBMITTER, "bundle")
    with page.expect_download() as coming:
        page.get_by_role("button", name="Make the bundle").press("Enter")
    story.found["verified"] = verdict_on(story, coming.value)


def verdict_on(story: Story, saved: Download) -> str:
    """Return what the agency's own command says of a bundle that a browser saved, offline."""
    walk = story.world.walk
    file = walk.folder / "record.zip"
    saved.save_as(file)
    done = command(walk, "bundle", "verify", str(file), "--anchor", to_text(walk.fingerprint), "--offline")
    return f"{done.code} {done.output} {done.notes}"


STEPS: tuple[Callable[[Story], None], ...] = (
    first_administrator,
    everybody_comes,
    a_saved_cookie,
    a_list_goes_in,
    a_second_officer_approves,
    a_weapon_is_matched,
    a_record_is_found_and_traced,
    a_bundle_is_verified,
)
