"""What a request must pass before a page is made: its Host, its size, where it comes from, its form's token."""

import secrets
import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Request
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from werkzeug.wrappers import Response

from clients.desk.headers import ALWAYS
from clients.desk.people.person import SignedIn
from clients.desk.place import Place
from crypto.encoding import b64u

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_FORM_BYTES = 64 * 1024
MOST_UPLOAD_BYTES = 16 * 1024 * 1024
MOST_FIELDS = 1_000
# Of eight threads: four may be held by bodies that come slowly, and pages are still answered.
BODIES_AT_ONCE = 4
READING = frozenset({"GET", "HEAD"})

_TOKEN_BYTES = 32
_FRAMES = frozenset({"frame", "iframe", "embed", "object", "fencedframe", "serviceworker", "sharedworker", "worker"})


class RefusedError(Exception):
    """A request that no page is made for: its status, and what the person is told. The texts are translated."""

    def __init__(self, status: HTTPStatus, text: str, *, next_step: str) -> None:
        """Hold what the page of the refusal shows."""
        super().__init__(text)
        self.status = status
        self.next_step = next_step


class Crowd:
    """Lets a few requests with a body in at a time: who sends one a byte a minute holds one of the desk's threads."""

    def __init__(self, app: "WSGIApplication", *, most: int = BODIES_AT_ONCE) -> None:
        """Stand before an app."""
        self._app = app
        self._places = threading.BoundedSemaphore(most)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer, or say at once that there is no place. Pages are whole when the app returns; none is streamed."""
        if environ["REQUEST_METHOD"] in READING:
            return self._app(environ, start_response)
        if not self._places.acquire(blocking=False):
            headers = {**ALWAYS, "Retry-After": "2", "Content-Type": "text/plain; charset=utf-8"}
            busy = Response("The desk is busy. Try again in a moment.\n", HTTPStatus.SERVICE_UNAVAILABLE, headers)
            return busy(environ, start_response)
        try:
            return self._app(environ, start_response)
        finally:
            self._places.release()


def check_host(request: Request, place: Place) -> None:
    """Refuse a request that was meant for another host: a page must not be made for whoever rebinds a name to us."""
    if request.host != place.host:
        raise RefusedError(
            HTTPStatus.MISDIRECTED_REQUEST,
            _("The desk is not reached under this name."),
            next_step=_("Use the address that your administrator gave you."),
        )


def check_body(request: Request, *, upload: bool) -> None:
    """Refuse a body that is too long, that does not say how long it is, or that comes with a page that takes none."""
    most = 0 if request.method in READING else MOST_UPLOAD_BYTES if upload else MOST_FORM_BYTES
    if request.headers.get("Transfer-Encoding") is not None or (request.content_length or 0) > most:
        raise RefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            _("What was sent is too long."),
            next_step=_("Go back and send less: a file of at most 16 MB where files are taken, elsewhere 64 kB."),
        )
    request.max_content_length = most
    request.max_form_memory_size = MOST_FORM_BYTES
    request.max_form_parts = MOST_FIELDS


def check_fetch(request: Request) -> None:
    """Refuse what another site's page, a frame or a worker of it makes a browser send (Fetch Metadata).

    Every browser that has passkeys says where a request comes from, to https and to localhost alike. What changes
    something must say so; a page may be read by a program that says nothing, since the cookie is SameSite=Strict.
    """
    site = request.headers.get("Sec-Fetch-Site")
    allowed = {None, "none", "same-origin"} if request.method in READING else {"same-origin"}
    if site not in allowed or request.headers.get("Sec-Fetch-Dest") in _FRAMES:
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            _("This was not sent from a page of the desk."),
            next_step=_("Type the desk's address yourself, and go on from there."),
        )


def check_form(request: Request, place: Place, signed_in: SignedIn | None) -> None:
    """Refuse a form that was not sent from a page of ours, in this session (cross-site request forgery).

    The token binds the form to the session, or before there is one to a cookie that only this host can set. Scripts
    send it as the header X-Desk-Token where there is no form.
    """
    expected = signed_in.csrf if signed_in is not None else request.cookies.get(place.form_cookie, "")
    given = request.form.get("token", "") or request.headers.get("X-Desk-Token", "")
    same = bool(expected) and secrets.compare_digest(expected.encode(), given.encode())
    if request.headers.get("Origin") != place.origin or not same:
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            _("The form was not sent from a page of this session."),
            next_step=_("Open the page again and send it from there."),
        )


def fresh_form_token() -> str:
    """Return the value that a form before the sign-in and its cookie share."""
    return b64u(secrets.token_bytes(_TOKEN_BYTES))
