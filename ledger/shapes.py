"""What a field's value may look like (docs/vocabulary.md, 1).

A shape is data: it checks a value and it says its own rule, so the table in the documentation is the table in the
code. A refusal names the place and the rule, never the value.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from ledger.countries import is_country, is_locode
from ledger.dates import moment, parse_date
from ledger.errors import LabelError, MalformedError
from ledger.identifiers import hash_of
from ledger.jsontext import JsonValue

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_S10 = re.compile(r"[A-Z]{2}([0-9]{8})([0-9])[A-Z]{2}")
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_MGRS = re.compile(r"([1-9]|[1-5][0-9]|60)[C-HJ-NP-X][A-HJ-NP-Z][A-HJ-NP-V]([0-9]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A text, number or flag; `codes` is its code list, `expression` its pattern, where it has one."""

    rule: str
    accepts: Callable[[JsonValue], bool]
    codes: tuple[str, ...] = ()
    expression: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """A list of 1 to `high` values of one shape."""

    item: "Shape"
    high: int

    @property
    def rule(self) -> str:
        """Return the rule in words."""
        return f"list of 1 to {self.high}: {self.item.rule}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """An object with at least one member; no others than these."""

    required: "Mapping[str, Shape]" = field(default_factory=dict)
    optional: "Mapping[str, Shape]" = field(default_factory=dict)

    @property
    def rule(self) -> str:
        """Return the rule in words."""
        must = [f"{name}: {shape.rule}" for name, shape in self.required.items()]
        may = [f"{name}?: {shape.rule}" for name, shape in self.optional.items()]
        return f"object {{{'; '.join(must + may)}}}"


Shape: TypeAlias = Leaf | Many | Group


def check(shape: Shape, value: JsonValue, *, where: str) -> None:
    """Raise LabelError, naming the place and the rule, unless `value` has `shape`."""
    match shape:
        case Leaf():
            if not shape.accepts(value):
                raise LabelError(f"{where}: expected {shape.rule}")
        case Many():
            _check_many(shape, value, where)
        case Group():
            _check_group(shape, value, where)
        case _:
            assert_never(shape)


def text(limit: int) -> Leaf:
    """Return the shape of a text of 1 to `limit` UTF-8 bytes that is not blank; line feeds and tabs are kept."""
    return Leaf(rule=f"text of at most {limit:,} bytes", accepts=lambda value: _is_text(value, limit))


def code(*codes: str) -> Leaf:
    """Return the shape of one code of a list."""
    return Leaf(rule="one of " + ", ".join(codes), accepts=lambda value: value in codes, codes=codes)


def pattern(expression: str, rule: str) -> Leaf:
    """Return the shape of a text that a whole `expression` matches; `rule` says in words which."""
    compiled = re.compile(expression)
    return Leaf(
        rule=rule,
        accepts=lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None,
        expression=expression,
    )


def integer(low: int, high: int) -> Leaf:
    """Return the shape of an integer in [low, high]."""
    return Leaf(rule=f"integer from {low} to {high:,}", accepts=lambda value: _is_integer(value, low, high))


def flag() -> Leaf:
    """Return the shape of true or false."""
    return Leaf(rule="true or false", accepts=lambda value: isinstance(value, bool))


def country() -> Leaf:
    """Return the shape of an alpha-3 country code."""
    rule = "ISO 3166-1 alpha-3 (former States too; ZZZ unknown)"
    return Leaf(rule=rule, accepts=lambda value: isinstance(value, str) and is_country(value))


def locode() -> Leaf:
    """Return the shape of a UN/LOCODE."""
    rule = "UN/LOCODE without the space, like BRRIO"
    return Leaf(rule=rule, accepts=lambda value: isinstance(value, str) and is_locode(value))


def mgrs(*, finest_metres: int) -> Leaf:
    """Return the shape of an MGRS reference from 10 km squares down to `finest_metres` (1,000 or 1)."""
    most = {1_000: 4, 1: 10}[finest_metres]
    rule = f"MGRS square of 10 km down to {finest_metres:,} m, like 23KPQ87"
    return Leaf(rule=rule, accepts=lambda value: _is_mgrs(value, most))


def edtf() -> Leaf:
    """Return the shape of a date or interval with its precision (`ledger.dates`)."""
    rule = "EDTF date or interval: 2021, 2021-03, 2021-03-14~, 2019/2021, ../2014"
    return Leaf(rule=rule, accepts=lambda value: _parses(parse_date, value))


def instant() -> Leaf:
    """Return the shape of a date and time with its offset."""
    return Leaf(rule="date and time like 2021-03-14T22:05-03:00", accepts=lambda value: _parses(moment, value))


def sha256() -> Leaf:
    """Return the shape of a SHA-256 in base64url."""
    return Leaf(rule="SHA-256, 43 characters of base64url", accepts=lambda value: _parses(hash_of, value))


def postal_item() -> Leaf:
    """Return the shape of a UPU S10 item identifier with its right check digit."""
    return Leaf(rule="UPU S10 item identifier, like RR473124829XA", accepts=_is_postal_item)


def _check_many(shape: Many, value: JsonValue, where: str) -> None:
    if not isinstance(value, list) or not 1 <= len(value) <= shape.high:
        raise LabelError(f"{where}: expected a list of 1 to {shape.high}")
    for index, item in enumerate(value):
        check(shape.item, item, where=f"{where}[{index}]")


def _check_group(shape: Group, value: JsonValue, where: str) -> None:
    known = {**shape.required, **shape.optional}
    if not isinstance(value, dict) or not value or not shape.required.keys() <= value.keys() <= known.keys():
        raise LabelError(f"{where}: expected an {shape.rule}")
    for name, item in value.items():
        check(known[name], item, where=f"{where}.{name}")


def _is_text(value: JsonValue, limit: int) -> bool:
    if not isinstance(value, str) or not value.strip() or _CONTROL.search(value):
        return False
    try:
        return len(value.encode()) <= limit
    except UnicodeEncodeError:  # a lone surrogate
        return False


def _is_integer(value: JsonValue, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_mgrs(value: JsonValue, most: int) -> bool:
    match = _MGRS.fullmatch(value) if isinstance(value, str) else None
    return match is not None and len(match[2]) in range(2, most + 1, 2)


def _is_postal_item(value: JsonValue) -> bool:
    match = _S10.fullmatch(value) if isinstance(value, str) else None
    if not match:
        return False
    remainder = 11 - sum(int(digit) * weight for digit, weight in zip(match[1], _S10_WEIGHTS, strict=True)) % 11
    return int(match[2]) == {10: 0, 11: 5}.get(remainder, remainder)


def _parses(parser: Callable[[object], object], value: JsonValue) -> bool:
    try:
        parser(value)
    except MalformedError:
        return False
    return True
