"""Requests sent again, sent late, sent twice at once; and names of hosts that are not the service's."""

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ledger.kinds import Role
from ledger.wire import paths
from tests.support.consortium import Consortium
from tests.support.processes import Running
from tests.support.services import SignedRequest, World, assert_problem, sign_request

ISS = "xaa-arms"


def batch_request(world: World, number: int = 1, **options: object) -> SignedRequest:
    """Return a signed request that would log the agency's first batch."""
    body = world.upload(ISS, [world.consortium.grant(ISS, world.consortium.ids, key=bytes([number]) * 32)])
    return world.signed(ISS, "POST", paths.BATCHES, body=body, content_type=paths.BATCH_TYPE, **options)


def test_attack_one_request_sent_twice_at_once(world: World) -> None:
    """Of two copies of a request that arrive together one takes effect."""
    request = batch_request(world)
    with ThreadPoolExecutor(2) as senders:
        answers = sorted(answer.status_code for answer in senders.map(world.send, [request, request]))

    assert answers[0] in {200, 201}
    assert answers[1] in {201, 409, 503}
    assert world.rows()["batches"] == 1


def test_attack_a_request_replayed_after_a_restart(world: World) -> None:
    """A nonce is remembered by the database, not by the process."""
    request = batch_request(world)
    assert world.send(request).status_code == 201
    world.close()
    world.open()
    standing = world.standing()

    assert_problem(world.send(request), "replayed", 409)
    assert world.standing() == standing


@pytest.mark.parametrize("seconds", [61, 120, 121, 86_400])
def test_attack_a_request_replayed_when_its_nonce_may_be_forgotten(world: World, seconds: int) -> None:
    """A request is too old before its nonce is forgotten, so that there is no moment at which it is good again."""
    request = batch_request(world)
    assert world.send(request).status_code == 201
    world.clock.advance(seconds)
    # Old nonces are deleted when a new one is kept.
    other = "xab-arms"
    body = world.upload(other, [world.consortium.grant(other, world.consortium.ids)])
    assert world.post(other, paths.BATCHES, body, paths.BATCH_TYPE).status_code == 201

    assert_problem(world.send(request), "replayed", 409)


@pytest.mark.parametrize("seconds", [6, 61, 600])
def test_attack_a_request_from_the_future(quiet_world: World, seconds: int) -> None:
    """A signature dated ahead would be good for longer than its nonce is kept: five seconds of skew are all."""
    request = batch_request(quiet_world, created=quiet_world.clock() + seconds)

    assert_problem(quiet_world.send(request), "replayed", 409)


def test_attack_a_nonce_of_another_agency(world: World) -> None:
    """A nonce is spent for the key that used it: nobody can use up another's."""
    nonce = os.urandom(16)
    assert world.send(batch_request(world, nonce=nonce)).status_code == 201
    other = "xab-arms"
    body = world.upload(other, [world.consortium.grant(other, world.consortium.ids)])
    request = world.signed(other, "POST", paths.BATCHES, body=body, content_type=paths.BATCH_TYPE, nonce=nonce)

    assert world.send(request).status_code == 201


def test_attack_questions_replayed(world: World) -> None:
    """A replayed question is answered as before and changes nothing: there is nothing to use up."""
    asked = [
        world.signed(ISS, "GET", paths.FEED, query="after=-1"),
        world.signed(ISS, "GET", "/v1/entries/0"),
        world.signed(
            ISS,
            "POST",
            paths.BLOBS,
            body=b'{"get":[{"iss":"xaa-arms","jti":"AAAAAAAAAAAAAAAAAAAAAA","place":"item"}]}',
            content_type=paths.JSON_TYPE,
        ),
    ]
    standing = world.standing()

    for request in asked:
        first, second = world.send(request), world.send(request)
        assert (first.status_code, first.data) == (200, second.data)
    assert world.standing() == standing


@pytest.mark.parametrize(
    "change",
    [
        {"path": paths.CHARTERS},
        {"path": paths.BLOBS},
        {"path": f"{paths.BATCHES}/"},
        {"path": f"/v1/../{paths.BATCHES[1:]}"},
        {"path": "/V1/batches"},
        {"method": "PUT"},
        {"query": "x=1"},
    ],
    ids=str,
)
def test_attack_a_signed_request_sent_elsewhere(quiet_world: World, change: dict[str, str]) -> None:
    """A signature is for one method, path and query; no other spelling of the path passes for it."""
    standing = quiet_world.standing()

    response = quiet_world.send(replace(batch_request(quiet_world), **change))

    assert response.status_code in {400, 401, 404, 405, 415}
    assert quiet_world.standing() == standing


HOSTS = [
    "attacker.invalid",
    "127.0.0.1:1",
    "user@127.0.0.1",
    "127.0.0.1:8470@attacker.invalid",
    "127.0.0.1, attacker.invalid",
    "127.0.0.1/../attacker",
    "[::1]",
    "attacker.invalid#",
    "attacker invalid",
    "",
]


def exchange(running: Running, sent: str) -> bytes:
    """Return everything that is answered to these bytes before the connection closes or falls silent."""
    with running.raw(sent.encode("latin-1")) as connection:
        connection.settimeout(3.0)
        found = b""
        try:
            while more := connection.recv(65_536):
                found += more
        except TimeoutError:
            pass
    return found


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", [paths.CHECKPOINT, paths.OPENAPI, paths.CHARTERS, "/nowhere", f"{paths.CHECKPOINT}/"])
def test_attack_a_host_header_is_repeated(running: Running, host: str, path: str) -> None:
    """No answer is made of the Host header: no link, no redirect, no error repeats it."""
    answer = exchange(running, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")

    assert status(answer) in {200, 400, 404}
    assert b"attacker" not in answer
    assert b"\r\nlocation:" not in answer.lower()


@pytest.mark.parametrize("host", HOSTS)
def test_attack_a_host_header_makes_a_signature_good_or_bad(
    running: Running, consortium: Consortium, host: str
) -> None:
    """What is signed is the charter's authority: a question for it is answered under any Host, one for another never."""
    good = exchange(running, wire(question(consortium), host))
    bad = exchange(running, wire(question(consortium, url="http://attacker.invalid"), host))

    assert status(good) in {200, 400}
    assert status(bad) in {400, 401}


@pytest.mark.parametrize(
    "fields",
    [
        "X-Forwarded-Host: attacker.invalid\r\nX-Forwarded-Proto: https\r\n",
        "Forwarded: host=attacker.invalid\r\n",
        "X-Original-URL: /v1/feed\r\nX-Rewrite-URL: /v1/feed\r\n",
        "X-HTTP-Method-Override: POST\r\n",
        "Host: attacker.invalid\r\n",
    ],
    ids=["x-forwarded", "forwarded", "rewrite", "method override", "second host"],
)
def test_attack_fields_that_tell_another_host_or_path(running: Running, fields: str) -> None:
    """Fields that proxies and frameworks are fond of change nothing of what is answered."""
    answer = exchange(running, f"GET {paths.HEALTHZ} HTTP/1.1\r\nHost: ledger\r\nConnection: close\r\n{fields}\r\n")

    assert status(answer) in {200, 400}
    assert status(answer) == 400 or answer.endswith(b"ok\n")
    assert b"attacker" not in answer


@pytest.mark.parametrize(
    "target", ["http://attacker.invalid/checkpoint", "//attacker.invalid/checkpoint", "*", "checkpoint"]
)
def test_attack_a_target_that_is_a_whole_url(running: Running, target: str) -> None:
    """The service is no proxy: whatever the request line names, it answers for itself or refuses."""
    answer = exchange(running, f"GET {target} HTTP/1.1\r\nHost: ledger\r\nConnection: close\r\n\r\n")

    assert status(answer) in {200, 400, 404}
    assert b"attacker" not in answer


def question(consortium: Consortium, **options: str) -> SignedRequest:
    """Return a signed question for the feed."""
    sign, kid = consortium.signing("xac-arms", Role.HTTP)
    now = int(time.time())
    return sign_request(
        "GET", paths.FEED, query="after=-1", sign=sign, kid=kid, created=now, nonce=os.urandom(16), **options
    )


def wire(request: SignedRequest, host: str) -> str:
    """Return a question as it goes over the wire, to any host."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in request.headers)
    return (
        f"{request.method} {request.path}?{request.query} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{fields}\r\n"
    )


def status(answer: bytes) -> int:
    """Return the status of an answer."""
    found = re.match(rb"HTTP/1.1 (\d{3})", answer)
    assert found is not None
    return int(found[1])
