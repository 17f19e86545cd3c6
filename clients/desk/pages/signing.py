"""Coming in and going out: the sign-in, the links of those who are new, and proving once more who one is."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Blueprint, Response, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from clients.desk.gate import fresh_form_token
from clients.desk.parts import parts
from clients.desk.people.codes import Shown, shown
from clients.desk.people.current import me, somebody
from clients.desk.people.deeds import ADMITTED, BY_PASSKEY, BY_PASSWORD, CONFIRMED, HALTED, SIGNED_IN, SIGNED_OUT
from clients.desk.people.errors import IdentityError, PeopleError
from clients.desk.people.invitations import Invitation, Kind
from clients.desk.people.passkeys import CounterError
from clients.desk.people.passwords import Typed
from clients.desk.people.person import Person
from clients.desk.rendering import page
from clients.desk.use.record import Act
from crypto.digests import sha256

bp = Blueprint("signing", __name__)

Answer = str | BaseResponse

_log = structlog.get_logger("sealtrace.desk")
_PATH = re.compile(r"/(?:[^/\\\x00-\x20][^\\\x00-\x20]*)?")


@bp.get("/signin")
def sign_in() -> Answer:
    """Show both ways in."""
    return redirect(url_for("home.home"), HTTPStatus.SEE_OTHER) if somebody() else _sign_in(None)


@bp.post("/signin/passkey")
def with_passkey() -> Answer:
    """Sign in whose passkey answered."""
    try:
        person = parts().people.passkeys.sign_in(request.form.get("answer", ""), holder=_holder())
    except IdentityError as error:
        _tell(error)
        return _sign_in(error)
    return _begin(person, SIGNED_IN, BY_PASSKEY)


@bp.post("/signin")
def with_password() -> Answer:
    """Sign in who knows a password and holds its app."""
    require_passwords()
    try:
        person = parts().people.passwords.check(_typed(request.form.get("name", "")))
    except IdentityError as error:
        # Neither what was wrong nor the name: people type passwords into the wrong field.
        _log.warning("sign-in refused")
        return _sign_in(error)
    return _begin(person, SIGNED_IN, BY_PASSWORD)


@bp.post("/signout")
def sign_out() -> BaseResponse:
    """End the session: the row goes, and a cookie that somebody saved is dead."""
    with parts().use.together() as act:
        parts().sessions.within(act.connection).end(me())
        act.note(me().person.name, SIGNED_OUT, "this browser")
    return leave()


@bp.get("/confirm")
def confirm() -> Answer:
    """Ask whoever is signed in to prove once more who they are."""
    return _confirm(None, onward(request.args.get("next", "/")))


@bp.post("/confirm/passkey")
def confirm_with_passkey() -> Answer:
    """Confirm with a passkey of the very same person."""
    people, signed_in = parts().people, me()
    answer = request.form.get("answer", "")
    try:
        people.passkeys.confirm(answer, holder=signed_in.session, person_id=signed_in.person.id)
    except IdentityError as error:
        _tell(error)
        return _confirm(error, _next())
    return _confirmed(BY_PASSKEY)


@bp.post("/confirm")
def confirm_with_password() -> Answer:
    """Confirm with the password and a code of the very same person."""
    require_passwords()
    try:
        parts().people.passwords.check(_typed(me().person.name))
    except IdentityError as error:
        return _confirm(error, _next())
    return _confirmed(BY_PASSWORD)


@bp.get("/welcome/<token>")
def welcome(token: str) -> Answer:
    """Show who was invited their ways in; looking does not use the link up, since programs look at links too."""
    invitation = parts().people.invitations.find(token)
    return _welcome(token, invitation, _named(invitation, request.args))


@bp.post("/welcome/<token>/passkey")
def welcome_with_passkey(token: str) -> Answer:
    """Use a link up with a new passkey."""
    people = parts().people
    invitation = people.invitations.find(token)
    name = _named(invitation, request.form)
    try:
        made = people.passkeys.created(request.form.get("answer", ""), holder=invitation.token)
        return _arrive(token, name, passkey=made)
    except PeopleError as error:
        return _welcome(token, invitation, name, error=error)


@bp.post("/welcome/<token>/password")
def welcome_with_password(token: str) -> Answer:
    """Use a link up with a new password and an app."""
    people = parts().people
    require_passwords()
    invitation = people.invitations.find(token)
    name = _named(invitation, request.form)
    try:
        new = people.passwords.choose(
            holder=invitation.token,
            address=request.remote_addr or "",
            password=request.form.get("password", ""),
            again=request.form.get("again", ""),
            code=request.form.get("code", ""),
        )
        return _arrive(token, name, password=new)
    except PeopleError as error:
        return _welcome(token, invitation, name, error=error)


def require_passwords() -> None:
    """Raise PeopleError where this desk takes passkeys alone: a password is typed into whatever page asks for it."""
    if not parts().people.has_passwords:
        raise PeopleError("this desk takes passkeys, and no passwords", next_step="use a passkey")


def onward(path: str) -> str:
    """Return a path of this desk to go on at; whatever might lead elsewhere becomes the first page."""
    return path if _PATH.fullmatch(path) else "/"


def leave() -> BaseResponse:
    """Return the way to the sign-in, without the session's cookie."""
    response = redirect(url_for("signing.sign_in"), HTTPStatus.SEE_OTHER)
    _drop(response, parts().place.session_cookie)
    return response


def keep(response: BaseResponse, cookie: str, value: str) -> None:
    """Give a browser a cookie that no script and no other site can use."""
    secure = parts().place.is_secure
    response.set_cookie(cookie, value, secure=secure, httponly=True, samesite="Strict", path="/")


def _drop(response: BaseResponse, cookie: str) -> None:
    response.delete_cookie(cookie, secure=parts().place.is_secure, httponly=True, samesite="Strict", path="/")


def _sign_in(error: IdentityError | None) -> Response:
    token = fresh_form_token()
    options = parts().people.passkeys.to_sign_in(holder=sha256(token.encode()))
    return _form("signin.html", token, error, options=options, has_passwords=parts().people.has_passwords)


def app_secret(*, holder: bytes, name: str) -> Shown:
    """Return a new secret for somebody's app, to be shown once."""
    secret = parts().people.passwords.secret_for(holder=holder)
    return shown(secret, name=name, desk=parts().office.config.name)


def _welcome(token: str, invitation: Invitation, name: str, *, error: PeopleError | None = None) -> Response:
    people, holder = parts().people, invitation.token
    signed_in = somebody()
    takes_password = bool(name) and people.has_passwords
    # Who typed something wrong has the secret in their app already: it is not shown again.
    secret = app_secret(holder=holder, name=name) if takes_password and error is None else None
    options = (
        people.passkeys.to_create(holder=holder, handle=invitation.handle, name=name, person_id=invitation.person)
        if name
        else ""
    )
    return _form(
        "welcome.html",
        fresh_form_token() if signed_in is None else signed_in.csrf,
        error,
        link=token,
        name=name,
        invitation=invitation,
        has_passwords=takes_password,
        options=options,
        secret=secret,
    )


def _form(template: str, token: str, error: PeopleError | None, **values: Any) -> Response:
    """Return a page for somebody who may have no session: its forms are bound to a cookie of its own."""
    status = HTTPStatus.OK if error is None else HTTPStatus.FORBIDDEN
    response = make_response(page(template, form_token=token, error=error, **values), status)
    if somebody() is None:
        keep(response, parts().place.form_cookie, token)
    return response


def _confirm(error: IdentityError | None, path: str) -> Response:
    signed_in, people = me(), parts().people
    text = page(
        "confirm.html",
        error=error,
        next=path,
        options=people.passkeys.to_confirm(holder=signed_in.session, person_id=signed_in.person.id),
        has_passkeys=bool(people.passkeys.of(signed_in.person.id)),
        has_password=people.has_passwords and people.passwords.has(signed_in.person.id),
    )
    return make_response(text, HTTPStatus.OK if error is None else HTTPStatus.FORBIDDEN)


def _confirmed(how: str) -> BaseResponse:
    """Go on where the confirmation was asked for, under a token that nobody has seen before."""
    with parts().use.together() as act:
        token = parts().sessions.within(act.connection).confirm(me())
        act.note(me().person.name, CONFIRMED, how)
    response = redirect(_next(), HTTPStatus.SEE_OTHER)
    keep(response, parts().place.session_cookie, token)
    return response


def _begin(person: Person, did: str, how: str) -> BaseResponse:
    """Begin a session, noted: both, or neither."""
    with parts().use.together() as act:
        token = _session(act, person, did, how)
    return _inside(person, token)


def _arrive(token: str, name: str, **way: Any) -> BaseResponse:
    """Use a link up, and begin the session of whom it let in: all of it, noted, or nothing."""
    with parts().use.together() as act:
        person = parts().people.invitations.within(act.connection).accept(token, name=name, **way)
        session = _session(act, person, ADMITTED, BY_PASSKEY if "passkey" in way else BY_PASSWORD)
    return _inside(person, session)


def _session(act: Act, person: Person, did: str, how: str) -> str:
    """Return the token of a new session, which was never in a request (session fixation); the one there was ends."""
    sessions, before = parts().sessions.within(act.connection), somebody()
    token = sessions.begin(person)
    if before is not None:
        sessions.end(before)
    act.note(person.name, did, how)
    return token


def _inside(person: Person, token: str) -> BaseResponse:
    response = redirect(url_for("home.home"), HTTPStatus.SEE_OTHER)
    keep(response, parts().place.session_cookie, token)
    _drop(response, parts().place.form_cookie)
    _log.info("signed in", person=person.id)
    return response


def _tell(error: IdentityError) -> None:
    _log.warning("passkey refused")
    if isinstance(error, CounterError):
        name = parts().people.accounts.find(error.person).name
        parts().use.note(name, HALTED, f"passkey {error.passkey}")


def _named(invitation: Invitation, sent: Mapping[str, str]) -> str:
    """Return the name a person will have: a first administrator's own choice, anybody else's is in the link."""
    return sent.get("name", "") if invitation.kind is Kind.FIRST else invitation.name


def _holder() -> bytes:
    return sha256(request.cookies.get(parts().place.form_cookie, "").encode())


def _next() -> str:
    return onward(request.form.get("next", "/"))


def _typed(name: str) -> Typed:
    return Typed(
        name=name,
        password=request.form.get("password", ""),
        code=request.form.get("code", ""),
        address=request.remote_addr or "",
    )
