"""A list to ask about: taken as it comes, its columns corrected by the same form as those of a list to log, remembered too."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from werkzeug.wrappers import Response as BaseResponse

from clients.desk.asklists import AskedList, AskedLists, items_of, mapped, remembered_as
from clients.desk.columnform import ITEM_ALONE, Listed, chosen, chosen_format, chosen_source, chosen_text, mapping
from clients.desk.importing import bench
from clients.desk.inquiries import Inquiry, Kind
from clients.desk.pages.ask import inquiries_here, mine, plain, prepare, questions_of
from clients.desk.parts import office, parts
from clients.desk.rendering import page
from clients.errors import ListError
from clients.intake.columns import Choices, map_of
from clients.intake.reading import MAX_UPLOAD_BYTES, header_of
from clients.intake.store import ChangedError
from clients.lists.proposing import propose_map
from clients.lists.reading import read_table
from clients.lists.tables import Format, Table
from clients.matching.lists import pasted
from ledger.jsontext import JsonValue

bp = Blueprint("asklists", __name__, url_prefix="/ask")

# A map says what happened; of a list to ask about it is never read.
_ANY_EVENT = "recovery"


@bp.post("/list")
def take() -> BaseResponse:
    """Prepare the questions about a list, a file or pasted lines; where its columns say too little, they come first."""
    file = request.files.get("file")
    raw = (file.read(MAX_UPLOAD_BYTES + 1) if file is not None else b"") or pasted(request.form.get("lines", ""))
    new = _read(raw, Format(sheet=request.form.get("sheet") or None))
    try:
        items = _items(new)
    except ListError:
        items = ()  # the page of the columns says why
    one = prepare(Kind.LIST, items, may_be_empty=True)
    _lists().put(one.number, new)
    return _to(one)


@bp.get("/<int:number>/columns")
def show(number: int) -> str:
    """Show the columns of a list that is not asked about yet."""
    one, asked = mine(number), _lists().get(number)
    try:
        _items(asked)
    except ListError as error:
        # The map's own advice is for who names columns in a file; here they are chosen.
        hint = error.next_step if asked.has_numbers else _("choose below which column holds them")
        return _shown(one, asked, problem=ListError(str(error), next_step=hint))
    return _shown(one, asked)


@bp.post("/<int:number>/columns")
def columns(number: int) -> Any:
    """Take the columns as the form says them; what contradicts itself is shown with everything kept."""
    one, asked = _seen(number)
    choices = replace(chosen(asked.table, request.form), event=_ANY_EVENT)
    try:
        text = map_of(choices, title=one.why, encoding=asked.table.encoding, delimiter=asked.table.delimiter)
        return _corrected(one, mapped(asked, text))
    except ListError as error:
        return _shown(one, asked, problem=error, choices=choices), HTTPStatus.UNPROCESSABLE_ENTITY


@bp.post("/<int:number>/text")
def text(number: int) -> Any:
    """Take a map as text, for what the form cannot say."""
    one, asked = _seen(number)
    said = chosen_text()
    try:
        return _corrected(one, mapped(asked, said))
    except ListError as error:
        return _shown(one, asked, problem=error, text=said), HTTPStatus.UNPROCESSABLE_ENTITY


@bp.post("/<int:number>/read")
def read(number: int) -> BaseResponse:
    """Read the list anew: another sheet, encoding or header."""
    one, asked = _seen(number)
    again = _read(asked.raw, chosen_format())
    try:
        items = _items(again)
    except ListError:
        items = ()
    _change(one, again, items)
    return redirect(url_for("asklists.show", number=number), HTTPStatus.SEE_OTHER)


def _read(raw: bytes, form: Format) -> AskedList:
    table = read_table(raw, form=form)
    known = _remembered(table)
    return AskedList(raw=raw, form=form, table=table, map=known[0][1] if known else propose_map(table))


def _remembered(table: Table) -> Sequence[tuple[str, str]]:
    """Return the maps by which lists of these columns were asked about before; of those to log only their items count."""
    imports = bench().imports
    return (*imports.remembered(remembered_as(table)), *imports.remembered(header_of(table)))


def _items(asked: AskedList) -> Sequence[Mapping[str, JsonValue]]:
    return items_of(asked, office().tables, today=office().today())


def _corrected(one: Inquiry, asked: AskedList) -> BaseResponse:
    _change(one, asked, _items(asked))
    if source := chosen_source():
        bench().imports.remember(source, header=remembered_as(asked.table), text=asked.map)
    return _to(one)


def _change(one: Inquiry, asked: AskedList, items: Sequence[Mapping[str, JsonValue]]) -> None:
    """Let the draft ask about these, and keep how the list is read now: both, or neither."""
    questions = questions_of(items)
    with parts().engine.begin() as connection:
        if not inquiries_here().within(connection).correct(one, plain(items), questions=questions):
            raise _changed()
        _lists().within(connection).change(one.number, asked)


def _seen(number: int) -> tuple[Inquiry, AskedList]:
    """Return a draft and its list as the page of the form showed them; raise ChangedError."""
    one, asked = mine(number), _lists().get(number)
    if request.form.get("revision", "") != asked.seen:
        raise _changed()
    return one, asked


def _changed() -> ChangedError:
    return ChangedError(_("what would be asked was changed since that page"), next_step=_("look at it again"))


def _shown(
    one: Inquiry,
    asked: AskedList,
    *,
    problem: ListError | None = None,
    choices: Choices | None = None,
    text: str | None = None,
) -> str:
    listed = Listed(
        table=asked.table,
        form=asked.form,
        map=asked.map,
        remembered=_remembered(asked.table),
        portions=ITEM_ALONE,
    )
    urls = {name: url_for(f"asklists.{name}", number=one.number) for name in ("show", "columns", "text", "read")}
    form = {**mapping(listed, choices=choices, text=text), "urls": urls, "revision": asked.seen}
    return page("ask-columns.html", one=one, mapping=form, problem=problem)


def _lists() -> AskedLists:
    return AskedLists(parts().engine)


def _to(one: Inquiry) -> BaseResponse:
    """Lead to what would be asked; to the columns where there is nothing by them."""
    where = "ask.inquiry" if inquiries_here().get(one.number).asked else "asklists.show"
    return redirect(url_for(where, number=one.number), HTTPStatus.SEE_OTHER)
