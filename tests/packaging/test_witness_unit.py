"""packaging/systemd: an agency's witness is shut in as the service is, and its command is one that there is."""

import re
from pathlib import Path

from clients.witness.program import parse_options
from tests.support.units import FOLDER, unread, walls

UNIT = FOLDER / "sealtrace-witness.service"
# What the witness may do and the service may not: ask the log, wherever it is.
_OPEN = {"IPAddressDeny", "IPAddressAllow"}
_OWN = {"MemoryMax", "TasksMax", "LimitNOFILE", "SocketBindAllow"}


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
    assert unread(UNIT, tmp_path) == []
