"""The description of the service (OpenAPI 3.1), written from `ledger/wire/calls.py` and its schemas."""

import json
import re
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from ledger.wire import requests
from ledger.wire.calls import CALLS, Access, Body, Call
from ledger.wire.paths import PROBLEM_TYPE
from ledger.wire.schemas import ProblemSchema
from ledger.wire.strict import Raw

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
_SIGNATURE = "RFC 9421: {fields} by the caller's http key, over {components} and, with a body, {body}"


@cache
def written() -> bytes:
    """Return the description as it is sent: nothing that runs can change it."""
    return json.dumps(document()).encode()


def document() -> dict[str, Any]:
    """Return the description as JSON can carry it."""
    marshmallow = MarshmallowPlugin()
    spec = APISpec(title="Sealtrace ledger service", version="1", openapi_version="3.1.0", plugins=[marshmallow])
    if marshmallow.converter is not None:
        marshmallow.converter.add_attribute_function(_raw)  # type: ignore[no-untyped-call]  # apispec has no types here
    spec.components.security_scheme("signature", {"type": "apiKey", "in": "header", **_signature()})
    spec.components.schema("Problem", schema=ProblemSchema)
    for call in CALLS:
        spec.path(path=call.path, operations={call.method.lower(): _operation(call)})
    return spec.to_dict()


def _operation(call: Call) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": call.name,
        "summary": call.summary,
        "parameters": _parameters(call),
        "responses": {
            "200": {"description": "Done", "content": _content(call.answer)},
            "default": {"description": "A refusal (RFC 9457)", "content": {PROBLEM_TYPE: {"schema": "Problem"}}},
        },
    }
    if call.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(call.body)}
        if call.access is not Access.OPEN and call.answer.shape is not None:
            operation["responses"]["201"] = {"description": "Logged", "content": _content(call.answer)}
    match call.access:
        case Access.SIGNED:
            operation["security"] = [{"signature": []}]
        case Access.ENTRIES:
            operation["security"] = [{}, {"signature": []}]
        case Access.OPEN | Access.ROOTS:
            operation["security"] = []
    return operation


def _parameters(call: Call) -> list[dict[str, Any]]:
    text = {"schema": {"type": "string"}, "required": True}
    names = [{"name": name, "in": "path", **text} for name in _PLACEHOLDER.findall(call.path)]
    return names + [{"name": name, "in": "query", **text} for name in call.query]


def _content(body: Body) -> dict[str, Any]:
    if body.shape is not None:
        return {body.media_type: {"schema": type(body.shape.schema)}}
    return {body.media_type: {"schema": {"contentMediaType": body.media_type, "maxLength": body.most_bytes}}}


def _raw(_self: object, field: object, **_options: object) -> dict[str, Any]:
    if not isinstance(field, Raw):
        return {}
    described: dict[str, Any] = {"type": "string", "contentEncoding": "base64url" if field.url else "base64"}
    if field.size is not None:
        spelled = -(-field.size * 4 // 3) if field.url else -(-field.size // 3) * 4
        described |= {"minLength": spelled, "maxLength": spelled}
    return described


def _signature() -> dict[str, str]:
    fields = f"{requests.SIGNATURE_INPUT} and {requests.SIGNATURE} under the label {requests.LABEL}"
    covered = ", ".join(requests.COMPONENTS)
    body = ", ".join(requests.BODY_COMPONENTS[len(requests.COMPONENTS) :])
    return {
        "name": requests.SIGNATURE,
        "description": _SIGNATURE.format(fields=fields, components=covered, body=body),
    }
