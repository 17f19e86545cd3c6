"""Blind matching by the commands of three agencies over the real service: hits, misses, silence, notices, renewals."""

import json
from pathlib import Path

import pytest

from clients.home import Home
from clients.matching.book import Book
from clients.transport import Request, Response
from ledger.notices import Matched
from ledger.questions import parse_question
from ledger.slips import Hit
from ledger.wire import paths
from tests.support.commands import command
from tests.support.encrypted import key_of
from tests.support.loopback import Walk
from tests.support.matched import ask, found_matching, profile, share_key, start_epoch, submit, tick

OWNER, ASKER, THIRD = "xbe-cib", "xar-arms", "xco-npa"
TAURUS = "2024-01-02;recovery;pistol;Taurus;9 mm;TJS84213"
GLOCK = "2024-01-03;loss;pistol;Glock;9 mm;ABE573528"
HIDDEN = "2024-01-04;manufacture;pistol;Glock;9 mm;ABE573529"
ASK_TAURUS = ("--make", "Forjas Taurus", "--serial", "tjs-84213")


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give three agencies that match, and three records of one of them, closed: a template to copy."""
    found = found_matching(tmp_path_factory.mktemp("matching"))
    assert submit(found, OWNER, [TAURUS, GLOCK, HIDDEN]).code == 0
    found.close()
    return found


def book(home: Home) -> Book:
    """Return the book of a home."""
    return Book(home.matching, key=key_of(home))


def sent(walk: Walk, path: str) -> list[Request]:
    """Return the requests that went to a path."""
    return [request for request in walk.transport.requests if request.path == path]


def answers(walk: Walk, path: str) -> list[Response]:
    """Return the answers of a path."""
    pairs = zip(walk.transport.requests, walk.transport.responses, strict=True)
    return [response for request, response in pairs if request.path == path]


def founds(told: object) -> list[tuple[str, str]]:
    """Return (certainty, class) of everything found."""
    asked = told["asked"] if isinstance(told, dict) else []
    return [(one["certainty"], one["class"]) for weapon in asked for one in weapon["found"]]


def test_a_weapon_is_found_under_another_name_of_its_maker(walk: Walk) -> None:
    """The partner's record answers whatever alias and spelling the asker has, and is proved to stand in the log."""
    told = ask(walk, ASKER, *ASK_TAURUS)

    assert founds(told) == [("hit", "T0")]
    assert told["asked"][0]["found"][0]["record"].startswith(OWNER)
    assert (told["left"], told["limit"]) == (199, 200)


def test_what_the_profile_does_not_answer_is_not_found(walk: Walk) -> None:
    """A record whose kind of event is off by the profile is matched by nobody."""
    assert founds(ask(walk, ASKER, "--make", "Glock", "--serial", "ABE573529")) == []


def test_without_the_make_a_weapon_is_possible(walk: Walk) -> None:
    """Calibre, type and a long number give a possible hit, which a person has to look at."""
    told = ask(walk, ASKER, "--serial", "TJS84213", "--type", "pistola", "--calibre", "9x19")

    assert founds(told) == [("possible", "T3")]


def test_own_records_are_no_hits_unless_asked(walk: Walk) -> None:
    """Who asks by a number is not told its own record; who asks about its own records is told others of its own."""
    again = TAURUS.replace("recovery", "loss")
    assert submit(walk, OWNER, [again], name="again").code == 0

    assert founds(ask(walk, OWNER, *ASK_TAURUS)) == []
    assert founds(ask(walk, OWNER, "--mine")) == [("hit", "T0"), ("hit", "T0")]


def test_a_partial_number_asks_for_each_it_may_be(walk: Walk) -> None:
    """Each candidate is asked and charged for itself."""
    told = ask(walk, ASKER, "--make", "Taurus", "--serial", "TJS8421#")

    assert len(told["asked"]) == 10
    assert founds(told) == [("hit", "T0")]
    assert told["left"] == 190


def test_too_many_candidates_ask_nothing(walk: Walk) -> None:
    """Three unread digits are a thousand questions: none is asked."""
    done = command(walk, "match", "--make", "Taurus", "--serial", "TJS84###", "--purpose", "x", home=ASKER)

    assert (done.code, sent(walk, paths.MATCHES)) == (1, [])
    assert "200" in done.notes


def test_the_officer_with_four_hundred_guns(walk: Walk) -> None:
    """All of one's own matched records are asked about at once, charged apart, and nothing is evaluated for it."""
    rows = [f"2024-02-01;recovery;pistol;Taurus;9 mm;OWN{number:05}" for number in range(60)]
    assert submit(walk, THIRD, [TAURUS, *rows], name="guns").code == 0
    evaluated = len(sent(walk, paths.EVALUATIONS))
    told = ask(walk, THIRD, "--mine")

    assert len(told["asked"]) == 61
    assert founds(told) == [("hit", "T0")]
    assert (told["left"], told["limit"]) == (4_939, 5_000)
    assert len(sent(walk, paths.EVALUATIONS)) == evaluated


def test_a_list_is_asked_about(walk: Walk) -> None:
    """Every row of a list is a question, in the list's order; one without a usable number is said to be none."""
    path = walk.folder / "asked.csv"
    rows = [TAURUS, GLOCK, "2024-01-05;recovery;pistol;Glock;9 mm;obliterated"]
    path.write_text("date;event;type;make;calibre;serial\n" + "\n".join(rows) + "\n", encoding="utf-8")
    told = ask(walk, ASKER, "--file", str(path), "--map", str(walk.folder / "weapons.toml"))

    assert [len(one["found"]) for one in told["asked"]] == [1, 1, 0]
    assert told["asked"][2]["note"].startswith("nothing to ask by")
    assert told["left"] == 198


def test_a_question_that_cannot_be_asked_is_refused(walk: Walk) -> None:
    """Where nothing was asked at all no script takes it for an answer of nothing: exit 1, and the quota as it was."""
    done = command(walk, "match", "--make", "Taurus", "--serial", "99", "--purpose", "x", "--json", home=ASKER)

    assert (done.code, sent(walk, paths.MATCHES)) == (1, [])
    assert done.json["asked"][0]["note"].startswith("nothing to ask by")
    assert done.json["left"] == 200
    said = command(walk, "match", "--make", "Taurus", "--serial", "99", "--purpose", "x", home=ASKER).output
    assert "next         give the whole number" in said


def test_the_purpose_is_kept_here_and_committed_to_there(walk: Walk) -> None:
    """The service sees a salted hash; the asker can open it later."""
    ask(walk, ASKER, *ASK_TAURUS)
    (kept,) = book(walk.homes[ASKER]).questions()
    (request,) = sent(walk, paths.MATCHES)

    assert kept.purpose.text == "case 2026-114"
    assert parse_question(request.body or b"").purpose == kept.purpose.commitment
    listed = command(walk, "match", "--asked", "--json", home=ASKER).json["questions"]
    assert [(one["purpose"], one["for"], one["answered"]) for one in listed] == [("case 2026-114", "lookup", True)]


def test_a_question_needs_a_purpose(walk: Walk) -> None:
    """Nothing is asked without saying why."""
    done = command(walk, "match", *ASK_TAURUS, home=ASKER)

    assert (done.code, sent(walk, paths.MATCHES)) == (5, [])


def test_a_watch_tells_of_what_comes_later(walk: Walk) -> None:
    """A weapon that nobody has today is told of when somebody logs it."""
    late = ("--make", "Taurus", "--serial", "LATE12345")
    assert founds(ask(walk, ASKER, *late, "--watch")) == []
    tick(walk)
    assert submit(walk, OWNER, ["2024-03-01;recovery;pistol;Taurus;9 mm;LATE12345"], name="late").code == 0
    tick(walk)
    told = command(walk, "notices", home=ASKER)

    assert f"a watch fired\n       ✓ hit        {OWNER}/" in told.output


def test_the_owner_is_told_who_asked(walk: Walk) -> None:
    """After the tick the originator hears who matched its record, and the access log bears it out; sync says so too."""
    ask(walk, ASKER, *ASK_TAURUS)
    before = command(walk, "notices", home=OWNER)
    tick(walk)
    synced = command(walk, "sync", home=OWNER)
    told = command(walk, "notices", home=OWNER)

    assert "asked" not in before.output
    assert "1 new: see `sealtrace notices`" in synced.output
    assert f"{ASKER} asked" in told.output
    assert f"open   ✓ hit        {OWNER}/" in told.output
    assert told.code == 0


def test_the_owner_is_never_told_of_a_possible_hit_as_of_a_hit(walk: Walk) -> None:
    """It is called possible, with what to do about it, in the words that its asker read."""
    ask(walk, ASKER, "--serial", "TJS84213", "--type", "pistola", "--calibre", "9x19")
    tick(walk)
    told = command(walk, "notices", home=OWNER)

    assert f"? possible   {OWNER}/" in told.output
    assert "inspect the frame" in told.output
    assert "✓ hit" not in told.output


def silent_owner(walk: Walk) -> None:
    """Let the owner hold a silent record: nobody else reads its item, and whoever asks is not told."""
    text = json.loads(command(walk, "profile", "show", "--json", home=OWNER).output)["profile"]
    text = text.replace('rel = "members@2"', "rel = []").replace('recovery = "open"', 'recovery = "silent"')
    (walk.homes[OWNER].path / "profile.toml").write_text(text, encoding="utf-8")
    done = submit(walk, OWNER, ["2024-04-01;recovery;pistol;Taurus;9 mm;QUIET9911"], name="quiet")
    assert done.code == 0, done.notes


def test_a_silent_record_stays_unseen_and_its_owner_is_told(walk: Walk) -> None:
    """The asker learns nothing; the owner is told, reviews it, and it no longer waits."""
    silent_owner(walk)
    told = ask(walk, ASKER, "--make", "Taurus", "--serial", "QUIET9911")
    tick(walk)
    heard = command(walk, "notices", home=OWNER)
    done = command(walk, "notices", "--reviewed", home=OWNER)
    after = command(walk, "notices", home=OWNER)

    assert founds(told) == []
    assert "to be reviewed in 72 h" in heard.output
    assert "silent ✓ hit" in heard.output
    assert (done.code, done.output) == (0, "✓ reviewed   1 silent hit")
    assert "0 silent hits to be reviewed" in after.output


def test_a_silent_hit_that_nobody_reviews_is_overdue_after_72_hours(walk: Walk) -> None:
    """The owner's own list says what is late; nobody else's does."""
    silent_owner(walk)
    ask(walk, ASKER, "--make", "Taurus", "--serial", "QUIET9911")
    tick(walk)
    command(walk, "notices", home=OWNER)
    walk.clock.now += 72 * 3_600

    assert "OVERDUE" in command(walk, "notices", home=OWNER).output


def test_attack_silent_unmasked_by_quota_or_size(walk: Walk) -> None:
    """Hit, miss and silent match cost the same, answer in the same length, and are followed by the same requests."""
    silent_owner(walk)
    left: list[int] = []
    followed: list[list[tuple[str, int]]] = []
    for serial in ("QUIET9911", "NOBODY991"):
        start = len(walk.transport.requests)
        left.append(ask(walk, ASKER, "--make", "Taurus", "--serial", serial)["left"])
        followed.append([(one.path, len(one.body or b"")) for one in walk.transport.requests[start:]])
    ask(walk, ASKER, *ASK_TAURUS)

    assert left == [199, 198]
    assert [path for path, _ in followed[0]] == [path for path, _ in followed[1]]
    assert dict(followed[0])[paths.MATCHES] == dict(followed[1])[paths.MATCHES]
    assert {len(one.body) for one in answers(walk, paths.MATCHES)} == {16_384}


def test_a_profile_cannot_be_silent_about_what_others_read(walk: Walk) -> None:
    """Whoever reads the item knows the weapon: the profile is refused before anything is sealed."""
    profile(walk, OWNER, recovery="silent")
    done = submit(walk, OWNER, [TAURUS.replace("84213", "84299")], name="loud")

    assert done.code == 1
    assert "silent needs an item portion sealed to the originator only" in done.notes


def test_what_waits_in_the_outbox_is_never_evaluated_twice(walk: Walk) -> None:
    """A list sent again after a lost answer goes out to the byte, and its tokens are paid for once."""

    class Losing:
        """Loses the answer of every batch."""

        def send(self, request: Request, *, limit: int) -> Response:
            """Send it, and lose the answer of a batch."""
            response = walk.transport.send(request, limit=limit)
            if request.path == paths.BATCHES:
                raise OSError(5, "lost", "answer")
            return response

    path = walk.folder / "lost.csv"
    path.write_text(f"date;event;type;make;calibre;serial\n{TAURUS.replace('84213', '77777')}\n", encoding="utf-8")
    arguments = ("submit", str(path), "--map", str(walk.folder / "weapons.toml"))
    first = command(walk, *arguments, home=THIRD, transport=Losing())
    again = [command(walk, *arguments, home=THIRD) for _ in range(3)]

    assert first.code != 0
    assert again[-1].code == 0
    assert len(sent(walk, paths.EVALUATIONS)) == 1
    assert founds(ask(walk, ASKER, "--make", "Taurus", "--serial", "TJS77777")) == [("hit", "T0")]


def test_slips_can_be_taken_back(walk: Walk) -> None:
    """New slips that are off end every match, and the profile's policy brings it back."""
    off = command(walk, "slips", "renew", "--hit", "off", home=OWNER)
    gone = ask(walk, ASKER, *ASK_TAURUS)
    back = command(walk, "slips", "renew", home=OWNER)
    nothing = command(walk, "slips", "renew", home=OWNER)

    assert "3 off" in off.output
    assert founds(gone) == []
    assert "2 open · 0 silent · 1 off" in back.output
    assert "renewed    0 slips" in nothing.output
    assert founds(ask(walk, ASKER, *ASK_TAURUS)) == [("hit", "T0")]


def test_a_record_that_others_hold_becomes_off_and_not_silent(walk: Walk) -> None:
    """A renewal refuses to make silent what partners can read."""
    done = command(walk, "slips", "renew", "--hit", "silent", home=OWNER)

    assert (done.code, sent(walk, paths.BATCHES)) == (1, [])


def test_the_alarm_self_test(walk: Walk) -> None:
    """A planted record is found by its twin, by means the service cannot tell from ordinary ones; then both are off."""
    done = command(walk, "match", "--self-test", home=OWNER)
    opened = book(walk.homes[OWNER])
    planted = [
        name.split("/")[1] for name in command(walk, "match", "--self-test", "--json", home=OWNER).json["planted"]
    ]

    assert done.code == 0
    assert done.output.startswith("✓ found")
    assert len(planted) == 2
    assert [one.asking.value for one in opened.questions()] == ["own", "own"]
    assert sorted({request.path for request in walk.transport.requests} - {"/checkpoint"})


def test_a_new_token_epoch_leaves_no_gap(walk: Walk) -> None:
    """Old slips answer for 30 days beside the new key; renewed ones answer after."""
    service_rotates(walk)
    start_epoch(walk, ep=2, by=THIRD)
    share_key(walk, by=THIRD)

    assert founds(ask(walk, ASKER, *ASK_TAURUS)) == [("hit", "T0")]
    (first,) = sent(walk, paths.MATCHES)
    assert {token.ep for token in parse_question(first.body or b"").tokens} == {1, 2}

    tick(walk)
    walk.clock.now += 31 * 86_400
    tick(walk)
    assert founds(ask(walk, ASKER, *ASK_TAURUS)) == []
    assert command(walk, "slips", "renew", home=OWNER).code == 0
    assert founds(ask(walk, ASKER, *ASK_TAURUS)) == [("hit", "T0")]


def test_a_home_that_came_late_to_a_token_epoch_asks_on_when_the_service_ends_the_one_before(walk: Walk) -> None:
    """The 30 days run by the service's clock: a home that met the new epoch later loses no question by it."""
    service_rotates(walk)
    start_epoch(walk, ep=2, by=THIRD)
    share_key(walk, by=THIRD)
    tick(walk)
    walk.clock.now += 25 * 86_400
    assert founds(ask(walk, ASKER, *ASK_TAURUS)) == [("hit", "T0")]
    assert [one["note"] for one in ask(walk, OWNER, "--mine")["asked"]].count("") == 2

    walk.clock.now += 6 * 86_400
    tick(walk)

    assert founds(ask(walk, ASKER, *ASK_TAURUS)) == []
    assert "" not in [one["note"] for one in ask(walk, OWNER, "--mine")["asked"]]
    assert command(walk, "slips", "renew", home=OWNER).code == 0
    assert founds(ask(walk, ASKER, *ASK_TAURUS)) == [("hit", "T0")]


def service_rotates(walk: Walk) -> None:
    """Let the operator draw the next token epoch's key, and start again with it."""
    from server.app import service_of  # noqa: PLC0415 - the service is restarted here alone
    from server.keys import open_keys  # noqa: PLC0415 - as above
    from server.rotation import prepare_successor  # noqa: PLC0415 - as above
    from tests.support.loopback import PHRASE  # noqa: PLC0415 - as above

    service_of(walk.app).close()
    raw = prepare_successor(walk.config, passphrase=PHRASE, match_only=True, allow_weak=True)
    walk.config.service.write_bytes(raw)
    walk.keys = open_keys(walk.config.keystore, passphrase=PHRASE, allow_weak=True)
    walk.start()


def test_nothing_is_matched_while_the_charter_names_no_key(tmp_path: Path) -> None:
    """Records go in with slips that are off, a question is refused with the way to change that, and sync asks nothing."""
    from tests.support.loopback import found_consortium  # noqa: PLC0415 - this test alone founds one without a key

    walk = found_consortium(tmp_path, OWNER, ASKER)
    assert submit(walk, OWNER, [TAURUS]).code == 0
    done = command(walk, "match", *ASK_TAURUS, "--purpose", "x", home=ASKER)
    (slip,) = (book(walk.homes[OWNER]).slip(one.name.jti) for one in walk.session(OWNER).replica.records())

    assert slip is not None
    assert (slip.hit, slip.ep) == (Hit.OFF, 0)
    assert done.code == 2
    assert "--match-by" in done.notes
    assert {request.path for request in walk.transport.requests}.isdisjoint({paths.NOTICES, paths.EVALUATIONS})
    walk.close()


def test_notices_are_kept_once(walk: Walk) -> None:
    """Fetching again brings nothing twice, and what was seen stays."""
    ask(walk, ASKER, *ASK_TAURUS)
    tick(walk)
    first = command(walk, "notices", "--json", home=OWNER).json
    again = command(walk, "notices", "--json", home=OWNER).json

    assert (first["new"], again["new"]) == (1, 0)
    assert [one["notice"] for one in again["notices"]] == [one["notice"] for one in first["notices"]]
    assert [one for one in book(walk.homes[OWNER]).notices() if isinstance(one.notice, Matched)]
