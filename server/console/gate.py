"""What a request to the console must pass before a page is made: its Host, its size, its Origin, its form's token."""

import secrets
import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Request
from werkzeug.wrappers import Response

from crypto.encoding import b64u
from server.accounts import Session
from server.console.place import Place

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_BODY_BYTES = 8_192
AT_ONCE = 8

_FORM_BYTES = 32


class RefusedError(Exception):
    """A request that no page is made for: its status, and what the person is told."""

    def __init__(self, status: HTTPStatus, text: str, *, next_step: str) -> None:
        """Hold what the page of the refusal shows."""
        super().__init__(text)
        self.status = status
        self.next_step = next_step


class Crowd:
    """Lets in a few requests at a time: who sends a form a byte a minute holds one of the service's threads."""

    def __init__(self, app: "WSGIApplication", *, most: int) -> None:
        """Stand before an app."""
        self._app = app
        self._places = threading.BoundedSemaphore(most)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer, or say at once that there is no place. Pages are whole when the app returns; none is streamed."""
        if not self._places.acquire(blocking=False):
            busy = Response("The console is busy. Try again in a moment.\n", HTTPStatus.SERVICE_UNAVAILABLE)
            return busy(environ, start_response)
        try:
            return self._app(environ, start_response)
        finally:
            self._places.release()


def check_host(request: Request, place: Place) -> None:
    """Refuse a request that was meant for another host: a page must not be made for whoever rebinds a name to us."""
    if request.host != place.host:
        raise RefusedError(
            HTTPStatus.MISDIRECTED_REQUEST, "The console is not reached under this name.", next_step="Use its address."
        )


def check_body(request: Request) -> None:
    """Refuse a form that is too long, or that does not say how long it is."""
    if request.headers.get("Transfer-Encoding") is not None or (request.content_length or 0) > MOST_BODY_BYTES:
        raise RefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The form is too long.", next_step="Go back and shorten it."
        )


def check_form(request: Request, place: Place, session: Session | None) -> None:
    """Refuse a form that was not sent from a page of ours, in this session (cross-site request forgery).

    A browser names the origin of every POST. The token binds the form to the session, or before there is one to a
    cookie that only this host can set.
    """
    expected = session.csrf if session is not None else request.cookies.get(place.form_cookie, "")
    given = request.form.get("token", "")
    same = bool(expected) and secrets.compare_digest(expected.encode(), given.encode())
    if request.headers.get("Origin") != place.origin or not same:
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            "The form was not sent from a page of this session.",
            next_step="Open the page again and send it from there.",
        )


def fresh_form_token() -> str:
    """Return the value that a sign-in form and its cookie share."""
    return b64u(secrets.token_bytes(_FORM_BYTES))
