"""What is wrong with a list, by line, column, cause and fix; and the rows to send again once mended.

A cause never quotes the cell: a report is mailed about, and the cell may name a person or a source.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from clients.lists.formulas import guard
from clients.lists.tables import CAUSE, COPY, FIX, Row, Table


class Weight(Enum):
    """Whether a row with this problem can be submitted."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing a person should look at; `column` is empty when it concerns the whole row.

    `same_as` is the line of an earlier row that says the same, 0 where none does.
    """

    line: int
    column: str
    cause: str
    fix: str
    weight: Weight = Weight.ERROR
    same_as: int = 0

    def to_json(self) -> dict[str, int | str]:
        """Return the problem as `--json` prints it."""
        found: dict[str, int | str] = {
            "line": self.line,
            "column": self.column,
            "cause": self.cause,
            "fix": self.fix,
            "weight": self.weight.value,
        }
        return found | ({"same_as": self.same_as} if self.same_as else {})


def is_refused(problems: Iterable[Problem]) -> bool:
    """Say whether any of `problems` keeps a row from being submitted."""
    return any(problem.weight is Weight.ERROR for problem in problems)


def rejected_csv(table: Table, rows: Sequence[Row], problems: Sequence[Problem]) -> str:
    """Return a CSV of `rows` as they came, with two more columns that say why, safe to open in a spreadsheet."""
    errors: dict[int, list[Problem]] = {}
    for problem in problems:
        if problem.weight is Weight.ERROR:
            errors.setdefault(problem.line, []).append(problem)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=table.delimiter, lineterminator="\r\n")
    writer.writerow([guard(name) for name in (*table.header, CAUSE, FIX)])
    for row in rows:
        mine = errors.get(row.line, [])
        cells = row.cells[: len(table.header)]
        causes = "; ".join(f"{problem.column}: {problem.cause}".removeprefix(": ") for problem in mine)
        fixes = "; ".join(dict.fromkeys(problem.fix for problem in mine))
        writer.writerow([guard(cell) for cell in (*cells, causes, fixes)])
    return out.getvalue()


def marked_csv(raw: bytes, words: str, *, delimiter: str) -> bytes:
    """Return a rejected list with one more column that says the same in every row: whose copy it is."""
    head, *rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([*head, COPY])
    writer.writerows([*row, guard(words)] for row in rows)
    return out.getvalue().encode("utf-8-sig")
