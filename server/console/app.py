"""The console as a Flask app of its own, below /console of the service or alone (docs/adr/0030)."""

import secrets
from http import HTTPStatus

import structlog
from flask import Flask, Request, Response, render_template, request
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin
from flask_login import LoginManager, UserMixin, current_user  # type: ignore[import-untyped]  # it has no types
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from crypto.encoding import unb64u
from crypto.errors import EncodingError
from server.accounts import TOKEN_BYTES, Account, Accounts, Role, Session
from server.config import Config
from server.console import filters
from server.console.facts import Facts
from server.console.gate import AT_ONCE, Crowd, RefusedError, check_body, check_form, check_host
from server.console.headers import harden
from server.console.pages import Pages
from server.console.parts import Parts
from server.console.place import Place
from server.console.signingin import SigningIn
from server.service import Service

_log = structlog.get_logger("sealtrace.console")


class SignedIn(UserMixin):  # type: ignore[misc]  # flask-login has no types
    """What flask-login knows of whoever asks."""

    def __init__(self, session: Session) -> None:
        """Hold the session; the account is its."""
        self.session = session
        self.id = session.account.name

    @property
    def account(self) -> Account:
        """Return who is signed in."""
        return self.session.account

    @property
    def is_operator(self) -> bool:
        """Return whether the pages about the machine and the accounts are shown."""
        return self.account.role is Role.OPERATOR


class _NoCookie(SessionInterface):
    """Flask's own session, which flask-login wants to look at: empty, and never sent. Ours are rows."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        del app, request
        return SecureCookieSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        del app, session, response


def make_parts(service: Service, config: Config, place: Place) -> Parts:
    """Return the parts of the console of a running service."""
    accounts = Accounts(config.database)
    return Parts(
        place=place,
        facts=Facts(service, config),
        accounts=accounts,
        signing_in=SigningIn(accounts, clock=service.clock),
        clock=service.clock,
    )


def create_console(parts: Parts) -> Flask:
    """Return the console."""
    app = Flask("server.console", static_folder=None)
    app.session_interface = _NoCookie()
    # flask-login would verify a "remember me" cookie with this; it is never given one to make.
    app.secret_key = secrets.token_bytes(32)
    app.config["REMEMBER_COOKIE_NAME"] = ";"  # a name that no Cookie header can carry
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.filters.update(filters.FILTERS)
    _sign_in_by_row(app, parts)
    _guard(app, parts)
    Pages(parts).register(app)
    app.wsgi_app = Crowd(app.wsgi_app, most=AT_ONCE)  # type: ignore[method-assign]  # as Flask's own documentation does
    return app


def _sign_in_by_row(app: Flask, parts: Parts) -> None:
    manager = LoginManager(app)
    manager.session_protection = None
    manager.login_message = None

    @manager.request_loader  # type: ignore[untyped-decorator]  # flask-login has no types
    def _load(incoming: Request) -> SignedIn | None:
        session = _session(incoming, parts)
        return None if session is None else SignedIn(session)


def _session(incoming: Request, parts: Parts) -> Session | None:
    try:
        token = unb64u(incoming.cookies.get(parts.place.session_cookie, ""), size=TOKEN_BYTES)
    except EncodingError:
        return None
    return parts.accounts.session(token, now=parts.clock())


def _guard(app: Flask, parts: Parts) -> None:
    @app.before_request
    def _admit() -> None:
        check_host(request, parts.place)
        check_body(request)
        if request.method == "POST":
            check_form(request, parts.place, current_user.session if current_user.is_authenticated else None)

    @app.after_request
    def _harden(response: Response) -> Response:
        _log.info("page", method=request.method, path=request.endpoint, status=response.status_code)
        return harden(response, is_secure=parts.place.is_secure)

    @app.errorhandler(RefusedError)
    def _refuse(error: RefusedError) -> tuple[str, int]:
        # No page of the menu: whoever is refused here may be nobody.
        return render_template("refused.html", text=str(error), next_step=error.next_step), error.status.value

    @app.errorhandler(HTTPException)
    def _unrouted(error: HTTPException) -> tuple[str, int]:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR.value
        text = "There is no such page." if status == HTTPStatus.NOT_FOUND else "The console cannot answer this."
        return render_template("refused.html", text=text, next_step="Begin at the first page."), status
