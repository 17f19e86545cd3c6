"""The witness over HTTP: C2SP tlog-witness and nothing else (docs/adr/0044).

Plain ASGI: four paths need no framework, and a body that is sent slowly holds no thread. It is given up after a few
seconds, which granian's synchronous interface cannot do. Caps come first, then the path, then the body.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, TypeAlias

from clients.witness.cosigner import Answer, Cosigner, Log
from ledger.witnessing import MAX_BODY_BYTES

BODY_SECONDS = 5.0
MOST_IN_FLIGHT = 64
ADD_CHECKPOINT = "/add-checkpoint"
SIGN_SUBTREE = "/sign-subtree"
HEALTHZ = "/healthz"

_MONITOR = re.compile(r"/([0-9a-f]{64})/checkpoint")
_LENGTH = re.compile(rb"0|[1-9][0-9]{0,8}")
_THREADS = 2

Scope: TypeAlias = Mapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class RefusedError(Exception):
    """A request that is refused before it is looked into; carries the status."""

    def __init__(self, status: HTTPStatus) -> None:
        """Hold the status."""
        super().__init__(status.phrase)
        self.status = status


class App:
    """The ASGI application over one witness."""

    def __init__(self, cosigner: Cosigner, *, log: Log, body_seconds: float = BODY_SECONDS) -> None:
        """Take the witness, where events go, and how long a body may take."""
        self._cosigner = cosigner
        self._log = log
        self._body_seconds = body_seconds
        # Signing lets go of the interpreter's lock; the state's own lock keeps two of them in order.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="witness")
        self._in_flight = 0
        self._posts: Mapping[str, Callable[[bytes], Answer]] = {
            ADD_CHECKPOINT: cosigner.add_checkpoint,
            SIGN_SUBTREE: cosigner.sign_subtree,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and note its path, status and time, never what it held."""
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        answer = await self._answer(scope, receive)
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        self._log.info("request", path=_shown(scope["path"]), status=answer.status, ms=milliseconds)
        await _send(
            answer, send, closing=answer.status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
        )

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if self._in_flight >= MOST_IN_FLIGHT:
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE)
        self._in_flight += 1
        try:
            return await self._routed(scope, receive)
        except RefusedError as error:
            return _refusal(error.status)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, nothing was signed, and one answer says so
            self._log.warning("failure", error=type(error).__name__)
            return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR)
        finally:
            self._in_flight -= 1

    async def _routed(self, scope: Scope, receive: Receive) -> Answer:
        method, path = scope["method"], scope["path"]
        if scope.get("query_string"):
            raise RefusedError(HTTPStatus.BAD_REQUEST)
        if path in self._posts:
            _require(method == "POST", HTTPStatus.METHOD_NOT_ALLOWED)
            body = await self._body(scope, receive)
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._posts[path], body)
        monitored = _MONITOR.fullmatch(path)
        _require(path == HEALTHZ or monitored is not None, HTTPStatus.NOT_FOUND)
        _require(method in {"GET", "HEAD"}, HTTPStatus.METHOD_NOT_ALLOWED)
        if monitored is None:
            return Answer(status=HTTPStatus.OK, body=b"ok\n")
        return self._cosigner.monitor(monitored[1])

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """Return the whole body, in time and of the length that was announced; refuse it before it is too large."""
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        if len(lengths) != 1 or not _LENGTH.fullmatch(lengths[0]):
            raise RefusedError(HTTPStatus.LENGTH_REQUIRED)
        _require(int(lengths[0]) <= MAX_BODY_BYTES, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_seconds):
                more = True
                while more:
                    message = await receive()
                    _require(message["type"] == "http.request", HTTPStatus.BAD_REQUEST)
                    body += message.get("body", b"")
                    _require(len(body) <= MAX_BODY_BYTES, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                    more = message.get("more_body", False)
        except TimeoutError as error:
            raise RefusedError(HTTPStatus.REQUEST_TIMEOUT) from error
        _require(len(body) == int(lengths[0]), HTTPStatus.BAD_REQUEST)
        return bytes(body)


async def _send(answer: Answer, send: Send, *, closing: bool) -> None:
    headers = [
        (b"content-type", answer.content_type.encode("ascii")),
        (b"content-length", str(len(answer.body)).encode("ascii")),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *([(b"connection", b"close")] if closing else []),
        *([(b"retry-after", b"1")] if answer.status == HTTPStatus.SERVICE_UNAVAILABLE else []),
    ]
    await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _refusal(status: HTTPStatus) -> Answer:
    return Answer(status=int(status), body=f"{status.phrase}\n".encode())


def _require(holds: bool, status: HTTPStatus) -> None:  # noqa: FBT001 - the condition is the whole argument
    if not holds:
        raise RefusedError(status)


def _shown(path: str) -> str:
    """Return a path of ours; any other is not written down."""
    if path in {ADD_CHECKPOINT, SIGN_SUBTREE, HEALTHZ}:
        return path
    return "monitoring" if _MONITOR.fullmatch(path) else "other"
