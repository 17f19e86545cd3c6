"""JSON Lines: one object a line, texts as they are, numbers as they are spelled."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.errors import ListError
from clients.lists.reading import read_table
from clients.lists.tables import MAX_CELL_CHARACTERS, Format
from tests.support.workbooks import workbook


def cells(text: str) -> list[tuple[str, ...]]:
    """Return the rows of a list as texts."""
    return [row.cells for row in read_table(text.encode()).rows]


def test_members_are_columns_in_the_order_they_first_occur() -> None:
    """A member that comes late is a column too; a row without it has an empty cell."""
    table = read_table(b'{"serial":"A1","make":"Colt"}\n{"make":"FN","date":"2021"}\n')

    assert table.header == ("serial", "make", "date")
    assert [row.cells for row in table.rows] == [("A1", "Colt", ""), ("", "FN", "2021")]
    assert table.source == "JSON Lines"


def test_line_numbers_are_those_of_the_file() -> None:
    """Blank lines, and lines that say nothing, count as lines and not as rows."""
    table = read_table(b'\n{"a":"1"}\n\n{"a":""}\r\n{"a":"2"}')

    assert [(row.line, row.cells) for row in table.rows] == [(2, ("1",)), (5, ("2",))]


def test_numbers_keep_their_spelling() -> None:
    """12.50 stays 12.50, a long number keeps its digits, a quoted zero leads; true, false and null are words."""
    text = '{"a":"007","b":12.50,"c":12345678901234567890,"d":1e3,"e":true,"f":false,"g":null}'

    assert cells(text) == [("007", "12.50", "12345678901234567890", "1e3", "true", "false", "")]


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"  \n", b""])
def test_a_list_is_known_by_its_first_brace(mark: bytes) -> None:
    """With a byte order mark or blanks before it, too."""
    assert read_table(mark + b'{"a":"1"}').header == ("a",)


def test_a_map_may_name_encodings_and_header_lines_of_its_other_files() -> None:
    """A header line means nothing here; the encoding is used."""
    form = Format(encoding="utf-8", header_line=3, delimiter=";")

    table = read_table('{"a":"é"}'.encode(), form=form)
    assert (table.rows[0].cells, table.delimiter) == (("é",), ";")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a":"1"}\n["a"]\n', "line 2 is no JSON object"),
        ('{"a":"1"}\n"a"\n', "line 2 is no JSON object"),
        ('{"a":"1"}\n7\n', "line 2 is no JSON object"),
        ('{"a":"1"}{"a":"2"}\n', "line 1 is no JSON object"),
        ('{"a":"1","a":"2"}\n', "line 1 is no JSON object"),
        ('{"a":["1"]}\n', "line 1 is no JSON object"),
        ('{"a":{"b":"1"}}\n', "line 1 is no JSON object"),
        ('{"a":NaN}\n', "line 1 is no JSON object"),
        ('{"a":Infinity}\n', "line 1 is no JSON object"),
        ('{"a":"\\ud800"}\n', "line 1 is no JSON object"),
        ('{"\\ud800":"a"}\n', "line 1 is no JSON object"),
        ('{"a":"1"\n}\n', "the object that line 1 begins goes on below it"),
        ("{" + '"a":[' * 100_000, "the object that line 1 begins goes on below it"),
        ('{"a":"1"},\n{"a":"2"},\n', "line 1 ends with a comma"),
        ('[\n{"a":"1"}\n]', "line 1 begins a list of objects"),
        ('[{"a":"1"}]', "line 1 is no JSON object"),
        ('{"":"1"}\n', "line 1 is no JSON object"),
        ("{}\n{}\n", "the list is empty"),
        ('{"a":"1","A":"2"}\n', "names column 2 like an earlier"),
        ("{" + ",".join(f'"c{n}":1' for n in range(201)) + "}", "more than 200"),
        ('{"a":"' + "x" * (MAX_CELL_CHARACTERS + 1) + '"}', "line 1, column 1 holds more than"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, message: str) -> None:
    """Every refusal names the line, says how to mend it, and quotes nothing."""
    with pytest.raises(ListError, match=message) as caught:
        read_table(text.encode())

    assert caught.value.next_step


def test_a_line_that_is_no_text_is_refused() -> None:
    """Bytes that are not the encoding are named by their line."""
    with pytest.raises(ListError, match="line 2 is not text in utf-8"):
        read_table(b'{"a":"1"}\n{"a":"\xff"}\n')


@given(st.binary(max_size=100))
def test_arbitrary_bytes_behind_a_brace_raise_only_list_errors(raw: bytes) -> None:
    """Whatever follows the first brace, the answer is a table or a ListError."""
    try:
        table = read_table(b'{"a' + raw)
    except ListError:
        return
    assert table.header


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8).filter(
    lambda text: bool(text.strip())
)


@given(st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=5))
def test_what_json_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    """Every table of texts comes back cell for cell."""
    raw = "\n".join(json.dumps({"one": one, "two": two}, ensure_ascii=False) for one, two in rows)

    assert rows == cells(raw)


def test_a_workbook_is_no_json_lines() -> None:
    """What a file is, its own first bytes say."""
    assert read_table(workbook([("a",), ("{}",)])).source.startswith("sheet")
