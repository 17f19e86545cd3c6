"""packaging/systemd: mirror and watch are shut in as the service is, listen nowhere, and run commands that there are."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_group

from clients.cli.app import app
from tests.packaging.test_witness_unit import FOLDER, walls
from tests.support.units import unread

NAMES = ("mirror", "watch")
FINGERPRINT = "A" * 43
# What they may do and the service may not: ask the log and its witnesses, wherever they are.
_OPEN = {"IPAddressDeny", "IPAddressAllow"}
_OWN = {"MemoryMax", "TasksMax", "LimitNOFILE", "SocketBindAllow"}


def unit(name: str) -> Path:
    """Return the file of a unit."""
    return FOLDER / f"sealtrace-{name}.service"


@pytest.mark.parametrize("name", NAMES)
def test_they_give_up_what_the_service_does(name: str) -> None:
    """All of it but the networks, and every port."""
    service, own = walls(FOLDER / "sealtrace-server.service"), walls(unit(name))
    shared = service.keys() - _OPEN - _OWN

    assert {one: own.get(one) for one in shared} == {one: service[one] for one in shared}
    assert "SocketBindAllow" not in own
    assert own["SocketBindDeny"] == ["any"]


@pytest.mark.parametrize("name", NAMES)
def test_their_commands_are_ones_that_there_are(name: str) -> None:
    """Every option is read by the program, and what they write lies in the folder that the unit may write."""
    text = unit(name).read_text(encoding="utf-8")
    command = re.search(r"ExecStart=\S+/sealtrace (\w+) (.*)", text)
    assert command is not None
    words = (
        command[2].replace("${SEALTRACE_URL}", "https://ledger.example").replace("${SEALTRACE_CHARTER}", FINGERPRINT)
    )
    read = get_group(app).commands[command[1]].make_context(command[1], shlex.split(words)).params
    folder = read["to"] if name == "mirror" else read["state"]

    assert command[1] == name
    assert (read["url"], read["charter"]) == ("https://ledger.example", FINGERPRINT)
    assert read["every"] > 0
    assert Path(folder).parent == Path("/var/lib") / f"sealtrace-{name}"
    assert f"StateDirectory=sealtrace-{name}\n" in text


def test_the_watch_is_handed_what_only_root_can_read() -> None:
    """The folder of the addresses is shut to the watch's user: systemd reads the file and hands it over."""
    text = unit("watch").read_text(encoding="utf-8")

    assert "LoadCredential=witnesses.toml:/etc/sealtrace/witnesses.toml\n" in text
    assert "--witnesses %d/witnesses.toml " in text


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.service")), ids=lambda path: path.stem)
def test_no_command_reads_below_etc(path: Path) -> None:
    """What lies in root's folder comes as a credential or as a variable, never by a path that the user cannot open."""
    (command,) = re.findall(r"(?m)^ExecStart=(.*)$", path.read_text(encoding="utf-8"))

    assert "/etc/" not in command


@pytest.mark.parametrize("name", NAMES)
def test_an_alarm_starts_nothing_again(name: str) -> None:
    """Exit 1 and 4 are for a person: only a crash is started again."""
    assert "Restart=on-abnormal" in unit(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_systemd_reads_every_line_of_them(tmp_path: Path, name: str) -> None:
    """`systemd-analyze verify` finds nothing to say, but that the program is not installed here."""
    assert unread(unit(name), tmp_path) == []
