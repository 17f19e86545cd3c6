"""Workbooks: what is shown goes in, what nobody saw is refused by its address, and a hostile one costs a refusal."""

import datetime as dt
import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.errors import ListError
from clients.lists import workbookchild, workbooks
from clients.lists.reading import read_table
from clients.lists.tables import Format, Table
from tests.support.workbooks import rewritten, saved, sheet_of, workbook

HEADER = ("serial", "make", "date")
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml"
PLAIN = workbook([HEADER, ("ABE 573528", "Taurus", "14.03.2021")])


def cells(raw: bytes) -> list[tuple[str, ...]]:
    """Return the rows of a workbook as texts."""
    return [row.cells for row in read_table(raw).rows]


def answered(raw: bytes, sheet: str | None = None) -> list[Any]:
    """Return what the child would say, said in this process: without its bounds, and a hundred times as fast."""
    out = io.StringIO()
    workbookchild.answer(io.BytesIO(raw), sheet, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def refusal(raw: bytes, sheet: str | None = None) -> tuple[str, str]:
    """Return why a workbook is refused, and where."""
    last = answered(raw, sheet)[-1]
    return last["refused"], last["at"]


def one_cell(value: object, code: str = "General") -> list[str]:
    """Return the row of a sheet whose only cell below the header has a value and a number format."""

    def touch(sheet: Any) -> None:
        sheet["A2"].number_format = code

    return list(answered(workbook([("serial",), (value,)], touch=touch))[1][1])


def test_a_workbook_is_read_like_a_list() -> None:
    """Header, rows and their line numbers come out as they stand on the sheet."""
    table = read_table(workbook([("Seizures of March",), (), HEADER, ("ABE 573528", "Taurus", "2021"), (), ("X1",)]))

    assert (table.header, table.header_line) == (HEADER, 3)
    assert [(row.line, row.cells) for row in table.rows] == [(4, ("ABE 573528", "Taurus", "2021")), (6, ("X1", "", ""))]
    assert table.source == "sheet 'List' of a workbook"


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (573, "00000", "00573"),
        ("00573", "@", "00573"),
        ("00573", "General", "00573"),
        (573528, "General", "573528"),
        (123456, "000-000", "123-456"),
        (12.5, "0.00", "12.50"),
        (1234567, "#,##0", "1234567"),
        (dt.datetime(2021, 3, 4), "dd/mm/yyyy", "2021-03-04"),  # noqa: DTZ001 - a spreadsheet knows no time zone
        (dt.datetime(2021, 3, 4), "mm-dd-yy", "2021-03-04"),  # noqa: DTZ001 - as above
        (dt.datetime(2021, 3, 4), "mmm yyyy", "2021-03"),  # noqa: DTZ001 - as above
        (dt.datetime(2021, 3, 4), "yyyy", "2021"),  # noqa: DTZ001 - as above
        (dt.time(15, 6), "h:mm", "15:06"),
        (True, "General", "TRUE"),
        (False, "General", "FALSE"),
        ("two\nlines", "General", "two\nlines"),
        ("was_x000D_\nwas", "General", "was\nwas"),
    ],
)
def test_a_cell_goes_in_as_it_is_shown(value: object, code: str, shown: str) -> None:
    """Leading zeros, decimals and dates are those of the cell's format, not those of the file."""
    assert one_cell(value, code) == [shown]


def test_strings_that_a_spreadsheet_shares_between_cells() -> None:
    """Texts stand in a part of their own in most programs' files, with runs of formats inside them."""
    strings = b'<sst xmlns="%b"><si><t>serial</t></si><si><r><t>ABE </t></r><r><t>573528</t></r></si></sst>' % MAIN
    sheet = b'<worksheet xmlns="%b"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row>' % MAIN
    sheet += b'<row r="2"><c r="A2" t="s"><v>1</v></c></row></sheetData></worksheet>'
    part = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%b.sharedStrings+xml"/></Types>' % TYPE

    def change(name: str, data: bytes) -> bytes:
        if name.endswith("sheet1.xml"):
            return sheet
        return data.replace(b"</Types>", part) if name == "[Content_Types].xml" else data

    raw = rewritten(PLAIN, change)
    out = io.BytesIO(raw)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", strings)

    assert cells(out.getvalue()) == [("ABE 573528",)]


def test_dates_of_the_other_calendar_of_spreadsheets() -> None:
    """A workbook that counts days from 1904, as old Macs did, gives the same dates."""
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(["date"])
    book.active.append([dt.date(2021, 3, 14)])

    assert answered(saved(book))[1] == [2, ["2021-03-14"], []]


@pytest.mark.parametrize(
    ("value", "code", "reason"),
    [
        ("=1+1", "General", "formula"),
        ('=HYPERLINK("http://x")', "General", "formula"),
        ("#N/A", "General", "error"),
        (1234567890123456, "General", "rounded"),
        (0.5, "# ?/?", "format"),
        (1500, "0.00E+00", "format"),
        (1500, "[>1000]0", "format"),
        (1500, "0" * 300, "format"),
        (dt.timedelta(hours=30), "[h]:mm", "format"),
        (-5, "yyyy-mm-dd", "date"),
        (10**9, "yyyy-mm-dd", "date"),
    ],
)
def test_a_cell_that_nobody_can_vouch_for_is_refused_by_its_address(value: object, code: str, reason: str) -> None:
    """A formula, an error, a rounded number, a format that is not read: the refusal names the cell, not what is in it."""

    def touch(sheet: Any) -> None:
        sheet["B3"].number_format = code

    raw = workbook([("serial", "make"), ("X1", "Taurus"), ("X2", value)], touch=touch)

    assert refusal(raw) == (reason, "B3")


def test_a_formula_is_refused_even_with_its_last_result_beside_it() -> None:
    """What a program computed last need not be what the officer saw."""
    raw = sheet_of(
        workbook([("serial",), (1234,)]), b'<c r="A2" t="n"><v>1234</v></c>', b'<c r="A2"><f>1+1</f><v>1234</v></c>'
    )

    with pytest.raises(ListError, match="the cell A2 is a formula") as caught:
        read_table(raw)
    assert "1234" not in str(caught.value)
    assert caught.value.next_step


def test_a_hidden_row_is_refused() -> None:
    """A filter that hides rows would otherwise send what the officer believed to be left out."""

    def touch(sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True

    assert refusal(workbook([HEADER, ("A1",), ("A2",)], touch=touch)) == ("hidden row", "A3")


def test_a_hidden_column_is_refused_where_it_holds_anything() -> None:
    """Hidden columns without content, which spreadsheets make by the thousand, are no matter."""

    def touch(sheet: Any) -> None:
        sheet.column_dimensions["B"].hidden = True

    assert refusal(workbook([("serial", "make"), ("A1", "Taurus")], touch=touch)) == ("hidden column", "B1")
    assert answered(workbook([("serial",), ("A1",)], touch=touch))[1] == [2, ["A1"], []]


def two_sheets(state: str) -> bytes:
    """Return a workbook whose second sheet is in some state."""
    book = openpyxl.Workbook()
    book.active.title = "March"
    book.active.append(["serial"])
    book.active.append(["M1"])
    other = book.create_sheet("April")
    other.append(["serial"])
    other.append(["A1"])
    other.sheet_state = state
    return saved(book)


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_refused_until_the_other_is_named(state: str) -> None:
    """Which sheet was meant, nobody can say; named, the visible one is read and the hidden one never."""
    raw = two_sheets(state)

    with pytest.raises(ListError, match="the sheet 'April' is hidden"):
        read_table(raw)
    with pytest.raises(ListError, match="the sheet 'April' is hidden"):
        read_table(raw, form=Format(sheet="April"))
    assert [row.cells for row in read_table(raw, form=Format(sheet="March")).rows] == [("M1",)]


def test_the_first_sheet_is_read_or_the_one_named() -> None:
    """Two visible sheets: the first without a word, each by its name, none by another."""
    raw = two_sheets("visible")

    assert cells(raw) == [("M1",)]
    assert [row.cells for row in read_table(raw, form=Format(sheet="April")).rows] == [("A1",)]
    with pytest.raises(ListError, match="no sheet 'May'"):
        read_table(raw, form=Format(sheet="May"))


def test_a_sheet_is_named_of_workbooks_alone() -> None:
    """A sheet of a CSV file is a mistake, not an option without effect."""
    with pytest.raises(ListError, match="no workbook"):
        read_table(b"serial\nX1\n", form=Format(sheet="March"))


def test_an_old_or_locked_workbook_is_told_what_to_do() -> None:
    """The old binary format, which is also how a password-protected workbook begins."""
    with pytest.raises(ListError, match="old kind"):
        read_table(b"\xd0\xcf\x11\xe0rest")


def merged(rows: Sequence[Sequence[object]], *ranges: str) -> Table:
    """Return the table of a sheet with merged cells."""

    def touch(sheet: Any) -> None:
        for one in ranges:
            sheet.merge_cells(one)

    return read_table(workbook(rows, touch=touch))


def test_a_header_of_two_lines_has_one_name_a_column() -> None:
    """Names that reach over both lines, a heading over two columns, names below it."""
    table = merged(
        [
            ("Seizures",),
            ("serial", "weapon", None, "date"),
            (None, "make", "model", None),
            ("X1", "Colt", "M4", "2021"),
        ],
        *("A1:D1", "A2:A3", "B2:C2", "D2:D3"),
    )

    assert (table.header, table.header_line) == (("serial", "make", "model", "date"), 3)
    assert [row.cells for row in table.rows] == [("X1", "Colt", "M4", "2021")]


def test_names_that_are_alike_are_told_apart_by_their_headings() -> None:
    """A sale and a seizure, each with a date and a place."""
    table = merged(
        [
            ("sale", None, "seizure", None, "serial"),
            ("date", "place", "date", "place", None),
            ("1", "2", "3", "4", "5"),
        ],
        *("A1:B1", "C1:D1", "E1:E2"),
    )

    assert table.header == ("sale date", "sale place", "seizure date", "seizure place", "serial")


def test_a_name_over_two_columns_counts_them() -> None:
    """Serials in two columns under one merged name."""
    table = merged([("make", "serial", None), ("Colt", "X1", "X2")], "B1:C1")

    assert table.header == ("make", "serial", "serial 2")
    assert table.rows[0].cells == ("Colt", "X1", "X2")


@pytest.mark.parametrize("where", ["B2:B3", "A3:B3"])
def test_cells_merged_below_the_header_are_refused(where: str) -> None:
    """Whether one make over two rows is meant for both, only the officer knows."""
    with pytest.raises(ListError, match=f"the cells {where} are merged"):
        merged([("serial", "make"), ("X1", "Colt"), ("X2", None), ("X3", "Colt")], where)


def test_a_header_merged_into_the_first_row_is_refused_by_the_map() -> None:
    """The header is then where the merge ends, and lacks the names that the map reads."""
    found = merged([("serial", "make"), ("X1", None), ("X2", "Colt")], "B1:B2")

    assert found.header == ("X1", "make")


def test_merged_cells_beside_the_list_are_no_matter() -> None:
    """A signature block far to the right or below is not part of the rows."""
    table = merged([("serial", "make"), ("X1", "Colt")], "F2:G3", "A9:B10")

    assert len(table.rows) == 1


def test_an_empty_sheet_is_said_to_be_empty() -> None:
    """A workbook without a cell is no list."""
    with pytest.raises(ListError, match="the list is empty"):
        read_table(workbook([]))


def test_columns_beyond_the_limit_are_refused() -> None:
    """The 201st column of a sheet holds something."""
    assert refusal(workbook([("x",) * 201])) == ("columns", "GS1")


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    """A sheet that unpacks to a thousand times its size is no list."""
    raw = rewritten(PLAIN, lambda name, data: data + b" " * 3_000_000 if name.endswith("sheet1.xml") else data)

    with pytest.raises(ListError, match="packed tighter than any list"):
        read_table(raw)


def test_a_workbook_of_too_many_parts_is_refused() -> None:
    """A thousand and more members."""
    out = io.BytesIO(PLAIN)
    with zipfile.ZipFile(out, "a") as archive:
        for number in range(1_000):
            archive.writestr(f"xl/extra/{number}", b"")

    assert refusal(out.getvalue()) == ("members", "")


def test_two_members_of_one_name_are_refused() -> None:
    """What one reader takes the first of, another takes the last of."""
    out = io.BytesIO(PLAIN)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<x/>")

    assert refusal(out.getvalue()) == ("members", "")


def test_a_sheet_that_takes_too_much_memory_is_refused() -> None:
    """A row of half a million cells, packed within bounds, ends at the child's own limit and nowhere else."""
    wide = b"".join(b"<c><v>%d</v></c>" % (number * 0x9E3779B1 % 10**9) for number in range(500_000))
    raw = sheet_of(PLAIN, b"<sheetData>", b'<sheetData><row r="1">' + wide + b"</row>")

    with pytest.raises(ListError, match="more memory or time"):
        read_table(raw)


def test_entities_that_multiply_are_refused() -> None:
    """A billion laughs in the sheet's own XML end in a refusal."""
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n + 1, b"&l%d;" % n * 10) for n in range(9))
    doctype = b'<!DOCTYPE worksheet [<!ENTITY l0 "ha">' + laughs + b"]>"
    raw = rewritten(
        PLAIN,
        lambda name, data: (
            doctype + data.replace(b"<sheetData>", b"<sheetData><row>&l9;</row>")
            if name.endswith("sheet1.xml")
            else data
        ),
    )

    with pytest.raises(ListError):
        read_table(raw)


def test_rows_out_of_order_are_refused() -> None:
    """A row told twice, which one program would take the first of and another the last."""
    raw = sheet_of(workbook([("serial",), ("X1",), ("X2",)]), b'<row r="3">', b'<row r="2">')

    assert refusal(raw) == ("damaged", "")


@pytest.mark.parametrize("cut", [30, 200, 1_000, -30, -1])
def test_a_damaged_workbook_is_refused(cut: int) -> None:
    """Cut anywhere, it is said to be damaged."""
    with pytest.raises(ListError, match="damaged"):
        read_table(PLAIN[:cut])


@settings(max_examples=60)
@given(at=st.integers(0, len(PLAIN) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_gives_a_table_or_a_refusal(at: int, bit: int) -> None:
    """Whatever a bit does to a workbook, the child answers in its own words."""
    raw = bytearray(PLAIN)
    raw[at] ^= 1 << bit
    last = answered(bytes(raw))[-1]

    assert "merged" in last or last["refused"] in workbooks.REASONS


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_behind_the_mark_of_a_zip_are_refused(raw: bytes) -> None:
    """Bytes that begin like a workbook and are none."""
    assert refusal(workbooks.WORKBOOK + raw)[0] in workbooks.REASONS


def test_every_reason_of_the_child_has_its_words() -> None:
    """The parent shows its own words, each with a fix; a reason it does not know is a damaged file."""
    assert all(cause and fix for cause, fix in workbooks.REASONS.values())
    assert str(workbooks._refusal({"refused": "canary", "at": "canary"})) == workbooks.REASONS["damaged"][0]


# Numbers of no row of a sheet, and of no column of the row.
_TAKEN_OVER = (
    [0, ["x"], []],
    [2**80, ["x"], [1]],
    [1, ["x"], [2]],
    [1, ["x"], [0]],
    [1, ["x"], [[1]]],
    [1, ["x"], ["1"]],
)


@pytest.mark.parametrize("line", [[1], ["1", ["x"]], [1, [2]], "x", 7, None, [1, "x"], *_TAKEN_OVER])
def test_a_child_that_was_taken_over_says_nothing_new(line: object) -> None:
    """A row of another shape than rows have is refused: the parser is believed no more than the file."""
    with pytest.raises(ListError, match="damaged"):
        workbooks._row(line)


@pytest.mark.parametrize("said", [b"[1, [", b"[1]" * 3_000_000, b"no newline"])
def test_an_answer_that_is_none_is_refused(said: bytes) -> None:
    """Half a line, an endless line, a line without its end."""
    with pytest.raises(ListError):
        list(workbooks._lines(io.BytesIO(said)))


@pytest.mark.parametrize("values", [[1, 2, 3], ["a", 1, 2, 3], None])
def test_a_merged_range_has_four_numbers(values: object) -> None:
    """Anything else is no range."""
    with pytest.raises(ListError, match="damaged"):
        workbooks._integers(values)


def test_the_same_list_means_the_same_in_every_file() -> None:
    """CSV, JSON Lines and a workbook of one list give the same header and rows."""
    raw = workbook([HEADER, ("00573", "Taurus", dt.date(2021, 3, 14))])
    lines = b'{"serial":"00573","make":"Taurus","date":"2021-03-14"}\n'
    found = {
        (table.header, tuple(row.cells for row in table.rows))
        for table in map(read_table, (raw, lines, b"serial,make,date\n00573,Taurus,2021-03-14\n"))
    }

    assert found == {(HEADER, (("00573", "Taurus", "2021-03-14"),))}
