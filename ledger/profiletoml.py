"""The profile as a file that a person reads and edits: TOML (docs/vocabulary.md, 6; ADR 0017).

The file is an agency's own and is never signed or sent, so its reader is kind about order and spacing, and strict
about everything that decides: unknown keys, codes and fields are refused, and a label always says level, rel and purp.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TypeVar

from ledger.errors import LabelError
from ledger.jsontext import JsonValue
from ledger.labels import Compartment, Label, Level, label_from_json
from ledger.profiles import ALONE, FieldRule, Profile, RecordClass, Stricter
from ledger.recordform import PORTIONS
from ledger.slips import Hit

TYP = "sealtrace/v1/profile"
MAX_PROFILE_BYTES = 65_536

_LABEL_MEMBERS = ("level", "rel", "comp", "purp", "cav", "eval", "review_by", "expires", "native")
_CLASS_KEYS = ("name", "events", "compartments", "hit", *PORTIONS)
_BARE = re.compile(r"[A-Za-z0-9_-]+")

_Code = TypeVar("_Code", bound=Enum)
_Table = Mapping[str, JsonValue]


def profile_from_toml(text: str) -> Profile:
    """Return the profile that `text` spells; raise LabelError, naming the place, for anything else."""
    if len(text) > MAX_PROFILE_BYTES:
        raise LabelError(f"profile: a file of more than {MAX_PROFILE_BYTES:,} characters")
    try:
        document: JsonValue = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise LabelError("profile: not a TOML file") from error
    top = _table(document, "profile", required=("typ", "agency", "class", "ceilings"), optional=("alone", "markings"))
    if top["typ"] != TYP:
        raise LabelError(f"profile: typ is not {TYP}")
    return Profile(
        agency=_text(top["agency"], "agency"),
        classes=tuple(_class(row, f"class {number}") for number, row in enumerate(_list(top["class"], "class"), 1)),
        markings=_levels(top.get("markings", {}), "markings"),
        ceilings=_levels(top["ceilings"], "ceilings"),
        alone=_code(Level, top.get("alone", ALONE.value), "alone"),
    )


def to_toml(profile: Profile) -> str:
    """Return the file that spells `profile`; reading it gives an equal profile."""
    return "\n".join(_lines(profile)) + "\n"


def _class(row: JsonValue, where: str) -> RecordClass:
    table = _table(row, where, required=_CLASS_KEYS, optional=("fields",))
    hits = _open_table(table["hit"], f"{where}.hit")
    rules = _open_table(table.get("fields", {}), f"{where}.fields")
    compartments = _list(table["compartments"], f"{where}.compartments")
    return RecordClass(
        name=_text(table["name"], f"{where}.name"),
        events=frozenset(_text(kind, f"{where}.events") for kind in _list(table["events"], f"{where}.events")),
        compartments=frozenset(_code(Compartment, one, f"{where}.compartments") for one in compartments),
        labels={portion: _label(table[portion], f"{where}.{portion}") for portion in PORTIONS},
        hit={kind: _code(Hit, policy, f"{where}.hit") for kind, policy in hits.items()},
        fields={name: _rule(rule, f"{where}.fields") for name, rule in rules.items()},
    )


def _rule(value: JsonValue, where: str) -> FieldRule:
    table = dict(_open_table(value, where))
    stricter = _code(Stricter, table.pop("stricter", None), f"{where}.stricter")
    return FieldRule(label=_label(table, where), stricter=stricter)


def _label(value: JsonValue, where: str) -> Label:
    """Return the label a person wrote in any order, comp and cav left out where empty."""
    table = _table(value, where, required=("level", "rel", "purp"), optional=_LABEL_MEMBERS)
    whole: _Table = {"comp": [], "cav": [], **table}
    try:
        return label_from_json({name: _sorted(whole[name]) for name in _LABEL_MEMBERS if name in whole})
    except LabelError as error:
        raise LabelError(f"{where}: {error}") from error


def _sorted(value: JsonValue) -> JsonValue:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [*sorted(str(item) for item in value)]
    return value


def _levels(value: JsonValue, where: str) -> dict[str, Level]:
    return {name: _code(Level, level, where) for name, level in _open_table(value, where).items()}


def _open_table(value: JsonValue, where: str) -> _Table:
    if not isinstance(value, dict):
        raise LabelError(f"{where}: expected a table")
    return value


def _table(value: JsonValue, where: str, *, required: tuple[str, ...], optional: tuple[str, ...]) -> _Table:
    table = _open_table(value, where)
    if not set(required) <= table.keys() <= {*required, *optional}:
        raise LabelError(f"{where}: expected the keys {', '.join(required)}; optional: {', '.join(optional)}")
    return table


def _list(value: JsonValue, where: str) -> list[JsonValue]:
    if not isinstance(value, list):
        raise LabelError(f"{where}: expected a list")
    return value


def _text(value: JsonValue, where: str) -> str:
    if not isinstance(value, str):
        raise LabelError(f"{where}: expected a text")
    return value


def _code(kind: type[_Code], value: JsonValue, where: str) -> _Code:
    try:
        return kind(value)
    except ValueError as error:
        raise LabelError(f"{where}: expected one of {', '.join(str(code.value) for code in kind)}") from error


def _lines(profile: Profile) -> Iterator[str]:
    yield f"typ = {_quoted(TYP)}"
    yield f"agency = {_quoted(profile.agency)}"
    if profile.alone is not ALONE:
        yield f"alone = {_quoted(profile.alone.value)}"
    yield from _section("ceilings", {name: level.value for name, level in profile.ceilings.items()})
    yield from _section("markings", {name: level.value for name, level in profile.markings.items()})
    for one in profile.classes:
        yield from _class_lines(one)


def _class_lines(one: RecordClass) -> Iterator[str]:
    yield ""
    yield "[[class]]"
    yield f"name = {_quoted(one.name)}"
    yield f"events = {_value([*sorted(one.events)])}"
    yield f"compartments = {_value([*sorted(code.value for code in one.compartments)])}"
    yield from _section("class.hit", {kind: policy.value for kind, policy in one.hit.items()})
    for portion in PORTIONS:
        yield from _section(f"class.{portion}", one.labels[portion].to_json())
    for name, rule in one.fields.items():
        members: _Table = {"stricter": rule.stricter.value, **rule.label.to_json()}
        yield from _section(f"class.fields.{_quoted(name)}", members)


def _section(title: str, members: Mapping[str, JsonValue]) -> Iterator[str]:
    yield ""
    yield f"[{title}]"
    for name, value in members.items():
        key = name if _BARE.fullmatch(name) else _quoted(name)
        yield f"{key} = {_value(value)}"


def _value(value: JsonValue) -> str:
    return f"[{', '.join(_quoted(str(item)) for item in value)}]" if isinstance(value, list) else _quoted(str(value))


def _quoted(text: str) -> str:
    """Return a TOML basic string: it has the escapes of JSON, and must not hold a bare DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
