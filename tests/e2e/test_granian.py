"""The real thing: `sealtrace-server` as a process on the loopback address, spoken to over sockets."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from crypto.digests import sha256
from crypto.keystore import Keystore, Secret
from crypto.signing import Algorithm
from ledger.checkpoints import claimed_size, open_checkpoint
from ledger.fingerprints import of_file, to_words
from ledger.kinds import Role
from ledger.wire import paths, schemas
from server.forwarding import HEADER
from tests.support.consortium import ORIGIN, Consortium, log_keys, make_agency, make_charter, sign_by
from tests.support.processes import free_port
from tests.support.services import SignedRequest, body_of, make_config, sign_request

PASSPHRASE = b"a passphrase of the service"
KEYS_HEAD = b"POST /v1/keys HTTP/1.1\r\nHost: x\r\nContent-Type: application/vnd.sealtrace.key+json\r\n"


@dataclass
class Process:
    """A running service."""

    port: int
    metrics_port: int
    consortium: Consortium
    process: subprocess.Popen[bytes]

    def url(self, path: str, *, query: str = "") -> str:
        """Return a url of it."""
        return f"http://127.0.0.1:{self.port}{path}" + (f"?{query}" if query else "")

    def send(self, request: SignedRequest) -> httpx.Response:
        """Send a signed request."""
        return httpx.request(
            request.method,
            self.url(request.path, query=request.query),
            content=request.body,
            headers=dict(request.headers),
        )

    def signed(self, asker: str, method: str, path: str, **options: object) -> SignedRequest:
        """Return a request signed by an agency, now."""
        sign, kid = self.consortium.signing(asker, Role.HTTP)
        return sign_request(
            method,
            path,
            sign=sign,
            kid=kid,
            created=int(time.time()),
            nonce=os.urandom(16),
            **options,  # type: ignore[arg-type]  # by name
        )


def make_folder(folder: Path) -> None:
    """Make the folder that `create` would make, with the keys that the tests' charters name."""
    store = Keystore.create(folder / "keystore", passphrase=PASSPHRASE)
    pairs = {
        "log/Ed25519": ("log", Algorithm.ED25519),
        "log/ML-DSA-44": ("log", Algorithm.ML_DSA_44),
        "access/Ed25519": ("access", Algorithm.ED25519),
        "access/ML-DSA-44": ("access", Algorithm.ML_DSA_44),
        "log#1": ("answer", Algorithm.ED25519),
    }
    store.put(
        *(
            Secret(name=name, role="service", value=sha256(f"{seed} {algorithm.value}".encode()))
            for name, (seed, algorithm) in pairs.items()
        )
    )
    make_config(folder, fingerprint=bytes(32))


def start(
    folder: Path, fingerprint: bytes, *, port: int, metrics_port: int, notify: Path | None = None, log: str = "stderr"
) -> subprocess.Popen[bytes]:
    """Start the service; the passphrase comes by descriptor."""
    reader, writer = os.pipe()
    os.write(writer, PASSPHRASE)
    os.close(writer)
    arguments = [sys.executable, "-W", "error", "-c", "from server.cli import main; main()", "serve"]
    arguments += ["--data", str(folder), "--charter", to_words(fingerprint), "--port", str(port)]
    arguments += ["--metrics-port", str(metrics_port)]
    with (folder / log).open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603  our own program
            arguments,
            env={**os.environ, "SEALTRACE_PASSPHRASE_FD": str(reader)}
            | ({"NOTIFY_SOCKET": str(notify)} if notify else {}),
            pass_fds=(reader,),
            stdout=stderr,
            stderr=stderr,
            cwd=Path(__file__).resolve().parents[2],
        )
    os.close(reader)
    return process


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when the service answers."""
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            httpx.get(f"http://127.0.0.1:{port}{paths.HEALTHZ}")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the service did not start")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a service."""
    folder = tmp_path_factory.mktemp("service")
    make_folder(folder)
    return folder


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Process]:
    """Return a running service with its first charter, stopped at the end by a signal."""
    charter = make_charter([make_agency(name) for name in ("xaa-arms", "xab-arms")])
    consortium = Consortium(charter=charter, charter_file=sign_by(charter, charter.agencies))
    port, metrics_port = free_port(), free_port()
    process = start(folder, of_file(consortium.charter_file), port=port, metrics_port=metrics_port)
    wait_for(port, process)
    running = Process(port=port, metrics_port=metrics_port, consortium=consortium, process=process)
    answer = httpx.post(
        running.url(paths.CHARTERS), content=consortium.charter_file, headers={"Content-Type": paths.CHARTER_TYPE}
    )
    if answer.status_code != 201:
        raise AssertionError(answer.text)
    yield running
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=20)


def test_a_batch_goes_in_and_its_records_come_out(service: Process) -> None:
    """Over a real socket: submit, feed, checkpoint, tile."""
    consortium = service.consortium
    grants = [consortium.grant("xaa-arms", consortium.ids)]
    body = body_of(consortium.batch("xaa-arms", grants), grants)
    request = service.signed("xaa-arms", "POST", paths.BATCHES, body=body, content_type=paths.BATCH_TYPE)

    receipt = schemas.RECEIPT.read(service.send(request).content)

    feed = schemas.FEED.read(service.send(service.signed("xab-arms", "GET", paths.FEED, query="after=-1")).content)
    checkpoint = open_checkpoint(
        httpx.get(service.url(paths.CHECKPOINT)).content, origin=ORIGIN, vkeys=log_keys().vkeys
    )
    # Other tests of this module may have logged grants before.
    assert feed.items[-1].index == receipt.first
    assert checkpoint.size == receipt.size
    assert len(httpx.get(service.url(f"/tile/0/000.p/{receipt.size}")).content) == 32 * receipt.size


def test_a_second_service_on_the_folder_is_refused(service: Process, folder: Path) -> None:
    """The kernel would give each a part of the requests, even on one port: the second ends and says why."""
    fingerprint = of_file(service.consortium.charter_file)
    second = start(folder, fingerprint, port=service.port, metrics_port=free_port(), log="second")

    assert second.wait(timeout=60) == 1
    assert f"another service runs on {folder}" in (folder / "second").read_text()
    assert httpx.get(service.url(paths.HEALTHZ)).status_code == 200


def test_a_replay_over_the_wire_is_refused(service: Process) -> None:
    """The nonce is in the database, not in one thread's memory."""
    consortium = service.consortium
    grants = [consortium.grant("xab-arms", consortium.ids)]
    body = body_of(consortium.batch("xab-arms", grants), grants)
    request = service.signed("xab-arms", "POST", paths.BATCHES, body=body, content_type=paths.BATCH_TYPE)

    assert [service.send(request).status_code for _ in range(2)] == [201, 409]


def test_a_host_header_is_not_asked(service: Process) -> None:
    """The service listens on another port than the charter's url names, and verifies all the same."""
    response = service.send(service.signed("xaa-arms", "GET", paths.agency_head("xaa-arms")))

    assert service.port != 8470
    assert response.status_code == 200


def test_metrics_are_on_their_own_port(service: Process) -> None:
    """Not on the service's; and the size of the log is the one that the log itself tells."""
    size = claimed_size(httpx.get(service.url(paths.CHECKPOINT)).content)
    told = httpx.get(f"http://127.0.0.1:{service.metrics_port}/metrics").text

    assert httpx.get(service.url("/metrics")).status_code == 404
    assert 'sealtrace_requests_total{call="checkpoint",status="2xx"}' in told
    assert size > 0
    assert f"sealtrace_log_size {float(size)}\n" in told


def unsigned_charters(service: Process, *clients: str, header: str = HEADER) -> list[int]:
    """Return the answers to charters that no signature speaks for, each handed in for a client by a proxy on this machine."""
    with httpx.Client() as proxy:
        return [
            proxy.post(
                service.url(paths.CHARTERS), content=b"{}", headers={"Content-Type": paths.CHARTER_TYPE, header: client}
            ).status_code
            for client in clients
        ]


def test_limits_by_address_are_those_of_the_clients_behind_a_proxy(service: Process) -> None:
    """One that floods is stopped, and no other with it: the header is read by the server as it runs."""
    flood = unsigned_charters(service, *["203.0.113.9"] * 32)

    assert (flood.count(400), flood.count(503)) == (30, 2)
    assert unsigned_charters(service, "203.0.113.10", "2001:db8::1") == [400, 400]


def test_attack_addresses_that_nobody_has_share_the_proxys_limit(service: Process) -> None:
    """Two addresses, an empty one, none: whatever is not one address is counted as the proxy itself."""
    lies = ["203.0.113.1, 203.0.113.2", "", "nobody", "203.0.113.1:80"]
    flood = unsigned_charters(service, *[lies[number % 4] for number in range(36)])

    assert flood.count(503) >= 6
    assert unsigned_charters(service, "203.0.113.11") == [400]


def test_half_sent_bodies_stall_nobody(service: Process) -> None:
    """Forty senders that stop in the middle, and do not go on, leave the service answering others."""
    slow = []
    for _ in range(40):
        connection = socket.create_connection(("127.0.0.1", service.port))
        connection.sendall(KEYS_HEAD + b"Content-Length: 1000\r\n\r\nhalf")
        slow.append(connection)

    # The senders never end: if they were in the way, this would run out of time.
    status = httpx.get(service.url(paths.HEALTHZ), timeout=30).status_code

    for connection in slow:
        connection.close()
    assert status == 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"431"),
        (KEYS_HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"400"),
        (KEYS_HEAD + b"Content-Length: 99999999\r\n\r\n", b"413"),
    ],
    ids=["huge headers", "two lengths", "huge body"],
)
def test_what_the_server_in_front_would_take_is_refused(service: Process, head: bytes, status: bytes) -> None:
    """Headers of 70 kB, a body with two lengths, a body of 100 MB."""
    with closing(socket.create_connection(("127.0.0.1", service.port))) as connection:
        connection.settimeout(5)
        connection.sendall(head)
        answer = connection.recv(1_000)

    assert answer.split(b" ")[1] == status


def test_a_signal_stops_it_cleanly(tmp_path: Path) -> None:
    """It says when it is ready; told to end, exit 0, the write-ahead log emptied into the file, no stack trace."""
    make_folder(tmp_path)
    port = free_port()
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        process = start(tmp_path, bytes(32), port=port, metrics_port=free_port(), notify=tmp_path / "notify")
        assert manager.recv(100) == b"STATUS=the log is open"
        assert manager.recv(100) == b"READY=1\nSTATUS=serving"
    assert httpx.get(f"http://127.0.0.1:{port}{paths.HEALTHZ}").status_code == 200

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=20) == 0
    assert not (tmp_path / "ledger.sqlite-wal").exists()
    assert b"Traceback" not in (tmp_path / "stderr").read_bytes()


def test_a_log_that_is_not_the_charters_does_not_start(tmp_path: Path) -> None:
    """One line that says why, exit 1, no stack trace."""
    make_folder(tmp_path)
    (tmp_path / "service.json").write_text("{}\n")

    process = start(tmp_path, bytes(32), port=free_port(), metrics_port=free_port())

    assert process.wait(timeout=20) == 1
    stderr = (tmp_path / "stderr").read_text()
    assert "sealtrace-server create" in stderr
    assert "Traceback" not in stderr
