"""Official code lists: read whole, and every line that cannot be read is named."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.codelists import MAX_CHARACTERS, MAX_LINES, CodeList, CodeProblem, CodeRow, parse_code_list
from ledger.errors import MalformedError, TooLargeError

CODES = st.from_regex(r"[A-Z0-9]{1,5}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).map(str.strip).filter(bool)


def written(rows: list[tuple[str, str]], delimiter: str = ",") -> str:
    """Return rows as CSV under the header of the official lists."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([("code", "description"), *rows])
    return out.getvalue()


@given(rows=st.dictionaries(CODES, TEXTS, max_size=20), delimiter=st.sampled_from([",", ";", "\t"]))
def test_a_written_list_is_read_again(rows: dict[str, str], delimiter: str) -> None:
    """Codes and descriptions come back in their order, whatever the delimiter."""
    parsed = parse_code_list(written(list(rows.items()), delimiter))

    assert [(row.code, row.description) for row in parsed.rows] == list(rows.items())
    assert parsed.problems == ()


@given(text=st.text(max_size=200))
def test_any_text_is_a_list_or_our_error(text: str) -> None:
    """Arbitrary text raises only our error."""
    try:
        parsed = parse_code_list(text)
    except MalformedError:
        return
    assert isinstance(parsed, CodeList)


@given(text=st.text(max_size=200))
def test_any_text_below_a_header_gives_rows_or_problems(text: str) -> None:
    """A list with a right header is always read: what is wrong is told by line."""
    try:
        parsed = parse_code_list(f"code,description\n{text}")
    except MalformedError:
        return
    assert all(line > 1 for line in (*(row.line for row in parsed.rows), *(one.line for one in parsed.problems)))


def test_problems_name_line_and_cause() -> None:
    """A bad line is left out and told; the good lines around it go in."""
    text = "code,description\nAAA,First\nbb!,Second\nCCC,\nAAA,Again\nDDD\n\nEEE,Last\n"

    assert parse_code_list(text) == CodeList(
        rows=(CodeRow(line=2, code="AAA", description="First"), CodeRow(line=8, code="EEE", description="Last")),
        problems=(
            CodeProblem(line=3, cause="the code is not one to five letters A-Z and digits"),
            CodeProblem(line=4, cause="no description"),
            CodeProblem(line=5, cause="the code is given a second time (first on line 2)"),
            CodeProblem(line=6, cause="fewer columns than the first line"),
        ),
    )


def test_other_columns_and_a_byte_order_mark_do_not_matter() -> None:
    """Columns are found by name in any order; small letters of a code are made capitals."""
    parsed = parse_code_list("\ufeffyear;Description;CODE\n2004;Glock;glc\n")

    assert parsed.rows == (CodeRow(line=2, code="GLC", description="Glock"),)


def test_quotes_within_a_cell_stand_for_themselves() -> None:
    """The official list quotes within quotes without doubling them; it is read nevertheless."""
    parsed = parse_code_list('code,description\nBFD,"Baford Arms; mfr. "Thunder", a derringer"\nBFF,Buffalo\n')

    assert [row.code for row in parsed.rows] == ["BFD", "BFF"]


@pytest.mark.parametrize("text", ["", "\n", "a,b\n1,2\n", "code\nA\n", "description\nA\n"])
def test_a_text_without_the_columns_is_refused(text: str) -> None:
    """A file that is no code list is refused as a whole, with what is missing."""
    with pytest.raises(MalformedError, match="column"):
        parse_code_list(text)


def test_attack_a_list_that_fills_the_memory() -> None:
    """Size and number of lines are bounded before anything is kept."""
    with pytest.raises(TooLargeError):
        parse_code_list("code,description\n" + "x" * MAX_CHARACTERS)
    with pytest.raises(TooLargeError):
        parse_code_list("code,description\n" + "\n" * MAX_LINES)


def test_attack_a_cell_beyond_the_reader() -> None:
    """A single huge cell raises our error and not the CSV reader's."""
    with pytest.raises(MalformedError, match="line"):
        parse_code_list('code,description\nAAA,"' + "x" * 200_000 + '"\n')
