"""Lists are read whatever program wrote them, and what cannot be read is said by line and fix."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.errors import ListError
from clients.lists import csvtext, tables
from clients.lists.reading import read_table
from clients.lists.tables import Format

PLAIN = "serial,make\nABE 573528,TAURUS\nX1,GLOCK\n"


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (PLAIN.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + PLAIN.encode(), "utf-8"),
        (b"\xff\xfe" + PLAIN.encode("utf-16-le"), "utf-16-le"),
        (b"\xfe\xff" + PLAIN.encode("utf-16-be"), "utf-16-be"),
        (PLAIN.encode("utf-16-le"), "utf-16-le"),
        (PLAIN.encode("utf-16-be"), "utf-16-be"),
        (PLAIN.replace("TAURUS", "Pistolet à").encode("cp1252"), "cp1252"),
    ],
)
def test_encoding_is_found(raw: bytes, encoding: str) -> None:
    """The same list is read from every encoding that spreadsheets write."""
    table = read_table(raw)

    assert encoding == table.encoding
    assert table.header == ("serial", "make")
    assert table.rows[0].cells[0] == "ABE 573528"


def test_named_encoding_is_used() -> None:
    """A map that names the encoding is believed: Cyrillic Windows text cannot be guessed."""
    raw = "номер,марка\n123,ПМ\n".encode("cp1251")

    assert read_table(raw, form=Format(encoding="cp1251")).header == ("номер", "марка")


def test_named_encoding_that_does_not_fit_is_refused() -> None:
    """A wrong encoding is said with the line, never read as rubbish."""
    with pytest.raises(ListError, match="line 2 is not text in utf-8"):
        read_table("a,b\né,1\n".encode("cp1252"), form=Format(encoding="utf-8"))


@pytest.mark.parametrize("delimiter", csvtext.DELIMITERS)
def test_delimiter_is_found(delimiter: str) -> None:
    """Commas, semicolons, tabs and bars are told apart."""
    table = read_table(PLAIN.replace(",", delimiter).encode())

    assert delimiter == table.delimiter
    assert table.rows[1].cells == ("X1", "GLOCK")


def test_decimal_commas_do_not_pass_for_delimiters() -> None:
    """A semicolon list with decimal commas in some cells stays a semicolon list."""
    raw = b"serial;price;make\nA1;10,50;X\nA2;7;Y\nA3;8,25;Z\n"

    assert read_table(raw).delimiter == ";"


def test_header_below_a_title_is_found() -> None:
    """A title line and blank lines above the header are passed over, and line numbers stay those of the file."""
    raw = b"Seizures of March\n\n\nserial,make,date\nA1,TAURUS,2021-03-14\n"

    table = read_table(raw)

    assert table.header_line == 4
    assert table.rows[0].line == 5


def test_header_is_found_by_the_columns_a_map_names() -> None:
    """Known column names win over a wider line above them."""
    raw = b"police,of,the,coast\nserial,make,,\nA1,TAURUS,,\n"

    assert read_table(raw, columns=["serial", "make"]).header_line == 2


def test_header_line_of_the_map_is_used() -> None:
    """A map may say where the header stands."""
    raw = b"a,b\nserial,make\nA1,TAURUS\n"

    assert read_table(raw, form=Format(header_line=2)).header == ("serial", "make")


def test_header_line_that_is_not_there_is_refused() -> None:
    """A header_line beyond the list is an error with its fix."""
    with pytest.raises(ListError, match="no header on line 9"):
        read_table(PLAIN.encode(), form=Format(header_line=9))


def test_line_breaks_inside_quotes_keep_line_numbers() -> None:
    """A row after a cell of three lines is reported by the line it really begins on."""
    table = read_table(b'serial,note\nA1,"one\ntwo\nthree"\nA2,x\n')

    assert [row.line for row in table.rows] == [2, 5]
    assert table.rows[0].cells[1] == "one\ntwo\nthree"


def test_blank_rows_are_skipped() -> None:
    """Lines without content, or with delimiters alone, are no rows."""
    assert len(read_table(b"serial,make\n,\n\nA1,TAURUS\n , \n").rows) == 1


def test_short_rows_are_filled_and_long_ones_keep_their_surplus() -> None:
    """Missing cells read as empty; a filled cell beyond the header is kept for the report to name."""
    table = read_table(b"a,b\n1\n1,2,\n1,2,3\n")

    assert [row.cells for row in table.rows] == [("1", ""), ("1", "2"), ("1", "2", "3")]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "empty"),
        (b" \n ,\n", "empty"),
        (b"PK\x03\x04rest", "workbook"),
        (b"\xd0\xcf\x11\xe0rest", "workbook"),
        (b'a,b\n"open,1\n', "quotation marks"),
        (b"a,b\n1,\x81\n", "not text in cp1252"),
        (b"a,,c\n1,2,3\n", "no name for column 2"),
        (b"a,A\n1,2\n", "names column 2 like an earlier"),
        (b",".join([b"x"] * 201) + b"\n", "more than 200 columns"),
        (b"a,b\n1," + b"y" * 8193 + b"\n", "line 2, column 2 holds more than"),
        (b"a,b\n1," + b"y" * 200_000 + b"\n", "line 2"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_cause(raw: bytes, message: str) -> None:
    """Every refusal names the line and the cause and offers a fix."""
    with pytest.raises(ListError, match=message) as caught:
        read_table(raw)

    assert caught.value.next_step


def test_too_many_bytes_or_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list beyond the limits is refused before it fills the memory."""
    with pytest.raises(ListError, match="rows"):
        read_table(b"a\n" + b"1\n" * (tables.MAX_ROWS + 30))
    monkeypatch.setattr(tables, "MAX_LIST_BYTES", 10)  # 64 MiB of test data would slow every run
    with pytest.raises(ListError, match="larger"):
        read_table(b"a\n" + b"1\n" * 10)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_only_list_errors(raw: bytes) -> None:
    """Whatever bytes arrive, the answer is a table or a ListError."""
    try:
        table = read_table(raw)
    except ListError:
        return
    assert table.header


_CELL = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(
    lambda cell: cell.strip() == cell and not cell.startswith("'")
)


@given(st.lists(st.tuples(_CELL, _CELL, _CELL), min_size=1, max_size=5), st.sampled_from(csvtext.DELIMITERS))
def test_what_csv_writes_is_read_back(rows: list[tuple[str, str, str]], delimiter: str) -> None:
    """Every table that Python's csv writes comes back cell for cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("one", "two", "three"), *rows])

    table = read_table(out.getvalue().encode(), form=Format(delimiter=delimiter, encoding="utf-8", header_line=1))

    assert rows == [row.cells for row in table.rows]
