"""The people of the desk, for its administrators: who they are, what they may do, and the links that let them in."""

from http import HTTPStatus

from flask import Blueprint, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from clients.desk.exporting import Value
from clients.desk.leaving import marked_table
from clients.desk.parts import parts
from clients.desk.people.changes import Changes
from clients.desk.people.current import me
from clients.desk.people.deeds import (
    APPROVED,
    ASKED_TO_CHANGE,
    ASKED_TO_END,
    CHANGED,
    ENDED,
    INVITED,
    SENT_AWAY,
    WITHDREW,
    given,
)
from clients.desk.people.errors import PeopleError
from clients.desk.people.invitations import Invitations, Made
from clients.desk.people.mandates import Mandate, mandate_from_words, mandate_of
from clients.desk.people.person import Person, Role
from clients.desk.people.sessions import end_sessions
from clients.desk.rendering import page
from clients.desk.use.record import Act
from ledger.labels import Compartment, Level, Purpose

bp = Blueprint("people", __name__)

_COLUMNS = ("name", "roles", "clearance", "compartments", "purposes", "ended")
_CHOICES = {"roles": list(Role), "levels": list(Level), "compartments": list(Compartment), "purposes": list(Purpose)}


@bp.get("/people")
def people() -> str:
    """Show everybody, and what waits for a second administrator."""
    found = parts().people
    everybody = found.accounts.all()
    return page(
        "people.html",
        everybody=everybody,
        names={one.id: one.name for one in everybody},
        proposals=found.changes.waiting(),
        links=found.invitations.waiting(),
    )


@bp.get("/people.<any(json, csv):form>")
def listed(form: str) -> Response:
    """Return the list for machines."""
    return marked_table(form, _COLUMNS, map(_row, parts().people.accounts.all()), of=["the people of this desk"])


@bp.get("/people/new")
def new() -> Response:
    """Show the form that invites somebody."""
    return _new(None)


@bp.post("/people/new")
def invite() -> Response:
    """Make a link for somebody new, and show it once."""
    try:
        mandate, name = _mandate(), request.form.get("name", "").strip()
        with parts().use.together() as act:
            made = _links(act).invite(me().person, name, mandate)
            _note(act, INVITED, given(name, mandate))
    except PeopleError as error:
        return _new(error)
    return _link(made)


@bp.get("/people/<int:number>")
def person(number: int) -> Response:
    """Show one person."""
    return _person(number, None)


@bp.post("/people/<int:number>")
def change(number: int) -> Response:
    """Change what somebody may do, or propose it."""
    about, held = parts().people.accounts.find(number), request.form.get("held", "")
    try:
        mandate = _mandate()
        with parts().use.together() as act:
            proposal = _changes(act).change(me().person, number, mandate, held=held)
            _note(act, CHANGED if proposal is None else ASKED_TO_CHANGE, given(about.name, mandate))
    except PeopleError as error:
        return _person(number, error)
    return _list()


@bp.post("/people/<int:number>/end")
def end(number: int) -> Response:
    """End somebody, or propose it."""
    about = parts().people.accounts.find(number)
    try:
        with parts().use.together() as act:
            proposal = _changes(act).end(me().person, number)
            _note(act, ENDED if proposal is None else ASKED_TO_END, about.name)
    except PeopleError as error:
        return _person(number, error)
    return _list()


@bp.post("/people/<int:number>/again")
def again(number: int) -> Response:
    """Make a link for somebody who lost their way in, and show it once."""
    try:
        with parts().use.together() as act:
            made = _links(act).again(me().person, number)
            _note(act, INVITED, given(made.invitation.name, None))
    except PeopleError as error:
        return _person(number, error)
    return _link(made)


@bp.post("/people/<int:number>/out")
def send_away(number: int) -> Response:
    """End every session of somebody, who may sign in again."""
    about = parts().people.accounts.find(number)
    with parts().use.together() as act:
        end_sessions(act.connection, about.id)
        _note(act, SENT_AWAY, about.name)
    return _list()


@bp.post("/people/proposals/<int:number>/<any(approve,withdraw):what>")
def proposal(number: int, what: str) -> Response:
    """Carry out what another administrator proposed, or drop it."""
    with parts().use.together() as act:
        if what == "approve":
            done = _changes(act).approve(me().person, number)
            _note(act, APPROVED, given(parts().people.accounts.find(done.person).name, done.mandate))
        else:
            _changes(act).withdraw(me().person, number)
            _note(act, WITHDREW, f"proposal {number}")
    return _list()


@bp.post("/people/links/<int:number>/<any(approve,withdraw):what>")
def link(number: int, what: str) -> Response:
    """Let a link open that another administrator made, or take one back."""
    with parts().use.together() as act:
        if what == "approve":
            done = _links(act).approve(me().person, number)
            _note(act, APPROVED, given(done.name, done.mandate))
        else:
            _note(act, WITHDREW, given(_links(act).withdraw(me().person, number).name, None))
    return _list()


def _row(one: Person) -> tuple[Value, ...]:
    return (
        one.name,
        sorted(role.value for role in one.roles),
        one.clearance.value if one.clearance else None,
        sorted(compartment.value for compartment in one.compartments),
        sorted(purpose.value for purpose in one.purposes),
        one.ended,
    )


def _changes(act: Act) -> Changes:
    return parts().people.changes.within(act.connection)


def _links(act: Act) -> Invitations:
    return parts().people.invitations.within(act.connection)


def _note(act: Act, did: str, of: str) -> None:
    act.note(me().person.name, did, of)


def _mandate() -> Mandate:
    return mandate_from_words(
        roles=request.form.getlist("role"),
        clearance=request.form.get("clearance", ""),
        compartments=request.form.getlist("compartment"),
        purposes=request.form.getlist("purpose"),
    )


def _list() -> Response:
    return redirect(url_for("people.people"), HTTPStatus.SEE_OTHER)


def _link(made: Made) -> Response:
    url = parts().place.origin + url_for("signing.welcome", token=made.token)
    return make_response(page("link.html", url=url, invitation=made.invitation))


def _new(error: PeopleError | None) -> Response:
    nobody = Mandate(roles=frozenset({Role.SUBMITTER}))
    shown = page(
        "invite.html", error=error, name=request.form.get("name", ""), mandate=_sent() or nobody, choices=_CHOICES
    )
    return make_response(shown, _status(error))


def _person(number: int, error: PeopleError | None) -> Response:
    found: Person = parts().people.accounts.find(number)
    held = mandate_of(found)
    shown = page(
        "person.html",
        error=error,
        person=found,
        mandate=held,
        held=held.to_text(),
        choices=_CHOICES,
        passkeys=parts().people.passkeys.of(number),
        has_password=parts().people.passwords.has(number),
        is_me=found.id == me().person.id,
    )
    return make_response(shown, _status(error))


def _sent() -> Mandate | None:
    """Return the mandate that a refused form held, so that nothing has to be chosen again; None if it was none."""
    try:
        return _mandate() if request.method == "POST" else None
    except PeopleError:
        return None


def _status(error: PeopleError | None) -> HTTPStatus:
    return HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY
