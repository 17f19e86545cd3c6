"""From a list to plans: the same for preview, dry run and submission; each row known by what it says."""

import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.errors import ListError
from clients.importing import Means, Prepared, prepare
from clients.lists.maps import parse_map
from clients.lists.values import Tables
from clients.preview import render, schedule, to_json
from ledger import calibres, makes
from ledger.labels import Level, Members, MembersAt
from ledger.plan import Planner
from ledger.profiles import default_profile
from tests.support.workbooks import workbook

MEMBERS = Members(
    versions={1: frozenset({"xar-arms", "xbe-cib"})}, ceilings={"xar-arms": Level.SECRET, "xbe-cib": Level.SECRET}
)
MEANS = Means(
    tables=Tables(makes=makes.BUILT_IN, calibres=calibres.BUILT_IN),
    planner=Planner(default_profile("xar-arms", MembersAt(version=1)), MEMBERS),
    row_key=bytes(32),
    today=dt.date(2026, 11, 21),
)
MAP = """
key = ["id"]
[fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
"item.description" = { column = "text" }
[[record]]
event = "sale"
when = [{ column = "sold", present = true }]
fields."event.date" = { column = "sold" }
[[record]]
event = "recovery"
fields."case.circumstances" = { column = "note" }
"""
HEADER = ("id", "make", "text", "sold", "note")


def plan(*rows: tuple[str, ...], means: Means = MEANS, text: str = MAP) -> Prepared:
    """Return a list as planned."""
    return prepare(workbook_free(rows), parse_map(text), means)


def workbook_free(rows: tuple[tuple[str, ...], ...]) -> bytes:
    """Return rows as a CSV."""
    out = io.StringIO()
    for row in (HEADER, *rows):
        out.write(",".join(f'"{cell}"' for cell in row) + "\n")
    return out.getvalue().encode()


ROW = ("1", "Taurus", "worn", "2020-01-02", "seen")


def test_a_row_is_planned_as_the_records_it_gives() -> None:
    """A sale and a recovery, their fingerprints of kind apart, in the map's order."""
    found = plan(ROW)
    (row,) = found.rows

    assert (found.records, found.errors, len(row.parts)) == (2, 0, 2)
    assert row.parts[0] != row.parts[1]
    assert [draft.event for draft in row.drafts] == ["sale", "recovery"]


def test_the_kinds_of_all_rows_have_the_same_fingerprints() -> None:
    """So that a recovery corrected takes the place of a recovery."""
    one, two = plan(ROW, ("2", "Colt", "x", "", "y")).rows

    assert two.parts == one.parts[1:]


def test_a_workbook_and_a_csv_of_one_list_are_the_same_rows() -> None:
    """Saved by another program, sent again: every row is known."""
    raw = workbook([HEADER, ("1", "Taurus", "worn", dt.date(2020, 1, 2), "seen")])
    found = prepare(raw, parse_map(MAP), MEANS)

    assert [row.fingerprint for row in found.rows] == [row.fingerprint for row in plan(ROW).rows]


@given(st.permutations([("1", "Taurus", "a", "", ""), ("2", "Colt", "b", "", ""), ("3", "FN", "c", "", "")]))
def test_a_list_sorted_anew_has_the_same_rows(rows: list[tuple[str, ...]]) -> None:
    """Order is no part of what a row says."""
    assert {row.fingerprint for row in plan(*rows).rows} == {row.fingerprint for row in plan(*sorted(rows)).rows}


@pytest.mark.parametrize("column", range(1, len(HEADER)))
def test_any_change_of_what_a_row_says_changes_its_fingerprint(column: int) -> None:
    """Make, text, date, note: each is part of the row; its key stays the same."""
    changed = tuple(
        "2021-01-02" if at == column == 3 else "other" if at == column else cell for at, cell in enumerate(ROW)
    )
    (before,), (after,) = plan(ROW).rows, plan(changed).rows

    assert before.fingerprint != after.fingerprint
    assert before.key == after.key


def test_another_home_knows_nothing_of_the_rows() -> None:
    """Fingerprints, keys and kinds are under a key of the home: they can be compared with nobody else's."""
    other = Means(tables=MEANS.tables, planner=MEANS.planner, row_key=b"\1" * 32, today=MEANS.today)
    (mine,), (theirs,) = plan(ROW).rows, plan(ROW, means=other).rows

    assert {mine.fingerprint, mine.key, *mine.parts}.isdisjoint({theirs.fingerprint, theirs.key, *theirs.parts})


def test_a_field_that_its_profile_refuses_is_named_with_its_column() -> None:
    """Line, column, cause and fix; the cell is not quoted; the others are planned."""
    found = plan(ROW, ("2", "Colt", "canary" * 400, "", ""))
    (problem,) = found.problems

    assert (problem.line, problem.column) == (3, "text")
    assert "item.description" in problem.cause
    assert "canary" not in problem.cause + problem.fix
    assert (len(found.rows), [row.line for row in found.rejected], found.errors) == (1, [3], 1)


def test_progress_is_told_row_by_row() -> None:
    """Up to the last one, refused or not."""
    told: list[tuple[int, int]] = []
    raw = workbook_free((ROW, ("2", "Colt", "canary" * 400, "", "")))
    prepare(raw, parse_map(MAP), MEANS, progress=lambda done, total: told.append((done, total)))

    assert told == [(1, 2), (2, 2)]


def test_a_map_for_other_columns_is_refused_as_a_whole() -> None:
    """Before any row is looked at."""
    with pytest.raises(ListError, match="lacks the column"):
        prepare(b"a,b\n1,2\n", parse_map(MAP), MEANS)


def test_the_preview_counts_the_very_plans() -> None:
    """Class, event, portion, readers and fields, of as many records as would be sealed."""
    found = schedule(plan(ROW, ("2", "Colt", "x", "", "y")))
    lines = {(line.event, line.portion): line for line in found.lines}

    assert (found.rows, found.records) == (2, 3)
    assert lines["recovery", "item"].records == 2
    assert lines["sale", "item"].records == 1
    assert lines["recovery", "item"].readers == ("xar-arms", "xbe-cib")
    assert lines["recovery", "case"].readers == ("xar-arms",)


def test_the_preview_says_that_an_empty_portion_looks_full() -> None:
    """A sale's case holds nothing, and nobody will see that."""
    text = render(schedule(plan(("1", "Taurus", "", "2020-01-02", ""))), names={"xar-arms": "Arms Office"})

    assert "looks as if it held something" in " ".join(text.split())
    assert "Arms Office" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_preview_holds_no_content() -> None:
    """It is filed and passed around: names of fields, never what is in them."""
    found = schedule(plan(("1", "Taurus", "canary-1", "2020-01-02", "canary-2")))

    assert "canary" not in render(found, names={}) + str(to_json(found))


def test_no_content_is_shown_by_accident() -> None:
    """A repr ends in a log."""
    assert "Taurus" not in repr(plan(ROW).rows[0])
    assert bytes(32).hex() not in repr(MEANS)
