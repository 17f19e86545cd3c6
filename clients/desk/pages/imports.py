"""Imports: a list from its upload to the receipt. Each form is one step; a page that shows an earlier one does nothing."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from werkzeug.wrappers import Response as BaseResponse

from clients.desk.columnform import Listed, chosen, chosen_format, chosen_source, chosen_text, mapping, rereading
from clients.desk.downloads import CSV
from clients.desk.gate import RefusedError
from clients.desk.importing import bench, decided, found, is_shown, marking, name_of, once, once_of, signer_of, wake
from clients.desk.leaving import marked_table, saved, taken
from clients.desk.parts import office
from clients.desk.people.current import me
from clients.desk.people.person import Role
from clients.desk.rendering import page
from clients.errors import ListError
from clients.intake import deciding
from clients.intake.advancing import Bench
from clients.intake.checking import unpack_problems
from clients.intake.columns import Choices, map_of
from clients.intake.deciding import Officer
from clients.intake.reading import header_of, unpack
from clients.intake.states import State
from clients.intake.store import ChangedError, Import, Kind, MissingError, New
from clients.lists.report import Problem, marked_csv

bp = Blueprint("imports", __name__, url_prefix="/imports")

MAX_NAME = 120
SHOWN_PROBLEMS = 100

_LIST_HEADS = ("number", "name", "officer", "state", "began", "records")
_PROBLEM_HEADS = ("line", "column", "weight", "cause", "fix")
_READER_HEADS = ("class", "event", "portion", "level", "readers", "fields", "records")


@bp.get("")
def imports() -> str:
    """Show the imports that this person may see, and take another list."""
    may_enter = Role.SUBMITTER in me().person.roles
    return page("imports.html", imports=_listed(), once=once() if may_enter else "")


@bp.get("/list.<any(json, csv):form>")
def listed(form: str) -> Response:
    """Return the same list for machines."""
    rows = [(one.number, one.name, one.officer, one.state.value, one.began, _records(one)) for one in _listed()]
    return marked_table(form, _LIST_HEADS, rows, of=["the list of imports"])


@bp.post("")
def upload() -> BaseResponse:
    """Take a list; what is in it is read by the worker."""
    file = request.files.get("file")
    raw = file.read() if file is not None else b""
    if file is None or not raw:
        raise ListError(_("no list was chosen"), next_step=_("choose a CSV, XLSX or JSON Lines file"))
    name = " ".join((file.filename or _("list")).split())[:MAX_NAME]
    person = me().person
    new = New(
        once=once_of(request.form.get("once", "")),
        kind=Kind.LIST,
        name=name,
        person=person.id,
        officer=person.name,
        raw=raw,
    )
    return _go_on(lambda bench: bench.imports.add(new), "uploaded")


@bp.get("/<int:number>")
def show(number: int) -> str:
    """Show where an import stands, and what comes next."""
    return _shown(found(number, me()))


@bp.get("/<int:number>/part")
def part(number: int) -> Response:
    """Return how far the program has come, for a page that waits; have it opened anew where a person comes next."""
    one = found(number, me())
    if not _is_worked_on(one):
        return Response(headers={"HX-Refresh": "true"})
    return Response(render_template("import-progress.html", one=one))


@bp.post("/<int:number>/read")
def read(number: int) -> BaseResponse:
    """Have the list read anew: another sheet, encoding or header."""
    one = _mine(number)
    return _go_on(lambda bench: deciding.read_again(bench, one, chosen_format()), "read again")


@bp.post("/<int:number>/columns")
def columns(number: int) -> Any:
    """Take the columns as the form says them; what contradicts itself is shown with everything kept."""
    one = _mine(number)
    table = deciding.table_of(bench(), one)
    choices = chosen(table, request.form)
    try:
        text = map_of(choices, title=one.name, encoding=table.encoding, delimiter=table.delimiter)
        return _confirm(one, text)
    except ListError as error:
        return _shown(one, problem=error, choices=choices), HTTPStatus.UNPROCESSABLE_ENTITY


@bp.post("/<int:number>/text")
def text(number: int) -> Any:
    """Take a map as text, for what the form cannot say."""
    one, said = _mine(number), chosen_text()
    try:
        return _confirm(one, said)
    except ListError as error:
        return _shown(one, problem=error, text=said), HTTPStatus.UNPROCESSABLE_ENTITY


@bp.get("/<int:number>/map.toml")
def map_file(number: int) -> Response:
    """Return the map, to be used with `sealtrace submit --map`; its first line says whose copy it is."""
    one = found(number, me())
    mark = taken([f"the map of {name_of(one)}"], marking=None)
    raw = f"# {mark.words}\n{one.map}".encode()
    return saved(raw, name="sealtrace.map", suffix="toml", mark=mark)


@bp.get("/<int:number>/problems.<any(json, csv):form>")
def problems(number: int, form: str) -> Response:
    """Return every problem of a list."""
    one = found(number, me())
    rows = [(each.line, each.column, each.weight.value, each.cause, each.fix) for each in _problems(one)]
    return marked_table(form, _PROBLEM_HEADS, rows, of=[f"the problems of {name_of(one)}"], marking=marking(one))


@bp.get("/<int:number>/readers.<any(json, csv):form>")
def readers(number: int, form: str) -> Response:
    """Return who will be able to read what, for the file."""
    one = found(number, me())
    schedule = one.findings.get("preview", {}).get("schedule", [])
    rows = [tuple(line[head] for head in _READER_HEADS) for line in schedule]
    return marked_table(form, _READER_HEADS, rows, of=[f"the readers of {name_of(one)}"], marking=marking(one))


@bp.get("/<int:number>/rejected.csv")
def rejected(number: int) -> Response:
    """Return the rows that cannot be read, with columns that say why and whose copy it is; only to whoever brought them."""
    one = found(number, me())
    content = bench().imports.content(number)
    if one.person != me().person.id or not content.rejected:
        raise MissingError(_("there is no import of this number"))
    mark = taken([f"the rows of {name_of(one)} that cannot be read"], marking=marking(one))
    delimiter = unpack(content.read).delimiter if content.read else ","
    raw = marked_csv(content.rejected, mark.words, delimiter=delimiter)
    return saved(raw, name="rejected", suffix=CSV, mark=mark)


@bp.get("/<int:number>/sign")
def sign(number: int) -> str:
    """Show once more what is to be signed, approved or refused, and by whom."""
    one = found(number, me())
    if one.state not in {State.CHECKED, State.PROPOSED}:
        raise ChangedError(_("there is nothing to sign here now"), next_step=_("look at the import as it is now"))
    return page(
        "import-sign.html",
        marking=marking(one),
        opened=[name_of(one)],
        one=one,
        is_mine=one.person == me().person.id,
        schedule=one.findings["preview"]["schedule"],
        names=_agency_names(),
    )


@bp.post("/<int:number>/sign")
def signed(number: int) -> BaseResponse:
    """Sign for an import: it is sent, or proposed to a second officer."""
    one, officer, form = _mine(number), _officer(), request.form
    good_rows, correct = "good_rows" in form, "correct" in form
    did = "proposed" if one.findings.get("two") else "signed"
    return _go_on(lambda bench: deciding.sign(bench, one, officer, good_rows=good_rows, correct=correct), did)


@bp.post("/<int:number>/approve")
def approved(number: int) -> BaseResponse:
    """Approve what another officer proposed; it is sent."""
    one, officer = _seen(number), _officer()
    return _go_on(lambda bench: deciding.approve(bench, one, officer), "approved")


@bp.post("/<int:number>/refuse")
def refused(number: int) -> BaseResponse:
    """Refuse what another officer proposed."""
    why = " ".join(request.form.get("why", "").split())[:MAX_NAME]
    one, officer = _seen(number), me().person.name
    decided(lambda bench: deciding.refuse(bench, one, officer=officer, why=why), "refused")
    return redirect(url_for("imports.imports"), HTTPStatus.SEE_OTHER)


@bp.post("/<int:number>/back")
def back(number: int) -> BaseResponse:
    """Take a proposal back."""
    one = _mine(number)
    return _go_on(lambda bench: deciding.withdraw(bench, one), "withdrawn")


@bp.post("/<int:number>/end")
def end(number: int) -> BaseResponse:
    """End an import: what was uploaded is deleted."""
    one = _mine(number)
    return _go_on(lambda bench: deciding.end(bench, one), "ended")


def _shown(
    one: Import, *, problem: ListError | None = None, choices: Choices | None = None, text: str | None = None
) -> str:
    """Return the page of an import as it stands."""
    is_mine = one.person == me().person.id
    return page(
        "import.html",
        marking=marking(one),
        opened=[name_of(one)],
        one=one,
        is_mine=is_mine,
        is_worked_on=_is_worked_on(one),
        mapping=_mapping(one, choices, text) if is_mine and _has_columns(one) else None,
        reread=_reread(one) if is_mine and _is_unread(one) else None,
        problem=problem,
        problems=_problems(one)[:SHOWN_PROBLEMS],
        schedule=one.findings.get("preview", {}).get("schedule", []),
        moved=one.findings.get("preview", {}).get("moved", []),
        names=_agency_names(),
        verified_size=office().freshness().size,
    )


def _mapping(one: Import, choices: Choices | None, text: str | None) -> dict[str, Any]:
    """Return what the form of columns shows."""
    table = deciding.table_of(bench(), one)
    remembered = bench().imports.remembered(header_of(table))
    listed = Listed(table=table, form=one.form, map=one.map, remembered=remembered)
    urls = {name: url_for(f"imports.{name}", number=one.number) for name in ("show", "columns", "text", "read")}
    return {**mapping(listed, choices=choices, text=text), "urls": urls, "revision": one.revision}


def _reread(one: Import) -> dict[str, Any]:
    """Return what the form shows of a list that could not be read as it is, and may be another way."""
    return rereading(one.form, one.findings["sheets"], is_text=one.findings["is_text"], is_read=False)


def _listed() -> Sequence[Import]:
    return [one for one in bench().imports.listed() if is_shown(one, me())]


def _mine(number: int) -> Import:
    """Return an import of the person's own, as the page of the form showed it."""
    one = _seen(number)
    if one.person != me().person.id:
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            _("This import is another officer's."),
            next_step=_("You may approve or refuse it where it waits for a second officer."),
        )
    return one


def _seen(number: int) -> Import:
    """Return an import if it is still as the page of the form showed it; raise ChangedError."""
    one = found(number, me())
    if request.form.get("revision", "") != str(one.revision):
        raise ChangedError(
            _("the import is no longer where that page showed it: somebody, or an earlier click, was there before"),
            next_step=_("open it again and look at it as it is now"),
        )
    return one


def _officer() -> Officer:
    signed_in, phrase = me(), request.form.get("passphrase", "")
    open_key: Callable[[], Any] = lambda: signer_of(signed_in, phrase)  # noqa: E731 - a value that is made where it signs
    return Officer(name=signed_in.person.name, signer=open_key)


def _confirm(one: Import, text: str) -> BaseResponse:
    source = chosen_source()
    return _go_on(lambda bench: deciding.confirm_columns(bench, one, text, source=source), "mapped")


def _go_on(decide: Callable[[Bench], Import], did: str) -> BaseResponse:
    """Decide and note it, let the worker look, and lead to the import."""
    one = decided(decide, did)
    wake()
    return redirect(url_for("imports.show", number=one.number), HTTPStatus.SEE_OTHER)


def _problems(one: Import) -> tuple[Problem, ...]:
    if one.state.is_over or not one.findings.get("problems"):
        return ()
    return unpack_problems(bench().imports.content(one.number).problems)


def _has_columns(one: Import) -> bool:
    return (
        one.kind is Kind.LIST
        and one.state in {State.UPLOADED, State.CHECKED}
        and bool(one.findings)
        and not _is_unread(one)
    )


def _is_unread(one: Import) -> bool:
    return one.state is State.UPLOADED and bool(one.findings.get("is_unread"))


def _is_worked_on(one: Import) -> bool:
    return one.state.is_worked_on or (one.state is State.UPLOADED and not one.findings)


def _records(one: Import) -> int:
    return int(one.receipt.get("records", one.findings.get("records", 0)))


def _agency_names() -> dict[str, str]:
    return {one.id: one.name for one in office().charter().agencies}
