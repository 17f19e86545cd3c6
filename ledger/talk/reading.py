"""The forms that members of messages' bodies have (docs/protocol.md, 6.14). Each function accepts one spelling."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import Enum
from itertools import pairwise
from typing import TypeVar

from crypto.encoding import b64u, unb64u
from crypto.errors import EncodingError
from ledger import jsontext
from ledger.dates import parse_date
from ledger.disclosures import field_name
from ledger.errors import MalformedError
from ledger.identifiers import StatementName, agency_id, jti_of
from ledger.jsontext import JsonValue
from ledger.portions import label_name
from ledger.recordform import PORTIONS

MAX_LINE_BYTES = 200
MAX_WORDS_BYTES = 4_000
MAX_FIELDS = 45
# A body stands two levels deep in its message (docs/protocol.md, 1 and 6).
BODY_LEVELS = jsontext.MAX_DEPTH - 1

_COUNTRY = re.compile(r"[A-Z]{3}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LABELS = frozenset(map(label_name, PORTIONS))

_Code = TypeVar("_Code", bound=Enum)
_T = TypeVar("_T")


def present(members: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the members that are there: an absent one is never written as null."""
    return {name: value for name, value in members.items() if value is not None}


def optional(parse: Callable[[JsonValue], _T], value: JsonValue) -> _T | None:
    """Return what `parse` makes of a member that may be absent."""
    return None if value is None else parse(value)


def line(value: JsonValue) -> str:
    """Return one line of text; raise MalformedError."""
    text = _trimmed(value, limit=MAX_LINE_BYTES)
    if "\n" in text or "\t" in text:
        raise MalformedError("expected one line of text")
    return text


def words(value: JsonValue) -> str:
    """Return a text that a person wrote."""
    return _trimmed(value, limit=MAX_WORDS_BYTES)


def day(value: JsonValue) -> date:
    """Return a day, `YYYY-MM-DD`; raise MalformedError."""
    text = jsontext.text(value, limit=10)
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError as error:
        raise MalformedError("expected a day like 2031-12-31") from error


def edtf(value: JsonValue) -> str:
    """Return a date as the field knows it."""
    text = jsontext.text(value, limit=64)
    parse_date(text)
    return text


def country(value: JsonValue) -> str:
    """Return three capital letters: only the form, which codes are assigned changes. Raises MalformedError."""
    text = jsontext.text(value, limit=3)
    if not _COUNTRY.fullmatch(text):
        raise MalformedError("a country is three capital letters")
    return text


def flag(value: JsonValue) -> bool:
    """Return true or false; raise MalformedError."""
    if not isinstance(value, bool):
        raise MalformedError("expected true or false")
    return value


def code(kind: type[_Code], value: JsonValue) -> _Code:
    """Return the one of a few codes that `value` spells; raise MalformedError."""
    try:
        return kind(value)
    except ValueError as error:
        raise MalformedError("a code that is not one of those allowed here") from error


def listed(value: JsonValue, parse: Callable[[JsonValue], _T], *, low: int = 0, high: int) -> tuple[_T, ...]:
    """Return the items of an array."""
    return tuple(parse(item) for item in jsontext.array(value, low=low, high=high))


def ascending(items: Sequence[_T], key: Callable[[_T], object] = lambda item: item) -> None:
    """Raise MalformedError unless the items are in ascending order, none twice."""
    keys = [key(item) for item in items]
    if any(not one < other for one, other in pairwise(keys)):  # type: ignore[operator]  # texts, bytes, or pairs of them
        raise MalformedError("a list that is not in ascending order, or names something twice")


def portions(value: JsonValue) -> tuple[str, ...]:
    """Return some of item, event and case, in this order; raise MalformedError."""
    found = listed(value, jsontext.text, high=len(PORTIONS))
    if found != tuple(name for name in PORTIONS if name in found):
        raise MalformedError("portions are item, event and case, in this order")
    return found


def portion(value: JsonValue) -> str:
    """Return one of item, event and case; raise MalformedError."""
    if value not in PORTIONS:
        raise MalformedError("a portion is item, event or case")
    return jsontext.text(value)


def shown_name(value: JsonValue) -> str:
    """Return a field's name that may be asked for alone: never a label's; raise MalformedError."""
    name = field_name(value)
    if name in _LABELS:
        raise MalformedError("a label is never shown alone")
    return name


def field_names(value: JsonValue, *, low: int = 0) -> tuple[str, ...]:
    """Return names of fields, ascending."""
    found = listed(value, shown_name, low=low, high=MAX_FIELDS)
    ascending(found)
    return found


def fields(portion_name: str) -> Callable[[JsonValue], Mapping[str, JsonValue]]:
    """Return the parser of an object of fields of one portion; it raises MalformedError."""

    def parse(value: JsonValue) -> Mapping[str, JsonValue]:
        if not isinstance(value, dict) or not 1 <= len(value) <= MAX_FIELDS:
            raise MalformedError("expected an object of fields")
        ascending([shown_name(name) for name in value])
        if any(not name.startswith(f"{portion_name}.") for name in value):
            raise MalformedError(f"expected fields of the {portion_name} alone")
        return value

    return parse


def name(value: JsonValue) -> StatementName:
    """Return the name of a statement."""
    iss, jti = jsontext.members(value, "iss", "jti")
    return StatementName(agency_id(iss), jti_of(jti))


def name_json(found: StatementName) -> JsonValue:
    """Return a statement's name as a message spells it."""
    return {"iss": found.iss, "jti": b64u(found.jti)}


def raw(size: int | None = None, *, limit: int) -> Callable[[JsonValue], bytes]:
    """Return the parser of bytes in base64url; it raises MalformedError."""

    def parse(value: JsonValue) -> bytes:
        try:
            return unb64u(jsontext.text(value, limit=limit), size=size)
        except EncodingError as error:
            raise MalformedError("not base64url of the right size") from error

    return parse


def _trimmed(value: JsonValue, *, limit: int) -> str:
    text = jsontext.text(value, limit=limit)
    if not text or text != text.strip():
        raise MalformedError("a text that is empty, or begins or ends with white space")
    return text
