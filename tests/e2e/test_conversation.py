"""The whole conversation between three agencies over the real service, as officers type it."""

from collections.abc import Iterator
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
ROW = {"make": "Taurus", "serial": "CANARYSERIAL573528", "case": "CANARY-CASE-2021-5512", "note": "told by CANARYNAME"}
# What officers write into messages: none of it may ever stand on the service's side.
SAID = {
    "use": "CANARYUSE inquiry into a shooting",
    "question": "CANARYQUESTION which box was it in",
    "reply": "CANARYREPLY the green one",
    "custodian": "CANARYDEPOT of the second army",
}


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give three agencies around a real service with one record in it, closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, ASKER, THIRD)
    assert submit_rows(found.session(OWNER), [ROW], text=MAP).records == 1
    found.close()
    return found


@pytest.fixture
def walk(founded: Walk, tmp_path: Path) -> Iterator[Walk]:
    """Give a copy of the founded consortium, open; everybody has synced."""
    found = founded.copy_to(tmp_path / "copy")
    for agency in (OWNER, ASKER, THIRD):
        run(found, agency, "sync")
    yield found
    found.close()


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


def service_bytes(walk: Walk) -> bytes:
    """Return every byte the service keeps: database, write-ahead log, everything else."""
    return b"".join(path.read_bytes() for path in sorted(walk.config.data.rglob("*")) if path.is_file())


def answers(walk: Walk) -> bytes:
    """Return every byte that went over the network."""
    sent = b"".join((one.body or b"") + one.target.encode() for one in walk.transport.requests)
    return sent + b"".join(one.body for one in walk.transport.responses)


def test_the_whole_conversation(walk: Walk) -> None:
    """Asked, acknowledged, asked back, released by two officers, opened, recalled; traced by a third; nothing leaks."""
    name = record(walk, ASKER)
    canaries = [*ROW.values(), *SAID.values()]

    def nothing_leaked() -> None:
        kept, sent = service_bytes(walk), answers(walk)
        assert [one for one in canaries if one.encode() in kept or one.encode() in sent] == []

    # One request for the case to its owner; one for the trace to two agencies under one thread.
    run(walk, ASKER, "request", name, "--use", SAID["use"], "--urgent", "--onward", "COURT")
    traced = ask(walk, ASKER, "request", "--to", OWNER, "--to", THIRD, "--about", name, "--use", SAID["use"])
    assert len({one["thread"] for one in traced["messages"]}) == 1
    nothing_leaked()
    sync(walk, OWNER, THIRD)
    wanted = last(walk, OWNER, "disclosure_request")
    shown = run(walk, OWNER, "inbox", wanted["message"]).output
    assert SAID["use"] in shown
    assert "its law" not in shown  # these agencies declare none

    # Acknowledged, asked back, answered.
    run(walk, OWNER, "answer", wanted["message"], "--acknowledge", "--reference", "K-17")
    run(walk, OWNER, "answer", wanted["message"], "--ask", SAID["question"])
    nothing_leaked()
    sync(walk, ASKER)
    run(walk, ASKER, "answer", last(walk, ASKER, "more_information")["message"], "--tell", SAID["reply"])
    sync(walk, OWNER)

    # The case was SECRET to its owner alone: released as RESTRICTED, by two officers.
    enrol(walk, "A. Abiola", "B. Berg")
    alone = command(walk, "release", wanted["message"], "--level", "RESTRICTED", "--confirm", home=OWNER)
    assert (alone.code, "two officers must agree" in alone.notes) == (5, True)
    file = str(walk.folder / "release.json")
    proposed = run(
        walk, OWNER, "release", wanted["message"], "--level", "RESTRICTED", "--officer", "A. Abiola", "-o", file
    )
    assert "cannot be taken back" in proposed.output
    assert "its label with it" in proposed.output
    assert SAID["use"] in proposed.output
    assert "nothing was done" in run(walk, OWNER, "approve", file, "--officer", "B. Berg").output
    done = ask(walk, OWNER, "approve", file, "--officer", "B. Berg", "--confirm")
    assert (done["done"], done["officers"]) == (True, ["A. Abiola", "B. Berg"])
    assert Path(done["kept"]).exists()
    nothing_leaked()

    # The asker sees it under the terms of the release, and the owner is told when it is opened.
    assert "1 releases to you" in run(walk, ASKER, "sync").output
    seen = ask(walk, ASKER, "show", name)
    assert seen["portions"]["case"]["fields"]["case.case_number"] == ROW["case"]
    assert seen["portions"]["case"]["level"] == "RESTRICTED"
    assert ask(walk, THIRD, "show", name)["portions"]["case"]["withheld"]
    sync(walk, ASKER, OWNER)
    released = last(walk, OWNER, "release")
    assert (released["opened"], released["confirmed"], released["fault"]) == (True, True, None)
    nothing_leaked()

    # The third agency refuses; the owner traces; the asker tells how it ended.
    asked_third = last(walk, THIRD, "trace_request")
    run(walk, THIRD, "refuse", asked_third["message"], "--ground", "INVESTIGATION")
    asked_owner = last(walk, OWNER, "trace_request")
    run(
        walk,
        OWNER,
        "answer",
        asked_owner["message"],
        "--outcome",
        "3",
        "--custodian",
        SAID["custodian"],
        "--date",
        "2019",
    )
    sync(walk, ASKER)
    run(walk, ASKER, "answer", asked_owner["message"], "--outcome", "5")
    assert last(walk, ASKER, "refusal")["body"]["ground"] == "INVESTIGATION"
    nothing_leaked()

    # Recalled: gone from the view and from the file.
    recalled = run(walk, OWNER, "recall", released["message"], "--why", "error")
    assert "cannot be taken back" in recalled.output
    assert "1 releases" in run(walk, ASKER, "sync").output
    assert ask(walk, ASKER, "show", name)["portions"]["case"] == {
        "withheld": True,
        "ask": OWNER,
        "reason": "sealed to others",
    }
    nothing_leaked()
    assert all(one["fault"] is None for thread in ask(walk, ASKER, "inbox")["threads"] for one in thread["messages"])
