"""From the bytes of a list to plans of records: the one way that preview, dry run and submission all take.

Each good row gets a fingerprint: an HMAC over what it means, and over how many rows before it mean the same. So a
list sent again, sorted anew or with spaces added, is known row by row (docs/adr/0025).
"""

import datetime as dt
import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clients.lists.maps import ListMap
from clients.lists.reading import Row, Table, read_table
from clients.lists.report import Problem, Weight
from clients.lists.rows import Draft, MappedRow, check_map, map_rows
from clients.lists.values import Tables
from crypto.encoding import lp
from ledger import jsontext
from ledger.errors import LedgerError
from ledger.plan import Plan, Planner


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """A row that can be sealed: its plans, its fingerprint, and the fingerprint of its key where the map has one."""

    line: int
    plans: tuple[Plan, ...] = field(repr=False)
    drafts: tuple[Draft, ...] = field(repr=False)
    fingerprint: bytes
    key: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A list, read and planned: what would be sealed, what cannot be, and everything to look at."""

    table: Table
    rows: tuple[PlannedRow, ...]
    rejected: tuple[Row, ...]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> int:
        """Return the number of problems that keep a row out."""
        return sum(problem.weight is Weight.ERROR for problem in self.problems)

    @property
    def records(self) -> int:
        """Return the number of records the good rows give."""
        return sum(len(row.plans) for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a list is read and planned with: code tables, the planner, the home's key for rows, today's date."""

    tables: Tables
    planner: Planner
    row_key: bytes = field(repr=False)
    today: dt.date


def prepare(raw: bytes, list_map: ListMap, means: Means) -> Prepared:
    """Return the list in `raw` as plans; raise ListError only where the list as a whole cannot be read."""
    table = read_table(raw, form=list_map.form, columns=sorted(list_map.columns()))
    check_map(list_map, table)
    rows: list[PlannedRow] = []
    rejected: list[Row] = []
    problems: list[Problem] = []
    seen: Counter[bytes] = Counter()
    for original, (mapped, found) in zip(
        table.rows, map_rows(list_map, table, means.tables, today=means.today), strict=True
    ):
        plans, refused = _plan(mapped, means.planner) if mapped else ((), ())
        problems += (*found, *refused)
        if mapped is None or refused:
            rejected.append(original)
            continue
        meaning = _meaning(mapped.drafts)
        rows.append(
            PlannedRow(
                line=original.line,
                plans=plans,
                drafts=mapped.drafts,
                fingerprint=_fingerprint(means.row_key, b"row", meaning, str(seen[meaning]).encode()),
                key=_fingerprint(means.row_key, b"key", *(cell.encode() for cell in mapped.key))
                if mapped.key
                else None,
            )
        )
        seen[meaning] += 1
    return Prepared(table=table, rows=tuple(rows), rejected=tuple(rejected), problems=tuple(problems))


def _plan(mapped: MappedRow, planner: Planner) -> tuple[tuple[Plan, ...], tuple[Problem, ...]]:
    plans: list[Plan] = []
    problems: list[Problem] = []
    for draft in mapped.drafts:
        try:
            plans.append(planner.plan(event_kind=draft.event, fields=draft.fields, compartments=draft.compartments))
        except LedgerError as error:
            problems.append(_problem(mapped.row, draft.columns, error))
    return tuple(plans), tuple(dict.fromkeys(problems))


def _problem(row: Row, columns: Mapping[str, str], error: LedgerError) -> Problem:
    """Return the refusal of a field as a problem of the column it came from."""
    name, _, cause = str(error).partition(": ")
    field_name = name.partition("[")[0]
    return Problem(
        line=row.line,
        column=columns.get(field_name, ""),
        cause=f"{field_name}: {cause}" if cause else name,
        fix="correct the cell, or change what the map or the profile says of this field",
    )


def _meaning(drafts: Sequence[Draft]) -> bytes:
    return lp(
        *(
            part
            for draft in drafts
            for part in (
                draft.event,
                ",".join(sorted(one.value for one in draft.compartments)),
                jsontext.dump(dict(draft.fields)),
            )
        )
    )


def _fingerprint(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, lp(*parts), "sha256")
