"""The second half of the desks' story: one agency asks for what is withheld, two officers of the other release it, one recalls it.

Nobody waits ten minutes for the desk to read the log: people press "Sync now", as often as they are curious.
"""

from collections.abc import Callable

from tests.support.chromium import Person, sit_down
from tests.support.deskstory import ADMINISTRATOR, ANALYST, FIRST, SECOND, STRANGER, Story, invite, verdict_on
from tests.support.loopback import PHRASE

USE = "an inquiry into how it came into our port"
SECRET_WORDS = "under the floor of a boat"
_LOOKS = 240


def look_until(person: Person, path: str, seen: Callable[[], int]) -> None:
    """Open a page again and again until something is seen on it, and have the log read meanwhile."""
    for _ in range(_LOOKS):
        person.open(path)
        if seen():
            return
        person.open("/inbox")
        if person.page.get_by_role("button", name="Sync now").count():
            person.press("Sync now")
        person.page.wait_for_timeout(250)
    raise AssertionError(f"{path} never came to show it")


def words(person: Person) -> str:
    """Return what somebody reads on the page in one column."""
    return person.page.locator("main").inner_text()


def links(person: Person, name: str) -> Callable[[], int]:
    """Return what counts the links of that name on somebody's page."""
    return lambda: person.page.get_by_role("link", name=name, exact=True).count()


def a_hit_leads_to_a_trace(story: Story) -> None:
    """From the hit that they were told of the asker goes to the trace; the owner of the weapon from the notice of it."""
    asker, owner = story.at(ANALYST), story.at(FIRST)
    look_until(asker, story.found["inquiry"], links(asker, "Trace the weapon"))
    asker.presses = 0
    asker.follow("Trace the weapon")
    story.found["traced by the asker"] = words(asker)
    story.clicks["asker"] = asker.presses
    look_until(owner, "/", owner.page.get_by_role("heading", name="Hits on our weapons").count)
    story.picture(FIRST, "today")
    owner.presses = 0
    owner.enter_first("#hits ~ ul a[href*='/records/']")
    owner.follow("Trace this weapon")
    story.found["traced by the owner"] = words(owner)
    story.clicks["owner"] = owner.presses


def what_is_withheld_is_asked_for(story: Story) -> None:
    """The asker sees a bar where the case would be, asks for it, and says what for."""
    person = story.at(ANALYST)
    person.open(story.found["inquiry"])
    person.follow("Open the record")
    story.found["their record"] = person.path
    story.found["withheld"] = words(person)
    story.picture(ANALYST, "withheld")
    person.follow("Ask for it")
    person.page.get_by_label("What you will use it for").fill(USE)
    person.press("Ask")


def the_other_desk_decides(story: Story) -> None:
    """An officer reads what was declared, says that it is here, and proposes to release the one portion."""
    person = story.at(FIRST)
    page = person.page
    look_until(person, "/inbox", page.locator("main tbody a").count)
    person.enter_first("main tbody a")
    story.found["thread"] = person.path
    person.follow("Answer this")
    story.found["request"] = person.path
    story.found["before deciding"] = words(person)
    story.picture(FIRST, "decide")
    person.unfold("Acknowledge: it is here")
    person.press("Acknowledge it")
    person.open(story.found["request"])
    person.follow("Grant or release what is asked for")
    person.confirm()
    see_what_it_would_do(person)
    story.found["look"] = words(person)
    story.picture(FIRST, "release")
    page.get_by_label("The passphrase of your own").fill(PHRASE.decode())
    person.press("Sign and propose it")
    story.found["proposal"] = person.path


def a_second_officer_releases(story: Story) -> None:
    """The second officer sees the same, and the asker's declared use above it, before their own key signs."""
    person = story.at(SECOND)
    person.open(story.found["proposal"])
    story.found["seen by the second"] = words(person)
    person.page.get_by_label("The passphrase of your own").fill(PHRASE.decode())
    person.press("Approve it and carry it out")
    story.found["approved"] = words(person)


def what_was_released_is_read(story: Story) -> None:
    """The asker's desk fetches it, shows it, traces with it, and lets it leave as a file that verifies."""
    person = story.at(ANALYST)
    record = story.found["their record"]
    look_until(person, record, person.page.get_by_text(SECRET_WORDS).count)
    story.found["released"] = words(person)
    person.follow("Trace this weapon")
    story.found["traced again"] = words(person)
    person.open(record)
    person.follow("Make an evidence bundle")
    person.confirm()
    with person.page.expect_download() as coming:
        person.page.get_by_role("button", name="Make the bundle").press("Enter")
    story.found["verified by the asker"] = verdict_on(story, coming.value)


def it_is_recalled(story: Story) -> None:
    """The owner recalls what it released; the asker's desk shows it no more, and says so."""
    officer, reader = story.at(FIRST), story.at(ANALYST)
    officer.open(story.found["thread"])
    story.picture(FIRST, "thread")
    officer.page.locator("article", has_text="release").get_by_role("link", name="Answer this").last.press("Enter")
    officer.unfold("Recall this release")
    officer.press("Recall it")
    record = story.found["their record"]
    look_until(reader, record, lambda: not reader.page.get_by_text(SECRET_WORDS).count())
    story.found["recalled"] = words(reader)


def see_what_it_would_do(person: Person) -> None:
    """Choose the case of a record as something that its reader may be shown; nothing is sent."""
    person.page.locator("[name=portion][value=case]").check()
    person.page.locator("#level").select_option("RESTRICTED")
    person.enter_first("form[action='/inbox/release/look'] > button")


def look_at_release(person: Person, record: str) -> None:
    """Choose a whole portion of an own record, and open the page that says what its release would do; nothing is sent."""
    person.open(record.replace("/records/", "/inbox/release/of/"))
    see_what_it_would_do(person)


def a_proposal_is_left(story: Story) -> None:
    """At the end something else waits for a second officer, as on most days."""
    person = story.at(FIRST)
    look_at_release(person, story.found["record"])
    person.page.get_by_label("The passphrase of your own").fill(PHRASE.decode())
    person.press("Sign and propose it")
    story.found["waiting"] = person.path


def somebody_is_at_the_door(story: Story) -> None:
    """One who is not signed in has a browser, and a link that an administrator made for them."""
    story.found["a link"] = invite(story, ADMINISTRATOR, "Oto Odum", ("analyst",))
    story.people[STRANGER] = sit_down(story.browser, STRANGER, story.at(ADMINISTRATOR).origin, story.seen)


STEPS: tuple[Callable[[Story], None], ...] = (
    a_hit_leads_to_a_trace,
    what_is_withheld_is_asked_for,
    the_other_desk_decides,
    a_second_officer_releases,
    what_was_released_is_read,
    it_is_recalled,
    a_proposal_is_left,
    somebody_is_at_the_door,
)
