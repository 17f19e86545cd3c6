"""The chain of transfer of one weapon, over all that may be read: as a list, and as the picture that prints."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from werkzeug.wrappers import Response as BaseResponse

from clients.desk.chain import picture_words, told
from clients.desk.kept import KeptRows, Kind
from clients.desk.leaving import marked_table, saved, taken
from clients.desk.parts import note_use, office, parts
from clients.desk.people.current import me
from clients.desk.rendering import page
from clients.desk.use.entries import of_many
from clients.errors import ListError, NotPermittedError
from clients.tracing.drawing import draw
from clients.tracing.gathering import Traced, trace_fields, trace_record
from clients.tracing.weaponforms import described
from ledger.identifiers import StatementName, statement_name
from ledger.markings import Marking

bp = Blueprint("traces", __name__, url_prefix="/traces")

MAX_TYPED = 200
_MAX_LINKED = 20
_EVENT_HEADS = ("number", "record", "originator", "event", "date", "place", "custody", "withheld")
_SVG = "image/svg+xml; charset=utf-8"


@bp.get("")
def traces() -> str | BaseResponse:
    """Ask which weapon; a record that is named leads to its trace."""
    name = request.args.get("record", "")
    if name:
        iss, jti = _parts(statement_name(name))
        return redirect(url_for("traces.trace", iss=iss, jti=jti), HTTPStatus.SEE_OTHER)
    return page("traces.html", recent=_rows().listed(Kind.WEAPON, named=False))


@bp.post("")
def weapon() -> BaseResponse:
    """Keep a make and a number, and lead to the trace: no number stands in an address."""
    make, serial = (" ".join(request.form.get(name, "").split())[:MAX_TYPED] for name in ("make", "serial"))
    if not make or not serial:
        raise ListError(_("a weapon has a make and a number"), next_step=_("fill in both"))
    number = _rows().keep(Kind.WEAPON, {"make": make, "serial": serial})
    return redirect(url_for("traces.described_trace", number=number), HTTPStatus.SEE_OTHER)


@bp.get("/<iss>/<jti>")
def trace(iss: str, jti: str) -> str:
    """Show the trace of the weapon that a record tells of."""
    return _page(_of_record(iss, jti), iss=iss, jti=jti)


@bp.get("/<iss>/<jti>.svg")
def picture(iss: str, jti: str) -> Response:
    """Return the same as a picture."""
    return _picture(_of_record(iss, jti))


@bp.get("/<iss>/<jti>/copy.svg")
def copied(iss: str, jti: str) -> Response:
    """Return the picture to take along, with the recipient's mark drawn on it."""
    return _copy(_of_record(iss, jti))


@bp.get("/<iss>/<jti>.<any(json, csv):form>")
def table(iss: str, jti: str, form: str) -> Response:
    """Return its events for machines."""
    return _table(_of_record(iss, jti), form)


@bp.get("/weapon/<int:number>")
def described_trace(number: int) -> str:
    """Show the trace of a weapon that was described."""
    return _page(_of_weapon(number), number=number)


@bp.get("/weapon/<int:number>.svg")
def described_picture(number: int) -> Response:
    """Return the same as a picture."""
    return _picture(_of_weapon(number))


@bp.get("/weapon/<int:number>/copy.svg")
def described_copied(number: int) -> Response:
    """Return the picture to take along, with the recipient's mark drawn on it."""
    return _copy(_of_weapon(number))


@bp.get("/weapon/<int:number>.<any(json, csv):form>")
def described_table(number: int, form: str) -> Response:
    """Return its events for machines."""
    return _table(_of_weapon(number), form)


def _of_record(iss: str, jti: str) -> Traced:
    viewer = office().viewer(me().person, me().purpose)
    with office().replica() as replica:
        found = trace_record(replica, viewer, office().tables, statement_name(f"{iss}/{jti}"), linked=_linked())
    return _permitted(found)


def _of_weapon(number: int) -> Traced:
    typed = _rows().get(Kind.WEAPON, number).value
    viewer, tables = office().viewer(me().person, me().purpose), office().tables
    fields = described(make=str(typed["make"]), serial=str(typed["serial"]), tables=tables)
    with office().replica() as replica:
        return _permitted(trace_fields(replica, viewer, tables, fields, linked=_linked()))


def _permitted(found: Traced) -> Traced:
    _marking(found)
    return found


def _marking(found: Traced) -> Marking:
    if found.marking is None:
        raise NotPermittedError(
            _("nothing of this weapon's records may be shown for this purpose"),
            next_step=_("work for another purpose, or ask for a release"),
        )
    return found.marking


def _linked() -> frozenset[StatementName]:
    """Return further records of the weapon, as a hit named them."""
    return frozenset(statement_name(text) for text in request.args.getlist("with")[:_MAX_LINKED])


def _page(found: Traced, **where: Any) -> str:
    kind = "traces.described_" if "number" in where else "traces."
    where |= {"with": request.args.getlist("with")[:_MAX_LINKED]}
    return page(
        "trace.html",
        marking=found.marking,
        opened=_names(found),
        chain=told(found, makes=office().tables.makes),
        svg=url_for(f"{kind}picture", **where),
        copy=url_for(f"{kind}copied", **where),
        json=url_for(f"{kind}table", form="json", **where),
        csv=url_for(f"{kind}table", form="csv", **where),
    )


def _picture(found: Traced) -> Response:
    note_use(me().person.name, "opened", _names(found))
    return Response(draw(found, makes=office().tables.makes, words=picture_words()), content_type=_SVG)


def _copy(found: Traced) -> Response:
    mark = taken(_names(found), marking=_marking(found))
    drawn = draw(found, makes=office().tables.makes, words=picture_words(), mark=(mark.words,))
    return saved(drawn.encode(), name="trace", suffix="svg", mark=mark)


def _table(found: Traced, form: str) -> Response:
    chain = told(found, makes=office().tables.makes)
    rows = [
        (str(one.number), one.name, one.agency, one.title, one.date, one.place, one.custody, "yes" * one.withheld)
        for one in chain.events
    ]
    return marked_table(form, _EVENT_HEADS, rows, of=_names(found), marking=_marking(found))


def _names(found: Traced) -> tuple[str, ...]:
    """Return what the record of use says of a trace: whose records it shows."""
    weapon = found.weapon
    shown = [str(one.name) for one in (*weapon.same, *weapon.possible, *weapon.contradicting)]
    return of_many(f"trace of {len(shown)} records", shown)


def _parts(name: StatementName) -> tuple[str, str]:
    iss, _sign, jti = str(name).partition("/")
    return iss, jti


def _rows() -> KeptRows:
    return KeptRows(parts().engine, person=me().person.id, clock=parts().clock)
