"""packaging/systemd: the nightly backup is shut in as the service is, and its command is one that there is."""

import configparser
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.main import get_group

from server.cli import app
from tests.support.units import FOLDER, unread, walls
from tests.support.walk import console_commands

UNIT, TIMER = FOLDER / "sealtrace-backup.service", FOLDER / "sealtrace-backup.timer"
# Where the service may listen and talk to its own machine, a backup may nothing.
_NETWORK = {"IPAddressAllow", "SocketBindAllow", "RestrictAddressFamilies"}
_OWN = {"TasksMax", "LimitNOFILE"}
MOST_KEPT = 30


def params() -> dict[str, object]:
    """Return what the program reads in the unit's command."""
    command = re.search(r"(?m)^ExecStart=\S+/sealtrace-server backup (.*)$", UNIT.read_text(encoding="utf-8"))
    assert command is not None
    return get_group(app).commands["backup"].make_context("backup", shlex.split(command[1])).params


def test_the_backup_gives_up_what_the_service_does() -> None:
    """All of it, and every network besides; what it may write more is the folder of the backups."""
    service, backup = walls(FOLDER / "sealtrace-server.service"), walls(UNIT)
    shared = service.keys() - _NETWORK - _OWN

    assert {name: backup.get(name) for name in shared} == {name: service[name] for name in shared}
    assert backup["PrivateNetwork"] == ["yes"]
    assert backup["IPAddressDeny"] == backup["SocketBindDeny"] == ["any"]
    assert backup["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert backup.keys() & {"IPAddressAllow", "SocketBindAllow"} == set()
    assert backup["ReadWritePaths"] == [str(params()["into"])]


def test_the_command_of_the_backup_unit_is_one_that_there_is() -> None:
    """It copies the service's folder as its user, below the folder that the document makes, and keeps few."""
    read, text = params(), UNIT.read_text(encoding="utf-8")
    keep = read["keep"]

    assert read["data"] == Path("/var/lib/sealtrace")
    assert f"--owner=sealtrace --group=sealtrace {read['into']}" in "\n".join(console_commands("Backup"))
    assert isinstance(keep, int)
    assert 2 <= keep <= MOST_KEPT
    assert "User=sealtrace\n" in text
    assert f"RequiresMountsFor={read['into']}\n" in text


def test_the_backup_needs_no_passphrase() -> None:
    """What runs each night is handed no secret."""
    text = UNIT.read_text(encoding="utf-8")

    assert "LoadCredential" not in text
    assert "PASSPHRASE" not in text


def test_a_backup_that_fails_or_hangs_is_a_failed_unit() -> None:
    """Its exit code is systemd's; no prefix or list of codes makes it good, and there is an end to waiting."""
    text = UNIT.read_text(encoding="utf-8")

    assert "Type=oneshot\n" in text
    assert "\nTimeoutStartSec=" in text
    assert "SuccessExitStatus" not in text
    assert "ExecStart=-" not in text


def test_the_timer_runs_each_night_and_makes_up_for_a_night_off() -> None:
    """Once a day, by the unit of its name, installed where the document enables it."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(TIMER)

    assert parser.sections() == ["Unit", "Timer", "Install"]
    assert parser["Timer"]["Persistent"] == "yes"
    assert parser["Timer"]["OnCalendar"].startswith("*-*-* ")
    assert parser["Install"]["WantedBy"] == "timers.target"
    assert TIMER.stem == UNIT.stem
    assert any(f"enable --now {TIMER.name}" in one for one in console_commands("Backup"))


def test_systemd_reads_every_line_of_the_backup_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing to say, but that the program is not installed here."""
    assert unread(UNIT, tmp_path) == []
    assert unread(TIMER, tmp_path) == []


def test_the_time_of_the_timer_is_one_that_comes_every_day() -> None:
    """Systemd itself reads it as one time of each day."""
    when = re.search(r"(?m)^OnCalendar=(.*)$", TIMER.read_text(encoding="utf-8"))
    assert when is not None
    try:
        command = ["systemd-analyze", "calendar", when[1]]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - systemd's own program
    except FileNotFoundError:
        pytest.skip("systemd-analyze is not on this machine: the time was not read")

    assert "Normalized form: *-*-* 02:30:00" in done.stdout
