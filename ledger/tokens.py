"""From an item's fields to its tokens: which group and form goes into which class (docs/protocol.md, 6.3).

A token is all that the matching service sees of a serial number. It takes two secrets to make one: the matching key
Kc, which the service never holds, and the service's own key, which answers counted questions only.
"""

import hmac
import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from crypto.digests import expand16
from crypto.encoding import lp
from ledger.calibres import CalibreTable
from ledger.canonical import TABLE_VERSION, canonical, is_lossless
from ledger.conditions import is_wording
from ledger.errors import MalformedError
from ledger.forms import MIN_CHARACTERS, READ, Form, TokenClass, other_form, weapon_forms
from ledger.headings import Kind, Location
from ledger.jsontext import JsonValue
from ledger.makes import UNLISTED, MakeTable
from ledger.serials import Mark, read_marks
from ledger.weapontypes import by_code, find

__all__ = [
    "NOTHING",
    "Form",
    "Inputs",
    "Row",
    "TokenClass",
    "inputs_of",
    "likenesses",
    "prf_input",
    "token",
]

Fields: TypeAlias = Mapping[str, JsonValue]
Row: TypeAlias = tuple[Form | None, Form | None, Form | None, Form | None]
Inputs: TypeAlias = tuple[Row, Row]

KEY_BYTES = 32
NOTHING: Row = (None, None, None, None)
_VIN_CHARACTERS = 17
_VIN = "VIN"
_DESIGN = "design"
# What officers write before a lot or a VIN; labels of serial numbers are taken off with the rest of the box.
_LABEL = re.compile(r"\s*(?:VIN|lot|lote|batch|партия)\b[\s.:#№-]*", re.IGNORECASE)
_TOKEN = b"sealtrace/v1/token"

# Which marks come first: the frame or receiver is the weapon, in the eyes of the law of most States.
_BY_KIND = {Kind.IMPORT.value: 2, Kind.PROPERTY.value: 4, Kind.UNIT.value: 4}
_BY_LOCATION = {Location.FRAME.value: 0, Location.SLIDE.value: 1, Location.BARREL.value: 3}
_LAST = 4
_READ = frozenset(condition.value for condition in READ)
_NUMBERED = frozenset({"item.serials", "item.lot", "item.design_family"})


def inputs_of(fields: Fields, *, makes: MakeTable, calibres: CalibreTable) -> Inputs:
    """Return what the tokens of an item are made from: T0 to T3 for each of two marks, None where a rule makes none.

    Marks that give nothing, and marks that give the same as one before them, take no place.
    """
    rows = dict.fromkeys(row for row in _rows(fields, makes, calibres) if row != NOTHING)
    first, second, *_ = *rows, NOTHING, NOTHING
    return first, second


def likenesses(fields: Fields) -> frozenset[str]:
    """Return what two items have in common wherever `inputs_of` gives them a form in common, whatever the code tables.

    That is the digits of each number without leading zeros: no class of forms folds two numbers that differ in these.
    It says too much rather than too little, so it only chooses what is worth comparing.
    """
    if _NUMBERED.isdisjoint(fields):
        return frozenset()
    marks = [mark.number for mark in _marks(fields)]
    named = (*marks, *map(_unlabelled, marks), _lot(fields), _text(fields, "item.design_family"))
    return frozenset([_likeness(form) for form in map(canonical, named) if form])


def prf_input(*, kc: bytes, token_epoch: int, form: Form) -> bytes:
    """Return x, the input of the oblivious function (docs/protocol.md, 6.3); raise MalformedError for a bad key."""
    if len(kc) != KEY_BYTES:
        raise MalformedError("a matching key has 32 bytes")
    context = lp(form.token_class.value, TABLE_VERSION, token_epoch, form.group, form.form)
    return hmac.digest(kc, _TOKEN + context, "sha256")


def token(output: bytes) -> bytes:
    """Return the token of the function's output y."""
    return expand16(output, _TOKEN)


def _likeness(form: str) -> str:
    digits = "".join(filter(str.isdigit, form))
    return (digits.lstrip("0") or "0") if digits else form


def _rows(fields: Fields, makes: MakeTable, calibres: CalibreTable) -> Iterator[Row]:
    group = _make_group(fields, makes)
    match fields.get("item.kind"):
        case "small_arm" | "light_weapon" | "part_or_component":
            yield from _weapon_rows(fields, group, calibres)
        case "ammunition":
            yield _other(_headstamp(fields, calibres), _lot(fields))
        case "explosive":
            yield _other(group, _lot(fields))
        case "vehicle":
            yield from (_vin(_unlabelled(mark.number)) for mark in _marks(fields))
        case "aircraft" | "uas" | "night_vision" | "communications" | "biometric" | "other":
            for mark in _marks(fields):
                yield _other(group, mark.number)
                yield _other(_text(fields, "item.nsn"), mark.number)
        case _:
            return


def _weapon_rows(fields: Fields, group: str, calibres: CalibreTable) -> Iterator[Row]:
    calibre = calibres.find(_text(fields, "item.calibre"))
    of_type = by_code(_text(fields, "item.type")) or find(_text(fields, "item.type_text"))
    for mark in _marks(fields):
        yield _row(
            *weapon_forms(
                mark.number,
                condition=mark.condition,
                make_group=group or None,
                calibre_family=calibre.family if calibre else None,
                type_class=of_type.type_class.value if of_type else None,
            )
        )
    if "item.method" in fields:
        yield _design(_text(fields, "item.design_family"))


def _design(name: str) -> Row:
    """Return the row of a design: T3, since two printed pistols of one design are possible and never a hit.

    A design is a name and not a number, so it needs no digit; a wording is neither.
    """
    form = canonical(name)
    named = len(form) >= MIN_CHARACTERS and is_lossless(name) and not is_wording(name)
    return _row(Form(token_class=TokenClass.T3, group=_DESIGN, form=form)) if named else NOTHING


def _headstamp(fields: Fields, calibres: CalibreTable) -> str:
    """Return maker/calibre/year of a headstamp, or nothing where one is missing: lots are numbered anew every year."""
    stamp = fields.get("item.headstamp")
    stamped = stamp if isinstance(stamp, dict) else {}
    text = _text(stamped, "calibre") or _text(fields, "item.calibre")
    calibre = calibres.find(text)
    maker = _text(stamped, "maker")
    parts = (
        canonical(maker) if is_lossless(maker) else "",
        calibre.family if calibre else canonical(text),
        _text(stamped, "year")[-2:],
    )
    return "/".join(parts) if all(parts) else ""


def _marks(fields: Fields) -> list[Mark]:
    """Return the marks that were read off the item, in the order in which they count."""
    listed = fields.get("item.serials")
    entries = listed if isinstance(listed, list) else []
    ranked = [(_rank(entry), mark) for entry in entries if isinstance(entry, dict) and (mark := _mark(entry))]
    return [mark for _, mark in sorted(ranked, key=lambda pair: pair[0])]


def _mark(entry: Fields) -> Mark | None:
    """Return the mark of one logged serial: its text read again, for only the number in it may become a token."""
    return _read(_text(entry, "as_marked")) if _text(entry, "condition") in _READ else None


def _read(text: str) -> Mark | None:
    """Return the first number in `text`, without label or wording; None where there is none, or not all of it."""
    mark = next(iter(read_marks(text)), None) if text else None
    return mark if mark and mark.number and mark.condition in READ else None


def _rank(entry: Fields) -> int:
    kind, location = _text(entry, "kind"), _text(entry, "location")
    return _BY_KIND.get(kind, _BY_LOCATION.get(location, _LAST))


def _lot(fields: Fields) -> str:
    mark = _read(_unlabelled(_text(fields, "item.lot")))
    return mark.number if mark else ""


def _vin(number: str) -> Row:
    """Return the row of a vehicle: chassis numbers of other lengths are given out by many makers at once."""
    return _other(_VIN if len(canonical(number)) == _VIN_CHARACTERS else "", number)


def _unlabelled(text: str) -> str:
    label = _LABEL.match(text)
    return text[label.end() :] if label else text


def _make_group(fields: Fields, makes: MakeTable) -> str:
    code, text = _text(fields, "item.make"), _text(fields, "item.make_text")
    return makes.group_of(code=code or UNLISTED, text=text) or "" if code or text else ""


def _other(group: str, number: str) -> Row:
    return _row(*other_form(group=group, number=number))


def _row(*forms: Form) -> Row:
    by_class = {form.token_class: form for form in forms}
    return (
        by_class.get(TokenClass.T0),
        by_class.get(TokenClass.T1),
        by_class.get(TokenClass.T2),
        by_class.get(TokenClass.T3),
    )


def _text(fields: Fields, name: str) -> str:
    found = fields.get(name)
    return found if isinstance(found, str) else ""
