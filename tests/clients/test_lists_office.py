"""Lists as offices send them: nothing is changed or lost in silence, and what is gone is named, with line and remedy."""

import datetime as dt
import json
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font

from clients.errors import ListError
from clients.importing import Prepared, prepare, prepare_table
from clients.intake.reading import pack, unpack
from clients.lists.maps import parse_map
from clients.lists.proposing import propose_map
from clients.lists.reading import read_table
from clients.lists.report import Weight
from clients.lists.tables import Format
from clients.lists.totals import is_total
from tests.clients.test_importing import MEANS
from tests.support.workbooks import rewritten, saved, sheet_of, workbook

HEADER = ("Serial number", "Make", "Date of seizure")
ROW = ("ABE 573528", "Taurus", "2026-03-14")


def proposed(raw: bytes) -> Prepared:
    """Return a list as planned by the map that is proposed for it."""
    return prepare(raw, parse_map(propose_map(read_table(raw))), MEANS)


def said(raw: bytes) -> list[tuple[int, str, str]]:
    """Return what is said of a list: line, column and cause."""
    return [(one.line, one.column, one.cause) for one in proposed(raw).problems]


def csv(*rows: tuple[str, ...], encoding: str = "utf-8") -> bytes:
    """Return rows as a CSV."""
    return "\n".join(";".join(row) for row in rows).encode(encoding)


def refusal(raw: bytes, sheet: str | None = None) -> tuple[str, str]:
    """Return why a file is refused, and what to do."""
    with pytest.raises(ListError) as caught:
        read_table(raw, form=Format(sheet=sheet))
    return str(caught.value), caught.value.next_step


def sheets(**rows: tuple[tuple[object, ...], ...]) -> bytes:
    """Return a workbook of sheets."""
    book = Workbook()
    book.remove(book.active)
    for title, lines in rows.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    return saved(book)


def test_an_empty_sheet_in_front_is_passed_over() -> None:
    """Spreadsheet programs make one; the list is on the second."""
    table = read_table(sheets(Sheet1=(), List=(HEADER, ROW)))

    assert (table.source, table.rows[0].cells, table.unread) == ("sheet 'List' of a workbook", ROW, ())


def test_a_second_sheet_that_holds_something_is_said() -> None:
    """By its name; whoever names the sheet to read has chosen, and is told nothing."""
    raw = sheets(March=(HEADER, ROW), April=(HEADER, ROW), Empty=())

    assert said(raw) == [(1, "", "the sheet 'April' holds something too, and is not read here")]
    assert read_table(raw, form=Format(sheet="March")).unread == ()


def test_a_cover_sheet_is_told_from_a_list() -> None:
    """A sheet with nothing below its first line is no list; which other is, the person says."""
    table = read_table(sheets(Cover=(("Fill in the next sheet",),), List=(HEADER, ROW)))
    with pytest.raises(ListError, match="no row below the header on line 1") as caught:
        prepare_table(table, parse_map('[[record]]\nevent="recovery"\nfields."item.kind" = {value="small_arm"}'), MEANS)

    assert caught.value.next_step == "name the sheet to read with --sheet"


def test_a_header_alone_is_no_list() -> None:
    """Of a CSV, too, where no sheet can be named."""
    with pytest.raises(ListError, match="no row below the header on line 1") as caught:
        proposed(csv(HEADER))

    assert caught.value.next_step == "check that the right file was given"


def test_comments_on_cells_are_said_not_to_be_read() -> None:
    """What an officer noted there would be missing without a word."""

    def touch(sheet: Any) -> None:
        sheet["A2"].comment = Comment("it is 573529", "an officer")

    assert said(workbook([HEADER, ROW], touch=touch)) == [
        (1, "", "the workbook has comments on cells, and they are not read")
    ]


def test_a_cell_that_is_struck_through_is_refused() -> None:
    """On paper it is deleted: nobody could say afterwards whether the row was meant."""

    def touch(sheet: Any) -> None:
        sheet["A3"].font = Font(strike=True)
        sheet["A4"].font = Font(strike=True)

    assert refusal(workbook([HEADER, ROW, ROW, (None, "Colt")], touch=touch))[0] == "the cell A3 is struck through"


def test_what_was_left_is_kept_between_upload_and_check() -> None:
    """The desk checks what it kept, and says the same; what an earlier version kept says nothing of it."""

    def touch(sheet: Any) -> None:
        sheet["A2"].comment = Comment("x", "y")
        sheet.parent.create_sheet("April").append(("x",))

    table = read_table(workbook([HEADER, (573528, "Taurus", "2026")], touch=touch))
    assert unpack(pack(table)) == table
    assert (table.unread, table.comments, table.numbers) == (("April",), True, {"Serial number": (1, 2)})


def test_a_list_kept_by_an_earlier_version_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lies in the desk's database when the desk is started anew with this one."""
    table = read_table(csv(HEADER, ROW))
    dumps = json.dumps
    # The one way to write what the earlier version wrote: without the last of what it says about the list.
    monkeypatch.setattr("clients.intake.reading.json.dumps", lambda kept, **how: dumps([kept[0][:-1], kept[1]], **how))

    assert unpack(pack(table)) == table


def test_columns_left_empty_between_others_are_none() -> None:
    """Without a name and without a cell; in front, too."""
    raw = workbook([(None, "Serial number", None, "Make"), (), (None, "X 1234", None, "Colt")])
    table = read_table(raw)

    assert (table.header, [row.cells for row in table.rows]) == (("Serial number", "Make"), [("X 1234", "Colt")])
    assert read_table(b";serial;;make\n;X 1234;;Colt;spare\n").rows[0].cells == ("X 1234", "Colt", "spare")


def test_a_column_without_a_name_that_holds_something_is_refused() -> None:
    """With the line where it does; behind the last name a cell is one too many, as ever."""
    cause, _ = refusal(b"serial;;make\nA 1;;Colt\nA 2;x;Colt\n")

    assert cause == "the header on line 1 has no name for column 2, and line 3 fills it"


def test_numbers_in_a_column_of_serials_are_named_once() -> None:
    """A zero in front was dropped as it was typed, and nothing shows it: said with the first line and how many."""
    rows = [
        HEADER,
        ("00573", "Colt", "2026"),
        (573528, "Colt", "2026"),
        (573529, "Colt", "2026"),
        ("A 1", "Colt", 2026),
    ]
    cause = "from here on 2 of these cells are numbers: a spreadsheet drops zeros in front of those"

    assert said(workbook(rows)) == [(3, "Serial number", cause)]


def test_numbers_whose_format_shows_zeros_are_not_named() -> None:
    """573 under 00000 is 00573: what was meant is there."""

    def touch(sheet: Any) -> None:
        sheet["A2"].number_format = "00000"

    assert said(workbook([HEADER, (573, "Colt", "2026")], touch=touch)) == []


@pytest.mark.parametrize("serial", ["1.2345E+11", "1,23E+11", "1E+11"])
def test_a_number_that_became_a_power_of_ten_is_named(serial: str) -> None:
    """It goes in as it is written, as a partial number; the digits that are gone are not guessed."""
    found = proposed(csv(HEADER, (serial, "Colt", "2026")))
    (problem,) = found.problems

    assert (problem.line, problem.column, problem.weight) == (2, "Serial number", Weight.WARNING)
    assert "its last digits are lost" in problem.cause
    assert serial not in problem.cause + problem.fix
    assert found.rows[0].drafts[0].fields["item.condition"] == "partial"


@pytest.mark.parametrize("serial", ["3-Apr", "Apr-03", "2026-04-03", "2026-04-03 00:00:00"])
def test_a_number_that_became_a_date_is_named(serial: str) -> None:
    """It may be a number all the same: it goes in, and the person is told."""
    assert "looks like a date" in said(csv(HEADER, (serial, "Colt", "2026")))[0][2]


@pytest.mark.parametrize("serial", ["573528", "12E34", "52E029294", "A-3-4", "1911", "MAR-1234", "2026-0403"])
def test_an_honest_number_is_not_named(serial: str) -> None:
    """Some real makers number with an E between digits."""
    assert said(csv(HEADER, (serial, "Colt", "2026"))) == []


def test_a_date_that_shows_no_year_is_refused_in_a_workbook() -> None:
    """A spreadsheet makes one of 3-4: what was typed is not in the file any more."""

    def touch(sheet: Any) -> None:
        sheet["A2"].number_format = "d-mmm"

    cause, fix = refusal(workbook([HEADER, (dt.datetime(2026, 4, 3), "Colt", "2026")], touch=touch))  # noqa: DTZ001 - a sheet knows no zone
    assert cause == "the cell A2 is a date that shows no year, which a spreadsheet makes of a number like 3-4"
    assert fix.startswith("format the column as text")


@pytest.mark.parametrize(
    "row", [("Total", "", ""), ("TOTAL: 2", "", "12"), ("", "Итого:", "3"), ("", "المجموع", "٣"), ("Somme", "", "=3")]
)
def test_a_row_of_totals_is_refused(row: tuple[str, ...]) -> None:
    """It would be logged for ever as a weapon of the number Total; the rows above it can go in."""
    found = proposed(csv(HEADER, ROW, row))

    assert [(one.line, one.cause, one.fix) for one in found.problems] == [
        (3, "a row that sums up the list, and no weapon", "delete the row")
    ]
    assert len(found.rows) == 1


@pytest.mark.parametrize("row", [("Total", "Colt", "2026"), ("1234", "12", ""), ("Suma 12", "Norinco", ""), ("", "")])
def test_a_weapon_is_no_row_of_totals(row: tuple[str, ...]) -> None:
    """One word more than the sum, or none of a sum at all."""
    assert not is_total(row)


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        (("Серийный номер", "Марка", "Дата изъятия"), "cp1251"),
        (("رقم السلاح", "الصانع", "التاريخ"), "cp1256"),
        (("N° de série", "Désignation", "Numéro de dossier"), "cp1252"),
        (("Größe", "Länge", "Stück"), "cp1252"),
    ],
)
def test_the_encoding_is_told_by_the_names_of_the_columns(header: tuple[str, ...], encoding: str) -> None:
    """Every one-byte text reads in all of them, and in all but one as nonsense; nothing known is Windows-1252 as ever."""
    table = read_table(csv(header, ("1", "2", "3"), encoding=encoding))

    assert (table.header, table.encoding) == (header, encoding)


def test_a_list_of_which_no_column_is_known_says_where_to_look() -> None:
    """A list without a header, or in an encoding that nobody can tell."""
    assert "# No column is recognised: if line 1 is not the header" in propose_map(read_table(csv(ROW, ROW)))
    assert "recognised: if" not in propose_map(read_table(csv(HEADER, ROW)))


@pytest.mark.parametrize(
    ("raw", "what", "step"),
    [
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "the workbook has a password", "without one"),
        (b"\xd0\xcf\x11\xe0rest", "one of the old kind (.xls)", ".xlsx"),
        (b"\xef\xbb\xbf <HTML><table>", "a page (HTML or XML)", "spreadsheet program"),
        (b'<?xml version="1.0"?><Workbook/>', "a page (HTML or XML)", "spreadsheet program"),
        (b"%PDF-1.7\n", "a PDF", "ask whoever sent it"),
        (b"{\\rtf1 Serial", "a text with layout (RTF)", "ask whoever sent it"),
        (b"\x89PNG\r\n", "a picture", "ask whoever sent it"),
        (b"\x1f\x8b\x08", "a packed archive", "unpack it"),
    ],
)
def test_a_file_of_another_kind_is_called_by_it(raw: bytes, what: str, step: str) -> None:
    """Whatever its name says; with what to do next."""
    cause, fix = refusal(raw)

    assert (what in cause, step in fix) == (True, True)


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"mimetype": b"x", "content.xml": b"x"}, "an OpenDocument one (.ods)"),
        ({"xl/workbook.bin": b"x"}, "a binary one (.xlsb)"),
        ({"word/document.xml": b"x"}, "no workbook is in it"),
    ],
)
def test_a_renamed_workbook_of_another_program_is_called_by_its_kind(parts: dict[str, bytes], what: str) -> None:
    """An .ods does not become an .xlsx by its name."""
    import io  # noqa: PLC0415 - this test alone writes a ZIP
    import zipfile  # noqa: PLC0415 - as above

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)

    assert what in refusal(out.getvalue())[0]


def test_json_lines_in_utf_16_are_json_lines() -> None:
    """As a spreadsheet's "Unicode text" would have them."""
    assert read_table('{"a":"1"}\n'.encode("utf-16")).header == ("a",)


@pytest.mark.parametrize("rows", [5_000])
def test_formatted_rows_without_a_cell_are_none(rows: int) -> None:
    """A format that reaches to the end of the sheet is not a list of a million rows."""
    empty = "".join(f'<row r="{at}" ht="15"><c r="A{at}" s="0"/></row>' for at in range(3, rows)).encode()
    raw = sheet_of(workbook([HEADER, ROW]), b"</sheetData>", empty + b"</sheetData>")

    assert [row.line for row in read_table(raw).rows] == [2]


def test_cells_that_do_not_say_their_place_keep_it() -> None:
    """An empty one counts, where the others stand by the order alone."""

    def placeless(name: str, data: bytes) -> bytes:
        return data.replace(b'r="A2" ', b"").replace(b'r="B2" ', b"") if name.endswith("sheet1.xml") else data

    raw = rewritten(workbook([HEADER, ("x", "Taurus")]), placeless)

    assert read_table(raw).rows[0].cells == ("x", "Taurus", "")
