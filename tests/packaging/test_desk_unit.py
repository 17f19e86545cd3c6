"""packaging/systemd: an agency's desk is shut in as its witness is, and its command is one that there is."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from clients.desk.place import parse_place
from clients.desk.program import check_listening, parse_options

FOLDER = Path(__file__).resolve().parents[2] / "packaging/systemd"
UNIT = FOLDER / "sealtrace-desk.service"
_OWN = {"MemoryMax", "TasksMax", "LimitNOFILE", "SocketBindAllow", "SystemCallFilter"}


def walls(unit: Path) -> dict[str, list[str]]:
    """Return what a unit gives up: the settings behind the line about dumps."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").split("# Keys stay out")[1].split("[Install]")[0].splitlines()[1:]:
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_the_desk_gives_up_what_the_witness_does() -> None:
    """All of it, but that the child which reads workbooks may limit itself."""
    witness, desk = walls(FOLDER / "sealtrace-witness.service"), walls(UNIT)
    shared = witness.keys() - _OWN

    assert {name: desk.get(name) for name in shared} == {name: witness[name] for name in shared}
    assert desk.keys() == witness.keys()
    assert desk["SystemCallFilter"] == [*witness["SystemCallFilter"], "setrlimit prlimit64"]


def test_the_command_of_the_desk_unit_is_one_that_there_is() -> None:
    """Its words are read by the program, which starts with them, and it binds the port that it may."""
    command = re.search(r"ExecStart=\S+/sealtrace desk serve (.*)", UNIT.read_text(encoding="utf-8"))
    assert command is not None
    options = parse_options(command[1].split())
    place = parse_place(f"http://localhost:{options.port}")
    check_listening(place, host=options.host, certificate=options.certificate, key=options.key)

    assert (options.home, options.host) == ("/var/lib/sealtrace-desk", "127.0.0.1")
    assert walls(UNIT)["SocketBindAllow"] == [f"ipv4:tcp:{options.port}"]


def test_the_first_administrators_link_is_in_no_journal() -> None:
    """What the desk prints goes nowhere: whoever reads journals must not become an administrator by it."""
    text = UNIT.read_text(encoding="utf-8")

    assert re.findall(r"(?m)^StandardOutput=(.*)$", text) == ["null"]


def test_systemd_reads_every_line_of_the_desk_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing to say, but that the program is not installed here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: the unit was not verified")
    text = re.sub("(?m)^(ExecStart)=.*$", r"\1=/bin/true", UNIT.read_text(encoding="utf-8"))
    (tmp_path / UNIT.name).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / UNIT.name)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - systemd's own program

    assert not re.search(r"Unknown|Failed to parse", done.stderr)
