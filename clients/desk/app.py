"""The desk as a Flask app: gate, rules, headers, languages and pages put together. No business is done here."""

import secrets
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Request, Response, jsonify, redirect, request, url_for
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from flask_login import LoginManager  # type: ignore[import-untyped]  # it has no types
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from clients.cli.exits import to_json
from clients.desk import i18n, rendering
from clients.desk.errors import Shown, shown
from clients.desk.gate import READING, Crowd, RefusedError, check_body, check_fetch, check_form, check_host
from clients.desk.headers import harden
from clients.desk.leaving import require_mark
from clients.desk.pages import BLUEPRINTS
from clients.desk.parts import EXTENSION, Parts
from clients.desk.people.current import User, somebody
from clients.desk.rules import RULES, Rule
from clients.errors import ClientError
from crypto.errors import CryptoError
from ledger.errors import LedgerError
from ledger.jsontext import JsonValue

_log = structlog.get_logger("sealtrace.desk")

_NOBODY = Rule()
_PLAIN = "text/plain; charset=utf-8"


class _NoCookie(SessionInterface):
    """Flask's own session, which flask-login wants to look at: empty, and never sent. Ours are rows."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        del app, request
        return SecureCookieSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        del app, session, response


class _Desk(Flask):
    """Flask writes the trace of an error that nothing handles into the log: a trace may hold content."""

    def log_exception(self, exc_info: Any) -> None:
        _log.critical("failed", page=request.endpoint, error=getattr(exc_info[0], "__name__", ""))


def create_desk(parts: Parts) -> Flask:
    """Return the desk."""
    app = _Desk("clients.desk", static_url_path="/static")
    app.session_interface = _NoCookie()
    # flask-login would verify a "remember me" cookie with this; it is never given one to make.
    app.secret_key = secrets.token_bytes(32)
    app.config["REMEMBER_COOKIE_NAME"] = ";"  # a name that no Cookie header can carry
    app.extensions[EXTENSION] = parts
    _sign_in_by_row(app, parts)
    i18n.install(app)
    rendering.install(app)
    _guard(app, parts)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.wsgi_app = Crowd(app.wsgi_app)  # type: ignore[method-assign]  # as Flask's own documentation does
    return app


def _sign_in_by_row(app: Flask, parts: Parts) -> None:
    manager = LoginManager(app)
    manager.session_protection = None
    manager.login_message = None

    @manager.request_loader  # type: ignore[untyped-decorator]  # flask-login has no types
    def _load(incoming: Request) -> User | None:
        signed_in = parts.sessions.find(incoming.cookies.get(parts.place.session_cookie, ""))
        return None if signed_in is None else User(signed_in)


def _guard(app: Flask, parts: Parts) -> None:
    @app.before_request
    def _admit() -> BaseResponse | None:
        rule = RULES.get(request.endpoint or "", _NOBODY)
        check_host(request, parts.place)
        check_body(request, upload=rule.upload)
        check_fetch(request)
        if request.routing_exception is not None:
            return None  # there is no such page, or not by this method: Flask says so next
        answer = _require(rule, parts)
        if answer is None and request.method not in READING:
            check_form(request, parts.place, somebody())
        return answer

    @app.after_request
    def _harden(response: Response) -> Response:
        if request.endpoint != "static":
            require_mark(response)
        _log.info("page", method=request.method, page=request.endpoint, status=response.status_code)
        return harden(response, is_secure=parts.place.is_secure)

    @app.errorhandler(Exception)
    def _failed(error: Exception) -> tuple[Any, int]:
        try:
            return _answer(error)
        except Exception as second:  # noqa: BLE001 - what breaks a page may break the page of its error too
            _log.error("failed", page=request.endpoint, error=type(second).__name__)
            plain = Response("The desk cannot answer now. Try again in a moment.\n", content_type=_PLAIN)
            return plain, HTTPStatus.SERVICE_UNAVAILABLE.value


def _require(rule: Rule, parts: Parts) -> BaseResponse | None:
    """Raise, or return the way to the sign-in, unless the rule lets whoever asks in."""
    if rule.public:
        return None
    signed_in = somebody()
    if signed_in is None:
        return _go(url_for(rendering.SIGN_IN))
    if not rule.roles & signed_in.person.roles:
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            _("This page is not for your role."),
            next_step=_("Ask an administrator of your agency which role it needs."),
        )
    if rule.fresh and not parts.sessions.is_fresh(signed_in):
        return _confirm()
    return None


def _confirm() -> BaseResponse:
    """Return the way to prove once more who one is, and back; a form that was sent is not kept for later."""
    if request.method in READING:
        return _go(url_for(rendering.CONFIRM, next=request.path))
    raise RefusedError(
        HTTPStatus.FORBIDDEN,
        _("It is more than five minutes since you proved who you are. Nothing was done."),
        next_step=_("Open the page again: you are asked who you are, and then send it once more."),
    )


def _go(url: str) -> BaseResponse:
    if request.headers.get("HX-Request") is None:
        return redirect(url, HTTPStatus.SEE_OTHER)
    # A part of a page must not be replaced by the form to sign in: the whole page goes there.
    return Response(status=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": url})


def _answer(error: Exception) -> tuple[Any, int]:
    found = _of_http(error) if isinstance(error, HTTPException) else shown(error)
    if found.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # By its type alone: what an error says may hold content.
        _log.error("failed", page=request.endpoint, error=type(error).__name__)
    if request.path.endswith(".json"):
        return jsonify(_for_machines(found, error)), found.status.value
    return rendering.refusal(found), found.status.value


def _for_machines(found: Shown, error: Exception) -> JsonValue:
    if isinstance(error, (ClientError, LedgerError, CryptoError)):
        return to_json(error)
    return {"error": found.title, "what": found.what, "next": found.next_step}


def _of_http(error: HTTPException) -> Shown:
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    text = _("There is no such page.") if status == HTTPStatus.NOT_FOUND else _("The desk cannot answer this.")
    return Shown(status=status, title=text, what="", next_step=_("Begin at the first page."))
