"""packaging/systemd: the service is shut in, and what systemd itself says about the unit is held to."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.walk import console_commands

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "packaging/systemd/sealtrace-server.service"
MOST_EXPOSURE = 1.5


def settings() -> dict[str, list[str]]:
    """Return what the unit's [Service] section sets, each name with all its values."""
    section = UNIT.read_text(encoding="utf-8").split("[Service]\n", 1)[1].split("\n[", 1)[0]
    found: dict[str, list[str]] = {}
    for line in section.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("User", "sealtrace"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("AmbientCapabilities", ""),
        ("ProtectSystem", "strict"),
        ("MemoryDenyWriteExecute", "yes"),
        ("IPAddressDeny", "any"),
        ("LimitCORE", "0"),
        ("MemorySwapMax", "0"),
        ("UMask", "0077"),
        ("StateDirectoryMode", "0700"),
    ],
)
def test_the_service_gives_up(name: str, value: str) -> None:
    """Privileges, capabilities, writing elsewhere, code made at run time, networks, dumps and swap are given up."""
    assert settings()[name] == [value]


def test_the_passphrase_is_no_argument_and_no_variable() -> None:
    """The passphrase comes as a credential sealed to the machine, under the name that the programs look for."""
    text = UNIT.read_text(encoding="utf-8")

    assert settings()["LoadCredentialEncrypted"] == ["sealtrace-passphrase:/etc/sealtrace/passphrase.cred"]
    assert "PASSPHRASE" not in text


def test_the_service_listens_where_only_the_machine_reaches_it() -> None:
    """The ports it may bind are the ports it is told to bind, on the loopback address."""
    (start,) = settings()["ExecStart"]
    told = re.findall(r"--(?:metrics-)?port (\d+)", start)

    assert "--host 127.0.0.1" in start
    assert [f"ipv4:tcp:{port}" for port in told] == settings()["SocketBindAllow"]
    assert settings()["IPAddressAllow"] == ["localhost"]


def test_the_way_to_witnesses_elsewhere_is_told() -> None:
    """A unit that talks to nobody hears no witness: the document gives the command that allows one."""
    (command,) = [one for one in console_commands("Witnesses") if "IPAddressAllow" in one]

    assert f"/etc/systemd/system/{UNIT.name}.d/" in command
    assert "systemctl daemon-reload" in command
    assert settings()["IPAddressDeny"] == ["any"]


def test_the_unit_has_no_section_that_systemd_does_not_know() -> None:
    """Unit, Service and Install, each once."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read(UNIT)

    assert parser.sections() == ["Unit", "Service", "Install"]


def test_systemd_finds_little_left_open(tmp_path: Path) -> None:
    """Systemd's own count of what a service could still do stays as low as it was when the unit was written."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: the unit was not counted")
    shutil.copy(UNIT, tmp_path)
    command = ["systemd-analyze", "security", "--offline=true", str(tmp_path / UNIT.name)]

    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - systemd's own program

    level = re.search(r"exposure level for \S+: (\d+\.\d)", done.stdout)
    assert level is not None
    assert float(level[1]) <= MOST_EXPOSURE


def test_systemd_reads_every_line_of_the_unit(tmp_path: Path) -> None:
    """No setting is unknown or misspelled: the only complaint is that the program is not installed here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: the unit was not verified")
    shutil.copy(UNIT, tmp_path)
    command = ["systemd-analyze", "verify", str(tmp_path / UNIT.name)]

    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - systemd's own program

    complaints = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert [line for line in complaints if "is not executable" not in line] == []
