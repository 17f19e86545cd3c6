"""Find records in the replica by words and facets; searches are kept, some under a name, and none stands in an address."""

from collections.abc import Container, Mapping, Sequence
from http import HTTPStatus

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as BaseResponse

from clients.desk.kept import Kept, KeptRows, Kind
from clients.desk.leaving import may_copy, records_file
from clients.desk.parts import note_use, office, parts
from clients.desk.people.current import me
from clients.desk.recordlines import Line, line
from clients.desk.rendering import page
from clients.desk.vocabulary import country_word, portion_word, term
from clients.errors import ListError
from clients.finding import MAX_WORD_CHARACTERS, MAX_WORDS, PARTLY, WHOLE, Facet, Page, Search
from clients.finding import find as find_records
from clients.originators import originator
from clients.plaintext import visible
from clients.views import RecordView
from ledger.eventfields import KINDS as EVENTS
from ledger.itemfields import KINDS as ITEMS
from ledger.jsontext import JsonValue
from ledger.labels import Level
from ledger.makes import UNLISTED

bp = Blueprint("find", __name__, url_prefix="/find")

SHOWN = 50
SEARCHED = "searched"
MOST_VALUES = 12
_MAX_POSITION_DIGITS = 15
_NEWEST = "newest"

_FACETS = frozenset(facet.value for facet in Facet)
# Of the others a newer table, or a record of another agency, may have values that are not known here.
_CODES: Mapping[str, Container[str]] = {
    Facet.EVENT.value: EVENTS,
    Facet.ITEM.value: ITEMS,
    Facet.LEVEL.value: frozenset(level.value for level in Level),
    Facet.SHOWN.value: (WHOLE, PARTLY),
}

FACET_TITLES = (
    (Facet.EVENT, _l("What happened")),
    (Facet.ITEM, _l("Kind of item")),
    (Facet.MAKE, _l("Make")),
    (Facet.CALIBRE, _l("Calibre")),
    (Facet.COUNTRY, _l("Country")),
    (Facet.YEAR, _l("Year")),
    (Facet.ORIGINATOR, _l("Originator")),
    (Facet.LEVEL, _l("Level")),
    (Facet.SHOWN, _l("Shown")),
)


@bp.get("")
def find() -> str:
    """Show all that may be read, and what one may look for in it."""
    return _shown(None)


@bp.post("")
def search() -> BaseResponse:
    """Keep what is looked for and lead to what is found."""
    number = _rows().keep(Kind.SEARCH, _value(_from_form()))
    return redirect(url_for("find.found", number=number), HTTPStatus.SEE_OTHER)


@bp.get("/<int:number>")
def found(number: int) -> str:
    """Show what a search finds now."""
    return _shown(_rows().get(Kind.SEARCH, number))


@bp.get("/all.<any(json, csv):form>")
def all_table(form: str) -> Response:
    """Return the records of the page as a file."""
    return _file(None, form)


@bp.get("/<int:number>.<any(json, csv):form>")
def table(number: int, form: str) -> Response:
    """Return the records of the page as a file."""
    return _file(_rows().get(Kind.SEARCH, number), form)


@bp.post("/<int:number>/save")
def save(number: int) -> BaseResponse:
    """Give a search a name, so that it stays."""
    _rows().call(Kind.SEARCH, number, " ".join(request.form.get("name", "").split()))
    return redirect(url_for("find.found", number=number), HTTPStatus.SEE_OTHER)


@bp.post("/<int:number>/forget")
def forget(number: int) -> BaseResponse:
    """Take a search's name away."""
    _rows().forget(Kind.SEARCH, number)
    return redirect(url_for("find.find"), HTTPStatus.SEE_OTHER)


def _shown(kept: Kept | None) -> str:
    search = _search(kept)
    result = _found(search)
    lines = [_line(view) for view in result.views]
    if lines:
        note_use(me().person.name, SEARCHED, [_about(kept, result)])
    rows = _rows()
    return page(
        "find.html",
        marking=result.marking,
        kept=kept,
        search=search,
        lines=lines,
        total=result.total,
        after=result.after,
        at_start=_after() is None,
        facets=[(facet.value, title, _values(facet, result.facets[facet])) for facet, title in FACET_TITLES],
        chosen=[
            (facet.value, title, _word(facet, search.facets[facet]))
            for facet, title in FACET_TITLES
            if facet in search.facets
        ],
        facet_values={facet.value: value for facet, value in search.facets.items()},
        saved=[(one, _words_of(one)) for one in rows.listed(Kind.SEARCH, named=True)],
        recent=[(one, _words_of(one)) for one in rows.listed(Kind.SEARCH, named=False)],
        is_empty=not office().freshness().size,
    )


def _file(kept: Kept | None, form: str) -> Response:
    """Return the same records; those that their originator lets nobody copy are left out, as the page says."""
    result = _found(_search(kept))
    answer = records_file([view for view in result.views if may_copy(view)], form, name="records")
    if result.after is not None and request.endpoint is not None:
        following = url_for(request.endpoint, **(request.view_args or {}), after=result.after)
        answer.headers["Link"] = f'<{following}>; rel="next"'
    return answer


def _found(search: Search) -> Page:
    viewer = office().viewer(me().person, me().purpose)
    with office().replica() as replica:
        return find_records(replica, search, viewer, office().tables.makes, limit=SHOWN, after=_after())


def _after() -> int | None:
    """Return the place in the log behind which the page goes on; raise ListError for what no page of ours says."""
    text = request.args.get("after", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_POSITION_DIGITS:
        raise ListError(_("no page begins there"), next_step=_("go on from the first page"))
    return int(text)


def _line(view: RecordView) -> Line:
    return line(
        str(view.record.name),
        view.fields,
        office().tables.makes,
        level="" if view.marking is None else view.marking.level.value,
        withheld=tuple(portion_word(one.portion) for one in view.portions if one.withheld),
        corrected=view.record.superseded_by is not None,
    )


def _from_form() -> Search:
    """Return what the form asks for: its words, the facets it had, one added, one dropped."""
    form = request.form
    given = {name.removeprefix("facet-"): value for name, value in form.items() if name.startswith("facet-")}
    name, _sign, value = form.get("add", "").partition("=")
    given |= {name: value} if name else {}
    given.pop(form.get("drop", ""), None)
    facets = dict(_facet(name, value) for name, value in given.items() if value)
    words = tuple(word[:MAX_WORD_CHARACTERS] for word in form.get("words", "").split())[:MAX_WORDS]
    return Search(
        words=words, facets=facets, with_superseded="superseded" in form, newest_first=form.get("order", "") == _NEWEST
    )


def _facet(name: str, value: str) -> tuple[Facet, str]:
    """Return by what a search is narrowed; what there is not is said to be unknown, rather than to be nowhere or everywhere."""
    known = _CODES.get(name)
    if name not in _FACETS or (known is not None and value not in known):
        raise ListError(
            _("there is nothing called %(value)s to search by", value=visible(f"{name} {value}")[:80]),
            next_step=_("choose among those shown beside the records"),
        )
    facet = Facet(name)
    return facet, originator(value, office().members()) if facet is Facet.ORIGINATOR else value


def _value(search: Search) -> Mapping[str, JsonValue]:
    return {
        "words": [*search.words],
        "facets": {facet.value: value for facet, value in search.facets.items()},
        "superseded": search.with_superseded,
        "newest": search.newest_first,
    }


def _search(kept: Kept | None) -> Search:
    if kept is None:
        return Search(newest_first=True)
    facets = {Facet(name): str(value) for name, value in _members(kept.value["facets"]).items()}
    words = kept.value["words"]
    return Search(
        words=tuple(map(str, words)) if isinstance(words, list) else (),
        facets=facets,
        with_superseded=kept.value["superseded"] is True,
        newest_first=kept.value["newest"] is True,
    )


def _members(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _words_of(kept: Kept) -> str:
    search = _search(kept)
    return " · ".join([" ".join(search.words), *(_word(facet, value) for facet, value in search.facets.items())]).strip(
        " ·"
    )


def _about(kept: Kept | None, result: Page) -> str:
    """Return what the record of use says of a search: which records were shown, and never the words."""
    first, last = result.views[0].record, result.views[-1].record
    which = "all records" if kept is None else f"search {kept.number}"
    return f"{which}: {len(result.views)} of {result.total} records, entries {first.index} to {last.index}"


def _values(facet: Facet, counted: Mapping[str, int]) -> Sequence[tuple[str, str, int]]:
    return [(value, _word(facet, value), count) for value, count in counted.items()][:MOST_VALUES]


def _word(facet: Facet, value: str) -> str:
    match facet:
        case Facet.EVENT | Facet.ITEM:
            return term(value)
        case Facet.COUNTRY:
            return country_word(value)
        case Facet.MAKE:
            known = office().tables.makes.by_code.get(value)
            return known.text if known else _("not on the list of makes") if value == UNLISTED else value
        case Facet.SHOWN:
            return str(_("withheld in part") if value == PARTLY else _("whole"))
        case _:
            return value


def _rows() -> KeptRows:
    return KeptRows(parts().engine, person=me().person.id, clock=parts().clock)
