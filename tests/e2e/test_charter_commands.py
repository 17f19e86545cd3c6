"""`sealtrace key`, `expunge` and the next charter, as a person types them; and the drill that rehearses them all."""

import json
import socket
from pathlib import Path

import pytest

from clients.cli.exits import Exit
from clients.story import stage
from server.keys import open_keys
from server.rotation import prepare_successor
from tests.support.commands import command
from tests.support.lists import submit_rows
from tests.support.loopback import PHRASE, Walk, found_consortium

OWNER, PARTNER = "xar-arms", "xbe-cib"


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give two agencies and an auditor around a real service with one record in it, closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, PARTNER, auditor="xau-dit")
    submit_rows(found.session(OWNER), [{"make": "Colt", "serial": "CLI1"}])
    found.close()
    return found


@pytest.fixture
def walk(walk: Walk) -> Walk:
    """Give a copy of the founded consortium, open, and its charter as a file."""
    (walk.folder / "charter.1").write_bytes(walk.charter_file)
    return walk


def pass_charter(walk: Walk, version: int, *changes: str) -> None:
    """Propose, sign and submit the next charter by commands."""
    before, file = str(walk.folder / f"charter.{version - 1}"), str(walk.folder / f"charter.{version}")
    proposed = command(walk, "charter", "propose", *changes, "--previous", before, "-o", file)
    assert proposed.code == Exit.DONE, proposed.notes
    for agency in (OWNER, PARTNER):
        assert command(walk, "charter", "sign", file, "--previous", before, home=agency).code == Exit.DONE
    submitted = command(walk, "charter", "submit", file)
    assert submitted.code == Exit.DONE, submitted.notes


def test_keys_are_listed_rotated_and_revoked(walk: Walk) -> None:
    """What is in force is what the log says, before and after each change."""
    shown = command(walk, "key", "show", "--json", home=OWNER).json["keys"]
    assert shown[f"{OWNER}#4"] == "sign"
    assert len(shown) == 7

    rotated = command(walk, "key", "rotate", "--role", "sign", "--role", "http", home=OWNER)
    assert f"ended        {OWNER}#4" in rotated.output
    revoked = command(walk, "key", "revoke", f"{OWNER}#8", "--since", "2", "--json", home=OWNER).json
    assert (revoked["added"], revoked["ended"], revoked["since"]) == ({f"{OWNER}#10": "sign"}, [f"{OWNER}#8"], 2)
    text = command(walk, "key", "revoke", f"{OWNER}#7", "--since", "1", home=OWNER).output
    assert "disputed     what the ended keys signed from entry 1 on" in text
    assert f"{OWNER}#11" in command(walk, "key", "show", home=OWNER).output


@pytest.mark.parametrize("arguments", [("rotate", "--role", "root"), ("revoke", "xar-arms#1"), ("adopt",)])
def test_what_a_key_command_must_refuse(walk: Walk, arguments: tuple[str, ...]) -> None:
    """Roots change by charter; there is nothing to adopt; each says what to do instead."""
    result = command(walk, "key", *arguments, home=OWNER)

    assert result.code == Exit.USAGE
    assert "next:" in result.notes


def test_a_new_root_by_commands(walk: Walk) -> None:
    """Draw, propose, sign with both, submit, adopt; before the charter, adopting is refused."""
    request = str(walk.folder / "renewed.json")
    drawn = command(walk, "key", "new-root", "-o", request, "--json", home=PARTNER)
    assert Path(drawn.json["keystore"]).exists()
    assert command(walk, "key", "adopt", home=PARTNER).code == Exit.USAGE

    pass_charter(walk, 2, request)
    assert command(walk, "sync", home=PARTNER).code == Exit.NOT_PERMITTED
    adopted = command(walk, "key", "adopt", home=PARTNER)
    assert f"✓ in force   {PARTNER}#8, {PARTNER}#9" in adopted.output
    assert command(walk, "sync", home=PARTNER).code == Exit.DONE


def test_the_next_charter_by_commands(walk: Walk) -> None:
    """Limits and ceilings change, an auditor leaves, the log takes new keys; everything else stays."""
    pass_charter(walk, 2, "--entries", "members", "--ceiling", f"{PARTNER}=RESTRICTED", "--remove", "xau-dit")
    shown = command(walk, "charter", "show", str(walk.folder / "charter.2"), "--json").json
    assert (shown["version"], shown["entries"], shown["auditors"]) == (2, "members", [])
    walk.close()
    (walk.folder / "service.next.json").write_bytes(prepare_successor(walk.config, passphrase=PHRASE, allow_weak=True))
    walk.keys = open_keys(walk.config.keystore, passphrase=PHRASE, allow_weak=True)
    walk.start()
    pass_charter(walk, 3, "--service", str(walk.folder / "service.next.json"))

    assert command(walk, "sync", "--full", home=PARTNER).code == Exit.DONE
    audited = command(walk, "audit", "--records", "--allow-unwitnessed", "--json", home=OWNER)
    assert (audited.code, audited.json["charters"], audited.json["broken"]) == (Exit.DONE, 3, 0)


def test_a_first_charter_needs_the_logs_keys(walk: Walk) -> None:
    """Without a version before and without the service's file there is nothing to sign."""
    result = command(walk, "charter", "propose", "-o", str(walk.folder / "out"))

    assert result.code == Exit.REFUSED
    assert "--service" in result.notes


def test_a_record_is_expunged_by_command(walk: Walk) -> None:
    """One officer proposes, another approves; it is gone for both, said on which ground, and the proof is kept."""
    command(walk, "sync", home=PARTNER)
    command(walk, "sync", home=OWNER)
    name = command(walk, "list", "--json", home=OWNER).json["records"][0]["record"]
    file = str(walk.folder / "expunge.json")
    for officer in ("A. Abiola", "B. Berg"):
        assert command(walk, "officer", "create", officer, home=OWNER).code == Exit.DONE
    proposed = command(walk, "expunge", name, "--why", "law", "--officer", "A. Abiola", "-o", file, home=OWNER)
    assert (proposed.code, "nothing was sent" in proposed.output) == (Exit.DONE, True)
    same = command(walk, "approve", file, "--officer", "A. Abiola", "--confirm", home=OWNER)
    assert (same.code, "same officer" in same.notes) == (Exit.NOT_PERMITTED, True)

    done = command(walk, "approve", file, "--officer", "B. Berg", "--confirm", home=OWNER)

    assert done.code == Exit.DONE
    assert "expunged" in done.output
    assert "expunged     1 record:" in command(walk, "sync", home=PARTNER).output
    for agency in (OWNER, PARTNER):
        shown = command(walk, "show", name, home=agency)
        assert (shown.code, "on the ground of law" in shown.notes) == (Exit.REFUSED, True)
    assert len(list(walk.homes[OWNER].approvals.iterdir())) == 1
    again = command(walk, "approve", file, "--officer", "B. Berg", "--confirm", home=OWNER)
    assert (again.code, "carried out before" in again.notes) == (Exit.USAGE, True)


def test_the_drill(walk: Walk, tmp_path: Path) -> None:
    """Every step leads where it must, on a real service process, and the audit sees all of it."""
    if not stage._SERVER.exists():
        pytest.skip(f"{stage._SERVER} is not installed beside this Python: the drill runs it")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    result = command(walk, "charter", "drill", "--data", str(tmp_path / "drill"), "--port", str(port), "--json")

    assert result.code == Exit.DONE, result.notes
    last = result.json["The auditor verifies all of it from charter 1 on"]
    assert last["charters"] == 8
    assert result.json == json.loads((tmp_path / "drill" / "drill.json").read_text(encoding="utf-8"))
