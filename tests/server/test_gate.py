"""What every request goes through: limits, media types, routes; and what no log and no answer may hold."""

import json
from contextlib import ExitStack
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from structlog.testing import capture_logs

from crypto.encoding import b64u
from ledger.errors import BadSignatureError
from ledger.kinds import Role
from ledger.recordform import PORTIONS
from ledger.sealing import PortionDraft, seal_record
from ledger.slips import Hit, SlipDraft
from ledger.wire import limits, paths
from ledger.wire.calls import CALLS, Access
from server.app import Gate, service_of
from server.errors import TABLE
from server.metrics import Metrics
from server.views import Incoming, Outgoing
from tests.support.consortium import NOW, epoch_key
from tests.support.services import World, assert_problem, problem_of


def test_every_call_has_a_route(quiet_world: World) -> None:
    """What the table of calls names, the app routes, and nothing else."""
    routed = {
        (method, str(rule))
        for rule in quiet_world.app.url_map.iter_rules()
        for method in (rule.methods or ())
        if method not in {"HEAD", "OPTIONS"}
    }

    expected = {
        (call.method, call.path.replace("{path}", "<path:path>").replace("{", "<").replace("}", ">")) for call in CALLS
    }
    assert routed == expected


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/batches/", "//v1/feed", "/static/x", "/v1/feed/..", "/metrics"])
def test_an_unknown_path_is_a_problem(quiet_world: World, path: str) -> None:
    """There is no page, no redirect, and no /metrics on this port."""
    problem = assert_problem(quiet_world.client.get(path), "not-found", 404)

    assert path not in problem.detail or path == "/"


def test_another_method_is_a_problem(quiet_world: World) -> None:
    """A path takes the methods of its calls alone."""
    response = quiet_world.client.delete(paths.BATCHES)

    assert_problem(response, "malformed", 405)
    assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize("call", [call for call in CALLS if call.access is Access.SIGNED], ids=lambda call: call.name)
def test_a_signed_call_refuses_who_has_not_signed(quiet_world: World, call: Any) -> None:
    """No signed call answers without a signature."""
    path = call.path.format(iss="xaa-arms", jti="AAAAAAAAAAAAAAAAAAAAAA", index="0", path="x")
    body = None if call.body is None else b"{}"
    headers = {} if call.body is None else {"Content-Type": call.body.media_type}

    response = quiet_world.client.open(path, method=call.method, data=body, headers=headers)

    assert_problem(response, "bad-signature", 401)


@pytest.mark.parametrize("call", [call for call in CALLS if not call.query and call.body is None], ids=lambda c: c.name)
def test_a_query_where_none_is_taken_is_malformed(quiet_world: World, call: Any) -> None:
    """Nothing can be smuggled in, or logged, in a query."""
    path = call.path.format(
        iss="xaa-arms", jti="AAAAAAAAAAAAAAAAAAAAAA", index="0", path="0/000.p/1", ver="1", type="busy"
    )

    response = quiet_world.client.open(f"{path}?x=1", method=call.method)

    assert_problem(response, "malformed", 400)


@pytest.mark.parametrize("media", [None, "application/json", paths.BATCH_TYPE + "; charset=utf-8", "text/plain"])
def test_another_media_type_is_refused(quiet_world: World, media: str | None) -> None:
    """A path takes one media type in one spelling."""
    headers = {} if media is None else {"Content-Type": media}

    response = quiet_world.client.post(paths.BATCHES, data=b"x", headers=headers)

    assert_problem(response, "malformed", 415)


@pytest.mark.parametrize("length", ["-1", "+5", "05", "5_0", "five", "\u0665"])
def test_a_length_in_another_spelling_is_refused(quiet_world: World, length: str) -> None:
    """Content-Length is a decimal number, or it is a way to make two servers read two bodies."""
    environ = {"CONTENT_LENGTH": length, "CONTENT_TYPE": paths.KEY_TYPE}

    response = quiet_world.client.post(paths.KEYS, environ_overrides=environ)

    assert_problem(response, "malformed", 400)


def test_a_chunked_body_is_refused(quiet_world: World) -> None:
    """A body whose length is not said first cannot be limited first."""
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_TYPE": paths.KEY_TYPE}

    response = quiet_world.client.post(paths.KEYS, data=b"x", environ_overrides=environ)

    assert_problem(response, "malformed", 400)


def test_a_body_that_ends_early_is_refused(quiet_world: World) -> None:
    """Fewer bytes than announced are no body."""
    environ = {"CONTENT_LENGTH": "100", "CONTENT_TYPE": paths.KEY_TYPE}

    response = quiet_world.client.post(paths.KEYS, data=b"x", environ_overrides=environ)

    assert_problem(response, "malformed", 400)


def test_a_body_where_none_is_taken_is_refused(quiet_world: World) -> None:
    """A GET carries none."""
    assert_problem(quiet_world.client.get(paths.CHECKPOINT, data=b"x"), "too-large", 413)


@pytest.mark.parametrize("length", [limits.MAX_BATCH_BYTES + 1, 10**30])
def test_an_oversized_batch_is_refused_by_its_length(quiet_world: World, length: int) -> None:
    """More than 32 MiB is refused before the signature is looked at."""
    environ = {"CONTENT_LENGTH": str(length), "CONTENT_TYPE": paths.BATCH_TYPE}

    response = quiet_world.client.post(paths.BATCHES, environ_overrides=environ)

    assert_problem(response, "too-large", 413)


def test_a_health_check_says_nothing_else(quiet_world: World, empty_world: World) -> None:
    """The process answers always; it is ready once it has its first charter."""
    assert quiet_world.client.get(paths.HEALTHZ).data == b"ok\n"
    assert quiet_world.client.get(paths.READYZ).status_code == 200
    assert empty_world.client.get(paths.HEALTHZ).status_code == 200
    assert empty_world.client.get(paths.READYZ).status_code == 503


def test_every_type_of_problem_explains_itself(quiet_world: World) -> None:
    """The type of a problem is a path, and the path tells what it means and what to do."""
    for kind in {kind.type for kind in TABLE.values()}:
        text = quiet_world.client.get(paths.PROBLEMS.format(type=kind)).get_data(as_text=True)
        assert any(known.next in text for known in TABLE.values() if known.type == kind)
    assert_problem(quiet_world.client.get(paths.PROBLEMS.format(type="nothing")), "not-found", 404)


def test_an_answer_has_a_number_that_the_log_has_too(quiet_world: World) -> None:
    """An operator finds the line of a request by the id in its answer; path templates, never paths."""
    with capture_logs() as lines:
        response = quiet_world.get("xaa-arms", "/v1/entries/0")

    (line,) = lines
    assert line["id"] == response.headers["X-Request-Id"]
    assert {key: line[key] for key in ("event", "method", "path", "status")} == {
        "event": "request",
        "method": "GET",
        "path": "/v1/entries/{index}",
        "status": 200,
    }
    assert set(line) == {"event", "method", "path", "status", "id", "ms", "log_level"}


def test_a_failure_is_told_without_its_text(quiet_world: World) -> None:
    """An exception that is not ours may quote what it was given: neither the answer nor the log repeats it."""

    def fail(_request: Incoming) -> Outgoing:
        raise RuntimeError("secret content")

    gate = Gate(CALLS[0], fail, service=quiet_world.service, metrics=Metrics())

    with quiet_world.app.test_request_context(paths.CHECKPOINT), capture_logs() as lines:
        response = gate()

    assert response.status_code == 500
    assert b"secret" not in response.data
    assert "secret" not in json.dumps(lines)
    assert any(line["event"] == "failure" and line["error"] == "RuntimeError" for line in lines)


def test_no_answer_and_no_log_line_repeats_what_was_sent(world: World) -> None:
    """A canary in every part of a refused request appears in no answer, no log line and no file of the service."""
    canary = "CANARY7391"
    requests_ = [
        lambda: world.client.get(f"/{canary}"),
        lambda: world.client.get(f"/tile/{canary}"),
        lambda: world.get("xaa-arms", f"/v1/statements/xaa-arms/{canary}"),
        lambda: world.get("xaa-arms", f"/v1/agencies/{canary}/head"),
        lambda: world.get("xaa-arms", paths.FEED, query=f"after={canary}"),
        lambda: world.client.get(f"{paths.CHECKPOINT}?serial={canary}"),
        lambda: world.client.get(paths.CHECKPOINT, headers={"X-Canary": canary, "User-Agent": canary}),
        lambda: world.post_batch("xaa-arms", canary.encode() * 100),
        lambda: world.post("xaa-arms", paths.BLOBS, b'{"get":"' + canary.encode() + b'"}', paths.JSON_TYPE),
        lambda: world.post_key(canary.encode()),
        lambda: world.post_charter(b'{"' + canary.encode() + b'":1}'),
        lambda: world.client.get(paths.PROBLEMS.format(type=canary)),
    ]

    with capture_logs() as lines:
        answers = [send() for send in requests_]

    for answer in answers:
        assert canary.encode() not in answer.data
        assert canary not in str(answer.headers)
    assert canary not in json.dumps(lines)
    assert all(canary.encode() not in file.read_bytes() for file in world.folder.iterdir())


def test_plaintext_of_a_sealed_record_reaches_no_part_of_the_service(world: World) -> None:
    """What an agency seals is found in no file, no log line and no answer of the service."""
    world.open_epoch("xaa-arms")
    sign, kid = world.consortium.signing("xaa-arms", Role.SIGN)
    canaries = [f"CANARY-{number:04}" for number in range(20)]
    records = [
        seal_record(
            signer=sign,
            kid=kid,
            iat=NOW,
            ep=1,
            portions={
                portion: PortionDraft(
                    label=b'{"level":"RESTRICTED"}',
                    fields={f"{portion}.description": f"{canary} {portion}"} if portion == "item" else {},
                    epoch_key=epoch_key("xaa-arms"),
                )
                for portion in PORTIONS
            },
            slip=SlipDraft(hit=Hit.OFF),
        )
        for canary in canaries
    ]

    with capture_logs() as lines:
        world.log("xaa-arms", records)
        answers = [world.get("xab-arms", paths.FEED, query="after=-1").data, world.client.get("/tile/0/000.p/20").data]

    files = b"".join(file.read_bytes() for file in world.folder.iterdir())
    everything = files + b"".join(answers) + json.dumps(lines).encode()
    found = [
        canary for canary in canaries if canary.encode() in everything or b64u(canary.encode()).encode() in everything
    ]
    assert found == []


def test_metrics_name_no_agency(world: World) -> None:
    """Numbers by call and status class; never who asked or what came of it."""
    world.open_epoch("xaa-arms")

    labels = {
        label
        for family in world.metrics.registry.collect()
        for sample in family.samples
        for label in sample.labels.items()
    }

    assert {name for name, _ in labels} <= {"call", "status", "le"}
    assert not any("xaa" in value for _, value in labels)


def test_the_app_hands_out_its_service(quiet_world: World) -> None:
    """Whoever starts the app can close what it opened."""
    assert service_of(quiet_world.app) is quiet_world.service
    other = Flask("other")
    other.extensions["sealtrace"] = object()
    with pytest.raises(TypeError, match="not an app"):
        service_of(other)


def test_a_slow_sender_cannot_take_every_thread(quiet_world: World) -> None:
    """Bodies without a signature share eight places: the ninth is told to come again."""
    turns = quiet_world.app.view_functions["submit_key"]._turns  # type: ignore[attr-defined]  # the gate is no function
    with ExitStack() as slow_senders:
        for _ in range(8):
            slow_senders.enter_context(turns.hold(""))
        response = quiet_world.post_key(b"{}")

    assert_problem(response, "busy", 503)
    assert problem_of(quiet_world.post_key(b"{}")).type != "/problems/busy"


def test_a_view_never_guesses_who_asks() -> None:
    """Were a signed call ever let through without a signature, its view would refuse it."""
    unsigned = Incoming(asker=None, names={}, query="", body=b"", address="")

    with pytest.raises(BadSignatureError):
        unsigned.signer()


def test_a_sender_that_goes_away_is_told_nothing_wrong(quiet_world: World) -> None:
    """A connection that breaks within the body is a body that ended early, not a failure of the service."""
    environ = {"wsgi.input": _Broken(), "CONTENT_LENGTH": "100", "CONTENT_TYPE": paths.KEY_TYPE}

    response = quiet_world.client.post(paths.KEYS, environ_overrides=environ)

    assert_problem(response, "malformed", 400)


@pytest.mark.parametrize("length", [1, 256 * 1_024 - 1, 256 * 1_024, 256 * 1_024 + 1, 3 * 256 * 1_024])
def test_a_body_arrives_whole_however_many_pieces_it_is_read_in(quiet_world: World, length: int) -> None:
    """The digest of what was read is that of what was sent: it is the batch inside that is refused."""
    response = quiet_world.post_batch("xaa-arms", b"\xff" * length)

    assert assert_problem(response, "malformed", 400).detail == "a frame is longer than what is left of the body"


class _Broken(BytesIO):
    """A connection that is gone."""

    def readinto(self, _buffer: Any, /) -> int:
        """Fail as a socket does."""
        raise OSError("connection reset")
