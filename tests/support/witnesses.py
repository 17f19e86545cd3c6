"""A witness at work in tests: a log that grows or forks, the service it asks for charters, a home with weak keys."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from clients.home import HomeConfig, create_home
from clients.service import Service
from clients.transport import Request, Response
from clients.witness.cosigner import Answer
from clients.witness.opening import OpenWitness, Place, Watch, open_witness
from crypto.digests import sha256
from crypto.keystore import Keystore, Secret
from ledger.charter import Charter
from ledger.checkpoints import Checkpoint
from ledger.fingerprints import of_file
from ledger.kinds import Role
from ledger.merkle import leaf_hash, proof_ranges, root_of
from ledger.wire import paths
from ledger.wire.schemas import CHARTER_LIST, CharterList, CharterVersion
from ledger.witnesses import LogName
from ledger.witnessing import AddCheckpoint
from tests.support.consortium import NOW, ORIGIN, agency_ids, make_keys, sign_by, signer_of
from tests.support.fakes import FixedClock
from tests.support.witnessing import signed_note, witnessed_charter

ME = agency_ids(1)[0]
URL = "http://127.0.0.1:1"


@dataclass(frozen=True)
class GrowingLog:
    """The leaves of a log; `fork` makes all of them others."""

    fork: str = ""
    name: LogName = LogName.LOG

    def checkpoint(self, size: int) -> Checkpoint:
        """Return the checkpoint of the first `size` leaves."""
        origin = ORIGIN if self.name is LogName.LOG else f"{ORIGIN}/access"
        return Checkpoint(origin=origin, size=size, root=root_of(self._leaves(size)))

    def add(self, old: int, new: int) -> bytes:
        """Return an honest add-checkpoint body."""
        ranges = proof_ranges(start=0, end=old, size=new) if 0 < old <= new else ()
        leaves = self._leaves(new)
        proof = tuple(root_of(leaves[part.start : part.stop]) for part in ranges)
        return AddCheckpoint(old=old, proof=proof, checkpoint=self.note(new)).format()

    def note(self, size: int) -> bytes:
        """Return the checkpoint under the log's signatures."""
        return signed_note(self.checkpoint(size), log=self.name)

    def _leaves(self, size: int) -> list[bytes]:
        return [leaf_hash(f"{self.fork}{self.name.value}{number}".encode()) for number in range(size)]


@dataclass
class FakeService:
    """What a service shows to a witness; a transport, and a reader of charters."""

    files: list[tuple[int, bytes]]
    published: bytes = b""
    answers: bool = True
    asked: list[Request] = field(default_factory=list)

    def send(self, request: Request, *, limit: int) -> Response:
        """Answer as the service does."""
        self.asked.append(request)
        body = self.body(request.path) if self.answers else None
        assert body is None or len(body) <= limit
        if body is None:
            return Response(status=404, content_type="text/plain", body=b"")
        return Response(status=200, content_type="text/plain", body=body)

    def body(self, path: str) -> bytes | None:
        """Return what lies at a path."""
        if path == paths.CHARTERS:
            return CHARTER_LIST.write(self.charters())
        files = {paths.charter(ver): file for ver, (_, file) in enumerate(self.files, 1)}
        files[paths.CHECKPOINT] = self.published
        return files.get(path) or None

    def charters(self) -> CharterList:
        """Return the list of charters."""
        listed = enumerate(self.files, 1)
        return CharterList(
            charters=tuple(CharterVersion(ver=ver, index=index, h=of_file(file)) for ver, (index, file) in listed)
        )

    def charter(self, ver: int) -> bytes:
        """Return a charter file."""
        return self.files[ver - 1][1]


@dataclass
class Events:
    """Keeps what was noted."""

    noted: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def info(self, event: str, **values: object) -> None:
        """Keep an event."""
        self.noted.append((event, values))

    warning = info

    def of(self, event: str) -> list[dict[str, object]]:
        """Return the events of one name."""
        return [values for name, values in self.noted if name == event]


_CHARTER = witnessed_charter(3, k=2, f=0)
_FILE = sign_by(_CHARTER, _CHARTER.agencies)


@dataclass
class Bench:
    """One witness over a folder, and all that it is given; `open` may be called again: a restart."""

    folder: Path
    charter: Charter = _CHARTER
    service: FakeService = field(default_factory=lambda: FakeService([(0, _FILE)]))
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    events: Events = field(default_factory=Events)
    highest: Path | None = None
    starts: Sequence[int] = (40,)

    @property
    def place(self) -> Place:
        """Return where the witness works."""
        folder = self.folder / "witness"
        keys = [key for start in self.starts for key in make_keys(ME, roles=(Role.WITNESS,), start=start)]
        return Place(
            agency=ME,
            folder=folder,
            highest=self.highest or folder / "highest",
            url=URL,
            fingerprint=of_file(self.service.files[0][1]),
            signers=tuple(signer_of(key) for key in keys),
        )

    @property
    def watch(self) -> Watch:
        """Return the edge."""
        return Watch(clock=self.clock, sleep=self.sleep, log=self.events)

    sleep: Callable[[float], None] = lambda _seconds: None

    def open(self) -> OpenWitness:
        """Open the witness over whatever its folder holds."""
        return open_witness(self.place, self.service, self.watch)

    @property
    def reader(self) -> Service:
        """Return the service as the witness asks it."""
        return Service(self.service)


def witness_home(folder: Path, *, passphrase: bytes, agency: str = ME) -> Path:
    """Return a home in `folder` that has an agency's witness keys of the bench and follows no log yet."""
    config = HomeConfig(id=agency, name="Arms Office", country=agency[:3].upper())
    made = create_home(str(folder / "home"), {}, config)
    store = Keystore.create(made.witness_keystore, passphrase=passphrase)
    keys = make_keys(agency, roles=(Role.WITNESS,), start=40)
    seeds = {key: sha256(f"{key.kid} {key.verifier().algorithm.value}".encode()) for key in keys}
    store.put(
        *(
            Secret(name=str(key.kid), role=f"witness/{key.verifier().algorithm.value}", value=seed)
            for key, seed in seeds.items()
        )
    )
    return made.path


def statuses(witness: OpenWitness, *bodies: bytes) -> list[int]:
    """Return the statuses of answers to add-checkpoint."""
    return [int(witness.cosigner.add_checkpoint(body).status) for body in bodies]


def text_of(answer: Answer) -> str:
    """Return the body of an answer as text."""
    return answer.body.decode()


@contextmanager
def over_http(service: FakeService) -> Iterator[str]:
    """Serve a fake service on a port of this machine; give its url."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = service.body(self.path.partition("?")[0]) if service.answers else None
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
