"""Every command, from founding an agency to an audit, as a person types it; and what it says when it must refuse."""

import json
from pathlib import Path

import pytest

from clients.errors import UnreachableError
from clients.transport import Request, Response
from ledger import fingerprints
from server.app import create_app, service_of
from server.config import Config
from server.highest import HighestSigned
from server.keys import create_keys, service_json
from tests.support.commands import Result, command, run_in
from tests.support.fakes import FixedClock
from tests.support.loopback import ORIGIN, PHRASE, URL, WEAK, LoopbackTransport, Walk, found_consortium

LIST = (
    "date;event;type;make;serial;city;note\n"
    "14.03.2021;recovery;pistol;Taurus;ABE 573528;Rio;told by a friend\n"
    "15.03.2021;recovery;revolver;unheard-of works;numeração raspada;Rio;\n"
    "2021;recovery;rifle;;;Rio;=HYPERLINK(1)\n"
)
MAP = """
title = "Seizures"
[format]
dates = ["DD.MM.YYYY"]
[[record]]
event = { column = "event" }
[record.fields]
"item.kind" = { value = "small_arm" }
"item.type" = { column = "type" }
"item.make" = { column = "make" }
"item.serials" = { column = "serial" }
"item.description" = { value = "not marked", when = [{ column = "serial", present = false }] }
"event.date" = { column = "date" }
"event.country" = { value = "XAR" }
"event.place" = { column = "city" }
"case.circumstances" = { column = "note" }
"""


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give two agencies and an auditor around a real service, all of it closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), "xar-arms", "xbe-cib", auditor="xau-dit")
    found.close()
    return found


@pytest.fixture
def listed(walk: Walk) -> Path:
    """Give a list with its map beside it."""
    path = walk.folder / "march.csv"
    path.write_text(LIST, encoding="utf-8")
    (walk.folder / "march.toml").write_text(MAP, encoding="utf-8")
    return path


def submit(walk: Walk, path: Path, *options: str) -> Result:
    """Run `sealtrace submit` for the first agency."""
    return command(walk, "submit", str(path), "--map", str(walk.folder / "march.toml"), *options, home="xar-arms")


def test_founding_by_commands_alone(tmp_path: Path) -> None:
    """Two agencies and an auditor create, propose, sign, submit, compare words and join, without any other tool."""
    data = tmp_path / "service"
    data.mkdir()
    draft = Config(data=data, fingerprint=b"")
    keys = create_keys(draft.keystore, passphrase=PHRASE, cost=WEAK)
    draft.service.write_bytes(service_json(keys, origin=ORIGIN, url=URL))
    HighestSigned(draft.highest).begin(keys, origin=ORIGIN)
    walk = Walk(tmp_path, draft, keys, FixedClock(), b"", b"", {})
    nowhere = Unreachable()

    def run(*arguments: str) -> Result:
        result = run_in(arguments, walk, nowhere)
        assert result.code == 0, result.notes
        return result

    for agency in ("xar-arms", "xbe-cib"):
        run("agency", "create", "--home", str(tmp_path / agency), "--id", agency, "--name", agency,
            "--country", agency[:3].upper(), "--law", "FOI:Files may be asked for.")  # fmt: skip
    run("agency", "create", "--auditor", "--home", str(tmp_path / "xau-dit"), "--id", "xau-dit", "--name", "Auditor",
        "--country", "XAU", "-o", str(tmp_path / "auditor.json"))  # fmt: skip
    enrolments = [str(tmp_path / agency / "enrolment.json") for agency in ("xar-arms", "xbe-cib")]
    charter = tmp_path / "charter.json"
    run("charter", "propose", *enrolments, str(tmp_path / "auditor.json"), "--service", str(draft.service),
        "-o", str(charter), "--entries", "open", "--ceiling", "xbe-cib=RESTRICTED", "--read-only", "xbe-cib")  # fmt: skip
    assert "xbe-cib" in run("charter", "show", str(charter)).output
    for agency in ("xar-arms", "xbe-cib"):
        run("charter", "sign", str(charter), "--home", str(tmp_path / agency))
    shown = run("charter", "show", str(charter), "--json").json
    assert max(map(len, run("charter", "show", str(charter)).output.splitlines())) <= 100
    app = create_app(Config(data=data, fingerprint=fingerprints.parse(shown["words"])), keys=keys, clock=walk.clock)
    transport = LoopbackTransport(app)

    assert run_in(["charter", "submit", str(charter), "--json"], walk, transport).json == {
        "index": 0,
        "size": 1,
        "stage": "durable",
        "since": None,
    }
    for agency in ("xar-arms", "xbe-cib", "xau-dit"):
        joined = run_in(["join", URL, "--charter", shown["words"], "--home", str(tmp_path / agency)], walk, transport)
        assert joined.code == 0
        assert "UNWITNESSED" in joined.output
    service_of(app).close()


def test_a_list_goes_in_and_a_redacted_record_comes_out(walk: Walk, listed: Path) -> None:
    """Dry run, preview, submit, sync, list, show and audit agree with each other."""
    dry = submit(walk, listed, "--dry-run")
    assert dry.code == 0
    assert "WHO WILL BE ABLE TO READ WHAT" in dry.output
    assert walk.transport.requests[-1].method == "GET"

    sent = submit(walk, listed, "--json")
    assert (sent.code, sent.json["records"]) == (0, 3)
    assert command(walk, "sync", home="xbe-cib").code == 0
    found = command(walk, "list", "taurus", "--json", home="xbe-cib").json["records"]
    assert [one["withheld"] for one in found] == [["case"]]

    shown = command(walk, "show", found[0]["record"], home="xbe-cib").output.splitlines()
    assert shown[0] == shown[-1] == "RESTRICTED · xar-arms · REL TO xbe-cib"
    assert shown[3] == "(R) Item    semi-automatic pistol · Taurus"
    assert shown[4] == "            serial  ABE 573528   legible"
    assert shown[5] == "(R) Event   recovery · XAR, Rio · 2021-03-14"
    assert shown[6] == "(?) Case    ████████████████████  withheld · ask xar-arms"
    assert "told by a friend" not in "\n".join(shown)


def test_an_empty_case_looks_like_a_full_one(walk: Walk, listed: Path) -> None:
    """The partner's JSON of a record with a case and of one without differs in nothing about the case."""
    submit(walk, listed)
    command(walk, "sync", home="xbe-cib")
    names = [one["record"] for one in command(walk, "list", "--json", home="xbe-cib").json["records"]]
    cases = [command(walk, "show", name, "--json", home="xbe-cib").json["portions"]["case"] for name in names]

    assert len(names) == 3
    assert cases[0] == cases[1] == cases[2]


def test_sending_again_and_corrections(walk: Walk, listed: Path) -> None:
    """An unchanged row is told by name and not sent; with a key in the map a changed one is offered as a correction."""
    (walk.folder / "march.toml").write_text('key = ["serial", "city"]\n' + MAP, encoding="utf-8")
    assert submit(walk, listed, "--json").json["records"] == 3
    listed.write_text(LIST.replace("15.03.2021", "16.03.2021"), encoding="utf-8")

    again = submit(walk, listed, "--json").json
    assert (again["records"], again["unchanged"]) == (0, 2)
    assert [one["line"] for one in again["corrections"]] == [3]


def test_an_unreadable_row_stops_the_list_until_good_rows_are_asked_for(walk: Walk, listed: Path) -> None:
    """Nothing is sent of a bad list; --good-rows sends the rest, and the mended rejects go in by the same map."""
    listed.write_text(LIST + "99.99.2021;recovery;pistol;Colt;12345;Rio;\n", encoding="utf-8")
    refused = submit(walk, listed)
    assert refused.code == 1
    assert "line 5, date: no such day in the calendar" in refused.notes
    assert "12345" not in refused.notes

    assert submit(walk, listed, "--good-rows", "--json").json["records"] == 3
    rejected = listed.with_name("march.csv.rejected.csv")
    rejected.write_text(rejected.read_text(encoding="utf-8-sig").replace("99.99", "09.09"), encoding="utf-8")
    assert submit(walk, rejected, "--json").json["records"] == 1


def test_a_list_without_a_map_gets_one_proposed(walk: Walk, listed: Path) -> None:
    """The proposal stands beside the list, submits nothing by itself, and reads back as a map."""
    first = command(walk, "submit", str(listed), home="xar-arms")
    assert first.code == 1
    proposal = listed.with_name("march.map.toml")
    text = proposal.read_text(encoding="utf-8")
    assert '"item.serials" = { column = "serial" }' in text

    second = command(walk, "submit", str(listed), home="xar-arms")
    assert str(proposal) in second.notes
    assert command(walk, "submit", str(listed), "--map", str(proposal), "--dry-run", home="xar-arms").code in {0, 1}


def test_preview_writes_the_schedule(walk: Walk, listed: Path) -> None:
    """What would be sealed to whom goes into a file, and nothing is sealed."""
    schedule = walk.folder / "schedule.txt"
    arguments = ("preview", str(listed), "--map", str(walk.folder / "march.toml"), "-o", str(schedule))
    shown = command(walk, *arguments, home="xar-arms")

    assert shown.code == 0
    assert schedule.read_text(encoding="utf-8").strip() == shown.output
    assert "(S) case" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    assert command(walk, "sync", "--json", home="xbe-cib").json["records"] == 0


def test_the_profile_is_shown_edited_and_checked(walk: Walk, listed: Path) -> None:
    """The default profile prints as a file; kept in the home it is used; a broken one is refused by name."""
    shown = command(walk, "profile", "show", home="xar-arms")
    home = walk.homes["xar-arms"]
    home.profile.write_text(shown.output.replace('level = "RESTRICTED"', 'level = "CONFIDENTIAL"'), encoding="utf-8")
    checked = command(walk, "profile", "check", home="xar-arms")
    assert checked.code == 1
    assert "its ceiling is lower" in checked.output

    home.profile.write_text("typ = 1", encoding="utf-8")
    assert submit(walk, listed).code == 1
    home.profile.unlink()
    assert command(walk, "profile", "check", home="xar-arms").code == 0


def test_codes_are_imported_and_used(walk: Walk, listed: Path) -> None:
    """A make of an imported official list is known by its code from then on."""
    codes = walk.folder / "makes.csv"
    codes.write_text("code,description\nUOW,Unheard-of Works\nxx!,bad\n", encoding="utf-8")
    imported = command(walk, "codes", "import", str(codes), "--kind", "makes", "--json", home="xar-arms")
    assert (imported.json["codes"], len(imported.json["problems"])) == (1, 1)

    submit(walk, listed)
    command(walk, "sync", home="xbe-cib")
    shown = command(walk, "list", "--json", home="xbe-cib").json["records"]
    stored = command(walk, "show", shown[1]["record"], "--json", home="xbe-cib").json
    assert stored["portions"]["item"]["fields"]["item.make"] == "UOW"


def test_the_audit_names_a_flipped_byte_in_a_copy(walk: Walk, listed: Path) -> None:
    """A copy of the log with one byte changed fails at exactly that entry, and a true copy does not."""
    submit(walk, listed)
    command(walk, "sync", home="xau-dit")
    copy = mirror(walk)
    report = walk.folder / "report.json"
    arguments = ("audit", "--from", str(copy), "--charter", fingerprints.to_words(walk.fingerprint))
    assert command(walk, *arguments).code == 4
    bundle = copy / "tile" / "entries" / "000.p" / str(checkpoint_size(walk))
    raw = bytearray(bundle.read_bytes())
    raw[-100] ^= 1
    bundle.write_bytes(raw)

    flipped = command(walk, *arguments, "--report", str(report), "--json")
    assert flipped.code == 1
    assert flipped.json == json.loads(report.read_text(encoding="utf-8"))
    assert flipped.json["findings"][0]["check"] == "leaf"
    assert flipped.json["findings"][0]["index"] == checkpoint_size(walk) - 1


def checkpoint_size(walk: Walk) -> int:
    """Return the size of the published log."""
    response = walk.transport.send(Request(method="GET", path="/checkpoint"), limit=100_000)
    return int(response.body.splitlines()[1])


def mirror(walk: Walk) -> Path:
    """Return a folder with everything an audit reads, fetched from the service."""
    size = checkpoint_size(walk)
    folder = walk.folder / "mirror"
    for path in ("/checkpoint", "/v1/charters/1", f"/tile/0/000.p/{size}", f"/tile/entries/000.p/{size}"):
        response = walk.transport.send(Request(method="GET", path=path), limit=10_000_000)
        assert response.status == 200
        place = folder / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(response.body)
    return folder


class Unreachable:
    """A service that is not there."""

    def send(self, request: Request, *, limit: int) -> Response:
        """Fail as a broken network does."""
        raise UnreachableError(f"no {request.method} answered within {limit}")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nonsense",), 2, "No such command"),
        (("audit",), 2, "no home was named"),
        (("audit", "--charter", "x"), 2, "nothing to audit was named"),
        (("audit", "--charter", "x", "--url", URL), 1, "base64url"),
        (("show", "nothing"), 2, "no home was named"),
        (("charter", "show", "/nowhere/file"), 1, "No such file"),
        (("submit", "--help-me"), 2, "No such option"),
    ],
)
def test_refusals_have_their_exit_codes(walk: Walk, arguments: tuple[str, ...], code: int, words: str) -> None:
    """Wrong usage is 2, refused input 1, each with words and without a trace."""
    result = command(walk, *arguments)

    assert result.code == code
    assert words in result.notes
    assert "Traceback" not in result.notes + result.output


def test_an_unreachable_service_is_three_and_nothing_is_lost(walk: Walk, listed: Path) -> None:
    """Without the network the exit code says so; the same command later sends each row once."""
    arguments = ("submit", str(listed), "--map", str(walk.folder / "march.toml"), "--json")
    down = command(walk, *arguments, home="xar-arms", transport=Unreachable())
    assert down.code == 3
    assert down.json["error"] == "UnreachableError"

    assert command(walk, *arguments, home="xar-arms").json["records"] == 3


def test_a_record_that_is_not_there_is_not_found(walk: Walk) -> None:
    """A name that no synced record has is said to be unknown or sealed to others: the two look alike."""
    result = command(walk, "show", "xar-arms/AAAAAAAAAAAAAAAAAAAAAA", home="xbe-cib")

    assert result.code == 1
    assert "sealed to others" in result.notes


def test_a_purpose_the_label_does_not_name_shows_nothing(walk: Walk, listed: Path) -> None:
    """A record released for tracing is not shown for sanctions: exit 5."""
    submit(walk, listed)
    command(walk, "sync", home="xbe-cib")
    name = command(walk, "list", "--json", home="xbe-cib").json["records"][0]["record"]

    assert command(walk, "show", name, "--purpose", "SANCTIONS", home="xbe-cib").code == 5
