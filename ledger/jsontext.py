"""The one JSON spelling (docs/protocol.md, 1).

A text is what `json.dumps(value, ensure_ascii=False, separators=(",", ":"))` writes and nothing else, so
that two programs can never read two things into the same signed bytes. Reading is: parse, write again,
compare. That one comparison also refuses duplicate members, spare zeros, other escapes and other spacing.
"""

import json
import re
from collections.abc import Sequence
from typing import NoReturn, TypeAlias

from ledger.errors import MalformedError, TooLargeError

JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"

MAX_DEPTH = 8
MAX_INTEGER = 2**53 - 1
MAX_ENTRY_BYTES = 65_535

# Only \" \\ \n \t are ever written as escapes; C0, DEL and C1 are refused whether raw or escaped.
# Possessive throughout: a hostile text costs one pass and no backtracking stack.
_PLAIN = re.compile(rb'(?:[^\\\x00-\x1f\x7f\xc2]++|\xc2[\xa0-\xbf]|\\["\\nt])*+')
# A text without escapes is spelled by its own bytes: most values are one, and need no parser to be read strictly.
BARE_TEXT = rb'"((?:[^"\\\x00-\x1f\x7f\xc2]++|\xc2[\xa0-\xbf])*+)"'
_BARE_TEXT = re.compile(BARE_TEXT)


def dump(value: JsonValue, *, levels: int = MAX_DEPTH) -> bytes:
    """Return the one spelling of `value`; raise MalformedError if `load` would refuse it, or it nests above `levels`."""
    try:
        return _spell(value, levels).encode()
    except ValueError as error:
        raise MalformedError("a text that UTF-8 cannot carry") from error


def load(raw: bytes, *, limit: int = MAX_ENTRY_BYTES, levels: int = MAX_DEPTH) -> JsonValue:
    """Return the value that `raw` spells; raise TooLargeError above `limit` bytes, else MalformedError."""
    if len(raw) > limit:
        raise TooLargeError(f"a JSON text of more than {limit} bytes")
    bare = _BARE_TEXT.fullmatch(raw)
    if bare is not None:
        return bare_text(bare[1])
    try:
        value: JsonValue = _DECODER.decode(raw.decode())
        again = _ENCODER.encode(value).encode()
    except (ValueError, RecursionError) as error:
        raise MalformedError("not the one JSON spelling") from error
    if again != raw or not _PLAIN.fullmatch(raw):
        raise MalformedError("not the one JSON spelling")
    # The decoder makes no other types and bounds integers itself; fewer brackets than levels cannot nest too deep.
    if raw.count(b"[") + raw.count(b"{") > levels:
        dump(value, levels=levels)
    return value


def bare_text(found: bytes) -> str:
    """Return the text between the quotes that `BARE_TEXT` found; raise MalformedError where it is no UTF-8."""
    try:
        return found.decode()
    except ValueError as error:
        raise MalformedError("not the one JSON spelling") from error


def load_checked(raw: bytes) -> JsonValue:
    """Return the value that `raw` spells, where `load` has taken these very bytes before: they are not held against it again."""
    value: JsonValue = _DECODER.decode(raw.decode())
    return value


def members(value: JsonValue, *names: str) -> tuple[JsonValue, ...]:
    """Return the values of an object's members, which are exactly `names` in order; `name?` may be absent (None).

    Raises MalformedError for any other value, and for `name?` that is there and null: absent would be spelled twice.
    """
    if not isinstance(value, dict):
        raise MalformedError("expected a JSON object")
    wanted = [name.rstrip("?") for name in names if not name.endswith("?") or value.get(name[:-1]) is not None]
    if list(value) != wanted:
        raise MalformedError("unknown, missing or misplaced members in a JSON object")
    return tuple(value.get(name.rstrip("?")) for name in names)


def text(value: JsonValue, *, limit: int = MAX_ENTRY_BYTES) -> str:
    """Return `value` if it is a string of at most `limit` UTF-8 bytes; raise MalformedError."""
    try:
        if isinstance(value, str) and len(value.encode()) <= limit:
            return value
    except UnicodeEncodeError as error:
        raise MalformedError("expected a text, and half a surrogate pair is none") from error
    raise MalformedError("expected a text within its limit")


def integer(value: JsonValue, *, low: int = 0, high: int = MAX_INTEGER) -> int:
    """Return `value` if it is an integer in [low, high]; raise MalformedError."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise MalformedError("expected an integer within its bounds")
    return value


def array(value: JsonValue, *, low: int = 0, high: int) -> Sequence[JsonValue]:
    """Return `value` if it is an array of `low` to `high` items; raise MalformedError."""
    if not isinstance(value, list) or not low <= len(value) <= high:
        raise MalformedError("expected an array within its bounds")
    return value


def _spell(value: object, levels: int) -> str:
    """Return the one spelling of a value made of JSON's own types and nested at most `levels` deep.

    Exact types, since `json` also writes tuples, floats, enumerations and members named by a number, and reads
    none of them back as they were. It stops at the limit, so depth can never exhaust the stack.
    """
    if type(value) is str:
        return _quoted(value)
    if type(value) is dict:
        _check_depth(levels)
        return "{" + ",".join([f"{_named(name)}:{_spell(item, levels - 1)}" for name, item in value.items()]) + "}"
    if type(value) is list:
        _check_depth(levels)
        return "[" + ",".join([_spell(item, levels - 1) for item in value]) + "]"
    if type(value) is int:
        return str(integer(value, low=-MAX_INTEGER))
    if value is None or type(value) is bool:
        return _ENCODER.encode(value)
    raise MalformedError("a value that JSON cannot carry here")


def _quoted(text: str) -> str:
    # What can be printed is neither a control character nor half a surrogate pair.
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    spelled = _ENCODER.encode(text)
    if not _PLAIN.fullmatch(spelled.encode()):
        raise MalformedError("a text with control characters")
    return spelled


def _named(name: object) -> str:
    if type(name) is not str:
        raise MalformedError("a value that JSON cannot carry here")
    return _quoted(name)


def _check_depth(levels: int) -> None:
    if levels == 0:
        raise MalformedError("JSON nested too deep")


def _whole(digits: str) -> int:
    number = int(digits) if len(digits) <= len(str(-MAX_INTEGER)) else MAX_INTEGER + 1
    if abs(number) > MAX_INTEGER:
        raise ValueError("integer out of bounds")
    return number


def _never(_text: str) -> NoReturn:
    raise ValueError("floats, exponents, NaN and Infinity are refused")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_never, parse_constant=_never)
