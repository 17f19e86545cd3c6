"""One's own page: how the desk looks, ways to sign in, and signing out everywhere."""

from http import HTTPStatus

from flask import Blueprint, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from clients.desk.pages.signing import app_secret, leave, require_passwords
from clients.desk.parts import parts
from clients.desk.people.accounts import THEMES
from clients.desk.people.current import me
from clients.desk.people.deeds import ADDED_PASSKEY, CHANGED_PASSWORD, REMOVED_PASSKEY, SIGNED_OUT_EVERYWHERE
from clients.desk.people.errors import PeopleError
from clients.desk.people.passwords import keep_password
from clients.desk.people.sessions import end_sessions
from clients.desk.rendering import page

bp = Blueprint("own", __name__, url_prefix="/me")


@bp.get("")
def own() -> str:
    """Show what one may do here, and what one may set oneself."""
    return page("own.html", person=me().person, themes=THEMES)


@bp.post("")
def look() -> Response:
    """Choose a language and a theme."""
    accounts, person = parts().people.accounts, me().person
    accounts.set_language(person.id, request.form.get("language", ""))
    accounts.set_theme(person.id, request.form.get("theme", ""))
    return redirect(url_for("own.own"), HTTPStatus.SEE_OTHER)


@bp.post("/out")
def out_everywhere() -> Response:
    """End every session of one's own, this one too."""
    person = me().person
    with parts().use.together() as act:
        end_sessions(act.connection, person.id)
        act.note(person.name, SIGNED_OUT_EVERYWHERE, person.name)
    return leave()


@bp.get("/ways")
def ways() -> Response:
    """Show one's ways to sign in, and what a new passkey needs."""
    return _ways(None)


@bp.post("/ways")
def add_passkey() -> Response:
    """Add a passkey."""
    person, passkeys = me().person, parts().people.passkeys
    label = request.form.get("label", "")
    try:
        made = passkeys.created(request.form.get("answer", ""), holder=me().session)
        with parts().use.together() as act:
            passkeys.within(act.connection).add(person.id, made, label=label)
            act.note(person.name, ADDED_PASSKEY, label)
    except PeopleError as error:
        return _ways(error)
    return redirect(url_for("own.ways"), HTTPStatus.SEE_OTHER)


@bp.post("/ways/<int:number>/remove")
def remove_passkey(number: int) -> Response:
    """Remove a passkey, unless it is the last way in."""
    person = me().person
    try:
        with parts().use.together() as act:
            parts().people.passkeys.within(act.connection).remove(person.id, number)
            act.note(person.name, REMOVED_PASSKEY, f"passkey {number}")
    except PeopleError as error:
        return _ways(error)
    return redirect(url_for("own.ways"), HTTPStatus.SEE_OTHER)


@bp.get("/password")
def password() -> Response:
    """Show the form for a password, with the secret for the app: once."""
    require_passwords()
    return _password(None)


@bp.post("/password")
def set_password() -> Response:
    """Put a password and an app in place; every session ends, since whoever knew the old ones may hold one."""
    require_passwords()
    person, people = me().person, parts().people
    typed = {name: request.form.get(name, "") for name in ("password", "again", "code")}
    try:
        new = people.passwords.choose(holder=me().session, address=request.remote_addr or "", **typed)
    except PeopleError as error:
        return _password(error)
    with parts().use.together() as act:
        keep_password(act.connection, person.id, new)
        end_sessions(act.connection, person.id)
        act.note(person.name, CHANGED_PASSWORD, person.name)
    return leave()


def _ways(error: PeopleError | None) -> Response:
    person, people = me().person, parts().people
    shown = page(
        "ways.html",
        error=error,
        passkeys=people.passkeys.of(person.id),
        options=people.passkeys.to_create(
            holder=me().session,
            handle=people.accounts.handle(person.id),
            name=person.name,
            person_id=person.id,
        ),
        has_passwords=people.has_passwords,
        has_password=people.passwords.has(person.id),
    )
    return make_response(shown, HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY)


def _password(error: PeopleError | None) -> Response:
    name = me().person.name
    secret = app_secret(holder=me().session, name=name) if error is None else None
    return make_response(
        page("password.html", error=error, name=name, secret=secret),
        HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY,
    )
