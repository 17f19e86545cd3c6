"""docs/operations.md: its commands work, as they are written (tests/support/walk.py says what is stood in for)."""

import re
import subprocess
from http import HTTPStatus
from pathlib import Path
from urllib.request import urlopen

import pytest

from clients.charters import parse_service
from ledger.checkpoints import open_checkpoint
from tests.support.walk import DOCUMENT, PASSPHRASE, STAND_INS, Walk, console_commands

FIRST = "From bare Debian 12 to a first checkpoint"
MOST_COMMANDS = 15


def test_the_way_to_a_first_checkpoint_is_short() -> None:
    """At most fifteen commands lead from a bare machine to a checkpoint."""
    assert 0 < len(console_commands(FIRST)) <= MOST_COMMANDS


def test_every_command_of_the_document_is_shell() -> None:
    """No console block holds a line that a shell would not read."""
    headings = re.findall(r"^## (.*)$", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    commands = [command for heading in headings for command in console_commands(heading)]

    assert len(commands) > MOST_COMMANDS
    for command in commands:
        subprocess.run(["bash", "-n", "-c", command], check=True)  # noqa: S603, S607 - parsed, not run


def test_only_the_machine_s_own_programs_are_stood_in_for() -> None:
    """No stand-in hides a program of ours, and each is one that the walk really meets."""
    met = " ".join(console_commands(FIRST))

    assert not {name for name in STAND_INS if "sealtrace" in name}
    assert [name for name in STAND_INS if name not in met] == []


@pytest.mark.slow
def test_the_walk_ends_with_a_checkpoint_that_the_service_s_keys_signed(walk: Walk) -> None:
    """The last command shows a checkpoint of one entry, and both signatures verify under service.json."""
    service = parse_service((walk.work / "service.json").read_bytes())
    last = walk.said[console_commands(FIRST)[-1]]
    shown = last[last.index("ledger.example/weapons\n") :].encode()

    checkpoint = open_checkpoint(shown, origin=service.origin, vkeys=service.log.vkeys)

    assert checkpoint.size == 1


@pytest.mark.slow
def test_an_agency_joins_by_the_words_on_the_telephone(walk: Walk) -> None:
    """The joining command of the document pins the log under the words that `charter show` printed."""
    (command,) = [one for one in console_commands("Let the agencies in") if "sealtrace join" in one]

    said = walk.shell(command.replace("https://ledger.example", walk.url))

    assert "ledger.example/weapons" in said
    assert "1 entry" in said


@pytest.mark.slow
def test_what_the_operator_is_told_to_watch_answers(walk: Walk) -> None:
    """Health, readiness and metrics answer on their ports; the journal tells of the start and not of the passphrase."""
    for path in ("/healthz", "/readyz"):
        with urlopen(f"{walk.url}{path}") as answer:  # noqa: S310 - the loopback address of this very test
            assert answer.status == HTTPStatus.OK

    with urlopen(f"http://127.0.0.1:{walk.adapt('8471')}/metrics") as answer:
        assert b"sealtrace_requests_total" in answer.read()

    assert PASSPHRASE not in walk.journal()
    assert '"event": "serving"' in walk.journal()


@pytest.mark.slow
def test_a_backup_is_made_and_put_back_as_the_document_says(walk: Walk) -> None:
    """The commands of both sections, one after the other, end with a service that shows the checkpoint of before."""
    shown = walk.shell("curl --silent --fail http://127.0.0.1:8470/checkpoint")
    walk.shell(
        "/opt/sealtrace/current/bin/sealtrace-server export --database /var/lib/sealtrace/ledger.sqlite --output /srv/mirror"
    )

    said = [walk.shell(command) for command in console_commands("Backup")]
    (made,) = Path(walk.adapt("/var/backups/sealtrace")).iterdir()
    said += [walk.shell(one.replace("2026-11-22T023000Z", made.name)) for one in console_commands("Put a backup back")]
    again = walk.shell("curl --silent --fail --retry 9 --retry-connrefused http://127.0.0.1:8470/checkpoint")

    assert again == shown
    assert "1 entry backed up to" in walk.journal()
    assert "✓ no fault found" in said[3]
    assert "✓ it reaches what was signed" in said[-2]


@pytest.mark.slow
def test_new_keys_of_the_log_are_drawn_as_the_document_says(walk: Walk) -> None:
    """The commands leave a service that runs with both pairs, and a proposal that names the new one."""
    said = [walk.shell(command) for command in console_commands("New keys of the log")]

    named = parse_service((walk.work / "service.next.json").read_bytes())
    assert named.log.vkeys != parse_service((walk.work / "service.json").read_bytes()).log.vkeys
    assert "version 2" in said[-1]
    assert walk.shell("curl --silent --fail --retry 9 --retry-connrefused http://127.0.0.1:8470/healthz") == "ok\n"


@pytest.mark.slow
def test_the_service_s_folder_is_closed_to_others(walk: Walk) -> None:
    """After the walk neither the folder nor anything in it can be read by another user."""
    shown = [walk.data, *walk.data.iterdir()]

    assert {path.name for path in shown} >= {"sealtrace", "keystore", "service.json", "ledger.sqlite"}
    assert walk.data.stat().st_mode & 0o077 == 0
