"""Answers with which a service, or the front before it, refuses for now."""

import json

from clients.transport import Response
from ledger.wire import paths


def refused(name: str) -> Response:
    """Return an answer with status 503 and this problem, to be asked again after two seconds."""
    fields = {"type": f"/problems/{name}", "title": "t", "status": 503, "detail": "d", "next": "n"}
    body = json.dumps(fields, separators=(",", ":")).encode()
    return Response(status=503, content_type=paths.PROBLEM_TYPE, body=body, retry_after_seconds=2)


BUSY = refused("busy")
