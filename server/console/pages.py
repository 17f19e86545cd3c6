"""The pages, one function each: read the facts, render the template."""

import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, Response, make_response, redirect, render_template, request, url_for
from flask_login import current_user  # type: ignore[import-untyped]  # it has no types
from werkzeug.wrappers import Response as BaseResponse

from crypto.encoding import b64u
from crypto.errors import PasswordError
from crypto.passwords import check_password
from server.accounts import Session
from server.console.gate import RefusedError, fresh_form_token
from server.console.parts import Parts
from server.ratelimit import counted_as

_log = structlog.get_logger("sealtrace.console")
_STYLE = (Path(__file__).parent / "console.css").read_bytes()
_BEFORE = re.compile(r"[1-9][0-9]{0,15}")
_MENU = (("log", "Log"), ("members", "Members"), ("batches", "Batches"), ("checks", "Verification"))

Answer = str | BaseResponse | tuple[str, int]


class Pages:
    """The pages of one console."""

    def __init__(self, parts: Parts) -> None:
        """Take what the pages read."""
        self._parts = parts
        self._place = parts.place
        self._facts = parts.facts

    def register(self, app: Flask) -> None:
        """Give every page its path."""
        app.add_url_rule("/console.css", "style", self.style)
        app.add_url_rule("/login", "login", self.login, methods=["GET", "POST"])
        app.add_url_rule("/logout", "logout", self._inside(self.logout, changed=False), methods=["POST"])
        app.add_url_rule("/password", "password", self._inside(self.password, changed=False), methods=["GET", "POST"])
        for path, name, page in (
            ("/", "log", self.log),
            ("/members", "members", self.members),
            ("/batches", "batches", self.batches),
            ("/checks", "checks", self.checks),
        ):
            app.add_url_rule(path, name, self._inside(page))
        app.add_url_rule("/accounts", "accounts", self._inside(self.accounts, operator=True))

    def style(self) -> Answer:
        """Return the one style sheet, which strangers need too: the sign-in page has it."""
        return Response(_STYLE, content_type="text/css; charset=utf-8")

    def login(self) -> Answer:
        """Show the form, or check what it brought."""
        if current_user.is_authenticated and request.method == "GET":
            return redirect(url_for("log"))
        if request.method == "GET":
            return self._form(None)
        account = self._parts.signing_in.check(
            name=request.form.get("name", ""),
            password=request.form.get("password", ""),
            address=counted_as(request.remote_addr or ""),
        )
        if account is None:
            # Neither which of the two was wrong nor the name: people type passwords into the wrong field.
            _log.warning("sign-in refused")
            return self._form("The name or the password is not right.")
        if current_user.is_authenticated:
            self._parts.accounts.sign_out(current_user.session)
        _log.info("signed in", account=account.name)
        return self._begin(account.name, next_page="password" if account.must_change else "log")

    def logout(self) -> Answer:
        """End the session: the row goes, and a cookie that somebody saved is dead."""
        self._parts.accounts.sign_out(current_user.session)
        response = redirect(url_for("login"), HTTPStatus.SEE_OTHER)
        self._drop(response, self._place.session_cookie)
        return response

    def password(self) -> Answer:
        """Change one's own password; every session of the account ends, and a new one begins here."""
        if request.method == "GET":
            return self._page("password.html", problem=None)
        name = current_user.account.name
        old, new, again = (request.form.get(field, "") for field in ("old", "new", "again"))
        problem = self._refuse_password(name, old, new, again)
        if problem is not None:
            return self._page("password.html", problem=problem), HTTPStatus.UNPROCESSABLE_ENTITY
        kept = self._parts.signing_in.hash(check_password(new))
        self._parts.accounts.set_password(name, password=kept, must_change=False)
        _log.info("password changed", account=name)
        return self._begin(name, next_page="log")

    def log(self) -> Answer:
        """Show where the log stands."""
        machine = self._facts.machine() if current_user.is_operator else None
        return self._page("log.html", log=self._facts.log(), in_force=self._facts.charter(), machine=machine)

    def members(self) -> Answer:
        """Show who is a member, and under which terms."""
        return self._page("members.html", in_force=self._facts.charter())

    def batches(self) -> Answer:
        """Show how much each agency has logged, and the newest batches."""
        text = request.args.get("before", "")
        if text and not _BEFORE.fullmatch(text):
            raise RefusedError(HTTPStatus.BAD_REQUEST, "That is no index.", next_step="Begin at the newest batch.")
        found = self._facts.batches(before=int(text) if text else None)
        return self._page("batches.html", agencies=self._facts.agencies(), found=found, is_newest=not text)

    def checks(self) -> Answer:
        """Show what was verified, when, and what vouches for the log."""
        return self._page(
            "checks.html",
            log=self._facts.log(),
            in_force=self._facts.charter(),
            fsck=self._facts.fsck(),
            now=self._parts.clock(),
        )

    def accounts(self) -> Answer:
        """Show who may sign in."""
        return self._page("accounts.html", found=self._parts.accounts.all())

    def _inside(
        self, page: Callable[[], Answer], *, operator: bool = False, changed: bool = True
    ) -> Callable[[], Answer]:
        """Return the page for who is signed in, has a password of their own and, if asked, is an operator."""

        def guarded() -> Answer:
            if not current_user.is_authenticated:
                return redirect(url_for("login"), HTTPStatus.SEE_OTHER)
            if changed and current_user.account.must_change:
                return redirect(url_for("password"), HTTPStatus.SEE_OTHER)
            if operator and not current_user.is_operator:
                raise RefusedError(HTTPStatus.FORBIDDEN, "This page is for operators.", next_step="Ask an operator.")
            return page()

        return guarded

    def _page(self, template: str, **values: Any) -> str:
        session: Session = current_user.session
        return render_template(
            template,
            account=session.account,
            token=session.csrf,
            menu=[*_MENU, ("accounts", "Accounts")] if current_user.is_operator else _MENU,
            origin=self._facts.origin,
            **values,
        )

    def _form(self, problem: str | None) -> Response:
        token = fresh_form_token()
        status = HTTPStatus.OK if problem is None else HTTPStatus.FORBIDDEN
        response = make_response(render_template("login.html", token=token, problem=problem), status)
        self._keep(response, self._place.form_cookie, token)
        return response

    def _begin(self, name: str, *, next_page: str) -> BaseResponse:
        """Begin a session under a token that nobody has seen before (session fixation), and go on to a page."""
        token = self._parts.accounts.sign_in(name, now=self._parts.clock())
        response = redirect(url_for(next_page), HTTPStatus.SEE_OTHER)
        self._keep(response, self._place.session_cookie, b64u(token))
        self._drop(response, self._place.form_cookie)
        return response

    def _refuse_password(self, name: str, old: str, new: str, again: str) -> str | None:
        if self._parts.signing_in.check(name=name, password=old, address=counted_as(request.remote_addr or "")) is None:
            return "The old password is not right."
        if new != again:
            return "The two new passwords differ."
        if new == old:
            return "The new password is the old one."
        try:
            check_password(new)
        except PasswordError as error:
            return f"The new one is refused: {error}."
        return None

    def _keep(self, response: BaseResponse, name: str, value: str) -> None:
        response.set_cookie(name, value, secure=self._place.is_secure, httponly=True, samesite="Strict", path="/")

    def _drop(self, response: BaseResponse, name: str) -> None:
        response.delete_cookie(name, secure=self._place.is_secure, httponly=True, samesite="Strict", path="/")
