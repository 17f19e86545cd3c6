"""`sealtrace charter`, `join`, `key` and `profile` as typed: what a person reads, and what is refused with which code."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.cli.exits import Exit
from clients.witness.program import parse_options
from ledger import fingerprints
from tests.support.commands import command
from tests.support.loopback import URL, Walk, found_consortium

OWNER, PARTNER = "xar-arms", "xbe-cib"


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Give two agencies and an auditor that have joined; the tests here change nothing in the log."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, PARTNER, auditor="xau-dit")
    (found.folder / "charter.1").write_bytes(found.charter_file)
    yield found
    found.close()


def charter_file(walk: Walk) -> str:
    """Return the charter in force."""
    return str(walk.folder / "charter.1")


def test_a_charter_is_shown_for_the_telephone(walk: Walk) -> None:
    """Sixteen words in two lines, members with ceilings and contacts, and that nobody witnesses."""
    said = command(walk, "charter", "show", charter_file(walk)).output
    words = fingerprints.to_words(walk.fingerprint)

    assert words in "".join(said.split()).replace("inwords", "")
    assert f"agency       {OWNER} · Office of {OWNER} · XAR · up to SECRET" in said
    assert "submit and read · Duty desk, 24/7" in said
    assert "auditor      xau-dit" in said
    assert "none: every verdict will say UNWITNESSED" in said
    assert max(map(len, said.splitlines())) <= 100


def test_a_charter_for_machines_says_the_same(walk: Walk) -> None:
    """One document, the fingerprint in both spellings."""
    told = command(walk, "charter", "show", charter_file(walk), "--json").json

    assert told["fingerprint"] == fingerprints.to_text(walk.fingerprint)
    assert told["words"] == fingerprints.to_words(walk.fingerprint)
    assert [one["id"] for one in told["agencies"]] == [OWNER, PARTNER]
    assert (told["version"], told["threshold"], told["witnesses"]) == (1, 2, [])


def test_a_charter_says_who_has_signed_and_who_is_missing(walk: Walk, tmp_path: Path) -> None:
    """For people and machines, when signing and when reading; a later one by the file before it."""
    file, before = str(tmp_path / "next"), charter_file(walk)
    command(walk, "charter", "propose", "--previous", before, "-o", file)
    unread = command(walk, "charter", "show", file)
    signed = command(walk, "charter", "sign", file, "--previous", before, home=OWNER).output
    told = command(walk, "charter", "show", file, "--previous", before, "--json").json["signatures"]

    assert "--previous" in unread.output
    assert f"signed       1 of 2: {OWNER}\nmissing      {PARTNER}\nenough       not yet: 2 of the version" in signed
    assert told == {
        "signed": [OWNER], "missing": [PARTNER], "needed": [], "votes": 1, "threshold": 2, "enough": False,
    }  # fmt: skip
    assert command(walk, "charter", "show", before, "--json").json["signatures"]["enough"] is True
    assert command(walk, "charter", "show", file, "--json").json["signatures"] is None


def test_a_charter_is_not_counted_by_another_than_the_one_before(walk: Walk) -> None:
    """What is enough is never said by the wrong version."""
    refused = command(walk, "charter", "show", charter_file(walk), "--previous", charter_file(walk))

    assert (refused.code, "does not follow" in refused.notes) == (Exit.REFUSED, True)


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff", b'{"typ":"sealtrace/v1/charter-file"}', b"[" * 100_000])
def test_a_file_that_is_no_charter_is_refused(walk: Walk, tmp_path: Path, raw: bytes) -> None:
    """By show, sign and submit alike, in words."""
    file = tmp_path / "charter"
    file.write_bytes(raw)
    commands = [("show",), ("sign", "--home", str(walk.homes[OWNER].path)), ("submit",)]
    answers = [command(walk, "charter", name, str(file), *options) for name, *options in commands]

    assert {answer.code for answer in answers} == {Exit.REFUSED}
    assert "Traceback" not in "".join(answer.notes for answer in answers)
    assert file.read_bytes() == raw


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--entries", "everybody"), "open or for members"),
        (("--ceiling", f"{OWNER}=COSMIC"), "✗"),
        (("--ceiling", OWNER), "✗"),
        (("--remove", "xzz-nobody"), "✗"),
        (("--threshold", "9"), "✗"),
    ],
)
def test_terms_that_cannot_be_are_refused_before_anybody_signs(
    walk: Walk, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    """Exit 1, the reason, and no file is left to be signed by mistake."""
    output = tmp_path / "next"
    refused = command(walk, "charter", "propose", *options, "--previous", charter_file(walk), "-o", str(output))

    assert (refused.code, output.exists()) == (Exit.REFUSED, False)
    assert words in refused.notes


def test_a_next_version_is_proposed_with_its_next_steps(walk: Walk, tmp_path: Path) -> None:
    """What to do now stands in the last line."""
    output = tmp_path / "next"
    said = command(walk, "charter", "propose", "--previous", charter_file(walk), "-o", str(output)).output

    assert f"{output}: version 2, 2 agencies, 1 auditor" in said
    assert f"sealtrace charter sign {output}" in said


def test_a_charter_in_force_is_logged_once(walk: Walk) -> None:
    """Submitting it again proves where it stands, and says so for machines too."""
    again = command(walk, "charter", "submit", charter_file(walk), "--json")

    assert again.code == Exit.DONE
    assert again.json == {"index": 0, "size": 1, "stage": "durable", "since": None}
    assert "entry 0 of 1, proved" in command(walk, "charter", "submit", charter_file(walk), "--url", URL).output


@pytest.mark.parametrize("fingerprint", ["babab-babab", "x" * 43, ""])
def test_joining_takes_a_whole_fingerprint(walk: Walk, fingerprint: str) -> None:
    """A word that was misheard joins nothing."""
    refused = command(walk, "join", URL, "--charter", fingerprint, home=OWNER)

    assert refused.code == Exit.REFUSED
    assert "Traceback" not in refused.notes


def test_joining_again_under_the_same_words_is_the_same_join(walk: Walk) -> None:
    """And says what was verified."""
    words = fingerprints.to_words(walk.fingerprint)
    said = command(walk, "join", URL, "--charter", words, home=OWNER)

    assert said.code == Exit.DONE
    assert "charter 1, 2 agencies, 1 entry" in said.output
    assert "UNWITNESSED" in said.output


def new_home(walk: Walk, folder: Path) -> str:
    """Return a home that follows no log yet."""
    made = command(
        walk, "agency", "create", "--id", "xdu-moi", "--name", "M", "--country", "XDU",
        "--contact", "desk", "--hours", "24/7", "--home", str(folder),
    )  # fmt: skip
    assert made.code == Exit.DONE, made.notes
    return str(folder)


@pytest.mark.parametrize("kind", [(), ("--auditor",)])
def test_an_id_of_another_country_is_refused_before_anything_is_made(
    walk: Walk, tmp_path: Path, kind: tuple[str, ...]
) -> None:
    """An id stands under every record for ever: a slip in it or in the country is told while it costs nothing."""
    made = ("agency", "create", *kind, "--id", "xar-police", "--name", "P", "--home", str(tmp_path / "new"))
    refused = [command(walk, *made, "--country", country) for country in ("XBE", "xar", "XIN")]

    assert [one.code for one in refused] == [Exit.USAGE] * 3
    assert "xar-police begins with another country than XBE" in refused[0].notes
    assert "next: say --country XAR, or another --id" in refused[0].notes
    assert not (tmp_path / "new").exists()


def test_a_body_of_several_states_is_enrolled(walk: Walk, tmp_path: Path) -> None:
    """Its id and its country are the code that no State has."""
    made = ("agency", "create", "--id", "xin-office", "--name", "O", "--country", "XIN")

    assert command(walk, *made, "--home", str(tmp_path / "new")).code == Exit.DONE


def test_joining_at_another_address_says_what_is_refused_there(walk: Walk, tmp_path: Path) -> None:
    """A mirror is read; one line says that nothing can be signed there and where it can, for machines too."""
    home, words = new_home(walk, tmp_path / "new"), fingerprints.to_words(walk.fingerprint)
    said = command(walk, "join", "https://mirror.test", "--charter", words, "--home", home)
    told = command(walk, "join", "https://mirror.test", "--charter", words, "--home", home, "--json").json

    assert said.code == Exit.DONE
    (line,) = [one for one in said.output.splitlines() if one.startswith("⚠ address")]
    assert "what you sign for this address is refused" in line
    assert f"next: `sealtrace join {URL}`" in line
    assert f"{told['warning']['what']}; next: {told['warning']['next']}" in line


def test_the_next_step_after_joining_elsewhere_works(walk: Walk, tmp_path: Path) -> None:
    """The same home joins the same log at the charter's address, without a warning, and follows it there."""
    home, words = new_home(walk, tmp_path / "new"), fingerprints.to_words(walk.fingerprint)
    command(walk, "join", "https://mirror.test", "--charter", words, "--home", home)
    said = command(walk, "join", URL, "--charter", words, "--home", home, "--json")

    assert (said.code, said.json["warning"]) == (Exit.DONE, None)
    assert f'url = "{URL}"' in (tmp_path / "new/config.toml").read_text(encoding="utf-8")


def test_keys_are_listed_by_number_with_their_roles(walk: Walk) -> None:
    """Two roots, a recovery key and four that work; in text and for machines the same."""
    told = command(walk, "key", "show", "--json", home=PARTNER).json["keys"]
    lines = command(walk, "key", "show", home=PARTNER).output.splitlines()

    assert [line.split() for line in lines] == [[kid, role] for kid, role in told.items()]
    assert sorted(told.values()) == ["batch", "hpke", "http", "recovery", "root", "root", "sign"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("rotate", "--role", "witness"), Exit.USAGE),
        (("revoke", "nobody"), Exit.REFUSED),
        (("revoke", f"{PARTNER}#4"), Exit.USAGE),
        (("revoke", f"{OWNER}#99"), Exit.USAGE),
        (("revoke",), Exit.USAGE),
        (("revoke", f"{OWNER}#4", "--since", "-1"), Exit.USAGE),
    ],
)
def test_keys_that_are_not_ones_own_to_change_are_refused(walk: Walk, arguments: tuple[str, ...], code: Exit) -> None:
    """Nothing is drawn, nothing is sent: the same keys are in force afterwards."""
    before = command(walk, "key", "show", home=OWNER).output
    refused = command(walk, "key", *arguments, home=OWNER)

    assert (refused.code, "Traceback" in refused.notes) == (code, False)
    assert command(walk, "key", "show", home=OWNER).output == before
    assert not walk.homes[OWNER].key_entry.exists()


def test_a_home_that_has_not_joined_has_no_keys_in_force(walk: Walk, tmp_path: Path) -> None:
    """It is told how to join."""
    refused = command(walk, "key", "show", "--home", new_home(walk, tmp_path / "new"))

    assert refused.code == Exit.USAGE
    assert "sealtrace join" in refused.notes


def test_the_profile_that_is_shown_is_the_profile_that_is_read(walk: Walk, tmp_path: Path) -> None:
    """Shown, saved, named: shown again it is the same to the letter."""
    shown = command(walk, "profile", "show", home=OWNER).output
    file = tmp_path / "profile.toml"
    file.write_text(shown + "\n", encoding="utf-8")
    again = command(walk, "profile", "show", "--profile", str(file), "--json", home=OWNER)

    assert again.json["profile"].rstrip() == shown
    checked = command(walk, "profile", "check", "--profile", str(file), "--json", home=OWNER)
    assert (checked.code, checked.json["findings"]) == (Exit.DONE, [])
    assert checked.json["audiences"] > 0


def test_a_profile_of_another_agency_is_refused(walk: Walk, tmp_path: Path) -> None:
    """Its labels would release in the wrong name."""
    file = tmp_path / "profile.toml"
    file.write_text(command(walk, "profile", "show", home=PARTNER).output + "\n", encoding="utf-8")
    refused = command(walk, "profile", "check", "--profile", str(file), home=OWNER)

    assert refused.code == Exit.REFUSED
    assert "another agency" in refused.notes


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"= nothing", b"#" * (1024 * 1024 + 1)])
def test_a_profile_that_cannot_be_read_is_refused(walk: Walk, tmp_path: Path, raw: bytes) -> None:
    """Other encodings, no TOML, more than anybody wrote by hand."""
    file = tmp_path / "profile.toml"
    file.write_bytes(raw)
    refused = command(walk, "profile", "show", "--profile", str(file), home=OWNER)

    assert (refused.code, "Traceback" in refused.notes) == (Exit.REFUSED, False)


@pytest.mark.parametrize(("kind", "raw"), [("colours", b"code,description\nAAA,x\n"), ("makes", b"a,b\n1,2\n")])
def test_a_code_list_of_no_known_kind_or_form_is_refused(walk: Walk, tmp_path: Path, kind: str, raw: bytes) -> None:
    """And the home keeps the lists that it had."""
    file = tmp_path / "codes.csv"
    file.write_bytes(raw)
    refused = command(walk, "codes", "import", str(file), "--kind", kind, "--json", home=OWNER)

    assert refused.code == Exit.REFUSED
    assert json.loads(refused.output)["what"]


def test_a_fingerprint_that_begins_with_a_hyphen_is_handed_on(
    walk: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One fingerprint in 64 does: the witness's own program reads it as a value, not as an option."""
    fingerprint = "-" + fingerprints.to_text(bytes(32))[1:]
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execve", lambda _program, words, _environ: started.append(words))

    command(walk, "witness", "serve", "--url", URL, "--charter", fingerprint, "--highest", str(tmp_path / "highest"))

    words = started[0][started[0].index("clients.witness.program") + 1 :]
    assert parse_options(words).charter == fingerprint
