"""schemathesis reads /openapi.json and asks the running app whatever that allows, and what it does not.

A short run; `make schemathesis` gives every call a thousand questions.
"""

import io
import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto.encoding import b64u
from ledger.kinds import Role
from ledger.wire import paths
from ledger.wire.calls import CALLS, Access
from tests.support.services import World, sign_request

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not in this environment: `make setup`")
EXAMPLES = int(os.environ.get("SEALTRACE_SCHEMATHESIS_EXAMPLES", "8"))
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
ASKER = "xab-arms"
BYTES = (paths.BATCH_TYPE, paths.CHARTER_TYPE, paths.KEY_TYPE)
Start = Callable[..., Any]


class Signing:
    """Signs every request as a member would, so that questions get behind the gate: their content is still anything."""

    def __init__(self, world: World) -> None:
        """Take the world whose app answers."""
        self._world = world

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Sign and hand on."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        environ |= self._fields(environ, body)
        return self._world.app(environ, start)

    def _fields(self, environ: dict[str, Any], body: bytes) -> dict[str, str]:
        key, kid = self._world.consortium.signing(ASKER, Role.HTTP)
        has_body = environ["REQUEST_METHOD"] == "POST"
        try:
            request = sign_request(
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"],
                sign=key,
                kid=kid,
                created=self._world.clock(),
                nonce=self._world.nonce(),
                query=environ.get("QUERY_STRING", ""),
                body=body if has_body else None,
                content_type=environ.get("CONTENT_TYPE", "") if has_body else "",
            )
        except UnicodeEncodeError:
            return {}  # no client can sign such a path: it goes as it is
        fields = {name: value for name, value in request.headers if name != "Content-Type"}
        return {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in fields.items()}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterable[World]:
    """Give a service with a few batches in its log."""
    found = World(tmp_path_factory.mktemp("openapi"))
    found.found()
    found.open_epoch("xaa-arms")
    found.log("xaa-arms", [found.consortium.record("xaa-arms")])
    yield found
    found.close()


@pytest.fixture(scope="module", autouse=True)
def bodies() -> None:
    """Tell schemathesis how bodies of ours look that are no JSON, or JSON in one spelling only."""
    frames = st.lists(st.binary(max_size=40), max_size=4).map(
        lambda parts: b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    )
    for media_type in BYTES:
        schemathesis.openapi.media_type(media_type, st.binary(max_size=200) | frames)


def ask(app: Any, label: str, before: Callable[[], object]) -> None:
    """Ask a call many times; whatever breaks the description, or the service, raises."""
    schema = schemathesis.openapi.from_wsgi(paths.OPENAPI, app)
    operation = next(found.ok() for found in schema.get_all_operations() if found.ok().label == label)
    checks = schemathesis.checks.CHECKS.get_by_names(CHECKS)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def once(case: Any) -> None:
        before()
        case.call_and_validate(checks=checks)

    once()


# schemathesis leaves out the path that it read the description from.
@pytest.mark.parametrize("call", [call for call in CALLS if call.path != paths.OPENAPI], ids=lambda call: call.name)
def test_every_call_answers_as_described(world: World, call: Any) -> None:
    """Unsigned questions: no failure of the service, no status, media type or shape that the description does not name."""
    standing = world.standing()

    ask(world.app, f"{call.method} {call.path}", lambda: world.clock.advance(60))

    assert world.standing() == standing


@pytest.mark.parametrize(
    "call", [call for call in CALLS if call.access in {Access.SIGNED, Access.ENTRIES}], ids=lambda call: call.name
)
def test_every_signed_call_answers_as_described(world: World, call: Any) -> None:
    """The same questions, well signed: what only members may ask is as sturdy."""
    ask(Signing(world), f"{call.method} {call.path}", lambda: None)


def test_the_signing_middleware_is_believed(world: World) -> None:
    """A signed call answers 200 through it: otherwise the test above would only knock at the gate."""
    schema = schemathesis.openapi.from_wsgi(paths.OPENAPI, Signing(world))
    operation = next(
        found.ok() for found in schema.get_all_operations() if found.ok().label == f"GET {paths.STATEMENT}"
    )
    jti = b64u(world.service.store.feed(agency="xaa-arms", after=-1, before=1_000, limit=1)[0].statement.name.jti)

    response = operation.Case(path_parameters={"iss": "xaa-arms", "jti": jti}).call()

    assert response.status_code == 200
