"""Who will be able to read what, before anything is signed: from the very plans that would be sealed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clients.importing import PlannedRow, Prepared
from clients.plaintext import wrap
from ledger.counting import counted
from ledger.jsontext import JsonValue
from ledger.labels import Level
from ledger.plan import describe

WIDTH = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a schedule: of so many records of a class and event, one portion, its level, fields and readers."""

    record_class: str
    event: str
    portion: str
    level: Level
    readers: tuple[str, ...]
    fields: tuple[str, ...]
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What a list will show to whom; `moved` says which fields go to the case instead, in how many records, and why."""

    lines: tuple[Line, ...]
    moved: Mapping[tuple[str, str], int]
    rows: int
    records: int


def schedule(prepared: Prepared) -> Schedule:
    """Return the schedule of a list that was read and planned."""
    moved = Counter(move for row in prepared.rows for plan in row.plans for move in plan.moved)
    return Schedule(
        lines=tuple(_lines(prepared.rows)), moved=dict(moved), rows=len(prepared.rows), records=prepared.records
    )


def render(what: Schedule, *, names: Mapping[str, str]) -> str:
    """Return a schedule as it is printed and filed; `names` are the agencies' own, by id."""
    lines = [f"WHO WILL BE ABLE TO READ WHAT · {counted(what.rows, 'row')} · {counted(what.records, 'record')}", ""]
    title = ""
    for line in what.lines:
        heading = f"{line.event} · class {line.record_class} · {counted(line.records, 'record')}"
        if heading != title:
            lines += [*([""] if title else []), heading]
            title = heading
        lines += _entry(f"({line.level.mark}) {line.portion}", ", ".join(line.readers))
        lines += _entry("", f"holds {', '.join(line.fields) or 'nothing, and looks as if it held something'}")
    lines += _moved(what.moved)
    lines += ["", "agencies"]
    for agency in sorted({reader for line in what.lines for reader in line.readers}):
        lines += _entry(agency, names.get(agency, ""))
    return "\n".join(lines) + "\n"


def to_json(what: Schedule) -> dict[str, JsonValue]:
    """Return a schedule for machines."""
    return {
        "rows": what.rows,
        "records": what.records,
        "schedule": [
            {
                "class": line.record_class,
                "event": line.event,
                "portion": line.portion,
                "level": line.level.value,
                "readers": list(line.readers),
                "fields": list(line.fields),
                "records": line.records,
            }
            for line in what.lines
        ],
        "moved": [{"field": name, "why": why, "records": count} for (name, why), count in what.moved.items()],
    }


def _lines(rows: Iterable[PlannedRow]) -> Iterator[Line]:
    counts: Counter[tuple[str, str, str, Level, tuple[str, ...]]] = Counter()
    fields: dict[tuple[str, str, str, Level, tuple[str, ...]], dict[str, None]] = {}
    for row in rows:
        for plan, draft in zip(row.plans, row.drafts, strict=True):
            for described in describe(plan):
                key = (plan.record_class, draft.event, described.portion, described.level, described.readers)
                counts[key] += 1
                fields.setdefault(key, {}).update(dict.fromkeys(described.fields))
    order = {name: place for place, name in enumerate(("item", "event", "case"))}
    for key in sorted(counts, key=lambda one: (one[0], one[1], order[one[2]])):
        record_class, event, portion, level, readers = key
        yield Line(
            record_class=record_class,
            event=event,
            portion=portion,
            level=level,
            readers=readers,
            fields=tuple(sorted(fields[key])),
            records=counts[key],
        )


def _moved(moved: Mapping[tuple[str, str], int]) -> list[str]:
    lines = ["", "moved to the case"] if moved else []
    for (name, why), count in sorted(moved.items()):
        lines += _entry(name, f"in {counted(count, 'record')}: {why}")
    return lines


def _entry(title: str, text: str) -> Sequence[str]:
    """Return a titled entry, its text in one column."""
    column = 14
    return [
        f"{title if number == 0 else '':<{column}}{line}".rstrip()
        for number, line in enumerate(wrap(text, width=WIDTH - column, indent=""))
    ]
