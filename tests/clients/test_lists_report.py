"""A report says line, column, cause and fix; rejected rows come back mended and lose nothing on the way."""

from clients.lists.reading import read_table
from clients.lists.report import Problem, Weight, is_refused, rejected_csv

TABLE = read_table(b"serial;date\n=1+1;soon\n-7;2021\n")


def problem(line: int, *, weight: Weight = Weight.ERROR, column: str = "date") -> Problem:
    """Return a problem on `line`."""
    return Problem(line=line, column=column, cause="no date is spelled so", fix="write YYYY-MM-DD", weight=weight)


def test_only_errors_refuse_a_row() -> None:
    """A warning is shown and the row still goes in."""
    assert not is_refused([problem(2, weight=Weight.WARNING)])
    assert is_refused([problem(2, weight=Weight.WARNING), problem(2)])


def test_problem_as_json() -> None:
    """Machines get the five things a person gets."""
    expected = {
        "line": 2,
        "column": "date",
        "cause": "no date is spelled so",
        "fix": "write YYYY-MM-DD",
        "weight": "error",
    }

    assert expected == problem(2).to_json()


def test_rejected_rows_cannot_run_as_formulas_and_read_back_as_they_were() -> None:
    """A spreadsheet that opens the rejected list runs nothing, and the mended list has its cells unchanged."""
    text = rejected_csv(TABLE, TABLE.rows, [problem(2), problem(2, weight=Weight.WARNING), problem(3, column="")])

    assert "'=1+1" in text
    again = read_table(text.encode())
    assert again.header == ("serial", "date", "sealtrace cause", "sealtrace fix")
    assert again.rows[0].cells == ("=1+1", "soon", "date: no date is spelled so", "write YYYY-MM-DD")
    assert again.rows[1].cells == ("-7", "2021", "no date is spelled so", "write YYYY-MM-DD")
