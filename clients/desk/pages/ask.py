"""Ask blind whether anybody has logged a weapon: what would be asked is shown first, with what is left before and after."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from werkzeug.wrappers import Response as BaseResponse

from clients.desk.asking import asking_of, require_enough, soon
from clients.desk.asklists import AskedLists
from clients.desk.gate import RefusedError
from clients.desk.importing import once, once_of
from clients.desk.inquiries import Inquiries, Inquiry, Kind, New, State
from clients.desk.leaving import marked_table
from clients.desk.parts import office, parts
from clients.desk.people.current import me
from clients.desk.people.person import Role
from clients.desk.rendering import page
from clients.desk.rounds import rounds
from clients.errors import ListError
from clients.intake.store import ChangedError, MissingError
from clients.matching.asking import Quota, quota, spelled
from clients.matching.book import Book
from clients.matching.weapons import askable, described_items, listed_weapons, matched_records
from clients.plaintext import visible
from clients.views import Viewer, view_record
from ledger.identifiers import statement_name
from ledger.itemfields import KINDS
from ledger.jsontext import JsonValue
from ledger.questions import Asking

bp = Blueprint("ask", __name__, url_prefix="/ask")

Asked = Sequence[JsonValue] | Sequence[Mapping[str, JsonValue]]

MAX_WHY = 400
MAX_TYPED = 200
MAX_ASKED = 5_000
SHOWN = 100
_FIELDS = ("item.make_text", "item.type_text", "item.calibre")
_LIST_HEADS = ("number", "officer", "began", "kind", "why", "questions", "state", "found")
_TOLD_HEADS = ("what", "certainty", "record", "class", "entry", "note")
_BOOK_HEADS = ("asked", "for", "question", "what", "purpose", "answered")


@bp.get("")
def ask() -> str:
    """Show the ways to ask, what is left today, and what was asked before."""
    return page(
        "ask.html",
        kinds=KINDS,
        quotas=_quotas(),
        inquiries=_listed(),
        once=[once() for _each in range(3)],
        max_why=MAX_WHY,
    )


@bp.get("/list.<any(json, csv):form>")
def listed(form: str) -> Response:
    """Return what was asked before, for machines."""
    rows = [
        (one.number, one.officer, one.began, one.kind.value, one.why, one.questions, one.state.value, _hits(one))
        for one in _listed()
    ]
    return marked_table(form, _LIST_HEADS, rows, of=["the list of inquiries"])


@bp.post("/one")
def weapon() -> BaseResponse:
    """Prepare the questions about one weapon: one for each number that it may bear."""
    form = request.form
    fields = {name: _typed(name) for name in _FIELDS if _typed(name)}
    kind = form.get("item.kind", "")
    fields |= {"item.kind": kind if kind in KINDS else KINDS[0], "item.make_text": _typed("item.make_text")}
    return _to(prepare(Kind.WEAPON, described_items(fields, _typed("serial"))))


@bp.post("/own")
def own() -> BaseResponse:
    """Prepare the questions about one's agency's own records that are matched."""
    with office().replica() as replica, _book() as book:
        names: list[JsonValue] = [name for name, _jti in matched_records(replica, book, me=office().me)]
    return _to(prepare(Kind.OWN, names))


@bp.get("/<int:number>")
def inquiry(number: int) -> str:
    """Show what would be asked; or how far it has come; or what was told."""
    one = _found(number)
    ranked = sorted(enumerate(one.told), key=lambda placed: _rank(placed[1]))
    begins = _begins(len(ranked))
    told = ranked[begins : begins + SHOWN]
    readable = _readable([each for _place, each in told])
    return page(
        "inquiry.html",
        one=one,
        is_mine=one.person == me().person.id,
        preview=_preview(one) if one.state is State.DRAFT else [],
        more=max(0, len(one.asked) - SHOWN),
        quota=_quotas()[_charged(one)],
        told=told,
        begins=begins,
        following=begins + SHOWN if len(ranked) > begins + SHOWN else 0,
        counts=_counts(one),
        readable=readable,
        has_unread=any(found["record"] not in readable for _place, each in told for found in each["found"]),
        rounds=rounds(),
        is_own=one.kind is Kind.OWN,
        has_list=AskedLists(parts().engine).has(number),
    )


@bp.get("/<int:number>.<any(json, csv):form>")
def told(number: int, form: str) -> Response:
    """Return what was told, for machines."""
    one = _found(number)
    return marked_table(form, _TOLD_HEADS, [row for each in one.told for row in _rows(each)], of=[_name(one)])


@bp.post("/<int:number>")
def go(number: int) -> BaseResponse:
    """Ask; once, however often it is sent."""
    one = mine(number)
    if one.state is State.DRAFT:
        if request.form.get("seen") != one.seen:
            raise ChangedError(_("what would be asked was changed since that page"), next_step=_("look at it again"))
        _charge(one, one.questions, lambda inquiries: inquiries.decide(one))
    return _to(one)


@bp.post("/<int:number>/more")
def more(number: int) -> BaseResponse:
    """Ask for the matches that follow those that were told of one weapon: a question of its own, and once."""
    one, at = mine(number), request.form.get("at", type=int)
    if at is None or not 0 <= at < len(one.told) or not one.told[at]["more"]:
        raise ListError(_("nothing follows there"), next_step=_("open the inquiry again"))
    # A page from before the last answer would ask for what is there by now.
    if one.state.is_over and request.form.get("after") == str(one.told[at]["found"][-1]["index"]):
        _charge(one, 1, lambda inquiries: inquiries.further(one, at))
    return _to(one)


@bp.post("/<int:number>/drop")
def drop(number: int) -> BaseResponse:
    """Ask nothing, and forget what would have been asked."""
    mine(number)
    inquiries_here().drop(number)
    return redirect(url_for("ask.ask"), HTTPStatus.SEE_OTHER)


@bp.get("/asked")
def asked() -> str:
    """Show every question that this home has asked, from wherever, and why: for who holds askers to account."""
    with _book() as book:
        questions = book.questions()[: -SHOWN - 1 : -1]
    return page("asked.html", questions=questions, spelled=spelled)


@bp.get("/asked.<any(json, csv):form>")
def asked_table(form: str) -> Response:
    """Return the same for machines, all of it."""
    with _book() as book:
        found = [
            (one.asked, one.asking.value, spelled(one.q), one.what, one.purpose.text, "yes" if one.answer else "")
            for one in book.questions()
        ]
    return marked_table(form, _BOOK_HEADS, found, of=["what was asked"])


def prepare(kind: Kind, asked: Asked, *, may_be_empty: bool = False) -> Inquiry:
    """Return the draft of what the form wants to have asked; a list may be empty until its columns are corrected."""
    why = " ".join(request.form.get("why", "").split())[:MAX_WHY]
    if not why:
        raise ListError(_("a question has a purpose"), next_step=_("say in your own words what it is for"))
    if not asked and not may_be_empty:
        raise ListError(_("there is nothing to ask about"), next_step=_most())
    new = New(
        once=once_of(request.form.get("once", "")),
        person=me().person.id,
        officer=me().person.name,
        purpose=me().purpose.value,
        why=why,
        kind=kind,
        watch=kind is not Kind.OWN and "watch" in request.form,
        asked=plain(asked),
        questions=questions_of(asked),
    )
    return inquiries_here().add(new)


def plain(asked: Asked) -> list[JsonValue]:
    """Return what is asked about as it is kept."""
    return [one if isinstance(one, str) else dict(one) for one in asked if isinstance(one, (str, Mapping))]


def questions_of(asked: Asked) -> int:
    """Return how many questions it takes; raise ListError where it is more than one inquiry takes."""
    if len(asked) > MAX_ASKED:
        raise ListError(_("that is too much for one inquiry"), next_step=_most())
    items = [dict(one) for one in asked if isinstance(one, Mapping)]
    return askable(listed_weapons(items, office().tables)) if items else len(asked)


def _most() -> str:
    return str(_("name 1 to %(most)s weapons", most=f"{MAX_ASKED:,}"))


def _charge(one: Inquiry, questions: int, decide: Callable[[Inquiries], bool]) -> None:
    """Let the worker ask, if the day's limit allows it: decided and noted, or neither."""
    require_enough(questions, _quotas()[_charged(one)].left)
    with parts().use.together() as act:
        decided = decide(inquiries_here().within(act.connection))
        if decided:
            act.note(me().person.name, "asked", f"{_name(one)}: {questions} questions, {_charged(one).value}")
            AskedLists(parts().engine).within(act.connection).forget(one.number)
    if decided:
        soon(parts(), one.number)


def _to(one: Inquiry) -> BaseResponse:
    return redirect(url_for("ask.inquiry", number=one.number), HTTPStatus.SEE_OTHER)


def _begins(many: int) -> int:
    """Return where the page begins in what was told; a place that there is not is the first page."""
    begins = request.args.get("from", 0, type=int)
    return begins if 0 < begins < many else 0


def _preview(one: Inquiry) -> list[tuple[str, bool]]:
    """Return in words what would be asked, and whether there is anything to ask by."""
    if one.kind is Kind.OWN:
        return [(str(name), True) for name in one.asked[:SHOWN]]
    return [(each.what, bool(each.forms)) for each in listed_weapons(one.asked[:SHOWN], office().tables)]


def _quotas() -> dict[Asking, Quota]:
    limits, now = office().charter().limits, parts().clock()
    with _book() as book:
        return {one: quota(book, limits, one, now=now) for one in Asking}


def _charged(one: Inquiry) -> Asking:
    return asking_of(one.kind, watch=one.watch)


def _listed() -> Sequence[Inquiry]:
    """Return a person's own inquiries; an auditor's are everybody's."""
    return inquiries_here().listed(None if Role.AUDITOR in me().person.roles else me().person.id)


def _found(number: int) -> Inquiry:
    one, person = inquiries_here().get(number), me().person
    if one.person != person.id and (Role.AUDITOR not in person.roles or one.state is State.DRAFT):
        raise MissingError(_("there is no inquiry of this number"))
    return one


def mine(number: int) -> Inquiry:
    """Return an inquiry of the person's own; raise for another's."""
    one = _found(number)
    if one.person != me().person.id:
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            _("This inquiry is another officer's."),
            next_step=_("Ask for a purpose of your own."),
        )
    return one


def _readable(told: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return which of the records found may be opened here and now."""
    viewer: Viewer = office().viewer(me().person, me().purpose)
    names = {found["record"] for each in told for found in each["found"]}
    with office().replica() as replica:
        stored = [*replica.named(map(statement_name, names))]
    return frozenset(str(one.name) for one in stored if view_record(one, viewer).marking is not None)


def _rank(told: Mapping[str, Any]) -> int:
    """Put hits first, then what is possible, then what was not asked, then nothing."""
    certain = {found["certainty"] for found in told["found"]}
    return 0 if "hit" in certain else 1 if certain else 2 if told["note"] else 3


def _counts(one: Inquiry) -> tuple[int, int, int, int]:
    ranks = [_rank(each) for each in one.told]
    return ranks.count(0), ranks.count(1), ranks.count(2), ranks.count(3)


def _hits(one: Inquiry) -> int:
    return sum(1 for each in one.told if each["found"])


def _rows(told: Mapping[str, Any]) -> Iterator[tuple[str | int | None, ...]]:
    if not told["found"]:
        yield told["what"], "" if told["note"] else "nothing", "", "", None, told["note"]
    for found in told["found"]:
        yield told["what"], found["certainty"], found["record"], found["class"], found["index"], ""


def _typed(name: str) -> str:
    return visible(request.form.get(name, ""))[:MAX_TYPED]


def _name(one: Inquiry) -> str:
    return f"inquiry {one.number}"


def inquiries_here() -> Inquiries:
    """Return the inquiries of the desk that answers this request."""
    return Inquiries(parts().engine, clock=parts().clock)


@contextmanager
def _book() -> Iterator[Book]:
    book = Book(office().home.matching, key=office().database_key)
    try:
        yield book
    finally:
        book.close()
