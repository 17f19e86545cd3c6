"""One event as it is typed into a form: a list of one row, read by a map of its own.

So it becomes the same draft, plan and record as a row of any list: there is no second way to a seal.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from clients.importing import Means, Prepared, prepare_table
from clients.lists.maps import ListMap, RecordRule, Source
from clients.lists.report import Problem
from clients.lists.tables import Format, Row, Table
from ledger import jsontext
from ledger.errors import LabelError
from ledger.itemfields import CONDITIONS, SERIAL_KINDS, SERIAL_LOCATIONS
from ledger.labels import Compartment
from ledger.profiles import Profile
from ledger.serials import Condition, read_marks
from ledger.shapes import Leaf
from ledger.vocabulary import FIELDS

# What INTERPOL and ATF ask of every trace request; each is given, or said to be unknown (docs/vocabulary.md, 2).
FIVE = ("item.make", "item.model", "item.calibre", "item.serials", "item.country_of_manufacture")
MAX_SERIALS = 8
_NOWHERE = "ZZZ"
_DATES = ("YYYY-MM-DD", "EDTF")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedSerial:
    """A number as typed, where it stands and in what state; the last three are codes, or "" for what was not said."""

    as_marked: str = field(repr=False)
    location: str = ""
    kind: str = ""
    condition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What the form says: texts by field, the serials, which of the five are unknown, class and compartments."""

    fields: Mapping[str, str] = field(repr=False)
    serials: tuple[TypedSerial, ...] = ()
    unknown: frozenset[str] = frozenset()
    record_class: str = ""
    compartments: frozenset[Compartment] = frozenset()

    def to_json(self) -> bytes:
        """Return the event as it is kept until it is sent."""
        value = {
            "fields": dict(self.fields),
            "serials": [asdict(one) for one in self.serials],
            "unknown": sorted(self.unknown),
            "record_class": self.record_class,
            "compartments": sorted(one.value for one in self.compartments),
        }
        return json.dumps(value, ensure_ascii=False).encode()


def parse_event(raw: bytes) -> Event:
    """Return the event that `to_json` kept."""
    value = json.loads(raw)
    return Event(
        fields=value["fields"],
        serials=tuple(TypedSerial(**one) for one in value["serials"]),
        unknown=frozenset(value["unknown"]),
        record_class=value["record_class"],
        compartments=frozenset(Compartment(one) for one in value["compartments"]),
    )


def typed_fields() -> tuple[str, ...]:
    """Return the fields that the form has a box for: those of one value; lists of persons and marks come by list."""
    return tuple(name for name, shape in FIELDS.items() if isinstance(shape, Leaf))


def event_list(event: Event) -> tuple[Table, ListMap]:
    """Return an event as a list of one row, its columns the fields, and the map that reads it."""
    cells = {name: text for name, text in event.fields.items() if text.strip() and name not in event.unknown}
    if "item.country_of_manufacture" in event.unknown:
        cells["item.country_of_manufacture"] = _NOWHERE
    sources = {name: (Source(columns=(name,)),) for name in cells if name != "event.kind"}
    table = Table(
        header=tuple(cells), header_line=1, rows=(Row(line=1, cells=tuple(cells.values())),), source="the form"
    )
    rule = RecordRule(
        event=Source(columns=("event.kind",)) if "event.kind" in cells else Source(value=""),
        when=(),
        fields={**sources, **_serials(event)},
        compartments=event.compartments,
    )
    form = ListMap(title="", form=Format(), dates=_DATES, records=(rule,), ignore=frozenset(), key=())
    return table, form


def prepare_event(event: Event, means: Means, profile: Profile) -> Prepared:
    """Return an event as planned, or with the problems of its fields: each names one in `column`."""
    missing = tuple(_missing(event, profile))
    if missing:
        table, _ = event_list(event)
        return Prepared(table=table, rows=(), rejected=table.rows, problems=missing)
    prepared = prepare_table(*event_list(event), means)
    placed = tuple(_placed(one) for one in prepared.problems)
    return Prepared(table=prepared.table, rows=prepared.rows, rejected=prepared.rejected, problems=placed)


def _serials(event: Event) -> dict[str, tuple[Source, ...]]:
    """Return the sources of serials and condition: typed apart, so each keeps what the officer said of it."""
    if "item.serials" in event.unknown:
        return {}
    marks = [mark for one in event.serials for mark in _marks(one)][:MAX_SERIALS]
    if not marks:
        return {}
    found: dict[str, tuple[Source, ...]] = {"item.serials": (Source(value=[*marks]),)}
    if not event.fields.get("item.condition", "").strip():
        found["item.condition"] = (Source(value=marks[0]["condition"]),)
    return found


def _marks(typed: TypedSerial) -> Iterator[dict[str, jsontext.JsonValue]]:
    """Yield the marks in one box. A wording for a missing number stays what it says, whatever was chosen beside it."""
    for mark in read_marks(typed.as_marked):
        said: dict[str, jsontext.JsonValue] = {**mark.to_json()}
        said["location"] = typed.location or mark.location.value
        said["kind"] = typed.kind or mark.kind.value
        if mark.number and typed.condition:
            said["condition"] = typed.condition
        elif mark.number and mark.condition is Condition.NOT_RECORDED:
            said["condition"] = Condition.LEGIBLE.value
        yield said


def _missing(event: Event, profile: Profile) -> Iterator[Problem]:
    """Yield what the form asks beyond what a record needs: nobody leaves one of the five out without saying so."""
    for name in FIVE:
        given = any(one.as_marked.strip() for one in event.serials) if name == "item.serials" else None
        given = bool(event.fields.get(name, "").strip()) if given is None else given
        if not given and name not in event.unknown:
            yield _problem(name, "this is missing", "enter it, or say that it is unknown")
        if given and name in event.unknown:
            yield _problem(name, "this is given, and said to be unknown", "clear one of the two")
    for name in ("item.kind", "event.kind"):
        if not event.fields.get(name, "").strip():
            yield _problem(name, "this is missing", "choose one")
    for one in event.serials:
        for said, codes in ((one.location, SERIAL_LOCATIONS), (one.kind, SERIAL_KINDS), (one.condition, CONDITIONS)):
            if said and said not in codes:
                yield _problem("item.serials", "a code that is not known", "choose one of those shown")
    if len([one for one in event.serials if one.as_marked.strip()]) > MAX_SERIALS:
        yield _problem("item.serials", f"a record holds at most {MAX_SERIALS} serials", "enter a further record")
    yield from _wrong_class(event, profile)


def _wrong_class(event: Event, profile: Profile) -> Iterator[Problem]:
    """Yield a problem where the profile seals the event by another class than the officer chose."""
    kind = event.fields.get("event.kind", "").strip()
    if not kind:
        return
    try:
        found = profile.class_for(event_kind=kind, compartments=event.compartments).name
    except LabelError as error:
        yield _problem("record_class", str(error), "choose another class, or other compartments")
        return
    if found != event.record_class:
        yield _problem(
            "record_class",
            f"in these compartments the profile seals such an event as {found}",
            f"choose {found}, or other compartments",
        )


def _placed(problem: Problem) -> Problem:
    """Return a problem at its field: what the planner refuses is named in its cause where no column was read."""
    name = problem.column or problem.cause.partition(":")[0].partition("[")[0]
    return _problem(name, problem.cause.removeprefix(f"{name}: "), problem.fix, like=problem)


def _problem(name: str, cause: str, fix: str, *, like: Problem | None = None) -> Problem:
    known: Sequence[str] = (*FIELDS, "record_class")
    column = name if name in known else ""
    if like is None:
        return Problem(line=1, column=column, cause=cause, fix=fix)
    return Problem(line=1, column=column, cause=cause, fix=fix, weight=like.weight)
