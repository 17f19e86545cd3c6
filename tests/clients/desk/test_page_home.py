"""The pages / and /log over a real service: what waits, and whether we are told the truth."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus

import pytest

from clients.desk import ticks
from clients.desk.pages.log import AUDIT, SELF_TEST, run_audit, run_self_test
from clients.desk.people.mandates import Mandate
from clients.desk.people.person import Role
from clients.desk.weapons import SAW
from clients.desk.working import Ran, Worker
from clients.errors import TrustError
from clients.lastview import last_view
from ledger.errors import NotFoundError
from tests.support.commands import command
from tests.support.desks import Desk, mandate
from tests.support.loopback import Walk
from tests.support.matched import ask, found_matching, submit, tick

OWNER, ASKER = "xbe-cib", "xar-arms"
TAURUS = "2024-01-02;recovery;pistol;Taurus;9 mm;TJS84213"
QUIET = "2024-04-01;recovery;pistol;Taurus;9 mm;QUIET9911"
HOUR = 3_600


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give three agencies that match; one of them holds an open and a silent record; somebody asked about both."""
    walk = found_matching(tmp_path_factory.mktemp("matching"))
    assert submit(walk, OWNER, [TAURUS]).code == 0
    text = json.loads(command(walk, "profile", "show", "--json", home=OWNER).output)["profile"]
    text = text.replace('rel = "members@2"', "rel = []").replace('recovery = "open"', 'recovery = "silent"')
    (walk.homes[OWNER].path / "profile.toml").write_text(text, encoding="utf-8")
    assert submit(walk, OWNER, [QUIET], name="quiet").code == 0
    (walk.homes[OWNER].path / "profile.toml").unlink()
    for serial in ("TJS84213", "QUIET9911"):
        ask(walk, ASKER, "--make", "Taurus", "--serial", serial)
    tick(walk)
    assert command(walk, "sync", home=ASKER).code == 0
    walk.close()
    return walk


def _take_all(working: Worker) -> None:
    """Do what is due, as the worker's thread does."""
    while (found := working._choose()) is not None:
        working._state.now_doing = found[0]
        working._do(*found)


@pytest.fixture
def desk(walk: Walk) -> Iterator[Desk]:
    """Give the owner's desk."""
    made = Desk(walk, OWNER)
    yield made
    made.close()


def test_the_first_page_tells_what_waits(desk: Desk) -> None:
    """After a sync: the silent hit to review, who asked for what else, and how fresh all of it is."""
    browser = desk.browser(desk.add("Ana"))
    before = browser.text("/")
    ticks.sync(desk.office)
    after = browser.text("/")

    assert "Nothing waits for you." in before
    assert "Silent hits to review" in after
    assert "xar-arms asked for what you have sealed" in after
    assert "Hits on our weapons" in after


@pytest.mark.parametrize("path", ["/", "/hits"])
def test_a_hit_names_the_weapon_to_whoever_may_read_it(desk: Desk, path: str) -> None:
    """Make and number under the mark of their portion, the page under their marking alone, noted in the record of use."""
    ticks.sync(desk.office)
    text = desk.browser(desk.add("Ana")).text(path)
    noted = desk.parts.use.entries(limit=1)[0].entry

    for serial in ("TJS84213", "QUIET9911"):
        assert f'<bdi class="serial">{serial}</bdi>' in text
    assert (
        text.count('<abbr title="RESTRICTED">(R)</abbr></span> <bdi>semi-automatic pistol · Taurus · 9 mm Luger</bdi>')
        == 2
    )
    assert text.count("RESTRICTED · xbe-cib · ORIGINATOR ONLY") == 2
    assert (noted.who, noted.did) == ("Ana", SAW)
    assert all(f"/records/{name}" in text for name in noted.of.partition(": ")[2].split())


@pytest.mark.parametrize("path", ["/", "/hits"])
@pytest.mark.parametrize("trusted", [mandate(Role.ANALYST, clearance=None)])
def test_attack_a_hit_read_without_clearance(desk: Desk, path: str, trusted: Mandate) -> None:
    """Who may not read the weapon sees that somebody asked, a bar, and nothing that the item portion holds."""
    ticks.sync(desk.office)
    text = desk.browser(desk.add("Oto", trusted)).text(path)

    assert "Hits on our weapons" in text
    assert text.count("withheld · ask xbe-cib") == 2
    assert not any(value in text for value in ("TJS84213", "QUIET9911", "Taurus", "pistol"))
    assert "no record is shown here" in text
    assert not [one for one in desk.parts.use.entries(limit=5) if one.entry.did == SAW]


def test_a_silent_hit_that_nobody_reviewed_is_said_to_be_late(desk: Desk) -> None:
    """After 72 hours the page says so; a stale replica is said to be stale, or unwitnessed, whatever else is on it."""
    ticks.sync(desk.office)
    person = desk.add("Ana")
    desk.walk.clock.advance(72 * HOUR)
    text = desk.browser(person).text("/")

    assert "1 should have been reviewed by now." in text
    assert "UNWITNESSED" in text


def test_what_is_due_is_told_with_its_clock(desk: Desk) -> None:
    """A request by a partner waits with the time that is left, and is overdue after it; the asker sees the same."""
    name = command(desk.walk, "list", "--json", home=ASKER).json["records"][0]["record"]
    asked = command(desk.walk, "request", name, "--use", "an inquiry", "--portion", "case", home=ASKER)
    assert asked.code == 0, asked.notes
    ticks.sync(desk.office)
    ticks.send(desk.office)
    person = desk.add("Ana")
    waiting = desk.browser(person).text("/")
    desk.walk.clock.advance(25 * HOUR)
    late = desk.browser(person).text("/")

    assert "Due from us" in waiting
    assert "acknowledge · xar-arms" in waiting
    assert "left" in waiting
    assert "overdue since" in late


def test_who_does_not_talk_is_not_told_who_asked(desk: Desk) -> None:
    """An auditor, a submitter and an administrator see no hit and no request on the first page."""
    ticks.sync(desk.office)
    for role in (Role.AUDITOR, Role.SUBMITTER, Role.ADMINISTRATOR):
        text = desk.browser(desk.add(role.value, mandate(role))).text("/")

        assert "xar-arms" not in text
        assert "Silent" not in text


def test_a_failed_round_is_told_until_the_next_one(desk: Desk) -> None:
    """How the last sync went stands on / and /log, by what it said or by its type."""
    person = desk.add("Ana")
    desk.parts.working._state.ran["sync"] = Ran(at=desk.walk.clock(), kind="TrustError", what="another history")
    desk.parts.working._state.ran["letters"] = Ran(at=desk.walk.clock(), kind="ZeroDivisionError")
    for path in ("/", "/log"):
        text = desk.browser(person).text(path)
        assert "another history" in text
        assert "ZeroDivisionError" in text
        assert text.count("✗ failed just now") == 2
    desk.parts.working._state.ran["sync"] = Ran(at=desk.walk.clock() - 120)

    assert "✓ 2 minutes ago" in desk.browser(person).text("/")


def test_the_alarm_and_the_audit_stand_on_the_first_page(desk: Desk) -> None:
    """Whether our own audit and the alarm's self-test passed, and when, or that nobody has made them yet."""
    person = desk.add("Ana")
    before = desk.browser(person).text("/")
    desk.parts.working._state.ran[SELF_TEST] = Ran(
        at=desk.walk.clock(), what="the record was not found", kind="TrustError"
    )
    desk.parts.working._state.ran["audit"] = Ran(at=desk.walk.clock() - 120)
    after = desk.browser(person).text("/")

    assert before.count("not done yet") == 2
    assert "Alarm self-test: <strong" in after
    assert "the record was not found" in after
    assert 'Our own audit: <span class="good">✓ 2 minutes ago' in after
    assert "Alarm self-test" not in desk.browser(desk.add("Sub", mandate(Role.SUBMITTER))).text("/")


def test_letters_leave_when_the_minute_is_full(desk: Desk) -> None:
    """A receipt that a sync wrote waits, is sent by the round of the letters, and then waits no more."""
    name = command(desk.walk, "list", "--json", home=ASKER).json["records"][0]["record"]
    assert command(desk.walk, "request", name, "--use", "x", "--portion", "case", home=ASKER).code == 0
    ticks.sync(desk.office)
    browser = desk.browser(desk.add("Ana"))
    waiting = browser.text("/")
    ticks.send(desk.office)
    sent = browser.text("/")
    ticks.send(desk.office)

    assert "1 message waits for the next full minute." in waiting
    assert "for the next full minute" not in sent


def test_attack_a_message_hurried_by_the_button(desk: Desk) -> None:
    """Whoever presses "Sync now" has the log read and lists sent; what was written waits for its minute, which is told."""
    rounds = {name: list[int]() for name in (ticks.SYNC, ticks.LETTERS, ticks.IMPORTS)}
    working = desk.parts.working
    for name, done in rounds.items():
        on_the_minute = name == ticks.LETTERS
        working.every(60, partial(done.append, 1), name=name, on_the_minute=on_the_minute)
    _take_all(working)
    departure = working.due(ticks.LETTERS)
    browser = desk.browser(desk.add("Ana"))
    told = {path: browser.text(path) for path in ("/", "/inbox", "/log")}
    sent = browser.submit("/sync", page="/inbox", back="/inbox")
    _take_all(working)

    assert departure is not None
    when = datetime.fromtimestamp(departure, UTC).strftime("%Y-%m-%d %H:%M UTC")
    assert all(when in text and "Messages leave next" in text for text in told.values())
    assert (sent.status_code, sent.location) == (HTTPStatus.SEE_OTHER, "/inbox")
    assert {name: len(done) for name, done in rounds.items()} == {"sync": 2, "letters": 0, "imports": 2}
    assert working.due(ticks.LETTERS) == departure
    assert desk.parts.use.entries(limit=1)[0].entry.did == "sync"


def test_a_double_click_on_sync_reads_the_log_once(desk: Desk) -> None:
    """The second press, and one while it is being done, changes nothing; the page offers no button meanwhile."""
    done: list[int] = []
    browser = desk.browser(desk.add("Ana"))
    again: list[int] = []

    def job() -> None:
        if again:
            return
        again.append(browser.submit("/sync").status_code)
        done.append(1)

    working = desk.parts.working
    token = browser.token("/me")
    working.every(600, job, name=ticks.SYNC)
    twice = [browser.send("/sync", {"token": token}).status_code for _ in range(2)]
    shown = browser.text("/")
    _take_all(working)
    offered = browser.text("/")

    assert twice == [HTTPStatus.SEE_OTHER] * 2
    assert again == [HTTPStatus.SEE_OTHER]
    assert done == [1]
    assert "The log is being read." in shown
    assert "Sync now" not in shown
    assert "Sync now" in offered


def test_the_log_page_shows_what_was_verified(desk: Desk) -> None:
    """Size, root, charter and its fingerprint are those of the verified checkpoint."""
    ticks.sync(desk.office)
    view = last_view(desk.office.home)
    assert view is not None
    text = desk.browser(desk.add("Ana")).text("/log")

    assert view.checkpoint.root.hex() in text
    assert view.fingerprint_words in text
    assert f"<dd>{view.checkpoint.size:,}</dd>" in text
    assert "UNWITNESSED" in text


def test_evidence_against_the_log_is_said_in_red(desk: Desk) -> None:
    """What `sync` kept because the log contradicted itself stands on top of the page, by its name."""
    (desk.office.home.trusted / "fraud-AbC-1.json").write_bytes(b"{}")
    (desk.office.home.trusted / "evidence-AbC").write_bytes(b"")

    text = desk.browser(desk.add("Ana")).text("/log")

    assert "The log has contradicted itself" in text
    assert "fraud-AbC-1.json" in text
    assert "evidence-AbC" in text


def test_the_self_test_passes_and_is_remembered(desk: Desk) -> None:
    """It is begun by a form, once however often that is sent; how it went is told after a restart, too."""
    browser = desk.browser(desk.add("Ana"))
    first, again = browser.submit("/log/self-test"), browser.submit("/log/self-test")
    running = browser.text("/log")
    queued = len(desk.parts.working._state.queue)
    name, job = desk.parts.working._state.queue.popleft()
    desk.parts.working._do(name, job)
    passed = browser.text("/log")
    desk.close()
    reopened = Desk(desk.walk, OWNER)
    told = reopened.parts.working.ran[SELF_TEST]
    reopened.close()

    assert (first.status_code, again.status_code, queued) == (HTTPStatus.SEE_OTHER, HTTPStatus.SEE_OTHER, 1)
    assert "It is running." in running
    assert "✓ passed just now" in passed
    assert not told.failed


def test_a_self_test_that_finds_nothing_is_an_alarm(walk: Walk) -> None:
    """Of a profile that answers nothing openly there is nothing to find, and that is said, not passed over."""
    desk = Desk(walk, "xco-npa")
    text = json.loads(command(walk, "profile", "show", "--json", home="xco-npa").output)["profile"]
    (walk.homes["xco-npa"].path / "profile.toml").write_text(text.replace('"open"', '"off"'), encoding="utf-8")
    with pytest.raises(TrustError, match="answers no kind of event openly"):
        run_self_test(desk.office)
    desk.close()


def test_an_audit_is_made_and_told(desk: Desk) -> None:
    """The whole log is audited without believing the service; the verdict stands on the page."""
    ticks.sync(desk.office)
    browser = desk.browser(desk.add("Ana"))
    sent = browser.submit("/log/audit")
    name, job = desk.parts.working._state.queue.popleft()
    desk.parts.working._do(name, job)

    assert sent.status_code == HTTPStatus.SEE_OTHER
    assert name == AUDIT
    assert "UNWITNESSED · " in browser.text("/log")
    assert "UNWITNESSED" in run_audit(desk.office)


def test_a_record_is_proved_step_by_step(walk: Walk) -> None:
    """Disclosures, agency, batch twice, log and charter: each with its tick, under the record's own marking."""
    desk = Desk(walk, ASKER)
    name = command(walk, "list", "--json", home=ASKER).json["records"][0]["record"]
    answer = desk.browser(desk.add("Ana")).get(f"/log/records/{name}")
    text = answer.get_data(as_text=True)
    desk.close()

    assert answer.status_code == HTTPStatus.OK, text
    for step in ("What is shown is what was signed", "xbe-cib signed it", "ML-DSA-65", "It is in the log", "telephone"):
        assert step in text
    assert text.count("RESTRICTED · xbe-cib · REL TO") == 2
    assert "TJS84213" not in text
    assert "Withheld, and proved to be withheld only: Case" in text


@pytest.mark.parametrize("trusted", [mandate(Role.ANALYST, clearance=None)])
def test_a_proof_shows_nobody_more_than_the_record(walk: Walk, trusted: object) -> None:
    """Who may read nothing of a record is not shown what proves it, and a record that is not there proves nothing."""
    desk = Desk(walk, ASKER)
    name = command(walk, "list", "--json", home=ASKER).json["records"][0]["record"]
    browser = desk.browser(desk.add("Oto", trusted))  # type: ignore[arg-type]  # a mandate
    refused, missing = browser.get(f"/log/records/{name}"), browser.get("/log/records/xbe-cib/AAAAAAAAAAAAAAAAAAAAAA")
    garbled = browser.get("/log/records/xbe-cib/..%2f..%2fdesk.sqlite")
    desk.close()

    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert missing.status_code == HTTPStatus.NOT_FOUND
    assert garbled.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}
    assert NotFoundError.__name__ not in missing.get_data(as_text=True)


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "", "evil"])
def test_attack_a_way_back_that_leads_elsewhere(desk: Desk, back: str) -> None:
    """After changing the purpose one goes on at a page of this desk, whatever the form says."""
    browser = desk.browser(desk.add("Ana"))

    assert browser.submit("/purpose", purpose="CT", back=back).location == "/"


@pytest.mark.parametrize("purpose", ["SANCTIONS", "", "trace", "TRACE' OR 1"])
def test_attack_a_purpose_that_is_not_ones_own(desk: Desk, purpose: str) -> None:
    """A purpose is given by administrators: any other is refused, and the one before goes on."""
    browser = desk.browser(desk.add("Oto", mandate(Role.ANALYST)))

    assert browser.submit("/purpose", purpose=purpose).status_code == HTTPStatus.FORBIDDEN
    assert '<option value="TRACE" selected>' in browser.text("/")
