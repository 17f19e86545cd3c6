"""Three agencies around the real service, and the desks of two of them: every program in a process of its own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from clients.home import Home
from clients.officers import create_officer
from clients.session import load_profile
from crypto.keystore import Keystore
from ledger.profiletoml import to_toml
from ledger.terms import Limits
from tests.support.commands import command
from tests.support.deskprocess import RunningDesk, running
from tests.support.loopback import PHRASE, found_consortium
from tests.support.matched import AGENCIES, share_key, start_epoch, submit
from tests.support.processes import HOST, free_port
from tests.support.served import Served, served

OWNER, ASKER = AGENCIES[0], AGENCIES[1]
# A story of eight letters would take eight minutes at the full minute; that they wait for it is tested elsewhere.
DEPARTURE_SECONDS = 3
OFFICERS = {OWNER: ("A. Abiola", "B. Berg"), ASKER: ("C. Castro",)}
THEIRS = ("2026-02-11;recovery;PI;Taurus;9x19;ABE 573528", "2026-02-12;recovery;RI;Colt;5.56x45;LGC 004417")


@dataclass(frozen=True)
class TwoDesks:
    """The service and its agencies, and two desks that answer."""

    walk: Served
    desks: dict[str, RunningDesk]

    def origin(self, agency: str) -> str:
        """Return the address of a desk, as people type it."""
        return f"http://localhost:{self.desks[agency].port}"


@contextmanager
def two_desks(folder: Path) -> Iterator[TwoDesks]:
    """Run them until the test leaves; the second agency has logged two weapons, and both have officers."""
    with ExitStack() as ends:
        port = free_port()
        founded = found_consortium(folder, *AGENCIES, auditor="xau-dit", url=f"http://{HOST}:{port}")
        walk = ends.enter_context(served(founded, tick_seconds=2, port=port))
        start_epoch(walk, ep=1, by=OWNER, limits=Limits(entries="open"))
        share_key(walk, by=OWNER)
        submitted = submit(walk, ASKER, THEIRS)
        assert submitted.code == 0, submitted.notes
        desks = {}
        for agency in (OWNER, ASKER):
            home = walk.homes[agency]
            _take_two_officers(walk, home)
            for name in OFFICERS[agency]:
                create_officer(home, name, passphrase=PHRASE)
            assert command(walk, "sync", home=agency).code == 0
            _harden(home.keystore)
            desks[agency] = ends.enter_context(
                running(home.path, passphrase=PHRASE, departure_seconds=DEPARTURE_SECONDS)
            )
        yield TwoDesks(walk=walk, desks=desks)


def _take_two_officers(walk: Served, home: Home) -> None:
    """Have the agency's profile say that whatever is sealed to others takes two officers."""
    session = walk.session(home.config().id)
    text = to_toml(load_profile(home, session.trust.charters()[-1]))
    lines = text.splitlines(keepends=True)
    home.profile.write_text("".join([*lines[:2], 'alone = "UNCLASSIFIED"\n', *lines[2:]]), encoding="utf-8")


def _harden(path: Path) -> None:
    """Give a home's keys a keystore as strong as the desk asks for."""
    weak = Keystore.open(path, passphrase=PHRASE, allow_weak=True)
    secrets = tuple(weak.secrets.values())
    path.unlink()
    Keystore.create(path, passphrase=PHRASE).put(*secrets)
