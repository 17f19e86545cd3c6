"""The Flask app: every call of `ledger/wire/calls.py` behind the same gate, in the same order.

Routing is plain Flask over that table. A framework that reads bodies for us (flask-smorest was the candidate) takes
JSON in any spelling and quotes what it refuses; here nothing is parsed before limits and signature are checked.
"""

import io
import secrets
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Request, Response, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, MethodNotAllowed

from ledger.errors import MalformedError, NotFoundError, TooLargeError
from ledger.wire import paths, requests, schemas
from ledger.wire.calls import CALLS, Access, Call
from server import errors
from server.config import Config
from server.errors import MethodError, UnsupportedTypeError
from server.keys import ServiceKeys
from server.metrics import Metrics
from server.pace import Pace
from server.ratelimit import counted_as
from server.service import Service, open_service
from server.signatures import Asker, message, verify_request
from server.turns import Turns
from server.views import Incoming, Outgoing, View, Views

_log = structlog.get_logger("sealtrace.server")
EXTENSION = "sealtrace"

# A body that is sent slowly, or never to its end, holds a thread: granian waits for it as long as the sender likes. Who
# has not signed shares a few threads, and one address has fewer, or eight half-sent bodies from anywhere would keep
# every agency from ending a stolen key; an agency has a few of its own; the rest stay free (docs/adr/0024). How long a
# body may take is for the proxy in front, which sends it on when it is whole.
_UNSIGNED_BODIES = 8
_UNSIGNED_BODIES_AN_ADDRESS = 2
_BODIES_AN_AGENCY = 4
_PIECE_BYTES = 256 * 1_024


def create_app(
    config: Config, *, keys: ServiceKeys, metrics: Metrics | None = None, clock: Callable[[], int] | None = None
) -> Flask:
    """Open the log and return the app over it; the service is `app.extensions["sealtrace"]`, to be closed at the end."""
    service = open_service(config, keys=keys, clock=clock or _posix_seconds)
    return build_app(service, metrics=metrics or Metrics())


def build_app(service: Service, *, metrics: Metrics, pace: Pace | None = None) -> Flask:
    """Return the app over an open service."""
    app = Flask("server", static_folder=None)
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True
    app.extensions[EXTENSION] = service
    metrics.watch_size(lambda: service.store.head().size)
    metrics.watch_damaged(lambda: service.damage.count)
    views = Views(service, pace=pace or Pace())
    for call in CALLS:
        gate = Gate(call, views.view(call.name), service=service, metrics=metrics)
        app.add_url_rule(_rule(call), call.name, gate, methods=[call.method], provide_automatic_options=False)
    app.register_error_handler(HTTPException, _refuse_unrouted)
    return app


class Gate:
    """What every request goes through before and after its view."""

    def __init__(self, call: Call, view: View, *, service: Service, metrics: Metrics) -> None:
        """Stand before the view of one call."""
        self._call = call
        self._view = view
        self._service = service
        self._metrics = metrics
        self._turns = Turns(most=_UNSIGNED_BODIES if call.access is Access.ROOTS else _BODIES_AN_AGENCY)
        self._addresses = Turns(most=_UNSIGNED_BODIES_AN_ADDRESS)
        self.__name__ = call.name

    def __call__(self, **names: str) -> Response:
        """Answer one request, and write down that it was answered: path template, status, time, nothing else."""
        started = time.perf_counter()
        request_id = secrets.token_hex(8)
        response = self._answer(names, request_id)
        response.headers["X-Request-Id"] = request_id
        seconds = time.perf_counter() - started
        self._metrics.observe(call=self._call.name, status=response.status_code, seconds=seconds)
        _log.info(
            "request",
            id=request_id,
            method=self._call.method,
            path=self._call.path,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
        )
        return response

    def _answer(self, names: dict[str, str], request_id: str) -> Response:
        try:
            outgoing = self._view(self._admit(names))
        except Exception as error:  # noqa: BLE001 — whatever went wrong, the answer is a problem document
            if errors.kind_of(error) is errors.INTERNAL:
                _log.error("failure", id=request_id, error=type(error).__name__, at=_places(error))
            return _problem(error)
        return _response(outgoing, self._call.answer.media_type)

    def _admit(self, names: dict[str, str]) -> Incoming:
        """Check, in this order: limits, media type, signature over the headers; then read the body and compare it."""
        call = self._call
        length = _body_bytes(request, most=call.body.most_bytes if call.body else 0)
        query = request.query_string.decode("ascii", "replace")
        if query and not call.query:
            raise MalformedError("this path takes no query")
        if call.body is not None and request.headers.get("Content-Type") != call.body.media_type:
            raise UnsupportedTypeError(f"this path takes {call.body.media_type}")
        asker = self._asker(query)
        address = counted_as(request.remote_addr or "")
        with self._place(asker, address) if length else nullcontext():
            body = _read_body(request, length)
        if asker is not None and call.body is not None:
            requests.verify_content_digest(request.headers.get(requests.CONTENT_DIGEST, ""), body=body)
        return Incoming(asker=asker, names=names, query=query, body=body, address=address)

    @contextmanager
    def _place(self, asker: Asker | None, address: str) -> Iterator[None]:
        """Hold one of the places for bodies; raise BusyError if those of this asker are taken."""
        if asker is not None:
            with self._turns.hold(asker.agency):
                yield
            return
        with self._addresses.hold(address), self._turns.hold(""):
            yield

    def _asker(self, query: str) -> Asker | None:
        if not self._needs_signature():
            return None
        signed = message(
            method=request.method,
            base_url=self._service.url().rstrip("/"),
            path=request.path,
            query=query,
            headers=request.headers.items(),
        )
        return verify_request(
            signed,
            has_body=self._call.body is not None,
            find_key=self._service.state.http_key,
            now=self._service.clock(),
        )

    def _needs_signature(self) -> bool:
        match self._call.access:
            case Access.OPEN | Access.ROOTS:
                return False
            case Access.SIGNED:
                return True
            case Access.ENTRIES:
                charter = self._service.charter()
                return charter is None or charter.limits.entries != "open"


def _body_bytes(incoming: Request, *, most: int) -> int:
    """Return the length of the body; refuse one that does not say it, or says it twice, before a byte is read."""
    if incoming.headers.get("Transfer-Encoding") is not None:
        raise MalformedError("a body is sent with its Content-Length, not in chunks")
    text = incoming.headers.get("Content-Length", "0")
    if not text.isascii() or not text.isdigit() or (len(text) > 1 and text.startswith("0")):
        raise MalformedError("Content-Length is not a number in its one spelling")
    if len(text) > len(str(most)) or int(text) > most:
        raise TooLargeError(f"at most {most:,} bytes may be sent here")
    return int(text)


def _read_body(incoming: Request, length: int) -> bytes:
    """Return the body, read piece by piece: read at once, the layers below would hold it four times."""
    body = io.BytesIO()
    try:
        while piece := incoming.stream.read(min(_PIECE_BYTES, length - body.tell())):
            body.write(piece)
    except ClientDisconnected:
        body = io.BytesIO()
    if body.tell() != length:
        raise MalformedError("the body ended before its Content-Length")
    return body.getvalue()


def _rule(call: Call) -> str:
    rule = call.path.replace("{path}", "<path:path>")
    return rule.replace("{", "<").replace("}", ">")


def _response(outgoing: Outgoing, media_type: str) -> Response:
    response = Response(outgoing.body, status=outgoing.status.value, content_type=media_type)
    response.headers["Cache-Control"] = outgoing.cache
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _problem(error: Exception) -> Response:
    document = errors.problem(error)
    answer = Outgoing(body=schemas.PROBLEM.write(document), status=HTTPStatus(document.status))
    response = _response(answer, paths.PROBLEM_TYPE)
    wait = errors.retry_after_seconds(error)
    if wait is not None:
        response.headers["Retry-After"] = str(wait)
    return response


def _refuse_unrouted(error: HTTPException) -> Response:
    """Answer what reached no call: no such path, or not with this method. The path is neither repeated nor logged."""
    _log.info("unrouted", status=error.code)
    if not isinstance(error, MethodNotAllowed):
        return _problem(NotFoundError("there is no such path"))
    response = _problem(MethodError("this path does not take that method"))
    response.headers["Allow"] = ", ".join(sorted({*(error.valid_methods or ())} - {"HEAD", "OPTIONS"}))
    return response


def _places(error: BaseException) -> list[str]:
    """Return where an error came from, without its text: a driver's message may quote what it was given."""
    return [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-8:]]


def _posix_seconds() -> int:
    return int(time.time())


def service_of(app: Flask) -> Service:
    """Return the service behind an app; raise TypeError for an app of another program."""
    service: Any = app.extensions[EXTENSION]
    if not isinstance(service, Service):
        raise TypeError("not an app of this service")
    return service
