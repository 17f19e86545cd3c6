"""A record's fields as the desk's pages show them: one line for what it is, its numbers, then field by field.

Only what a view shows is looked at. Names of fields and codes are said in the reader's language; whatever somebody wrote
stays as it was written, set apart from the page's own direction, with characters that hide or reorder spelled out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from markupsafe import Markup, escape

from clients.desk.fieldwords import field_word
from clients.desk.vocabulary import country_word, term
from clients.lists.values import shape_of
from clients.plaintext import visible
from clients.show import NO_PLACE
from clients.views import PortionView
from ledger.canonical import canonical
from ledger.itemfields import type_name
from ledger.jsontext import JsonValue
from ledger.makes import MakeTable
from ledger.serials import read_marks
from ledger.shapes import Leaf

Fields = Mapping[str, JsonValue]

_SAID = frozenset(
    [
        "item.kind",
        "item.type",
        "item.type_text",
        "item.make",
        "item.make_text",
        "item.model",
        "item.calibre",
        "item.country_of_manufacture",
        "item.serials",
        "event.kind",
        "event.date",
        "event.country",
        "event.place",
        "event.locode",
        "event.recovery",
        "event.sale",
    ]
)
_COUNTRIES = frozenset({"item.country_of_manufacture", "event.country"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One serial number: as marked, its canonical form where a number was read, and where it stands in which condition."""

    marked: str = field(repr=False)
    canonical: str = field(repr=False)
    about: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A record in one line of a list."""

    name: str
    iss: str
    level: str
    item: str = field(repr=False)
    numbers: tuple[Number, ...] = field(repr=False)
    event: str
    date: str
    place: str
    withheld: tuple[str, ...]
    corrected: bool


def headline(portion: PortionView, makes: MakeTable) -> str:
    """Return what a portion is about, in a line; nothing for a case, which has no line of its own."""
    match portion.portion:
        case "item":
            return item_words(portion.fields, makes)
        case "event":
            parts = [event_words(portion.fields), place_words(portion.fields), date_words(portion.fields)]
            return " · ".join(part for part in parts if part)
        case _:
            return ""


def item_words(fields: Fields, makes: MakeTable) -> str:
    """Return an item in a line: type, make, model, calibre, country."""
    made_in = _text(fields, "item.country_of_manufacture")
    parts = [
        _type(fields),
        _make(fields, makes),
        _text(fields, "item.model"),
        _text(fields, "item.calibre"),
        _("made in %(country)s", country=country_word(made_in)) if made_in else "",
    ]
    return " · ".join(visible(part) for part in parts if part)


def event_words(fields: Fields) -> str:
    """Return what happened, with how it came about where that is known."""
    kind = _text(fields, "event.kind")
    how = _text(fields, "event.recovery") or _text(fields, "event.sale")
    return visible(f"{term(kind)} ({term(how)})" if how else term(kind))


def place_words(fields: Fields) -> str:
    """Return where it was, as far as it is shown."""
    country, locode = _text(fields, "event.country"), _text(fields, "event.locode")
    named = ", ".join(part for part in (country_word(country), _text(fields, "event.place")) if part)
    return visible(f"{named} ({locode[:2]} {locode[2:]})" if locode else named)


def date_words(fields: Fields) -> str:
    """Return when it was, as recorded, kept apart from what stands before it."""
    date = visible(_text(fields, "event.date"))
    return apart(date) if date else _("date not recorded")


def apart(text: str) -> str:
    """Return a text that keeps its own direction in a sentence: after Arabic words a date would read day first."""
    return f"\u2068{text}\u2069"


def numbers(fields: Fields) -> tuple[Number, ...]:
    """Return the serial numbers that are shown."""
    found = fields.get("item.serials")
    return tuple(_number(one) for one in found if isinstance(one, dict)) if isinstance(found, list) else ()


def rest(portion: PortionView) -> Iterator[tuple[str, Markup]]:
    """Yield the fields that the line and the numbers do not say: each by its name in words."""
    own = {name for name in _SAID if name.startswith(f"{portion.portion}.")}
    # Each number says its own condition, and a code says nothing beside the words that it stands for.
    own |= {"item.condition"} if numbers(portion.fields) else set()
    own |= {"item.calibre_code"} if "item.calibre" in portion.fields else set()
    for name, value in portion.fields.items():
        if name not in own:
            yield field_word(visible(name)), said(name, value)


def said(name: str, value: JsonValue) -> Markup:
    """Return a field's value: codes in words, text as it was written."""
    match value:
        case bool():
            return escape(_("yes") if value else _("no"))
        case int():
            return escape(str(value) if name.endswith(".year") else f"{value:,}")
        case list():
            return Markup("; ").join(said(name, one) for one in value)
        case dict():
            members = ((one, said(f"{name}.{one}", inner)) for one, inner in value.items())
            return Markup(", ").join(Markup("{}: {}").format(term(visible(one)), inner) for one, inner in members)
        case _:
            return _leaf(name, str(value))


def line(name: str, fields: Fields, makes: MakeTable, **about: object) -> Line:
    """Return a record's line from what is shown of it."""
    return Line(
        name=name,
        iss=name.partition("/")[0],
        item=item_words(fields, makes),
        numbers=numbers(fields),
        event=event_words(fields),
        date=visible(_text(fields, "event.date")),
        place=place_words(fields),
        **about,  # type: ignore[arg-type]  # the caller's own keywords, checked by the class
    )


def _leaf(name: str, text: str) -> Markup:
    if name in _COUNTRIES:
        return escape(country_word(visible(text)))
    shape = shape_of(name)
    if isinstance(shape, Leaf) and text in shape.codes:
        return escape(term(text))
    return Markup("<bdi>{}</bdi>").format(visible(text))


def _number(entry: Mapping[str, JsonValue]) -> Number:
    marked = str(entry.get("as_marked", ""))
    read = next(iter(read_marks(marked)), None)
    return Number(
        marked=visible(marked),
        canonical=canonical(read.number) if read is not None and read.number else "",
        about=tuple(
            term(visible(str(entry[one])))
            for one in ("location", "condition", "kind")
            if one in entry and (one, entry[one]) != NO_PLACE
        ),
    )


def _type(fields: Fields) -> str:
    code, written = _text(fields, "item.type"), _text(fields, "item.type_text")
    return term(type_name(code)) if code else written or term(_text(fields, "item.kind"))


def _make(fields: Fields, makes: MakeTable) -> str:
    code = _text(fields, "item.make")
    known = makes.by_code.get(code)
    return _text(fields, "item.make_text") or (known.text if known else code)


def _text(fields: Fields, name: str) -> str:
    found = fields.get(name)
    return found if isinstance(found, str) else ""
