"""The whole conversation between three agencies over the real service, as officers type it."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Result, command
from tests.support.lists import submit_rows
from tests.support.loopback import Walk, found_consortium

OWNER, ASKER, THIRD = "xar-arms", "xbe-cib", "xco-npa"
MAP = """
[[record]]
event = "recovery"
[record.fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
"item.type" = { value = "PI" }
"item.calibre" = { value = "9x19" }
"item.country_of_manufacture" = { value = "BRA" }
"item.serials" = { column = "serial" }
"case.case_number" = { column = "case" }
"case.circumstances" = { column = "note" }
"""
ROW = {"make": "Taurus", "serial": "SERIAL573528", "case": "CASE-2021-5512", "note": "told by a friend"}
# What officers write into messages.
SAID = {
    "use": "an inquiry into a shooting",
    "question": "which box was it in",
    "reply": "the green one",
    "custodian": "depot of the second army",
}


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give three agencies around a real service with one record in it, closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, ASKER, THIRD)
    assert submit_rows(found.session(OWNER), [ROW], text=MAP).records == 1
    found.close()
    return found


@pytest.fixture
def walk(walk: Walk) -> Walk:
    """Give a copy of the founded consortium, open; everybody has synced."""
    for agency in (OWNER, ASKER, THIRD):
        run(walk, agency, "sync")
    return walk


def run(walk: Walk, agency: str, *arguments: str, code: int = 0) -> Result:
    """Run a command that must end with `code`."""
    result = command(walk, *arguments, home=agency)
    assert result.code == code, (arguments, result.output, result.notes)
    return result


def ask(walk: Walk, agency: str, *arguments: str) -> Any:
    """Run a command and return its JSON."""
    return run(walk, agency, *arguments, "--json").json


def sync(walk: Walk, *agencies: str) -> None:
    """Sync homes, one after the other."""
    for agency in agencies:
        run(walk, agency, "sync")


def record(walk: Walk, agency: str) -> str:
    """Return the name of the one record, as an agency sees it."""
    return str(ask(walk, agency, "list")["records"][0]["record"])


def last(walk: Walk, agency: str, kind: str) -> Any:
    """Return the newest message of a kind that an agency knows."""
    threads = ask(walk, agency, "inbox")["threads"]
    found = [one for thread in threads for one in thread["messages"] if one["kind"] == kind]
    return max(found, key=lambda one: one["index"])


def enrol(walk: Walk, *names: str) -> None:
    """Enrol officers of the owner."""
    for name in names:
        run(walk, OWNER, "officer", "create", name)


def request_case(walk: Walk, name: str) -> str:
    """Let the asker ask for the case, and the owner read it; return the request's name."""
    run(walk, ASKER, "request", name, "--use", SAID["use"], "--urgent", "--onward", "COURT")
    sync(walk, OWNER)
    return str(last(walk, OWNER, "disclosure_request")["message"])


def release_by_two(walk: Walk, request: str) -> Any:
    """Release the case as RESTRICTED though it is SECRET: one officer proposes, another approves."""
    enrol(walk, "A. Abiola", "B. Berg")
    file = str(walk.folder / "release.json")
    lower = ("release", request, "--level", "RESTRICTED")
    proposed = run(walk, OWNER, *lower, "--officer", "A. Abiola", "-o", file).output
    assert "cannot be taken back" in " ".join(proposed.split())
    assert "its label with it" in proposed
    assert SAID["use"] in proposed
    assert "nothing was done" in run(walk, OWNER, "approve", file, "--officer", "B. Berg").output
    return ask(walk, OWNER, "approve", file, "--officer", "B. Berg", "--confirm")


def test_a_request_is_asked_back_released_opened_and_recalled(walk: Walk) -> None:
    """From the question to the recall, each step seen by the other side."""
    name = record(walk, ASKER)
    request = request_case(walk, name)
    assert SAID["use"] in run(walk, OWNER, "inbox", request).output
    run(walk, OWNER, "answer", request, "--acknowledge", "--reference", "K-17")
    run(walk, OWNER, "answer", request, "--ask", SAID["question"])
    sync(walk, ASKER)
    run(walk, ASKER, "answer", last(walk, ASKER, "more_information")["message"], "--tell", SAID["reply"])
    sync(walk, OWNER)

    alone = run(walk, OWNER, "release", request, "--level", "RESTRICTED", "--confirm", code=5)
    assert "two officers must agree" in alone.notes
    done = release_by_two(walk, request)
    assert (done["officers"], Path(done["kept"]).exists()) == (["A. Abiola", "B. Berg"], True)

    assert "1 release to you" in run(walk, ASKER, "sync").output
    seen = ask(walk, ASKER, "show", name)["portions"]["case"]
    assert (seen["level"], seen["fields"]["case.case_number"]) == ("RESTRICTED", ROW["case"])
    assert ask(walk, THIRD, "show", name)["portions"]["case"]["withheld"]
    sync(walk, ASKER, OWNER)
    released = last(walk, OWNER, "release")
    assert (released["opened"], released["confirmed"], released["fault"]) == (True, True, None)

    recalled = run(walk, OWNER, "recall", released["message"], "--why", "error").output
    assert "cannot be taken back" in " ".join(recalled.split())
    assert "1 release: deleted here" in " ".join(run(walk, ASKER, "sync").output.split())
    assert ask(walk, ASKER, "show", name)["portions"]["case"] == {
        "withheld": True,
        "ask": OWNER,
        "reason": "sealed to others",
    }


def test_one_trace_goes_to_several_agencies_under_one_thread(walk: Walk) -> None:
    """One refuses, one traces, the asker tells how it ended; neither of the two sees the other's words."""
    name = record(walk, ASKER)
    asked = ask(walk, ASKER, "request", "--to", OWNER, "--to", THIRD, "--about", name, "--use", SAID["use"])
    assert len({one["thread"] for one in asked["messages"]}) == 1
    sync(walk, OWNER, THIRD)

    run(walk, THIRD, "refuse", last(walk, THIRD, "trace_request")["message"], "--ground", "INVESTIGATION")
    request = last(walk, OWNER, "trace_request")["message"]
    run(walk, OWNER, "answer", request, "--outcome", "3", "--custodian", SAID["custodian"], "--date", "2019")
    sync(walk, ASKER)
    run(walk, ASKER, "answer", request, "--outcome", "5")
    sync(walk, OWNER, THIRD)

    assert last(walk, ASKER, "refusal")["body"]["ground"] == "INVESTIGATION"
    assert last(walk, OWNER, "response")["body"]["outcome"] == 5
    (thread,) = ask(walk, THIRD, "inbox")["threads"]
    assert {one["kind"] for one in thread["messages"]} == {"trace_request", "refusal", "receipt"}
    assert ask(walk, ASKER, "inbox")["threads"][0]["duties"] == []


def test_a_single_field_is_released_by_one_officer_without_its_label(walk: Walk) -> None:
    """Under the label's own terms one officer may, where its ceiling allows; the rest of the portion stays withheld."""
    name = record(walk, ASKER)
    field = ("--field", "item.make", "--to", THIRD, "--confirm")

    run(walk, OWNER, "release", name, *field)
    run(walk, THIRD, "sync")

    shown = last(walk, THIRD, "release")
    assert (shown["fault"], "item.make" in shown["body"]["shows"]) == (None, True)
    assert "without the label" in run(walk, OWNER, "release", name, *field[:-1]).output


def test_what_was_released_can_be_put_in_evidence(walk: Walk) -> None:
    """A bundle of the record shows the released portion as well, and verifies as the originator's words."""
    name = record(walk, ASKER)
    release_by_two(walk, request_case(walk, name))
    sync(walk, ASKER)
    file = walk.folder / "evidence.zip"

    exported = ask(walk, ASKER, "bundle", "export", name, "-o", str(file))
    verified = ask(walk, ASKER, "bundle", "verify", str(file), "--offline", "--allow-unwitnessed")

    assert exported["bytes"] == file.stat().st_size
    assert ROW["case"] in str(verified)
    assert ROW["case"] not in str(ask(walk, THIRD, "show", name))


def test_a_restored_home_rebuilds_its_inbox_from_the_log(walk: Walk) -> None:
    """Replica and outbox are gone: own boxes bring back what was said by this agency, too, with its releases' state."""
    name = record(walk, ASKER)
    release_by_two(walk, request_case(walk, name))
    sync(walk, ASKER, OWNER)
    before = {agency: ask(walk, agency, "inbox")["threads"] for agency in (OWNER, ASKER)}
    for agency in (OWNER, ASKER):
        for file in walk.homes[agency].path.glob("*.sqlite*"):
            if agency == ASKER or "replica" in file.name:
                file.unlink()

    for agency in (OWNER, ASKER):
        run(walk, agency, "sync", "--full")
        after = ask(walk, agency, "inbox")["threads"]
        assert [one["messages"] for one in after] == [one["messages"] for one in before[agency]]
    assert ask(walk, ASKER, "show", name)["portions"]["case"]["fields"]["case.case_number"] == ROW["case"]


def test_what_is_overdue_is_the_same_on_both_sides(walk: Walk) -> None:
    """Eight hours after an urgent request both list its decision as overdue, in the same words."""
    request_case(walk, record(walk, ASKER))
    assert ask(walk, OWNER, "inbox", "--overdue")["overdue"] == []
    walk.clock.now += 9 * 3_600

    lists = [ask(walk, agency, "inbox", "--overdue")["overdue"] for agency in (ASKER, OWNER)]

    assert lists[0] == lists[1]
    assert {one["task"] for one in lists[0]} == {"acknowledge", "decide"}
    assert "overdue by" in run(walk, ASKER, "inbox", "--overdue").output
    assert "first verified" in " ".join(run(walk, OWNER, "inbox", "--overdue").output.split())


def test_a_message_that_waits_goes_with_the_next_sync(walk: Walk) -> None:
    """It lies in the outbox until then, and is counted in the inbox."""
    name = record(walk, ASKER)
    run(walk, ASKER, "request", name, "--use", SAID["use"], "--later")
    assert ask(walk, ASKER, "inbox")["waiting"] == 1

    assert "sent" in run(walk, ASKER, "sync").output
    sync(walk, OWNER)

    assert ask(walk, ASKER, "inbox")["waiting"] == 0
    assert last(walk, OWNER, "disclosure_request")["from"] == ASKER


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("request", "--to", OWNER, "--use", "x"), 1, "item.make or item.make_text"),
        (("request", "--use", "x", "--make", "Colt"), 1, "item.type"),
        (("request", "--history", "--use", "x"), 1, "nobody is asked"),
        (("request", "--history", "--use", "x", "--to", "xzz-none"), 5, "no other agency"),
        (("request", "--history", "--use", "x", "--to", ASKER), 5, "no other agency"),
        (("request", "--history", "--use", " ", "--to", OWNER), 1, "white space"),
        (("answer", f"{OWNER}/AAAAAAAAAAAAAAAAAAAAAA", "--acknowledge"), 1, "no message of that name"),
        (("answer", f"{OWNER}/AAAAAAAAAAAAAAAAAAAAAA"), 1, "one answer at a time"),
        (("release", "--to", OWNER), 1, "not said what to release"),
        (("release", "--to", OWNER, "--where", "epochs=x"), 1, "--where"),
        (("release", "--to", OWNER, "--where", "epochs=all"), 1, "no closed epoch"),
        (("release", f"{OWNER}/AAAAAAAAAAAAAAAAAAAAAA", "--to", THIRD, "--portion", "case"), 5, "only its originator"),
        (("inbox", "AAAAAAAAAAAAAAAAAAAAAA"), 1, "no thread of that id"),
    ],
)
def test_what_cannot_be_said_is_refused_with_a_reason(
    walk: Walk, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """Which rule, and what to do; nothing is written to the outbox."""
    assert words in run(walk, ASKER, *arguments, code=code).notes
    assert ask(walk, ASKER, "inbox")["waiting"] == 0
