"""The one gate of everything that leaves the desk: what was decided may be shown, marked with who took it.

It takes `RecordView`: what the one decision function let through for this person and purpose. A stored record, which
holds what they may not see as well, never comes here; what is rendered is copied out of the view's shown portions first
(`Shown`), and the renderers see nothing else. That it was taken is in the record of use before a byte is made.
"""

import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, assert_never

from clients.bundles import NO_COPY
from clients.desk.use.entries import of_many
from clients.errors import NotPermittedError
from clients.lists.formulas import guard
from clients.views import RecordView
from ledger.jsontext import JsonValue
from ledger.markings import Marking, join

EXPORTED = "exported"
Value = str | int | Sequence[str] | None
"""What a cell of a table holds."""
MARK_COLUMNS = ("export_copy", "export_for", "export_purpose", "export_at", "export_marking")


class Form(Enum):
    """How it is written down."""

    CSV = "csv"
    JSON = "json"
    PRINT = "print"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who takes it: a person's name, their agency, what for; `at` in POSIX seconds."""

    person: str
    agency: str
    purpose: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The recipient's mark: it stands in every row and picture, so that one that travels says whose copy it was."""

    copy: str
    recipient: Recipient
    marking: str

    def members(self) -> dict[str, str]:
        """Return the mark by the names of its columns."""
        one = self.recipient
        at = dt.datetime.fromtimestamp(one.at, dt.UTC).isoformat()
        return dict(
            zip(MARK_COLUMNS, (self.copy, f"{one.person}, {one.agency}", one.purpose, at, self.marking), strict=True)
        )

    @property
    def number(self) -> str:
        """Return the number of the entry in the record of use that the copy is called by."""
        return self.copy.rpartition("/")[2]

    @property
    def words(self) -> str:
        """Return the mark in one line, for what has no columns."""
        said = self.members()
        return " · ".join(
            [f"copy {self.copy}", *(said[name] for name in ("export_for", "export_purpose", "export_at"))]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """All that is shown of one record: its name, which portions are withheld, and the fields of the others."""

    record: str
    withheld: tuple[str, ...]
    fields: Mapping[str, JsonValue] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintRow:
    """One line of a page to print: a name and its value, both plain text."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What leaves: its bytes and content type, or rows for a page; and the mark that all of it carries."""

    mark: Mark
    content_type: str
    raw: bytes = field(default=b"", repr=False)
    rows: tuple[tuple[PrintRow, ...], ...] = field(default=(), repr=False)


class Note(Protocol):
    """The record of use."""

    def __call__(self, who: str, did: str, *of: str) -> int:
        """Keep who did something of what, in one entry or several; return the first one's number, or raise."""


def export(
    views: Sequence[RecordView],
    form: Form,
    recipient: Recipient,
    *,
    note: Note,
    marking_text: Callable[[Marking], str],
) -> Exported:
    """Return these views written down for one recipient; raise NotPermittedError where nothing of them may leave.

    What is taken is in the record of use before anything is rendered, under the number of the copy: every record's name,
    and one hash over all of them.
    """
    whole = _joined(views, recipient.agency)
    about = f"a copy as {form.value} of {len(views)} records, for {recipient.purpose}"
    number = note(recipient.person, EXPORTED, *of_many(about, [str(view.record.name) for view in views]))
    mark = Mark(copy=f"{recipient.agency}/use/{number}", recipient=recipient, marking=marking_text(whole))
    shown = [_shown(view) for view in views]
    match form:
        case Form.CSV:
            return Exported(mark=mark, content_type="text/csv; charset=utf-8", raw=_csv(shown, mark))
        case Form.JSON:
            return Exported(mark=mark, content_type="application/json", raw=_json(shown, mark))
        case Form.PRINT:
            return Exported(mark=mark, content_type="text/html; charset=utf-8", rows=tuple(_print(shown, mark)))
        case _:
            assert_never(form)


def take(
    recipient: Recipient,
    *,
    of: Sequence[str],
    marking: Marking | None,
    note: Note,
    marking_text: Callable[[Marking], str],
) -> Mark:
    """Return the mark of what was put together from several records, noted; it is to be on every row or picture of it.

    `of` says which records, in one entry of the record of use, and `marking` is their join; None where there is no record in
    it, only names and the agency's own words, which stay with the agency. Raises NotPermittedError where an originator among
    them lets nobody copy: a join does not tell which, so with one of others' nothing leaves.
    """
    if marking is not None and NO_COPY in marking.cav and marking.originators != {recipient.agency}:
        raise NotPermittedError(
            "an originator of these records lets nobody copy them (NO-COPY)",
            next_step="read them on the page, or ask their originators",
        )
    first, *others = of
    number = note(recipient.person, EXPORTED, f"a copy for {recipient.purpose} of {first}", *others)
    text = f"{recipient.agency} · ORIGINATOR ONLY" if marking is None else marking_text(marking)
    return Mark(copy=f"{recipient.agency}/use/{number}", recipient=recipient, marking=text)


def mark_rows(
    heads: Sequence[str], rows: Iterable[Sequence[Value]], mark: Mark
) -> tuple[tuple[str, ...], list[tuple[Value, ...]]]:
    """Return heads and rows of a table, each row with the recipient's mark."""
    marked = tuple(mark.members().values())
    return (*heads, *MARK_COLUMNS), [(*row, *marked) for row in rows]


def _joined(views: Sequence[RecordView], agency: str) -> Marking:
    """Return the marking of all of it; refuse what shows nothing, or what its originator lets nobody else copy."""
    markings = [view.marking for view in views if view.marking is not None]
    if not markings or len(markings) != len(views):
        raise NotPermittedError("nothing of one of these records may be shown, so it cannot be exported")
    for view, one in zip(views, markings, strict=True):
        if NO_COPY in one.cav and view.record.name.iss != agency:
            raise NotPermittedError(
                f"{view.record.name.iss} lets nobody copy this record (NO-COPY)",
                next_step="leave it out, or ask its originator",
            )
    return join(markings[0], *markings[1:])


def _shown(view: RecordView) -> Shown:
    """Return a copy of what a view shows: from here on nothing else of the record is within reach."""
    return Shown(
        record=str(view.record.name),
        withheld=tuple(portion.portion for portion in view.portions if portion.withheld),
        fields={
            name: value for portion in view.portions if not portion.withheld for name, value in portion.fields.items()
        },
    )


def _csv(shown: Sequence[Shown], mark: Mark) -> bytes:
    """Return RFC 4180, in UTF-8 with a byte order mark: without one spreadsheets read other scripts as Windows-1252."""
    names = sorted({name for one in shown for name in one.fields})
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(map(guard, ("record", "withheld", *names, *MARK_COLUMNS)))
    for one in shown:
        values = [_text(one.fields[name]) if name in one.fields else "" for name in names]
        writer.writerow(map(guard, (one.record, " ".join(one.withheld), *values, *mark.members().values())))
    return out.getvalue().encode("utf-8-sig")


def _json(shown: Sequence[Shown], mark: Mark) -> bytes:
    """Return one JSON document; every member of the list carries the mark."""
    records: list[JsonValue] = [
        {"record": one.record, "withheld": [*one.withheld], "fields": dict(one.fields), "export": {**mark.members()}}
        for one in shown
    ]
    document: JsonValue = {"export": {**mark.members()}, "records": records}
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def _print(shown: Sequence[Shown], mark: Mark) -> Iterator[tuple[PrintRow, ...]]:
    """Yield the lines of each record for a page to print, the mark beneath each."""
    for one in shown:
        lines = [("record", one.record), *((name, _text(value)) for name, value in one.fields.items())]
        lines += [(portion, "withheld") for portion in one.withheld]
        yield tuple(PrintRow(name=name, value=value) for name, value in (*lines, *mark.members().items()))


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
