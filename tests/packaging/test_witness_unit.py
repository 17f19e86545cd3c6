"""packaging/systemd: an agency's witness is shut in as the service is, and its command is one that there is."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from clients.witness.program import parse_options

FOLDER = Path(__file__).resolve().parents[2] / "packaging/systemd"
UNIT = FOLDER / "sealtrace-witness.service"
# What the witness may do and the service may not: ask the log, wherever it is.
_OPEN = {"IPAddressDeny", "IPAddressAllow"}
_OWN = {"MemoryMax", "TasksMax", "LimitNOFILE", "SocketBindAllow"}


def walls(unit: Path) -> dict[str, list[str]]:
    """Return what a unit gives up: the settings behind the line about dumps."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").split("# Keys stay out")[1].split("[Install]")[0].splitlines()[1:]:
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_the_witness_gives_up_what_the_service_does() -> None:
    """All of it but the networks."""
    service, witness = walls(FOLDER / "sealtrace-server.service"), walls(UNIT)
    shared = service.keys() - _OPEN - _OWN

    assert {name: witness.get(name) for name in shared} == {name: service[name] for name in shared}
    assert witness.keys() == service.keys() - _OPEN


def test_the_command_of_the_unit_is_one_that_there_is() -> None:
    """Its words are read by the program, and it binds the port that it may."""
    text = UNIT.read_text(encoding="utf-8")
    command = re.search(r"ExecStart=\S+/sealtrace witness serve (.*)", text)
    assert command is not None
    options = parse_options(command[1].split())

    assert (options.home, options.host, options.outbound) == ("/var/lib/sealtrace-witness", "127.0.0.1", False)
    assert walls(UNIT)["SocketBindAllow"] == [f"ipv4:tcp:{options.port}"]
    assert parse_options(["--outbound"]).outbound


def test_systemd_reads_every_line_of_the_witness_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing to say, but that the program is not installed here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: the unit was not verified")
    text = re.sub("(?m)^(ExecStart)=.*$", r"\1=/bin/true", UNIT.read_text(encoding="utf-8"))
    (tmp_path / UNIT.name).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / UNIT.name)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - systemd's own program

    assert not re.search(r"Unknown|Failed to parse", done.stderr)
