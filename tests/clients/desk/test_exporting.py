"""The gate of all exports: only what was decided comes in, every row is marked, and the record of use has it first."""

import csv
import datetime as dt
import io
import json
from dataclasses import fields as members_of_class
from dataclasses import replace
from typing import get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.desk import exporting
from clients.desk.exporting import MARK_COLUMNS, Exported, Form, Recipient, Shown, export, mark_rows, take
from clients.desk.use.entries import MAX_ENTRY_BYTES, Entry
from clients.errors import HomeError, NotPermittedError
from clients.replica import StoredPortion, StoredRecord
from clients.show import banner
from clients.views import RecordView, Viewer, view_record
from crypto.digests import sha256
from crypto.encoding import b64u
from ledger.decision import Reader
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.labels import Compartment, Label, Level, Members, Purpose

ANA = Recipient(person="Ana Sá", agency="xbe-cib", purpose="TRACE", at=1_800_000_000)
CANARY = "CANARY-91f0"
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    " =1",
    "\u200b=1",
    "'=1",
    "\ufeff=1",
]


class Notes:
    """A record of use in memory."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.said: list[tuple[str, str, str]] = []

    def note(self, who: str, did: str, *of: str) -> int:
        """Keep them."""
        self.said += [(who, did, one) for one in of]
        return len(self.said) - len(of)


def viewer(clearance: Level | None = Level.RESTRICTED) -> Viewer:
    """Return somebody of the recipient's agency."""
    everybody = frozenset({"xar-arms", "xbe-cib"})
    return Viewer(
        reader=Reader(agency="xbe-cib", clearance=clearance, compartments=frozenset[Compartment]()),
        purpose=Purpose.TRACE,
        today=dt.date(2026, 1, 1),
        members=Members(versions={1: everybody}, ceilings=dict.fromkeys(everybody, Level.SECRET)),
    )


def stored(
    number: int = 1,
    *,
    levels: tuple[Level, Level] = (Level.RESTRICTED, Level.SECRET),
    note: str = "Rio",
    cav: tuple[str, ...] = (),
) -> StoredRecord:
    """Return a record of two portions."""
    portions = {}
    shown: tuple[dict[str, JsonValue], dict[str, JsonValue]] = (
        {"event.place": note},
        {"case.note": f"{CANARY} {number}"},
    )
    for name, level, values in zip(("event", "case"), levels, shown, strict=True):
        label = Label(level=level, rel=("xbe-cib",), purp=frozenset({Purpose.TRACE}), cav=cav)
        portions[name] = StoredPortion(
            portion=name, level=level, label=label.to_json(), fields=values, disclosures=(f"{CANARY} disclosure",)
        )
    return StoredRecord(
        index=number, name=StatementName("xar-arms", number.to_bytes(16, "big")), kid="xar-arms#4", iat=0, ep=1,
        sup=None, batch=9, seq=1, entry=CANARY.encode(), portions=portions,
    )  # fmt: skip


def view(one: StoredRecord | None = None, clearance: Level | None = Level.RESTRICTED) -> RecordView:
    """Return what the decision lets through."""
    return view_record(one or stored(), viewer(clearance))


def exported(*views: RecordView, form: Form = Form.CSV, notes: Notes | None = None) -> Exported:
    """Return what leaves."""
    kept = notes or Notes()
    return export(views or (view(),), form, ANA, note=kept.note, marking_text=lambda one: banner(one, "xar-arms"))


def text_of(one: Exported) -> str:
    """Return everything that leaves, whatever its form."""
    return one.raw.decode("utf-8-sig") + repr([(row.name, row.value) for rows in one.rows for row in rows])


def rows(one: Exported) -> list[dict[str, str]]:
    """Return a CSV as a spreadsheet reads it."""
    return list(csv.DictReader(io.StringIO(one.raw.decode("utf-8-sig"), newline="")))


@settings(max_examples=60)
@given(
    levels=st.lists(st.tuples(st.sampled_from([*Level]), st.sampled_from([*Level])), min_size=1, max_size=4),
    clearance=st.sampled_from([*Level, None]),
    form=st.sampled_from([*Form]),
)
def test_a_value_above_the_ceiling_is_in_no_export(
    levels: list[tuple[Level, Level]], clearance: Level | None, form: Form
) -> None:
    """For random levels, readers and forms: a canary leaves exactly where the decision shows it."""
    views = [view(stored(number, levels=pair), clearance) for number, pair in enumerate(levels)]
    views = [one for one in views if one.marking is not None]
    if not views:
        return
    left = text_of(exported(*views, form=form))
    for one in views:
        canary = f"{CANARY} {one.record.index}"
        assert (canary in left) == ("case.note" in one.fields)
    assert "disclosure" not in left


def test_the_renderers_cannot_reach_what_is_withheld() -> None:
    """By their types: the gate takes views, the renderers what was copied out of them, and neither a stored record."""
    assert get_type_hints(export)["views"].__args__ == (RecordView,)
    for render in (exporting._csv, exporting._json, exporting._print):
        assert get_type_hints(render)["shown"].__args__ == (Shown,)
    assert [one.name for one in members_of_class(Shown)] == ["record", "withheld", "fields"]


@pytest.mark.parametrize("form", [*Form])
def test_nothing_is_rendered_before_the_record_of_use_has_it(form: Form) -> None:
    """Where it cannot be written no byte leaves."""

    def full(_who: str, _did: str, _of: str) -> int:
        raise HomeError("the record of use cannot be written")

    with pytest.raises(HomeError):
        export([view()], form, ANA, note=full, marking_text=lambda _one: "R")


def test_every_record_of_a_copy_is_in_the_record_of_use() -> None:
    """In one entry: how many, a hash over the names, every name, and no value of a field."""
    notes = Notes()
    records = [stored(1), stored(2)]
    one = exported(*map(view, records), notes=notes)
    names = [str(record.name) for record in records]
    listed = b64u(sha256("\n".join(names).encode()))

    assert notes.said == [
        ("Ana Sá", "exported", f"a copy as csv of 2 records, for TRACE, list {listed}: {' '.join(names)}")
    ]
    assert "Rio" not in repr(notes.said)
    assert one.mark.copy == "xbe-cib/use/0"


def test_a_long_copy_is_noted_whole() -> None:
    """A thousand records: each name once, in entries that the record can hold and that say which list they go on with."""
    notes = Notes()
    records = [stored(number) for number in range(1_000)]
    exported(*map(view, records), notes=notes)
    texts = [of for _who, _did, of in notes.said]
    listed = b64u(sha256("\n".join(str(one.name) for one in records).encode()))

    assert [name for text in texts for name in text.partition(": ")[2].split()] == [str(one.name) for one in records]
    assert all(f"list {listed}" in text for text in texts)
    assert all(len(Entry(at=0, who="x" * 200, did="exported", of=text).format()) <= MAX_ENTRY_BYTES for text in texts)


@pytest.mark.parametrize("form", [*Form])
def test_every_row_says_whose_copy_it_is(form: Form) -> None:
    """Who, which agency, for what, when, which copy, and the marking of the whole."""
    one = exported(view(stored(1)), view(stored(2)), form=form)
    match form:
        case Form.CSV:
            marks = [{name: row[name] for name in MARK_COLUMNS} for row in rows(one)]
        case Form.JSON:
            marks = [record["export"] for record in json.loads(one.raw)["records"]]
        case Form.PRINT:
            marks = [{row.name: row.value for row in record if row.name in MARK_COLUMNS} for record in one.rows]

    assert len(marks) == 2
    assert all(mark == one.mark.members() for mark in marks)
    assert marks[0]["export_for"] == "Ana Sá, xbe-cib"
    assert marks[0]["export_at"] == "2027-01-15T08:00:00+00:00"
    assert marks[0]["export_marking"].startswith("RESTRICTED · xar-arms · REL TO xbe-cib")


def test_the_marking_is_that_of_the_whole() -> None:
    """One record at SECRET makes the whole file SECRET, and each row of it says so."""
    low, high = view(stored(1)), view(stored(2), Level.SECRET)

    assert exported(low, high).mark.marking.startswith("SECRET")


@pytest.mark.parametrize("value", FORMULAS)
def test_attack_a_formula_in_a_field(value: str) -> None:
    """No cell begins as one for any spreadsheet; the text itself is still there."""
    (row,) = rows(exported(view(stored(note=value))))

    assert row["event.place"] == f"'{value}"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_a_csv_is_read_back_as_it_was_written(value: str) -> None:
    """Quotes, commas, line ends and other scripts: one row, and the value behind its guard."""
    (row,) = rows(exported(view(stored(note=value))))

    assert row["event.place"] in {value, f"'{value}"}


def test_a_csv_is_marked_as_utf_8_and_ends_its_lines_as_it_should() -> None:
    """RFC 4180, with the mark by which spreadsheets know the encoding."""
    raw = exported().raw

    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.endswith(b"\r\n")
    assert raw.count(b"\r\n") == 2


def test_what_shows_nothing_is_not_exported() -> None:
    """Not even its name beside others: the list was made for somebody else."""
    notes = Notes()
    with pytest.raises(NotPermittedError, match="nothing of one of these records"):
        exported(view(), view(clearance=None), notes=notes)
    with pytest.raises(NotPermittedError):
        export([], Form.CSV, ANA, note=notes.note, marking_text=lambda _one: "R")

    assert notes.said == []


def test_a_record_that_nobody_may_copy_is_not_exported() -> None:
    """But for its originator: NO-COPY binds whoever reads on."""
    guarded = view(stored(cav=("NO-COPY",)))
    with pytest.raises(NotPermittedError, match="NO-COPY"):
        exported(guarded)
    own = replace(ANA, agency="xar-arms")
    noted = Notes()

    assert export([guarded], Form.JSON, own, note=noted.note, marking_text=lambda _one: "R").raw


def test_a_table_with_a_row_of_what_nobody_may_copy_does_not_leave() -> None:
    """A trace joins records: with one of another's that is NO-COPY nothing leaves, and nothing is noted as taken."""
    guarded = view(stored(cav=("NO-COPY",))).marking
    assert guarded is not None
    notes = Notes()

    def taken(recipient: Recipient) -> int:
        mark = take(recipient, of=["x"], marking=guarded, note=notes.note, marking_text=str)
        return len(mark_rows(("a",), [("b",)], mark)[1])

    with pytest.raises(NotPermittedError, match="NO-COPY"):
        taken(ANA)
    assert not notes.said
    assert taken(replace(ANA, agency="xar-arms")) == 1


def test_what_holds_no_record_stays_with_the_agency() -> None:
    """One's own words and names of records: noted, marked for whoever takes them, and for nobody beyond the agency."""
    notes = Notes()
    mark = take(ANA, of=["inquiry 7"], marking=None, note=notes.note, marking_text=str)
    heads, found = mark_rows(("a", "n"), [("b", 1)], mark)

    assert notes.said == [(ANA.person, "exported", "a copy for TRACE of inquiry 7")]
    assert heads == ("a", "n", *MARK_COLUMNS)
    assert found[0][:4] == ("b", 1, "xbe-cib/use/0", "Ana Sá, xbe-cib")
    assert found[0][-1] == "xbe-cib · ORIGINATOR ONLY"
    assert mark.words == "copy xbe-cib/use/0 · Ana Sá, xbe-cib · TRACE · 2027-01-15T08:00:00+00:00"


def test_withheld_portions_are_named_and_nothing_more() -> None:
    """A reader of the file sees that something was withheld, never how much."""
    (row,) = rows(exported())

    assert row["withheld"] == "item case"
    assert "case.note" not in row
