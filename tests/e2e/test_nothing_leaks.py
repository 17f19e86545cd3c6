"""The whole conversation between three agencies over HTTP, and what the operator has of it after every step: nothing.

Submitting, matching, asking, releasing, recalling, answering, tracing and expunging, all against `sealtrace-server serve`
in a process of its own. After each step every file of the service, its log and metrics, every request and answer, and the
memory of each of its processes are searched for every word that an agency wrote, in every spelling; at the end for every
secret that a member holds, too. At last 900 rows more go through, and copies are made.
"""

import os
import secrets
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients import charters
from clients.agency import Identity, Passphrase, create_agency, parse_enrolment
from clients.errors import NotPermittedError
from clients.generator import Options, canaries, generate, write
from clients.keyring import Keyring
from clients.service import Service
from clients.session import join
from clients.transport import Request
from ledger.agencies import Contact
from ledger.kinds import Typ
from ledger.labels import Level
from ledger.terms import Limits
from ledger.wire import paths
from tests.support.attempts import attempts, forbidden
from tests.support.canaries import Place, Search, files_of, spellings
from tests.support.loopback import ORIGIN, PHRASE, URL, WEAK, found_consortium
from tests.support.matched import newest_charter, share_key, start_epoch
from tests.support.memory import chunks_of
from tests.support.processes import ROOT
from tests.support.scene import (
    AGENCIES,
    ASKER,
    AUDITOR,
    COVERT,
    FIRST,
    LATE,
    NEWCOMER,
    NOBODY,
    OLD,
    OWNER,
    ROW,
    SAID,
    SECOND,
    STOLEN,
    THIRD,
    UNLISTED,
    Scene,
    case_of,
    words,
)
from tests.support.served import Served, served

pytestmark = pytest.mark.slow

LOOKUPS = 60
LOADED = (OWNER, ASKER)
SAME = "approval by the same officer"


def the_charter_names_a_matching_key(scene: Scene) -> None:
    """The members agree on it, and their homes take it."""
    start_epoch(scene.served, ep=1, by=OWNER, limits=Limits(entries="open", lookups=LOOKUPS))
    share_key(scene.served, by=OWNER)


def lists_are_submitted(scene: Scene) -> None:
    """Two agencies log what they know of a weapon, one of them another covertly, the third one of an unlisted make."""
    scene.submit(
        OWNER,
        {"event": "theft", "serial": STOLEN, "date": "2023-05-06"},
        {"event": "recovery", "serial": COVERT, "covert": "yes"},
    )
    scene.submit(ASKER, {"event": "recovery", "serial": STOLEN})
    scene.submit(THIRD, {"event": "export", "serial": STOLEN, "make": UNLISTED, "date": "2019-03-04"})
    scene.sync(*AGENCIES)
    scene.names[STOLEN] = scene.record(OWNER, STOLEN, of=OWNER)


def a_weapon_is_asked_for(scene: Scene) -> None:
    """A hit; possible ones where the make is not told; nothing of a silent record, and nothing where there is nothing."""
    make = ("--make", "forjas taurus", "--serial")
    assert scene.match(*make, STOLEN.lower()) == [("hit", "T0")]
    assert scene.match("--serial", STOLEN, "--type", "pistol", "--calibre", "9x19") == [("possible", "T3")] * 2
    assert scene.match(*make, COVERT) == []
    assert scene.match(*make, NOBODY) == []
    assert scene.rows("SELECT used FROM uses WHERE kind = 'lookups'") == [(4,)]


def own_records_are_asked_about(scene: Scene) -> None:
    """A list of one's own costs from a limit of its own."""
    assert ("hit", "T0") in scene.match("--mine")


def a_watch_fires_and_notices_come_with_the_tick(scene: Scene) -> None:
    """The owner hears who asked, for the silent record too, and reviews it; the asker hears of what came later."""
    assert scene.match("--make", ROW["make"], "--serial", LATE, "--watch") == []
    scene.ticked()
    scene.submit(OWNER, {"event": "loss", "serial": LATE})
    scene.wait(lambda: "a watch fired" in scene.run(ASKER, "notices").output)
    told = scene.run(OWNER, "notices").output
    assert "silent ✓ hit" in told
    assert f"{ASKER} asked" in told
    assert scene.ask(OWNER, "notices", "--reviewed")["reviewed"] >= 1
    scene.sync(ASKER, THIRD)


def one_request_goes_to_two_agencies(scene: Scene) -> None:
    """Under one thread; neither sees the other's words."""
    about = ("--about", scene.record(ASKER, STOLEN, of=ASKER), "--circumstances", SAID["found"])
    why = ("--use", SAID["use"], "--reference", SAID["reference"], "--urgent", "--onward", "COURT")
    asked = scene.ask(ASKER, "request", "--to", OWNER, "--to", THIRD, *about, *why)
    assert len({one["thread"] for one in asked["messages"]}) == 1
    scene.sync(OWNER, THIRD)
    assert SAID["use"] in scene.run(OWNER, "inbox", asked["messages"][0]["thread"]).output
    scene.names["trace"] = scene.last(OWNER, "trace_request")["message"]
    scene.names["trace of third"] = scene.last(THIRD, "trace_request")["message"]


def they_acknowledge_ask_back_and_refer(scene: Scene) -> None:
    """The owner acknowledges and asks back, the third refers to another State."""
    scene.run(OWNER, "answer", scene.names["trace"], "--acknowledge", "--reference", SAID["reference"])
    scene.run(OWNER, "answer", scene.names["trace"], "--ask", SAID["question"])
    further = ("--refer", OWNER, "--contact", SAID["contact"], "--note", SAID["note"])
    scene.run(THIRD, "answer", scene.names["trace of third"], *further)
    scene.sync(ASKER)
    scene.run(ASKER, "answer", scene.last(ASKER, "more_information")["message"], "--tell", SAID["reply"])
    scene.sync(OWNER)
    assert scene.last(OWNER, "more_information")["body"]["answers"] == SAID["reply"]
    assert scene.last(ASKER, "referral")["body"]["note"] == SAID["note"]


def a_disclosure_is_refused(scene: Scene) -> None:
    """On a ground of the instrument, with words of its own."""
    scene.run(ASKER, "request", scene.record(ASKER, STOLEN, of=THIRD), "--portion", "case", "--use", SAID["use"])
    scene.sync(THIRD)
    asked = scene.last(THIRD, "disclosure_request")["message"]
    scene.run(THIRD, "refuse", asked, "--ground", "INVESTIGATION", "--reason", SAID["reason"])
    scene.sync(ASKER)
    assert scene.last(ASKER, "refusal")["body"]["reason"] == SAID["reason"]
    scene.names["refused"] = asked


def two_officers_release_a_portion(scene: Scene) -> None:
    """One proposes and another approves; its reader opens it, and says so."""
    scene.run(ASKER, "request", scene.names[STOLEN], "--portion", "case", "--use", SAID["use"])
    scene.sync(OWNER)
    asked = scene.last(OWNER, "disclosure_request")["message"]
    for officer in (FIRST, SECOND):
        scene.run(OWNER, "officer", "create", officer)
    lower = ("release", asked, "--level", "RESTRICTED", "--officer", FIRST, "-o", scene.proposal())
    assert "its label with it" in scene.run(OWNER, *lower).output
    alone = ("approve", scene.proposal(), "--officer", FIRST, "--confirm")
    scene.refuse(SAME, lambda: forbidden(scene, OWNER, *alone), NotPermittedError, "same officer")
    scene.run(OWNER, "approve", scene.proposal(), "--officer", SECOND, "--confirm")
    scene.sync(ASKER)
    case = scene.ask(ASKER, "show", scene.names[STOLEN])["portions"]["case"]
    assert case["fields"]["case.case_number"] == case_of(STOLEN)
    scene.sync(ASKER, OWNER)
    released = scene.last(OWNER, "release")
    assert (released["opened"], released["confirmed"]) == (True, True)
    scene.names |= {"released": released["message"], "disclosure": asked}


def single_fields_are_released(scene: Scene) -> None:
    """One officer may show one field under its own terms, without its label."""
    scene.run(OWNER, "release", scene.names[STOLEN], "--field", "item.model", "--to", THIRD, "--confirm")
    scene.sync(THIRD)
    assert "item.model" in scene.last(THIRD, "release")["body"]["shows"]


def a_closed_epoch_is_opened_to_a_newcomer(scene: Scene) -> None:
    """A fourth agency joins, which ends the epoch; it asks for the past and is told first how many records that is."""
    admit(scene.served)
    scene.sync(*AGENCIES)
    scene.submit(OWNER, {"event": "loss", "serial": OLD})
    scene.sync(OWNER, NEWCOMER)
    assert [one["serial"] for one in scene.ask(NEWCOMER, "list")["records"]] == [OLD]
    scene.run(NEWCOMER, "request", "--history", "--to", OWNER, "--use", SAID["use"])
    scene.sync(OWNER)
    asked = scene.last(OWNER, "disclosure_request")["message"]
    assert "opens 2 records" in scene.run(OWNER, "release", asked).output
    scene.run(OWNER, "release", asked, "--confirm")
    scene.sync(NEWCOMER)
    assert {one["serial"] for one in scene.ask(NEWCOMER, "list")["records"]} == {OLD, STOLEN, LATE}


def the_release_is_recalled(scene: Scene) -> None:
    """Its reader deletes it; what was read stays known."""
    scene.run(OWNER, "recall", scene.names["released"], "--why", "error", "--reason", SAID["recalled"])
    scene.sync(ASKER)
    assert scene.ask(ASKER, "show", scene.names[STOLEN])["portions"]["case"]["withheld"]


def the_owner_answers_with_an_outcome(scene: Scene) -> None:
    """And the asker tells how the trace ended."""
    outcome = ("--outcome", "3", "--custodian", SAID["custodian"], "--date", "2019", "--note", SAID["note"])
    scene.run(OWNER, "answer", scene.names["trace"], *outcome)
    scene.sync(ASKER)
    scene.run(ASKER, "answer", scene.names["trace"], "--outcome", "5")
    scene.sync(OWNER)
    assert scene.last(OWNER, "response")["body"]["outcome"] == 5


def the_trace_is_drawn(scene: Scene) -> None:
    """From the theft to the recovery, over two agencies' records."""
    scene.sync(ASKER)
    picture = scene.folder("trace.svg")
    told = scene.ask(ASKER, "trace", scene.names[STOLEN], "--svg", str(picture))
    assert [one["kind"] for one in told["events"]] == ["theft", "recovery"]
    assert picture.read_bytes().startswith(b"<svg")


def a_record_is_expunged_by_two_officers(scene: Scene) -> None:
    """Here and at its readers."""
    Path(scene.proposal()).unlink()
    name = scene.record(OWNER, LATE, of=OWNER)
    scene.run(OWNER, "expunge", name, "--why", "law", "--officer", FIRST, "-o", scene.proposal())
    scene.run(OWNER, "approve", scene.proposal(), "--officer", SECOND, "--confirm")
    scene.sync(*AGENCIES)
    assert LATE not in str(scene.ask(ASKER, "list")["records"])


def the_auditor_verifies_both_logs(scene: Scene) -> None:
    """Every signature, every charter, and the access log, without reading a field."""
    audited = scene.ask(AUDITOR, "audit", "--deep", "--allow-unwitnessed")
    assert audited["verdict"] == "UNWITNESSED"
    assert audited["findings"] == []
    assert audited["access"]["size"] >= 8


def what_is_not_allowed_is_refused(scene: Scene) -> None:
    """Each time with its reason, with nothing changed and nothing charged."""
    assert scene.match("--make", ROW["make"], "--serial", NOBODY) == []
    scene.ticked()
    for name, attempt in attempts(scene, lookups=LOOKUPS).items():
        scene.refuse(name, *attempt)


def nine_hundred_rows_go_through(scene: Scene) -> None:
    """A load: two agencies send what they know of 140 weapons, a third takes it over."""
    lives = generate(Options(weapons=140, agencies=LOADED))
    write(lives, scene.folder("lists"))
    scene.search.plant_plain(word for rows in lives.rows.values() for word in canaries(rows))
    scene.plant_secrets()
    for agency in LOADED:
        scene.run(agency, "submit", str(scene.folder("lists") / f"{agency}.csv"), "--map", "generated-lives")
    scene.sync(THIRD)


STEPS = (
    the_charter_names_a_matching_key,
    lists_are_submitted,
    a_weapon_is_asked_for,
    own_records_are_asked_about,
    a_watch_fires_and_notices_come_with_the_tick,
    one_request_goes_to_two_agencies,
    they_acknowledge_ask_back_and_refer,
    a_disclosure_is_refused,
    two_officers_release_a_portion,
    single_fields_are_released,
    a_closed_epoch_is_opened_to_a_newcomer,
    the_release_is_recalled,
    the_owner_answers_with_an_outcome,
    the_trace_is_drawn,
    a_record_is_expunged_by_two_officers,
    the_auditor_verifies_both_logs,
    what_is_not_allowed_is_refused,
    nine_hundred_rows_go_through,
)


def admit(walk: Served) -> None:
    """Log a charter that admits a fourth agency, and have it join."""
    contact = Contact(name="Duty desk", hours="24/7", languages=("en",))
    identity = Identity(id=NEWCOMER, name=NEWCOMER, country="XDU", contact=contact)
    phrases = Passphrase(working=PHRASE, root=PHRASE)
    home, request = create_agency(str(walk.folder / NEWCOMER), {}, identity, passphrases=phrases, cost=WEAK)
    walk.homes[NEWCOMER] = home
    previous = newest_charter(walk)
    terms = charters.Terms(ceilings={NEWCOMER: Level.RESTRICTED})
    file = charters.propose_next(previous, [parse_enrolment(request)], terms)
    for agency in (*AGENCIES, NEWCOMER):
        root = Keyring.open(walk.homes[agency].root_keystore, passphrase=PHRASE, allow_weak=True)
        file = charters.sign(file, root, previous=previous)
    charters.submit(Service(walk.transport), file)
    join(home, url=URL, transport=walk.transport, fingerprint=walk.fingerprint)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give the service after the whole story, searched after every step of it."""
    folder = tmp_path_factory.mktemp("told")
    with served(found_consortium(folder, *AGENCIES, auditor=AUDITOR), tick_seconds=1) as walk:
        found = Scene(served=walk, search=Search(patterns=folder / "patterns"))
        found.search.plant(words())
        for step in STEPS:
            step(found)
            found.searched[step.__name__] = found.look()
        yield found


@pytest.mark.parametrize("step", [step.__name__ for step in STEPS])
def test_no_canary_at_the_operator_after(scene: Scene, step: str) -> None:
    """No word of any agency, in any spelling, in any file, log line, metric, request, answer or process of the service."""
    assert scene.searched[step] == []


def test_what_was_refused_changed_nothing(scene: Scene) -> None:
    """Neither a row nor a counter, in any table: what is refused costs nothing and leaves nothing."""
    assert len(scene.refused) == 18
    assert {name: tables for name, tables in scene.refused.items() if tables} == {}


def test_a_thousand_values_were_planted_and_went_through(scene: Scene) -> None:
    """The lists held them, the records carry them, and their readers find them: the search is not for nothing."""
    lists = scene.search.leaks(Place(name="lists", chunks=files_of(scene.folder("lists"))))
    shown = scene.run(THIRD, "list", "--limit", "1000", "--json").output.encode()
    read = scene.search.leaks(Place(name="what a reader is shown", chunks=[shown]))

    assert len(lists) >= 1_000
    assert len(read) >= 100
    assert scene.rows(f"SELECT count(*) >= 800 FROM statements WHERE typ = '{Typ.RECORD.value}'") == [(1,)]  # noqa: S608 - our own name


def test_the_service_logs_every_request(scene: Scene) -> None:
    """The log that was searched has a line for each answer, and no word of any."""
    log = scene.served.running.log.read_bytes()

    lines = log.count(b'"event": "request"') + log.count(b'"event": "unrouted"')
    assert lines >= scene.served.transport.answers > 400


def test_the_search_sees_into_the_memory_of_a_process(scene: Scene, tmp_path: Path) -> None:
    """Every word that was written stands in the memory of the program that wrote them: this one."""
    assert scene.searched
    search = Search(patterns=tmp_path / "patterns")
    search.plant(words())

    leaks = search.leaks(Place(name="here", chunks=chunks_of(os.getpid())))

    assert {word for word in words() if any(f": {word} as " in leak for leak in leaks)} == words()


def test_a_search_that_does_not_see_fails(tmp_path: Path) -> None:
    """Where what must be there is not found, nothing is said to be clean."""
    search = Search(patterns=tmp_path / "patterns")
    search.plant(words())

    with pytest.raises(AssertionError, match="does not see"):
        search.leaks(Place(name="nowhere", chunks=[bytes(4_096)], known=frozenset({ORIGIN.encode()})))


def test_the_search_finds_every_spelling(tmp_path: Path) -> None:
    """Encoded, escaped, in other letters, or somewhere within what was encoded."""
    search = Search(patterns=tmp_path / "patterns")
    search.plant(["QZK в подвале 17"])

    for spelled in spellings("QZK в подвале 17"):
        leak = os.urandom(4_096) + spelled + os.urandom(4_096)
        assert search.leaks(Place(name="leak", chunks=[leak])) != []
    for before in range(3):
        encoded = b64encode(bytes(before) + "{QZK в подвале 17}".encode() + bytes(2))
        assert search.leaks(Place(name="leak", chunks=[encoded])) != []


@pytest.mark.parametrize("command", ["backup", "export"])
def test_no_canary_in_a_copy_for_others(scene: Scene, command: str) -> None:
    """A backup, and the open files for mirrors and auditors, hold no more than the service."""
    output = scene.folder(command)
    if command == "backup":
        what = ["backup", "--data", str(scene.served.config.data)]
    else:
        copy = shutil.copy(scene.served.config.database, scene.folder("copy.sqlite"))
        what = ["export", "--database", str(copy)]
    program = [sys.executable, "-c", "from server.cli import main; main()"]
    subprocess.run([*program, *what, "--output", str(output)], cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - our own command

    known = scene.known() if command == "backup" else frozenset({ORIGIN.encode()})
    assert scene.search.leaks(Place(name=command, chunks=files_of(output), known=known)) == []


def test_no_canary_in_a_problem_document(scene: Scene, tmp_path: Path) -> None:
    """What a confused client sends in the clear, in any part of a request, comes back in no refusal and is logged nowhere."""
    # One of its own: it is sent in the clear, so that the service's memory may hold it for a while.
    canary = secrets.token_hex(12)
    batch, key, charter = paths.BATCHES, (("Content-Type", paths.KEY_TYPE),), (("Content-Type", paths.CHARTER_TYPE),)
    sent = [
        Request(method="GET", path=f"/{canary}"),
        Request(method="GET", path=f"/tile/{canary}"),
        Request(method="GET", path=f"/v1/agencies/{canary}/head"),
        Request(method="GET", path=paths.CHECKPOINT, query=canary),
        Request(method=canary, path=paths.CHECKPOINT),
        Request(method="GET", path=paths.HEALTHZ, headers=(("X-Serial", canary), ("User-Agent", canary))),
        Request(method="POST", path=paths.KEYS, body=canary.encode(), headers=key),
        Request(method="POST", path=paths.KEYS, body=canary.encode(), headers=(("Content-Type", canary),)),
        Request(method="POST", path=paths.CHARTERS, body=f'{{"{canary}":1}}'.encode(), headers=charter),
        Request(method="POST", path=batch, body=canary.encode(), headers=(("Signature", canary),)),
    ]
    search = Search(patterns=tmp_path / "patterns")
    search.plant([canary])
    scene.served.transport.take_answers()
    for request in sent:
        scene.served.transport.send(request, limit=2**20)

    answers = scene.served.transport.take_answers()
    assert len(answers) == len(sent)
    assert search.leaks(Place(name="answers", chunks=answers)) == []
    assert search.leaks(Place(name="log", chunks=[scene.served.running.log.read_bytes()])) == []
    assert search.leaks(Place(name="files", chunks=files_of(scene.served.config.data))) == []
