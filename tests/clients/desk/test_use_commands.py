"""`sealtrace desk use`: the record of use as the agency's auditor gets it and verifies it."""

from pathlib import Path

import pytest

from clients.cli.exits import Exit
from tests.support.commands import command
from tests.support.desks import Desk
from tests.support.loopback import Walk, found_consortium

ARMS = "xar-arms"


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give a consortium of two; one has a desk at which something was done."""
    found = found_consortium(tmp_path_factory.mktemp("use"), ARMS, "xbe-cib")
    desk = Desk(found, ARMS)
    desk.parts.use.note("Ana", "opened", "xar-arms/5tQxAAAAAAAAAAAAAAAA9w")
    desk.close()
    return found


def test_an_auditor_verifies_what_the_desk_exports(walk: Walk, tmp_path: Path) -> None:
    """With the key that was printed, and against an earlier export."""
    first, second = str(tmp_path / "first.json"), str(tmp_path / "second.json")
    exported = command(walk, "desk", "use", "export", "-o", first, "--json", home=ARMS)
    command(walk, "desk", "use", "export", "-o", second, home=ARMS)
    key = exported.json["key"]
    said = command(walk, "desk", "use", "verify", second, "--since", first, "--key", key)

    assert (exported.code, said.code) == (Exit.DONE, Exit.DONE)
    assert "1 entry of xar-arms/use" in said.output
    assert "the beginning of it" in said.output
    verified = command(walk, "desk", "use", "verify", second, "--key", key, "--json").json
    assert verified["entries"][0]["of"] == "xar-arms/5tQxAAAAAAAAAAAAAAAA9w"


def test_without_a_key_of_ones_own_the_verdict_says_so(walk: Walk, tmp_path: Path) -> None:
    """Whoever signed it signed it: exit 4, as of a bundle without an anchor."""
    file = str(tmp_path / "use.json")
    command(walk, "desk", "use", "export", "-o", file, home=ARMS)
    said = command(walk, "desk", "use", "verify", file)

    assert said.code == Exit.STALE
    assert "say --key" in said.output


def test_attack_an_export_with_an_entry_less_is_refused(walk: Walk, tmp_path: Path) -> None:
    """By the command, too."""
    file = tmp_path / "use.json"
    command(walk, "desk", "use", "export", "-o", str(file), home=ARMS)
    raw = file.read_bytes()
    start, end = raw.index(b'"entries":[') + len(b'"entries":['), raw.rindex(b"]")
    file.write_bytes(raw[:start] + raw[end:])
    said = command(walk, "desk", "use", "verify", str(file))

    assert said.code == Exit.REFUSED
    assert "0 entries that are not the 1" in said.notes


def test_a_home_without_a_desk_has_nothing_to_export(walk: Walk, tmp_path: Path) -> None:
    """It says so, and no record begins by asking."""
    said = command(walk, "desk", "use", "export", "-o", str(tmp_path / "use.json"), home="xbe-cib")

    assert said.code == Exit.USAGE
    assert "no desk was ever served" in said.notes
    assert not walk.homes["xbe-cib"].use.exists()
