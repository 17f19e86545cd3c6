"""Ask another agency: to trace a weapon, or to show what it withheld. What is declared here is shown before anybody decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import redirect, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from clients.desk.doing import doing
from clients.desk.gate import RefusedError
from clients.desk.importing import once
from clients.desk.once import once_only
from clients.desk.pages.inbox import bp
from clients.desk.parts import office
from clients.desk.people.current import me
from clients.desk.rendering import page
from clients.desk.sentences import in_words
from clients.desk.talking import WORDS_LEVEL
from clients.errors import ListError
from clients.lists.values import Fields
from clients.outboxrows import Letter
from clients.talk.requesting import (
    WEAPON,
    asked_agencies,
    declared_need,
    named_parts,
    request_letters,
    weapon_shown,
    weapon_told,
    withheld_parts,
)
from clients.talk.sending import write
from clients.talk.threads import spelled
from clients.views import Viewer, view_record
from ledger.errors import LedgerError
from ledger.identifiers import StatementName, statement_name
from ledger.labels import Purpose
from ledger.markings import Marking
from ledger.recordform import PORTIONS
from ledger.talk.bodies import Body
from ledger.talk.requests import Declared, DisclosureRequest, Onward, TraceRequest, What, check_weapon
from ledger.vocabulary import FIELDS, portion_of

# The blueprint is the inbox's, with the two pages of this module.
__all__ = ["bp"]

DISCLOSURE, TRACE, HISTORY = "disclosure", "trace", "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The record that a request begins at, as far as whoever asks may see it."""

    name: StatementName
    withheld: tuple[str, ...]
    has_weapon: bool
    marking: Marking | None


@bp.get("/request", endpoint="request")
def ask() -> str:
    """Show the form; `record` names the record that it begins at."""
    return _form(MultiDict(request.args))


@bp.post("/request")
def asked() -> Any:
    """Write the request into the outbox, once; what is wrong with it is said with everything kept."""
    try:
        once_only(_write)
    except (ListError, LedgerError) as error:
        return _form(request.form, problem=in_words(error)), HTTPStatus.UNPROCESSABLE_ENTITY
    return redirect(url_for("inbox.inbox"), HTTPStatus.SEE_OTHER)


def _write() -> str:
    letters = _letters(request.form)
    of = [f"{one.to} · thread {spelled(one.thread)}" for one in letters]
    with office().session() as session, doing("asked", of) as act:
        write(session, letters, act=act)
    return str(
        ngettext(
            "%(num)s request waits to be sent at the full minute", "%(num)s requests wait to be sent", len(letters)
        )
    )


def _letters(form: MultiDict[str, str]) -> list[Letter]:
    name = _name(form)
    viewer = office().viewer(me().person, _purpose(form))
    declared = declared_need(
        purpose=viewer.purpose.value,
        use=_typed(form, "use") or "",
        urgent="urgent" in form,
        reply_by=_typed(form, "reply_by"),
        onward=form.getlist("onward"),
        reference=_typed(form, "reference"),
    )
    to = form.getlist("to")
    if form.get("kind") == TRACE:
        return request_letters(_trace(form, name, viewer, declared), to, re=name)
    body = DisclosureRequest(what=_what(form, name, viewer), declared=declared)
    re = None if form.get("kind") == HISTORY else name
    return request_letters(body, asked_agencies(re, to), re=re)


def _what(form: MultiDict[str, str], name: StatementName | None, viewer: Viewer) -> What:
    if form.get("kind") == HISTORY:
        return What(history=True)
    if name is None:
        raise ListError(_("no record is named"), next_step=_("open the record and ask from its page"))
    fields = " ".join(form.getlist("fields")).replace(",", " ").split()
    if fields or form.getlist("portion"):
        return named_parts(form.getlist("portion"), fields)
    with office().replica() as replica:
        return withheld_parts(replica, name, viewer)


def _trace(form: MultiDict[str, str], name: StatementName | None, viewer: Viewer, declared: Declared) -> Body:
    weapon: Fields = {}
    found: Fields = {}
    if name is not None:
        with office().replica() as replica:
            weapon, found = weapon_shown(replica, name, viewer)
    weapon |= weapon_told({one: _typed(form, one) for one in WEAPON}, office().tables)
    check_weapon(weapon)
    return TraceRequest(
        weapon=weapon, found=found or None, circumstances=_typed(form, "circumstances"), declared=declared
    )


def _purpose(form: MultiDict[str, str]) -> Purpose:
    """Return what it is asked for: one of the person's own purposes, else what they work for now."""
    wanted = form.get("purpose", me().purpose.value)
    found = next((one for one in me().person.purposes if one.value == wanted), None)
    if found is None:
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            _("That purpose is not one of yours."),
            next_step=_("Choose one of those that are offered, or ask an administrator."),
        )
    return found


def _form(form: MultiDict[str, str], *, problem: str = "") -> str:
    name = _name(form)
    shown = _record(name) if name is not None else None
    return page(
        "request.html",
        marking=shown.marking if shown else None,
        shown=shown,
        fields=_fields(shown) if shown else (),
        form=form,
        chosen={one: form.getlist(one) for one in ("to", "portion", "fields", "onward")},
        kind=form.get("kind") or (TRACE if shown is None or not shown.withheld else DISCLOSURE),
        problem=problem,
        agencies=[one for one in office().charter().agencies if one.id != office().me],
        onward=tuple(Onward),
        weapon=tuple(WEAPON),
        words_level=WORDS_LEVEL,
        once=form.get("once") or once(),
    )


def _fields(shown: Shown) -> Sequence[str]:
    """Return what the withheld portions may hold; whether they do, their originator knows."""
    return [one for one in FIELDS if portion_of(one) in shown.withheld]


def _record(name: StatementName) -> Shown | None:
    with office().replica() as replica:
        found = replica.find(name)
    if found is None:
        return Shown(name=name, withheld=PORTIONS, has_weapon=False, marking=None)
    view = view_record(found, office().viewer(me().person, me().purpose))
    return Shown(
        name=name,
        withheld=tuple(one.portion for one in view.portions if one.withheld or one.partial),
        has_weapon=any(one.startswith("item.") for one in view.fields),
        marking=None,
    )


def _name(form: MultiDict[str, str]) -> StatementName | None:
    text = _typed(form, "record")
    return None if text is None else statement_name(text)


def _typed(form: MultiDict[str, str], name: str) -> str | None:
    """Return what was typed into a box, its lines as the other side will count them; None for nothing."""
    return form.get(name, "").replace("\r\n", "\n").strip() or None
