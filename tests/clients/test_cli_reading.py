"""`sealtrace sync`, `show` and `list` as typed: what is said, what is withheld, and with which exit code."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clients.cli.exits import Exit
from clients.transport import Request, Response
from tests.support.commands import Result, command
from tests.support.lists import submit_rows
from tests.support.loopback import Walk, found_consortium

OWNER, PARTNER = "xar-arms", "xbe-cib"
ROWS = [{"make": "Taurus", "serial": f"ABC{number}"} for number in range(3)]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Give two agencies, three records of one, all of it synced by the other; the tests here only read."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, PARTNER)
    submit_rows(found.session(OWNER), ROWS)
    assert command(found, "sync", home=PARTNER).code == Exit.DONE
    yield found
    found.close()


def listed(walk: Walk, *options: str, home: str = PARTNER) -> list[dict[str, str]]:
    """Return what `sealtrace list` finds."""
    found: list[dict[str, str]] = command(walk, "list", *options, "--json", home=home).json["records"]
    return found


def test_a_sync_with_nothing_new_says_what_was_verified(walk: Walk) -> None:
    """Also when nothing came: how many entries, by whom vouched for."""
    said = command(walk, "sync", home=PARTNER)

    assert (said.code, said.notes.count("Traceback")) == (Exit.DONE, 0)
    assert said.output.splitlines() == [
        "✓ verified   8 entries · UNWITNESSED",
        "opened       0 records · 0 new keys",
    ]


def test_a_full_sync_counts_what_the_feed_had_told(walk: Walk) -> None:
    """Nothing was left out: exit 0, and the list of it is empty."""
    full = command(walk, "sync", "--full", "--json", home=PARTNER)

    assert (full.code, full.json["left_out"], full.json["refused"], full.json["size"]) == (Exit.DONE, [], {}, 8)


class Spoils:
    """A way to the service on which every ciphertext arrives changed."""

    def __init__(self, walk: Walk) -> None:
        """Take the way."""
        self._walk = walk

    def send(self, request: Request, *, limit: int) -> Response:
        """Flip the last bit of every answer with blobs."""
        answer = self._walk.transport.send(request, limit=limit)
        if request.path != "/v1/blobs":
            return answer
        return replace(answer, body=answer.body[:-1] + bytes([answer.body[-1] ^ 1]))


def test_what_must_not_be_shown_is_told_by_entry_and_fails_the_sync(walk: Walk, tmp_path: Path) -> None:
    """A script that looks at the exit code alone hears of it, too."""
    walk_there = walk.copy_to(tmp_path / "copy")
    (walk_there.homes[PARTNER].replica).unlink()
    said = command(walk_there, "sync", home=PARTNER, transport=Spoils(walk_there))
    walk_there.close()

    assert said.code == Exit.REFUSED
    assert "is not shown:" in said.output
    assert all(len(line) <= 80 for line in said.output.splitlines())


@pytest.mark.parametrize(
    ("options", "serials"),
    [
        ((), {"ABC0", "ABC1", "ABC2"}),
        (("taurus",), {"ABC0", "ABC1", "ABC2"}),
        (("abc1",), {"ABC1"}),
        (("taurus", "abc1"), {"ABC1"}),
        (("colt",), set()),
        (("--event", "recovery"), {"ABC0", "ABC1", "ABC2"}),
        (("--event", "sale"), set()),
        (("--iss", OWNER), {"ABC0", "ABC1", "ABC2"}),
        (("--iss", PARTNER), set()),
    ],
)
def test_words_and_options_narrow_a_list(walk: Walk, options: tuple[str, ...], serials: set[str]) -> None:
    """All words must occur; an event and an originator are exact."""
    assert {one["serial"] for one in listed(walk, *options)} == serials


def test_an_originator_that_there_never_was_is_said_to_be_unknown(walk: Walk) -> None:
    """Nothing is found in silence for a misspelled agency: those that it may have been meant for are named."""
    refused = command(walk, "list", "--iss", "xar-amrs", home=PARTNER)

    assert refused.code == Exit.REFUSED
    assert "no agency of the charter is called xar-amrs: the most like it are xar-arms, xbe-cib" in refused.notes


def test_a_limit_says_how_many_there_are(walk: Walk) -> None:
    """What was left out of a list is counted on its last line."""
    said = command(walk, "list", "--limit", "2", home=PARTNER).output

    assert len(listed(walk, "--limit", "2")) == 2
    assert said.splitlines()[-1] == "2 of 3 records · UNWITNESSED"
    assert command(walk, "list", "--limit", "0", home=PARTNER).code == Exit.USAGE


def test_a_record_is_shown_with_what_proves_it(walk: Walk) -> None:
    """Entry, size and who vouches, beside the fields; the same in JSON."""
    name = listed(walk, "abc1")[0]["record"]
    shown = command(walk, "show", name, home=PARTNER)
    value = command(walk, "show", name, "--json", home=PARTNER).json

    assert shown.code == Exit.DONE
    assert "ABC1" in shown.output
    assert "UNWITNESSED" in shown.output
    assert value["proof"]["size"] == 8
    assert value["portions"]["item"]["fields"]["item.serials"][0]["as_marked"] == "ABC1"


@pytest.mark.parametrize("name", ["xar-arms", "xar-arms/short", "XAR/AAAAAAAAAAAAAAAAAAAAAA", "/", "xar-arms/=="])
def test_what_is_no_name_of_a_record_is_refused(walk: Walk, name: str) -> None:
    """In words, before the replica is asked."""
    refused = command(walk, "show", name, home=PARTNER)

    assert refused.code == Exit.REFUSED
    assert refused.notes.startswith("✗")
    assert "Traceback" not in refused.notes


@pytest.mark.parametrize("words", [("list",), ("show", f"{OWNER}/AAAAAAAAAAAAAAAAAAAAAA")])
def test_a_purpose_that_nobody_knows_is_refused(walk: Walk, words: tuple[str, ...]) -> None:
    """A misspelled purpose must not be taken for any."""
    refused: Result = command(walk, *words, "--purpose", "CURIOSITY", home=PARTNER)

    assert (refused.code, "Traceback" in refused.notes) == (Exit.REFUSED, False)


def test_a_list_for_another_purpose_withholds_the_item(walk: Walk) -> None:
    """A label that does not name the purpose leaves the line with its name alone."""
    said = command(walk, "list", "--purpose", "SANCTIONS", home=PARTNER).output

    assert "ABC" not in said
    assert "Taurus" not in said


def test_a_search_that_finds_nothing_says_what_to_do(walk: Walk) -> None:
    """A word that no record has is no error; what came since the last sync may have it."""
    said = command(walk, "list", "nonexistent", home=PARTNER)

    assert (said.code, "0 of 0 records" in said.output, "`sealtrace sync`" in said.output) == (Exit.DONE, True, True)
