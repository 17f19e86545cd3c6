"""Requests are signed as the protocol says, answers are capped, and problems become errors of ours."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.errors import ClientError, HomeError, NotPermittedError, StaleError, UnreachableError
from clients.problems import problem_error
from clients.requestsigning import RequestSigner
from clients.service import Service
from clients.transport import HttpTransport, Request, Response, check_url
from crypto.encoding import unb64
from crypto.signing import Algorithm, SeedSigner
from ledger import errors
from ledger.errors import LedgerError, MalformedError
from ledger.identifiers import KeyId
from ledger.wire.requests import parse_signature_input
from ledger.wire.schemas import BlobName
from tests.support.certificates import certified

SIGNER = RequestSigner(
    signer=SeedSigner(Algorithm.ED25519, bytes(32)),
    kid=KeyId("xar-arms", 6),
    authority="ledger.test",
    clock=lambda: 1_800_000_000,
    token_bytes=bytes,
)


def headers_of(request: Request) -> dict[str, str]:
    """Return the headers by name."""
    return dict(request.headers)


def test_a_get_is_signed_to_the_byte() -> None:
    """Method, authority, path and query are covered in the one order, by the agency's http key."""
    signed = SIGNER.sign(Request(method="GET", path="/v1/feed", query="after=-1"))
    covered = headers_of(signed)["Signature-Input"]
    signature = unb64(headers_of(signed)["Signature"].removeprefix("sealtrace=:").removesuffix(":"))
    base = (
        '"@method": GET\n"@authority": ledger.test\n"@path": /v1/feed\n"@query": ?after=-1\n'
        f'"@signature-params": {covered.removeprefix("sealtrace=")}'
    )

    assert parse_signature_input(covered, has_body=False).keyid == KeyId("xar-arms", 6)
    SIGNER.signer.public_key.verify(message=base.encode(), signature=signature)


def test_a_post_covers_its_body() -> None:
    """Type and digest of the body are under the signature too."""
    request = Request(method="POST", path="/v1/batches", body=b"x", headers=(("Content-Type", "a/b"),))
    signed = SIGNER.sign(request, content_type="a/b")

    assert parse_signature_input(headers_of(signed)["Signature-Input"], has_body=True).created == 1_800_000_000
    assert headers_of(signed)["Content-Digest"].startswith("sha-256=:")


@pytest.mark.parametrize(
    "url", ["https://ledger.example", "http://127.0.0.1:8470", "http://[::1]:1", "http://localhost:8470/"]
)
def test_addresses_that_may_be_used(url: str) -> None:
    """Https anywhere, plain http on this machine."""
    assert check_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://ledger.example",
        "ftp://ledger.example",
        "https://user@ledger.example",
        "https://ledger.example/path",
        "https://ledger.example?x",
        "https://",
        "https://a:0",
        "https://a:x",
        "https://[",
        "",
    ],
)
def test_addresses_that_may_not(url: str) -> None:
    """Plain http beyond this machine, credentials, paths and nonsense are refused."""
    with pytest.raises(HomeError):
        check_url(url)


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        """Answer: a redirect, a large body, or the path."""
        self.send_response(302 if self.path == "/redirect" else 200)
        self.send_header("Location", "/elsewhere")
        body = b"x" * 1000 if self.path == "/large" else self.path.encode()
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", "9" if self.path == "/wait" else "soon")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    """Give a transport to a server on the loopback address."""
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    found = HttpTransport(f"http://127.0.0.1:{server.server_port}")
    yield found
    found.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_http_answers_are_whole_capped_and_never_redirected(transport: HttpTransport) -> None:
    """A body within its limit comes back, a larger one is refused, a redirect is an answer like any other."""
    answer = transport.send(Request(method="GET", path="/a", query="b=c"), limit=100)

    assert (answer.status, answer.body, answer.retry_after_seconds) == (200, b"/a?b=c", 1)
    assert transport.send(Request(method="GET", path="/redirect"), limit=100).status == 302
    assert transport.send(Request(method="GET", path="/wait"), limit=100).retry_after_seconds == 9
    with pytest.raises(UnreachableError, match="more than 999 bytes"):
        transport.send(Request(method="GET", path="/large"), limit=999)


def test_a_service_that_is_not_there_is_unreachable() -> None:
    """A refused connection is an error of ours with the next step."""
    transport = HttpTransport("http://127.0.0.1:1")
    with pytest.raises(UnreachableError, match="did not answer") as caught:
        transport.send(Request(method="GET", path="/"), limit=1)
    transport.close()

    assert "sent again" in caught.value.next_step


def test_the_systems_authorities_count_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A State's own authority is believed once the machine knows it; before, the next step says where it goes."""
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = certified(tmp_path).server.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"https://127.0.0.1:{server.server_port}"
    try:
        with closing(HttpTransport(url)) as stranger, pytest.raises(UnreachableError, match="certificate") as caught:
            stranger.send(Request(method="GET", path="/"), limit=100)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "127.0.0.1.pem"))
        with closing(HttpTransport(url)) as known:
            answer = known.send(Request(method="GET", path="/"), limit=100)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert "SSL_CERT_FILE" in caught.value.next_step
    assert answer.status == 200


def problem(name: str, **more: object) -> Response:
    """Return a problem as the service writes it."""
    fields = {"type": f"/problems/{name}", "title": "t", "status": 409, "detail": "d", "next": "n", **more}
    body = json.dumps(fields, separators=(",", ":")).encode()
    return Response(status=409, content_type="application/problem+json", body=body, retry_after_seconds=7)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("malformed", errors.MalformedError),
        ("too-large", errors.TooLargeError),
        ("bad-signature", errors.BadSignatureError),
        ("not-a-member", NotPermittedError),
        ("replayed", errors.ReplayedError),
        ("stale-epoch", errors.StaleEpochError),
        ("above-ceiling", errors.AboveCeilingError),
        ("duplicate", errors.DuplicateError),
        ("quota", errors.QuotaError),
        ("not-found", errors.NotFoundError),
        ("unwitnessed", StaleError),
        ("busy", errors.BusyError),
        ("stale-keys", errors.StaleKeysError),
        ("batch-sequence", errors.SequenceError),
        ("something-new", UnreachableError),
    ],
)
def test_each_problem_is_an_error_of_ours(name: str, kind: type[Exception]) -> None:
    """Every stable type has its exception; one nobody knows is not taken for any of them."""
    assert type(problem_error(problem(name))) is kind


def test_problems_carry_what_the_client_needs() -> None:
    """Sequence, keys and waiting time come with their numbers."""
    sequence = problem_error(problem("batch-sequence", seq=3, prev="A" * 43, index=9))
    keys = problem_error(problem("stale-keys", kx=5))
    busy = problem_error(problem("busy"))

    assert isinstance(sequence, errors.SequenceError)
    assert (sequence.seq, sequence.prev, sequence.index) == (3, bytes(32), 9)
    assert isinstance(keys, errors.StaleKeysError)
    assert keys.kx == 5
    assert isinstance(busy, errors.BusyError)
    assert busy.retry_after_seconds == 7


@given(st.binary(max_size=100), st.sampled_from(["application/problem+json", "text/html"]))
def test_any_answer_is_an_error_of_ours(body: bytes, content_type: str) -> None:
    """A proxy's page or broken JSON is said to be no answer of the service."""
    error = problem_error(Response(status=502, content_type=content_type, body=body))

    assert isinstance(error, ClientError | LedgerError)


def test_fewer_blobs_than_asked_for_are_refused() -> None:
    """An answer that does not match the question is refused."""

    class Empty:
        def send(self, request: Request, *, limit: int) -> Response:
            """Answer nothing."""
            assert request.path
            assert limit
            return Response(status=200, content_type="", body=b"")

    with pytest.raises(MalformedError, match="fewer blobs"):
        Service(Empty()).blobs([BlobName(iss="xar-arms", jti=bytes(16), place="box")])
