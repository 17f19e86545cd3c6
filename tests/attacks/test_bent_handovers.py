"""The checkpoint by which a log passes to other keys, bent in one thing at a time: refused by the library and by `sync`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.cli.exits import Exit
from clients.errors import ClientError
from clients.home import Home
from clients.service import Service
from clients.trust import Trust
from ledger.errors import LedgerError
from tests.support.adversary import Bent, LyingServer, bends
from tests.support.charterlife import MEMBERS, PARTNER, pass_charter, prepare_log_keys, submit
from tests.support.commands import run_in
from tests.support.loopback import Walk, found_consortium

EACH = 40
CALL = "handover"


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Give a log that has passed to its next keys while one member was away."""
    found = found_consortium(tmp_path_factory.mktemp("handed"), *MEMBERS)
    pass_charter(found, prepare_log_keys(found), found.charter_file)
    submit(found, "LIFE1")
    yield found
    found.close()


def lies(walk: Walk, folder: Path) -> tuple[LyingServer, list[Bent]]:
    """Return the service, and every way to bend what it says of the handover."""
    server = LyingServer(walk.transport)
    trust = Trust(folder / "honest")
    trust.pin(walk.fingerprint)
    trust.refresh(Service(server))
    answer = server.heard[CALL][0]
    others = [one.body for answers in server.heard.values() for one in answers if one.body != answer.body]
    return server, list(bends(answer, others=others, seed="handover", count=EACH))


def test_attack_a_bent_handover(walk: Walk, tmp_path: Path) -> None:
    """Whoever was away believes the new keys for the old ones' word alone: for any other word, nothing."""
    server, bent = lies(walk, tmp_path)
    refused = 0
    for number, one in enumerate(bent):
        trust = Trust(tmp_path / str(number))
        trust.pin(walk.fingerprint)
        try:
            view = trust.refresh(Service(server.lying(CALL, one.bend)))
        except (LedgerError, ClientError):
            refused += 1
            assert trust.note() is None
        else:
            assert len(view.charters) == 2, one

    assert refused > EACH // 2


def test_attack_a_bent_handover_told_to_a_command(walk: Walk, tmp_path: Path) -> None:
    """`sealtrace sync` ends with an exit code of ours, and takes nothing of it over."""
    server, bent = lies(walk, tmp_path)
    before = (walk.homes[PARTNER].trusted / "checkpoint").read_bytes()
    for number, one in enumerate(bent):
        home = Home(shutil.copytree(walk.homes[PARTNER].path, tmp_path / f"home-{number}"))
        liar = server.lying(CALL, one.bend)
        done = run_in(("sync", "--home", str(home.path)), walk, liar)

        assert CALL in liar.heard
        assert done.code in set(Exit)
        assert "Traceback" not in done.notes + done.output
        assert done.code == Exit.DONE or (home.trusted / "checkpoint").read_bytes() == before
