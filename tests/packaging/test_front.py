"""packaging/nginx: the front has the protocol's limits, passes on what was signed, and writes down nothing asked."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ledger.wire import limits, paths, schemas
from server.console.gate import MOST_BODY_BYTES
from server.forwarding import HEADER

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "packaging/nginx/sealtrace.conf"
CONSOLE = ROOT / "packaging/nginx/sealtrace-console.conf"
CONSOLE_NAME = "console.ledger.example"
UNITS = {"k": 2**10, "m": 2**20, "": 1}
SENT = "/v1/statements/xar-arms/ab%2Fcd//e?after=-1&x=%7E"


def body_limits() -> dict[str, int]:
    """Return the largest body of each location."""
    blocks = re.findall(r"location (?:= )?(/\S*) \{(.*?)\}", CONF.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = {path: re.search(r"client_max_body_size (\d+)([km]?);", block) for path, block in blocks}
    return {path: int(size[1]) * UNITS[size[2]] for path, size in found.items() if size}


def test_the_sizes_are_the_protocol_s() -> None:
    """Each call's largest body at the front is the one that the protocol allows."""
    assert body_limits() == {
        paths.BATCHES: limits.MAX_BATCH_BYTES,
        paths.BLOBS: limits.MAX_BLOBS_REQUEST_BYTES,
        paths.CHARTERS: limits.MAX_CHARTER_BYTES,
        paths.KEYS: limits.MAX_ENTRY_BYTES,
    }


def test_the_log_has_no_place_for_what_was_asked() -> None:
    """No variable that holds a path, a query, a header or a body is in the log's format."""
    (words,) = re.findall(r"log_format sealtrace (.*?);", CONF.read_text(encoding="utf-8"), flags=re.DOTALL)

    assert set(re.findall(r"\$\w+", words)) == {
        "$time_iso8601", "$remote_addr", "$request_method", "$sealtrace_call",
        "$status", "$request_length", "$body_bytes_sent", "$request_time", "$upstream_http_x_request_id",
    }  # fmt: skip


class Behind(BaseHTTPRequestHandler):
    """Stands behind the front and remembers what reached it."""

    seen: list[tuple[str, str, int]]
    heard: list[Message]

    def do_GET(self) -> None:
        """Remember the request line as it came, read the body, answer."""
        length = int(self.headers.get("Content-Length", "0"))
        self.seen.append((self.command, self.path, len(self.rfile.read(length))))
        self.heard.append(self.headers)
        self.send_response(200)
        self.send_header("X-Request-Id", "0123abcd")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_POST(self) -> None:
        """The same."""
        self.do_GET()

    def log_message(self, *_words: object) -> None:
        """Stay silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """A running front: where it writes, where it listens, and what reached the server behind it."""

    folder: Path
    port: int
    seen: list[tuple[str, str, int]]
    heard: list[Message]

    def connect(self, name: str = "ledger.example") -> ssl.SSLSocket:
        """Open a connection for a host name, trusting the test's own certificate."""
        context = ssl.create_default_context(cafile=str(self.folder / "tls/trusted.pem"))
        context.check_hostname = name in {"ledger.example", CONSOLE_NAME}
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.port)), server_hostname=name)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        name: str = "ledger.example",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes, str]:
        """Send one request; return status, body and media type."""
        connection = http.client.HTTPConnection(name)
        connection.sock = self.connect(name)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers.get("Content-Type", "")
        finally:
            connection.close()

    def reload(self, *, until: Callable[[], bool]) -> None:
        """Let nginx read its files again, and wait until it shows."""
        os.kill(int((self.folder / "pid").read_text()), signal.SIGHUP)
        for _ in range(200):
            if until():
                return
            time.sleep(0.05)

    def written(self) -> str:
        """Return both of its logs."""
        return "".join(path.read_text() for path in self.folder.glob("sealtrace*.log"))


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """The shipped file under a real nginx, over a server that remembers."""
    nginx, openssl = os.environ.get("SEALTRACE_NGINX") or shutil.which("nginx"), shutil.which("openssl")
    if nginx is None or openssl is None:
        pytest.skip("nginx or openssl is not on this machine (SEALTRACE_NGINX names another nginx): no front was tried")
    seen: list[tuple[str, str, int]] = []
    heard: list[Message] = []
    behind = ThreadingHTTPServer(("127.0.0.1", 0), type("Behind", (Behind,), {"seen": seen, "heard": heard}))
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    _configure(tmp_path, openssl, port=port, behind=behind.server_port)
    process = subprocess.Popen([nginx, "-p", str(tmp_path), "-c", "nginx.conf"], stderr=subprocess.PIPE)  # noqa: S603 - nginx
    try:
        _await(port, process)
        yield Front(folder=tmp_path, port=port, seen=seen, heard=heard)
    finally:
        process.terminate()
        process.communicate(timeout=20)
        behind.shutdown()
        behind.server_close()


def _configure(folder: Path, openssl: str, *, port: int, behind: int) -> None:
    (folder / "tls").mkdir()
    for name, prefix in (("ledger.example", ""), (CONSOLE_NAME, "console-")):
        files = ["-keyout", str(folder / f"tls/{prefix}key.pem"), "-out", str(folder / f"tls/{prefix}chain.pem")]
        names = ["-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
        command = [openssl, "req", "-x509", "-newkey", "ed25519", "-nodes", *files, *names]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - openssl
    with (folder / "tls/trusted.pem").open("wb") as trusted:
        trusted.writelines(path.read_bytes() for path in sorted((folder / "tls").glob("*chain.pem")))
    shared = {
        "/etc/sealtrace/tls": f"{folder}/tls",
        "/var/log/nginx": str(folder),
        "listen 443": f"listen 127.0.0.1:{port}",
    }
    _adapt(CONF, folder, {**shared, "127.0.0.1:8470": f"127.0.0.1:{behind}"})
    _adapt(CONSOLE, folder, {**shared, "allow 192.0.2.0/24": "allow 127.0.0.1"})
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    # nginx as root hands its workers to `nobody`, who may not enter a test's folder.
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log stderr crit; events {{}}\n"
        f"http {{ access_log off; {temporary} include {folder}/sealtrace*.conf; }}\n",
        encoding="utf-8",
    )


def _adapt(conf: Path, folder: Path, changes: Mapping[str, str]) -> None:
    text = conf.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / conf.name).write_text(text, encoding="utf-8")


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(3_000):
        assert process.poll() is None, process.communicate()[1].decode()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return


def test_a_path_reaches_the_service_as_it_was_signed(front: Front) -> None:
    """Escapes, doubled slashes and the query are passed on to the byte."""
    status, _body, _type = front.ask("GET", SENT)

    assert status == 200
    assert front.seen == [("GET", SENT, 0)]


def test_nothing_of_path_or_query_is_written_down(front: Front) -> None:
    """The log tells the call and the status, and neither which statement nor the query, for refused requests too."""
    front.ask("GET", SENT)
    front.ask("POST", SENT, bytes(2_000))
    front.ask("GET", "/elsewhere?secret=1")

    for _ in range(3_000):
        if front.written().count("\n") >= 3:
            break
        time.sleep(0.02)
    written = front.written()
    assert "GET /v1/statements 200" in written
    assert "POST /v1/statements 413" in written
    assert "GET other 200" in written
    assert not [word for word in ("xar-arms", "after", "secret", "elsewhere", "?") if word in written]


def test_a_body_too_long_is_refused_in_the_service_s_words(front: Front) -> None:
    """What is over the limit of its path never reaches the service, and the answer is a problem a client can read."""
    status, body, media_type = front.ask("POST", paths.KEYS, bytes(limits.MAX_ENTRY_BYTES + 1))

    assert (status, media_type) == (413, paths.PROBLEM_TYPE)
    assert schemas.PROBLEM.read(body).type == "/problems/too-large"
    assert front.seen == []


def test_a_body_of_the_largest_size_is_passed_on(front: Front) -> None:
    """The limit itself is allowed."""
    status, _body, _type = front.ask("POST", paths.BATCHES, bytes(limits.MAX_BATCH_BYTES))

    assert status == 200
    assert front.seen == [("POST", paths.BATCHES, limits.MAX_BATCH_BYTES)]


def test_slow_bodies_never_reach_the_service(front: Front) -> None:
    """Twenty half-sent bodies hold none of the service's threads: it hears of a request when all of it is there."""
    slow = [front.connect() for _ in range(20)]
    for one in slow:
        one.sendall(b"POST /v1/batches HTTP/1.1\r\nHost: ledger.example\r\nContent-Length: 1000\r\n\r\n" + bytes(10))

    status, _body, _type = front.ask("GET", "/checkpoint")

    assert status == 200
    assert front.seen == [("GET", "/checkpoint", 0)]
    for one in slow:
        one.close()


def test_a_flood_of_unsigned_charters_is_stopped_in_the_service_s_words(front: Front) -> None:
    """From one address only a few charters a minute get through; the rest hear that the service is busy."""
    answers = [front.ask("POST", paths.CHARTERS, b"{}") for _ in range(15)]

    refused = [body for status, body, _type in answers if status == 503]
    assert len(front.seen) == 11
    assert len(refused) == 4
    assert {schemas.PROBLEM.read(body).type for body in refused} == {"/problems/busy"}


def test_a_huge_header_is_refused(front: Front) -> None:
    """Headers beyond what a signature needs do not reach the service."""
    with front.connect() as connection:
        connection.sendall(b"GET /checkpoint HTTP/1.1\r\nHost: ledger.example\r\nX: " + b"a" * 70_000 + b"\r\n\r\n")
        answer = connection.recv(100)

    assert answer.startswith(b"HTTP/1.1 400")
    assert front.seen == []


def test_another_host_name_gets_no_handshake(front: Front) -> None:
    """Whoever asks for a name that is not ours learns no certificate."""
    with pytest.raises(ssl.SSLError):
        front.connect("elsewhere.example")


def test_a_body_with_two_lengths_is_refused(front: Front) -> None:
    """Content-Length beside chunks, the root of request smuggling, ends at the front."""
    with front.connect() as connection:
        connection.sendall(
            b"POST /v1/batches HTTP/1.1\r\nHost: ledger.example\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: ledger.example\r\n\r\n"
        )
        answer = connection.recv(100)

    assert answer.startswith(b"HTTP/1.1 400")
    assert front.seen == []


def test_a_service_that_is_away_is_told_as_busy(front: Front) -> None:
    """With nobody behind the front a client is told to wait, in a problem that it can read."""
    conf = front.folder / "sealtrace.conf"
    conf.write_text(re.sub(r"server 127\.0\.0\.1:\d+", "server 127.0.0.1:1", conf.read_text()))
    front.reload(until=lambda: all(front.ask("GET", "/checkpoint")[0] == 503 for _ in range(10)))

    status, body, _type = front.ask("GET", "/checkpoint")

    assert status == 503
    assert json.loads(body)["type"] == "/problems/busy"


def test_attack_a_client_names_itself_in_the_header_that_the_service_believes(front: Front) -> None:
    """Whatever it sends, under either spelling, the service hears one address: the one that nginx saw."""
    lies = {HEADER: "203.0.113.9", HEADER.replace("-", "_"): "203.0.113.8", "X-Forwarded-For": "203.0.113.7"}
    for name in ("ledger.example", CONSOLE_NAME):
        front.ask("GET", "/console/" if name == CONSOLE_NAME else "/checkpoint", name=name, headers=lies)

    assert [heard.get_all(HEADER) for heard in front.heard] == [["127.0.0.1"], ["127.0.0.1"]]
    assert "203.0.113" not in "".join(map(str, front.heard))


def test_a_line_of_the_log_names_the_service_s_own_line(front: Front) -> None:
    """The address stands at the front alone; the id that both wrote down joins the two."""
    front.ask("GET", "/checkpoint")
    for _ in range(3_000):
        if "\n" in front.written():
            break
        time.sleep(0.02)

    assert re.search(r"127\.0\.0\.1 GET /checkpoint 200 .* 0123abcd$", front.written(), flags=re.MULTILINE)


def test_the_console_is_not_under_the_log_s_name(front: Front) -> None:
    """Nobody who reaches the log reaches the sign-in form."""
    status, body, media_type = front.ask("GET", "/console/login")

    assert (status, media_type, schemas.PROBLEM.read(body).type) == (404, paths.PROBLEM_TYPE, "/problems/not-found")
    assert front.seen == []


def test_the_log_is_not_under_the_console_s_name(front: Front) -> None:
    """Its first page leads to the console; whatever is not the console is not there."""
    assert front.ask("GET", "/", name=CONSOLE_NAME)[0] == 302
    assert front.ask("GET", "/checkpoint", name=CONSOLE_NAME)[0] == 404
    assert front.ask("GET", "/console/members", name=CONSOLE_NAME)[0] == 200
    assert front.seen == [("GET", "/console/members", 0)]


def test_a_form_too_long_for_the_console_ends_at_its_front(front: Front) -> None:
    """The service allows 8 KiB, and so does nginx."""
    assert front.ask("POST", "/console/login", bytes(MOST_BODY_BYTES + 1), name=CONSOLE_NAME)[0] == 413
    assert front.ask("POST", "/console/login", bytes(MOST_BODY_BYTES), name=CONSOLE_NAME)[0] == 200


def test_guessing_passwords_is_slow(front: Front) -> None:
    """From one address a few sign-ins go through; the next are told to wait, and other pages still answer."""
    answers = [front.ask("POST", "/console/login", b"x", name=CONSOLE_NAME)[0] for _ in range(14)]

    assert (answers.count(200), answers.count(429)) == (11, 3)
    assert front.ask("GET", "/console/members", name=CONSOLE_NAME)[0] == 200


def test_the_console_is_closed_to_other_networks(front: Front) -> None:
    """As it is shipped, only the network that the operator names gets in."""
    conf = front.folder / CONSOLE.name
    conf.write_text(conf.read_text().replace("allow 127.0.0.1", "allow 192.0.2.0/24"))
    # The workers from before the reload may still take a connection or two.
    front.reload(until=lambda: all(front.ask("GET", "/console/", name=CONSOLE_NAME)[0] == 403 for _ in range(10)))

    assert front.ask("GET", "/console/", name=CONSOLE_NAME)[0] == 403
    assert front.ask("GET", "/checkpoint")[0] == 200
