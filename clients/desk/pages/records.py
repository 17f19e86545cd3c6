"""One record: what is shown of it and what is withheld, why it can be believed, what became of it; and its ways out."""

from http import HTTPStatus

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from clients.bundles import export
from clients.desk.leaving import may_copy, records_file, saved, taken
from clients.desk.parts import office
from clients.desk.people.current import me
from clients.desk.people.person import SignedIn
from clients.desk.recordlines import headline, numbers, rest
from clients.desk.rendering import page
from clients.desk.vocabulary import caveat, portion_word, tlp_words
from clients.outbox import Outbox
from clients.reading import corrected_by, corrects, given, read_record
from clients.replica import Replica
from clients.talk.confirming import write_opened
from clients.views import RecordView, Viewer
from ledger.identifiers import StatementName, statement_name
from ledger.markings import tlp
from ledger.recordform import PORTIONS

bp = Blueprint("records", __name__, url_prefix="/records")


@bp.get("/<iss>/<jti>")
def record(iss: str, jti: str) -> str:
    """Show a record."""
    view = opened_view(named(iss, jti))
    makes = office().tables.makes
    with office().replica() as replica:
        releases = given(replica, view.record, me=office().me)
    viewer = office().viewer(me().person, me().purpose)
    return page(
        "record.html",
        marking=view.marking,
        opened=[view.record.name],
        view=view,
        record=view.record,
        tlp=_tlp(view, viewer),
        portions=[
            (one, portion_word(one.portion), headline(one, makes), numbers(one.fields), list(rest(one)))
            for one in view.portions
        ],
        corrects=corrects(view.record),
        corrected_by=corrected_by(view.record),
        given=releases,
        may_copy=may_copy(view),
        caveats=_caveats(view),
        contact=_contact(view.record.name.iss),
    )


@bp.get("/<iss>/<jti>/proof")
def proof(iss: str, jti: str) -> BaseResponse:
    """Lead to where the record is proved, step by step."""
    return redirect(url_for("log.proof", iss=iss, jti=jti), HTTPStatus.SEE_OTHER)


@bp.get("/<iss>/<jti>.<any(json, csv):form>")
def table(iss: str, jti: str, form: str) -> Response:
    """Return what is shown of a record as a file, marked with who took it."""
    return records_file([opened_view(named(iss, jti))], form, name=f"record-{iss}-{jti}")


@bp.get("/<iss>/<jti>/bundle")
def taking(iss: str, jti: str) -> str:
    """Show what binds whoever takes an evidence bundle of a record, and ask which portions go into it."""
    view = opened_view(named(iss, jti))
    return page(
        "bundle.html",
        marking=view.marking,
        opened=[view.record.name],
        record=view.record,
        portions=[(one, portion_word(one.portion)) for one in view.portions if not one.withheld],
        may_copy=may_copy(view),
        caveats=_caveats(view),
    )


@bp.post("/<iss>/<jti>/bundle")
def bundle(iss: str, jti: str) -> Response:
    """Return a file that proves to anybody what is shown of a record; it names its copy, and is noted before it leaves."""
    signed_in, view = me(), opened_view(named(iss, jti))
    viewer = office().viewer(signed_in.person, signed_in.purpose)
    with office().session() as session:
        made = export(session.stand(), view.record, viewer, portions=_chosen())
    mark = taken([f"{view.record.name} as an evidence bundle"], marking=view.marking)
    return saved(made.raw, name=f"{iss}-{jti}", suffix="zip", mark=mark)


def named(iss: str, jti: str) -> StatementName:
    """Return the name that a path spells."""
    return statement_name(f"{iss}/{jti}")


def opened_view(name: StatementName) -> RecordView:
    """Return what may be seen of a record, and tell whoever released something of it that it was opened."""
    signed_in = me()
    with office().replica() as replica:
        view = read_record(replica, name, office().viewer(signed_in.person, signed_in.purpose))
        _confirm(replica, view, signed_in)
    return view


def _chosen() -> tuple[str, ...]:
    """Return the portions that the form names; all that may be shown where it names none."""
    return tuple(one for one in PORTIONS if one in request.form.getlist("portion"))


def _confirm(replica: Replica, view: RecordView, signed_in: SignedIn) -> None:
    """Put into the outbox that what was released is being looked at; it is sent at a full minute."""
    releases = [one for portion in view.portions for one in portion.releases if not one.opened]
    if not releases:
        return
    outbox = Outbox(office().home.outbox, key=office().database_key)
    try:
        write_opened(outbox, replica, releases, purpose=signed_in.purpose)
    finally:
        outbox.close()


def _caveats(view: RecordView) -> list[tuple[str, str]]:
    return [(one, caveat(one)) for one in sorted(view.marking.cav)] if view.marking is not None else []


def _tlp(view: RecordView, viewer: Viewer) -> tuple[str, str] | None:
    """Return the TLP mark of all that is shown together, with its words: for whoever takes it along (docs/adr/0079)."""
    if view.marking is None:
        return None
    mark = tlp(view.marking, members=frozenset(viewer.members.ceilings))
    return mark.value, tlp_words(mark)


def _contact(iss: str) -> str:
    agency = office().charter().agency(iss)
    return "" if agency is None else f"{agency.contact.name}, {agency.contact.hours}"
