"""Every answer that an agency reads, bent in one thing at a time: refused with an error of ours, or the same as before.

More than 500 bent answers, made from a seed. Two kinds of answers may say less than they should and be told so, or found
out by a full sync: the feed and the blobs are advice (docs/protocol.md, 10), and an access log may not have begun.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from clients import auditing
from clients.chain import send_waiting
from clients.cli.exits import Exit
from clients.entries import Entries
from clients.errors import ClientError, UnreachableError
from clients.home import Home
from clients.keyring import Keyring
from clients.logged import LoggedBatches
from clients.matching.asking import Asker, Weapon
from clients.matching.noticing import collect
from clients.service import Service
from clients.session import Session, open_session
from clients.syncing import Sync
from clients.transport import Response
from clients.trust import Trust
from crypto.errors import CryptoError
from ledger import calibres, makes
from ledger.errors import LedgerError
from ledger.findings import Verdict
from ledger.identifiers import statement_name
from ledger.submissions import Depth
from ledger.tokens import inputs_of
from tests.support.adversary import LyingServer, bends
from tests.support.commands import command, run_in
from tests.support.lists import submit_rows
from tests.support.loopback import Walk
from tests.support.matched import found_matching, submit, tick

OWNER, ASKER, THIRD = "xbe-cib", "xar-arms", "xco-npa"
OURS = (LedgerError, ClientError, CryptoError)
FIELDS = {
    "item.kind": "small_arm",
    "item.make_text": "Taurus",
    "item.serials": [{"as_marked": "TJS84213", "condition": "legible"}],
}


@dataclass
class Scene:
    """A consortium with everything there is to be asked for, and copies of its homes for whoever is lied to."""

    walk: Walk
    folder: Path
    name: str = ""
    keyrings: dict[str, Keyring] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)
    copies: int = 0

    def home(self, agency: str) -> Home:
        """Return a copy of a home as it stood before the lie."""
        self.copies += 1
        return Home(shutil.copytree(self.walk.homes[agency].path, self.folder / f"{self.copies}"))

    def session(self, agency: str, server: LyingServer) -> Session:
        """Return a session of such a home, closed with the next one."""
        while self.sessions:
            self.sessions.pop().close()
        keyring = self.keyrings.setdefault(agency, self.walk.keyring(agency))
        self.sessions.append(open_session(self.home(agency), keyring, transport=server, world=self.walk.world()))
        return self.sessions[-1]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give two charters, a matching key, a rotated key, a record, a batch whose receipt was lost, and a match."""
    folder = tmp_path_factory.mktemp("bent")
    (folder / "walk").mkdir()
    walk = found_matching(folder / "walk", lookups=500)
    assert command(walk, "key", "rotate", "--role", "sign", home=OWNER).code == 0
    assert submit(walk, OWNER, ["2024-01-02;recovery;pistol;Taurus;9 mm;TJS84213"]).code == 0
    asked = ("match", "--make", "Taurus", "--serial", "TJS84213", "--purpose", "x")
    assert run_in((*asked, "--home", str(Scene(walk, folder).home(ASKER).path)), walk, walk.transport).code == 0
    tick(walk)
    lose_a_receipt(walk)
    name = command(walk, "list", "--json", home=OWNER).json["records"][0]["record"]
    found = Scene(walk, folder / "copies", name=name)
    yield found
    for session in found.sessions:
        session.close()
    walk.close()


def lose_a_receipt(walk: Walk) -> None:
    """Let a batch be logged and its sender not hear of it."""

    def lost(_answer: Response) -> Response:
        raise UnreachableError("the answer was lost")

    session = walk.session(THIRD)
    server = LyingServer(walk.transport).lying("batches", lost)
    deaf = replace(session, service=Service(server, signer=session.service._signer))
    with pytest.raises(UnreachableError):
        submit_rows(deaf, [{"make": "Colt", "serial": "NEW1"}])
    session.close()


Facts = frozenset[object]
Reading = Callable[[Scene, LyingServer], Facts]


def believe(scene: Scene, server: LyingServer) -> Facts:
    """Follow the log from the pin on, and read its leaves."""
    scene.copies += 1
    trust = Trust(scene.folder / f"{scene.copies}")
    trust.pin(scene.walk.fingerprint)
    view = trust.refresh(Service(server))
    leaves = view.tree.leaf_hashes(0, view.checkpoint.size)
    return frozenset([view.checkpoint, *enumerate(leaves), *((one.index, one.file) for one in view.charters)])


def audit(scene: Scene, server: LyingServer) -> Facts:
    """Audit the whole log, and the access log."""
    known = scene.walk.fingerprint
    done = auditing.audit(Service(server), fingerprint=known, depth=Depth.RECORDS, progress=lambda _done, _all: None)
    if done.report.verdict is Verdict.FAILED:
        raise LedgerError("the audit has findings")
    return frozenset([done.checkpoint, done.report.verdict, done.charters, done.access])


def sync(scene: Scene, server: LyingServer) -> Facts:
    """Bring a replica up to date by the feed."""
    session = scene.session(ASKER, server)
    Sync(session, progress=lambda _done, _all: None).by_feed()
    found = [(one.index, one.name, one.batch, one.entry) for one in session.replica.records()]
    shown = [
        (one.index, part.portion, repr(part.fields))
        for one in session.replica.records()
        for part in one.portions.values()
    ]
    return frozenset([*found, *shown])


def chain(scene: Scene, server: LyingServer) -> Facts:
    """Learn an agency's keys from the entry that the service names."""
    session = scene.session(ASKER, server)
    session.stand().authority.catch_up(OWNER)
    return frozenset(session.replica.key_entries().items())


def statement(scene: Scene, server: LyingServer) -> Facts:
    """Find a record of which only the name is known."""
    standing = scene.session(ASKER, server).stand()
    batches = LoggedBatches(
        standing.session, standing.view, standing.authority, Entries(standing.view, standing.session.service)
    )
    _, index, record = batches.record(statement_name(scene.name))
    return frozenset([index, record.name])


def receipt(scene: Scene, server: LyingServer) -> Facts:
    """Send a batch again whose receipt was lost."""
    logged = send_waiting(scene.session(THIRD, server))
    assert logged is not None
    return frozenset([logged.seq, logged.first, logged.index, logged.entry])


def match(scene: Scene, server: LyingServer) -> Facts:
    """Ask for a weapon."""
    standing = scene.session(ASKER, server).stand()
    inputs = inputs_of(FIELDS, makes=makes.BUILT_IN, calibres=calibres.BUILT_IN)  # type: ignore[arg-type]  # JSON
    (told,) = Asker(standing, purpose="x").ask([Weapon(what="Taurus", inputs=inputs)])
    return frozenset([*told.found, told.more])


def notices(scene: Scene, server: LyingServer) -> Facts:
    """Read who asked for one's weapons, and hold it against the access log."""
    session = scene.session(OWNER, server)
    arrived = collect(session, session.stand())
    if arrived.doubts:
        raise LedgerError("a notice is not borne out")
    return frozenset(arrived.new)


TAURUS = ("match", "--make", "Taurus", "--serial", "TJS84213", "--purpose", "x")
COMMANDS: dict[Reading, tuple[str, ...]] = {
    believe: (ASKER, "sync"),
    audit: (ASKER, "audit", "--records", "--allow-unwitnessed"),
    sync: (ASKER, "sync"),
    receipt: (THIRD, "submit", "--resume"),
    match: (ASKER, *TAURUS),
    notices: (OWNER, "notices"),
}
READ: list[tuple[Reading, str]] = [
    (believe, "checkpoint"),
    (believe, "charters"),
    (believe, "charter"),
    (believe, "tile"),
    (audit, "checkpoint"),
    (audit, "charter"),
    (audit, "tile"),
    (audit, "bundle"),
    (audit, "access checkpoint"),
    (audit, "access tile"),
    (audit, "access bundle"),
    (sync, "bundle"),
    (sync, "feed"),
    (sync, "blobs"),
    (chain, "head"),
    (chain, "entry"),
    (statement, "statement"),
    (receipt, "batches"),
    (match, "evaluations"),
    (match, "matches"),
    (notices, "notices"),
    (notices, "access checkpoint"),
    (notices, "access bundle"),
]
# What the service may keep back without being caught at once; it can add nothing, and change nothing.
KEPT_BACK = {"feed", "blobs", "head", "notices", "access checkpoint"}


def ways(reading: Reading) -> int:
    """Return in how many ways an answer is bent: fewer where whatever reads it decrypts or proves in zero knowledge."""
    return 10 if reading in {sync, match, notices} else 40


def test_more_than_500_answers_are_bent() -> None:
    """Every call that a client reads is among them; those of witnesses are bent beside this."""
    assert sum(ways(reading) for reading, _ in READ) > 600
    assert sum(ways(reading) for reading, _ in READ if reading in COMMANDS) > 500


@pytest.mark.parametrize(("reading", "call"), READ, ids=[f"{reading.__name__}-{call}" for reading, call in READ])
def test_attack_a_bent_answer(scene: Scene, reading: Reading, call: str) -> None:
    """Whatever is bent is refused with an error of ours or changes nothing; the feed and its like may say less.

    The command that reads the same is told every one of these lies too.
    """
    server = LyingServer(scene.walk.transport)
    true = reading(scene, server)
    answer = server.heard[call][0]
    others = [one.body for name in server.heard for one in server.heard[name] if one.body != answer.body]
    each = ways(reading)
    outcome: Counter[str] = Counter()
    refused = []
    for bent in bends(answer, others=others, seed=f"{reading.__name__} {call}", count=each):
        try:
            found = reading(scene, server.lying(call, bent.bend))
        except OURS:
            outcome["refused"] += 1
            refused.append(bent)
            continue
        assert found <= true, bent
        assert found == true or call in KEPT_BACK, bent
        outcome["the same" if found == true else "less"] += 1

    assert outcome.total() == each
    assert outcome["refused"] > each // 2 or call in KEPT_BACK, outcome
    for bent in refused if reading in COMMANDS else []:
        refused_by_the_command(scene, COMMANDS[reading], call, server.lying(call, bent.bend))


def refused_by_the_command(scene: Scene, words: tuple[str, ...], call: str, server: LyingServer) -> None:
    """Run the command in a home, and fail unless it ends in words and an exit code of ours once it was lied to."""
    agency, *rest = words
    done = run_in((*rest, "--home", str(scene.home(agency).path)), scene.walk, server)

    assert (done.code == Exit.DONE) is (call not in server.heard), done
    assert done.code in set(Exit)
    assert "Traceback" not in done.notes + done.output
