"""The columns of a list as a form shows them, and the MAP.toml that says the same (docs/maps.md).

A form can say less than a map: one record a row, each field from one column. A map that says more is shown as text.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clients.errors import ListError
from clients.lists.maps import DATE_PATTERNS, ListMap, Source, parse_map
from clients.lists.tables import OWN_COLUMNS
from clients.lists.values import shape_of
from ledger.eventfields import KINDS as EVENTS
from ledger.itemfields import KINDS as ITEMS
from ledger.labels import Compartment
from ledger.shapes import Leaf
from ledger.vocabulary import FIELDS

EVENT = "event.kind"
ITEM = "item.kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What an officer chose: of each column the field it fills or "", and what is the same in every row.

    `event` and `item` are empty where a column says them.
    """

    columns: Mapping[str, str]
    event: str = "recovery"
    item: str = "small_arm"
    dates: tuple[str, ...] = ("YYYY-MM-DD",)
    key: tuple[str, ...] = ()
    compartments: frozenset[Compartment] = field(default_factory=frozenset)


def fillable() -> tuple[str, ...]:
    """Return the fields that a column can fill, in the order of the vocabulary."""
    return tuple(name for name, shape in FIELDS.items() if isinstance(shape, Leaf) or name == "item.serials")


def choices_of(list_map: ListMap, header: Sequence[str]) -> Choices | None:
    """Return a map as the form shows it, or None for one that says more than the form can."""
    if len(list_map.records) != 1 or list_map.records[0].when:
        return None
    (rule,) = list_map.records
    columns = dict.fromkeys((name for name in header if name not in OWN_COLUMNS), "")
    fixed: dict[str, str] = {}
    for name, sources in {EVENT: (rule.event,), **rule.fields}.items():
        column = _column(sources)
        if column is not None and columns.get(column) == "":
            columns[column] = name
        elif name in (EVENT, ITEM) and _is_fixed(sources):
            fixed[name] = str(sources[0].value)
        else:
            return None
    return Choices(
        columns=columns,
        event=fixed.get(EVENT, ""),
        item=fixed.get(ITEM, ""),
        dates=list_map.dates,
        key=list_map.key,
        compartments=rule.compartments,
    )


def map_of(choices: Choices, *, title: str, encoding: str | None = None, delimiter: str | None = None) -> str:
    """Return the MAP.toml that says what was chosen; raise ListError for choices that contradict each other."""
    _check(choices)
    ignored = [column for column, name in choices.columns.items() if not name]
    lines = [f"title = {_spelled(title)}", f"ignore = {_spelled(ignored)}", f"key = {_spelled([*choices.key])}"]
    lines += ["", "[format]"]
    lines += [f"encoding = {_spelled(encoding)}"] if encoding else []
    lines += [f"delimiter = {_spelled(delimiter)}"] if delimiter else []
    lines += [f"dates = {_spelled([*choices.dates])}", "", "[[record]]", f"event = {_event(choices)}"]
    lines.append(f"compartments = {_spelled(sorted(one.value for one in choices.compartments))}")
    lines += ["", "[record.fields]"]
    lines += [f"{_spelled(ITEM)} = {{ value = {_spelled(choices.item)} }}"] if choices.item else []
    for column, name in choices.columns.items():
        if name not in ("", EVENT):
            lines.append(f"{_spelled(name)} = {{ column = {_spelled(column)} }}")
    text = "\n".join(lines) + "\n"
    parse_map(text)
    return text


def _check(choices: Choices) -> None:
    named = [name for name in choices.columns.values() if name]
    twice = next((name for name in named if named.count(name) > 1), None)
    unknown = next((name for name in named if shape_of(name) is None), None)
    if twice is not None or unknown is not None:
        wrong = f"two columns are to fill {twice}" if twice else "a column is to fill a field that there is not"
        raise ListError(wrong, next_step="choose one field for each column, and leave the others out")
    for name, said, known in ((EVENT, choices.event, EVENTS), (ITEM, choices.item, ITEMS)):
        if bool(said) == (name in named) or (said and said not in known):
            raise ListError(
                f"{name} is said by the form and by a column, or by neither",
                next_step=f"choose one {name} for all rows, or the column that says it",
            )
    if any(pattern not in DATE_PATTERNS for pattern in choices.dates):
        raise ListError("a way to write dates that is not known", next_step="choose one of those shown")
    if any(column not in choices.columns for column in choices.key):
        raise ListError("the key names a column that the list has not", next_step="choose among its columns")


def _column(sources: Sequence[Source]) -> str | None:
    """Return the one column that a field is read from as it is, None where it is anything else."""
    if len(sources) != 1 or sources[0].when or sources[0].table is not None or len(sources[0].columns) != 1:
        return None
    return sources[0].columns[0]


def _is_fixed(sources: Sequence[Source]) -> bool:
    return len(sources) == 1 and not sources[0].when and not sources[0].columns and isinstance(sources[0].value, str)


def _event(choices: Choices) -> str:
    column = next((column for column, name in choices.columns.items() if name == EVENT), None)
    return _spelled(choices.event) if column is None else f"{{ column = {_spelled(column)} }}"


def _spelled(value: str | Sequence[str]) -> str:
    """Return a TOML string or array: it has the escapes of JSON, and must not hold a bare DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
