"""What a workbook holds beside the rows that are read: said, so that nobody takes half of it for the whole."""

from collections.abc import Iterator

from clients.lists.report import Problem, Weight
from clients.lists.tables import OTHER_SHEET, Table


def left_unread(table: Table) -> Iterator[Problem]:
    """Yield a warning for each sheet, and for comments, that a person may have meant to be in the list."""
    for sheet in table.unread:
        yield Problem(
            line=table.header_line,
            column="",
            cause=f"the sheet {sheet!r} holds something too, and is not read here",
            fix=OTHER_SHEET,
            weight=Weight.WARNING,
        )
    if table.comments:
        yield Problem(
            line=table.header_line,
            column="",
            cause="the workbook has comments on cells, and they are not read",
            fix="write what they say into a column, if it belongs into the records",
            weight=Weight.WARNING,
        )
