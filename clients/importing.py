"""From the bytes of a list to plans of records: the one way that preview, dry run and submission all take.

Each good row gets a fingerprint: an HMAC over what it means, and over how many rows before it mean the same. So a
list sent again, sorted anew or with spaces added, is known row by row (docs/adr/0025).
"""

import datetime as dt
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from clients.equalrows import EqualRows, told_twice
from clients.lists.maps import ListMap
from clients.lists.reading import read_table
from clients.lists.report import Problem, Weight
from clients.lists.rows import Draft, MappedRow, check_map, map_rows
from clients.lists.spoiled import zeros_lost
from clients.lists.tables import Row, Table, check_filled
from clients.lists.unread import left_unread
from clients.lists.values import Tables
from crypto.encoding import lp
from ledger import jsontext
from ledger.errors import LedgerError
from ledger.plan import Plan, Planner

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """A row that can be sealed: its plans, its fingerprint, and the fingerprint of its key where the map has one.

    `parts` says of each plan, as a fingerprint too, what kind of event it tells: a corrected row's new records take
    the places of its old ones of the same kind.
    """

    line: int
    plans: tuple[Plan, ...] = field(repr=False)
    drafts: tuple[Draft, ...] = field(repr=False)
    fingerprint: bytes
    key: bytes | None
    parts: tuple[bytes, ...] = ()


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


def prepare(
    raw: bytes, list_map: ListMap, means: Means, *, progress: Progress = lambda _done, _total: None
) -> Prepared:
    """Return the list in `raw` as plans; raise ListError only where the list as a whole cannot be read."""
    table = read_table(raw, form=list_map.form, columns=sorted(list_map.columns()))
    return prepare_table(table, list_map, means, progress=progress)


def prepare_table(
    table: Table, list_map: ListMap, means: Means, *, progress: Progress = lambda _done, _total: None
) -> Prepared:
    """Return a list that was read already as plans; raise ListError where the map is not one for it."""
    check_filled(table)
    check_map(list_map, table)
    rows: list[PlannedRow] = []
    rejected: list[Row] = []
    problems: list[Problem] = [*left_unread(table), *zeros_lost(table, list_map.records)]
    names = _RowNames(means.row_key)
    mapping = map_rows(list_map, table, means.tables, today=means.today)
    for done, (original, (mapped, found)) in enumerate(zip(table.rows, mapping, strict=True), 1):
        plans, refused = _plan(mapped, means.planner) if mapped else ((), ())
        if mapped is not None and not refused:
            refused = names.refuse_repeated_key(mapped)
        problems += (*found, *refused)
        if mapped is None or refused:
            rejected.append(original)
        else:
            row, twice = names.named(mapped, plans)
            rows.append(row)
            problems += twice
        progress(done, len(table.rows))
    return Prepared(table=table, rows=tuple(rows), rejected=tuple(rejected), problems=tuple(problems))


class _RowNames:
    """Names the rows of one list by fingerprints; counts the rows that mean the same."""

    def __init__(self, row_key: bytes) -> None:
        self._row_key = row_key
        self._equal = EqualRows(_fingerprint(row_key, b"equal rows"))
        self._keys: dict[bytes, int] = {}

    def refuse_repeated_key(self, mapped: MappedRow) -> tuple[Problem, ...]:
        """Return the problem of a row that has the key of an earlier one: a correction of either could take both."""
        key = self._key(mapped)
        if key is None:
            return ()
        earlier = self._keys.setdefault(key, mapped.row.line)
        if earlier == mapped.row.line:
            return ()
        cause = f"the columns that the map names as key hold the same as on line {earlier}"
        return (Problem(line=mapped.row.line, column="", cause=cause, fix="correct the row, or name more columns"),)

    def named(self, mapped: MappedRow, plans: tuple[Plan, ...]) -> tuple[PlannedRow, tuple[Problem, ...]]:
        """Return the row with its fingerprints, and what to look at where an earlier row says the same."""
        meaning, line = _meaning(mapped.drafts), mapped.row.line
        count, first = self._equal.met(meaning, line)
        row = PlannedRow(
            line=line,
            plans=plans,
            drafts=mapped.drafts,
            fingerprint=_fingerprint(self._row_key, b"row", meaning, str(count).encode()),
            key=self._key(mapped),
            parts=tuple(_fingerprint(self._row_key, b"event", draft.event.encode()) for draft in mapped.drafts),
        )
        return row, (told_twice(mapped.drafts, line=line, first=first),) if count else ()

    def _key(self, mapped: MappedRow) -> bytes | None:
        if not any(cell.strip() for cell in mapped.key):
            return None
        return _fingerprint(self._row_key, b"key", *(cell.encode() for cell in mapped.key))


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
