"""A thousand and more plaintext values go through the real service in a process of its own, and none is found there.

Not in its database and write-ahead log, nor in what it logged, answered or measured, nor in a backup, an export, or the
memory of any of its processes.
"""

import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import pytest

from clients.authority import members_of
from clients.codes import load_tables
from clients.generator import Options, canaries, generate, write
from clients.importing import Means, prepare
from clients.session import Session, World, load_profile, open_session
from clients.shippedmaps import load
from clients.submitting import submit
from clients.syncing import Sync
from clients.transport import Request, Response
from crypto.keystore import Keystore
from ledger.plan import Planner
from ledger.wire import paths
from tests.support.lists import TODAY
from tests.support.loopback import PHRASE, Walk, found_consortium
from tests.support.memory import chunks_of, found_in
from tests.support.processes import HOST, ROOT, Running, keep_keys, serving

OWNERS, PARTNER = ("xar-arms", "xbe-cib"), "xco-npa"
# What must be found wherever nothing else may be, so that a search that sees nothing does not pass for a clean one.
ORIGIN, PROGRAM = b"ledger.test/weapons", b"server.cli"


class Recorder:
    """A network that keeps every byte of every answer: status line, fields and body."""

    def __init__(self, port: int) -> None:
        """Take the port of the service."""
        self._port = port
        self.answers: list[bytes] = []

    def send(self, request: Request, *, limit: int) -> Response:
        """Return the answer, and keep it."""
        connection = HTTPConnection(HOST, self._port, timeout=60)
        connection.request(request.method, request.target, body=request.body, headers=dict(request.headers))
        answer = connection.getresponse()
        body = answer.read(limit)
        connection.close()
        head = f"HTTP/1.1 {answer.status} {answer.reason}\r\n{answer.headers}"
        self.answers.append(head.encode() + body)
        media = answer.headers.get("Content-Type", "")
        return Response(status=answer.status, content_type=media, body=body)


@dataclass
class Load:
    """A service after its load, and what was planted."""

    running: Running
    walk: Walk
    recorder: Recorder
    planted: frozenset[bytes]
    records: int
    folder: Path
    sessions: list[Session] = field(default_factory=list)

    def session(self, agency: str) -> Session:
        """Return an agency's session with the service in its own process."""
        world = World(clock=lambda: int(time.time()), token_bytes=secrets.token_bytes, sleep=time.sleep)
        home = self.walk.homes[agency]
        found = open_session(home, self.walk.keyring(agency), transport=self.recorder, world=world)
        self.sessions.append(found)
        return found

    def found(self, chunks: Iterator[bytes]) -> set[bytes]:
        """Return which planted values stand in the chunks."""
        return found_in(chunks, self.planted, patterns=self.folder / "planted")


@pytest.fixture(scope="module")
def load_(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """Give a service to which two agencies sent 900 rows, from which a third synced, opened and listed its share."""
    folder = tmp_path_factory.mktemp("canaries")
    walk = found_consortium(folder, *OWNERS, PARTNER)
    walk.close()
    harden(walk)
    lives = generate(Options(weapons=140, agencies=OWNERS))
    write(lives, folder / "lists")
    with serving(walk.config) as running:
        load = Load(
            running=running,
            walk=walk,
            recorder=Recorder(running.port),
            planted=spellings(value for rows in lives.rows.values() for value in canaries(rows)),
            records=0,
            folder=folder,
        )
        for agency in OWNERS:
            load.records += send_list(load.session(agency), folder / "lists" / f"{agency}.csv")
        read_all(load.session(PARTNER))
        yield load
        for session in load.sessions:
            session.close()


def harden(walk: Walk) -> None:
    """Give the service's keys a keystore as strong as its command asks for."""
    weak = Keystore.open(walk.config.keystore, passphrase=PHRASE, allow_weak=True)
    walk.config.keystore.unlink()
    keep_keys(walk.config, {name: secret.value for name, secret in weak.secrets.items()})


def spellings(values: Iterator[str]) -> frozenset[bytes]:
    """Return the bytes of which each value is made in a file, and in the memory of a Python program."""
    spelled = set()
    for value in values:
        spelled.add(value.encode())
        spelled |= {value.encode(code, "ignore") for code in ("latin-1", "utf-16-le") if not value.isascii()}
    return frozenset(value for value in spelled if len(value) >= 8 and not {0, 10} & set(value))


def send_list(session: Session, path: Path) -> int:
    """Submit a list by the map that is shipped for it; return how many records it gave."""
    charters = session.trust.charters()
    profile = load_profile(session.home, charters[-1])
    means = Means(
        tables=load_tables(session.home),
        planner=Planner(profile, members_of(charters)),
        row_key=session.keyring.row_key(),
        today=TODAY,
    )
    planned = prepare(path.read_bytes(), load("generated-lives"), means)
    return submit(session, planned.rows, profile, progress=lambda _done, _total: None).records


def read_all(session: Session) -> None:
    """Let the partner open all that it may."""
    Sync(session, progress=lambda _done, _total: None).by_feed()
    assert session.replica.count() > 500


def files_of(folder: Path) -> Iterator[bytes]:
    """Yield the bytes of every file below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.read_bytes()


def test_a_thousand_values_were_planted_and_went_through(load_: Load) -> None:
    """The lists held them, the records carry them, and their readers find them: the search below is not for nothing."""
    assert len(load_.planted) >= 1_000
    assert load_.records >= 800
    lists = load_.found(files_of(load_.folder / "lists"))
    assert len(lists) >= 1_000
    assert len(load_.found(files_of(load_.walk.homes[PARTNER].path))) >= 100


def test_no_canary_in_the_database_and_its_write_ahead_log(load_: Load) -> None:
    """Neither in the database, the write-ahead log that is still to be emptied, nor in any other file of the service."""
    names = {path.name for path in load_.running.data.iterdir()}
    assert {"ledger.sqlite", "ledger.sqlite-wal"} <= names
    assert found_in(files_of(load_.running.data), [ORIGIN], patterns=load_.folder / "control")

    assert load_.found(files_of(load_.running.data)) == set()


def test_no_canary_in_what_the_service_logs(load_: Load) -> None:
    """What the service writes about itself has a line for every request and no word of any."""
    log = load_.running.log.read_bytes()

    lines = log.count(b'"event": "request"') + log.count(b'"event": "unrouted"')
    assert lines >= len(load_.recorder.answers)
    assert load_.found(iter([log])) == set()


def test_no_canary_in_any_answer(load_: Load) -> None:
    """No status line, no field and no body of any answer holds one: to its readers too, the service only ever gave bytes."""
    assert len(load_.recorder.answers) > 20

    assert load_.found(iter(load_.recorder.answers)) == set()


def test_no_canary_in_the_metrics(load_: Load) -> None:
    """Numbers by call and status, and nothing else."""
    status, metrics = load_.running.get("/metrics", port=load_.running.metrics_port)

    assert (status, b"sealtrace_requests" in metrics) == (200, True)
    assert load_.found(iter([metrics])) == set()


def test_no_canary_in_the_memory_of_any_worker(load_: Load) -> None:
    """No process of the service holds one after its load, though it has every ciphertext, and the charter in the clear."""
    workers, known = load_.running.workers(), set[bytes]()
    assert len(workers) >= 2
    for pid in workers:
        control = found_in(chunks_of(pid), [PROGRAM, ORIGIN], patterns=load_.folder / "control")
        known |= control
        assert PROGRAM in control

        assert load_.found(chunks_of(pid)) == set()
    assert ORIGIN in known


@pytest.mark.parametrize("command", ["backup", "export"])
def test_no_canary_in_a_copy_for_others(load_: Load, command: str) -> None:
    """A backup, and the open files for mirrors and auditors, hold no more than the service."""
    output = load_.folder / command
    if command == "backup":
        words = ["backup", "--data", str(load_.running.data)]
    else:
        copy = shutil.copy(load_.running.data / "ledger.sqlite", load_.folder / "copy.sqlite")
        words = ["export", "--database", str(copy)]
    program = [sys.executable, "-c", "from server.cli import main; main()"]
    subprocess.run([*program, *words, "--output", str(output)], cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - our own command

    assert found_in(files_of(output), [ORIGIN], patterns=load_.folder / "control") == {ORIGIN}
    assert load_.found(files_of(output)) == set()


def test_no_canary_in_a_problem_document(load_: Load) -> None:
    """What a confused client sends in the clear, in any part of a request, comes back in no refusal and is logged nowhere."""
    # One of its own: it is sent in the clear, so that the service's memory may hold it for a while.
    canary = secrets.token_hex(12)
    sent = [
        Request(method="GET", path=f"/{canary}"),
        Request(method="GET", path=f"/tile/{canary}"),
        Request(method="GET", path=f"/v1/agencies/{canary}/head"),
        Request(method="GET", path=paths.CHECKPOINT, query=canary),
        Request(method=canary, path=paths.CHECKPOINT),
        Request(method="GET", path=paths.HEALTHZ, headers=(("X-Serial", canary), ("User-Agent", canary))),
        Request(method="POST", path=paths.KEYS, body=canary.encode(), headers=(("Content-Type", paths.KEY_TYPE),)),
        Request(method="POST", path=paths.KEYS, body=canary.encode(), headers=(("Content-Type", canary),)),
        Request(
            method="POST",
            path=paths.CHARTERS,
            body=f'{{"{canary}":1}}'.encode(),
            headers=(("Content-Type", paths.CHARTER_TYPE),),
        ),
        Request(method="POST", path=paths.BATCHES, body=canary.encode(), headers=(("Signature", canary),)),
    ]
    before = len(load_.recorder.answers)
    for request in sent:
        load_.recorder.send(request, limit=2**20)

    def found(chunks: Iterator[bytes]) -> set[bytes]:
        return found_in(chunks, [canary.encode()], patterns=load_.folder / "sent")

    assert found(iter(load_.recorder.answers[before:])) == set()
    assert found(iter([load_.running.log.read_bytes()])) == set()
    assert found(files_of(load_.running.data)) == set()
