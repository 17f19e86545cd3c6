"""packaging/systemd: an agency's desk is shut in as its witness is, and its command is one that there is."""

import re
from pathlib import Path

from clients.desk.place import parse_place
from clients.desk.program import check_listening, parse_options
from tests.support.units import FOLDER, unread, walls

UNIT = FOLDER / "sealtrace-desk.service"
_OWN = {"MemoryMax", "TasksMax", "LimitNOFILE", "SocketBindAllow", "SystemCallFilter"}


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
    assert unread(UNIT, tmp_path) == []
