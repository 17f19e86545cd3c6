"""MAP.toml: which column of a list becomes which field of which record (docs/maps.md).

A map is read strictly: a member it does not know, a field without a source, a condition that says nothing is
refused when the map is read, not when the ten-thousandth row meets it.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from clients.errors import ListError
from clients.lists.csvtext import DELIMITERS, ENCODINGS
from clients.lists.tables import OWN_COLUMNS, Format
from ledger.jsontext import JsonValue
from ledger.labels import Compartment

MAX_MAP_CHARACTERS = 1024 * 1024
DATE_EXAMPLES: Mapping[str, str] = {
    "YYYY-MM-DD": "2026-03-17",
    "DD.MM.YYYY": "17.03.2026",
    "DD/MM/YYYY": "17/03/2026",
    "DD-MM-YYYY": "17-03-2026",
    "MM/DD/YYYY": "03/17/2026",
    "YYYY/MM/DD": "2026/03/17",
    "YYYYMMDD": "20260317",
    "D MONTH YYYY": "17 March 2026",
    "MONTH D YYYY": "March 17, 2026",
    "EDTF": "2026-03?",
}
"""The ways to write a date that a map may name, each by an example. A month may be named in the languages of `monthnames`."""
DATE_PATTERNS = tuple(DATE_EXAMPLES)

_NEXT = "correct the map, or delete it and let `sealtrace submit` propose one"


class Test(Enum):
    """What a condition asks of a cell."""

    __test__ = False  # pytest: this is no test class

    PRESENT = "present"
    ABSENT = "absent"
    EQUALS = "equals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition on a row; all conditions of a rule must hold."""

    column: str
    test: Test
    values: tuple[str, ...] = ()

    def holds(self, cells: Mapping[str, str]) -> bool:
        """Say whether the row with these `cells` meets the condition."""
        cell = cells[self.column].strip()
        match self.test:
            case Test.PRESENT:
                return bool(cell)
            case Test.ABSENT:
                return not cell
            case Test.EQUALS:
                return cell.casefold() in {value.casefold() for value in self.values}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a field's value comes from: a fixed value, or the text of one or more columns, looked up or as it is."""

    value: JsonValue = None
    columns: tuple[str, ...] = ()
    join: str = " "
    table: Mapping[str, JsonValue] | None = None
    otherwise: JsonValue = None
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRule:
    """One record that a row gives when its conditions hold; `event` is its kind, fixed or from a column."""

    event: Source
    when: tuple[Condition, ...]
    fields: Mapping[str, tuple[Source, ...]]
    compartments: frozenset[Compartment] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMap:
    """A map: the file's form, the records a row gives, the columns left out on purpose, the columns that name a row."""

    title: str
    form: Format
    dates: tuple[str, ...]
    records: tuple[RecordRule, ...]
    ignore: frozenset[str]
    key: tuple[str, ...]

    def columns(self) -> frozenset[str]:
        """Return every column that the map reads."""
        return frozenset(self._columns())

    def _columns(self) -> Iterator[str]:
        yield from self.key
        for record in self.records:
            yield from (condition.column for condition in record.when)
            yield from record.event.columns
            for sources in record.fields.values():
                for source in sources:
                    yield from source.columns
                    yield from (condition.column for condition in source.when)

    def unknown_columns(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the columns of `header` that the map neither reads nor leaves out on purpose."""
        known = self.columns() | self.ignore | OWN_COLUMNS
        return tuple(name for name in header if name not in known)

    def missing_columns(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that the map reads and `header` has not."""
        return tuple(sorted(self.columns() - set(header)))


def parse_map(text: str) -> ListMap:
    """Return the map that `text` (TOML) spells; raise ListError naming the member that is wrong."""
    if len(text) > MAX_MAP_CHARACTERS:
        raise ListError(f"the map is larger than {MAX_MAP_CHARACTERS:,} characters", next_step=_NEXT)
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # beside its own error: numbers and nesting that are too long
        raise ListError(f"the map is not TOML: {error}", next_step=_NEXT) from error
    _only(data, "the map", "title", "ignore", "key", "format", "fields", "record")
    form = _table(data.get("format", {}), "format")
    _only(form, "format", "encoding", "delimiter", "header_line", "dates")
    shared = _fields(data.get("fields", {}), "fields")
    records = tuple(_record(item, shared) for item in _array(data.get("record", []), "record"))
    if not records:
        raise ListError("the map has no [[record]]", next_step=_NEXT)
    return ListMap(
        title=_text(data.get("title", ""), "title"),
        form=_form(form),
        dates=_dates(form.get("dates", ["YYYY-MM-DD"])),
        records=records,
        ignore=frozenset(_texts(data.get("ignore", []), "ignore")),
        key=_texts(data.get("key", []), "key"),
    )


def _form(form: Mapping[str, Any]) -> Format:
    encoding, delimiter, line = form.get("encoding"), form.get("delimiter"), form.get("header_line")
    if encoding is not None and encoding not in ENCODINGS:
        raise _wrong("format.encoding", f"one of {', '.join(ENCODINGS)}")
    if delimiter is not None and delimiter not in DELIMITERS:
        raise _wrong("format.delimiter", "a comma, a semicolon, a tab or a bar")
    if line is not None and (not isinstance(line, int) or isinstance(line, bool) or line < 1):
        raise _wrong("format.header_line", "a line number")
    return Format(encoding=encoding, delimiter=delimiter, header_line=line)


def _dates(value: Any) -> tuple[str, ...]:
    patterns = _texts(value, "format.dates")
    if not patterns or any(pattern not in DATE_PATTERNS for pattern in patterns):
        raise _wrong("format.dates", f"one or more of {', '.join(DATE_PATTERNS)}")
    return patterns


def _record(item: Any, shared: Mapping[str, tuple[Source, ...]]) -> RecordRule:
    record = _table(item, "record")
    _only(record, "record", "event", "when", "fields", "compartments")
    fields = {**shared, **_fields(record.get("fields", {}), "record.fields")}
    if not fields:
        raise _wrong("record.fields", "at least one field")
    return RecordRule(
        event=_event(record.get("event")),
        when=_conditions(record.get("when", []), "record.when"),
        fields=fields,
        compartments=_compartments(record.get("compartments", [])),
    )


def _event(value: Any) -> Source:
    return _source(value, "record.event") if isinstance(value, dict) else Source(value=_text(value, "record.event"))


def _compartments(value: Any) -> frozenset[Compartment]:
    names = _texts(value, "record.compartments")
    if any(name not in Compartment.__members__ for name in names):
        raise _wrong("record.compartments", f"some of {', '.join(Compartment.__members__)}")
    return frozenset(Compartment[name] for name in names)


def _fields(value: Any, where: str) -> dict[str, tuple[Source, ...]]:
    return {name: _sources(item, f"{where}.{name}") for name, item in _table(value, where).items()}


def _sources(value: Any, where: str) -> tuple[Source, ...]:
    """Return the sources of a field: one table, or a list of which the first that gives something counts."""
    items = value if isinstance(value, list) else [value]
    if not items:
        raise _wrong(where, "a source")
    return tuple(_source(_table(item, where), where) for item in items)


def _source(item: Mapping[str, Any], where: str) -> Source:
    _only(item, where, "value", "column", "columns", "join", "table", "otherwise", "when")
    columns = _texts(item.get("columns", []), f"{where}.columns")
    if "column" in item:
        columns = (_text(item["column"], f"{where}.column"), *columns)
    if ("value" in item) == bool(columns):
        raise _wrong(where, "either a value or a column")
    table = item.get("table")
    if "otherwise" in item and table is None:
        raise _wrong(f"{where}.otherwise", "a table beside it")
    return Source(
        value=item.get("value"),
        columns=columns,
        join=_text(item.get("join", " "), f"{where}.join"),
        table=None if table is None else {key.casefold(): cell for key, cell in _table(table, where).items()},
        otherwise=item.get("otherwise"),
        when=_conditions(item.get("when", []), f"{where}.when"),
    )


def _conditions(value: Any, where: str) -> tuple[Condition, ...]:
    return tuple(_condition(_table(item, where), where) for item in _array(value, where))


def _condition(item: Mapping[str, Any], where: str) -> Condition:
    _only(item, where, "column", "present", "equals")
    column = _text(item.get("column"), f"{where}.column")
    match item.get("present"), item.get("equals"):
        case True, None:
            return Condition(column=column, test=Test.PRESENT)
        case False, None:
            return Condition(column=column, test=Test.ABSENT)
        case None, str() | list() as values:
            texts = _texts([values] if isinstance(values, str) else values, f"{where}.equals")
            return Condition(column=column, test=Test.EQUALS, values=texts)
        case _:
            raise _wrong(where, "either present = true or false, or equals = a text or texts")


def _only(item: Mapping[str, Any], where: str, *names: str) -> None:
    for name in item:
        if name not in names:
            raise ListError(f"{where} has a member {name!r} that maps do not know", next_step=_NEXT)


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(where, "a table")
    return value


def _array(value: Any, where: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise _wrong(where, "a list")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    return tuple(_text(item, where) for item in _array(value, where))


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, "a text")
    return value


def _wrong(where: str, expected: str) -> ListError:
    return ListError(f"{where} in the map: expected {expected}", next_step=_NEXT)
