"""A map is read strictly, and says which columns it leaves out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.errors import ListError
from clients.lists.maps import Condition, Test, parse_map

MAP = """
title = "Seizures"
ignore = ["remarks"]
key = ["case"]

[format]
dates = ["DD.MM.YYYY", "YYYY-MM-DD"]
delimiter = ";"

[fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }

[[record]]
event = "sale"
when = [{ column = "sold", present = true }]
[record.fields]
"event.date" = { column = "sold" }

[[record]]
event = "recovery"
when = [{ column = "state", equals = ["seized", "found"] }]
[record.fields]
"item.make" = { value = "ZZZ" }
"case.circumstances" = [
  { columns = ["a", "b"], join = "; ", when = [{ column = "a", present = true }] },
  { column = "b", table = { Yes = "linked", no = "" }, otherwise = "unknown" },
]
"""


def test_map_is_read() -> None:
    """Shared fields reach every record, a record's own field wins, and every source keeps its order."""
    found = parse_map(MAP)

    sale, recovery = found.records
    assert found.dates == ("DD.MM.YYYY", "YYYY-MM-DD")
    assert found.form.delimiter == ";"
    assert {"item.kind", "item.make", "event.date"} == set(sale.fields)
    assert recovery.fields["item.make"][0].value == "ZZZ"
    first, second = recovery.fields["case.circumstances"]
    assert first.columns == ("a", "b")
    assert second.table == {"yes": "linked", "no": ""}


def test_columns_are_accounted_for() -> None:
    """A column of the list that the map neither reads nor ignores is named, and so is one it misses."""
    found = parse_map(MAP)

    assert {"make", "sold", "state", "a", "b", "case"} == found.columns()
    assert found.unknown_columns(["make", "remarks", "colour", "sealtrace cause", "sealtrace fix"]) == ("colour",)
    assert found.missing_columns(["make"]) == ("a", "b", "case", "sold", "state")


@pytest.mark.parametrize(
    ("condition", "cell", "holds"),
    [
        (Condition(column="c", test=Test.PRESENT), "x", True),
        (Condition(column="c", test=Test.PRESENT), "  ", False),
        (Condition(column="c", test=Test.ABSENT), "  ", True),
        (Condition(column="c", test=Test.ABSENT), "x", False),
        (Condition(column="c", test=Test.EQUALS, values=("Seized",)), " SEIZED ", True),
        (Condition(column="c", test=Test.EQUALS, values=("Seized",)), "found", False),
    ],
)
def test_conditions(condition: Condition, cell: str, *, holds: bool) -> None:
    """A condition looks at one cell, blind to case and to blanks around it."""
    assert holds is condition.holds({"c": cell})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = ", "not TOML"),
        ("", r"no \[\[record\]\]"),
        ("colour = 1", "'colour'"),
        ("title = 1\n[[record]]\nevent='sale'\nfields.a.value=1", "title in the map: expected a text"),
        ("ignore = 'x'\n[[record]]\nevent='sale'\nfields.a.value=1", "ignore in the map: expected a list"),
        ("[format]\nencoding='ebcdic'\n[[record]]\nevent='sale'\nfields.a.value=1", "format.encoding"),
        ("[format]\ndelimiter='x'\n[[record]]\nevent='sale'\nfields.a.value=1", "format.delimiter"),
        ("[format]\nheader_line=0\n[[record]]\nevent='sale'\nfields.a.value=1", "format.header_line"),
        ("[format]\nheader_line=true\n[[record]]\nevent='sale'\nfields.a.value=1", "format.header_line"),
        ("[format]\ndates=['MM.DD']\n[[record]]\nevent='sale'\nfields.a.value=1", "format.dates"),
        ("[format]\ndates=[]\n[[record]]\nevent='sale'\nfields.a.value=1", "format.dates"),
        ("[[record]]\nevent='sale'", "at least one field"),
        ("[[record]]\nfields.a.value=1", "record.event"),
        ("record = [1]", "record in the map: expected a table"),
        ("[[record]]\nevent='sale'\nfields.a=[]", "expected a source"),
        ("[[record]]\nevent='sale'\nfields.a={}", "either a value or a column"),
        ("[[record]]\nevent='sale'\nfields.a={value=1,column='x'}", "either a value or a column"),
        ("[[record]]\nevent='sale'\nfields.a={column='x',otherwise=1}", "a table beside it"),
        ("[[record]]\nevent='sale'\nfields.a={column='x',table=1}", "expected a table"),
        ("[[record]]\nevent='sale'\nfields.a={colum='x'}", "'colum'"),
        ("[[record]]\nevent='sale'\nwhen=[{column='x'}]\nfields.a.value=1", "either present"),
        ("[[record]]\nevent='sale'\nwhen=[{column='x',present=true,equals='y'}]\nfields.a.value=1", "either present"),
        ("[[record]]\nevent='sale'\nwhen=[{column='x',equals=[1]}]\nfields.a.value=1", "expected a text"),
        ("x" * (1024 * 1024 + 1), "larger"),
    ],
)
def test_what_a_map_must_not_say(text: str, message: str) -> None:
    """Every mistake in a map is refused when it is read, naming the member."""
    with pytest.raises(ListError, match=message):
        parse_map(text)


@given(st.text(max_size=200))
def test_arbitrary_text_raises_only_list_errors(text: str) -> None:
    """Whatever text arrives, the answer is a map or a ListError."""
    with pytest.raises(ListError):
        parse_map(text)


@pytest.mark.parametrize(
    "text", ["x=" + "[" * 5_000, "x=" + "9" * 5_000, "\udc80"], ids=["nested", "long", "surrogate"]
)
def test_attack_a_map_that_breaks_the_reader_of_toml(text: str) -> None:
    """Nesting, numbers and letters that the library fails on are a map that cannot be read, and nothing worse."""
    with pytest.raises(ListError):
        parse_map(text)
