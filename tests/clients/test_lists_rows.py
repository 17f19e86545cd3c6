"""Rows give drafts by the map; what stands in the way is said by line, column, cause and fix."""

import datetime as dt

import pytest

from clients.errors import ListError
from clients.importing import Means, Prepared, prepare
from clients.lists.maps import parse_map
from clients.lists.proposing import propose_map
from clients.lists.reading import read_table
from clients.lists.report import Weight
from clients.lists.rows import check_map
from clients.lists.values import Tables
from clients.shippedmaps import fitting, load, names
from ledger import calibres, makes
from ledger.labels import Level, Members, MembersAt
from ledger.plan import Planner
from ledger.profiles import default_profile

MEMBERS = Members(versions={1: frozenset({"xar-arms", "xbe-cib"})}, ceilings={"xar-arms": Level.SECRET})
TABLES = Tables(makes=makes.BUILT_IN, calibres=calibres.BUILT_IN)
MEANS = Means(
    tables=TABLES,
    planner=Planner(default_profile("xar-arms", MembersAt(version=1)), MEMBERS),
    row_key=bytes(32),
    today=dt.date(2026, 11, 21),
)
MAP = """
key = ["id"]
[fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
[[record]]
event = "sale"
when = [{ column = "sold", present = true }]
fields."event.date" = { column = "sold" }
[[record]]
event = "recovery"
compartments = ["CT"]
when = [{ column = "state", equals = ["seized"] }]
fields."event.recovery" = { column = "state", table = { seized = "seized" } }
fields."case.circumstances" = { columns = ["state", "make"], join = " / " }
"""


def run(body: str, *, text: str = MAP) -> Prepared:
    """Plan a list of the columns id, make, sold, state."""
    return prepare(f"id,make,sold,state\n{body}".encode(), parse_map(text), MEANS)


def test_one_row_gives_the_records_whose_conditions_hold() -> None:
    """A sale, a recovery, both, each with the fields of its rule and the shared ones."""
    found = run("1,Taurus,2020-01-02,\n2,Taurus,,seized\n3,Taurus,2020-01-02,Seized\n")

    assert [[draft.event for draft in row.drafts] for row in found.rows] == [
        ["sale"],
        ["recovery"],
        ["sale", "recovery"],
    ]
    assert found.rows[1].drafts[0].fields["case.circumstances"] == "seized / Taurus"
    assert found.rows[1].plans[0].record_class == "sensitive"


def test_problems_name_line_column_cause_and_fix() -> None:
    """One bad date, one row no rule takes, one row too long: each by its line, the good row planned."""
    found = run("1,Taurus,soon,\n2,Taurus,,\n3,Taurus,2020-01-02,,spare\n4,Taurus,2020-01-02,\n")

    assert [(one.line, one.column) for one in found.problems] == [(2, "sold"), (3, ""), (4, "")]
    assert all(one.cause and one.fix for one in found.problems)
    assert (len(found.rows), len(found.rejected), found.errors) == (1, 3, 3)


def test_what_no_record_may_lack() -> None:
    """A record without make, serial, lot or description is refused by the ledger's own rule."""
    found = run("1,,2020-01-02,\n")

    assert found.problems[0].cause.startswith("item.make: a record needs")
    assert found.problems[0].column == ""


def test_a_field_that_is_too_long_is_named_with_its_column() -> None:
    """The planner's refusal comes back as a problem of the column it came from."""
    found = run(f"1,{'x' * 90},2020-01-02,\n")

    assert (found.problems[0].column, found.problems[0].cause.partition(":")[0]) == ("make", "item.make_text")


def test_a_future_date_is_a_warning() -> None:
    """The row goes in as written, and a person is told."""
    found = run("1,Taurus,2028-03-10,\n")

    assert [one.weight for one in found.problems] == [Weight.WARNING]
    assert len(found.rows) == 1


def test_fingerprints_follow_meaning_and_count() -> None:
    """Spaces and order change nothing, identical rows are told apart by their count, another key changes all."""
    keyless = MAP.replace('key = ["id"]', 'ignore = ["id"]')
    one = run("1,Taurus,2020-01-02,\n1,Taurus,2020-01-02,\n", text=keyless)
    other = run("1, Taurus ,2020-01-02,\n1,TAURUS,2020-01-02 00:00,\n", text=keyless)

    assert [row.fingerprint for row in one.rows] == [row.fingerprint for row in other.rows]
    assert len({row.fingerprint for row in one.rows}) == 2


def test_two_rows_of_one_key_are_refused() -> None:
    """A correction of either could take the place of the other, so the second is refused by line; blank keys are none."""
    found = run("1,Taurus,2020-01-02,\n2,Colt,2020-01-02,\n1,Colt,2020-01-03,\n,Colt,2020-01-04,\n,Colt,2020-01-05,\n")

    assert [(problem.line, problem.cause) for problem in found.problems] == [
        (4, "the columns that the map names as key hold the same as on line 2")
    ]
    assert [row.key is None for row in found.rows] == [False, False, True, True]
    assert found.rows[0].key != found.rows[1].key


@pytest.mark.parametrize(
    ("header", "text", "message"),
    [
        ("id,make,sold", MAP, "lacks the column 'state'"),
        ("id,make,sold,state,colour", MAP, "has the column 'colour'"),
        ("a", "[[record]]\nevent='party'\nfields.'item.make'.column='a'", "'party'"),
        ("a", "[[record]]\nevent='sale'\nfields.'item.colour'.column='a'", "'item.colour'"),
        ("a", "[[record]]\nevent='sale'\nfields.'event.kind'.column='a'", "'event.kind'"),
    ],
)
def test_maps_that_do_not_fit_the_list(header: str, text: str, message: str) -> None:
    """A column or field that map and vocabulary do not share is refused before any row is read."""
    with pytest.raises(ListError, match=message):
        check_map(parse_map(text), read_table(f"{header}\n".encode()))


def test_a_value_outside_the_table_is_a_problem() -> None:
    """A word the map's table does not name is not guessed."""
    text = MAP.replace('equals = ["seized"]', "present = true")
    assert run("1,Taurus,,stolen\n", text=text).problems[0].column == "state"


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Serial No.;Make;Date of seizure", "item.serials"),
        ("Número de série;Fabricante;Data da apreensão", "item.serials"),
        ("número de serie;marca;fecha", "item.make"),
        ("Numéro de série;Marque;Date", "item.make"),
        ("Серийный номер;Марка;Дата изъятия", "event.date"),
        ("الرقم التسلسلي;الماركة;التاريخ", "item.serials"),
    ],
)
def test_a_map_is_proposed_in_several_languages(header: str, field: str) -> None:
    """Known headings find their fields, the date pattern is read off the cells, and the draft is a valid map."""
    table = read_table(f"{header};?\nA1;Taurus;14.03.2021;x\nA2;Colt;15.03.2021;y\n".encode())
    proposed = parse_map(propose_map(table))

    assert field in proposed.records[0].fields
    assert proposed.dates == ("DD.MM.YYYY",)
    assert proposed.ignore == {"?"}
    check_map(proposed, table)


def test_a_heading_needed_twice_is_left_out() -> None:
    """The second column of the same meaning is shown as left out, and a list without dates gets a default pattern."""
    proposed = parse_map(propose_map(read_table(b"serial,serial number\nA1,A2\n")))

    assert proposed.ignore == {"serial number"}
    assert proposed.dates == ("YYYY-MM-DD",)


def test_shipped_maps_read_and_say_which_lists_they_fit() -> None:
    """Every shipped map is valid against the vocabulary; an unknown name is refused."""
    for name in names():
        found = load(name)
        table = read_table((",".join(sorted(found.columns() | found.ignore)) + "\n").encode())
        check_map(found, table)
        assert fitting(table) == (name,)
    with pytest.raises(ListError, match="no map"):
        load("nowhere")
