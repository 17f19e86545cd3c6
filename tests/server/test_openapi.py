"""/openapi.json: written from the table of calls, and true of what the service answers."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from ledger.wire import paths
from ledger.wire.calls import CALLS, Access, Call
from ledger.wire.schemas import BLOB_REQUEST, BlobName, BlobRequest
from server import openapi
from tests.support.services import World

DOCUMENT = openapi.document()


def _operation(call: Call) -> Mapping[str, Any]:
    found: Mapping[str, Any] = DOCUMENT["paths"][call.path][call.method.lower()]
    return found


def test_it_is_served(quiet_world: World) -> None:
    """Anybody may read it."""
    response = quiet_world.client.get(paths.OPENAPI)

    assert json.loads(response.data) == json.loads(json.dumps(DOCUMENT))
    assert DOCUMENT["openapi"] == "3.1.0"


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_every_call_is_described(call: Call) -> None:
    """Name, summary, who may, what goes in, what comes out, and that it may be refused."""
    operation = _operation(call)

    assert operation["operationId"] == call.name
    assert operation["summary"] == call.summary
    assert call.answer.media_type in operation["responses"]["200"]["content"]
    assert paths.PROBLEM_TYPE in operation["responses"]["default"]["content"]
    assert ("requestBody" in operation) == (call.body is not None)
    assert ({"signature": []} in operation["security"]) == (call.access in {Access.SIGNED, Access.ENTRIES})
    names = {item["name"] for item in operation["parameters"]}
    assert names == set(re.findall(r"\{([a-z]+)\}", call.path)) | set(call.query)


def test_nothing_else_is_described() -> None:
    """No path stands there that the service does not know."""
    described = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}

    assert described == {(call.method, call.path) for call in CALLS}


def test_every_reference_leads_somewhere() -> None:
    """A schema that is named is there."""
    references = set(re.findall(r'"#/components/schemas/([A-Za-z]+)"', json.dumps(DOCUMENT)))

    assert references <= set(DOCUMENT["components"]["schemas"])


def test_sizes_are_told() -> None:
    """A reader of the description knows that a hash is 43 characters of base64url, in a receipt 44 of base64."""
    schemas = DOCUMENT["components"]["schemas"]

    assert schemas["AgencyHead"]["properties"]["prev"]["minLength"] == 43
    assert schemas["AgencyHead"]["properties"]["prev"]["contentEncoding"] == "base64url"
    assert schemas["Receipt"]["properties"]["proof"]["items"]["maxLength"] == 44


@pytest.mark.parametrize(
    ("name", "path", "query"),
    [
        ("LoggedEntry", "/v1/entries/0", ""),
        ("AgencyHead", paths.agency_head("xaa-arms"), ""),
        ("Feed", paths.FEED, "after=-1"),
        ("CharterList", paths.CHARTERS, ""),
        ("Problem", "/v1/entries/5", ""),
    ],
)
def test_answers_are_as_described(quiet_world: World, name: str, path: str, query: str) -> None:
    """Members of an answer are the properties of its schema, and the required ones are there."""
    answer = json.loads(quiet_world.get("xaa-arms", path, query=query).data)

    schema = DOCUMENT["components"]["schemas"][name]
    assert set(answer) <= set(schema["properties"])
    assert set(schema["required"]) <= set(answer)


def test_requests_are_as_described() -> None:
    """The same holds for what is sent."""
    request = json.loads(BLOB_REQUEST.write(BlobRequest(get=(BlobName(iss="xaa-arms", jti=bytes(16), place="box"),))))

    schema = DOCUMENT["components"]["schemas"]["BlobName"]
    assert set(request["get"][0]) <= set(schema["properties"])
    assert set(schema["required"]) <= set(request["get"][0])
